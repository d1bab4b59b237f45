/* GET /v1/orders/{id}/events: an order's log, oldest first, as it is stored: what happened, and the
 * chain of hashes by which anybody can check that nothing was changed or left out
 * (orders/event_chain.h). */
#include "orders/event_chain.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/orders/order_event_json.h"
#include "server/orders/orders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PART_EVENTS = 500 };

static const char *const columns[] = {"sequence", "seq",       "at",   "type",
                                      "detail",   "prev_hash", "hash", "bytes"};

/* In the request's arena: it outlives the handler. */
struct log {
    struct order_store *store;
    struct uuid id;
    int64_t since; /* sequence of the last event told */
    int64_t limit; /* of a page */
    bool whole;    /* CSV or NDJSON without a limit */
    enum rows_format format;
    struct rows rows;
    /* of a part */
    int32_t room;
    bool more;
    struct strbuf detail; /* borrows nothing between parts */
};

static void write_hex(struct rows *w, const unsigned char *bytes, size_t size_bytes)
{
    char text[2 * ORDER_EVENT_BYTES_MAX + 1] = "";
    if (size_bytes <= ORDER_EVENT_BYTES_MAX)
        hex_format(bytes, size_bytes, text);
    rows_string(w, text);
}

static void write_detail(struct log *l, const struct order_record *record)
{
    struct order_event event;
    struct json_writer w;
    strbuf_clear(&l->detail);
    json_writer_init(&w, &l->detail);
    if (order_event_decode(record->body, record->body_bytes, &event, NULL) == ERR_OK)
        order_event_json(&event, &w);
    else
        json_null(&w);
    rows_json(&l->rows, strbuf_text(&l->detail), l->detail.length);
}

static bool write_event(void *context, const struct uuid *order_id,
                        const struct order_record *record)
{
    struct log *l = context;
    unsigned char hash[SHA256_BYTES];
    (void)order_id;
    l->more = l->room == 0;
    if (l->more)
        return false;
    memcpy(hash, record->prev_hash, sizeof hash);
    event_chain_add(hash, &l->id, record->seq, record->body, record->body_bytes);
    rows_row(&l->rows);
    rows_int(&l->rows, record->sequence);
    rows_int(&l->rows, record->seq);
    rows_time(&l->rows, record->at_ns);
    rows_string(&l->rows, order_event_name(record->type));
    write_detail(l, record);
    write_hex(&l->rows, record->prev_hash, sizeof record->prev_hash);
    write_hex(&l->rows, hash, sizeof hash);
    write_hex(&l->rows, record->body, record->body_bytes);
    rows_row_end(&l->rows);
    l->since = record->sequence;
    l->room--;
    return true;
}

/* The next events, at most `room`. Blocks. */
static enum err write_some(struct log *l, int32_t room, struct error *e)
{
    l->room = room;
    l->more = false;
    strbuf_init(&l->detail, LIMIT_BODY_BYTES);
    enum err err =
        l->store->operations->events(l->store, &l->id, l->since, room + 1, write_event, l, e);
    if (err == ERR_OK && strbuf_failed(&l->detail))
        err = error_set(e, ERR_NO_MEMORY, "no memory for the events");
    strbuf_release(&l->detail);
    return err;
}

static bool note_any(void *context, const struct uuid *order_id, const struct order_record *record)
{
    (void)order_id;
    (void)record;
    *(bool *)context = true;
    return false;
}

/* An order has one event at least. */
static enum err check_exists(struct log *l, struct error *e)
{
    bool exists = false;
    enum err err = l->store->operations->events(l->store, &l->id, 0, 1, note_any, &exists, e);
    if (err == ERR_OK && !exists)
        err = error_set(e, ERR_NOT_FOUND, "there is no such order");
    return err;
}

static enum err produce(void *context, struct strbuf *out, bool *ret_more, struct error *e)
{
    struct log *l = context;
    rows_go_on(&l->rows, out);
    enum err err = write_some(l, PART_EVENTS, e);
    *ret_more = l->more;
    return err;
}

static enum err read_place(const struct http_request *r, struct log *l, struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, "order-event", place, e);
    if (err == ERR_OK)
        err = http_query_int(r, "since", 0, INT64_MAX, &l->since, e);
    if (err || !place[0])
        return err;
    l->since = strtoll(place, &end, 10);
    return end != place && *end == '\0' && l->since >= 0 ? ERR_OK : cursor_refuse(e);
}

static enum err read_question(const struct http_request *r, struct log *l, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", "format", "since", NULL};
    enum err err;
    l->limit = LIMIT_PAGE_ITEMS_DEFAULT;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &l->limit, e)) ||
        (err = read_place(r, l, e)) || (err = rows_negotiate(r, &l->format, e)) ||
        (err = orders_path_id(r, &l->id, e)))
        return err;
    l->whole = l->format != ROWS_JSON && !http_query(r, "limit");
    return ERR_OK;
}

static enum err respond_page(struct http_request *r, struct http_response *out, struct log *l,
                             struct error *e)
{
    char cursor[CURSOR_TEXT];
    enum err err = write_some(l, (int32_t)l->limit, e);
    if (err != ERR_OK)
        return err;
    if (l->more)
        cursor_write(cursor, "order-event", "%" PRId64, l->since);
    return rows_respond(&l->rows, r, out, l->more ? cursor : NULL, e);
}

static enum err list(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct log *l = arena_alloc(r->arena, sizeof *l);
    enum err err;
    if (!l)
        return error_set(e, ERR_NO_MEMORY, "no memory for the events");
    l->store = app->order_store;
    if ((err = read_question(r, l, e)) || (err = check_exists(l, e)))
        return err;
    rows_begin(&l->rows, out, l->format, columns, sizeof columns / sizeof columns[0]);
    if (l->whole)
        return http_respond_parts(out, rows_media_type(l->format), produce, l, e);
    return respond_page(r, out, l, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/orders/{id}/events", .handler = list,
     .scope = KEY_SCOPE_READ, .operation_id = "listOrderEvents"},
};
/* clang-format on */
const struct http_route_table order_events_routes = HTTP_ROUTE_TABLE(routes);
