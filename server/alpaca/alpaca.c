#include "server/alpaca/alpaca.h"

#include <string.h>

void alpaca_tables(struct http_route_table out[ALPACA_TABLE_COUNT])
{
    const struct http_route_table tables[ALPACA_TABLE_COUNT] = {
        alpaca_order_routes,      alpaca_change_routes,   alpaca_list_routes,
        alpaca_cancel_all_routes, alpaca_position_routes, alpaca_close_routes,
        alpaca_close_all_routes,  alpaca_account_routes,  alpaca_market_routes,
        alpaca_asset_routes,
    };
    memcpy(out, tables, sizeof tables);
}
