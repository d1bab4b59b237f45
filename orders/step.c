/* One handler per event type, then bracket_settle(). A handler checks that the event makes sense in
 * this state and otherwise changes nothing: totality is the sum of these checks.
 *
 * Two rules keep the fold independent of how reports arrive. What a report says is merged by
 * maximum, never assigned; and statuses move only along the table, in which the dead ones are ends.
 * Everything that is not a report (intents, outcomes, requests) has one source, the tracker, whose
 * events do not overtake each other.
 */
#include "orders/step.h"

#include "base/clock.h"
#include "orders/client_id.h"
#include "orders/machine.h"

#include <string.h>

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct leg_order *find(struct bracket_state *s, enum leg leg, int32_t generation)
{
    return (struct leg_order *)bracket_find(s, leg, generation);
}

/* The order that the event names, and the other leg of its native OCO (or NULL): what is called for
 * one is called for both. */
static size_t find_called(struct bracket_state *s, const struct order_event *e,
                          struct leg_order *ret[2])
{
    ret[0] = find(s, e->leg, e->generation);
    if (!ret[0])
        return 0;
    ret[1] = ret[0]->paired ? (struct leg_order *)bracket_partner(s, ret[0]) : NULL;
    return ret[1] ? 2 : 1;
}

/* ---- one order ------------------------------------------------------------------------------- */

/* A submit that was lost on its way, mostly with the process, was no refusal: the first is sent
 * anew at once, as a position may wait for it. */
static void count_refusal(struct leg_ledger *leg, enum death death, int64_t steady_ns)
{
    int64_t wait_s = BRACKET_RETRY_MAX_S;
    if (death == DEATH_ABSENT && leg->refusals == 0)
        wait_s = 0;
    else if (leg->refusals < 5)
        wait_s = INT64_C(1) << (leg->refusals < 0 ? 0 : leg->refusals);
    leg->refusals += leg->refusals < INT32_MAX;
    leg->retry_ns = greater(leg->retry_ns, order_add(steady_ns, wait_s * NS_PER_SECOND));
}

/* Moves the order by the table. `death` is why, should it be dead afterwards. */
static void move(struct bracket_state *s, struct leg_order *o, enum order_signal signal,
                 enum death death, const struct order_event *e)
{
    enum order_status to = order_transition(o->status, signal);
    if (to == o->status)
        return;
    o->status = to;
    o->death = order_status_dead(to) ? death : DEATH_NONE;
    if (signal == SIGNAL_LOST || signal == SIGNAL_RESTART)
        o->lost_ns = e->clock.steady_ns;
    if (!order_status_dead(to))
        return;
    o->cancel_calls = 0;
    /* Counted at the end of an order, so that it is the same whether its life was heard of or not.
     */
    if (to != ORDER_STATUS_REJECTED) {
        s->legs[o->leg].refusals = 0;
        return;
    }
    count_refusal(&s->legs[o->leg], death, e->clock.steady_ns);
    if (o->leg == LEG_TAKE_PROFIT)
        s->attempt_ns = 0;
}

/* ---- places for orders ----------------------------------------------------------------------- */

/* The dead order whose place can be taken best: one without fills before one with, the oldest
 * first; never the newest of its leg. NULL when all live. */
static struct leg_order *least_needed(struct bracket_state *s)
{
    struct leg_order *found = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        struct leg_order *o = &s->orders[i];
        if (leg_order_live(o) || o->generation == s->legs[o->leg].generation)
            continue;
        if (!found || (found->filled && !o->filled) ||
            (!found->filled == !o->filled && o->sent_ns < found->sent_ns))
            found = o;
    }
    return found;
}

static void fold(struct bracket_state *s, const struct leg_order *o)
{
    struct leg_ledger *leg = &s->legs[o->leg];
    if (!o->filled)
        return;
    leg->folded = order_add(leg->folded, o->filled);
    leg->folded_busted = order_add(leg->folded_busted, o->busted);
    leg->folded_value =
        order_add(leg->folded_value, order_subtract(o->filled_value, o->busted_value));
    if (o->generation > leg->folded_generation)
        leg->folded_generation = o->generation;
}

/* A cleared place, or NULL. */
static struct leg_order *take_place(struct bracket_state *s)
{
    struct leg_order *place = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX && !place; i++)
        if (!s->orders[i].generation)
            place = &s->orders[i];
    if (!place) {
        place = least_needed(s);
        if (!place)
            return NULL;
        fold(s, place);
    }
    memset(place, 0, sizeof(*place));
    return place;
}

