/* orders/order_store.h on bracketd.db: writes through the writer thread, so that the batches of
 * many brackets share one fsync; reads on read-only connections.
 */
#ifndef DB_ORDER_STORE_H
#define DB_ORDER_STORE_H

#include "db/readers.h"
#include "db/writer.h"
#include "orders/order_store.h"

/* Checks the tables (integrity.h: DATA), then takes the ownership of the orders (owner_repo.h): an
 * older store of the same database cannot commit from here on. The writer and the readers are
 * borrowed until order_store_free. Blocks. */
enum err order_store_create(struct writer *writer, struct readers *readers,
                            struct order_store **ret, struct error *e);
/* Every `done` must have been called. NULL is fine. */
void order_store_free(struct order_store *store);

#endif
