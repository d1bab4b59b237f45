/* A bracket as a value: its terms, the orders at the broker that serve it, and where it stands.
 *
 * `struct bracket_state` is everything that the machine knows. It is the fold of the bracket's
 * events (step.h), is plain and of fixed size, holds no padding and no pointer, and so is compared,
 * hashed and copied as bytes. What should be done now is derived from it (derive.h).
 *
 * Words: E entry filled, X exits filled, P = E - X - what was closed outside, the open position;
 * all are positive for a short position too, the side is the spec's. Quantities count what is
 * known: an order that may be live counts in full.
 *
 * Plain values; any thread.
 */
#ifndef ORDERS_BRACKET_H
#define ORDERS_BRACKET_H

#include "base/uuid.h"
#include "orders/contract.h"
#include "orders/order.h"

/* clang-format off */

/* How the exits are kept. orders.md of the docs compares them. */
#define PROTECTION_TABLE(X)                                                                        \
    X(RESTING_STOP, "resting_stop") /* the stop rests at the broker, the take profit is watched */ \
    X(RESTING_BOTH, "resting_both") /* both rest, as one native OCO of the broker */               \
    X(WATCHED, "watched")           /* neither rests: triggered by quotes that we see */

/* partial: each filled part of the entry is protected at once; full: when the entry is done. */
#define ARM_TABLE(X)                                                                               \
    X(PARTIAL, "partial")                                                                          \
    X(FULL, "full")

#define EXIT_KIND_TABLE(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(PRICE, "price")                                                                              \
    X(PERCENT, "percent")             /* of the entry's average price */                           \
    X(OFFSET, "offset")               /* from the entry's average price */                         \
    X(TRAIL_PERCENT, "trail_percent") /* from the best price since the entry; stop loss only */    \
    X(TRAIL_PRICE, "trail_price")

#define BRACKET_STATUS_TABLE(X)                                                                    \
    X(NONE, "none")                 /* before the first event */                                   \
    X(SUBMITTING, "submitting")     /* the entry is not known to be at the broker */               \
    X(WORKING, "working")           /* the entry is live, nothing is open */                       \
    X(PROTECTING, "protecting")     /* a position is open and its protection stands */             \
    X(CLOSING, "closing")           /* the position, or what is left of the orders, is ended */    \
    X(CLOSED, "closed")             /* P = 0, no live exit, entry dead, each by evidence */        \
    X(CANCELED, "canceled")         /* nothing was filled */                                       \
    X(EXPIRED, "expired")           /* the same */                                                 \
    X(REJECTED, "rejected")         /* the same */                                                 \
    X(UNPROTECTED, "unprotected")   /* alarm: open without what should protect it; see grace */    \
    X(NEEDS_REVIEW, "needs_review") /* alarm: the facts contradict each other; a person decides */

#define CLOSE_REASON_TABLE(X)                                                                      \
    X(NONE, "none")                                                                                \
    X(TAKE_PROFIT, "take_profit")                                                                  \
    X(STOP_LOSS, "stop_loss")                                                                      \
    X(TIME_EXIT, "time_exit")                                                                      \
    X(EXPIRY, "expiry")                                                                            \
    X(MANUAL, "manual")                                                                            \
    X(EXTERNAL, "external")

/* Why a dead order is dead. Only BROKER was said by a report on the order itself; a later report
 * revives what died of anything else. */
#define DEATH_TABLE(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(BROKER, "broker")     /* a report: filled, canceled, expired, rejected */                    \
    X(REFUSED, "refused")   /* the submit was rejected */                                          \
    X(HELD, "held")         /* the submit was rejected: another order holds the quantity */        \
    X(NOT_SENT, "not_sent") /* the submit never left */                                            \
    X(ABSENT, "absent")     /* two clean listings after the broker's bound do not have it */

/* Why there will be no further entry, beside what became of its orders. */
#define ENTRY_END_TABLE(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(CANCEL, "cancel") /* asked for, or an exit has filled */                                     \
    X(TIME, "time")     /* flat_at, or the contract's cutoff */

/* What a person has to look at; bits of bracket_state.review. */
#define REVIEW_TABLE(X)                                                                            \
    X(OVER_CLOSE, 0, "over_close")     /* exits filled more than the entry: frozen */              \
    X(OVER_ENTRY, 1, "over_entry")     /* the entry filled more than was asked */                  \
    X(STRAY, 2, "stray")               /* the broker has an order of ours that we never made */    \
    X(UNTRACKED, 3, "untracked")       /* a report on an order that is no longer kept */           \
    X(EXPIRED_OPEN, 4, "expired_open") /* the contract ended with a position open */
/* clang-format on */

