/* Closing at market. What live brackets hold they close themselves, by their market exits, whose
 * place their other exits must leave first; what no bracket holds is sold, or bought back, by a new
 * order. */
#ifndef SERVER_ALPACA_CLOSING_H
#define SERVER_ALPACA_CLOSING_H

#include "orders/order_request.h"
#include "server/alpaca/alpaca_holdings.h"

/* A market order for `quantity` (without sign) of a position. Borrows its symbol. */
void alpaca_closing_request(const struct position *position, int64_t quantity,
                            struct order_request *ret);

/* The order that closes: a bracket's market exit, or else its first order. */
void alpaca_write_closing(const struct desk_view *view, struct json_writer *w);

#endif
