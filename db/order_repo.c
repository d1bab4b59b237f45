#include "db/order_repo.h"

#include "db/rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define HEADER_COLUMNS                                                                             \
    "seq, id, key_id, client_order_id, symbol, status, rev, created_at_ns, updated_at_ns, head"
#define EVENT_COLUMNS "v.sequence, v.seq, v.at_ns, v.type, v.prev_hash, v.body"

static const char SQL_INSERT[] =
    "INSERT INTO orders(id, key_id, client_order_id, symbol, status, final, rev, created_at_ns,"
    " updated_at_ns, head) VALUES(:id, :key_id, :client_order_id, :symbol, :status, :final, :rev,"
    " :created, :updated, :head)";
/* Looked up and then updated by its rowid: RETURNING would make a table for the one row. `final` is
 * set on its own, when it changes, as its index is written anew each time. */
static const char SQL_AT_REV[] = "SELECT seq, final FROM orders WHERE id = :id AND rev = :before";
static const char SQL_UPDATE[] =
    "UPDATE orders SET status = :status, rev = :rev, updated_at_ns = :updated, head = :head"
    " WHERE seq = :seq";
static const char SQL_SET_FINAL[] = "UPDATE orders SET final = :final WHERE seq = :seq";
static const char SQL_ADD_EVENT[] =
    "INSERT INTO order_events(bracket, seq, at_ns, type, prev_hash, body)"
    " VALUES(:bracket, :seq, :at, :type, :prev_hash, :body)";
static const char SQL_FIND[] = "SELECT " HEADER_COLUMNS " FROM orders WHERE id = :id";
static const char SQL_FIND_CLIENT_ORDER_ID[] =
    "SELECT id FROM orders WHERE client_order_id = :client_order_id";
/* An OCC symbol is its root and 15 characters more. */
#define FILTER                                                                                     \
    "(:statuses = 0 OR (:statuses >> o.status) & 1)"                                               \
    " AND (:symbol IS NULL OR o.symbol = :symbol)"                                                 \
    " AND (:underlying IS NULL OR o.symbol = :underlying OR (length(o.symbol) > 15"                \
    " AND substr(o.symbol, 1, length(o.symbol) - 15) = :underlying))"                              \
    " AND (:key_id IS NULL OR o.key_id = :key_id)"                                                 \
    " AND o.created_at_ns >= :from AND o.created_at_ns < :to"
static const char SQL_LIST[] = "SELECT " HEADER_COLUMNS " FROM orders o WHERE o.id < :before"
                               " AND " FILTER " ORDER BY o.id DESC LIMIT :limit";
static const char SQL_LIST_OLDEST_FIRST[] =
    "SELECT " HEADER_COLUMNS " FROM orders o WHERE o.id > :before AND " FILTER
    " ORDER BY o.id LIMIT :limit";
/* In the log's order, each bracket at its newest event: a rowid range, and a row by its rowid each.
 */
static const char SQL_CHANGES[] =
    "SELECT o.seq, o.id, o.key_id, o.client_order_id, o.symbol, o.status, o.rev, o.created_at_ns,"
    " o.updated_at_ns, o.head, v.sequence FROM order_events v CROSS JOIN orders o"
    " ON o.seq = v.bracket AND o.rev = v.seq WHERE v.sequence > :since AND " FILTER
    " ORDER BY v.sequence LIMIT :limit";
static const char SQL_NEWEST[] = "SELECT coalesce(max(sequence), 0) FROM order_events";
static const char SQL_UNFINISHED[] = "SELECT id FROM orders WHERE final = 0 ORDER BY id";
static const char SQL_EVENTS_OF[] =
    "SELECT " EVENT_COLUMNS " FROM order_events v WHERE v.bracket = :bracket ORDER BY v.seq";
static const char SQL_EVENTS[] =
    "SELECT " EVENT_COLUMNS ", o.id FROM order_events v JOIN orders o ON o.seq = v.bracket"
    " WHERE v.sequence > :since ORDER BY v.sequence LIMIT :limit";
/* By its own index: a bracket's events are few, the log is long. */
static const char SQL_EVENTS_SINCE_OF[] =
    "SELECT " EVENT_COLUMNS ", :id AS id FROM order_events v"
    " WHERE v.bracket = (SELECT seq FROM orders WHERE id = :id) AND v.sequence > :since"
    " ORDER BY v.seq LIMIT :limit";

_Static_assert(BRACKET_SUBMITTING == 1 && BRACKET_CLOSED == 5 && BRACKET_REJECTED == 8 &&
                   BRACKET_UNPROTECTED == 9 && BRACKET_NEEDS_REVIEW == 10,
               "stored numbers");

static void bind_state(struct statement *s, const struct order_header *h)
{
    statement_bind_int(s, ":status", h->status);
    statement_bind_int(s, ":rev", h->rev);
    statement_bind_int(s, ":updated", h->updated_at_ns);
    statement_bind_blob(s, ":head", h->head, sizeof h->head);
}

