/* What the simulator (tests/sim/) and its readers found in the bracket machine, each as the
 * shortest way there. */
#include "tests/orders/bracket_fixture.h"

#include "tests/support/test.h"

static void absent_twice(struct fixture *f, enum leg leg, int32_t generation)
{
    fixture_pass(f, 5);
    fixture_absent(f, leg, generation);
    fixture_pass(f, 1);
    fixture_absent(f, leg, generation);
}

static void of_two_stops_that_live_the_older_is_canceled(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    absent_twice(&f, LEG_STOP_LOSS, 1);
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
    fixture_is_quiet(&f);
    fixture_pass(&f, 1);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_NEW, 0, 0);
    assert_int_equal(fixture_intend(&f, ACTION_CANCEL, LEG_STOP_LOSS), 1);
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    assert_int_equal(f.state.status, BRACKET_PROTECTING);
    fixture_is_quiet(&f);
}

static void a_stray_limit_is_no_exit_at_market(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    struct order_event e = fixture_event(&f, EVENT_REPORT);
    e.leg = LEG_EXIT;
    e.generation = 7;
    e.status = ORDER_STATUS_NEW;
    e.order_type = ORDER_TYPE_LIMIT;
    e.quantity = 4 * ONE;
    e.limit_price = 200 * ONE;
    e.from_ns = f.clock.steady_ns;
    fixture_step(&f, &e);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    const struct bracket_action *a = fixture_action(&f, ACTION_CANCEL, LEG_EXIT);
    assert_non_null(a);
    assert_int_equal(a->generation, 7);
}

static void a_paused_entry_that_filled_in_part_is_protected_whenever_it_arms(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.arm = ARM_FULL;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_is_quiet(&f);
    fixture_simple(&f, EVENT_PAUSED);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    const struct bracket_action *a = fixture_action(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    assert_non_null(a);
    assert_int_equal(a->quantity, 4 * ONE);
}

/* A broker whose quantities lag behind its statuses. */
static void filled_by_less_than_the_order_is_no_evidence(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 0, 0);
    fixture_is_quiet(&f); /* a second stop would sell what the first has sold */
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 4 * ONE, 95 * ONE);
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
}

static void a_leg_of_a_pair_that_filled_nothing_has_not_filled(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.protection = PROTECTION_RESTING_BOTH;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 0, 0);
    assert_null(fixture_action(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT));
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 110 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
}

static void report_stray(struct fixture *f, int32_t generation, enum order_status status)
{
    struct order_event e = fixture_event(f, EVENT_REPORT);
    e.leg = LEG_EXIT;
    e.generation = generation;
    e.status = status;
    e.quantity = 4 * ONE;
    e.from_ns = f->clock.steady_ns;
    fixture_step(f, &e);
}

static void each_stray_order_is_told_of(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    report_stray(&f, 7, ORDER_STATUS_NEW);
    report_stray(&f, 7, ORDER_STATUS_CANCELED);
    fixture_simple(&f, EVENT_REVIEWED);
    fixture_status_is(&f, BRACKET_PROTECTING);
    report_stray(&f, 9, ORDER_STATUS_NEW); /* a second one: what was noted was the first */
    fixture_status_is(&f, BRACKET_NEEDS_REVIEW);
    assert_true(bracket_alerts(&f.before, &f.state) & ALERT_REVIEW);
}

static void move_stop(struct fixture *f, int64_t price)
{
    fixture_pass(f, 3);
    struct order_event e = fixture_event(f, EVENT_MODIFIED);
    e.spec = f->state.spec;
    e.spec.stop_loss.value = price;
    fixture_step(f, &e);
    fixture_cancel(f, LEG_STOP_LOSS, 0, 0);
    fixture_place(f, LEG_STOP_LOSS);
}

static void a_late_fill_of_an_order_that_is_no_longer_kept_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    for (int i = 0; i < 2 * BRACKET_ORDERS_MAX; i++)
        move_stop(&f, (i % 2 ? 95 : 96) * ONE);
    assert_null(bracket_find(&f.state, LEG_STOP_LOSS, 1));
    struct order_event e = fixture_event(&f, EVENT_REPORT);
    e.leg = LEG_STOP_LOSS;
    e.generation = 1;
    e.status = ORDER_STATUS_CANCELED;
    e.quantity = 10 * ONE;
    e.filled = 2 * ONE;
    e.filled_value = 190 * ONE;
    fixture_step(&f, &e);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_LATE_FILL);
}

