/* The way of a price through a bar: which corners in which order, every tick between them, and how
 * two stored sides go side by side. */
#include "tests/support/test.h"

#include "base/random.h"
#include "server/market/bar_path.h"

#include <string.h>

enum { TICK = 10000, POINTS_MAX = 4000 };

struct walk {
    struct bar_path_point points[POINTS_MAX];
    size_t count;
};
static struct walk walk;

static void go(const struct bar_shape *shapes, int64_t tick, int32_t lanes, bool low_first,
               int32_t steps_max)
{
    struct bar_path path;
    const int64_t ticks[BAR_PATH_LANES] = {tick, tick};
    bar_path_init(&path, shapes, ticks, lanes, low_first, steps_max);
    walk.count = 0;
    while (bar_path_next(&path, &walk.points[walk.count]))
        assert_true(++walk.count < POINTS_MAX);
}

static void expect_prices(const int64_t *prices, size_t count)
{
    assert_int_equal(walk.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(walk.points[i].price[0], prices[i]);
}

static void corners_come_in_the_order_that_was_chosen(void **state)
{
    (void)state;
    const struct bar_shape bar = {100 * TICK, 103 * TICK, 98 * TICK, 101 * TICK};
    const int64_t low_first[] = {bar.open, bar.low, bar.high, bar.close};
    const int64_t high_first[] = {bar.open, bar.high, bar.low, bar.close};
    go(&bar, 0, 1, true, 10);
    expect_prices(low_first, 4);
    assert_int_equal(walk.points[0].part, 0);
    assert_int_equal(walk.points[1].part, BAR_PATH_PARTS / 3);
    assert_int_equal(walk.points[3].part, BAR_PATH_PARTS);
    go(&bar, 0, 1, false, 10);
    expect_prices(high_first, 4);
}

static void every_tick_between_corners_is_passed(void **state)
{
    (void)state;
    const struct bar_shape bar = {100 * TICK, 101 * TICK, 98 * TICK, 99 * TICK};
    const int64_t prices[] = {100 * TICK, 99 * TICK,  98 * TICK,  99 * TICK,
                              100 * TICK, 101 * TICK, 100 * TICK, 99 * TICK};
    go(&bar, TICK, 1, true, 10);
    expect_prices(prices, 8);
}

static void prices_off_the_grid_are_told_and_the_grid_between_them(void **state)
{
    (void)state;
    const struct bar_shape bar = {100 * TICK + 6000, 102 * TICK + 1, 100 * TICK + 6000,
                                  99 * TICK + 9999};
    const int64_t prices[] = {bar.open,   101 * TICK, 102 * TICK, bar.high,
                              102 * TICK, 101 * TICK, 100 * TICK, bar.close};
    go(&bar, TICK, 1, true, 10);
    expect_prices(prices, 8);
}

static void a_flat_bar_has_its_open_and_its_close(void **state)
{
    (void)state;
    const struct bar_shape bar = {TICK, TICK, TICK, TICK};
    go(&bar, TICK, 1, true, 10);
    assert_int_equal(walk.count, 2);
    assert_int_equal(walk.points[1].part, BAR_PATH_PARTS);
    assert_int_equal(walk.points[1].price[0], TICK);
}

static void a_long_leg_goes_in_wider_steps(void **state)
{
    (void)state;
    const struct bar_shape bar = {TICK, 100001 * TICK, TICK, 100001 * TICK};
    go(&bar, TICK, 1, true, 300);
    assert_in_range(walk.count, 100, 302);
    assert_int_equal(walk.points[walk.count - 2].price[0], bar.high);
    for (size_t i = 1; i < walk.count; i++)
        assert_true(walk.points[i].price[0] >= walk.points[i - 1].price[0]);
}

static void two_sides_go_side_by_side(void **state)
{
    (void)state;
    const struct bar_shape sides[] = {{100 * TICK, 104 * TICK, 99 * TICK, 100 * TICK},
                                      {110 * TICK, 112 * TICK, 105 * TICK, 110 * TICK}};
    go(sides, TICK, 2, true, 100);
    const struct bar_path_point *last = &walk.points[walk.count - 1];
    bool low = false, high = false;
    for (size_t i = 0; i < walk.count; i++) {
        const int64_t *p = walk.points[i].price;
        assert_true(p[1] > p[0]);
        low = low || (p[0] == sides[0].low && p[1] == sides[1].low);
        high = high || (p[0] == sides[0].high && p[1] == sides[1].high);
    }
    assert_true(low && high);
    assert_true(last->price[0] == sides[0].close && last->price[1] == sides[1].close);
}

/* Whatever the bar: parts never fall, nothing leaves [low, high], and no tick is jumped over. */
static void check_walk(const struct bar_shape *bar)
{
    for (size_t i = 0; i < walk.count; i++) {
        int64_t price = walk.points[i].price[0];
        assert_in_range(price, bar->low, bar->high);
        if (i == 0)
            continue;
        int64_t before = walk.points[i - 1].price[0];
        assert_true(walk.points[i].part >= walk.points[i - 1].part);
        int64_t low = before < price ? before : price, high = before < price ? price : before;
        int64_t between = (high + TICK - 1) / TICK - low / TICK - 1;
        assert_true(low == high || between == 0);
    }
}

static void any_bar_is_walked_without_leaving_a_tick_out(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 17);
    for (int i = 0; i < 20000; i++) {
        struct bar_shape bar;
        bar.low = 1 + (int64_t)random_below(&random, 50 * TICK);
        int64_t range = (int64_t)random_below(&random, 20 * TICK);
        bar.high = bar.low + range;
        bar.open = bar.low + (int64_t)random_below(&random, (uint64_t)range + 1);
        bar.close = bar.low + (int64_t)random_below(&random, (uint64_t)range + 1);
        go(&bar, TICK, 1, i % 2, 100);
        check_walk(&bar);
        assert_int_equal(walk.points[0].price[0], bar.open);
        assert_int_equal(walk.points[walk.count - 1].price[0], bar.close);
        assert_int_equal(walk.points[walk.count - 1].part, BAR_PATH_PARTS);
    }
}

