/* A stop that we watch alone protects while quotes come that can be used. */
#include "base/limits.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static struct bracket_spec watched_spec(void)
{
    struct bracket_spec spec = fixture_spec();
    spec.protection = PROTECTION_WATCHED;
    return spec;
}

static struct fixture with(struct bracket_spec spec)
{
    struct fixture f;
    bracket_fixture_init(&f, &spec);
    return f;
}

/* 10 open at 100, with a fresh quote. */
static struct fixture open_position(void)
{
    struct fixture f = with(watched_spec());
    fixture_quote(&f, 100 * ONE, 101 * ONE);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    return f;
}

static void pass_ms(struct fixture *f, int64_t ms)
{
    f->clock.wall_ns += ms * NS_PER_MS;
    f->clock.steady_ns += ms * NS_PER_MS;
    fixture_simple(f, EVENT_TICK);
}

static int64_t unprotected(const struct fixture *f)
{
    struct bracket_summary summary;
    bracket_summarize(&f->state, f->clock, &summary);
    return summary.unprotected_quantity;
}

static void without_a_quote_it_is_unprotected_within_a_second(void **state)
{
    (void)state;
    struct fixture f = with(watched_spec());
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(unprotected(&f), 10 * ONE);
    assert_int_equal(bracket_next_steady_ns(&f.state, f.clock),
                     f.clock.steady_ns + BRACKET_BLIND_GRACE_MS * NS_PER_MS);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS - 1);
    fixture_status_is(&f, BRACKET_PROTECTING);
    pass_ms(&f, 1);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_UNPROTECTED);
    fixture_is_quiet(&f);
    pass_ms(&f, 60000);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    assert_int_equal(bracket_alerts(&f.before, &f.state), 0);
    fixture_quote(&f, 100 * ONE, 101 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_PROTECTED);
    assert_int_equal(unprotected(&f), 0);
}

static void a_quote_protects_for_its_age(void **state)
{
    (void)state;
    struct fixture f = open_position();
    pass_ms(&f, 5000);
    assert_int_equal(unprotected(&f), 0);
    pass_ms(&f, 1);
    assert_int_equal(unprotected(&f), 10 * ONE);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
}

static void a_quote_that_triggers_nothing_protects_nothing(void **state)
{
    (void)state;
    const struct order_quote bad[] = {
        {.bid = 0, .ask = 101 * ONE},
        {.bid = 100 * ONE, .ask = 0},
        {.bid = 101 * ONE, .ask = 100 * ONE},
        {.bid = 100 * ONE, .ask = LIMIT_ORDER_PRICE + 1},
        {.bid = 100 * ONE, .ask = 101 * ONE, .halted = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fixture f = open_position();
        f.quote = bad[i];
        f.quote.at_steady_ns = f.clock.steady_ns;
        assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock), f.clock.steady_ns);
        pass_ms(&f, 0);
        assert_int_equal(unprotected(&f), 10 * ONE);
        pass_ms(&f, BRACKET_BLIND_GRACE_MS);
        fixture_status_is(&f, BRACKET_UNPROTECTED);
    }
}

static void the_blink_of_a_quote_is_no_alarm(void **state)
{
    (void)state;
    struct fixture f = open_position();
    fixture_quote(&f, 101 * ONE, 100 * ONE);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS - 1);
    fixture_quote(&f, 100 * ONE, 101 * ONE);
    pass_ms(&f, 1000);
    fixture_status_is(&f, BRACKET_PROTECTING);
}

static void a_take_profit_on_its_way_covers_for_its_time(void **state)
{
    (void)state;
    struct fixture f = open_position();
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    pass_ms(&f, 6000);
    assert_int_equal(unprotected(&f), 0);
    fixture_status_is(&f, BRACKET_PROTECTING);
    pass_ms(&f, 4000);
    assert_int_equal(unprotected(&f), 10 * ONE);
}

