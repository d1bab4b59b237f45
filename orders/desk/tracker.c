/* A turn of a tracking thread: what the broker and the users say becomes events; then, as long as
 * calls bring results, derive -> commit -> call -> their results as events. After it the thread
 * waits for its next instant or for a wake.
 *
 * Nothing of the bracket moves while a commit of it is under way (tracker_commit.c); wakes that
 * come then stay in `attention`.
 */
#include "orders/desk/desk_private.h"
#include "orders/exit_price.h"
#include "orders/step.h"

#include <stdlib.h>
#include <string.h>

/* Of a broker's question that is repeated. */
#define ASK_AGAIN_NS (800 * NS_PER_MS)
#define PROVE_NS (50 * NS_PER_MS)
/* After a commit that was refused, or without memory. */
#define RETRY_NS NS_PER_SECOND

enum { ROUNDS_MAX = 16, RECONCILE_FASTER = 4 };

static int64_t now_of(const struct desk_order *o)
{
    return clock_monotonic_ns(o->desk->options.clock);
}

static bool ending(const struct desk_order *o)
{
    return atomic_load(&o->desk->stopping) || atomic_load(&o->desk->failed);
}

/* ---- effects --------------------------------------------------------------------------------- */

static bool opens(struct desk *desk, const struct bracket_action *a,
                  const struct bracket_spec *spec)
{
    if (a->leg != LEG_ENTRY)
        return false;
    mutex_lock(&desk->mutex);
    bool closes = desk_entry_closes(desk, spec);
    mutex_unlock(&desk->mutex);
    return !closes;
}

static void submit(struct desk_order *o, struct draft *d, const struct bracket_action *a)
{
    struct desk *desk = o->desk;
    char id[CLIENT_ID_TEXT], second[CLIENT_ID_TEXT];
    desk_client_id(desk, &o->header.id, a->leg, a->generation, id);
    struct broker_submit call = {
        .client_id = id,
        .contract = d->now->spec.contract,
        .side = a->side,
        .type = a->type,
        .time_in_force = a->time_in_force,
        .quantity = a->quantity,
        .limit_price = a->limit_price,
        .stop_price = a->paired ? 0 : a->stop_price,
        .opens = opens(desk, a, &d->now->spec),
    };
    if (a->paired) {
        desk_client_id(desk, &o->header.id, LEG_STOP_LOSS, a->paired, second);
        call.oco_client_id = second;
        call.oco_stop_price = a->stop_price;
        call.oco_limit_price = a->second_price;
    }
    struct draft_result *r = &d->results[d->result_count++];
    struct broker_refusal refusal = {.reject = REJECT_NONE};
    *r = (struct draft_result){.action = *a};
    r->outcome = gateway_submit(desk->gateway, &call, &r->reported, &r->report, &refusal);
    r->reject = r->outcome == OUTCOME_REJECTED ? refusal.reject : REJECT_NONE;
    r->reported &= r->outcome == OUTCOME_OK;
}

static void cancel(struct desk_order *o, struct draft *d, const struct bracket_action *a)
{
    char id[CLIENT_ID_TEXT];
    desk_client_id(o->desk, &o->header.id, a->leg, a->generation, id);
    struct draft_result *r = &d->results[d->result_count++];
    struct broker_refusal refusal = {.reject = REJECT_NONE};
    *r = (struct draft_result){.action = *a};
    r->outcome = gateway_cancel(o->desk->gateway, a->leg != LEG_ENTRY, id,
                                desk_broker_order_id(o, a->leg, a->generation), &refusal);
    r->reject = r->outcome == OUTCOME_REJECTED ? refusal.reject : REJECT_NONE;
}

