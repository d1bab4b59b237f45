/* The paper broker's tables in bracketd.db: account, positions, orders, journal. docs/
 * paper-broker.md has their columns.
 */
#ifndef DB_PAPER_REPO_H
#define DB_PAPER_REPO_H

#include "db/sqlite.h"
#include "orders/paper/paper_store.h"

/* The event into the journal, and what it leaves behind: the order, the position, the cash.
 * CONFLICT when the number of the event, or the client id of a new order, is there already. */
enum err paper_repo_add(struct db_write *w, const struct paper_event *event, struct error *e);

/* Makes the account with this cash unless there is one. */
enum err paper_repo_open(struct db_write *w, int64_t cash, struct error *e);

/* See paper_store_operations. */
enum err paper_repo_account(const struct db_read *r, struct paper_account_row *ret,
                            struct error *e);
enum err paper_repo_positions(const struct db_read *r, paper_position_fn *visit, void *context,
                              struct error *e);
enum err paper_repo_live(const struct db_read *r, paper_order_fn *visit, void *context,
                         struct error *e);
enum err paper_repo_ended(const struct db_read *r, int64_t since_ns, int64_t until_ns,
                          paper_order_fn *visit, void *context, struct error *e);
enum err paper_repo_find(const struct db_read *r, const char *client_id, bool *ret_found,
                         struct paper_order_row *ret, struct error *e);
enum err paper_repo_executions(const struct db_read *r, int64_t since_ns, paper_execution_fn *visit,
                               void *context, struct error *e);

#endif
