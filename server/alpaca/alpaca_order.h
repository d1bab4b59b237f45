/* A bracket as the orders that Alpaca would make of it.
 *
 *   a plain entry            one order, simple
 *   an entry with one exit   oto: the entry, and its leg
 *   an entry with both       bracket: the entry, and its legs
 *   a held position          oco: the take profit, and the stop loss as its leg; simple with one
 *                            exit alone
 *
 * and, once the position was flattened at market, a further simple order for that. Orders at the
 * broker come and go behind a leg, as its stop is moved or resized; here it is one order, with the
 * sums of all that served it, from the acceptance until the bracket has ended.
 *
 * Plain values; pure.
 */
#ifndef SERVER_ALPACA_ORDER_H
#define SERVER_ALPACA_ORDER_H

#include "base/json_writer.h"
#include "orders/order_store.h"

/* clang-format off */
/* code, name, whether `?status=open` has it */
#define ALPACA_STATUS_TABLE(X)                                                                     \
    X(ACCEPTED, "accepted", true)           /* on disk here, not known to be at the broker */      \
    X(PENDING_NEW, "pending_new", true)     /* on its way, or nobody knows whether it arrived */   \
    X(NEW, "new", true)                                                                            \
    X(PARTIALLY_FILLED, "partially_filled", true)                                                  \
    X(HELD, "held", true)                   /* a leg that is not at the broker now */              \
    X(PENDING_CANCEL, "pending_cancel", true)                                                      \
    X(PENDING_REPLACE, "pending_replace", true)                                                    \
    X(FILLED, "filled", false)                                                                     \
    X(CANCELED, "canceled", false)                                                                 \
    X(EXPIRED, "expired", false)                                                                   \
    X(REJECTED, "rejected", false)

#define ALPACA_CLASS_TABLE(X)                                                                      \
    X(SIMPLE, "simple")                                                                            \
    X(BRACKET, "bracket")                                                                          \
    X(OCO, "oco")                                                                                  \
    X(OTO, "oto")

/* The first are those of enum order_type, in its order. */
#define ALPACA_TYPE_TABLE(X)                                                                       \
    X(MARKET, "market")                                                                            \
    X(LIMIT, "limit")                                                                              \
    X(STOP, "stop")                                                                                \
    X(STOP_LIMIT, "stop_limit")                                                                    \
    X(TRAILING_STOP, "trailing_stop")
/* clang-format on */

enum alpaca_status {
#define X(code, name, open) ALPACA_##code,
    ALPACA_STATUS_TABLE(X)
#undef X
};
enum alpaca_class {
#define X(code, name) ALPACA_CLASS_##code,
    ALPACA_CLASS_TABLE(X)
#undef X
};
enum alpaca_type {
#define X(code, name) ALPACA_TYPE_##code,
    ALPACA_TYPE_TABLE(X)
#undef X
};

const char *alpaca_status_name(enum alpaca_status status);
bool alpaca_status_open(enum alpaca_status status);

struct alpaca_order {
    struct uuid id;
    enum leg leg;
    enum alpaca_status status;
    enum alpaca_type type;
    enum order_side side;
    enum time_in_force time_in_force;
    int64_t quantity, filled, average_price; /* 1e-6; the average is 0 while nothing is filled */
    int64_t limit_price, stop_price;         /* 0 = none, or not known yet */
    int64_t trail_percent, trail_price, high_water_mark;   /* 0 = none */
    int64_t created_ns, updated_ns;                        /* UTC */
    int64_t filled_ns, canceled_ns, expired_ns, failed_ns; /* UTC; 0 = it has not come to that */
};

enum { ALPACA_ORDERS_MAX = LEG_COUNT };

struct alpaca_group {
    struct uuid bracket;
    char client_order_id[CLIENT_ORDER_ID_BYTES + 1]; /* of the first; "" = none was given */
    char symbol[LIMIT_SYMBOL_BYTES];
    bool option, held;
    enum alpaca_class order_class;
    /* The first, then its legs, then the market exit. */
    struct alpaca_order orders[ALPACA_ORDERS_MAX];
    size_t count;     /* of all, 1 or more; 0 before the first event */
    size_t leg_count; /* of them, the first's legs */
};

/* The orders of a state, all of whose times are those of the header. */
void alpaca_group_make(const struct order_header *header, const struct bracket_state *state,
                       struct alpaca_group *ret);
/* The same with the times at which it came about, out of the stored events. DATA when the chain is
 * broken. ret_state: NULL allowed. */
enum err alpaca_group_fold(const struct stored_order *stored, struct alpaca_group *ret,
                           struct bracket_state *ret_state, struct error *e);

/* NULL when it is none of the group's. */
const struct alpaca_order *alpaca_group_find(const struct alpaca_group *group,
                                             const struct uuid *order);
/* Any of its orders. */
bool alpaca_group_open(const struct alpaca_group *group);

/* One order as Alpaca's object. With `nested` the first has its legs in "legs", else that is null.
 */
void alpaca_order_write(const struct alpaca_group *group, const struct alpaca_order *order,
                        bool nested, struct json_writer *w);

#endif
