/* DELETE /v2/positions: all of them at once, each told with the order that closes it. */
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_closing.h"
#include "server/alpaca/alpaca_error.h"
#include "server/alpaca/alpaca_query.h"
#include "server/app.h"

static void tell_item(struct alpaca_closing *c, const char *symbol, const struct strbuf *order)
{
    json_begin_object(c->w);
    json_member_string(c->w, "symbol", symbol);
    json_member_int(c->w, "status", 200);
    json_key(c->w, "body");
    json_raw(c->w, strbuf_text(order), order->length);
    json_end_object(c->w);
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

static enum err close_each(void *context, struct alpaca_gather *g, struct json_writer *w,
                           struct error *e)
{
    struct alpaca_closing *c = context;
    struct http_request *r = c->request;
    struct alpaca_holdings holdings;
    struct error why;
    c->gather = g;
    c->w = w;
    c->view = arena_alloc(r->arena, sizeof *c->view);
    if (!c->view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    enum err err = alpaca_holdings_read(r->app, r->arena, NULL, &holdings, e);
    if (!err)
        err = alpaca_close_brackets(c, NULL, e);
    for (size_t i = 0; !err && i < holdings.count; i++)
        if (alpaca_close_rest(c, &holdings.items[i], &why))
            write_failure(w, holdings.items[i].position.contract.symbol, &why);
    return err;
}

static enum err close_all(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"cancel_orders", NULL};
    struct alpaca_closing c = {.request = r, .tell = tell_item};
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = alpaca_query_bool(r, "cancel_orders", &c.cancel_entries, e)))
        return err;
    return alpaca_gather_array(r, out, close_each, &c, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_DELETE, .pattern = "/v2/positions", .handler = close_all, .scope = KEY_SCOPE_TRADE,
     .operation_id = "alpacaCloseAllPositions"},
};
/* clang-format on */
const struct http_route_table alpaca_close_all_routes = HTTP_ROUTE_TABLE(routes);
