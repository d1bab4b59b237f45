/* /v1/orders: placing, and looking at one. A live order is looked at in memory, on the loop thread
 * itself. */
#include "server/orders/orders.h"

#include "server/api/api.h"
#include "server/app.h"
#include "server/orders/order_bodies.h"
#include "server/orders/order_json.h"
#include "server/orders/order_placing.h"
#include "server/orders/order_poll.h"

#include <string.h>

enum { CREATED = 201 };

/* ---- shared ---------------------------------------------------------------------------------- */

enum err orders_path_id(const struct http_request *r, struct uuid *ret, struct error *e)
{
    const char *text = http_param(r, "id");
    if (!uuid_parse(text, strlen(text), ret))
        return error_set(e, ERR_NOT_FOUND, "there is no order '%.64s'", text);
    return ERR_OK;
}

static void respond(struct http_response *out, int status, struct http_body *body)
{
    http_respond_shared(out, status, body);
    http_body_unref(body);
}

enum err orders_respond_live(struct http_request *r, struct http_response *out, int status,
                             struct desk_order *order, struct error *e)
{
    struct app *app = r->app;
    struct http_body *body;
    enum err err = order_bodies_live(app->order_bodies, order, &body, e);
    if (!err)
        respond(out, status, body);
    return err;
}

enum err orders_respond(struct http_request *r, struct http_response *out, const struct uuid *id,
                        struct error *e)
{
    struct app *app = r->app;
    struct http_body *body = order_bodies_ended(app->order_bodies, id);
    if (!body) {
        if (!http_request_on_api(r)) {
            http_request_move_to_api(r);
            return ERR_OK;
        }
        enum err err = order_bodies_get(app->order_bodies, id, &body, e);
        if (err)
            return err;
    }
    respond(out, 200, body);
    return ERR_OK;
}

/* ---- placing --------------------------------------------------------------------------------- */

static enum err create(struct http_request *r, struct http_response *out, struct error *e)
{
    static const struct order_style style = {
        .write = order_json_write, .status = CREATED, .location = "/v1/orders/"};
    struct order_request request;
    const char *idempotency_key = NULL;
    enum err err;
    (void)out;
    if ((err = api_no_parameters(r, e)) || (err = order_idempotency_key(r, &idempotency_key, e)) ||
        (err = order_request_decode(r->body, r->body_bytes, r->arena, &request, e)))
        return err;
    return order_place(r, &request, idempotency_key, &style, e);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Whoever has the newest revision already is told so without anything being made. */
static enum err show_live(struct http_request *r, struct http_response *out,
                          struct desk_order *order, struct error *e)
{
    char etag[HTTP_ETAG_MAX];
    order_etag(desk_rev(order), etag);
    if (http_respond_not_modified(r, out, etag))
        return ERR_OK;
    return orders_respond_live(r, out, 200, order, e);
}

static enum err get(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"wait", "since", NULL};
    struct app *app = r->app;
    struct uuid id;
    struct order_poll poll;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = order_poll_read(r, &poll, e)) ||
        (err = orders_path_id(r, &id, e)))
        return err;
    struct desk_order *order = desk_find(app->desk, &id);
    if (!order)
        return orders_respond(r, out, &id, e);
    if (!order_poll_begin(r, &poll, order))
        err = show_live(r, out, order, e);
    desk_unref(order);
    return err;
}

static enum err get_by_client_id(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct order_store *store = app->order_store;
    const char *name = http_param(r, "client_order_id");
    struct uuid id;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    struct desk_order *order = desk_find_client_order_id(app->desk, name);
    if (order) {
        err = show_live(r, out, order, e);
        desk_unref(order);
        return err;
    }
    if (!http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    err = store->operations->find(store, name, &id, e);
    return err ? err : orders_respond(r, out, &id, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v1/orders", .handler = create, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json", .operation_id = "createOrder"},
    {.method = HTTP_GET, .pattern = "/v1/orders/{id}", .handler = get, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "getOrder"},
    {.method = HTTP_GET, .pattern = "/v1/orders/by-client-id/{client_order_id}",
     .handler = get_by_client_id, .scope = KEY_SCOPE_READ, .flags = HTTP_ROUTE_INLINE,
     .operation_id = "getOrderByClientId"},
};
/* clang-format on */
const struct http_route_table orders_routes = HTTP_ROUTE_TABLE(routes);
