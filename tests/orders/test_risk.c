#include "orders/risk.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static int64_t quantity_of(const struct fixture *f)
{
    struct risk_part part;
    risk_of(&f->state, 0, &part);
    return part.quantity;
}

static int64_t notional_of(const struct fixture *f, int64_t reference_price)
{
    struct risk_part part;
    risk_of(&f->state, reference_price, &part);
    return part.notional;
}

static void whatever_may_fill_counts_in_full(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    assert_int_equal(quantity_of(&f), 10 * ONE); /* accepted, not sent */
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    assert_int_equal(quantity_of(&f), 10 * ONE); /* in doubt */
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_NEW, 4 * ONE, 99 * ONE);
    assert_int_equal(quantity_of(&f), 10 * ONE); /* 4 open, 6 working */
    assert_int_equal(notional_of(&f, 0), 1000 * ONE);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 4 * ONE, 99 * ONE);
    assert_int_equal(quantity_of(&f), 4 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 4 * ONE, 95 * ONE);
    assert_int_equal(quantity_of(&f), 0);
}

static void notional_is_at_the_price_that_is_known(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.entry_type = ORDER_TYPE_MARKET;
    spec.limit_price = 0;
    spec.contract.multiplier = 100;
    bracket_fixture_init(&f, &spec);
    assert_int_equal(notional_of(&f, 0), 0);
    assert_int_equal(notional_of(&f, 2 * ONE), 2000 * ONE);
    fixture_enter(&f, 5 * ONE, 3 * ONE);
    assert_int_equal(notional_of(&f, 2 * ONE), 3000 * ONE);
    struct risk_use use = {0};
    risk_add(&use, &f.state, "SPY", 0);
    risk_add(&use, &f.state, "QQQ", 0);
    assert_int_equal(use.quantity, 10 * ONE);
    assert_int_equal(use.notional, 6000 * ONE);
    spec.stop_price = 7 * ONE;
    spec.entry_type = ORDER_TYPE_STOP;
    spec.take_profit.kind = spec.stop_loss.kind = EXIT_NONE;
    bracket_fixture_init(&f, &spec);
    assert_int_equal(notional_of(&f, 0), 7000 * ONE);
}

static void an_over_closed_bracket_that_may_fill_counts_what_may_fill(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 12 * ONE, 100 * ONE); /* more than asked */
    assert_int_equal(quantity_of(&f), 12 * ONE);
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    struct order_event e = fixture_event(&f, EVENT_EXTERNAL);
    e.filled = 5 * ONE;
    fixture_step(&f, &e);
    assert_int_equal(quantity_of(&f), 6 * ONE);
}

/* New terms count at once, and the entry of the old ones until it is dead. */
static void an_entry_that_is_replaced_counts_until_it_is_dead(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.spec = spec;
    e.spec.quantity = 2 * ONE;
    e.spec.limit_price = 98 * ONE;
    fixture_step(&f, &e);
    assert_int_equal(quantity_of(&f), 10 * ONE);
    assert_int_equal(notional_of(&f, 0), 1000 * ONE);
    fixture_cancel(&f, LEG_ENTRY, 0, 0);
    assert_int_equal(quantity_of(&f), 2 * ONE);
    assert_int_equal(notional_of(&f, 0), 196 * ONE);
    e.spec.quantity = 30 * ONE;
    fixture_step(&f, &e);
    assert_int_equal(quantity_of(&f), 30 * ONE);
}

static void the_limits_hold_only_what_grows(void **state)
{
    (void)state;
    const struct risk_limits limits = {.quantity = 10 * ONE, .notional = 1000 * ONE};
    const struct risk_key_limits key = {.order_notional = 500 * ONE, .open_notional = 1000 * ONE};
    const struct risk_use others = {.quantity = 8 * ONE, .notional = 800 * ONE};
    struct risk_growth same = {{3 * ONE, 300 * ONE}, {3 * ONE, 300 * ONE}, 600 * ONE, 600 * ONE};
    struct risk_growth fits = {{ONE, 100 * ONE}, {2 * ONE, 200 * ONE}, 100 * ONE, 200 * ONE};
    struct risk_growth whole = same, dearer = fits, larger = fits, untold = fits;
    assert_false(risk_grows(&same));
    assert_true(risk_grows(&fits));
    assert_int_equal(risk_check_growth(&limits, &others, &same, NULL), ERR_OK);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &same, NULL), ERR_OK);
    assert_int_equal(risk_check_growth(&limits, &others, &fits, NULL), ERR_OK);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &fits, NULL), ERR_OK);
    whole.whole_after++;
    assert_int_equal(risk_check_growth(&limits, &others, &whole, NULL), ERR_OK);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &whole, NULL), ERR_FORBIDDEN);
    dearer.after.notional++;
    assert_int_equal(risk_check_growth(&limits, &others, &dearer, NULL), ERR_FORBIDDEN);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &dearer, NULL), ERR_FORBIDDEN);
    larger.after.quantity++;
    assert_int_equal(risk_check_growth(&limits, &others, &larger, NULL), ERR_FORBIDDEN);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &larger, NULL), ERR_OK);
    untold.after.notional = 0;
    assert_int_equal(risk_check_growth(&limits, &others, &untold, NULL), ERR_FORBIDDEN);
    assert_int_equal(risk_check_key_growth(&key, others.notional, &untold, NULL), ERR_FORBIDDEN);
}