enum protection {
#define X(code, name) PROTECTION_##code,
    PROTECTION_TABLE(X)
#undef X
        PROTECTION_COUNT
};
enum arm {
#define X(code, name) ARM_##code,
    ARM_TABLE(X)
#undef X
        ARM_COUNT
};
enum exit_kind {
#define X(code, name) EXIT_##code,
    EXIT_KIND_TABLE(X)
#undef X
        EXIT_KIND_COUNT
};
enum bracket_status {
#define X(code, name) BRACKET_##code,
    BRACKET_STATUS_TABLE(X)
#undef X
        BRACKET_STATUS_COUNT
};
enum close_reason {
#define X(code, name) CLOSE_##code,
    CLOSE_REASON_TABLE(X)
#undef X
        CLOSE_REASON_COUNT
};
enum death {
#define X(code, name) DEATH_##code,
    DEATH_TABLE(X)
#undef X
        DEATH_COUNT
};
enum entry_end {
#define X(code, name) ENTRY_END_##code,
    ENTRY_END_TABLE(X)
#undef X
        ENTRY_END_COUNT
};
enum review {
#define X(code, bit, name) REVIEW_##code = 1 << (bit),
    REVIEW_TABLE(X)
#undef X
};

const char *protection_name(enum protection protection);
const char *arm_name(enum arm arm);
const char *exit_kind_name(enum exit_kind kind);
const char *bracket_status_name(enum bracket_status status);
const char *close_reason_name(enum close_reason reason);
const char *death_name(enum death death);
/* Nothing will happen any more unless the broker reports something new. */
bool bracket_status_final(enum bracket_status status);

enum {
    BRACKET_ORDERS_MAX = 12,     /* orders kept one by one; older dead ones are folded into sums */
    BRACKET_ENTRY_TRIES = 5,     /* of an entry whose submits never left */
    BRACKET_EXIT_TTL_S = 10,     /* an exit in flight for longer protects nothing */
    BRACKET_EXIT_PATIENCE_S = 1, /* then a market exit for less than is open makes room for all */
    BRACKET_GRACE_MS = 2000,     /* open for longer without protection is `unprotected` */
    /* The same of a stop that we watch alone, while no quote can be used. It is shorter, as a quote
     * may have been old already: this is for one that comes a moment after the fill. */
    BRACKET_BLIND_GRACE_MS = 500,
    BRACKET_RETRY_MAX_S = 30, /* 1, 2, 4 ... s between the submits of an exit that is refused */
    BRACKET_CANCEL_RETRY_S = 2,
};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct exit_terms {
    enum exit_kind kind;
    int32_t reserved;    /* 0 */
    int64_t value;       /* a price, a percent (1 = 1 %) or an offset, 1e-6 */
    int64_t limit_price; /* of a stop loss that is a stop limit; 0 = a plain stop */
};

/* What was asked, and what of the broker's abilities the machine must know. Made by
 * order_request.h, replaced as a whole by a modification. */
struct bracket_spec {
    struct contract contract;
    enum order_side side;
    enum order_type entry_type;
    enum time_in_force time_in_force; /* of the entry */
    enum time_in_force exit_time_in_force;
    enum protection protection;
    enum arm arm;
    int32_t
        adopts_position; /* 1: no entry; the exits guard `quantity` that is already held (OCO) */
    int32_t reserved;    /* 0 */
    int64_t quantity;
    int64_t limit_price; /* of the entry; 0 where its type has none */
    int64_t stop_price;
    struct exit_terms take_profit; /* PRICE, PERCENT, OFFSET or NONE */
    struct exit_terms stop_loss;
    int64_t flat_ns; /* UTC; ends the bracket at market; 0 = never */
    int64_t
        take_profit_ttl_ns;   /* how long a watched take profit may take before the stop returns */
    int64_t quote_max_age_ns; /* older quotes trigger nothing */
    int64_t not_found_bound_ns; /* the broker's: a submit may be invisible for that long */
};

/* One order at the broker, or on its way there. `generation` 0 is a free place; else the order is
 * named by (leg, generation) and never changes its terms. */
struct leg_order {
    enum leg leg;
    int32_t generation;
    enum order_status status;
    enum death death;
    enum order_type type;
    int32_t paired;       /* generation of the other leg of one native OCO; 0 = not one */
    int32_t cancel_calls; /* 1 while the outcome of a cancel is awaited */
    int32_t replacing;    /* 1: canceled by us to make room for new terms, not to end the leg */
    int64_t quantity;
    int64_t limit_price;
    int64_t stop_price;
    /* As reported; each only grows. What counts is filled - busted. */
    int64_t filled, filled_value;
    int64_t busted, busted_value;
    int64_t sent_ns;   /* steady: the submit was committed */
    int64_t lost_ns;   /* steady: the submit's answer was given up; 0 = it was not */
    int64_t cancel_ns; /* steady: the newest cancel was committed; 0 = none, or lost at a restart */
    int64_t seen_ns;   /* steady: the newest time at which the broker is known to have had it */
    int64_t absent_ns; /* steady: the first of the clean listings without it; 0 = none */
};

/* What is kept of a leg beside its orders. */
struct leg_ledger {
    int32_t generation;            /* the newest ever made */
    int32_t folded_generation;     /* the newest whose fills are only in the sums below */
    int32_t refusals;              /* in a row */
    int32_t reserved;              /* 0 */
    int64_t retry_ns;              /* steady: no submit before */
    int64_t folded, folded_busted; /* quantities of the orders that are no longer kept */
    int64_t folded_value;          /* net of busts */
};

