/* orders/paper/paper_store.h on bracketd.db: the paper broker's events go through the writer thread
 * and share its commits; reads on read-only connections.
 *
 * Its items stand in the writer's one queue. So whatever anybody stores because of something that
 * the paper broker told is never on disk without it.
 */
#ifndef DB_PAPER_STORE_H
#define DB_PAPER_STORE_H

#include "db/readers.h"
#include "db/writer.h"
#include "orders/paper/paper_store.h"

/* The writer and the readers are borrowed until paper_store_free. */
enum err paper_store_create(struct writer *writer, struct readers *readers,
                            struct paper_store **ret, struct error *e);
/* Every `done` must have been called. NULL is fine. */
void paper_store_free(struct paper_store *store);

#endif
