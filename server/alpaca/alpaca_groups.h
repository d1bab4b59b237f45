/* Brackets as Alpaca's orders, kept by revision: to fold one costs its whole log, and a list asks
 * for hundreds of which few have moved. The LIMIT_ALPACA_GROUPS asked for last are kept.
 *
 * Any thread.
 */
#ifndef SERVER_ALPACA_GROUPS_H
#define SERVER_ALPACA_GROUPS_H

#include "server/alpaca/alpaca_order.h"

struct alpaca_groups;

/* The store is borrowed until alpaca_groups_free. */
enum err alpaca_groups_create(struct order_store *store, struct alpaca_groups **ret,
                              struct error *e);
void alpaca_groups_free(struct alpaca_groups *g); /* NULL is fine */

/* The bracket's orders as of `rev`, which is stored, or newer. Blocks when it is not kept.
 * NOT_FOUND; DATA when its chain is broken. */
enum err alpaca_groups_get(struct alpaca_groups *g, const struct uuid *bracket, int64_t rev,
                           struct alpaca_group *ret, struct error *e);

#endif
