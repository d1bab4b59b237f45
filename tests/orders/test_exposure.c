#include "orders/exposure.h"

#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

#include <string.h>

static struct fixture entered(enum protection protection)
{
    struct bracket_spec spec = fixture_spec();
    spec.protection = protection;
    struct fixture f;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    return f;
}

static struct bracket_exposure of(const struct fixture *f)
{
    struct bracket_exposure x;
    bracket_exposure(&f->state, f->clock, &f->quote, &x);
    return x;
}

static void reason_is(const struct fixture *f, enum exposure_reason reason)
{
    assert_string_equal(exposure_reason_name(of(f).reason), exposure_reason_name(reason));
}

static void what_is_protected_has_no_reason(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    fixture_place(&f, LEG_STOP_LOSS);
    struct bracket_exposure x = of(&f);
    assert_int_equal(x.reason, EXPOSURE_NONE);
    assert_int_equal(x.quantity, 0);
    assert_int_equal(x.since_wall_ns, 0);
    assert_false(x.alarm);
}

static void it_is_an_alarm_after_its_grace_and_tells_since_when(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    int64_t since_ns = f.clock.wall_ns;
    f.clock.wall_ns += BRACKET_GRACE_MS * NS_PER_MS - 1;
    f.clock.steady_ns += BRACKET_GRACE_MS * NS_PER_MS - 1;
    assert_false(of(&f).alarm);
    f.clock.wall_ns += 1;
    f.clock.steady_ns += 1;
    struct bracket_exposure x = of(&f); /* without an event in between */
    assert_true(x.alarm);
    assert_int_equal(x.quantity, 10 * ONE);
    assert_int_equal(x.since_wall_ns, since_ns);
}

static void quotes_that_cannot_be_used_are_told_apart(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_WATCHED);
    reason_is(&f, EXPOSURE_NO_QUOTE);
    fixture_quote(&f, 101 * ONE, 100 * ONE);
    reason_is(&f, EXPOSURE_BAD_QUOTE);
    fixture_quote(&f, 0, 100 * ONE);
    reason_is(&f, EXPOSURE_BAD_QUOTE);
    f.quote = (struct order_quote){
        .bid = 99 * ONE, .ask = 100 * ONE, .at_steady_ns = f.clock.steady_ns, .halted = 1};
    fixture_simple(&f, EVENT_TICK);
    reason_is(&f, EXPOSURE_HALTED);
    fixture_quote(&f, 99 * ONE, 100 * ONE);
    reason_is(&f, EXPOSURE_NONE);
    fixture_pass(&f, 6);
    reason_is(&f, EXPOSURE_STALE_QUOTE);
}

static void exits_on_their_way_and_in_doubt_are_told_apart(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    reason_is(&f, EXPOSURE_NO_EXIT);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    reason_is(&f, EXPOSURE_PENDING);
    fixture_submit_outcome(&f, LEG_STOP_LOSS, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    reason_is(&f, EXPOSURE_IN_DOUBT);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_NEW, 0, 0);
    reason_is(&f, EXPOSURE_NONE);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    reason_is(&f, EXPOSURE_NO_EXIT);
}

static void exits_that_were_refused_or_lost_are_told_apart(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    fixture_submit_outcome(&f, LEG_STOP_LOSS, 1, OUTCOME_REJECTED, REJECT_OTHER);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_EXIT_REFUSED);
    reason_is(&f, EXPOSURE_REFUSED);
    fixture_pass(&f, 1);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    fixture_submit_outcome(&f, LEG_STOP_LOSS, 2, OUTCOME_NOT_SENT, REJECT_NONE);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_EXIT_LOST);
    reason_is(&f, EXPOSURE_LOST);
}

/* A process that dies between commit and call: the order proves never to have come. */
static void a_submit_that_was_lost_with_the_process_is_no_refusal(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_RESTARTED);
    reason_is(&f, EXPOSURE_IN_DOUBT);
    fixture_pass(&f, 3);
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    fixture_pass(&f, 1);
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_EXIT_LOST);
    reason_is(&f, EXPOSURE_LOST);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_PROTECTED);
}

