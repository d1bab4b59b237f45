/* What should be done now, out of a state alone: level triggered, so that after a restart it is
 * enough to fold the events and derive again.
 *
 * An action that changes state at the broker becomes real in this order: its intent (an event,
 * bracket_action_intent) is given to step() and committed; only if the state then has the order, or
 * the cancel, is the broker called; the outcome comes back as an event. Once the intents are
 * stepped, derive() asks for none of it again.
 */
#ifndef ORDERS_DERIVE_H
#define ORDERS_DERIVE_H

#include "orders/order_event.h"

/* clang-format off */
#define ACTION_TABLE(X)                                                                            \
    X(SUBMIT, "submit")         /* a new order; two legs in one when `paired` */                   \
    X(CANCEL, "cancel")         /* cancel it; of a native OCO: both legs */                        \
    X(QUERY, "query")           /* resolve an unknown order by its client order id */              \
    X(RECONCILE, "reconcile")   /* list all orders and positions, then RECONCILED */
/* clang-format on */

enum action_kind {
#define X(code, name) ACTION_##code,
    ACTION_TABLE(X)
#undef X
        ACTION_COUNT
};
const char *action_name(enum action_kind kind);

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
struct bracket_action {
    enum action_kind kind;
    enum leg leg;
    int32_t generation;
    int32_t paired; /* SUBMIT, CANCEL: generation of the stop loss in the same native OCO, or 0 */
    int32_t replacing; /* CANCEL */
    enum order_side side;
    enum order_type type;
    enum time_in_force time_in_force;
    int64_t quantity;
    int64_t limit_price;  /* 0 where the type has none; of a native OCO: the take profit's */
    int64_t stop_price;   /* of a native OCO: the stop loss's */
    int64_t second_price; /* of a native OCO: the stop loss's limit price, 0 = a plain stop */
};
#pragma GCC diagnostic pop

enum { BRACKET_ACTIONS_MAX = 2 * BRACKET_ORDERS_MAX + 4 };

/* Returns how many; in the order in which they matter: protection, cancels, entries, queries. */
size_t bracket_derive(const struct bracket_state *s, struct order_clock now,
                      struct bracket_action out[BRACKET_ACTIONS_MAX]);

/* The event that must be stepped and committed before the action is carried out. false for QUERY
 * and RECONCILE, which change nothing at the broker and have none. */
bool bracket_action_intent(const struct bracket_action *a, struct order_clock clock,
                           struct order_event *ret);

/* Whether the stepped state holds what the intent announced, so that the broker may be called. A
 * false is never an error: the guard refused, or the event came twice. */
bool bracket_action_stands(const struct bracket_state *s, const struct bracket_action *a);

/* The steady time at which deriving or ticking again can bring something new without any event, or
 * INT64_MAX; wall-clock instants are turned by the difference of the two clocks. */
int64_t bracket_next_steady_ns(const struct bracket_state *s, struct order_clock now);
/* The same of this quote, for a position that is protected by our watching alone: when a tick with
 * it makes the bracket blind or makes it see again. */
int64_t bracket_sight_changes_ns(const struct bracket_state *s, const struct order_quote *q,
                                 struct order_clock now);

#endif
