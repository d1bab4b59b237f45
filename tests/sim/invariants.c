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

/* ---- what the tracker knows, a second time -----------------------------------------------------
 */

static bool lives(const struct leg_order *o)
{
    return o->generation > 0 && !order_status_dead(o->status);
}

static bool works(const struct leg_order *o)
{
    return o->status == ORDER_STATUS_NEW || o->status == ORDER_STATUS_PARTIALLY_FILLED ||
           o->status == ORDER_STATUS_PENDING_CANCEL;
}

/* An exit at the market, or a take profit that is tried, counts for so long. */
static int64_t ttl_of(const struct bracket_state *s, const struct leg_order *o)
{
    return o->leg == LEG_EXIT ? BRACKET_EXIT_TTL_S * NS_PER_SECOND : s->spec.take_profit_ttl_ns;
}

/* What the legs of a native OCO may sell together: told for the take profit. */
static int64_t pair_reserved(const struct bracket_state *s, const struct leg_order *o)
{
    bool stop = o->leg == LEG_STOP_LOSS;
    const struct leg_order *other =
        bracket_find(s, stop ? LEG_TAKE_PROFIT : LEG_STOP_LOSS, o->paired);
    int64_t filled = o->filled - o->busted;
    if (!other)
        return lives(o) && o->quantity > filled ? o->quantity : filled;
    if (stop)
        return 0;
    filled += other->filled - other->busted;
    return (lives(o) || lives(other)) && o->quantity > filled ? o->quantity : filled;
}

static int64_t folded_net(const struct bracket_state *s, enum leg leg)
{
    return s->legs[leg].folded - s->legs[leg].folded_busted;
}

void known_sum(const struct bracket_state *s, struct order_clock now, struct known *ret)
{
    *ret = (struct known){.entered = folded_net(s, LEG_ENTRY)};
    if (s->spec.adopts_position)
        ret->entered = s->spec.quantity;
    for (int leg = LEG_ENTRY + 1; leg < LEG_COUNT; leg++)
        ret->exited += folded_net(s, (enum leg)leg);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        int64_t net = o->filled - o->busted, rest = o->quantity - o->filled;
        if (o->generation <= 0)
            continue;
        int64_t most = lives(o) && o->quantity > net ? o->quantity : net;
        if (o->leg == LEG_ENTRY) {
            ret->entered += s->spec.adopts_position ? 0 : net;
            ret->entry_reserved += most;
            ret->entry_live |= lives(o);
            continue;
        }
        ret->exited += net;
        ret->exits_live += lives(o);
        ret->exit_reserved += o->paired ? pair_reserved(s, o) : most;
        if (o->leg == LEG_STOP_LOSS && works(o))
            ret->stops_working += rest;
        else if (o->leg != LEG_STOP_LOSS && !o->paired && lives(o) &&
                 o->status != ORDER_STATUS_UNKNOWN && now.steady_ns - o->sent_ns < ttl_of(s, o))
            ret->exits_in_time += rest;
    }
    ret->open = ret->entered - ret->exited - s->external;
}

/* ---- after each step ---------------------------------------------------------------------------
 */

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
        if (b->status == ORDER_STATUS_REJECTED)
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

/* Whether something has to stand behind what is open: in the session, armed, and asked for. */
static bool must_be_covered(const struct bracket_state *s, const struct known *k,
                            struct order_clock now)
{
    bool in_session = !s->session_close_ns ||
                      (now.wall_ns >= s->session_open_ns && now.wall_ns < s->session_close_ns);
    if (k->open <= 0 || !in_session)
        return false;
    if (s->closing)
        return true;
    if (s->spec.stop_loss.kind == EXIT_NONE || s->spec.protection == PROTECTION_WATCHED)
        return false;
    if (s->spec.adopts_position && s->entry_end)
        return false;
    return s->spec.arm == ARM_PARTIAL ||
           (!k->entry_live && (s->paused || s->entry_end || k->entered >= s->spec.quantity));
}

