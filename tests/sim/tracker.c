#include "tests/sim/tracker.h"

#include "base/clock.h"
#include "orders/step.h"
#include "tests/sim/world.h"

#include <stddef.h>
#include <string.h>

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void tracker_init(struct tracker *t)
{
    t->up = false;
    t->process = 0;
    t->lag_ns = 0;
    t->log_count = 0;
    t->state = &t->states[0];
    t->draft = &t->states[1];
    t->spare = &t->states[2];
    bracket_state_init(t->state);
}

struct order_clock tracker_clock(const struct world *w)
{
    return (struct order_clock){world_wall_ns(w), w->now_ns - w->tracker.lag_ns};
}

/* ---- event -> step -> derive -> commit -> effects -------------------------------------------- */

static void begin(struct world *w)
{
    struct tracker *t = &w->tracker;
    memcpy(t->draft, t->state, sizeof(*t->draft));
    t->draft_count = t->log_count;
}

static bool append(struct world *w, const struct order_event *e)
{
    struct tracker *t = &w->tracker;
    if (t->draft_count == LOG_MAX) {
        violate(w, 21, "more than %d events", LOG_MAX);
        return false;
    }
    /* The long tail is of two types alone. */
    bool whole = e->type == EVENT_ACCEPTED || e->type == EVENT_MODIFIED;
    memcpy(&t->log[t->draft_count++], e, whole ? sizeof(*e) : offsetof(struct order_event, spec));
    return true;
}

static void trace_event(const struct world *w, const struct order_event *e,
                        const struct bracket_state *after)
{
    world_trace(w, "event %s %s %d: %s%s%lld/%lld -> %s", order_event_name(e->type),
                leg_name(e->leg), e->generation,
                e->type == EVENT_REPORT ? order_status_name(e->status)
                : e->type == EVENT_SUBMIT_OUTCOME || e->type == EVENT_CANCEL_OUTCOME
                    ? outcome_name(e->outcome)
                    : "",
                " ", (long long)(e->filled / PRICE_ONE), (long long)(e->quantity / PRICE_ONE),
                bracket_status_name(after->status));
}

static struct order_event event_of(const struct world *w, enum order_event_type type)
{
    struct order_event e;
    order_event_init(&e, type, tracker_clock(w));
    e.quote = w->tracker.quote;
    return e;
}

/* Steps the draft. A tick that changes nothing is not stored. */
static void feed(struct world *w, const struct order_event *e)
{
    struct tracker *t = &w->tracker;
    bracket_step(t->draft, e, t->spare);
    check_step(w, t->draft, e, t->spare);
    coverage_step(w->coverage, t->draft, t->spare);
    w->coverage->events++;
    w->coverage->event_types[e->type]++;
    if (w->trace && (e->type != EVENT_TICK || t->draft->status != t->spare->status))
        trace_event(w, e, t->spare);
    bool news =
        e->type != EVENT_TICK || memcmp(t->draft, t->spare, sizeof(struct bracket_state)) != 0;
    if (news && !append(w, e))
        return;
    struct bracket_state *draft = t->draft;
    t->draft = t->spare;
    t->spare = draft;
}

/* Dies here if this is the moment. */
static bool dies(struct world *w)
{
    if (w->crashes_left <= 0 || !fault_strikes(w, FAULT_CRASH))
        return false;
    w->crashes_left--;
    world_crash(w);
    return true;
}

static void carry_out(struct world *w, const struct bracket_action *a)
{
    struct tracker *t = &w->tracker;
    w->coverage->actions[a->kind]++;
    switch (a->kind) {
    case ACTION_SUBMIT:
    case ACTION_CANCEL:
        check_call(w, a);
        world_call(w, a->kind == ACTION_SUBMIT ? CALL_SUBMIT : CALL_CANCEL, a);
        break;
    case ACTION_QUERY:
        if (w->now_ns >= t->next_query_ns && !world_calling(w, CALL_FIND, a->leg, a->generation))
            world_call(w, CALL_FIND, a);
        t->must_query = true;
        break;
    default:
        if (w->now_ns >= t->next_reconcile_ns && !world_calling(w, CALL_RECONCILE, LEG_ENTRY, 0))
            world_call(w, CALL_RECONCILE, a);
        t->must_reconcile = true;
    }
}

