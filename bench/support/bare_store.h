/* A table of one blob column behind the server's own writer: what a request costs that does nothing
 * but store a row, in the same group commits.
 */
#ifndef BENCH_SUPPORT_BARE_STORE_H
#define BENCH_SUPPORT_BARE_STORE_H

#include "db/writer.h"

#include <stddef.h>

struct bare_store;

/* In a folder of its own; every row has row_bytes. Ends the program with a message on an error, as
 * does a row that is not stored. */
struct bare_store *bare_store_open(size_t row_bytes);
/* `done` is called on the writer's thread once the row is on disk. */
void bare_store_put(struct bare_store *s, void (*done)(void *context), void *context);
void bare_store_close(struct bare_store *s); /* NULL is fine */

#endif