static void the_exit_that_was_sent_last_counts(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_pass(&f, 1);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    reason_is(&f, EXPOSURE_NO_EXIT);
    fixture_intend(&f, ACTION_SUBMIT, LEG_EXIT);
    fixture_submit_outcome(&f, LEG_EXIT, 1, OUTCOME_REJECTED, REJECT_OTHER);
    reason_is(&f, EXPOSURE_REFUSED);
}

static void both_legs_of_a_native_oco_are_in_doubt(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_BOTH);
    fixture_intend(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT);
    fixture_submit_outcome(&f, LEG_TAKE_PROFIT, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    reason_is(&f, EXPOSURE_IN_DOUBT);
}

static void an_exit_that_does_not_fill_is_late(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_EXIT);
    f.clock.wall_ns += BRACKET_EXIT_TTL_S * NS_PER_SECOND;
    f.clock.steady_ns += BRACKET_EXIT_TTL_S * NS_PER_SECOND;
    struct bracket_exposure x = of(&f); /* by the clock alone, nothing was stepped */
    assert_int_equal(x.reason, EXPOSURE_LATE);
    assert_int_equal(x.quantity, 10 * ONE);
    assert_int_equal(x.since_wall_ns, f.clock.wall_ns);
    assert_false(x.alarm);
    f.clock.wall_ns += BRACKET_GRACE_MS * NS_PER_MS;
    f.clock.steady_ns += BRACKET_GRACE_MS * NS_PER_MS;
    assert_int_equal(of(&f).since_wall_ns, f.clock.wall_ns - BRACKET_GRACE_MS * NS_PER_MS);
    assert_true(of(&f).alarm);
}

/* Before any event of the session was stepped: since when, only the next one notes. */
static void begins_with_the_session(struct fixture f, enum exposure_reason reason)
{
    struct order_event e = fixture_event(&f, EVENT_SESSION);
    e.from_ns = f.clock.wall_ns + 60 * NS_PER_SECOND;
    e.to_ns = e.from_ns + 60 * NS_PER_SECOND;
    fixture_step(&f, &e);
    reason_is(&f, EXPOSURE_NONE);
    f.clock.wall_ns += 60 * NS_PER_SECOND;
    f.clock.steady_ns += 60 * NS_PER_SECOND;
    reason_is(&f, reason);
    assert_int_equal(of(&f).since_wall_ns, f.clock.wall_ns);
}

static void what_comes_with_the_session_begins_now(void **state)
{
    (void)state;
    struct fixture f = entered(PROTECTION_RESTING_STOP);
    begins_with_the_session(f, EXPOSURE_NO_EXIT);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    begins_with_the_session(f, EXPOSURE_PENDING);
}

static void a_stop_for_less_than_is_open_is_short(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    struct fixture f;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    struct bracket_exposure x = of(&f);
    assert_int_equal(x.reason, EXPOSURE_SHORT);
    assert_int_equal(x.quantity, 6 * ONE);
}

static void every_reason_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < EXPOSURE_REASON_COUNT; i++) {
        assert_true(strlen(exposure_reason_name((enum exposure_reason)i)) > 1);
        assert_true(strlen(exposure_reason_text((enum exposure_reason)i)) > 1);
    }
    assert_string_equal(exposure_reason_name(EXPOSURE_REASON_COUNT), "?");
    assert_string_equal(exposure_reason_text(EXPOSURE_REASON_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_protected_has_no_reason),
        cmocka_unit_test(it_is_an_alarm_after_its_grace_and_tells_since_when),
        cmocka_unit_test(quotes_that_cannot_be_used_are_told_apart),
        cmocka_unit_test(exits_on_their_way_and_in_doubt_are_told_apart),
        cmocka_unit_test(exits_that_were_refused_or_lost_are_told_apart),
        cmocka_unit_test(a_submit_that_was_lost_with_the_process_is_no_refusal),
        cmocka_unit_test(the_exit_that_was_sent_last_counts),
        cmocka_unit_test(both_legs_of_a_native_oco_are_in_doubt),
        cmocka_unit_test(an_exit_that_does_not_fill_is_late),
        cmocka_unit_test(what_comes_with_the_session_begins_now),
        cmocka_unit_test(a_stop_for_less_than_is_open_is_short),
        cmocka_unit_test(every_reason_has_a_name_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