/* Calls the broker; the results are left in the draft. */
static void carry_out(struct desk_order *o, struct draft *d)
{
    struct tracker *t = &o->tracker;
    int64_t calls = 0;
    d->result_count = 0;
    t->must_query = t->must_reconcile = false;
    for (size_t i = 0; i < d->effect_count; i++) {
        const struct bracket_action *a = &d->effects[i];
        calls += a->kind == ACTION_SUBMIT || a->kind == ACTION_CANCEL;
        if (a->kind == ACTION_SUBMIT)
            submit(o, d, a);
        else if (a->kind == ACTION_CANCEL)
            cancel(o, d, a);
        t->must_query |= a->kind == ACTION_QUERY;
        t->must_reconcile |= a->kind == ACTION_RECONCILE;
    }
    atomic_fetch_add_explicit(&o->figures.calls, calls, memory_order_relaxed);
}

/* ---- what comes in --------------------------------------------------------------------------- */

static void begin(struct desk_order *o, struct draft *d)
{
    struct bracket_state *committed = &d->states[2]; /* draft_begin's scratch */
    mutex_lock(&o->mutex);
    desk_state(o, committed);
    draft_begin(d, &o->header, committed);
    mutex_unlock(&o->mutex);
}

static void feed_simple(struct desk_order *o, struct draft *d, enum order_event_type type)
{
    struct order_event e = tracker_event(o, type);
    draft_feed(d, &e);
}

/* Whether the terms that a person asks for may stand, by all that this draft has stepped; what they
 * add is reserved then. */
static enum err reserve(struct desk_order *o, struct draft *d, const struct desk_change *change,
                        const struct order_event *event, struct error *e)
{
    if (bracket_status_final(d->now->status))
        return error_set(e, ERR_CONFLICT, "the order has ended");
    enum err err = bracket_may_modify(d->now, &event->spec, e);
    if (err)
        return err;
    bracket_step(d->now, event, d->spare);
    return desk_reserve_change(o, change, d->now, d->spare, e);
}

static struct bracket_spec spec_of(const struct command *c, const struct bracket_state *now)
{
    if (!c->drops_exits)
        return c->change[0].spec;
    struct bracket_spec bare = now->spec;
    bare.take_profit = bare.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    return bare;
}

/* Keeps in *commands those that wait for the commit, if only to be told which revision came before
 * theirs. */
static void feed_commands(struct desk_order *o, struct draft *d, struct command **commands)
{
    struct command **next = commands;
    for (struct command *c = *commands; c; c = *next) {
        struct order_event e = tracker_event(o, c->type);
        struct error error;
        c->late = c->rev && c->rev != d->header.rev;
        if (!c->late && c->type == EVENT_MODIFIED) {
            e.spec = spec_of(c, d->now);
            if (reserve(o, d, &c->change[0], &e, &error)) {
                *next = c->next;
                desk_answer(o, c, DESK_REFUSED, &error);
                continue;
            }
        }
        if (!c->late)
            draft_feed(d, &e);
        next = &c->next;
    }
}

static void answer_stored(struct desk_order *o, struct command *c)
{
    struct error e;
    if (c->late) /* also when that revision has come to be since */
        desk_refuse_revision(o, &e);
    desk_answer(o, c, c->late ? DESK_REFUSED : DESK_DONE, c->late ? &e : NULL);
}

static void answer(struct desk_order *o, struct command *commands, bool stored,
                   const struct pending_commit *p)
{
    enum desk_outcome refused = p->outcome == COMMIT_UNKNOWN ? DESK_UNKNOWN : DESK_REFUSED;
    while (commands) {
        struct command *c = commands;
        commands = c->next;
        if (stored)
            answer_stored(o, c);
        else
            desk_answer(o, c, refused, &p->draft->error);
    }
}

static void poll_broker(struct desk_order *o, struct draft *d, bool hinted)
{
    struct tracker *t = &o->tracker;
    const struct broker *broker = o->desk->options.broker;
    bool complete, bulk = broker_can(broker, BROKER_CAN_BULK_LIST);
    bool alone = hinted || (bulk && gateway_listing_is_late(o->desk->gateway));
    if (alone && broker_can(broker, BROKER_CAN_FIND))
        complete = tracker_feed_lookups(o, d, false);
    else if (bulk)
        complete = tracker_feed_snapshot(o, d);
    else
        complete = tracker_feed_lookups(o, d, t->polls % 4 == 0);
    if (hinted && bulk)
        gateway_hurry(o->desk->gateway);
    t->confirmed |= complete && (!bulk || t->applied_ns > o->desk->started_ns);
    if (!bulk && complete && d->now->reconcile_ns > d->now->reconciled_ns) {
        struct order_event e = tracker_event(o, EVENT_RECONCILED);
        e.from_ns = e.clock.steady_ns;
        draft_feed(d, &e);
    }
    tracker_count_poll(o, now_of(o));
}

