/* Words that every order uses: sides, types, times in force, legs, statuses, quotes and clocks.
 *
 * Prices, quantities and cash are int64 at 1e-6 (base/decimal.h). All structs here are plain values
 * without padding.
 */
#ifndef ORDERS_ORDER_H
#define ORDERS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define ORDER_SIDE_TABLE(X)                                                                        \
    X(BUY, "buy")                                                                                  \
    X(SELL, "sell")

#define ORDER_TYPE_TABLE(X)                                                                        \
    X(MARKET, "market")                                                                            \
    X(LIMIT, "limit")                                                                              \
    X(STOP, "stop")                                                                                \
    X(STOP_LIMIT, "stop_limit")

#define TIME_IN_FORCE_TABLE(X)                                                                     \
    X(DAY, "day")                                                                                  \
    X(GTC, "gtc")                                                                                  \
    X(IOC, "ioc")                                                                                  \
    X(FOK, "fok")

/* The letter is the leg's in client order ids. */
#define LEG_TABLE(X)                                                                               \
    X(ENTRY, "entry", 'e')                                                                         \
    X(TAKE_PROFIT, "take_profit", 't')                                                             \
    X(STOP_LOSS, "stop_loss", 's')                                                                 \
    X(EXIT, "exit", 'x')

/* FIX's OrdStatus, and `unknown`: it may be live at the broker, and counts in full in every sum.
 * name, dead: nothing more is expected of it */
#define ORDER_STATUS_TABLE(X)                                                                      \
    X(NONE, "none", false)                                                                         \
    X(PENDING_NEW, "pending_new", false)                                                           \
    X(NEW, "new", false)                                                                           \
    X(PARTIALLY_FILLED, "partially_filled", false)                                                 \
    X(FILLED, "filled", true)                                                                      \
    X(PENDING_CANCEL, "pending_cancel", false)                                                     \
    X(CANCELED, "canceled", true)                                                                  \
    X(EXPIRED, "expired", true)                                                                    \
    X(REJECTED, "rejected", true)                                                                  \
    X(UNKNOWN, "unknown", false)
/* clang-format on */

enum order_side {
#define X(code, name) ORDER_##code,
    ORDER_SIDE_TABLE(X)
#undef X
        ORDER_SIDE_COUNT
};
enum order_type {
#define X(code, name) ORDER_TYPE_##code,
    ORDER_TYPE_TABLE(X)
#undef X
        ORDER_TYPE_COUNT
};
enum time_in_force {
#define X(code, name) TIF_##code,
    TIME_IN_FORCE_TABLE(X)
#undef X
        TIF_COUNT
};
enum leg {
#define X(code, name, letter) LEG_##code,
    LEG_TABLE(X)
#undef X
        LEG_COUNT
};
enum order_status {
#define X(code, name, dead) ORDER_STATUS_##code,
    ORDER_STATUS_TABLE(X)
#undef X
        ORDER_STATUS_COUNT
};

/* Names as in requests and answers; "?" beyond the table. */
const char *order_side_name(enum order_side side);
const char *order_type_name(enum order_type type);
const char *time_in_force_name(enum time_in_force tif);
const char *leg_name(enum leg leg);
char leg_letter(enum leg leg);
const char *order_status_name(enum order_status status);
/* Dead by evidence: filled, canceled, expired or rejected. */
static inline bool order_status_dead(enum order_status status)
{
#define X(code, name, dead) (uint32_t)(dead) << ORDER_STATUS_##code |
    const uint32_t dead_statuses = ORDER_STATUS_TABLE(X) 0;
#undef X
    return (uint32_t)status < ORDER_STATUS_COUNT && (dead_statuses >> (uint32_t)status & 1) != 0;
}

static inline enum order_side order_side_opposite(enum order_side side)
{
    return side == ORDER_BUY ? ORDER_SELL : ORDER_BUY;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* Two times, because a clock on the wall may be set. `steady_ns` measures durations: it is above 0
 * and never falls during the life of a bracket, across restarts too: its keeper goes on from the
 * last stored event. Time that the machine slept through may be missing from it; that makes waits
 * longer, never shorter. */
struct order_clock {
    int64_t wall_ns;   /* UTC since 1970: flat_at, cutoffs, sessions */
    int64_t steady_ns; /* ages, bounds, retries */
};

/* The newest quote that is known; all zeros = none. */
struct order_quote {
    int64_t bid, ask;     /* 1e-6 */
    int64_t at_steady_ns; /* when it held: the time of receipt, less what is known of its delay */
    int32_t halted;       /* 1: trading is halted */
    int32_t reserved;     /* 0 */
};

#pragma GCC diagnostic pop

/* Both sides there, within range, not crossed, not halted, at most max_age_ns old (and not from the
 * future). Nothing is triggered by another quote. */
bool order_quote_usable(const struct order_quote *q, int64_t now_steady_ns, int64_t max_age_ns);

/* quantity * price at 1e-6, rounded half away from zero; saturates at the ends of int64. */
int64_t order_value(int64_t quantity, int64_t price);
/* value / quantity at 1e-6, rounded half away from zero; 0 unless quantity > 0. */
int64_t order_average(int64_t value, int64_t quantity);
/* a + b and a - b, which stop at the ends of int64. */
static inline int64_t order_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}
static inline int64_t order_subtract(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

#endif
