/* Why a part of an open position is without protection, and since when: what an alarm says beside
 * that it is one. bracket_uncovered (bracket.h) says how much it is.
 *
 * Pure; any thread.
 */
#ifndef ORDERS_EXPOSURE_H
#define ORDERS_EXPOSURE_H

#include "orders/bracket.h"

/* clang-format off */
/* code, name, what it says. The first four are of a stop that is watched by us alone. */
#define EXPOSURE_TABLE(X)                                                                          \
    X(NONE, "none", "all of the position is protected")                                            \
    X(NO_QUOTE, "no_quote", "a watched stop: no quote of the contract is known")                   \
    X(STALE_QUOTE, "stale_quote", "a watched stop: the newest quote is older than quote_max_age")  \
    X(BAD_QUOTE, "bad_quote", "a watched stop: the newest quote is one-sided, crossed or no price")\
    X(HALTED, "halted", "a watched stop: trading is halted")                                       \
    X(IN_DOUBT, "exit_in_doubt", "nobody knows whether the broker has the exit: it is asked")      \
    X(PENDING, "exit_pending", "the exit is on its way, the broker has not answered")              \
    X(LATE, "exit_late", "the exit has not filled in its time")                                    \
    X(SHORT, "exit_short", "what works is for less than is open: more is to be sent")              \
    X(REFUSED, "exit_refused", "the broker refused the last exit: it is sent again")               \
    X(LOST, "exit_lost", "the last exit never reached the broker: it is sent again")               \
    X(NO_EXIT, "no_exit", "no exit is under way: one is to be sent")
/* clang-format on */

enum exposure_reason {
#define X(code, name, text) EXPOSURE_##code,
    EXPOSURE_TABLE(X)
#undef X
        EXPOSURE_REASON_COUNT
};
const char *exposure_reason_name(enum exposure_reason reason); /* "?" beyond the table */
const char *exposure_reason_text(enum exposure_reason reason);

struct bracket_exposure {
    enum exposure_reason reason; /* NONE: all is protected, and the rest is 0 */
    int64_t quantity;
    int64_t since_wall_ns; /* UTC, by the clock of now */
    bool alarm;            /* for longer than what is normal between two orders */
};

/* `quote` is the newest of the contract, all zeros = none. */
void bracket_exposure(const struct bracket_state *s, struct order_clock now,
                      const struct order_quote *quote, struct bracket_exposure *ret);

#endif