enum err order_repo_insert(struct db_write *w, const struct order_header *header,
                           int64_t *ret_bracket, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    bind_state(s, header);
    statement_bind_uuid(s, ":id", &header->id);
    statement_bind_int(s, ":final", bracket_status_final(header->status));
    statement_bind_uuid(s, ":key_id", &header->key_id);
    statement_bind_text(s, ":client_order_id",
                        header->client_order_id[0] ? header->client_order_id : NULL);
    statement_bind_text(s, ":symbol", header->symbol);
    statement_bind_int(s, ":created", header->created_at_ns);
    enum err err = statement_run(s, NULL, e);
    if (err == ERR_OK)
        *ret_bracket = db_last_id(w);
    if (err == ERR_CONFLICT)
        error_field(e, err, "/client_order_id", "an order has this client_order_id already");
    return err;
}

static enum err find_at_rev(struct db_write *w, const struct uuid *id, int64_t rev,
                            int64_t *ret_bracket, bool *ret_final, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_AT_REV);
    statement_bind_uuid(s, ":id", id);
    statement_bind_int(s, ":before", rev);
    bool found = statement_next(s);
    if (found) {
        *ret_bracket = statement_int(s, "seq");
        *ret_final = statement_int(s, "final") != 0;
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && !found)
        err =
            error_set(e, ERR_CONFLICT, "the stored order is not at revision %lld", (long long)rev);
    return err;
}

enum err order_repo_update(struct db_write *w, const struct order_header *header,
                           int64_t rev_before, int64_t *ret_bracket, struct error *e)
{
    int64_t bracket = 0;
    bool was_final = false, is_final = bracket_status_final(header->status);
    enum err err = find_at_rev(w, &header->id, rev_before, &bracket, &was_final, e);
    if (err != ERR_OK)
        return err;
    struct statement *s = db_prepare(&w->read, SQL_UPDATE);
    bind_state(s, header);
    statement_bind_int(s, ":seq", bracket);
    err = statement_run(s, NULL, e);
    if (err == ERR_OK && is_final != was_final) {
        s = db_prepare(&w->read, SQL_SET_FINAL);
        statement_bind_int(s, ":final", is_final);
        statement_bind_int(s, ":seq", bracket);
        err = statement_run(s, NULL, e);
    }
    if (err == ERR_OK)
        *ret_bracket = bracket;
    return err;
}

enum err order_repo_add_event(struct db_write *w, int64_t bracket,
                              const struct order_record *record, int64_t *ret_sequence,
                              struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_ADD_EVENT);
    statement_bind_int(s, ":bracket", bracket);
    statement_bind_int(s, ":seq", record->seq);
    statement_bind_int(s, ":at", record->at_ns);
    statement_bind_int(s, ":type", record->type);
    statement_bind_blob(s, ":prev_hash", record->prev_hash, sizeof record->prev_hash);
    statement_bind_blob(s, ":body", record->body, record->body_bytes);
    enum err err = statement_run(s, NULL, e);
    if (err == ERR_OK)
        *ret_sequence = db_last_id(w);
    return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_header(struct statement *s, struct order_header *ret)
{
    const char *client_order_id = statement_text(s, "client_order_id");
    *ret = (struct order_header){
        .id = statement_uuid(s, "id"),
        .key_id = statement_uuid(s, "key_id"),
        .status = (enum bracket_status)statement_int(s, "status"),
        .rev = statement_int(s, "rev"),
        .created_at_ns = statement_int(s, "created_at_ns"),
        .updated_at_ns = statement_int(s, "updated_at_ns"),
    };
    snprintf(ret->client_order_id, sizeof ret->client_order_id, "%s",
             client_order_id ? client_order_id : "");
    snprintf(ret->symbol, sizeof ret->symbol, "%s", statement_text(s, "symbol"));
    row_bytes(s, "head", ret->head, sizeof ret->head);
}

/* Ends a statement that looked for one order. */
static enum err finish_find(struct statement *s, bool found, struct error *e)
{
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && !found)
        err = error_set(e, ERR_NOT_FOUND, "there is no such order");
    return err;
}

enum err order_repo_find(const struct db_read *r, const struct uuid *id, struct order_header *ret,
                         int64_t *ret_bracket, struct error *e)
{
    struct order_header header;
    int64_t bracket = 0;
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_uuid(s, ":id", id);
    bool found = statement_next(s);
    if (found) {
        read_header(s, &header);
        bracket = statement_int(s, "seq");
    }
    enum err err = finish_find(s, found, e);
    if (err == ERR_OK) {
        *ret = header;
        *ret_bracket = bracket;
    }
    return err;
}

enum err order_repo_find_client_order_id(const struct db_read *r, const char *client_order_id,
                                         struct uuid *ret, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FIND_CLIENT_ORDER_ID);
    statement_bind_text(s, ":client_order_id", client_order_id);
    bool found = statement_next(s);
    struct uuid id = found ? statement_uuid(s, "id") : (struct uuid){{0}};
    enum err err = finish_find(s, found, e);
    if (err == ERR_OK)
        *ret = id;
    return err;
}

