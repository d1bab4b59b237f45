/* What happens to a bracket, as values: each event is stored before its effects, and a bracket's
 * state is the fold of its events.
 *
 * Every event carries the clock at which it was taken and the newest quote, so that nothing outside
 * the event log has a say. A TICK that changes nothing (compare the states' bytes) need not be
 * stored; every other event that step() was given is.
 *
 * Reports are cumulative: an adapter tells what the order amounts to, never what was added.
 * `filled` is gross, `busted` what the broker took back of it; both only grow, and the core keeps
 * the greatest seen, so that duplicates and reordering change nothing.
 */
#ifndef ORDERS_ORDER_EVENT_H
#define ORDERS_ORDER_EVENT_H

#include "base/error.h"
#include "orders/bracket.h"
#include "orders/outcome.h"

/* clang-format off */
/* code, name, the members that it uses beside type, clock and quote */
#define ORDER_EVENT_TABLE(X)                                                                       \
    X(TICK, "tick")                       /* time and quote alone */                               \
    X(ACCEPTED, "accepted")               /* id, spec: the first event; another one is ignored */  \
    X(MODIFIED, "modified")               /* spec: as a whole, checked by bracket_may_modify */    \
    X(CANCEL_REQUESTED, "cancel_requested") /* no further entry */                                 \
    X(CLOSE_REQUESTED, "close_requested") /* no further entry, and flat at market */               \
    X(PAUSED, "paused")                   /* kill switch on */                                     \
    X(RESUMED, "resumed")                 /* kill switch off */                                    \
    X(SESSION, "session")                 /* from_ns, to_ns: the session that is or comes next */  \
    X(SUBMIT, "submit")                   /* leg, generation, paired, order_type, quantity,
                                             limit_price, stop_price, second_price: an intent */   \
    X(SUBMIT_OUTCOME, "submit_outcome")   /* leg, generation, outcome, reject */                   \
    X(CANCEL, "cancel")                   /* leg, generation, replacing: an intent */              \
    X(CANCEL_OUTCOME, "cancel_outcome")   /* leg, generation, outcome, reject */                   \
    X(REPORT, "report")                   /* leg, generation, status, order_type, quantity, filled,
                                             filled_value, busted, busted_value, from_ns */        \
    X(ABSENT, "absent")                   /* leg, generation, from_ns: a clean, complete answer,
                                             asked for at from_ns (steady), does not have it */    \
    X(RECONCILED, "reconciled")           /* from_ns: all orders and positions, asked for at from_ns
                                             (steady), were told by events before this one */      \
    X(EXTERNAL, "external")               /* filled: of the position, closed outside; cumulative */\
    X(RESTARTED, "restarted")             /* calls under way have lost their outcome */            \
    X(REVIEWED, "reviewed")               /* a person has taken note of the review's reasons */
/* clang-format on */

enum order_event_type {
#define X(code, name) EVENT_##code,
    ORDER_EVENT_TABLE(X)
#undef X
        EVENT_COUNT
};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
/* Members that a type does not use are 0. */
struct order_event {
    enum order_event_type type;
    enum leg leg;
    struct order_clock clock;
    struct order_quote quote;
    int32_t generation;
    int32_t paired;    /* SUBMIT of a native OCO: leg TAKE_PROFIT, and the STOP_LOSS's generation */
    int32_t replacing; /* CANCEL: to make room for new terms */
    enum order_type order_type;
    enum outcome outcome;
    enum reject reject;
    enum order_status status; /* REPORT: NEW for everything that is live, or a dead status */
    int32_t reserved;         /* 0 */
    int64_t quantity;
    int64_t limit_price;
    int64_t stop_price;
    int64_t second_price; /* SUBMIT of a native OCO: the stop's limit price; 0 = a plain stop */
    int64_t filled, filled_value;
    int64_t busted, busted_value;
    int64_t from_ns, to_ns;
    struct uuid id;
    struct bracket_spec spec; /* ACCEPTED, MODIFIED */
};
#pragma GCC diagnostic pop

/* All zeros but these. */
void order_event_init(struct order_event *e, enum order_event_type type, struct order_clock clock);
const char *order_event_name(enum order_event_type type);

/* ---- as bytes -------------------------------------------------------------------------------- */

/* The encoding is canonical: one event has one form, and what decodes encodes to the same bytes. It
 * names its version, and every version that was ever stored decodes. Two events are the same if and
 * only if their bytes are. */
enum { ORDER_EVENT_VERSION = 1, ORDER_EVENT_BYTES_MAX = 768 };

/* Returns the number of bytes written. */
size_t order_event_encode(const struct order_event *e, unsigned char out[ORDER_EVENT_BYTES_MAX]);
/* ERR_DATA when the bytes are no event in canonical form, all of them. */
enum err order_event_decode(const void *bytes, size_t size_bytes, struct order_event *ret,
                            struct error *e);

#endif
