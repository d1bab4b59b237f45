#include "tests/sim/invariants.h"

#include "base/clock.h"
#include "orders/step.h"
#include "tests/sim/world.h"

#include <stdarg.h>
#include <string.h>

void violate(struct world *w, int invariant, const char *format, ...)
{
    if (w->checks.violated)
        return;
    w->checks.violated = invariant;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->checks.what, sizeof(w->checks.what), format, arguments);
    va_end(arguments);
    TRACE(w, "VIOLATED %d: %s", invariant, w->checks.what);
}

/* Seeds whose every event is stepped twice, and whose log is folded again from its bytes. */
static bool thorough(const struct world *w)
{
    return w->schedule.seed % 16 == 0;
}

/* ---- after each step ------------------------------------------------------------------------- */

/* 11: which events are evidence that takes an order out of a status. */
static bool is_evidence(enum order_status from, enum order_event_type type)
{
    static const uint32_t evidence[ORDER_STATUS_COUNT] = {
        [ORDER_STATUS_PENDING_NEW] = 1U << EVENT_SUBMIT_OUTCOME | 1U << EVENT_RESTARTED,
        [ORDER_STATUS_NEW] = 1U << EVENT_CANCEL | 1U << EVENT_ABSENT,
        [ORDER_STATUS_PARTIALLY_FILLED] = 1U << EVENT_CANCEL | 1U << EVENT_ABSENT,
        [ORDER_STATUS_PENDING_CANCEL] = 1U << EVENT_CANCEL_OUTCOME | 1U << EVENT_ABSENT,
        [ORDER_STATUS_UNKNOWN] = 1U << EVENT_ABSENT,
    };
    return ((evidence[from] | 1U << EVENT_REPORT) >> type & 1) != 0;
}

/* 11: what an outcome says is heard at once, and nothing more than that. */
static void check_outcome(struct world *w, const struct leg_order *before,
                          const struct order_event *e, const struct leg_order *after)
{
    static const enum order_status status[OUTCOME_COUNT] = {
        [OUTCOME_OK] = ORDER_STATUS_NEW,
        [OUTCOME_REJECTED] = ORDER_STATUS_REJECTED,
        [OUTCOME_NOT_SENT] = ORDER_STATUS_REJECTED,
        [OUTCOME_UNKNOWN] = ORDER_STATUS_UNKNOWN,
    };
    if (e->type != EVENT_SUBMIT_OUTCOME || e->leg != after->leg ||
        e->generation != after->generation || before->status != ORDER_STATUS_PENDING_NEW)
        return;
    if (e->outcome == OUTCOME_REJECTED && e->reject == REJECT_HELD)
        w->checks.held_ns = e->clock.steady_ns;
    if (after->status != status[e->outcome])
        violate(w, 11, "%s %d is %s after %s", leg_name(after->leg), after->generation,
                order_status_name(after->status), outcome_name(e->outcome));
}

/* 11: an answer without the order counts when it was asked for after the bound, and two make proof:
 * both later than the last that had it. */
static void check_absence(struct world *w, const struct bracket_state *s,
                          const struct leg_order *before, const struct order_event *e,
                          const struct leg_order *after)
{
    int64_t known_ns = before->sent_ns > before->seen_ns ? before->sent_ns : before->seen_ns;
    if (before->lost_ns > known_ns)
        known_ns = before->lost_ns;
    if (after->absent_ns && after->absent_ns != before->absent_ns &&
        e->from_ns - known_ns < s->spec.not_found_bound_ns)
        violate(w, 11, "%s %d is missed within the bound", leg_name(after->leg), after->generation);
    if (after->death == DEATH_ABSENT && before->death != DEATH_ABSENT &&
        before->absent_ns <= before->seen_ns)
        violate(w, 11, "%s %d is given up by one answer", leg_name(after->leg), after->generation);
}

/* Dead, says the tracker: then it is not alive at the broker. */
static void check_death(struct world *w, const struct leg_order *o)
{
    for (uint32_t i = 0; i < w->broker.count && !w->checks.lied; i++) {
        const struct sim_report *r = &w->broker.orders[i].report;
        if (r->leg == o->leg && r->generation == o->generation && !order_status_dead(r->status))
            violate(w, 11, "%s %d is taken for dead, and lives", leg_name(o->leg), o->generation);
    }
}

