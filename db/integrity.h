/* Whether the tables that orders live by are whole, before a desk is built on them.
 *
 * Looks at every page of the tables that a start reads and of their rows' order, not at indexes and
 * not at the log of events, which grows for good: the chains of its hashes tell of what is open.
 */
#ifndef DB_INTEGRITY_H
#define DB_INTEGRITY_H

#include "db/sqlite.h"

/* DATA with what is wrong: the first thing that was found. */
enum err integrity_check_orders(const struct db_read *r, struct error *e);

#endif
