#include "tests/orders/random_bracket.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "tests/support/test.h"

#include <string.h>

#define ONE DECIMAL_ONE
#define START_NS (INT64_C(1790000000) * NS_PER_SECOND)

static bool chance(struct random *r, uint64_t in)
{
    return random_below(r, in) == 0;
}

static int64_t between(struct random *r, int64_t from, int64_t to)
{
    return from + (int64_t)random_below(r, (uint64_t)(to - from + 1));
}

/* ---- terms ----------------------------------------------------------------------------------- */

static struct exit_terms random_exit(struct random *r, bool stop, bool adopts)
{
    static const enum exit_kind kinds[] = {EXIT_NONE,   EXIT_PRICE,         EXIT_PERCENT,
                                           EXIT_OFFSET, EXIT_TRAIL_PERCENT, EXIT_TRAIL_PRICE};
    struct exit_terms t = {.kind = kinds[random_below(r, stop ? 6 : 4)]};
    if (adopts && (t.kind == EXIT_NONE || t.kind == EXIT_PERCENT || t.kind == EXIT_OFFSET))
        t.kind = EXIT_PRICE;
    if (t.kind)
        t.value = between(r, 1, 9) * ONE;
    return t;
}

struct bracket_spec random_spec(struct random *r)
{
    struct bracket_spec spec = {
        .side = (enum order_side)random_below(r, 2),
        .entry_type = (enum order_type)random_below(r, ORDER_TYPE_COUNT),
        .time_in_force = (enum time_in_force)random_below(r, TIF_COUNT),
        .exit_time_in_force = (enum time_in_force)random_below(r, 2),
        .protection = (enum protection)random_below(r, PROTECTION_COUNT),
        .arm = (enum arm)random_below(r, ARM_COUNT),
        .adopts_position = chance(r, 8),
        .quantity = between(r, 1, 6) * ONE,
        .take_profit_ttl_ns = between(r, 1, 10) * NS_PER_SECOND,
        .quote_max_age_ns = 5 * NS_PER_SECOND,
        .not_found_bound_ns = between(r, 0, 3) * NS_PER_SECOND,
    };
    assert_int_equal(contract_share("SPY", 3, &spec.contract, NULL), ERR_OK);
    int64_t way = spec.side == ORDER_BUY ? ONE : -ONE;
    spec.take_profit = random_exit(r, false, spec.adopts_position);
    spec.stop_loss = random_exit(r, true, spec.adopts_position);
    if (!spec.adopts_position && chance(r, 8))
        spec.take_profit = spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    if (spec.take_profit.kind == EXIT_PRICE)
        spec.take_profit.value = 100 * ONE + 5 * way;
    if (spec.stop_loss.kind == EXIT_PRICE) {
        spec.stop_loss.value = 100 * ONE - 5 * way;
        spec.stop_loss.limit_price = chance(r, 4) ? 100 * ONE - 6 * way : 0;
    }
    bool limit = spec.entry_type == ORDER_TYPE_LIMIT || spec.entry_type == ORDER_TYPE_STOP_LIMIT;
    bool stop = spec.entry_type == ORDER_TYPE_STOP || spec.entry_type == ORDER_TYPE_STOP_LIMIT;
    if (limit && !spec.adopts_position)
        spec.limit_price = 100 * ONE;
    if (stop && !spec.adopts_position)
        spec.stop_price = 100 * ONE;
    if (chance(r, 4))
        spec.flat_ns = START_NS + between(r, 1, 60) * NS_PER_SECOND;
    if (chance(r, 4))
        spec.contract.cutoff_ns = START_NS + between(r, 1, 60) * NS_PER_SECOND;
    if (spec.contract.cutoff_ns && chance(r, 2))
        spec.contract.end_ns = spec.contract.cutoff_ns + 20 * NS_PER_SECOND;
    assert_int_equal(bracket_spec_check(&spec, NULL), ERR_OK);
    return spec;
}

/* ---- anything whatever ----------------------------------------------------------------------- */

static int64_t any_number(struct random *r)
{
    static const int64_t edges[] = {0, 1, -1, ONE, 10 * ONE, INT64_MAX, INT64_MIN, INT64_MAX - 1};
    if (chance(r, 2))
        return edges[random_below(r, sizeof(edges) / sizeof(edges[0]))];
    return chance(r, 2) ? between(r, 0, 12) * ONE : (int64_t)random_next(r);
}