static void what_is_being_closed_needs_no_quote(void **state)
{
    (void)state;
    struct fixture f = with(watched_spec());
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    assert_false(f.state.blind);
    fixture_place(&f, LEG_EXIT);
    fixture_status_is(&f, BRACKET_CLOSING);
    assert_int_equal(unprotected(&f), 0);
}

static void nobody_misses_quotes_where_none_are_watched_for(void **state)
{
    (void)state;
    struct bracket_spec spec = watched_spec();
    spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    struct fixture f = with(spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    pass_ms(&f, 60000);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock), INT64_MAX);

    spec = watched_spec();
    spec.arm = ARM_FULL;
    f = with(spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE); /* the rest still works */
    pass_ms(&f, 60000);
    fixture_status_is(&f, BRACKET_PROTECTING);
}

static void tell_session(struct fixture *f, int64_t open_in_s)
{
    struct order_event e = fixture_event(f, EVENT_SESSION);
    e.from_ns = f->clock.wall_ns + open_in_s * NS_PER_SECOND;
    e.to_ns = e.from_ns + 1000 * NS_PER_SECOND;
    fixture_step(f, &e);
}

static void outside_of_the_session_no_quotes_are_missed(void **state)
{
    (void)state;
    struct fixture f = open_position();
    tell_session(&f, 60);
    pass_ms(&f, 59000);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock), INT64_MAX);
    assert_int_equal(bracket_next_steady_ns(&f.state, f.clock), f.clock.steady_ns + NS_PER_SECOND);
    pass_ms(&f, 1000);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
}

static void a_held_position_that_is_given_back_is_nobodys_alarm(void **state)
{
    (void)state;
    struct bracket_spec spec = watched_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    struct fixture f = with(spec);
    pass_ms(&f, BRACKET_BLIND_GRACE_MS);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_status_is(&f, BRACKET_CANCELED);
    assert_int_equal(unprotected(&f), 0);
}

static void it_is_known_when_sight_goes_and_comes(void **state)
{
    (void)state;
    struct fixture f = open_position();
    int64_t at_ns = f.quote.at_steady_ns;
    assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock),
                     at_ns + 5 * NS_PER_SECOND + 1);
    const struct order_quote none = {.bid = 0};
    assert_int_equal(bracket_sight_changes_ns(&f.state, &none, f.clock), f.clock.steady_ns);
    pass_ms(&f, 6000);
    assert_true(f.state.blind);
    assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock), INT64_MAX);
    struct order_quote ahead = f.quote;
    ahead.at_steady_ns = f.clock.steady_ns + 7;
    assert_int_equal(bracket_sight_changes_ns(&f.state, &ahead, f.clock), f.clock.steady_ns + 7);
    ahead.at_steady_ns = f.clock.steady_ns;
    assert_int_equal(bracket_sight_changes_ns(&f.state, &ahead, f.clock), f.clock.steady_ns);
}

static void a_resting_stop_needs_no_quotes(void **state)
{
    (void)state;
    struct fixture f = with(fixture_spec());
    fixture_protect(&f);
    pass_ms(&f, 60000);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(bracket_sight_changes_ns(&f.state, &f.quote, f.clock), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_quote_it_is_unprotected_within_a_second),
        cmocka_unit_test(a_quote_protects_for_its_age),
        cmocka_unit_test(a_quote_that_triggers_nothing_protects_nothing),
        cmocka_unit_test(the_blink_of_a_quote_is_no_alarm),
        cmocka_unit_test(a_take_profit_on_its_way_covers_for_its_time),
        cmocka_unit_test(what_is_being_closed_needs_no_quote),
        cmocka_unit_test(nobody_misses_quotes_where_none_are_watched_for),
        cmocka_unit_test(outside_of_the_session_no_quotes_are_missed),
        cmocka_unit_test(a_held_position_that_is_given_back_is_nobodys_alarm),
        cmocka_unit_test(it_is_known_when_sight_goes_and_comes),
        cmocka_unit_test(a_resting_stop_needs_no_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