static void check_orders(struct world *w, const struct bracket_state *before,
                         const struct order_event *e, const struct bracket_state *after)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *a = &before->orders[i], *b = &after->orders[i];
        if (!a->generation || a->generation != b->generation || a->leg != b->leg)
            continue;
        if (b->filled < a->filled || b->busted < a->busted)
            violate(w, 8, "%s %d filled less than before", leg_name(b->leg), b->generation);
        check_outcome(w, a, e, b);
        check_absence(w, after, a, e, b);
        if (b->status == a->status)
            continue;
        if (a->death == DEATH_BROKER && !order_status_dead(b->status))
            violate(w, 10, "%s %d lives again, reported dead", leg_name(b->leg), b->generation);
        if (!is_evidence(a->status, e->type))
            violate(w, 11, "%s %d leaves %s by %s", leg_name(b->leg), b->generation,
                    order_status_name(a->status), order_event_name(e->type));
        if (order_status_dead(b->status))
            check_death(w, b);
        /* The first that was lost on its way was refused by nobody. */
        if (b->status == ORDER_STATUS_REJECTED &&
            (b->death != DEATH_ABSENT || after->legs[b->leg].refusals > 1))
            w->checks.refused_ns[b->leg] = e->clock.steady_ns;
    }
}

static bool is_usable(const struct order_quote *q, int64_t now_ns, int64_t max_age_ns)
{
    return q->bid > 0 && q->ask > 0 && q->bid <= q->ask && !q->halted && q->at_steady_ns > 0 &&
           q->at_steady_ns <= now_ns && now_ns - q->at_steady_ns <= max_age_ns;
}

/* 19: what a quote triggers needs a good one, which has come to the price where that is plain. */
static void check_trigger(struct world *w, const struct bracket_state *before,
                          const struct order_event *e, const struct bracket_state *after)
{
    bool profit = !before->attempt_ns && after->attempt_ns;
    bool stop = !before->closing && after->closing == CLOSE_STOP_LOSS;
    bool anchored = after->anchor && after->anchor != before->anchor;
    if (!profit && !stop && !anchored)
        return;
    if (!is_usable(&e->quote, e->clock.steady_ns, after->spec.quote_max_age_ns))
        violate(w, 19, "a bad quote of %lld, %lld triggers", (long long)e->quote.bid,
                (long long)e->quote.ask);
    bool bought = after->spec.side == ORDER_BUY;
    int64_t price = bought ? e->quote.bid : e->quote.ask;
    int64_t level = after->spec.take_profit.value;
    if (profit && after->spec.take_profit.kind == EXIT_PRICE &&
        (bought ? price < level : price > level))
        violate(w, 19, "a take profit at %lld is triggered by %lld", (long long)level,
                (long long)price);
    level = after->spec.stop_loss.value;
    if (stop && after->spec.stop_loss.kind == EXIT_PRICE &&
        (bought ? price > level : price < level))
        violate(w, 19, "a stop loss at %lld is triggered by %lld", (long long)level,
                (long long)price);
}

/* No stop is to be at the broker. */
static bool is_watched(const struct bracket_state *s)
{
    return s->spec.protection == PROTECTION_WATCHED && !s->closing;
}

/* Whether something has to stand behind what is open: in the session, armed, and asked for. What is
 * watched alone is covered while a quote can be used. */
static bool must_be_covered(const struct bracket_state *s, const struct known *k,
                            const struct order_event *e)
{
    struct order_clock now = e->clock;
    bool in_session = !s->session_close_ns ||
                      (now.wall_ns >= s->session_open_ns && now.wall_ns < s->session_close_ns);
    if (k->open <= 0 || !in_session)
        return false;
    if (s->closing)
        return true;
    if (s->spec.stop_loss.kind == EXIT_NONE ||
        (is_watched(s) && is_usable(&e->quote, now.steady_ns, s->spec.quote_max_age_ns)))
        return false;
    if (s->spec.adopts_position && s->entry_end)
        return false;
    return s->spec.arm == ARM_PARTIAL ||
           (!k->entry_live && (s->paused || s->entry_end || k->entered >= s->spec.quantity));
}

static int64_t grace_ns(const struct bracket_state *s)
{
    return (is_watched(s) ? BRACKET_BLIND_GRACE_MS : BRACKET_GRACE_MS) * NS_PER_MS;
}