static void plan_wake(struct world *w)
{
    struct tracker *t = &w->tracker;
    if (t->must_query && w->now_ns >= t->next_query_ns)
        t->next_query_ns = w->now_ns + 800 * NS_PER_MS;
    if (t->must_reconcile && w->now_ns >= t->next_reconcile_ns)
        t->next_reconcile_ns = w->now_ns + 800 * NS_PER_MS;
    int64_t at_ns = t->next_poll_ns;
    if (t->must_query && t->next_query_ns < at_ns)
        at_ns = t->next_query_ns;
    if (t->must_reconcile && t->next_reconcile_ns < at_ns)
        at_ns = t->next_reconcile_ns;
    int64_t next_ns = bracket_next_steady_ns(t->state, tracker_clock(w));
    int64_t sight_ns = bracket_sight_changes_ns(t->state, &t->quote, tracker_clock(w));
    next_ns = sight_ns < next_ns ? sight_ns : next_ns;
    check_next(w, next_ns);
    if (next_ns < INT64_MAX - t->lag_ns && next_ns + t->lag_ns < at_ns)
        at_ns = next_ns + t->lag_ns;
    w->at_ns[SLOT_WAKE] = greater(at_ns, w->now_ns + NS_PER_MS);
}

/* Derives from the draft, steps the intents, commits all of it, and acts. */
static void finish(struct world *w)
{
    struct tracker *t = &w->tracker;
    struct bracket_action actions[BRACKET_ACTIONS_MAX], effects[BRACKET_ACTIONS_MAX];
    uint32_t count = 0;
    size_t derived = bracket_derive(t->draft, tracker_clock(w), actions);
    check_derived(w, t->draft, actions, derived);
    for (size_t i = 0; i < derived; i++) {
        struct order_event intent;
        const struct bracket_action *a = &actions[i];
        if (bracket_action_intent(a, tracker_clock(w), &intent)) {
            intent.quote = t->quote;
            feed(w, &intent);
            if (!bracket_action_stands(t->draft, a))
                continue;
            check_intent(w, t->draft, a);
        }
        effects[count++] = *a;
    }
    if (dies(w))
        return;
    struct bracket_state *committed = t->draft;
    t->draft = t->state;
    t->state = committed;
    t->log_count = t->draft_count;
    check_commit(w);
    t->must_query = t->must_reconcile = false;
    for (uint32_t i = 0; i < count; i++) {
        if (dies(w))
            return;
        carry_out(w, &effects[i]);
    }
    if (!dies(w))
        plan_wake(w);
}

/* ---- start ----------------------------------------------------------------------------------- */

static struct uuid id_of(uint64_t seed)
{
    struct uuid id = {{0}};
    memcpy(id.bytes, &seed, sizeof(seed));
    return id;
}

/* The session that is, or the one that comes next. */
static void feed_session(struct world *w)
{
    struct order_event e = event_of(w, EVENT_SESSION);
    if (schedule_session(&w->schedule, world_wall_ns(w), &e.from_ns, &e.to_ns) &&
        w->tracker.draft->session_close_ns != e.to_ns)
        feed(w, &e);
}

static void feed_first(struct world *w)
{
    struct tracker *t = &w->tracker;
    struct order_event e;
    if (t->log_count == 0) {
        e = event_of(w, EVENT_ACCEPTED);
        e.id = id_of(w->schedule.seed);
        e.spec = w->schedule.spec;
        w->checks.asked_most = e.spec.quantity;
    } else {
        e = event_of(w, EVENT_RESTARTED);
    }
    feed(w, &e);
    feed_session(w);
}

void tracker_start(struct world *w)
{
    struct tracker *t = &w->tracker;
    t->up = true;
    t->process++;
    t->quote = (struct order_quote){0};
    memset(t->seen, 0, sizeof(t->seen));
    t->seen_next = 0;
    t->next_poll_ns = t->next_query_ns = t->next_reconcile_ns = w->now_ns;
    /* What the last process saw and did not commit was never seen. */
    w->checks.bare_since_ns = t->state->uncovered_ns;
    w->checks.held_ns = t->state->reconcile_ns;
    memset(w->checks.refused_ns, 0, sizeof(w->checks.refused_ns));
    w->checks.reconciled_ns = t->state->reconciled_ns;
    if (t->log_count > 0) {
        /* The steady clock goes on from the last event that is stored. */
        t->lag_ns = w->now_ns - t->log[t->log_count - 1].clock.steady_ns - NS_PER_MS;
        check_fold(w, t->spare);
    }
    begin(w);
    feed_first(w);
    finish(w);
}

/* ---- while it runs --------------------------------------------------------------------------- */

static struct bracket_action name_of(const struct leg_order *o)
{
    return (struct bracket_action){
        .kind = ACTION_QUERY, .leg = o->leg, .generation = o->generation};
}

/* The listing; or one look-up for each order that may live, and at times for those that are dead.
 */
