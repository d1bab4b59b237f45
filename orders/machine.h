/* What the parts of the machine share: step, settle, derive. Private to orders/. */
#ifndef ORDERS_MACHINE_H
#define ORDERS_MACHINE_H

#include "base/clock.h"
#include "orders/order_event.h"
#include "orders/transitions.h"

static inline int64_t order_greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* filled - busted */
static inline int64_t leg_order_net(const struct leg_order *o)
{
    return order_subtract(o->filled, o->busted);
}

/* What may still fill. */
static inline int64_t leg_order_remaining(const struct leg_order *o)
{
    int64_t rest = order_subtract(o->quantity, o->filled);
    return rest > 0 ? rest : 0;
}

static inline bool leg_order_live(const struct leg_order *o)
{
    return o->generation > 0 && !order_status_dead(o->status);
}

/* The broker has it, as far as is known, and can be asked to cancel it. */
static inline bool leg_order_working(const struct leg_order *o)
{
    return o->status == ORDER_STATUS_NEW || o->status == ORDER_STATUS_PARTIALLY_FILLED ||
           o->status == ORDER_STATUS_PENDING_CANCEL;
}

static inline struct leg_order *leg_order_find(struct bracket_state *s, enum leg leg,
                                               int32_t generation)
{
    return (struct leg_order *)bracket_find(s, leg, generation);
}

/* Moves the order by the table. `death` is why, should it be dead afterwards. */
void leg_order_move(struct bracket_state *s, struct leg_order *o, enum order_signal signal,
                    enum death death, const struct order_event *e);

/* A cleared place for a new order, or NULL. */
struct leg_order *bracket_take_place(struct bracket_state *s);
/* How many can be had. */
size_t bracket_places_left(const struct bracket_state *s);

/* Handlers of step.c that are files of their own. */
void step_report(struct bracket_state *s, const struct order_event *e);
void step_absent(struct bracket_state *s, const struct order_event *e);

/* The newest order of the leg, or NULL. */
const struct leg_order *bracket_newest(const struct bracket_state *s, enum leg leg);

/* The other leg of the same native OCO, or NULL. */
const struct leg_order *bracket_partner(const struct bracket_state *s, const struct leg_order *o);

/* Whether the machine looks after the position at all: a plain entry without exits is left to who
 * asked for it. */
static inline bool bracket_manages(const struct bracket_state *s)
{
    return s->spec.take_profit.kind != EXIT_NONE || s->spec.stop_loss.kind != EXIT_NONE ||
           s->spec.flat_ns || s->closing;
}

/* A position that was held before is given back to who held it. */
static inline bool bracket_released(const struct bracket_state *s, const struct bracket_sums *sums)
{
    return s->spec.adopts_position && s->entry_end == ENTRY_END_CANCEL && !s->closing &&
           sums->open > 0;
}

/* Whether the exits stand for what is filled by now; see `arm`. */
bool bracket_armed(const struct bracket_state *s, const struct bracket_sums *sums);

/* After each event: what time and quote bring about, the reasons for a review, the status. */
void bracket_settle(struct bracket_state *s, const struct order_event *e);

/* REVIEW_ bits of the facts and of what is latched. */
uint32_t bracket_review(const struct bracket_state *s, const struct bracket_sums *sums,
                        struct order_clock now);

/* The wall clock has come to an instant that is set (not 0). */
static inline bool instant_passed(int64_t instant_ns, struct order_clock now)
{
    return instant_ns && now.wall_ns >= instant_ns;
}

/* No entry is sent from the cutoff or flat_at on, no order at all once the contract has ended. */
static inline bool too_late_for(const struct bracket_state *s, enum leg leg, struct order_clock now)
{
    return instant_passed(s->spec.contract.end_ns, now) ||
           (leg == LEG_ENTRY && (instant_passed(s->spec.contract.cutoff_ns, now) ||
                                 instant_passed(s->spec.flat_ns, now)));
}

/* The stop is watched by us alone, within the session, and the quote can trigger nothing. */
bool bracket_is_blind(const struct bracket_state *s, const struct bracket_sums *sums,
                      const struct order_quote *q, struct order_clock now);

/* For how long an exit that is no stop covers what it is for. */
static inline int64_t bracket_exit_ttl_s(const struct bracket_state *s, const struct leg_order *o)
{
    return o->leg == LEG_EXIT ? BRACKET_EXIT_TTL_S : s->spec.take_profit_ttl_ns / NS_PER_SECOND;
}

/* For how long a position without cover is no alarm yet. */
static inline int64_t bracket_grace_ns(const struct bracket_state *s)
{
    return (s->blind ? BRACKET_BLIND_GRACE_MS : BRACKET_GRACE_MS) * NS_PER_MS;
}

/* Seconds after a steady instant that is set (not 0) have passed. */
static inline bool seconds_passed(int64_t since_ns, int64_t seconds, struct order_clock now)
{
    return since_ns && order_subtract(now.steady_ns, since_ns) >= seconds * NS_PER_SECOND;
}

#endif