struct bracket_state {
    struct uuid id;
    struct bracket_spec spec;
    enum bracket_status status;
    enum close_reason close_reason; /* what closed it, once it is closed */
    enum close_reason closing;      /* why it is being flattened; NONE = it is not */
    enum entry_end entry_end;       /* why there will be no further entry */
    int32_t paused;                 /* 1: the kill switch is on: no entry */
    uint32_t review;                /* REVIEW_ bits that hold */
    uint32_t latched;               /* of them, those that no later fact takes away */
    uint32_t reviewed;              /* of them, those that a person has taken note of */
    int32_t blind;    /* 1: the stop is watched by us alone, and no quote can be used for that */
    int32_t reserved; /* 0 */
    struct leg_order orders[BRACKET_ORDERS_MAX];
    struct leg_ledger legs[LEG_COUNT];
    int64_t external;   /* closed outside, as reconciliation found; only grows */
    int64_t anchor;     /* best price since the entry, by which the stop trails; 0 = none yet */
    int64_t attempt_ns; /* steady: a watched take profit was triggered; 0 = none runs */
    int64_t
        uncovered_ns; /* steady: since when the open position lacks protection; 0 = it does not */
    int64_t reconcile_ns; /* steady: no exit before a reconciliation begun later; 0 = none needed */
    int64_t reconciled_ns;   /* steady: the beginning of the newest complete reconciliation */
    int64_t session_open_ns; /* UTC; outside the session no exit is sent. 0, 0 = always open */
    int64_t session_close_ns;
};
#pragma GCC diagnostic pop

/* Whether a bracket of these terms makes sense at all: everything that can be told without a
 * broker, a risk limit or a clock. ERR_INVALID with a JSON pointer of the request's. */
enum err bracket_spec_check(const struct bracket_spec *spec, struct error *e);

/* All zeros: the state before the first event. */
void bracket_state_init(struct bracket_state *s);

/* ---- looking --------------------------------------------------------------------------------- */

/* The order, or NULL when it is not kept. */
const struct leg_order *bracket_find(const struct bracket_state *s, enum leg leg,
                                     int32_t generation);
/* The newest order of the leg that is not dead, or NULL. */
const struct leg_order *bracket_live(const struct bracket_state *s, enum leg leg);

/* Sums over all orders. Saturating, so that no state whatever is undefined. */
struct bracket_sums {
    int64_t entered, entered_value;   /* E */
    int64_t exited, exited_value;     /* X */
    int64_t open;                     /* P, below 0 when over-closed */
    int64_t entry_reserved;           /* entries that may be live in full, filled of dead */
    int64_t exit_reserved;            /* the same of exits; a native OCO counts once */
    int64_t exit_room;                /* what the guard leaves for a new exit, may be < 0 */
    int32_t entries_live, exits_live; /* orders that are not dead */
    int64_t filled[LEG_COUNT], value[LEG_COUNT]; /* net of busts */
};
void bracket_sum(const struct bracket_state *s, struct bracket_sums *ret);

/* No entry is live, and none will be sent any more. */
bool bracket_entry_done(const struct bracket_state *s, const struct bracket_sums *sums);

/* A position is open whose stop is at no broker: it is protected by our watching quotes alone. */
bool bracket_watches(const struct bracket_state *s, const struct bracket_sums *sums);

/* What of the open position is covered by nothing: a working stop, an exit in flight within its
 * time, or watching with quotes that can be used, where that was asked for. */
int64_t bracket_uncovered(const struct bracket_state *s, const struct bracket_sums *sums,
                          struct order_clock now);
/* Within the session that was told last, or none was told. */
bool bracket_market_open(const struct bracket_state *s, struct order_clock now);

/* What the API shows. */
struct bracket_summary {
    int64_t filled_quantity, average_fill_price; /* of the entry */
    int64_t open_quantity, unprotected_quantity;
    int64_t
        realized_pnl; /* cash, times the multiplier; 0 of a held position: its cost is unknown */
};
void bracket_summarize(const struct bracket_state *s, struct order_clock now,
                       struct bracket_summary *ret);

/* What happened between two states that someone must be told of at once. */
enum bracket_alert {
    ALERT_UNPROTECTED = 1 << 0,  /* became unprotected */
    ALERT_REVIEW = 1 << 1,       /* a new reason for a review */
    ALERT_LATE_FILL = 1 << 2,    /* a dead order filled further */
    ALERT_REOPENED = 1 << 3,     /* was final, and is not any more */
    ALERT_BUST = 1 << 4,         /* a fill was taken back */
    ALERT_EXIT_REFUSED = 1 << 5, /* the broker refused an exit */
    ALERT_EXIT_LOST = 1 << 6,    /* an exit never reached the broker; another is sent */
    ALERT_PROTECTED = 1 << 7,    /* is not unprotected any more */
};
uint32_t bracket_alerts(const struct bracket_state *before, const struct bracket_state *after);

#endif