static void bind_filter(struct statement *s, const struct order_query *query)
{
    assert(query->limit >= 1 && query->limit <= LIMIT_PAGE_ITEMS + 1);
    statement_bind_int(s, ":statuses", query->statuses);
    statement_bind_text(s, ":symbol", query->symbol);
    statement_bind_text(s, ":underlying", query->underlying);
    if (query->has_key_id)
        statement_bind_uuid(s, ":key_id", &query->key_id);
    else
        statement_bind_null(s, ":key_id");
    statement_bind_int(s, ":from", query->has_from ? query->from_ns : INT64_MIN);
    statement_bind_int(s, ":to", query->has_to ? query->to_ns : INT64_MAX);
    statement_bind_int(s, ":limit", query->limit);
}

enum err order_repo_list(const struct db_read *r, const struct order_query *query,
                         order_header_fn *visit, void *context, struct error *e)
{
    unsigned char above_all[sizeof(struct uuid) + 1];
    memset(above_all, 0xff, sizeof above_all);
    struct statement *s = db_prepare(r, query->oldest_first ? SQL_LIST_OLDEST_FIRST : SQL_LIST);
    if (query->has_before)
        statement_bind_uuid(s, ":before", &query->before);
    else
        statement_bind_blob(s, ":before", above_all, query->oldest_first ? 0 : sizeof above_all);
    bind_filter(s, query);
    struct order_header header;
    bool more = true;
    while (more && statement_next(s)) {
        read_header(s, &header);
        more = visit(context, &header);
    }
    return statement_finish(s, e);
}

enum err order_repo_changes(const struct db_read *r, const struct order_query *query, int64_t since,
                            order_change_fn *visit, void *context, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_CHANGES);
    statement_bind_int(s, ":since", since);
    bind_filter(s, query);
    struct order_header header;
    bool more = true;
    while (more && statement_next(s)) {
        read_header(s, &header);
        more = visit(context, &header, statement_int(s, "sequence"));
    }
    return statement_finish(s, e);
}

enum err order_repo_newest(const struct db_read *r, int64_t *ret_sequence, struct error *e)
{
    return db_query_int(r, SQL_NEWEST, ret_sequence, e);
}

enum err order_repo_unfinished(const struct db_read *r, struct arena *arena, struct uuid **ret,
                               size_t *ret_count, struct error *e)
{
    struct uuid *ids = NULL;
    size_t count = 0, capacity = 0;
    struct statement *s = db_prepare(r, SQL_UNFINISHED);
    while (statement_next(s)) {
        ids = rows_grow(arena, ids, count, &capacity, sizeof *ids);
        if (!ids)
            return rows_full(s, e);
        ids[count++] = statement_uuid(s, "id");
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK) {
        *ret = ids;
        *ret_count = count;
    }
    return err;
}

/* The body is borrowed from the row. */
static void read_record(struct statement *s, struct order_record *ret)
{
    *ret = (struct order_record){
        .sequence = statement_int(s, "sequence"),
        .seq = statement_int(s, "seq"),
        .at_ns = statement_int(s, "at_ns"),
        .type = (enum order_event_type)statement_int(s, "type"),
    };
    ret->body = statement_blob(s, "body", &ret->body_bytes);
    row_bytes(s, "prev_hash", ret->prev_hash, sizeof ret->prev_hash);
}

enum err order_repo_events_of(const struct db_read *r, int64_t bracket, struct arena *arena,
                              struct order_record **ret, size_t *ret_count, struct error *e)
{
    struct order_record *records = NULL;
    size_t count = 0, capacity = 0;
    struct statement *s = db_prepare(r, SQL_EVENTS_OF);
    statement_bind_int(s, ":bracket", bracket);
    while (statement_next(s)) {
        records = rows_grow(arena, records, count, &capacity, sizeof *records);
        if (!records)
            return rows_full(s, e);
        struct order_record *record = &records[count++];
        read_record(s, record);
        unsigned char *body = arena_alloc(arena, record->body_bytes);
        if (!body)
            return rows_full(s, e);
        if (record->body_bytes)
            memcpy(body, record->body, record->body_bytes);
        record->body = body;
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK) {
        *ret = records;
        *ret_count = count;
    }
    return err;
}

enum err order_repo_events(const struct db_read *r, const struct uuid *id, int64_t since,
                           int32_t limit, order_record_fn *visit, void *context, struct error *e)
{
    struct statement *s = db_prepare(r, id ? SQL_EVENTS_SINCE_OF : SQL_EVENTS);
    if (id)
        statement_bind_uuid(s, ":id", id);
    statement_bind_int(s, ":since", since);
    statement_bind_int(s, ":limit", limit);
    bool more = true;
    while (more && statement_next(s)) {
        struct order_record record;
        read_record(s, &record);
        struct uuid order_id = statement_uuid(s, "id");
        more = visit(context, &order_id, &record);
    }
    return statement_finish(s, e);
}
