#include "tests/orders/bracket_fixture.h"

#include "tests/support/test.h"

#include <string.h>

struct bracket_spec fixture_spec(void)
{
    struct bracket_spec spec = {
        .side = ORDER_BUY,
        .entry_type = ORDER_TYPE_LIMIT,
        .time_in_force = TIF_DAY,
        .exit_time_in_force = TIF_GTC,
        .quantity = 10 * ONE,
        .limit_price = 100 * ONE,
        .take_profit = {.kind = EXIT_PRICE, .value = 110 * ONE},
        .stop_loss = {.kind = EXIT_PRICE, .value = 95 * ONE},
        .take_profit_ttl_ns = 10 * NS_PER_SECOND,
        .quote_max_age_ns = 5 * NS_PER_SECOND,
        .not_found_bound_ns = 3 * NS_PER_SECOND,
    };
    assert_int_equal(contract_share("SPY", 3, &spec.contract, NULL), ERR_OK);
    return spec;
}

struct order_event fixture_event(const struct fixture *f, enum order_event_type type)
{
    struct order_event e;
    order_event_init(&e, type, f->clock);
    e.quote = f->quote;
    return e;
}

/* What must hold of every state that events can reach. */
static void check_invariants(const struct bracket_state *s)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    assert_true(sums.open >= 0 || (s->review & REVIEW_OVER_CLOSE));
    if (s->status == BRACKET_CLOSED) {
        assert_int_equal(sums.exits_live, 0);
        assert_int_equal(sums.entries_live, 0);
    }
}

void fixture_step(struct fixture *f, const struct order_event *e)
{
    unsigned char bytes[ORDER_EVENT_BYTES_MAX];
    struct order_event decoded;
    struct bracket_state once, twice;
    size_t size_bytes = order_event_encode(e, bytes);
    assert_int_equal(order_event_decode(bytes, size_bytes, &decoded, NULL), ERR_OK);
    assert_memory_equal(&decoded, e, sizeof(decoded));
    bracket_step(&f->state, &decoded, &once);
    bracket_step(&once, e, &twice);
    assert_memory_equal(&once, &twice, sizeof(once));
    f->before = f->state;
    f->state = once;
    check_invariants(&f->state);
    f->action_count = bracket_derive(&f->state, f->clock, f->actions);
}

void bracket_fixture_init(struct fixture *f, const struct bracket_spec *spec)
{
    memset(f, 0, sizeof(*f));
    f->clock = (struct order_clock){.wall_ns = START_NS, .steady_ns = NS_PER_SECOND};
    struct order_event e = fixture_event(f, EVENT_ACCEPTED);
    e.id.bytes[15] = 7;
    e.spec = *spec;
    fixture_step(f, &e);
    assert_int_equal(f->state.spec.quantity, spec->quantity);
}

void fixture_simple(struct fixture *f, enum order_event_type type)
{
    struct order_event e = fixture_event(f, type);
    fixture_step(f, &e);
}

void fixture_pass(struct fixture *f, int64_t seconds)
{
    f->clock.wall_ns += seconds * NS_PER_SECOND;
    f->clock.steady_ns += seconds * NS_PER_SECOND;
    fixture_simple(f, EVENT_TICK);
}

void fixture_quote(struct fixture *f, int64_t bid, int64_t ask)
{
    f->quote = (struct order_quote){.bid = bid, .ask = ask, .at_steady_ns = f->clock.steady_ns};
    fixture_simple(f, EVENT_TICK);
}

const struct bracket_action *fixture_action(struct fixture *f, enum action_kind kind, enum leg leg)
{
    f->action_count = bracket_derive(&f->state, f->clock, f->actions);
    for (size_t i = 0; i < f->action_count; i++)
        if (f->actions[i].kind == kind && f->actions[i].leg == leg)
            return &f->actions[i];
    return NULL;
}

