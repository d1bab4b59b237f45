#include "server/orders/order_page.h"

#include "base/json_slice.h"
#include "server/events/event_hub.h"
#include "server/orders/order_bodies.h"

#include <inttypes.h>
#include <string.h>

/* ---- which ----------------------------------------------------------------------------------- */

struct collecting {
    struct order_page *page;
    int32_t limit;
};

static bool collect(void *context, const struct order_header *header)
{
    struct collecting *c = context;
    c->page->more = c->page->count == (size_t)c->limit;
    if (c->page->more)
        return false;
    c->page->ids[c->page->count++] = header->id;
    c->page->last = header->id;
    return true;
}

static bool collect_change(void *context, const struct order_header *header, int64_t sequence)
{
    struct collecting *c = context;
    if (!collect(context, header))
        return false;
    c->page->sequence = sequence;
    return true;
}

static enum err find_one(struct order_store *store, const char *client_order_id,
                         struct order_page *page, struct error *e)
{
    enum err err = store->operations->find(store, client_order_id, &page->ids[0], e);
    page->count = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err order_page_read(struct app *app, const struct order_question *q, struct order_page *ret,
                         struct error *e)
{
    struct order_store *store = app->order_store;
    struct collecting c = {.page = ret, .limit = q->query.limit};
    struct order_query query = q->query;
    enum err err;
    query.limit++; /* one more tells that there is more */
    ret->count = 0;
    ret->more = false;
    ret->told = ret->sequence = event_hub_sequence(app->events);
    if (q->client_order_id)
        return find_one(store, q->client_order_id, ret, e);
    if (!q->has_since)
        return store->operations->list(store, &query, collect, &c, e);
    err = store->operations->changes(store, &query, q->since, collect_change, &c, e);
    /* What was told before the look is on a page that holds all. What the store has beyond that was
     * committed and not yet published: an order may be shown as it was before, so it is for the
     * next look to tell. */
    if (err == ERR_OK && (!ret->more || ret->sequence > ret->told))
        ret->sequence = ret->told;
    return err;
}

/* ---- as text --------------------------------------------------------------------------------- */

/* Members of an order that CSV has as columns. */
static const char *const columns[] = {"id",
                                      "client_order_id",
                                      "status",
                                      "close_reason",
                                      "symbol",
                                      "occ_symbol",
                                      "side",
                                      "quantity",
                                      "filled_quantity",
                                      "average_fill_price",
                                      "open_quantity",
                                      "unprotected_quantity",
                                      "realized_pnl",
                                      "rev",
                                      "created_at",
                                      "updated_at"};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

enum { ORDER_TEXTS_BYTES = 64 * 1024 };

void order_writer_begin(struct order_writer *w, struct app *app, enum rows_format format,
                        struct http_response *out)
{
    *w = (struct order_writer){.app = app, .format = format, .out = &out->body, .first = true};
    arena_init(&w->arena, ORDER_TEXTS_BYTES);
    if (format == ROWS_CSV)
        rows_begin(&w->rows, out, ROWS_CSV, columns, COLUMNS);
    if (format == ROWS_JSON)
        strbuf_add_string(w->out, "{\"items\":[");
}

void order_writer_release(struct order_writer *w)
{
    arena_release(&w->arena);
}

void order_writer_go_on(struct order_writer *w, struct strbuf *out)
{
    w->out = out;
    if (w->format == ROWS_CSV)
        rows_go_on(&w->rows, out);
}

static enum err write_csv(struct order_writer *w, const char *order, struct error *e)
{
    struct json_slice members = json_slice_of(order);
    arena_clear(&w->arena);
    rows_row(&w->rows);
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *text = json_slice_text(json_slice_member(members, columns[i]), &w->arena);
        if (!text)
            return error_set(e, ERR_NO_MEMORY, "no memory for the list");
        rows_string(&w->rows, text);
    }
    rows_row_end(&w->rows);
    return ERR_OK;
}

static enum err write_one(struct order_writer *w, const struct http_body *body, struct error *e)
{
    size_t size_bytes;
    const char *text = http_body_text(body, &size_bytes);
    if (w->format == ROWS_CSV)
        return write_csv(w, text, e);
    if (w->format == ROWS_JSON && !w->first)
        strbuf_add_char(w->out, ',');
    strbuf_add(w->out, text, size_bytes);
    if (w->format == ROWS_NDJSON)
        strbuf_add_char(w->out, '\n');
    w->first = false;
    return ERR_OK;
}

enum err order_writer_add(struct order_writer *w, const struct order_page *page, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < page->count && err == ERR_OK; i++) {
        struct http_body *body = NULL;
        err = order_bodies_get(w->app->order_bodies, &page->ids[i], &body, e);
        if (err == ERR_OK)
            err = write_one(w, body, e);
        http_body_unref(body);
    }
    return err;
}

void order_writer_end(struct order_writer *w, const char *next_cursor, int64_t sequence)
{
    if (w->format != ROWS_JSON)
        return;
    strbuf_add_string(w->out, "],\"next_cursor\":");
    if (next_cursor)
        strbuf_add_format(w->out, "\"%s\"", next_cursor);
    else
        strbuf_add_string(w->out, "null");
    strbuf_add_format(w->out, ",\"sequence\":%" PRId64 "}", sequence);
}