static size_t places_left(const struct bracket_state *s)
{
    size_t left = 0;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        left +=
            !leg_order_live(o) && (!o->generation || o->generation != s->legs[o->leg].generation);
    }
    return left;
}

/* ---- intents --------------------------------------------------------------------------------- */

static bool next_generation(const struct bracket_state *s, enum leg leg, int32_t generation)
{
    int32_t newest = s->legs[leg].generation;
    return newest >= 0 && newest < CLIENT_ID_GENERATION_MAX && generation == newest + 1 &&
           !bracket_live(s, leg);
}

/* The guard. This is the one place where an order comes to be that we mean to send, and it comes to
 * be only while, counting whatever may be live in full,
 *   entries:  reserved + new <= quantity asked
 *   exits:    reserved + new <= entry filled, less what was closed outside
 * and while it is not too late: the clock may have gone on since it was derived. */
static bool guard(const struct bracket_state *s, enum leg leg, int64_t quantity,
                  struct order_clock now)
{
    if (too_late_for(s, leg, now))
        return false;
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    if (leg != LEG_ENTRY)
        return quantity <= sums.exit_room;
    return !s->spec.adopts_position && !s->entry_end && !s->paused &&
           quantity <= order_subtract(s->spec.quantity, sums.entry_reserved);
}

static void place_order(struct bracket_state *s, const struct order_event *e, enum leg leg,
                        int32_t generation, enum order_type type)
{
    struct leg_order *o = take_place(s);
    bool both = e->paired > 0, stop = leg == LEG_STOP_LOSS;
    o->leg = leg;
    o->generation = generation;
    o->type = type;
    o->quantity = e->quantity;
    o->limit_price = both && stop ? e->second_price : e->limit_price;
    o->stop_price = both && !stop ? 0 : e->stop_price;
    o->paired = !both ? 0 : stop ? e->generation : e->paired;
    o->sent_ns = e->clock.steady_ns;
    s->legs[leg].generation = generation;
    move(s, o, SIGNAL_INTEND, DEATH_NONE, e);
}

static void on_submit(struct bracket_state *s, const struct order_event *e)
{
    bool both = e->paired > 0;
    if (e->quantity <= 0 || e->paired < 0 || !next_generation(s, e->leg, e->generation) ||
        places_left(s) < (both ? 2 : 1) || !guard(s, e->leg, e->quantity, e->clock))
        return;
    if (both && (e->leg != LEG_TAKE_PROFIT || !next_generation(s, LEG_STOP_LOSS, e->paired)))
        return;
    place_order(s, e, e->leg, e->generation, e->order_type);
    if (both)
        place_order(s, e, LEG_STOP_LOSS, e->paired,
                    e->second_price ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP);
}

static void on_cancel(struct bracket_state *s, const struct order_event *e)
{
    struct leg_order *orders[2];
    size_t count = find_called(s, e, orders);
    for (size_t i = 0; i < count; i++) {
        struct leg_order *o = orders[i];
        if (!leg_order_working(o) || o->cancel_calls || e->clock.steady_ns <= o->cancel_ns)
            continue;
        if (o->status != ORDER_STATUS_PENDING_CANCEL)
            o->replacing = e->replacing != 0;
        o->cancel_calls = 1;
        o->cancel_ns = e->clock.steady_ns;
        move(s, o, SIGNAL_CANCEL, DEATH_NONE, e);
    }
}

/* ---- outcomes of calls ----------------------------------------------------------------------- */

static void submit_outcome(struct bracket_state *s, struct leg_order *o,
                           const struct order_event *e)
{
    if (o->status != ORDER_STATUS_PENDING_NEW)
        return;
    switch (e->outcome) {
    case OUTCOME_OK:
        o->seen_ns = greater(o->seen_ns, e->clock.steady_ns);
        move(s, o, SIGNAL_ACK, DEATH_NONE, e);
        break;
    case OUTCOME_REJECTED:
        if (e->reject == REJECT_HELD)
            s->reconcile_ns = greater(s->reconcile_ns, e->clock.steady_ns);
        move(s, o, SIGNAL_REFUSED, e->reject == REJECT_HELD ? DEATH_HELD : DEATH_REFUSED, e);
        break;
    case OUTCOME_NOT_SENT:
        move(s, o, SIGNAL_NOT_SENT, DEATH_NOT_SENT, e);
        break;
    default:
        move(s, o, SIGNAL_LOST, DEATH_NONE, e);
    }
}