static void poll(struct world *w)
{
    struct tracker *t = &w->tracker;
    bool final = bracket_status_final(t->state->status);
    t->next_poll_ns = w->now_ns + world_between(w, 1000, 3000) * NS_PER_MS * (final ? 4 : 1);
    /* Through the night an hour at a time, and never past the opening. */
    int64_t to_open_ns = t->state->session_open_ns - world_wall_ns(w);
    if (to_open_ns > 0)
        t->next_poll_ns += to_open_ns < 3600 * NS_PER_SECOND ? to_open_ns : 3600 * NS_PER_SECOND;
    if (w->schedule.abilities & BROKER_CAN_BULK_LIST) {
        world_call(w, CALL_LIST, &(struct bracket_action){.kind = ACTION_QUERY});
        return;
    }
    bool all = final || world_chance(w, 4);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &t->state->orders[i];
        if (o->generation > 0 && (all || !order_status_dead(o->status))) {
            struct bracket_action a = name_of(o);
            world_call(w, CALL_FIND, &a);
        }
    }
}

void tracker_wake(struct world *w)
{
    struct tracker *t = &w->tracker;
    if (!t->up)
        return;
    if (w->now_ns >= t->next_poll_ns) {
        poll(w);
        /* Fills outside of our orders show in the position alone. */
        if ((w->schedule.reconciles || is_misled(&w->checks)) && world_chance(w, 4) &&
            !world_calling(w, CALL_RECONCILE, LEG_ENTRY, 0))
            world_call(w, CALL_RECONCILE, &(struct bracket_action){.kind = ACTION_RECONCILE});
    }
    begin(w);
    feed_session(w);
    struct order_event e = event_of(w, EVENT_TICK);
    feed(w, &e);
    finish(w);
}

void tracker_quote(struct world *w, const struct order_quote *quote)
{
    if (!w->tracker.up)
        return;
    w->tracker.quote = *quote;
    begin(w);
    struct order_event e = event_of(w, EVENT_TICK);
    feed(w, &e);
    finish(w);
}

/* Moves an exit's price, or the quantity: whatever the bracket may become. */
static void change_spec(struct world *w, struct bracket_spec *spec)
{
    int64_t step = world_between(w, -50, 50) * (PRICE_ONE / 100);
    switch (world_below(w, 4)) {
    case 0:
        spec->quantity += world_between(w, -2, 2) * PRICE_ONE;
        break;
    case 1:
        spec->stop_loss.value += spec->stop_loss.kind ? step : 0;
        break;
    case 2:
        spec->take_profit.value += spec->take_profit.kind ? step : 0;
        break;
    default:
        spec->limit_price += spec->limit_price ? step : 0;
    }
}

void tracker_command(struct world *w, enum order_event_type type)
{
    struct tracker *t = &w->tracker;
    if (t->log_count == 0)
        return;
    begin(w);
    struct order_event e = event_of(w, type);
    if (type == EVENT_MODIFIED) {
        e.spec = t->draft->spec;
        change_spec(w, &e.spec);
        if (bracket_may_modify(t->draft, &e.spec, NULL))
            return;
        w->checks.asked_most = greater(w->checks.asked_most, e.spec.quantity);
    }
    TRACE(w, "user: %s", order_event_name(type));
    feed(w, &e);
    finish(w);
}

/* ---- answers --------------------------------------------------------------------------------- */

static struct seen *seen_of(struct tracker *t, enum leg leg, int32_t generation)
{
    for (size_t i = 0; i < SEEN_MAX; i++)
        if (t->seen[i].generation == generation && t->seen[i].leg == leg)
            return &t->seen[i];
    return NULL;
}

static bool is_news(struct tracker *t, const struct sim_report *r)
{
    struct seen *s = seen_of(t, r->leg, r->generation);
    if (s && s->status == r->status && s->filled == r->filled && s->busted == r->busted)
        return false;
    if (!s)
        s = &t->seen[t->seen_next++ % SEEN_MAX];
    *s = (struct seen){r->leg, r->generation, r->status, r->filled, r->busted};
    return true;
}

static void feed_report(struct world *w, const struct message *m, const struct sim_report *r)
{
    const struct leg_order *o = bracket_find(w->tracker.draft, r->leg, r->generation);
    /* Nobody can tell whether the fills of an order that is kept as a sum are new. The position
     * can. */
    if (!o && order_status_dead(r->status) &&
        r->generation <= w->tracker.draft->legs[r->leg].folded_generation)
        return;
    /* What the machine is not sure of is told again; so is that what it takes for dead is not. */
    bool sure =
        o && (order_status_dead(o->status)
                  ? order_status_dead(r->status)
                  : o->status == ORDER_STATUS_NEW || o->status == ORDER_STATUS_PARTIALLY_FILLED);
    if (!is_news(&w->tracker, r) && sure)
        return;
    struct order_event e = event_of(w, EVENT_REPORT);
    e.leg = r->leg;
    e.generation = r->generation;
    e.status = r->status;
    e.order_type = r->type;
    e.quantity = r->quantity;
    e.limit_price = r->limit_price;
    e.stop_price = r->stop_price;
    e.filled = r->filled;
    e.filled_value = r->filled_value;
    e.busted = r->busted;
    e.busted_value = r->busted_value;
    e.from_ns = m->asked_steady_ns;
    feed(w, &e);
}

