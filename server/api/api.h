/* The resources: one file each, ending in its route table; app.c hands them all to the HTTP server.
 */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include "server/alpaca/alpaca.h"
#include "server/http/route.h"

extern const struct http_route_table health_routes;
extern const struct http_route_table metrics_routes;
extern const struct http_route_table openapi_routes;
extern const struct http_route_table symbols_routes;
extern const struct http_route_table bars_routes;
extern const struct http_route_table indicators_routes;
extern const struct http_route_table rules_routes;
extern const struct http_route_table series_routes;
extern const struct http_route_table check_routes;
extern const struct http_route_table backtests_routes;
extern const struct http_route_table backtest_list_routes;
extern const struct http_route_table backtest_label_routes;
extern const struct http_route_table results_routes; /* server/results */
extern const struct http_route_table explain_routes;
extern const struct http_route_table quotes_routes; /* server/market */
extern const struct http_route_table replays_routes;
extern const struct http_route_table keys_routes;
extern const struct http_route_table orders_routes; /* server/orders */
extern const struct http_route_table order_change_routes;
extern const struct http_route_table controls_routes;
extern const struct http_route_table holdings_routes;
extern const struct http_route_table order_list_routes;
extern const struct http_route_table order_events_routes;
extern const struct http_route_table events_routes; /* server/events */

/* All of the above, in this order, and those of Alpaca's API. */
enum { API_TABLE_COUNT = 24 + ALPACA_TABLE_COUNT };
void api_tables(struct http_route_table out[API_TABLE_COUNT]);

/* For operations without query parameters: refuses any. */
enum err api_no_parameters(const struct http_request *r, struct error *e);

#endif
