/* What the simulator (tests/sim/) found in the bracket machine, each as the shortest way there. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_stops_that_live_the_older_is_canceled),
        cmocka_unit_test(a_stray_limit_is_no_exit_at_market),
        cmocka_unit_test(a_paused_entry_that_filled_in_part_is_protected_whenever_it_arms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