/* 6: bare for two seconds is told; after half a second where nothing but quotes protects. */
static void check_protection(struct world *w, const struct order_event *e,
                             const struct bracket_state *s)
{
    struct known k;
    known_sum(s, e->clock, &k);
    struct checks *c = &w->checks;
    if (!must_be_covered(s, &k, e) || k.stops_working + k.exits_in_time >= k.open) {
        c->bare_since_ns = 0;
        return;
    }
    if (!c->bare_since_ns)
        c->bare_since_ns = e->clock.steady_ns;
    if (e->clock.steady_ns - c->bare_since_ns > grace_ns(s) && s->status != BRACKET_UNPROTECTED &&
        s->status != BRACKET_NEEDS_REVIEW)
        violate(w, 6, "%lld bare for %lld ms, and %s", (long long)k.open / PRICE_ONE,
                (long long)((e->clock.steady_ns - c->bare_since_ns) / NS_PER_MS),
                bracket_status_name(s->status));
}

static bool says_cancel(const struct bracket_state *s, struct order_clock now,
                        const struct leg_order *o)
{
    struct bracket_action actions[BRACKET_ACTIONS_MAX];
    size_t count = bracket_derive(s, now, actions);
    for (size_t i = 0; i < count; i++)
        if (actions[i].kind == ACTION_CANCEL && actions[i].leg == o->leg &&
            actions[i].generation == o->generation)
            return true;
    return false;
}

/* 22: a cancel whose call may never have left does not wait for its time: what would be said were
 * none committed is said. */
static void check_restart(struct world *w, const struct bracket_state *before,
                          const struct order_event *e, const struct bracket_state *after)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &after->orders[i];
        if (!before->orders[i].cancel_calls || o->status != ORDER_STATUS_PENDING_CANCEL)
            continue;
        struct bracket_state never = *after;
        never.orders[i].cancel_ns = 0;
        if (says_cancel(&never, e->clock, o) && !says_cancel(after, e->clock, o))
            violate(w, 22, "a cancel of %s %d waits after a restart", leg_name(o->leg),
                    o->generation);
    }
}

void check_step(struct world *w, const struct bracket_state *before, const struct order_event *e,
                const struct bracket_state *after)
{
    if (e->type == EVENT_RECONCILED && e->from_ns > w->checks.reconciled_ns)
        w->checks.reconciled_ns = e->from_ns;
    check_orders(w, before, e, after);
    check_trigger(w, before, e, after);
    check_protection(w, e, after);
    if (e->type == EVENT_RESTARTED)
        check_restart(w, before, e, after);
    bool alarm = after->status == BRACKET_UNPROTECTED || after->status == BRACKET_NEEDS_REVIEW;
    if (alarm && after->status != before->status &&
        !(bracket_alerts(before, after) & (ALERT_UNPROTECTED | ALERT_REVIEW | ALERT_REOPENED)))
        violate(w, 23, "%s in silence", bracket_status_name(after->status));
    if (!thorough(w))
        return;
    struct bracket_state again;
    bracket_step(after, e, &again);
    if (memcmp(&again, after, sizeof(again)) != 0)
        violate(w, 9, "%s twice is not %s once", order_event_name(e->type),
                order_event_name(e->type));
}

/* ---- intents, calls, commits ----------------------------------------------------------------- */

/* 11: whatever is unknown is asked for. */
void check_derived(struct world *w, const struct bracket_state *s, const struct bracket_action *a,
                   size_t count)
{
    size_t unknown = 0, asked = 0;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        unknown += s->orders[i].generation > 0 && s->orders[i].status == ORDER_STATUS_UNKNOWN;
    for (size_t i = 0; i < count; i++)
        asked += a[i].kind == ACTION_QUERY;
    if (asked != unknown)
        violate(w, 11, "%zu orders are unknown, %zu asked for", unknown, asked);
}

void check_next(struct world *w, int64_t next_steady_ns)
{
    const struct bracket_state *s = w->tracker.state;
    if (s->attempt_ns && next_steady_ns > s->attempt_ns + s->spec.take_profit_ttl_ns)
        violate(w, 22, "nobody wakes for the end of an attempt");
    const struct order_clock now = tracker_clock(w);
    int64_t bare_ns = s->uncovered_ns, told_ns = bare_ns + grace_ns(s);
    if (bare_ns && now.steady_ns < told_ns && next_steady_ns > told_ns)
        violate(w, 6, "nobody wakes when it has been bare for long");
    struct known k;
    struct order_event e = {.clock = now}; /* as if there were no quote */
    known_sum(s, now, &k);
    const struct order_quote *q = &w->tracker.quote;
    if (is_watched(s) && must_be_covered(s, &k, &e) &&
        is_usable(q, now.steady_ns, s->spec.quote_max_age_ns) &&
        next_steady_ns > q->at_steady_ns + s->spec.quote_max_age_ns + 1)
        violate(w, 6, "nobody wakes when the quote that protects is too old");
}