/* Nobody said what it had cost. */
static void a_held_position_that_is_sold_has_no_gain(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    struct bracket_summary summary;
    bracket_summarize(&f.state, f.clock, &summary);
    assert_int_equal(summary.realized_pnl, 0);
}

static bool stands_later(const struct fixture *f, const struct bracket_action *a, int64_t seconds)
{
    struct order_clock later = {.wall_ns = f->clock.wall_ns + seconds * NS_PER_SECOND,
                                .steady_ns = f->clock.steady_ns + seconds * NS_PER_SECOND};
    struct order_event e;
    struct bracket_state after;
    assert_true(bracket_action_intent(a, later, &e));
    bracket_step(&f->state, &e, &after);
    return bracket_action_stands(&after, a);
}

/* Between derive and the intent the clock may come to an instant from which on nothing is sent. */
static void what_is_intended_too_late_is_not_sent(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.flat_ns = START_NS + 200 * NS_PER_SECOND;
    bracket_fixture_init(&f, &spec);
    struct bracket_action flat = *fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_true(stands_later(&f, &flat, 100));
    assert_false(stands_later(&f, &flat, 300));

    spec.flat_ns = 0;
    spec.contract.cutoff_ns = START_NS + 200 * NS_PER_SECOND;
    spec.contract.end_ns = START_NS + 400 * NS_PER_SECOND;
    bracket_fixture_init(&f, &spec);
    struct bracket_action entry = *fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_true(stands_later(&f, &entry, 100));
    assert_false(stands_later(&f, &entry, 300));
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    struct bracket_action stop = *fixture_action(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    assert_true(stands_later(&f, &stop, 300));
    assert_false(stands_later(&f, &stop, 500));
}

static void refuse_cancel(struct fixture *f)
{
    fixture_intend(f, ACTION_CANCEL, LEG_ENTRY);
    fixture_cancel_outcome(f, LEG_ENTRY, 1, OUTCOME_REJECTED);
    fixture_report(f, LEG_ENTRY, 1, ORDER_STATUS_NEW, 0, 0);
}

/* Long after a cancel of ours, which the broker refused, and which nobody wants any more. */
static void an_entry_that_a_person_cancels_is_not_sent_again(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_PAUSED);
    refuse_cancel(&f);
    fixture_simple(&f, EVENT_RESUMED);
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);

    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.spec = spec;
    e.spec.limit_price = 101 * ONE;
    fixture_step(&f, &e);
    refuse_cancel(&f);
    e.spec = spec;
    e.clock = f.clock;
    fixture_step(&f, &e);
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
}

/* A call that hung for long: its bytes may have left at its very end. */
static void the_bound_is_counted_from_where_the_answer_was_lost(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    for (int restarts = 0; restarts < 2; restarts++) {
        bracket_fixture_init(&f, &spec);
        fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
        fixture_pass(&f, 30);
        if (restarts)
            fixture_simple(&f, EVENT_RESTARTED);
        else
            fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_UNKNOWN, REJECT_NONE);
        fixture_pass(&f, 1);
        fixture_absent(&f, LEG_ENTRY, 1);
        fixture_pass(&f, 1);
        fixture_absent(&f, LEG_ENTRY, 1);
        assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_UNKNOWN);
        absent_twice(&f, LEG_ENTRY, 1);
        assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_REJECTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_stops_that_live_the_older_is_canceled),
        cmocka_unit_test(a_stray_limit_is_no_exit_at_market),
        cmocka_unit_test(a_paused_entry_that_filled_in_part_is_protected_whenever_it_arms),
        cmocka_unit_test(filled_by_less_than_the_order_is_no_evidence),
        cmocka_unit_test(a_leg_of_a_pair_that_filled_nothing_has_not_filled),
        cmocka_unit_test(each_stray_order_is_told_of),
        cmocka_unit_test(a_late_fill_of_an_order_that_is_no_longer_kept_is_told),
        cmocka_unit_test(a_held_position_that_is_sold_has_no_gain),
        cmocka_unit_test(what_is_intended_too_late_is_not_sent),
        cmocka_unit_test(an_entry_that_a_person_cancels_is_not_sent_again),
        cmocka_unit_test(the_bound_is_counted_from_where_the_answer_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