static void the_limits_refuse_what_goes_over(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec(); /* 10 at 100 */
    struct risk_rate rate = {0};
    struct risk_use use = {.quantity = 5 * ONE, .notional = 500 * ONE};
    struct risk_limits none = {0}, quantity = {.quantity = 15 * ONE};
    struct risk_limits notional = {.notional = 1500 * ONE};
    struct error e;
    assert_int_equal(risk_check(&none, &use, &rate, &spec, 0, 1, &e), ERR_OK);
    assert_int_equal(risk_check(&quantity, &use, &rate, &spec, 0, 1, &e), ERR_OK);
    assert_int_equal(risk_check(&notional, &use, &rate, &spec, 0, 1, &e), ERR_OK);
    use.quantity++;
    use.notional++;
    assert_int_equal(risk_check(&quantity, &use, &rate, &spec, 0, 1, &e), ERR_FORBIDDEN);
    assert_int_equal(risk_check(&notional, &use, &rate, &spec, 0, 1, &e), ERR_FORBIDDEN);
    spec.limit_price = 0;
    assert_int_equal(risk_check(&notional, &use, &rate, &spec, 0, 1, &e), ERR_FORBIDDEN);
    assert_string_equal(e.pointer, "/entry");
    assert_int_equal(risk_check(&notional, &use, &rate, &spec, ONE, 1, &e), ERR_OK);
}

static void a_keys_limits_are_of_each_order_and_of_all(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec(); /* 10 at 100 */
    const struct risk_key_limits none = {0}, each = {.order_notional = 1000 * ONE};
    const struct risk_key_limits all = {.open_notional = 3000 * ONE};
    struct error e;
    assert_int_equal(risk_check_key(&none, INT64_MAX, &spec, 0, &e), ERR_OK);
    assert_int_equal(risk_check_key(&each, INT64_MAX, &spec, 0, &e), ERR_OK);
    assert_int_equal(risk_check_key(&all, 2000 * ONE, &spec, 0, &e), ERR_OK);
    assert_int_equal(risk_check_key(&all, 2000 * ONE + 1, &spec, 0, &e), ERR_FORBIDDEN);
    assert_string_equal(e.pointer, "/quantity");
    assert_int_equal(risk_check_key(&all, INT64_MAX, &spec, 0, &e), ERR_FORBIDDEN);
    spec.limit_price++;
    assert_int_equal(risk_check_key(&each, 0, &spec, 0, &e), ERR_FORBIDDEN);
    assert_string_equal(e.pointer, "/quantity");
    /* A contract counts with its multiplier. */
    spec.limit_price = 100 * ONE;
    spec.contract.multiplier = 100;
    assert_int_equal(risk_spec_notional(&spec, 0), 100000 * ONE);
    assert_int_equal(risk_check_key(&each, 0, &spec, 0, &e), ERR_FORBIDDEN);
    /* Without a price of its own it is the quote's, and without one nobody knows. */
    spec.contract.multiplier = 1;
    spec.limit_price = 0;
    assert_int_equal(risk_spec_notional(&spec, 0), 0);
    assert_int_equal(risk_check_key(&none, 0, &spec, 0, &e), ERR_OK);
    assert_int_equal(risk_check_key(&each, 0, &spec, 0, &e), ERR_FORBIDDEN);
    assert_string_equal(e.pointer, "/entry");
    assert_int_equal(risk_check_key(&each, 0, &spec, 100 * ONE, &e), ERR_OK);
}

static void the_rate_is_of_the_last_minute(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    struct risk_limits limits = {.orders_per_minute = 3};
    struct risk_use use = {0};
    struct risk_rate rate = {0};
    struct error e;
    int64_t start_ns = 1000 * NS_PER_SECOND;
    for (int i = 0; i < 3; i++)
        risk_rate_add(&rate, start_ns + i * NS_PER_SECOND);
    assert_int_equal(risk_rate_count(&rate, start_ns + 2 * NS_PER_SECOND), 3);
    assert_int_equal(risk_check(&limits, &use, &rate, &spec, 0, start_ns + NS_PER_MINUTE, &e),
                     ERR_BUSY);
    assert_int_equal(risk_rate_count(&rate, start_ns + 61 * NS_PER_SECOND), 2);
    assert_int_equal(risk_check(&limits, &use, &rate, &spec, 0, start_ns + 61 * NS_PER_SECOND, &e),
                     ERR_OK);
    assert_int_equal(risk_rate_count(&rate, start_ns + 200 * NS_PER_SECOND), 0);
    risk_rate_add(&rate, start_ns + 500 * NS_PER_SECOND);
    assert_int_equal(risk_rate_count(&rate, start_ns + 500 * NS_PER_SECOND), 1);
    risk_rate_add(&rate, start_ns + 499 * NS_PER_SECOND);
    assert_int_equal(risk_rate_count(&rate, start_ns + 500 * NS_PER_SECOND), 2);
    assert_int_equal(risk_rate_count(&rate, start_ns + 498 * NS_PER_SECOND), 0);
    struct risk_rate young = {0};
    risk_rate_add(&young, NS_PER_SECOND);
    assert_int_equal(risk_rate_count(&young, NS_PER_SECOND), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_may_fill_counts_in_full),
        cmocka_unit_test(notional_is_at_the_price_that_is_known),
        cmocka_unit_test(an_over_closed_bracket_that_may_fill_counts_what_may_fill),
        cmocka_unit_test(an_entry_that_is_replaced_counts_until_it_is_dead),
        cmocka_unit_test(the_limits_hold_only_what_grows),
        cmocka_unit_test(the_limits_refuse_what_goes_over),
        cmocka_unit_test(a_keys_limits_are_of_each_order_and_of_all),
        cmocka_unit_test(the_rate_is_of_the_last_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
