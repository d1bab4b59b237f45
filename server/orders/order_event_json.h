/* What an event of an order says, as JSON: the `detail` of GET /v1/orders/{id}/events and of
 * GET /v1/events. Only what its type uses is told; decimals are strings, times RFC 3339.
 */
#ifndef SERVER_ORDERS_ORDER_EVENT_JSON_H
#define SERVER_ORDERS_ORDER_EVENT_JSON_H

#include "base/json_writer.h"
#include "orders/order_event.h"

/* The members `symbol` and `occ_symbol` (null of a share) of a contract, as an order's answer has
 * them. */
void order_symbol_members(const char *contract_symbol, struct json_writer *w);
/* One object. */
void order_event_json(const struct order_event *event, struct json_writer *w);

#endif