static int32_t any_generation(struct random *r)
{
    return chance(r, 20) ? (int32_t)random_next(r) : (int32_t)between(r, -1, 4);
}

struct order_event random_event(struct random *r, const struct bracket_state *s)
{
    struct order_event e;
    struct order_clock clock = {.wall_ns = START_NS + between(r, 0, 90) * NS_PER_SECOND,
                                .steady_ns = between(r, 1, 90) * NS_PER_SECOND};
    order_event_init(&e, (enum order_event_type)random_below(r, EVENT_COUNT), clock);
    e.leg = (enum leg)random_below(r, LEG_COUNT);
    e.generation = any_generation(r);
    if (s && chance(r, 2))
        e.generation = s->legs[e.leg].generation + (e.type == EVENT_SUBMIT);
    e.quote = (struct order_quote){.bid = chance(r, 3) ? any_number(r) : between(r, 90, 110) * ONE,
                                   .at_steady_ns = clock.steady_ns - between(r, -2, 8) * ONE,
                                   .halted = chance(r, 10)};
    e.quote.ask = chance(r, 3) ? any_number(r) : e.quote.bid;
    e.paired = chance(r, 2) ? any_generation(r) : 0;
    e.replacing = (int32_t)random_below(r, 2);
    e.order_type = (enum order_type)random_below(r, ORDER_TYPE_COUNT);
    e.outcome = (enum outcome)random_below(r, OUTCOME_COUNT);
    e.reject = (enum reject)random_below(r, REJECT_COUNT);
    e.status = (enum order_status)random_below(r, ORDER_STATUS_COUNT);
    int64_t *numbers[] = {&e.quantity, &e.limit_price,  &e.stop_price,   &e.second_price, &e.filled,
                          &e.busted,   &e.filled_value, &e.busted_value, &e.from_ns,      &e.to_ns};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = any_number(r);
    if (chance(r, 2))
        e.from_ns = clock.steady_ns - between(r, 0, 5) * NS_PER_SECOND;
    e.spec = random_spec(r);
    return e;
}

static struct leg_order random_order(struct random *r)
{
    struct leg_order o = {
        .leg = (enum leg)random_below(r, LEG_COUNT),
        .generation = any_generation(r),
        .status = (enum order_status)random_below(r, ORDER_STATUS_COUNT),
        .death = (enum death)random_below(r, DEATH_COUNT),
        .type = (enum order_type)random_below(r, ORDER_TYPE_COUNT),
        .paired = chance(r, 2) ? any_generation(r) : 0,
        .cancel_calls = (int32_t)random_below(r, 2),
        .replacing = (int32_t)random_below(r, 2),
    };
    int64_t *numbers[] = {&o.quantity,     &o.limit_price, &o.stop_price,   &o.filled,
                          &o.filled_value, &o.busted,      &o.busted_value, &o.sent_ns,
                          &o.cancel_ns,    &o.seen_ns,     &o.absent_ns};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = any_number(r);
    return o;
}

struct bracket_state random_state(struct random *r)
{
    struct bracket_state s;
    bracket_state_init(&s);
    s.spec = random_spec(r);
    s.status = (enum bracket_status)random_below(r, BRACKET_STATUS_COUNT);
    s.closing = chance(r, 2) ? CLOSE_NONE : (enum close_reason)random_below(r, CLOSE_REASON_COUNT);
    s.entry_end = chance(r, 2) ? ENTRY_END_NONE : (enum entry_end)random_below(r, ENTRY_END_COUNT);
    s.paused = (int32_t)random_below(r, 2);
    s.latched = (uint32_t)random_below(r, 32);
    s.reviewed = (uint32_t)random_below(r, 32);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        if (!chance(r, 3))
            s.orders[i] = random_order(r);
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        struct leg_ledger *l = &s.legs[leg];
        l->generation = any_generation(r);
        l->folded_generation = any_generation(r);
        l->refusals = any_generation(r);
        l->retry_ns = any_number(r);
        l->folded = any_number(r);
        l->folded_busted = any_number(r);
        l->folded_value = any_number(r);
    }
    int64_t *numbers[] = {&s.external,        &s.anchor,          &s.attempt_ns,
                          &s.uncovered_ns,    &s.reconcile_ns,    &s.reconciled_ns,
                          &s.session_open_ns, &s.session_close_ns};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = any_number(r);
    return s;
}

