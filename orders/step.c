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

/* The order that the event names, and the other leg of its native OCO (or NULL): what is called for
 * one is called for both. */
static size_t find_called(struct bracket_state *s, const struct order_event *e,
                          struct leg_order *ret[2])
{
    ret[0] = leg_order_find(s, e->leg, e->generation);
    if (!ret[0])
        return 0;
    ret[1] = ret[0]->paired ? (struct leg_order *)bracket_partner(s, ret[0]) : NULL;
    return ret[1] ? 2 : 1;
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
    struct leg_order *o = bracket_take_place(s);
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
    leg_order_move(s, o, SIGNAL_INTEND, DEATH_NONE, e);
}

static void on_submit(struct bracket_state *s, const struct order_event *e)
{
    bool both = e->paired > 0;
    if (e->quantity <= 0 || e->paired < 0 || !next_generation(s, e->leg, e->generation) ||
        bracket_places_left(s) < (both ? 2 : 1) || !guard(s, e->leg, e->quantity, e->clock))
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
        leg_order_move(s, o, SIGNAL_CANCEL, DEATH_NONE, e);
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
        o->seen_ns = order_greater(o->seen_ns, e->clock.steady_ns);
        leg_order_move(s, o, SIGNAL_ACK, DEATH_NONE, e);
        break;
    case OUTCOME_REJECTED:
        if (e->reject == REJECT_HELD)
            s->reconcile_ns = order_greater(s->reconcile_ns, e->clock.steady_ns);
        leg_order_move(s, o, SIGNAL_REFUSED, e->reject == REJECT_HELD ? DEATH_HELD : DEATH_REFUSED,
                       e);
        break;
    case OUTCOME_NOT_SENT:
        leg_order_move(s, o, SIGNAL_NOT_SENT, DEATH_NOT_SENT, e);
        break;
    default:
        leg_order_move(s, o, SIGNAL_LOST, DEATH_NONE, e);
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
            leg_order_move(s, orders[i], SIGNAL_CANCEL_REFUSED, DEATH_NONE, e);
    }
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
    s->reconciled_ns = order_greater(s->reconciled_ns, e->from_ns);
}

static void on_external(struct bracket_state *s, const struct order_event *e)
{
    s->external = order_greater(s->external, e->filled);
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
        leg_order_move(s, o, SIGNAL_RESTART, DEATH_NONE, e);
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
    [EVENT_REPORT] = step_report,
    [EVENT_ABSENT] = step_absent,
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
