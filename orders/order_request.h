/* The body of POST /v1/orders: one table of fields decodes it, encodes it and words what is wrong
 * with it; settled against a broker's abilities and the calendar it becomes the terms of a bracket.
 *
 *   {"symbol": "AAPL", "expiry": "2026-12-18", "strike": "200", "right": "call", "side": "buy",
 *    "quantity": 2, "entry": {"type": "limit", "limit_price": "5.10"}, "time_in_force": "day",
 *    "take_profit": {"limit_price": "7.00"}, "stop_loss": {"stop_price": "4.00"},
 *    "arm": "partial", "flat_at": "15:45", "client_order_id": "my-1"}
 *
 * The contract is `symbol` alone for a share, with expiry, strike and right for an option, or
 * `occ_symbol`. An entry of type "held" guards a position that is held already (OCO); without exits
 * an entry is a plain order, with one exit an OTO.
 */
#ifndef ORDERS_ORDER_REQUEST_H
#define ORDERS_ORDER_REQUEST_H

#include "base/json_fields.h"
#include "orders/bracket.h"

struct broker_capabilities;
struct calendar; /* engine/bars/calendar.h */

enum { CLIENT_ORDER_ID_BYTES = 128 };
enum { ORDER_ENTRY_HELD = ORDER_TYPE_COUNT }; /* of order_request_entry.type, after the types */

struct order_request_entry {
    int32_t type; /* index into market, limit, stop, stop_limit, held */
    bool has_limit_price, has_stop_price;
    int64_t limit_price, stop_price;
};

/* At most one of each exit's prices and distances is there. */
struct order_request_exit {
    bool has_limit_price, has_stop_price, has_percent, has_offset, has_trail_percent;
    bool has_trail_price;
    int64_t limit_price, stop_price, percent, offset, trail_percent, trail_price;
};

struct order_request {
    /* As decoded; strings live in the arena given. */
    const char *client_order_id; /* NULL = none */
    const char *symbol, *occ_symbol;
    bool has_expiry, has_strike, has_right, has_flat_at, has_cutoff, has_protection, has_ttl;
    bool has_entry, has_take_profit, has_stop_loss, has_quote_max_age;
    int32_t expiry_days, right, side, time_in_force, arm, protection;
    int32_t flat_at_minute; /* by the clock of the market's hours */
    int32_t cutoff_minute;  /* New York */
    int64_t strike, quantity, take_profit_ttl_ns, quote_max_age_ns;
    bool accept_unprotected_if_down;
    struct order_request_entry entry;
    struct order_request_exit take_profit, stop_loss;
};

/* Market entry, day, partial, no exits. */
void order_request_init(struct order_request *r);
/* ERR_INVALID with JSON pointers. */
enum err order_request_decode(const char *text, size_t length, struct arena *arena,
                              struct order_request *ret, struct error *e);
/* The members of the object that the writer is in: what decodes to the same again. */
void order_request_encode(const struct order_request *r, struct json_writer *w);

/* The names that a member of few values takes, in the order of its enum and ended by NULL. There is
 * such a member (asserted). */
const char *const *order_request_choices(const char *member);

/* The request of such terms, for changing some of them: settled again it gives `spec`. Its strings
 * are those of `spec`; it has no client_order_id. */
void order_request_of(const struct bracket_spec *spec, const struct calendar *hours,
                      struct order_request *ret);

/* The terms, checked whole (bracket_spec_check). `hours` and now_ns (UTC) find the day of flat_at:
 * the first session in which that time is still to come, a minute before the close at the latest.
 * ERR_INVALID with a JSON pointer, also for what the broker cannot do. */
enum err order_request_settle(const struct order_request *r,
                              const struct broker_capabilities *capabilities,
                              const struct calendar *hours, int64_t now_ns,
                              struct bracket_spec *ret, struct error *e);

#endif
