#include "base/decimal.h"
#include "orders/positions.h"
#include "tests/support/test.h"

#define ONE DECIMAL_ONE

static struct position flat(int32_t multiplier)
{
    struct contract c;
    struct position p;
    assert_int_equal(contract_share("SPY", 3, &c, NULL), ERR_OK);
    c.multiplier = multiplier;
    position_init(&p, &c);
    return p;
}

static void fills_on_one_side_average(void **state)
{
    (void)state;
    struct position p = flat(1);
    assert_int_equal(position_average_price(&p), 0);
    position_fill(&p, ORDER_BUY, 1 * ONE, 10 * ONE);
    position_fill(&p, ORDER_BUY, 3 * ONE, 14 * ONE);
    assert_int_equal(p.quantity, 4 * ONE);
    assert_int_equal(position_average_price(&p), 13 * ONE);
    assert_int_equal(p.realized, 0);
    assert_int_equal(position_unrealized(&p, 15 * ONE), 8 * ONE);
}

static void a_reduction_realizes_its_share(void **state)
{
    (void)state;
    struct position p = flat(100);
    position_fill(&p, ORDER_BUY, 4 * ONE, 5 * ONE);
    position_fill(&p, ORDER_SELL, 1 * ONE, 7 * ONE);
    assert_int_equal(p.realized, 200 * ONE);
    assert_int_equal(p.quantity, 3 * ONE);
    assert_int_equal(position_average_price(&p), 5 * ONE);
    position_fill(&p, ORDER_SELL, 3 * ONE, 4 * ONE);
    assert_int_equal(p.realized, -100 * ONE);
    assert_int_equal(p.quantity, 0);
    assert_int_equal(p.cost, 0);
    assert_int_equal(p.bought, p.sold);
}

static void a_fill_through_zero_turns_the_position(void **state)
{
    (void)state;
    struct position p = flat(1);
    position_fill(&p, ORDER_SELL, 2 * ONE, 10 * ONE);
    assert_int_equal(p.quantity, -2 * ONE);
    assert_int_equal(position_unrealized(&p, 9 * ONE), 2 * ONE);
    position_fill(&p, ORDER_BUY, 5 * ONE, 9 * ONE);
    assert_int_equal(p.realized, 2 * ONE);
    assert_int_equal(p.quantity, 3 * ONE);
    assert_int_equal(position_average_price(&p), 9 * ONE);
    position_fill(&p, ORDER_SELL, 4 * ONE, 8 * ONE);
    assert_int_equal(p.quantity, -1 * ONE);
    assert_int_equal(p.realized, -1 * ONE);
    assert_int_equal(position_average_price(&p), 8 * ONE);
}

static void a_cost_that_does_not_divide_leaves_nothing_behind(void **state)
{
    (void)state;
    struct position p = flat(1);
    position_fill(&p, ORDER_BUY, 3 * ONE, 3333333);
    position_fill(&p, ORDER_BUY, 1, 1);
    for (int i = 0; i < 3; i++)
        position_fill(&p, ORDER_SELL, 1 * ONE, 3333333);
    position_fill(&p, ORDER_SELL, 1, 1);
    assert_int_equal(p.quantity, 0);
    assert_int_equal(p.cost, 0);
    p = flat(1);
    position_fill(&p, ORDER_SELL, 3, 5 * ONE / 3);
    position_fill(&p, ORDER_BUY, 1, ONE);
    position_fill(&p, ORDER_BUY, 2, ONE);
    assert_int_equal(p.cost, 0);
}

static void no_fill_changes_nothing(void **state)
{
    (void)state;
    struct position p = flat(1);
    position_fill(&p, ORDER_BUY, 0, ONE);
    position_fill(&p, ORDER_BUY, -ONE, ONE);
    position_fill(&p, ORDER_BUY, ONE, 0);
    assert_int_equal(p.quantity, 0);
    assert_int_equal(p.bought, 0);
}

static void no_report_is_no_flat_position(void **state)
{
    (void)state;
    int64_t difference = -77;
    assert_false(position_difference(false, 0, 5 * ONE, &difference));
    assert_int_equal(difference, -77);
    assert_true(position_difference(true, 3 * ONE, 5 * ONE, &difference));
    assert_int_equal(difference, -2 * ONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_on_one_side_average),
        cmocka_unit_test(a_reduction_realizes_its_share),
        cmocka_unit_test(a_fill_through_zero_turns_the_position),
        cmocka_unit_test(a_cost_that_does_not_divide_leaves_nothing_behind),
        cmocka_unit_test(no_fill_changes_nothing),
        cmocka_unit_test(no_report_is_no_flat_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
