/* /v2: Alpaca's Trading API on the desk, so that a client of Alpaca works here with another base
 * URL. docs/alpaca.md tells what is the same and what is not.
 *
 * The handlers read brackets out of their stored events and not from memory: the times of fills are
 * there. So they block, and run on `api-N` threads.
 */
#ifndef SERVER_ALPACA_H
#define SERVER_ALPACA_H

#include "server/http/route.h"

extern const struct http_route_table alpaca_order_routes;
extern const struct http_route_table alpaca_change_routes;
extern const struct http_route_table alpaca_list_routes;
extern const struct http_route_table alpaca_cancel_all_routes;
extern const struct http_route_table alpaca_position_routes;
extern const struct http_route_table alpaca_close_routes;
extern const struct http_route_table alpaca_close_all_routes;
extern const struct http_route_table alpaca_account_routes;
extern const struct http_route_table alpaca_market_routes;
extern const struct http_route_table alpaca_asset_routes;

/* Of bodies: JSON, also under the name that curl gives to everything, as scripts for Alpaca do. */
#define ALPACA_BODY_TYPES "application/json, application/x-www-form-urlencoded"

/* All of the above. */
enum { ALPACA_TABLE_COUNT = 10 };
void alpaca_tables(struct http_route_table out[ALPACA_TABLE_COUNT]);

#endif
