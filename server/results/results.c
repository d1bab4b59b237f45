#include "server/results/results.h"

#include "server/api/api.h"
#include "server/keys.h"

/* clang-format off */
/* One of a finished backtest. */
#define RESULT(path, function, operation) \
    {.method = HTTP_GET, .pattern = "/v1/backtests/{id}/" path, .handler = (function), \
     .scope = KEY_SCOPE_READ, .operation_id = (operation)}
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/backtests/compare", .handler = results_compare,
     .scope = KEY_SCOPE_READ, .operation_id = "compareBacktests"},
    RESULT("fires", results_fires, "listFires"),
    RESULT("fire-map", results_fire_map, "getFireMap"),
    RESULT("by-minute", results_by_minute, "getFiresByMinute"),
    RESULT("by-weekday", results_by_weekday, "getFiresByWeekday"),
    RESULT("by-month", results_by_month, "getFiresByMonth"),
    RESULT("by-symbol", results_by_symbol, "getResultsBySymbol"),
    RESULT("trades", results_trades, "listTrades"),
    RESULT("equity", results_equity, "listEquity"),
    RESULT("report", results_report, "getReport"),
    RESULT("shards", results_shards, "listShards"),
};
/* clang-format on */
const struct http_route_table results_routes = HTTP_ROUTE_TABLE(routes);
