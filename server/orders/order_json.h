/* A bracket as the API tells it: decimals as strings, times as RFC 3339, every leg with its orders.
 *
 *   {"id", "client_order_id", "status", "close_reason",
 *    "symbol", "occ_symbol", "expiry", "strike", "right", "multiplier", "side", "quantity",
 *    "filled_quantity", "average_fill_price", "open_quantity", "unprotected_quantity",
 *    "realized_pnl",
 *    "entry": {...}, "time_in_force", "take_profit": {...}, "stop_loss": {...}, "protection",
 *    "arm", "flat_at", ...
 *    "legs": [{"leg", "generation", "broker_order_id", "client_order_id", "type", "status",
 *              "quantity", "filled_quantity", "average_fill_price", "limit_price",
 *              "stop_price"}...],
 *    "alarms": [...], "rev", "tracker": {...}, "created_at", "updated_at"}
 *
 * Legs are the orders that were made, oldest first, and one in waiting, of status `held`, for each
 * exit that was asked for and has no live order while the bracket is not final. What is not known,
 * or not asked for, is null.
 */
#ifndef SERVER_ORDERS_ORDER_JSON_H
#define SERVER_ORDERS_ORDER_JSON_H

#include "base/json_writer.h"
#include "orders/desk/desk.h"

enum { ORDER_JSON_BYTES = 16 * 1024 }; /* no order's text is longer */

/* One object. */
void order_json_write(const struct desk_view *view, struct json_writer *w);

#endif
