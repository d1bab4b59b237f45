/* GET /v2/positions. */
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_position_json.h"
#include "server/api/api.h"
#include "server/app.h"

static enum err list_positions(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct alpaca_holdings holdings;
    struct json_writer w;
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = alpaca_holdings_read(app, r->arena, NULL, &holdings, e)))
        return err;
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    for (size_t i = 0; i < holdings.count; i++)
        alpaca_position_write(app->desk, &holdings.items[i], &w);
    json_end_array(&w);
    return http_respond_json(out, 200, e);
}

static enum err get_position(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct alpaca_holdings holdings;
    struct json_writer w;
    const char *name = http_param(r, "symbol");
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = alpaca_holdings_read(app, r->arena, name, &holdings, e)))
        return err;
    if (holdings.count == 0)
        return error_set(e, ERR_NOT_FOUND, "position does not exist: %.60s", name);
    json_writer_init(&w, &out->body);
    alpaca_position_write(app->desk, &holdings.items[0], &w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v2/positions", .handler = list_positions, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaListPositions"},
    {.method = HTTP_GET, .pattern = "/v2/positions/{symbol}", .handler = get_position, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetPosition"},
};
/* clang-format on */
const struct http_route_table alpaca_position_routes = HTTP_ROUTE_TABLE(routes);
