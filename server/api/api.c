#include "server/api/api.h"

#include "server/http/request.h"

#include <string.h>

enum { OWN_TABLES = API_TABLE_COUNT - ALPACA_TABLE_COUNT };

void api_tables(struct http_route_table out[API_TABLE_COUNT])
{
    const struct http_route_table tables[OWN_TABLES] = {
        health_routes,   metrics_routes,    openapi_routes,       symbols_routes,
        bars_routes,     indicators_routes, rules_routes,         series_routes,
        check_routes,    backtests_routes,  backtest_list_routes, backtest_label_routes,
        results_routes,  explain_routes,    quotes_routes,        replays_routes,
        keys_routes,     orders_routes,     order_change_routes,  controls_routes,
        holdings_routes, order_list_routes, order_events_routes,  events_routes,
    };
    memcpy(out, tables, sizeof tables);
    alpaca_tables(out + OWN_TABLES);
}

enum err api_no_parameters(const struct http_request *r, struct error *e)
{
    static const char *const none[] = {NULL};
    return http_query_only(r, none, e);
}