/* ---- a walk ---------------------------------------------------------------------------------- */

static struct order_event walk_event(struct walk *w, enum order_event_type type)
{
    struct order_event e;
    order_event_init(&e, type, w->clock);
    int64_t mid = between(&w->random, 90, 110) * ONE;
    if (!chance(&w->random, 3))
        e.quote = (struct order_quote){
            .bid = mid, .ask = mid + ONE / 100, .at_steady_ns = w->clock.steady_ns};
    return e;
}

static bool walk_apply(struct walk *w, const struct order_event *e)
{
    w->before = w->state;
    w->event = *e;
    bracket_step(&w->before, e, &w->state);
    return true;
}

void walk_init(struct walk *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    random_seed(&w->random, seed);
    w->clock = (struct order_clock){.wall_ns = START_NS, .steady_ns = NS_PER_SECOND};
    struct order_event e = walk_event(w, EVENT_ACCEPTED);
    e.spec = random_spec(&w->random);
    e.id.bytes[0] = 1;
    walk_apply(w, &e);
}

static void add_truth(struct walk *w, enum leg leg, int32_t generation, int64_t quantity)
{
    assert_true(w->truth_count < WALK_TRUTHS_MAX);
    w->truths[w->truth_count++] =
        (struct truth){.leg = leg, .generation = generation, .quantity = quantity};
}

static bool walk_act(struct walk *w)
{
    struct bracket_action actions[BRACKET_ACTIONS_MAX];
    size_t count = bracket_derive(&w->state, w->clock, actions);
    struct order_event e;
    if (!count)
        return false;
    const struct bracket_action *a = &actions[random_below(&w->random, count)];
    if (!bracket_action_intent(a, w->clock, &e)) {
        if (a->kind != ACTION_RECONCILE)
            return false;
        e = walk_event(w, EVENT_RECONCILED);
        e.from_ns = w->clock.steady_ns;
        return walk_apply(w, &e);
    }
    walk_apply(w, &e);
    if (a->kind == ACTION_SUBMIT && bracket_action_stands(&w->state, a)) {
        add_truth(w, a->leg, a->generation, a->quantity);
        if (a->paired)
            add_truth(w, LEG_STOP_LOSS, a->paired, a->quantity);
    }
    return true;
}

/* The truth of the other leg of the same native OCO, or NULL. */
static struct truth *other_leg(struct walk *w, const struct truth *t)
{
    const struct leg_order *o = bracket_find(&w->state, t->leg, t->generation);
    for (size_t i = 0; o && o->paired && i < w->truth_count; i++)
        if (w->truths[i].leg != t->leg && w->truths[i].leg != LEG_ENTRY &&
            w->truths[i].leg != LEG_EXIT && w->truths[i].generation == o->paired)
            return &w->truths[i];
    return NULL;
}

static bool walk_outcome(struct walk *w, struct truth *t)
{
    const struct leg_order *o = bracket_find(&w->state, t->leg, t->generation);
    if (!o || (o->status != ORDER_STATUS_PENDING_NEW && !o->cancel_calls))
        return false;
    bool submit = o->status == ORDER_STATUS_PENDING_NEW;
    struct order_event e = walk_event(w, submit ? EVENT_SUBMIT_OUTCOME : EVENT_CANCEL_OUTCOME);
    e.leg = t->leg;
    e.generation = t->generation;
    e.outcome =
        chance(&w->random, 3) ? (enum outcome)random_below(&w->random, OUTCOME_COUNT) : OUTCOME_OK;
    if (e.outcome == OUTCOME_REJECTED)
        e.reject = chance(&w->random, 3) ? REJECT_HELD : REJECT_OTHER;
    bool arrived =
        e.outcome == OUTCOME_OK || (e.outcome == OUTCOME_UNKNOWN && !chance(&w->random, 3));
    struct truth *other = other_leg(w, t);
    if (submit && arrived)
        t->status = ORDER_STATUS_NEW;
    if (submit && arrived && other)
        other->status = ORDER_STATUS_NEW;
    if (!submit && arrived && t->status == ORDER_STATUS_NEW)
        t->status = ORDER_STATUS_CANCELED;
    if (!submit && arrived && other && other->status == ORDER_STATUS_NEW)
        other->status = ORDER_STATUS_CANCELED;
    return walk_apply(w, &e);
}