void check_intent(struct world *w, const struct bracket_state *s, const struct bracket_action *a)
{
    int64_t wall_ns = world_wall_ns(w);
    const struct contract *c = &s->spec.contract;
    if (a->kind != ACTION_SUBMIT)
        return;
    if (c->end_ns && wall_ns >= c->end_ns)
        violate(w, 20, "a submit after the contract's end");
    if (c->cutoff_ns && wall_ns >= c->cutoff_ns && a->leg == LEG_ENTRY)
        violate(w, 20, "an entry after the contract's cutoff");
    if (a->leg == LEG_ENTRY && (s->entry_end || s->paused))
        violate(w, 20, "an entry that nobody wants any more");
    int64_t open_ns, close_ns;
    if (a->leg != LEG_ENTRY && schedule_session(&w->schedule, wall_ns, &open_ns, &close_ns) &&
        wall_ns < open_ns)
        violate(w, 20, "an exit outside the session");
    struct checks *k = &w->checks;
    if (tracker_clock(w).steady_ns - k->refused_ns[a->leg] < NS_PER_SECOND && k->refused_ns[a->leg])
        violate(w, 21, "%s is sent again at once, refused", leg_name(a->leg));
    if (a->leg != LEG_ENTRY && k->held_ns > k->reconciled_ns)
        violate(w, 18, "an exit is sent again blindly, refused as held before");
    k->burst = k->burst_ns == w->now_ns ? k->burst + 1 : 1;
    k->burst_ns = w->now_ns;
    if (k->burst > 4)
        violate(w, 21, "%u submits at one instant", k->burst);
}

/* Submits of exits that have left and were not yet received. */
static int64_t on_the_way(const struct world *w)
{
    int64_t sum = 0;
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        const struct message *m = &w->messages[i];
        if (w->at_ns[SLOT_MESSAGES + i] != INT64_MAX && m->call == CALL_SUBMIT && !m->answered &&
            m->action.leg != LEG_ENTRY)
            sum += m->action.quantity;
    }
    return sum;
}

static bool numbers_tell(const struct checks *c)
{
    return !c->late_fill && !c->amnesia && !c->lied;
}

/* 5: the entry's fills bound what all exits may sell. A bust is not ours to know at once. */
static void check_no_over_close(struct world *w, int64_t more)
{
    struct exposure x;
    broker_exposure(w, &x);
    int64_t most = w->checks.bust ? x.entry_gross : x.entered;
    if (numbers_tell(&w->checks) && x.exited + x.resting + more > most)
        violate(w, 5, "over-close: X %lld + W %lld + %lld > E %lld",
                (long long)x.exited / PRICE_ONE, (long long)x.resting / PRICE_ONE,
                (long long)more / PRICE_ONE, (long long)most / PRICE_ONE);
}

void check_call(struct world *w, const struct bracket_action *a)
{
    const struct leg_order *o = bracket_find(w->tracker.state, a->leg, a->generation);
    enum order_status intent =
        a->kind == ACTION_SUBMIT ? ORDER_STATUS_PENDING_NEW : ORDER_STATUS_PENDING_CANCEL;
    if (!o || o->status != intent)
        violate(w, 2, "a call without a committed intent");
    if (a->kind == ACTION_SUBMIT && a->leg != LEG_ENTRY)
        check_no_over_close(w, a->quantity + on_the_way(w) + w->tracker.state->external);
}

void check_possible(struct world *w, const struct bracket_action *a)
{
    uint32_t abilities = w->schedule.abilities;
    bool entry = a->leg == LEG_ENTRY, buys = a->side == ORDER_BUY;
    if (w->schedule.spec.contract.kind == CONTRACT_OPTION && a->stop_price && !entry &&
        !(abilities & BROKER_CAN_OPTION_STOPS))
        violate(w, 6, "a stop order that the broker does not offer");
    if (a->paired && !(abilities & BROKER_CAN_NATIVE_OCO))
        violate(w, 5, "a pair that the broker does not offer");
    if (buys != (entry == (w->schedule.spec.side == ORDER_BUY)))
        violate(w, 5, "an order on the wrong side");
}

void check_unique(struct world *w, const struct bracket_action *a, bool seen)
{
    if (seen)
        violate(w, 3, "%s %d submitted twice", leg_name(a->leg), a->generation);
}