/* True when a first clean answer does not have an order that is in doubt: the second proves it. */
static bool query(struct desk_order *o, struct draft *d)
{
    bool first = false;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *leg = &d->now->orders[i];
        if (leg->generation <= 0 || leg->status != ORDER_STATUS_UNKNOWN)
            continue;
        int64_t before_ns = leg->absent_ns;
        tracker_look_up(o, d, leg->leg, leg->generation);
        first |= !before_ns && d->now->orders[i].absent_ns;
    }
    return first;
}

/* Every question to the broker that is due. */
static void ask(struct desk_order *o, struct draft *d)
{
    struct tracker *t = &o->tracker;
    int64_t now_ns = now_of(o);
    bool hinted = atomic_exchange(&o->hinted, false);
    bool awaited = !t->confirmed && broker_can(o->desk->options.broker, BROKER_CAN_BULK_LIST);
    if (hinted || awaited || now_ns >= t->next_poll_ns) {
        poll_broker(o, d, hinted);
        t->next_poll_ns = tracker_next_poll_ns(o, now_ns);
    }
    if (t->must_query && now_ns >= t->next_query_ns) {
        /* A position may wait for the proof, and so does a start for the gate. */
        t->next_query_ns = now_ns + (query(o, d) ? PROVE_NS : ASK_AGAIN_NS);
    }
    if (t->must_reconcile && now_ns >= t->next_reconcile_ns) {
        gateway_hurry(o->desk->gateway);
        tracker_feed_snapshot(o, d);
        t->next_reconcile_ns = now_ns + ASK_AGAIN_NS / RECONCILE_FASTER;
    }
}

static void take_in(struct desk_order *o, struct draft *d, struct command **commands)
{
    begin(o, d);
    if (o->tracker.restarted) {
        feed_simple(o, d, EVENT_RESTARTED);
        desk_set_triggers(o, d->now); /* they tell whether quotes are asked for */
    }
    o->tracker.restarted = false;
    desk_refresh_quote(o, o->desk->options.poll_interval_ns, &d->now->spec.contract);
    tracker_feed_session(o, d);
    bool paused = atomic_load(&o->desk->paused);
    if (paused != (d->now->paused != 0) && !bracket_status_final(d->now->status))
        feed_simple(o, d, paused ? EVENT_PAUSED : EVENT_RESUMED);
    feed_commands(o, d, commands);
    ask(o, d);
    feed_simple(o, d, EVENT_TICK);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* Nothing is in doubt any more: the start gate need not wait for it. */
static void resolve(struct desk_order *o, const struct bracket_state *s)
{
    if (atomic_load(&o->resolved) || !o->tracker.confirmed)
        return;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *leg = &s->orders[i];
        if (leg->generation > 0 &&
            (leg->status == ORDER_STATUS_UNKNOWN || leg->status == ORDER_STATUS_PENDING_NEW))
            return;
    }
    atomic_store(&o->resolved, true);
    atomic_fetch_sub(&o->desk->unresolved, 1);
}

/* Makes the calls; their results are events that wait for their commit. false when none came. */
static bool take_effect(struct desk_order *o, struct draft *d)
{
    carry_out(o, d);
    if (!d->result_count)
        return false;
    begin(o, d);
    tracker_feed_results(o, d);
    feed_simple(o, d, EVENT_TICK);
    return true;
}

static bool calls_anybody(const struct draft *d)
{
    for (size_t i = 0; i < d->effect_count; i++)
        if (d->effects[i].kind == ACTION_SUBMIT || d->effects[i].kind == ACTION_CANCEL)
            return true;
    return false;
}