/* 6: bare for two seconds is told. */
static void check_protection(struct world *w, const struct order_event *e,
                             const struct bracket_state *s)
{
    struct known k;
    known_sum(s, e->clock, &k);
    struct checks *c = &w->checks;
    if (!must_be_covered(s, &k, e->clock) || k.stops_working + k.exits_in_time >= k.open) {
        c->bare_since_ns = 0;
        return;
    }
    if (!c->bare_since_ns)
        c->bare_since_ns = e->clock.steady_ns;
    if (e->clock.steady_ns - c->bare_since_ns > BRACKET_GRACE_S * NS_PER_SECOND &&
        s->status != BRACKET_UNPROTECTED && s->status != BRACKET_NEEDS_REVIEW)
        violate(w, 6, "%lld bare for %lld ms, and %s", (long long)k.open / PRICE_ONE,
                (long long)((e->clock.steady_ns - c->bare_since_ns) / NS_PER_MS),
                bracket_status_name(s->status));
}

void check_step(struct world *w, const struct bracket_state *before, const struct order_event *e,
                const struct bracket_state *after)
{
    if (e->type == EVENT_RECONCILED && e->from_ns > w->checks.reconciled_ns)
        w->checks.reconciled_ns = e->from_ns;
    check_orders(w, before, e, after);
    check_trigger(w, before, e, after);
    check_protection(w, e, after);
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

/* ---- intents, calls, commits -------------------------------------------------------------------
 */

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
    int64_t bare_ns = s->uncovered_ns, grace_ns = BRACKET_GRACE_S * NS_PER_SECOND;
    if (bare_ns && tracker_clock(w).steady_ns < bare_ns + grace_ns &&
        next_steady_ns > bare_ns + grace_ns)
        violate(w, 6, "nobody wakes when it has been bare for long");
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

/* A plain entry without exits is left to who asked for it. */
static bool is_plain(const struct bracket_state *s)
{
    return s->spec.take_profit.kind == EXIT_NONE && s->spec.stop_loss.kind == EXIT_NONE &&
           !s->spec.flat_ns && !s->closing;
}

bool is_misled(const struct checks *c)
{
    return c->late_fill || c->bust || c->amnesia || c->external || c->lied;
}

static int64_t folded_exits(const struct bracket_state *s)
{
    return folded_net(s, LEG_TAKE_PROFIT) + folded_net(s, LEG_STOP_LOSS) + folded_net(s, LEG_EXIT);
}

/* The guard, by intents that derive never asks for: no room for one contract more, none beside an
 * order of the leg that lives, none when no entry is wanted. */
static void check_guard(struct world *w, const struct bracket_state *s)
{
    struct order_clock clock = tracker_clock(w);
    struct known k;
    known_sum(s, clock, &k);
    int64_t exit_room = k.entered - s->external - k.exit_reserved - folded_exits(s);
    int64_t entry_room = s->spec.quantity - k.entry_reserved - s->legs[LEG_ENTRY].folded;
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

/* ---- at rest -----------------------------------------------------------------------------------
 */

static bool calls_under_way(const struct world *w)
{
    return world_calling(w, CALL_SUBMIT, LEG_ENTRY, 0) ||
           world_calling(w, CALL_CANCEL, LEG_ENTRY, 0);
}

/* The status that the machine ends with is the one that the broker told. */
static bool same_ends(const struct world *w, const struct bracket_state *s)
{
    for (uint32_t i = 0; i < w->broker.count && !w->checks.lied; i++) {
        const struct sim_order *o = &w->broker.orders[i];
        const struct leg_order *known = bracket_find(s, o->report.leg, o->report.generation);
        if (known && known->death == DEATH_BROKER && !o->forgotten &&
            known->status != o->report.status)
            return false;
    }
    return true;
}

/* The cutoff or flat_at is over. */
static bool is_late(const struct world *w, const struct bracket_state *s)
{
    int64_t wall_ns = world_wall_ns(w), cutoff_ns = s->spec.contract.cutoff_ns;
    return (cutoff_ns && wall_ns >= cutoff_ns) || (s->spec.flat_ns && wall_ns >= s->spec.flat_ns);
}

/* The stop stands at its price, where that is plain. */
static bool stop_is_in_place(const struct bracket_state *s)
{
    const struct leg_order *o = bracket_live(s, LEG_STOP_LOSS);
    return !o || s->spec.stop_loss.kind != EXIT_PRICE || o->stop_price == s->spec.stop_loss.value;
}

/* 7: what rests is what is open, of the kind that was asked for. */
static bool is_protected(const struct world *w, const struct bracket_state *s,
                         const struct exposure *x)
{
    bool armed = s->spec.arm == ARM_PARTIAL || !x->entries_live;
    bool stop = s->spec.stop_loss.kind != EXIT_NONE, profit = s->spec.take_profit.kind != EXIT_NONE;
    if (!w->broker.market.open || !stop_is_in_place(s) || is_late(w, s))
        return false;
    if (s->spec.protection == PROTECTION_WATCHED || !armed || (!stop && !profit))
        return x->resting == 0;
    if (s->spec.protection == PROTECTION_RESTING_BOTH && profit && x->resting_profits != x->open)
        return false;
    if (stop)
        return x->resting_stops == x->open && x->resting == x->open;
    return x->resting == x->open;
}

static bool is_stable(const struct world *w, const struct bracket_state *s,
                      const struct exposure *x, bool ended)
{
    bool idle = x->entries_live == 0 && x->exits_live == 0;
    /* A user asked for less when more had filled already. */
    bool lowered = x->entered > s->spec.quantity && x->entered <= w->checks.asked_most;
    /* The first fill of an exit ends the entry; so do a pause, the cutoff and flat_at. */
    if (x->entries_live && !is_misled(&w->checks) && (x->exited > 0 || s->paused || is_late(w, s)))
        return false;
    bool noted = (s->reviewed & REVIEW_OVER_CLOSE) && is_misled(&w->checks);
    switch (s->status) {
    case BRACKET_CLOSED:
        return idle && (x->open == 0 || is_plain(s) || (x->open < 0 && noted));
    case BRACKET_CANCELED:
    case BRACKET_EXPIRED:
    case BRACKET_REJECTED:
        return idle && (x->entered == 0 || s->spec.adopts_position);
    case BRACKET_WORKING:
        return (x->entries_live > 0 || s->paused) && x->resting == 0 &&
               (x->open == 0 || is_plain(s));
    case BRACKET_SUBMITTING:
        return s->paused && idle;
    case BRACKET_PROTECTING:
        return is_protected(w, s, x);
    case BRACKET_NEEDS_REVIEW:
        return (is_misled(&w->checks) || ended || lowered) &&
               x->resting <= (x->open > 0 ? x->open : 0);
    default:
        return ended && idle;
    }
}

/* Orders that the machine keeps in sums alone: what befalls them now it does not hear. */
static bool has_folded(const struct world *w, const struct bracket_state *s)
{
    for (uint32_t i = 0; i < w->broker.count; i++) {
        const struct sim_report *r = &w->broker.orders[i].report;
        if (r->filled && !bracket_find(s, r->leg, r->generation))
            return true;
    }
    return false;
}

bool check_settled(struct world *w)
{
    const struct bracket_state *s = w->tracker.state;
    if (!s->spec.quantity || calls_under_way(w))
        return false;
    struct exposure x;
    struct known k;
    broker_exposure(w, &x);
    known_sum(s, tracker_clock(w), &k);
    bool same = k.entered == x.entered && k.exited == x.exited && s->external == w->broker.external;
    /* What befalls an order that is kept no longer shows in the position alone; or it is a
     * person's. */
    same |= w->checks.late_fill && k.open == x.open;
    same |= is_misled(&w->checks) && s->status == BRACKET_NEEDS_REVIEW;
    bool unknown = w->checks.amnesia || w->checks.lied ||
                   ((w->checks.bust || w->checks.late_fill) && has_folded(w, s));
    if (!same && !unknown)
        return false;
    if (unknown) {
        /* Fills of an order that was forgotten before anybody asked, or hidden until they were
         * taken for closed outside: nobody can know of them. What is known must be at rest. */
        x.entered = k.entered;
        x.open = k.open;
    }
    bool ended = s->spec.contract.end_ns && world_wall_ns(w) >= s->spec.contract.end_ns;
    return same_ends(w, s) && is_stable(w, s, &x, ended);
}
