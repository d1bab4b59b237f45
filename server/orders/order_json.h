/* A bracket as the API tells it: decimals as strings, times as RFC 3339, every leg with its orders.
 *
 *   {"id", "client_order_id", "status", "close_reason", "closing",
 *    "filled_quantity", "average_fill_price", "open_quantity", "unprotected_quantity",
 *    "unprotected_since", "unprotected_reason", "realized_pnl",
 *    "symbol", "occ_symbol", "expiry", "strike", "right", "multiplier", "side", "quantity",
 *    "entry": {...}, "time_in_force", "take_profit": {...}, "stop_loss": {...}, "protection",
 *    "arm", "take_profit_ttl", "quote_max_age", "flat_time", "cutoff_time",
 *    "legs": [{"leg", "generation", "broker_order_id", "client_order_id", "side", "type",
 *              "status", "quantity", "filled_quantity", "average_fill_price", "limit_price",
 *              "stop_price"}...],
 *    "alarms": [...], "reviewed": [...], "rev", "tracker": {...}, "created_at", "updated_at"}
 *
 * Legs are the orders that are kept (orders/bracket.h), by leg and generation. An entry or exit
 * that was asked for and has no order which is live is listed too: as `held` while one may still be
 * made, else, when none ever was, as `canceled` with generation 0. What is not known, or was not
 * asked for, is null; `tracker` is null of an order that is not live any more.
 */
#ifndef SERVER_ORDERS_ORDER_JSON_H
#define SERVER_ORDERS_ORDER_JSON_H

#include "base/json_writer.h"
#include "orders/desk/desk.h"

enum { ORDER_JSON_BYTES = 16 * 1024 }; /* no order's text is longer */

/* One object. */
void order_json_write(const struct desk_view *view, struct json_writer *w);

#endif
