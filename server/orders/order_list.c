/* GET /v1/orders: orders, newest first, a page at a time; or what changed since a place in the log.
 *
 * A page is answered from memory as long as no order changed since it was made, and a client that
 * has it is told so (304) by two comparisons: both on the loop itself. Otherwise it is made anew on
 * an api thread, of the orders' kept renderings. With since and nothing new there is no page to be
 * made; such a request may wait (a long poll), which holds no thread. */
#include "base/number.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/events/event_hub.h"
#include "server/orders/order_page.h"
#include "server/orders/order_pages.h"

#include <inttypes.h>
#include <string.h>

/* ---- tags and keys --------------------------------------------------------------------------- */

/* Of every page of this form while the log ends there: a tag belongs to a URL. */
static void write_etag(char out[HTTP_ETAG_MAX], enum rows_format format, int64_t sequence)
{
    size_t length = 2 + integer_format(sequence, out + 2);
    out[0] = out[length] = '"';
    out[1] = "jcn"[format];
    out[length + 1] = '\0';
}

/* The question's normal form: texts come last, as they are. False when it does not fit. */
static bool write_key(char out[ORDER_PAGE_KEY], const struct order_question *q)
{
    const struct order_query *query = &q->query;
    char before[UUID_TEXT] = "";
    if (query->has_before)
        uuid_format(&query->before, before);
    int length = snprintf(
        out, ORDER_PAGE_KEY,
        "%d %d %" PRIu32 " %d %" PRId64 " %d %" PRId64 " %d %" PRId64 " %s %s/%s", (int)q->format,
        query->limit, query->statuses, query->has_from, query->has_from ? query->from_ns : 0,
        query->has_to, query->has_to ? query->to_ns : 0, q->has_since, q->has_since ? q->since : 0,
        before, query->underlying ? query->underlying : "",
        q->client_order_id ? q->client_order_id : "");
    return length < ORDER_PAGE_KEY;
}

/* ---- making a page --------------------------------------------------------------------------- */

static void add_headers(struct http_request *r, struct http_response *out, const char *cursor,
                        int64_t sequence)
{
    if (cursor)
        http_add_header(r, out, "X-Next-Cursor", "%s", cursor);
    http_add_header(r, out, "X-Sequence", "%" PRId64, sequence);
}

static enum err write_page(struct http_request *r, struct http_response *out,
                           const struct order_question *q, const struct order_page *page,
                           struct error *e)
{
    struct order_writer w;
    char cursor[CURSOR_TEXT], id[UUID_TEXT];
    bool more = page->more && !q->has_since;
    if (more) {
        uuid_format(&page->last, id);
        cursor_write(cursor, "order", "%s", id);
    }
    order_writer_begin(&w, r->app, q->format, out);
    enum err err = order_writer_add(&w, page, e);
    order_writer_end(&w, more ? cursor : NULL, page->sequence);
    order_writer_release(&w);
    /* JSON has both in its body, and so is answered by the same bytes again and again. */
    if (err == ERR_OK && q->format != ROWS_JSON)
        add_headers(r, out, more ? cursor : NULL, page->sequence);
    return err;
}

/* Answers with the page, and keeps it. Blocks. */
static enum err respond_page(struct http_request *r, struct http_response *out,
                             const struct order_question *q, const struct order_page *page,
                             struct error *e)
{
    struct app *app = r->app;
    char key[ORDER_PAGE_KEY], etag[HTTP_ETAG_MAX];
    enum err err = write_page(r, out, q, page, e);
    if (err != ERR_OK)
        return err;
    write_etag(etag, q->format, page->told);
    struct http_body *body = http_body_create(&out->body, rows_media_type(q->format), etag);
    if (!body)
        return error_set(e, ERR_NO_MEMORY, "no memory for the list");
    if (q->format == ROWS_JSON && write_key(key, q))
        order_pages_keep(app->order_pages, key, page->told, body);
    http_respond_shared(out, 200, body);
    http_body_unref(body);
    return ERR_OK;
}

/* ---- everything, in parts -------------------------------------------------------------------- */

enum { PART_ORDERS = 100 };

struct whole {
    struct app *app;
    struct order_question question;
    struct order_writer writer;
    struct order_page page;
};

static enum err produce(void *context, struct strbuf *out, bool *ret_more, struct error *e)
{
    struct whole *w = context;
    order_writer_go_on(&w->writer, out);
    enum err err = order_page_read(w->app, &w->question, &w->page, e);
    if (err == ERR_OK)
        err = order_writer_add(&w->writer, &w->page, e);
    arena_release(&w->writer.arena); /* nobody says when the client is gone */
    w->question.query.has_before = true;
    w->question.query.before = w->page.last;
    *ret_more = w->page.more;
    return err;
}