/* Something happens to a live order at the broker, of which we are told another time. */
static void walk_market(struct walk *w, struct truth *t)
{
    bool late = (t->status == ORDER_STATUS_CANCELED || t->status == ORDER_STATUS_EXPIRED) &&
                t->filled < t->quantity && !w->plain && chance(&w->random, 40);
    if (late)
        t->filled += ONE;
    if (t->status != ORDER_STATUS_NEW)
        return;
    struct truth *other = other_leg(w, t);
    if (chance(&w->random, 8)) {
        static const enum order_status ends[] = {ORDER_STATUS_EXPIRED, ORDER_STATUS_CANCELED,
                                                 ORDER_STATUS_REJECTED};
        t->status = ends[random_below(&w->random, t->filled ? 2 : 3)];
    } else {
        t->filled += between(&w->random, 1, (t->quantity - t->filled) / ONE) * ONE;
        if (t->filled == t->quantity)
            t->status = ORDER_STATUS_FILLED;
    }
    if (other && other->status == ORDER_STATUS_NEW)
        other->status = ORDER_STATUS_CANCELED;
    if (other && t->status == ORDER_STATUS_NEW)
        t->status = ORDER_STATUS_CANCELED;
}

static bool walk_report(struct walk *w, const struct truth *t)
{
    bool absent = t->status == ORDER_STATUS_NONE;
    struct order_event e = walk_event(w, absent ? EVENT_ABSENT : EVENT_REPORT);
    e.leg = t->leg;
    e.generation = t->generation;
    e.from_ns = w->clock.steady_ns;
    if (!absent) {
        e.status = t->status;
        e.quantity = t->quantity;
        e.filled = t->filled;
        e.filled_value = order_value(t->filled, 100 * ONE);
    }
    if (t->filled && !w->plain && chance(&w->random, 30)) {
        e.busted = ONE;
        e.busted_value = 100 * ONE;
    }
    return walk_apply(w, &e);
}

static bool walk_request(struct walk *w)
{
    static const enum order_event_type types[] = {
        EVENT_CANCEL_REQUESTED, EVENT_CLOSE_REQUESTED, EVENT_PAUSED,   EVENT_RESUMED,
        EVENT_RESTARTED,        EVENT_REVIEWED,        EVENT_MODIFIED, EVENT_SESSION};
    enum order_event_type type = types[random_below(&w->random, sizeof(types) / sizeof(types[0]))];
    struct order_event e = walk_event(w, type);
    if (type == EVENT_MODIFIED) {
        e.spec = w->state.spec;
        e.spec.quantity = between(&w->random, 1, 6) * ONE;
        e.spec.flat_ns = chance(&w->random, 2) ? 0 : e.spec.flat_ns;
    }
    if (type == EVENT_SESSION && chance(&w->random, 2)) {
        e.from_ns = w->clock.wall_ns - 20 * NS_PER_SECOND;
        e.to_ns = w->clock.wall_ns + between(&w->random, -2, 20) * NS_PER_SECOND;
    }
    return walk_apply(w, &e);
}

static bool walk_pass(struct walk *w)
{
    int64_t by_ns = between(&w->random, 1, 4000) * NS_PER_MS;
    w->clock.steady_ns += by_ns;
    w->clock.wall_ns += by_ns;
    struct order_event e = walk_event(w, EVENT_TICK);
    return walk_apply(w, &e);
}

bool walk_step(struct walk *w)
{
    if (w->truth_count + 2 > WALK_TRUTHS_MAX)
        return false;
    struct truth *t = w->truth_count ? &w->truths[random_below(&w->random, w->truth_count)] : NULL;
    switch (random_below(&w->random, 12)) {
    case 0:
        return walk_pass(w);
    case 1:
        if (chance(&w->random, 6))
            return walk_request(w);
        return walk_pass(w);
    case 2:
    case 3:
        if (t)
            walk_market(w, t);
        return walk_pass(w);
    case 4:
    case 5:
    case 6:
        return (t && walk_report(w, t)) || walk_pass(w);
    case 7:
    case 8:
        return (t && walk_outcome(w, t)) || walk_pass(w);
    default:
        return walk_act(w) || walk_pass(w);
    }
}
