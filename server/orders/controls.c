/* What holds for all orders at once: cancel-all, and the kill switch. Neither has a limit on its
 * rate. */
#include "base/json_fields.h"
#include "base/log.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/orders/orders.h"

/* Only puts a note into each bracket's mailbox, so it runs on the loop, whatever else is waiting.
 */
static enum err cancel_all(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"close", NULL};
    struct app *app = r->app;
    bool close = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = http_query_bool(r, "close", &close, e)))
        return err;
    int32_t asked = desk_cancel_all(app->desk, close);
    log_event(LOG_WARN, "cancel_all", LOG_BOOL("close", close), LOG_INT("orders", asked),
              LOG_TEXT("key", r->identity.id));
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_int(&w, "orders", asked);
    json_member_bool(&w, "close", close);
    json_end_object(&w);
    return http_respond_json(out, 202, e);
}

/* ---- kill switch ----------------------------------------------------------------------------- */

static enum err respond_switch(struct app *app, struct http_response *out, struct error *e)
{
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_bool(&w, "on", desk_paused(app->desk));
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static enum err get_switch(struct http_request *r, struct http_response *out, struct error *e)
{
    enum err err = api_no_parameters(r, e);
    return err ? err : respond_switch(r->app, out, e);
}

struct switch_request {
    bool on;
};
static const struct json_field switch_fields[] = {
    JSON_FIELD(struct switch_request, on, "on", JSON_BOOL, .required = true),
};

static enum err put_switch(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct switch_request request = {false};
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = json_decode(r->body, r->body_bytes, switch_fields,
                           sizeof switch_fields / sizeof switch_fields[0], &request, r->arena, e)))
        return err;
    err = desk_set_paused(app->desk, request.on, e);
    log_event(LOG_WARN, "kill_switch", LOG_BOOL("on", desk_paused(app->desk)),
              LOG_BOOL("stored", !err), LOG_TEXT("key", r->identity.id));
    if (err)
        return err;
    return respond_switch(app, out, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v1/orders/cancel-all", .handler = cancel_all, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "cancelAllOrders"},
    {.method = HTTP_GET, .pattern = "/v1/kill-switch", .handler = get_switch, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "getKillSwitch"},
    {.method = HTTP_PUT, .pattern = "/v1/kill-switch", .handler = put_switch, .scope = KEY_SCOPE_TRADE,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = "application/json",
     .operation_id = "setKillSwitch"},
};
/* clang-format on */
const struct http_route_table controls_routes = HTTP_ROUTE_TABLE(routes);
