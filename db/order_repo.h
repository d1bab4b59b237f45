/* Brackets and their events in bracketd.db. An event's `sequence` is its rowid: events are never
 * deleted, so it ascends over the whole log.
 */
#ifndef DB_ORDER_REPO_H
#define DB_ORDER_REPO_H

#include "base/arena.h"
#include "db/sqlite.h"
#include "orders/order_store.h"

/* `bracket` below is the row's number, which events and intents refer to. */

/* CONFLICT when the id or the client_order_id is there already. */
enum err order_repo_insert(struct db_write *w, const struct order_header *header,
                           int64_t *ret_bracket, struct error *e);
/* Status, rev, head and time of a bracket that is at rev_before; CONFLICT when it is not. */
enum err order_repo_update(struct db_write *w, const struct order_header *header,
                           int64_t rev_before, int64_t *ret_bracket, struct error *e);
/* *ret_sequence is the record's place in the log. */
enum err order_repo_add_event(struct db_write *w, int64_t bracket,
                              const struct order_record *record, int64_t *ret_sequence,
                              struct error *e);

/* NOT_FOUND. */
enum err order_repo_find(const struct db_read *r, const struct uuid *id, struct order_header *ret,
                         int64_t *ret_bracket, struct error *e);
enum err order_repo_find_client_order_id(const struct db_read *r, const char *client_order_id,
                                         struct uuid *ret, struct error *e);
enum err order_repo_list(const struct db_read *r, const struct order_query *query,
                         order_header_fn *visit, void *context, struct error *e);
/* order_store_operations.changes and .newest. */
enum err order_repo_changes(const struct db_read *r, const struct order_query *query, int64_t since,
                            order_change_fn *visit, void *context, struct error *e);
enum err order_repo_newest(const struct db_read *r, int64_t *ret_sequence, struct error *e);

/* Ids of the brackets that are not final, oldest first; in the arena. */
enum err order_repo_unfinished(const struct db_read *r, struct arena *arena, struct uuid **ret,
                               size_t *ret_count, struct error *e);
/* All events of a bracket, in the arena. */
enum err order_repo_events_of(const struct db_read *r, int64_t bracket, struct arena *arena,
                              struct order_record **ret, size_t *ret_count, struct error *e);
/* order_store_operations.events. */
enum err order_repo_events(const struct db_read *r, const struct uuid *id, int64_t since,
                           int32_t limit, order_record_fn *visit, void *context, struct error *e);

#endif