static void on_submit_outcome(struct bracket_state *s, const struct order_event *e)
{
    struct leg_order *orders[2];
    size_t count = find_called(s, e, orders);
    for (size_t i = 0; i < count; i++)
        submit_outcome(s, orders[i], e);
}

/* A refused cancel says that our picture is wrong: the order may be filled, or gone. Ask. Every
 * other outcome leaves pending_cancel, which only evidence ends. */
static void on_cancel_outcome(struct bracket_state *s, const struct order_event *e)
{
    struct leg_order *orders[2];
    size_t count = find_called(s, e, orders);
    for (size_t i = 0; i < count; i++) {
        if (!orders[i]->cancel_calls)
            continue;
        orders[i]->cancel_calls = 0;
        if (e->outcome == OUTCOME_REJECTED)
            move(s, orders[i], SIGNAL_CANCEL_REFUSED, DEATH_NONE, e);
    }
}

/* ---- reports --------------------------------------------------------------------------------- */

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
        o = take_place(s);
    if (!o) {
        s->latched |= REVIEW_UNTRACKED;
        return NULL;
    }
    o->leg = e->leg;
    o->generation = e->generation;
    o->type = e->order_type;
    o->quantity = greater(e->quantity, e->filled);
    o->limit_price = e->limit_price;
    o->stop_price = e->stop_price;
    o->sent_ns = e->clock.steady_ns;
    if (stray) {
        leg->generation = e->generation;
        s->latched |= REVIEW_STRAY;
        s->reviewed &= ~(uint32_t)REVIEW_STRAY; /* what was noted was another one */
    }
    move(s, o, SIGNAL_STRAY, DEATH_NONE, e);
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
        move(s, o, SIGNAL_REVIVED, DEATH_NONE, e);
    else
        o->death = DEATH_BROKER;
}

static void on_report(struct bracket_state *s, const struct order_event *e)
{
    if (e->generation < 1 || e->generation > CLIENT_ID_GENERATION_MAX || e->filled < 0 ||
        e->filled_value < 0 || e->busted < 0 || e->busted_value < 0 || e->busted > e->filled ||
        (e->filled == 0 && e->quantity <= 0))
        return;
    struct leg_order *o = find(s, e->leg, e->generation);
    if (!o)
        o = take_in(s, e);
    if (!o)
        return;
    bool more = e->filled > o->filled;
    if (o->death == DEATH_ABSENT && !more && e->from_ns <= o->absent_ns)
        return; /* older than the evidence that it is gone */
    o->seen_ns = greater(o->seen_ns, e->from_ns);
    if (o->seen_ns >= o->absent_ns)
        o->absent_ns = 0;
    merge(&o->filled, &o->filled_value, e->filled, e->filled_value);
    merge(&o->busted, &o->busted_value, e->busted, e->busted_value);
    revive(s, o, e, more);
    move(s, o, seen_signal(o, e), DEATH_BROKER, e);
}

/* A clean answer without the order is evidence once it was asked for after the broker's bound; two
 * such answers are proof. An order whose submit is under way cannot be absent. */
static void on_absent(struct bracket_state *s, const struct order_event *e)
{
    struct leg_order *o = find(s, e->leg, e->generation);
    if (!o || order_status_dead(o->status) || o->status == ORDER_STATUS_PENDING_NEW)
        return;
    int64_t known_ns = greater(greater(o->sent_ns, o->lost_ns), o->seen_ns);
    if (order_subtract(e->from_ns, known_ns) < s->spec.not_found_bound_ns ||
        e->from_ns <= known_ns || e->from_ns <= o->absent_ns)
        return;
    bool first = !o->absent_ns;
    o->absent_ns = e->from_ns;
    if (!first)
        move(s, o, o->seen_ns ? SIGNAL_VANISHED : SIGNAL_NEVER_CAME, DEATH_ABSENT, e);
}

/* ---- requests and the rest ------------------------------------------------------------------- */

static void on_tick(struct bracket_state *s, const struct order_event *e)
{
    (void)s;
    (void)e;
}

static void on_accepted(struct bracket_state *s, const struct order_event *e)
{
    if (s->spec.quantity || bracket_spec_check(&e->spec, NULL))
        return;
    s->id = e->id;
    s->spec = e->spec;
}

/* Orders that work with no cancel under way: what we once wanted to replace them by is of the past,
 * and should somebody else cancel them now, that is not to make room. */