static enum err respond_whole(struct http_request *r, struct http_response *out,
                              const struct order_question *q, struct error *e)
{
    struct whole *w = arena_alloc(r->arena, sizeof *w);
    if (!w)
        return error_set(e, ERR_NO_MEMORY, "no memory for the list");
    w->app = r->app;
    w->question = *q;
    w->question.query.limit = PART_ORDERS;
    add_headers(r, out, NULL, event_hub_sequence(w->app->events));
    order_writer_begin(&w->writer, w->app, q->format, out);
    return http_respond_parts(out, rows_media_type(q->format), produce, w, e);
}

/* ---- waiting for something new --------------------------------------------------------------- */

struct list_wait {
    struct event_wait wait; /* first: the hub hands it back */
    struct http_request *request;
    struct order_question question;
    struct order_page page;
};

/* On the hub's thread. */
static void look_again(struct event_wait *wait)
{
    struct list_wait *w = (struct list_wait *)wait;
    struct http_request *r = w->request;
    struct app *app = r->app;
    struct error e;
    error_clear(&e);
    enum err err = order_page_read(app, &w->question, &w->page, &e);
    if (err == ERR_OK && w->page.count == 0 && !wait->expired) {
        /* Others changed than those asked for. */
        w->question.since = wait->since = w->page.sequence;
        event_hub_wait(app->events, wait);
        return;
    }
    if (err == ERR_OK)
        err = respond_page(r, http_request_response(r), &w->question, &w->page, &e);
    if (err == ERR_OK)
        http_request_complete(r);
    else
        http_request_fail(r, &e);
}

static void on_cancel(struct http_request *r, enum http_cancel why, void *context)
{
    struct list_wait *w = context;
    struct app *app = r->app;
    (void)why;
    event_hub_expire(app->events, &w->wait);
}

static enum err begin_wait(struct http_request *r, const struct order_question *q, struct error *e)
{
    struct app *app = r->app;
    struct list_wait *w = arena_alloc(r->arena, sizeof *w);
    if (!w)
        return error_set(e, ERR_NO_MEMORY, "no memory for the wait");
    w->wait = (struct event_wait){.due = look_again, .since = q->since};
    w->request = r;
    w->question = *q;
    http_request_defer(r, clock_monotonic_ns(r->clock) + q->wait_seconds * NS_PER_SECOND, on_cancel,
                       w);
    event_hub_wait(app->events, &w->wait);
    return ERR_OK;
}

/* ---- the handler ----------------------------------------------------------------------------- */

/* From memory alone; false when that does not tell. */
static bool answer_from_memory(struct http_request *r, struct http_response *out,
                               const struct order_question *q, int64_t told)
{
    struct app *app = r->app;
    char etag[HTTP_ETAG_MAX], key[ORDER_PAGE_KEY];
    if (q->whole)
        return false;
    write_etag(etag, q->format, told);
    if (http_respond_not_modified(r, out, etag))
        return true;
    struct http_body *page = q->format == ROWS_JSON && write_key(key, q)
                                 ? order_pages_find(app->order_pages, key, told)
                                 : NULL;
    if (!page)
        return false;
    http_respond_shared(out, 200, page);
    http_body_unref(page);
    return true;
}

static enum err read_and_respond(struct http_request *r, struct http_response *out,
                                 struct order_question *q, struct error *e)
{
    struct order_page *page = arena_alloc(r->arena, sizeof *page);
    if (!page)
        return error_set(e, ERR_NO_MEMORY, "no memory for the list");
    enum err err = order_page_read(r->app, q, page, e);
    if (err == ERR_OK && page->count == 0 && q->wait_seconds > 0) {
        q->since = page->sequence;
        return begin_wait(r, q, e);
    }
    return err == ERR_OK ? respond_page(r, out, q, page, e) : err;
}

static enum err list(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct order_question q;
    int64_t told = event_hub_sequence(app->events);
    enum err err = order_question_read(r, &q, e);
    if (err != ERR_OK)
        return err;
    if (q.wait_seconds > 0 && q.since >= told)
        return begin_wait(r, &q, e);
    if (answer_from_memory(r, out, &q, told))
        return ERR_OK;
    if (!http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    return q.whole ? respond_whole(r, out, &q, e) : read_and_respond(r, out, &q, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/orders", .handler = list, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "listOrders"},
};
/* clang-format on */
const struct http_route_table order_list_routes = HTTP_ROUTE_TABLE(routes);
