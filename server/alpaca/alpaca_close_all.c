/* DELETE /v2/positions: all of them at once, each told with the order that closes it. */
#include "orders/desk/desk.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_closing.h"
#include "server/alpaca/alpaca_error.h"
#include "server/alpaca/alpaca_gather.h"
#include "server/alpaca/alpaca_query.h"
#include "server/app.h"

#include <string.h>

struct closing_all {
    struct http_request *request;
    struct alpaca_gather *gather;
    struct json_writer *w;
    struct desk_view *view;
    bool cancel_orders;
};

static void write_outcome(struct json_writer *w, const struct desk_view *view)
{
    json_begin_object(w);
    json_member_string(w, "symbol", view->header.symbol);
    json_member_int(w, "status", 200);
    json_key(w, "body");
    alpaca_write_closing(view, w);
    json_end_object(w);
}

static enum err cancel_entry(struct closing_all *c, struct desk_order *order, struct error *e)
{
    if (!c->cancel_orders)
        return ERR_OK;
    alpaca_gather_expect(c->gather);
    enum err err = desk_cancel(order, alpaca_gather_done, c->gather, e);
    if (err)
        alpaca_gather_forget(c->gather);
    return err;
}

/* The exit is told as it will be once the request is on disk; the answer waits for that. */
static enum err close_or_cancel(void *context, struct desk_order *order, struct error *e)
{
    struct closing_all *c = context;
    struct bracket_sums sums;
    desk_view(order, c->view);
    bracket_sum(&c->view->state, &sums);
    if (sums.open <= 0)
        return cancel_entry(c, order, e);
    if (!c->view->state.closing)
        c->view->state.closing = CLOSE_MANUAL;
    alpaca_gather_expect(c->gather);
    enum err err = desk_close(order, alpaca_gather_done, c->gather, e);
    if (err)
        alpaca_gather_forget(c->gather);
    else
        write_outcome(c->w, c->view);
    return err;
}

/* Called within desk_place. */
static bool describe(void *context, const struct desk_view *view, struct strbuf *out)
{
    struct strbuf *text = alpaca_gather_text(context);
    struct json_writer w;
    (void)out; /* nobody asks for it again */
    json_writer_init(&w, text);
    write_outcome(&w, view);
    return !strbuf_failed(text);
}

static enum err place_rest(struct closing_all *c, const struct alpaca_holding *holding,
                           struct error *e)
{
    struct app *app = c->request->app;
    int64_t rest = alpaca_holding_available(holding);
    struct order_request request;
    struct bracket_spec spec;
    struct desk_placement placement = {.spec = &spec, .describe = describe};
    if (rest == 0)
        return ERR_OK;
    alpaca_closing_request(&holding->position, rest, &request);
    uuid_parse(c->request->identity.id, strlen(c->request->identity.id), &placement.key_id);
    enum err err =
        order_request_settle(&request, app->broker->operations->capabilities(app->broker),
                             clock_realtime_ns(c->request->clock), &spec, e);
    if (err)
        return err;
    struct strbuf *text = alpaca_gather_text(c->gather);
    strbuf_clear(text);
    alpaca_gather_expect(c->gather);
    err = desk_place(app->desk, &placement, alpaca_gather_done, c->gather, e);
    if (err)
        alpaca_gather_forget(c->gather);
    else
        json_raw(c->w, strbuf_text(text), text->length);
    return err;
}

/* A position that cannot be closed is told among the others, and they are closed nevertheless. */
static void write_failure(struct json_writer *w, const char *symbol, const struct error *e)
{
    json_begin_object(w);
    json_member_string(w, "symbol", symbol);
    json_member_int(w, "status", alpaca_error_status(e));
    json_key(w, "body");
    json_begin_object(w);
    json_member_int(w, "code", alpaca_error_code(e));
    json_member_string(w, "message", e->message);
    json_member_string(w, "symbol", symbol);
    json_end_object(w);
    json_end_object(w);
}

static enum err ask_all(struct closing_all *c, struct error *e)
{
    struct app *app = c->request->app;
    struct arena *arena = c->request->arena;
    struct alpaca_holdings holdings;
    struct error why;
    enum err err = alpaca_holdings_read(app, arena, NULL, &holdings, e);
    if (!err)
        err = alpaca_each_open(app, arena, NULL, close_or_cancel, c, e);
    for (size_t i = 0; !err && i < holdings.count; i++)
        if (place_rest(c, &holdings.items[i], &why))
            write_failure(c->w, holdings.items[i].position.contract.symbol, &why);
    return err;
}

static enum err close_all(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"cancel_orders", NULL};
    struct json_writer w;
    struct closing_all c = {
        .request = r, .w = &w, .view = arena_alloc(r->arena, sizeof(struct desk_view))};
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = alpaca_query_bool(r, "cancel_orders", &c.cancel_orders, e)))
        return err;
    if (!c.view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    if ((err = alpaca_gather_begin(r, &c.gather, e)))
        return err;
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    err = ask_all(&c, e);
    json_end_array(&w);
    if (!err)
        err = http_respond_json(out, 207, e);
    alpaca_gather_end(c.gather, err ? e : NULL);
    return ERR_OK;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_DELETE, .pattern = "/v2/positions", .handler = close_all, .scope = KEY_SCOPE_TRADE,
     .operation_id = "alpacaCloseAllPositions"},
};
/* clang-format on */
const struct http_route_table alpaca_close_all_routes = HTTP_ROUTE_TABLE(routes);
