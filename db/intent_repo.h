/* Orders at the broker, as intended before they are sent, and their fills. */
#ifndef DB_INTENT_REPO_H
#define DB_INTENT_REPO_H

#include "base/arena.h"
#include "db/sqlite.h"
#include "orders/order_store.h"

/* Inserts it when it `creates` (CONFLICT: the same order was intended before), else brings its
 * status, cancels and broker's id up to date; a stray, which nobody intended, has no row. */
enum err intent_repo_put(struct db_write *w, int64_t bracket, const struct order_intent *intent,
                         struct error *e);
/* All of a bracket, in the arena. */
enum err intent_repo_of(const struct db_read *r, int64_t bracket, struct arena *arena,
                        struct order_intent **ret, size_t *ret_count, struct error *e);

/* CONFLICT when the execution is there already. */
enum err fill_repo_add(struct db_write *w, const struct order_fill *fill, struct error *e);
/* Every fill, as they were stored. Of the contract the cutoff and the end are 0. */
enum err fill_repo_each(const struct db_read *r, order_fill_fn *visit, void *context,
                        struct error *e);

#endif
