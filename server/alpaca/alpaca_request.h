/* The bodies of POST and PATCH /v2/orders, and what they are as terms of a bracket.
 *
 *   order_class   what it becomes
 *   simple        an entry without exits; of type trailing_stop the guard of a held position
 *   bracket       an entry with take profit and stop loss
 *   oto           an entry with one of them
 *   oco           a held position with both; `side` is the exits', so the position's is the other
 *
 * What is not to be had is refused, never left out: notional and fractional quantities, extended
 * hours, opg and cls, crypto, orders of several contracts (mleg).
 */
#ifndef SERVER_ALPACA_REQUEST_H
#define SERVER_ALPACA_REQUEST_H

#include "orders/order_request.h"
#include "server/alpaca/alpaca_order.h"

/* Texts live in the arena. INVALID (a field) or DATA (not to be had). */
enum err alpaca_request_decode(const char *text, size_t length, struct arena *arena,
                               struct order_request *ret, struct error *e);

struct alpaca_replacement {
    bool has_quantity, has_time_in_force, has_limit_price, has_stop_price, has_trail;
    const char *client_order_id;
    int32_t time_in_force; /* index into Alpaca's: day, gtc, ioc, fok, opg, cls */
    int64_t quantity, limit_price, stop_price, trail;
};

enum err alpaca_replacement_decode(const char *text, size_t length, struct arena *arena,
                                   struct alpaca_replacement *ret, struct error *e);

/* The terms of the bracket in `state` with the changes made to one of its orders. INVALID for what
 * that order does not have; DATA when nothing would change, or it cannot be replaced. */
enum err alpaca_replacement_apply(const struct alpaca_replacement *replacement,
                                  const struct bracket_state *state, enum leg leg,
                                  struct bracket_spec *ret, struct error *e);

#endif