static void the_order_of_extremes_is_the_simulators(void **state)
{
    (void)state;
    const struct bar_shape near_low = {100, 110, 95, 100}, near_high = {100, 103, 90, 100};
    const struct bar_shape even = {100, 105, 95, 100};
    assert_true(bar_path_low_first(&near_high, INTRABAR_PESSIMISTIC, SIDE_LONG));
    assert_false(bar_path_low_first(&near_low, INTRABAR_PESSIMISTIC, SIDE_SHORT));
    assert_false(bar_path_low_first(&near_low, INTRABAR_OPTIMISTIC, SIDE_LONG));
    assert_true(bar_path_low_first(&near_high, INTRABAR_OPTIMISTIC, SIDE_SHORT));
    for (int side = SIDE_LONG; side <= SIDE_SHORT; side++) {
        assert_true(bar_path_low_first(&near_low, INTRABAR_ADAPTIVE, (enum trade_side)side));
        assert_false(bar_path_low_first(&near_high, INTRABAR_ADAPTIVE, (enum trade_side)side));
    }
    assert_true(bar_path_low_first(&even, INTRABAR_ADAPTIVE, SIDE_LONG));
    assert_false(bar_path_low_first(&even, INTRABAR_ADAPTIVE, SIDE_SHORT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners_come_in_the_order_that_was_chosen),
        cmocka_unit_test(every_tick_between_corners_is_passed),
        cmocka_unit_test(prices_off_the_grid_are_told_and_the_grid_between_them),
        cmocka_unit_test(a_flat_bar_has_its_open_and_its_close),
        cmocka_unit_test(a_long_leg_goes_in_wider_steps),
        cmocka_unit_test(two_sides_go_side_by_side),
        cmocka_unit_test(any_bar_is_walked_without_leaving_a_tick_out),
        cmocka_unit_test(the_order_of_extremes_is_the_simulators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