int32_t fixture_intend(struct fixture *f, enum action_kind kind, enum leg leg)
{
    const struct bracket_action *found = fixture_action(f, kind, leg);
    if (!found) {
        fail_msg("no %s of %s in %s", action_name(kind), leg_name(leg),
                 bracket_status_name(f->state.status));
        return 0;
    }
    struct bracket_action action = *found;
    struct order_event e;
    assert_true(bracket_action_intent(&action, f->clock, &e));
    e.quote = f->quote;
    fixture_step(f, &e);
    assert_true(bracket_action_stands(&f->state, &action));
    assert_null(fixture_action(f, kind, leg));
    return action.generation;
}

void fixture_is_quiet(struct fixture *f)
{
    f->action_count = bracket_derive(&f->state, f->clock, f->actions);
    for (size_t i = 0; i < f->action_count; i++)
        if (f->actions[i].kind != ACTION_QUERY && f->actions[i].kind != ACTION_RECONCILE)
            fail_msg("%s of %s", action_name(f->actions[i].kind), leg_name(f->actions[i].leg));
}

void fixture_submit_outcome(struct fixture *f, enum leg leg, int32_t generation,
                            enum outcome outcome, enum reject reject)
{
    struct order_event e = fixture_event(f, EVENT_SUBMIT_OUTCOME);
    e.leg = leg;
    e.generation = generation;
    e.outcome = outcome;
    e.reject = reject;
    fixture_step(f, &e);
}

void fixture_cancel_outcome(struct fixture *f, enum leg leg, int32_t generation,
                            enum outcome outcome)
{
    struct order_event e = fixture_event(f, EVENT_CANCEL_OUTCOME);
    e.leg = leg;
    e.generation = generation;
    e.outcome = outcome;
    fixture_step(f, &e);
}

void fixture_report(struct fixture *f, enum leg leg, int32_t generation, enum order_status status,
                    int64_t filled, int64_t price)
{
    struct order_event e = fixture_event(f, EVENT_REPORT);
    const struct leg_order *o = bracket_find(&f->state, leg, generation);
    e.leg = leg;
    e.generation = generation;
    e.status = status;
    e.quantity = o ? o->quantity : 10 * ONE;
    e.filled = filled;
    e.filled_value = order_value(filled, price);
    e.from_ns = f->clock.steady_ns;
    fixture_step(f, &e);
}

void fixture_absent(struct fixture *f, enum leg leg, int32_t generation)
{
    struct order_event e = fixture_event(f, EVENT_ABSENT);
    e.leg = leg;
    e.generation = generation;
    e.from_ns = f->clock.steady_ns;
    fixture_step(f, &e);
}

int32_t fixture_place(struct fixture *f, enum leg leg)
{
    int32_t generation = fixture_intend(f, ACTION_SUBMIT, leg);
    fixture_submit_outcome(f, leg, generation, OUTCOME_OK, REJECT_NONE);
    return generation;
}

void fixture_enter(struct fixture *f, int64_t quantity, int64_t price)
{
    int32_t generation = fixture_place(f, LEG_ENTRY);
    fixture_report(f, LEG_ENTRY, generation, ORDER_STATUS_NEW, quantity, price);
}

void fixture_protect(struct fixture *f)
{
    fixture_enter(f, f->state.spec.quantity, 100 * ONE);
    fixture_place(f, LEG_STOP_LOSS);
}

void fixture_cancel(struct fixture *f, enum leg leg, int64_t filled, int64_t price)
{
    int32_t generation = fixture_intend(f, ACTION_CANCEL, leg);
    fixture_report(f, leg, generation, ORDER_STATUS_CANCELED, filled, price);
}

const struct leg_order *fixture_order(const struct fixture *f, enum leg leg, int32_t generation)
{
    const struct leg_order *o = bracket_find(&f->state, leg, generation);
    if (!o)
        fail_msg("no %s%d", leg_name(leg), (int)generation);
    return o;
}

void fixture_status_is(const struct fixture *f, enum bracket_status status)
{
    assert_string_equal(bracket_status_name(f->state.status), bracket_status_name(status));
}