/* How a turn ends: all is stored; its last draft, after which nothing follows, is yet to be; a
 * commit failed. */
enum ending { END_STORED, END_TO_STORE, END_FAILED };

/* The thread may rest while it is stored: nobody waits for an answer, no gate for what is in it,
 * and no other bracket for this thread. */
static bool may_hand_over(const struct desk_order *o, const struct draft *d,
                          const struct command *commands)
{
    return d->record_count > 0 && !commands && !calls_anybody(d) && atomic_load(&o->resolved) &&
           o->wakes == &o->parker;
}

/* derive -> commit -> calls, until no call brings anything more. */
static enum ending settle(struct desk_order *o, struct draft *d, struct command **commands)
{
    struct pending_commit pending = {.outcome = COMMIT_STORED};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct order_quote quote = desk_quote_of(o);
        draft_derive(d, desk_clock(o->desk), &quote);
        if (may_hand_over(o, d, *commands)) {
            carry_out(o, d); /* what is to be asked later */
            return END_TO_STORE;
        }
        bool stored = d->record_count == 0 || tracker_commit(o, d, &pending);
        if (!stored && *commands && pending.outcome == COMMIT_REFUSED)
            desk_give_back(o, d->before);
        answer(o, *commands, stored, &pending);
        *commands = NULL;
        if (!stored)
            return END_FAILED;
        if (!take_effect(o, d))
            return END_STORED;
    }
    return d->record_count == 0 || tracker_commit(o, d, &pending) ? END_STORED : END_FAILED;
}

/* The first turn after acceptance: its commit is done, its effects are not. */
static enum ending settle_first(struct desk_order *o, struct draft *d)
{
    struct command *none = NULL;
    return take_effect(o, d) ? settle(o, d, &none) : END_STORED;
}

static int64_t next_instant(struct desk_order *o)
{
    const struct tracker *t = &o->tracker;
    int64_t next_ns = t->next_poll_ns;
    if (t->must_query && t->next_query_ns < next_ns)
        next_ns = t->next_query_ns;
    if (t->must_reconcile && t->next_reconcile_ns < next_ns)
        next_ns = t->next_reconcile_ns;
    return t->due_ns < next_ns ? t->due_ns : next_ns;
}

/* A draft was not stored: what it had heard of the broker, outcomes of calls too, is to be asked
 * for again, and at once. */
static void forget_draft(struct desk_order *o)
{
    o->tracker.restarted = true;
    atomic_store(&o->hinted, true);
}

/* `s` is what is committed, or on its way there. */
static int64_t after_turn(struct desk_order *o, const struct bracket_state *s, bool well)
{
    struct tracker *t = &o->tracker;
    int64_t now_ns = now_of(o);
    desk_set_triggers(o, s);
    resolve(o, s);
    if (!well)
        forget_draft(o);
    if (!bracket_status_final(s->status))
        t->final_since_ns = 0;
    else if (!t->final_since_ns)
        t->final_since_ns = now_ns;
    tracker_note_calm(o, s, well);
    return well ? next_instant(o) : now_ns + RETRY_NS;
}

/* Returns when to take the next one (monotonic). */
static int64_t end_turn(struct desk_order *o, struct draft *d, enum ending end)
{
    if (end == END_TO_STORE) {
        int64_t next_ns = after_turn(o, d->now, true);
        tracker_hand_over(o, d);
        return next_ns;
    }
    struct bracket_state *committed = &d->states[0];
    desk_state(o, committed);
    if (end == END_STORED) /* if only as there was nothing: what a user asked for is not repeated */
        tracker_note_stored(o);
    int64_t next_ns = after_turn(o, committed, end == END_STORED);
    draft_pool_return(&o->desk->drafts, d);
    return next_ns;
}

