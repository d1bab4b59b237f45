/* What must hold of a step: between the state before, the event and the state after; and of what is
 * derived from it. */
#include "base/clock.h"
#include "orders/step.h"
#include "tests/sim/invariants.h"
#include "tests/sim/world.h"

#include <string.h>

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
    if (!is_thorough(w))
        return;
    struct bracket_state again;
    bracket_step(after, e, &again);
    if (memcmp(&again, after, sizeof(again)) != 0)
        violate(w, 9, "%s twice is not %s once", order_event_name(e->type),
                order_event_name(e->type));
}

/* ---- what is derived ------------------------------------------------------------------------- */

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