static void feed_absent(struct world *w, const struct message *m, enum leg leg, int32_t generation)
{
    struct seen *s = seen_of(&w->tracker, leg, generation);
    if (s)
        *s = (struct seen){0};
    struct order_event e = event_of(w, EVENT_ABSENT);
    e.leg = leg;
    e.generation = generation;
    e.from_ns = m->asked_steady_ns;
    feed(w, &e);
}

static const struct sim_report *reported(const struct message *m, const struct leg_order *o)
{
    for (uint32_t i = 0; i < m->report_count; i++)
        if (m->reports[i].leg == o->leg && m->reports[i].generation == o->generation)
            return &m->reports[i];
    return NULL;
}

static void feed_listing(struct world *w, const struct message *m)
{
    struct bracket_state *draft = w->tracker.draft;
    for (uint32_t i = 0; i < m->report_count; i++)
        feed_report(w, m, &m->reports[i]);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        draft = w->tracker.draft;
        const struct leg_order *o = &draft->orders[i];
        if (o->generation > 0 && !order_status_dead(o->status) && !reported(m, o))
            feed_absent(w, m, o->leg, o->generation);
    }
}

static int64_t folded(const struct bracket_state *s)
{
    int64_t sum = 0;
    for (int leg = 0; leg < LEG_COUNT; leg++)
        sum += s->legs[leg].folded - s->legs[leg].folded_busted;
    return sum;
}

/* What of the position is missing that no order of ours closed, by this one answer alone. Nothing
 * is concluded from an answer that lacks an order which may live, or which filled by what we know:
 * it is older than that. */
static void feed_external(struct world *w, const struct message *m)
{
    const struct bracket_state *s = w->tracker.draft;
    int64_t open = s->spec.adopts_position ? s->spec.quantity : 0;
    if (m->folded != folded(s))
        return;
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        int64_t net = s->legs[leg].folded - s->legs[leg].folded_busted;
        open += leg == LEG_ENTRY ? net : -net;
    }
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        const struct sim_report *r = reported(m, o);
        if (o->generation <= 0)
            continue;
        if (!r && (!order_status_dead(o->status) || (o->filled && o->death != DEATH_ABSENT)))
            return;
        int64_t net = r ? r->filled - r->busted : o->filled - o->busted;
        open += o->leg == LEG_ENTRY ? net : -net;
    }
    if (open - m->position <= s->external)
        return;
    struct order_event e = event_of(w, EVENT_EXTERNAL);
    e.filled = open - m->position;
    feed(w, &e);
}

static void feed_reconciled(struct world *w, const struct message *m)
{
    feed_listing(w, m);
    feed_external(w, m);
    struct order_event e = event_of(w, EVENT_RECONCILED);
    e.from_ns = m->asked_steady_ns;
    feed(w, &e);
}

static void feed_outcome(struct world *w, const struct message *m)
{
    struct order_event e =
        event_of(w, m->call == CALL_SUBMIT ? EVENT_SUBMIT_OUTCOME : EVENT_CANCEL_OUTCOME);
    e.leg = m->action.leg;
    e.generation = m->action.generation;
    e.outcome = m->outcome;
    e.reject = m->reject;
    feed(w, &e);
    for (uint32_t i = 0; i < m->report_count; i++)
        feed_report(w, m, &m->reports[i]);
}

void tracker_hear(struct world *w, const struct message *m)
{
    if (m->process != w->tracker.process || !w->tracker.up)
        return;
    bool changes = m->call == CALL_SUBMIT || m->call == CALL_CANCEL;
    if (!changes && m->outcome != OUTCOME_OK)
        return;
    begin(w);
    if (changes)
        feed_outcome(w, m);
    else if (m->call == CALL_RECONCILE)
        feed_reconciled(w, m);
    else if (m->call == CALL_LIST)
        feed_listing(w, m);
    else if (m->report_count)
        feed_report(w, m, &m->reports[0]);
    else
        feed_absent(w, m, m->action.leg, m->action.generation);
    finish(w);
}
