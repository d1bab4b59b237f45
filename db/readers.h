/* A pool of read-only connections to one database.
 *
 * A connection is leased for one piece of work and given back; connections are opened when first
 * needed and kept, so a lease costs one lock. Each statement sees what was committed when it
 * started; use db_read_begin for one snapshot over several.
 */
#ifndef DB_READERS_H
#define DB_READERS_H

#include "db/sqlite.h"

struct readers;

/* `options.mode` is ignored (always read-only); at most `max` connections (1..LIMIT_READERS). */
enum err readers_create(const char *path, const struct db_options *options, int32_t max,
                        struct readers **ret, struct error *e);
void readers_free(struct readers *r); /* all leases must be back; NULL is fine */

/* Waits while all connections are out (no mutex may be held). Any thread; the lease stays on it. */
enum err readers_lease(struct readers *r, struct db_read *ret, struct error *e);
/* Gives it back; ends a read transaction left open. A zeroed lease is fine. */
void readers_return(struct readers *r, struct db_read *lease);

/* The body of a function that is one statement: `call`, in which the lease is `r`, on a connection
 * of the readers. Returns its error, or the lease's; `e` is the function's own. */
#define READERS_RETURN(readers, call)                                                              \
    struct db_read r = {0};                                                                        \
    enum err err = readers_lease((readers), &r, e);                                                \
    if (err == ERR_OK)                                                                             \
        err = (call);                                                                              \
    readers_return((readers), &r);                                                                 \
    return err

#endif