static void forget_replacing(struct bracket_state *s)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        struct leg_order *o = &s->orders[i];
        if (leg_order_working(o) && o->status != ORDER_STATUS_PENDING_CANCEL)
            o->replacing = 0;
    }
}

static void on_modified(struct bracket_state *s, const struct order_event *e)
{
    if (bracket_may_modify(s, &e->spec, NULL))
        return;
    if (memcmp(&s->spec.stop_loss, &e->spec.stop_loss, sizeof(s->spec.stop_loss)) != 0)
        s->anchor = 0;
    s->spec = e->spec;
    forget_replacing(s);
}

/* What has ended is not asked of any more: should the broker tell of a late fill, that is protected
 * like any other. */
static void on_cancel_requested(struct bracket_state *s, const struct order_event *e)
{
    (void)e;
    if (!s->entry_end && !bracket_status_final(s->status))
        s->entry_end = ENTRY_END_CANCEL;
}

static void on_close_requested(struct bracket_state *s, const struct order_event *e)
{
    on_cancel_requested(s, e);
    if (!s->closing && !bracket_status_final(s->status))
        s->closing = CLOSE_MANUAL;
}

static void on_paused(struct bracket_state *s, const struct order_event *e)
{
    (void)e;
    s->paused = 1;
}

static void on_resumed(struct bracket_state *s, const struct order_event *e)
{
    (void)e;
    s->paused = 0;
    forget_replacing(s);
}

static void on_session(struct bracket_state *s, const struct order_event *e)
{
    if (e->from_ns < 0 || e->to_ns < e->from_ns || (e->from_ns == e->to_ns && e->to_ns))
        return;
    s->session_open_ns = e->from_ns;
    s->session_close_ns = e->to_ns;
}

static void on_reconciled(struct bracket_state *s, const struct order_event *e)
{
    s->reconciled_ns = greater(s->reconciled_ns, e->from_ns);
}

static void on_external(struct bracket_state *s, const struct order_event *e)
{
    s->external = greater(s->external, e->filled);
}

/* Whatever call was under way: nobody will tell its outcome any more. A cancel may never have been
 * sent, and an open position may wait for it: as it may be called twice, it is, and at once. */
static void on_restarted(struct bracket_state *s, const struct order_event *e)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        struct leg_order *o = &s->orders[i];
        if (!o->generation)
            continue;
        if (o->cancel_calls)
            o->cancel_ns = 0;
        o->cancel_calls = 0;
        move(s, o, SIGNAL_RESTART, DEATH_NONE, e);
    }
}

static void on_reviewed(struct bracket_state *s, const struct order_event *e)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    s->reviewed |= bracket_review(s, &sums, e->clock);
}

typedef void handler_fn(struct bracket_state *s, const struct order_event *e);

static handler_fn *const handlers[EVENT_COUNT] = {
    [EVENT_TICK] = on_tick,
    [EVENT_ACCEPTED] = on_accepted,
    [EVENT_MODIFIED] = on_modified,
    [EVENT_CANCEL_REQUESTED] = on_cancel_requested,
    [EVENT_CLOSE_REQUESTED] = on_close_requested,
    [EVENT_PAUSED] = on_paused,
    [EVENT_RESUMED] = on_resumed,
    [EVENT_SESSION] = on_session,
    [EVENT_SUBMIT] = on_submit,
    [EVENT_SUBMIT_OUTCOME] = on_submit_outcome,
    [EVENT_CANCEL] = on_cancel,
    [EVENT_CANCEL_OUTCOME] = on_cancel_outcome,
    [EVENT_REPORT] = on_report,
    [EVENT_ABSENT] = on_absent,
    [EVENT_RECONCILED] = on_reconciled,
    [EVENT_EXTERNAL] = on_external,
    [EVENT_RESTARTED] = on_restarted,
    [EVENT_REVIEWED] = on_reviewed,
};

void bracket_step(const struct bracket_state *s, const struct order_event *e,
                  struct bracket_state *out)
{
    if (out != s)
        memcpy(out, s, sizeof(*out));
    bool known = (size_t)e->type < EVENT_COUNT && (size_t)e->leg < LEG_COUNT;
    if (!known || e->clock.steady_ns <= 0 || (!s->spec.quantity && e->type != EVENT_ACCEPTED))
        return;
    handlers[e->type](out, e);
    if (out->spec.quantity)
        bracket_settle(out, e);
}
