/* Placing an order and looking at one. */
#include "base/decimal.h"
#include "orders/desk/desk.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_holdings.h"
#include "server/alpaca/alpaca_lookup.h"
#include "server/alpaca/alpaca_query.h"
#include "server/alpaca/alpaca_request.h"
#include "server/app.h"
#include "server/orders/order_placing.h"

/* ---- POST ------------------------------------------------------------------------------------ */

static void write_placed(const struct desk_view *view, struct json_writer *w)
{
    struct alpaca_group group;
    alpaca_group_make(&view->header, &view->state, &group);
    alpaca_order_write(&group, &group.orders[0], true, w);
}

static const struct order_style style = {.write = write_placed, .status = 200};

static enum err place(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct order_request request;
    enum err err;
    (void)out;
    if (desk_paused(app->desk)) /* the account's own doing, to Alpaca's clients */
        return error_set(e, ERR_FORBIDDEN, "no new orders: the kill switch is on");
    if ((err = alpaca_request_decode(r->body, r->body_bytes, r->arena, &request, e)) ||
        (err = alpaca_check_funds(app, r->arena, &request, e)))
        return err;
    return order_place(r, &request, NULL, &style, e);
}

/* ---- GET ------------------------------------------------------------------------------------- */

static enum err respond(struct http_response *out, const struct alpaca_found *found, bool nested,
                        struct error *e)
{
    struct json_writer w;
    json_writer_init(&w, &out->body);
    alpaca_order_write(&found->group, found->order, nested, &w);
    return http_respond_json(out, 200, e);
}

static enum err get_order(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"nested", NULL};
    struct alpaca_found found;
    bool nested = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = alpaca_query_bool(r, "nested", &nested, e)) ||
        (err = alpaca_path_order(r, &found, e)))
        return err;
    return respond(out, &found, nested, e);
}

static enum err get_by_client_order_id(struct http_request *r, struct http_response *out,
                                       struct error *e)
{
    static const char *const names[] = {"client_order_id", "nested", NULL};
    struct alpaca_found found;
    const char *id = NULL;
    bool nested = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_text(r, "client_order_id", CLIENT_ORDER_ID_BYTES, &id, e)) ||
        (err = alpaca_query_bool(r, "nested", &nested, e)))
        return err;
    if (!id)
        return error_set(e, ERR_INVALID, "client_order_id is required");
    err = alpaca_find_client_order_id(r->app, id, &found, e);
    return err ? err : respond(out, &found, nested, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v2/orders", .handler = place, .scope = KEY_SCOPE_TRADE,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = ALPACA_BODY_TYPES, .operation_id = "alpacaPlaceOrder"},
    {.method = HTTP_GET, .pattern = "/v2/orders/{id}", .handler = get_order, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetOrder"},
    {.method = HTTP_GET, .pattern = "/v2/orders:by_client_order_id", .handler = get_by_client_order_id,
     .scope = KEY_SCOPE_READ, .operation_id = "alpacaGetOrderByClientOrderId"},
};
/* clang-format on */
const struct http_route_table alpaca_order_routes = HTTP_ROUTE_TABLE(routes);