void check_accepted(struct world *w, enum leg leg)
{
    const struct sim_report *r = &w->broker.orders[w->broker.count - 1].report;
    const struct leg_order *o = bracket_find(w->tracker.state, r->leg, r->generation);
    if (!o || order_status_dead(o->status))
        violate(w, 11, "%s %d arrives, and was taken for dead", leg_name(r->leg), r->generation);
    struct exposure x;
    broker_exposure(w, &x);
    if (leg != LEG_ENTRY) {
        check_no_over_close(w, 0);
        uint32_t one = w->broker.orders[w->broker.count - 1].partner ? 2 : 1;
        if (numbers_tell(&w->checks) && x.exits_live > one)
            violate(w, 5, "an exit beside another");
        return;
    }
    if (numbers_tell(&w->checks) && x.entered + x.resting_entry > w->checks.asked_most)
        violate(w, 4, "over-entry: E %lld + %lld > Q %lld", (long long)x.entered / PRICE_ONE,
                (long long)x.resting_entry / PRICE_ONE,
                (long long)w->checks.asked_most / PRICE_ONE);
}

bool is_misled(const struct checks *c)
{
    return c->late_fill || c->bust || c->amnesia || c->external || c->lied;
}

/* The guard, by intents that derive never asks for: no room for one contract more, none beside an
 * order of the leg that lives, none when no entry is wanted. */
static void check_guard(struct world *w, const struct bracket_state *s)
{
    struct order_clock clock = tracker_clock(w);
    struct known k;
    known_sum(s, clock, &k);
    int64_t exit_room = k.entered - s->external - k.exit_reserved;
    int64_t entry_room = s->spec.quantity - k.entry_reserved;
    if (s->entry_end || s->paused || s->spec.adopts_position)
        entry_room = 0;
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        int64_t room = leg == LEG_ENTRY ? entry_room : exit_room;
        struct order_event e;
        struct bracket_state after;
        order_event_init(&e, EVENT_SUBMIT, clock);
        e.leg = (enum leg)leg;
        e.generation = s->legs[leg].generation + 1;
        e.order_type = ORDER_TYPE_MARKET;
        e.quantity = (room > 0 ? room : 0) + PRICE_ONE;
        if (bracket_live(s, e.leg) && room > PRICE_ONE)
            e.quantity = PRICE_ONE;
        bracket_step(s, &e, &after);
        if (bracket_find(&after, e.leg, e.generation))
            violate(w, leg == LEG_ENTRY ? 4 : 5, "the guard lets %s %d for %lld pass",
                    leg_name(e.leg), e.generation, (long long)e.quantity / PRICE_ONE);
    }
}

void check_commit(struct world *w)
{
    const struct bracket_state *s = w->tracker.state;
    if (thorough(w))
        check_guard(w, s);
    if (!bracket_status_final(s->status) || is_misled(&w->checks))
        return;
    struct exposure x;
    broker_exposure(w, &x);
    if (x.entries_live || x.exits_live)
        violate(w, 12, "%s with live orders", bracket_status_name(s->status));
    if (s->status == BRACKET_CLOSED && x.open != 0 && !is_plain(s))
        violate(w, 12, "closed with P = %lld", (long long)x.open / PRICE_ONE);
    if (s->status != BRACKET_CLOSED && x.entered && !s->spec.adopts_position)
        violate(w, 13, "%s with E = %lld", bracket_status_name(s->status),
                (long long)x.entered / PRICE_ONE);
}

void check_fold(struct world *w, struct bracket_state *scratch)
{
    const struct tracker *t = &w->tracker;
    if (!thorough(w))
        return;
    bracket_state_init(scratch);
    for (uint32_t i = 0; i < t->log_count; i++) {
        unsigned char bytes[ORDER_EVENT_BYTES_MAX];
        struct order_event e = t->log[i], read;
        if (e.type != EVENT_ACCEPTED && e.type != EVENT_MODIFIED)
            memset(&e.spec, 0, sizeof(e.spec));
        size_t size = order_event_encode(&e, bytes);
        if (order_event_decode(bytes, size, &read, NULL) || memcmp(&read, &e, sizeof(e)) != 0)
            violate(w, 14, "event %u, %s, is not itself after its bytes", i + 1,
                    order_event_name(e.type));
        bracket_step(scratch, &read, scratch);
    }
    if (memcmp(scratch, t->state, sizeof(*scratch)) != 0)
        violate(w, 14, "the log of %u events folds to another state", t->log_count);
}
