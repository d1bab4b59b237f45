/* The life of brackets as told by a broker that does what it is asked: each way to begin, to
 * protect and to close. */
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static void a_bracket_enters_protects_and_is_stopped(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_status_is(&f, BRACKET_SUBMITTING);
    const struct bracket_action *entry = fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_non_null(entry);
    assert_int_equal(entry->side, ORDER_BUY);
    assert_int_equal(entry->type, ORDER_TYPE_LIMIT);
    assert_int_equal(entry->quantity, 10 * ONE);
    assert_int_equal(entry->limit_price, 100 * ONE);

    int32_t generation = fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_int_equal(generation, 1);
    fixture_status_is(&f, BRACKET_SUBMITTING);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_OK, REJECT_NONE);
    fixture_status_is(&f, BRACKET_WORKING);
    fixture_is_quiet(&f);

    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    const struct bracket_action *stop = fixture_action(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    assert_non_null(stop);
    assert_int_equal(stop->side, ORDER_SELL);
    assert_int_equal(stop->type, ORDER_TYPE_STOP);
    assert_int_equal(stop->quantity, 10 * ONE);
    assert_int_equal(stop->stop_price, 95 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_is_quiet(&f);

    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 94 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_STOP_LOSS);
    fixture_is_quiet(&f);
    struct bracket_summary summary;
    bracket_summarize(&f.state, f.clock, &summary);
    assert_int_equal(summary.realized_pnl, -60 * ONE);
    assert_int_equal(summary.open_quantity, 0);
}

static void a_watched_take_profit_replaces_the_stop(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    assert_null(fixture_action(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT));
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 110 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_TAKE_PROFIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bracket_enters_protects_and_is_stopped),
        cmocka_unit_test(a_watched_take_profit_replaces_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
