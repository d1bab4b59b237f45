/* What the broker tells of an order, or that it does not know it, as bracket_step takes it in: the
 * handlers of reports and of absences. */
#include "orders/client_id.h"
#include "orders/machine.h"

/* An order that is not kept. Never made by us: a stray, taken in so that it counts and can be
 * canceled. Folded away without fills: it is back when it has some, or lives. Folded with fills:
 * whether these are new nobody can tell. */
static struct leg_order *take_in(struct bracket_state *s, const struct order_event *e)
{
    struct leg_ledger *leg = &s->legs[e->leg];
    bool stray = e->generation > leg->generation;
    if (!stray && !e->filled && order_status_dead(e->status))
        return NULL;
    struct leg_order *o = NULL;
    if (stray || e->generation > leg->folded_generation)
        o = bracket_take_place(s);
    if (!o) {
        s->latched |= REVIEW_UNTRACKED;
        return NULL;
    }
    o->leg = e->leg;
    o->generation = e->generation;
    o->type = e->order_type;
    o->quantity = order_greater(e->quantity, e->filled);
    o->limit_price = e->limit_price;
    o->stop_price = e->stop_price;
    o->sent_ns = e->clock.steady_ns;
    if (stray) {
        leg->generation = e->generation;
        s->latched |= REVIEW_STRAY;
        s->reviewed &= ~(uint32_t)REVIEW_STRAY; /* what was noted was another one */
    }
    leg_order_move(s, o, SIGNAL_STRAY, DEATH_NONE, e);
    return o;
}

static void merge(int64_t *quantity, int64_t *value, int64_t seen, int64_t seen_value)
{
    if (seen > *quantity || (seen == *quantity && seen_value > *value)) {
        *quantity = seen;
        *value = seen_value;
    }
}

/* "filled" by a report whose quantities say less (of a leg of a native OCO: nothing) is no
 * evidence: they lag, and what is still missing would be sold a second time. */
static bool fills_say_filled(const struct leg_order *o, const struct order_event *e)
{
    return o->paired ? e->filled > 0 : e->filled >= e->quantity;
}

static enum order_signal seen_signal(const struct leg_order *o, const struct order_event *e)
{
    if ((e->status == ORDER_STATUS_FILLED && fills_say_filled(o, e)) ||
        (o->filled && o->filled >= o->quantity))
        return SIGNAL_SEEN_FILLED;
    switch (e->status) {
    case ORDER_STATUS_CANCELED:
        return SIGNAL_SEEN_CANCELED;
    case ORDER_STATUS_EXPIRED:
        return SIGNAL_SEEN_EXPIRED;
    case ORDER_STATUS_REJECTED:
        return SIGNAL_SEEN_REJECTED;
    default:
        return o->filled ? SIGNAL_SEEN_PARTIAL : SIGNAL_SEEN_LIVE;
    }
}

/* What died of anything but a report is alive after all when a report says so. */
static void revive(struct bracket_state *s, struct leg_order *o, const struct order_event *e,
                   bool more)
{
    if (!order_status_dead(o->status) || o->death == DEATH_BROKER)
        return;
    if (more || !order_status_dead(e->status))
        leg_order_move(s, o, SIGNAL_REVIVED, DEATH_NONE, e);
    else
        o->death = DEATH_BROKER;
}

void step_report(struct bracket_state *s, const struct order_event *e)
{
    if (e->generation < 1 || e->generation > CLIENT_ID_GENERATION_MAX || e->filled < 0 ||
        e->filled_value < 0 || e->busted < 0 || e->busted_value < 0 || e->busted > e->filled ||
        (e->filled == 0 && e->quantity <= 0))
        return;
    struct leg_order *o = leg_order_find(s, e->leg, e->generation);
    if (!o)
        o = take_in(s, e);
    if (!o)
        return;
    bool more = e->filled > o->filled;
    if (o->death == DEATH_ABSENT && !more && e->from_ns <= o->absent_ns)
        return; /* older than the evidence that it is gone */
    o->seen_ns = order_greater(o->seen_ns, e->from_ns);
    if (o->seen_ns >= o->absent_ns)
        o->absent_ns = 0;
    merge(&o->filled, &o->filled_value, e->filled, e->filled_value);
    merge(&o->busted, &o->busted_value, e->busted, e->busted_value);
    revive(s, o, e, more);
    leg_order_move(s, o, seen_signal(o, e), DEATH_BROKER, e);
}

/* A clean answer without the order is evidence once it was asked for after the broker's bound; two
 * such answers are proof. An order whose submit is under way cannot be absent. */
void step_absent(struct bracket_state *s, const struct order_event *e)
{
    struct leg_order *o = leg_order_find(s, e->leg, e->generation);
    if (!o || order_status_dead(o->status) || o->status == ORDER_STATUS_PENDING_NEW)
        return;
    int64_t known_ns = order_greater(order_greater(o->sent_ns, o->lost_ns), o->seen_ns);
    if (order_subtract(e->from_ns, known_ns) < s->spec.not_found_bound_ns ||
        e->from_ns <= known_ns || e->from_ns <= o->absent_ns)
        return;
    bool first = !o->absent_ns;
    o->absent_ns = e->from_ns;
    if (!first)
        leg_order_move(s, o, o->seen_ns ? SIGNAL_VANISHED : SIGNAL_NEVER_CAME, DEATH_ABSENT, e);
}