/* The same. */
static int64_t turn(struct desk_order *o)
{
    struct desk *desk = o->desk;
    struct command *commands = NULL;
    int64_t began_ns = now_of(o) > 0 ? now_of(o) : 1;
    atomic_store(&o->turn_began_ns, began_ns); /* first, for desk_settled */
    atomic_store(&o->attention, false);
    struct draft *d = o->first ? o->first : draft_pool_lease(&desk->drafts);
    if (!d) {
        atomic_store(&o->turn_began_ns, 0);
        return began_ns + RETRY_NS;
    }
    atomic_store(&d->user, o);
    atomic_store(&d->turn_began_ns, began_ns);
    enum ending end;
    if (o->first) {
        o->first = NULL;
        end = settle_first(o, d);
    } else {
        commands = desk_take_commands(o);
        take_in(o, d, &commands);
        end = settle(o, d, &commands);
    }
    int64_t next_ns = end_turn(o, d, end);
    atomic_store(&o->figures.next_wake_ns, next_ns);
    atomic_store(&o->turn_began_ns, 0);
    return next_ns;
}

/* What was handed over could not be stored: as after a commit that failed. */
static int64_t begin_anew(struct desk_order *o)
{
    atomic_store(&o->attention, false);
    forget_draft(o);
    o->tracker.calm = false;
    return now_of(o) + RETRY_NS;
}

/* The same. */
static int64_t poll_or_turn(struct desk_order *o)
{
    int64_t next_ns;
    if (!tracker_collect(o))
        return begin_anew(o);
    return tracker_poll_quietly(o, &next_ns) ? next_ns : turn(o);
}

static bool over(struct desk_order *o)
{
    const struct tracker *t = &o->tracker;
    return t->final_since_ns && now_of(o) - t->final_since_ns >= o->desk->options.linger_ns &&
           !atomic_load(&o->attention) && !atomic_load(&o->handing);
}

/* ---- threads --------------------------------------------------------------------------------- */

void *tracker_run(void *order)
{
    struct desk_order *o = order;
    while (atomic_load(&o->phase) == ORDER_PARKED)
        parker_wait(&o->parker, clock_real(), INT64_MAX);
    while (atomic_load(&o->phase) == ORDER_LIVE && !ending(o)) {
        int64_t next_ns = poll_or_turn(o);
        if (over(o))
            break;
        if (!atomic_load(&o->attention) && !ending(o))
            parker_wait(&o->parker, o->desk->options.clock, next_ns);
    }
    tracker_collect(o);
    desk_order_ended(o);
    return NULL;
}

/* One pass over those whose instant has come or that were woken. Returns the next instant. */
static int64_t pass(struct desk *d, struct desk_order **orders)
{
    int64_t next_ns = INT64_MAX;
    for (struct desk_order **at = orders; *at;) {
        struct desk_order *o = *at;
        if (atomic_load(&d->stopping) || atomic_load(&d->failed))
            return 0;
        if (atomic_load(&o->attention) || now_of(o) >= o->tracker.next_turn_ns)
            o->tracker.next_turn_ns = poll_or_turn(o);
        if (over(o)) {
            *at = o->shared_next;
            desk_order_ended(o);
            continue;
        }
        if (o->tracker.next_turn_ns < next_ns)
            next_ns = o->tracker.next_turn_ns;
        at = &o->shared_next;
    }
    for (struct desk_order *o = *orders; o; o = o->shared_next)
        if (atomic_load(&o->attention))
            return 0;
    return next_ns;
}

void *tracker_run_shared(void *desk)
{
    struct desk *d = desk;
    while (!atomic_load(&d->shared_may_run))
        parker_wait(&d->shared_parker, clock_real(), INT64_MAX);
    struct desk_order *orders = d->shared_orders;
    while (!atomic_load(&d->stopping) && !atomic_load(&d->failed) && orders) {
        int64_t next_ns = pass(d, &orders);
        if (next_ns > 0)
            parker_wait(&d->shared_parker, d->options.clock, next_ns);
    }
    while (orders) {
        struct desk_order *o = orders;
        orders = o->shared_next;
        desk_order_ended(o);
    }
    atomic_store(&d->shared_ended, true);
    return NULL;
}
