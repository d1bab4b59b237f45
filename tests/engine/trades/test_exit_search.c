/* The search for exits beside the bar-by-bar reference, its index, and what it may look at. The
 * fill rules one by one are in tests/data/backtests (test_golden.c). */
#include "tests/engine/make_bars.h"
#include "tests/engine/trades/naive_exit.h"
#include "tests/engine/trades/random_strategy.h"

enum { FIRES = 60 }; /* no whole number of batches */

struct market {
    const struct bars *bars;
    struct price_blocks *blocks;
};

static struct market market_of(const struct bars *bars)
{
    struct market m = {.bars = bars};
    assert_int_equal(price_blocks_create(bars, &m.blocks, NULL), ERR_OK);
    return m;
}

static void market_release(struct market *m)
{
    price_blocks_free(m->blocks);
    bars_unref(m->bars);
}

static struct exit_inputs inputs_of(const struct market *m, const struct strategy *s,
                                    const struct random_columns *c, int64_t end_bar)
{
    return (struct exit_inputs){.strategy = s,
                                .bars = m->bars,
                                .blocks = m->blocks,
                                .end_bar = end_bar,
                                .exit_mask = c->mask,
                                .take_profit_atr = c->atr,
                                .stop_loss_atr = c->atr,
                                .symbol = 3};
}

/* ---- blocks ---- */

static void the_first_bar_at_a_level_is_found_over_any_range(void **state)
{
    (void)state;
    struct market m = market_of(generated_bars("XNYS", "2024-01-02", "2024-06-28", 5, 0.01, 20000));
    const double *low = m.bars->column[BAR_LOW], *high = m.bars->column[BAR_HIGH];
    struct random r;
    random_seed(&r, 1);
    int64_t far = 0;
    for (int round = 0; round < 2000; round++) {
        int64_t first = random_between(&r, 0, m.bars->count);
        int64_t end = random_between(&r, first, m.bars->count);
        int64_t around = random_between(&r, 0, m.bars->count - 1);
        double lower = round % 5 ? low[around] - random_unit(&r) : -INFINITY;
        double upper = round % 7 ? high[around] + 5 * random_unit(&r) : INFINITY;
        int64_t expected = first;
        while (expected < end && low[expected] > lower && high[expected] < upper)
            expected++;
        assert_int_equal(price_blocks_first(m.blocks, first, end, lower, upper), expected);
        /* Near is hardly ever more than the rest of its block before it. */
        int64_t near = price_blocks_near(m.blocks, first, end, lower, upper);
        assert_int_equal(price_blocks_first(m.blocks, near, end, lower, upper), expected);
        assert_true(near >= first && near <= expected);
        far += near / PRICE_BLOCKS_NEAR != expected / PRICE_BLOCKS_NEAR && expected < end;
    }
    assert_true(far < 10);
    market_release(&m);
}

static void an_index_of_few_bars_and_of_none_works(void **state)
{
    (void)state;
    for (int64_t count = 1; count < 40; count++) {
        struct market m =
            market_of(generated_bars("XNYS", "2024-01-02", "2024-01-05", 5, 0, count));
        price_blocks_fetch(m.blocks, count - 1);
        assert_int_equal(price_blocks_first(m.blocks, 0, count, -INFINITY, INFINITY), count);
        assert_int_equal(price_blocks_first(m.blocks, 0, count, 1e9, INFINITY), 0);
        assert_int_equal(price_blocks_first(m.blocks, count, count, 1e9, INFINITY), count);
        market_release(&m);
    }
}

/* The blocks are floats: levels at a price and next to it, over all magnitudes of doubles. */
static void levels_are_compared_in_doubles(void **state)
{
    (void)state;
    static const double units[] = {0x1p-1060, 1e-300, 1e-40, 1e-6, 0.01, 1, 1e9, 1e38, 1e300};
    struct random r;
    random_seed(&r, 3);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        double low[700], high[700];
        int64_t times[700];
        struct bars bars = {.count = 700, .time_ns = times};
        bars.column[BAR_LOW] = low;
        bars.column[BAR_HIGH] = high;
        for (int i = 0; i < 700; i++) { /* wider and wider: the last bar of a block decides */
            low[i] = (2000 - i - random_unit(&r) / 2) * units[u] * (i < 690);
            high[i] = (2000 + i + random_unit(&r) / 2) * units[u];
        }
        struct price_blocks *blocks;
        assert_int_equal(price_blocks_create(&bars, &blocks, NULL), ERR_OK);
        for (int round = 0; round < 1000; round++) {
            int64_t at = random_between(&r, 0, 699), first = random_between(&r, 0, at);
            double lower = nextafter(low[at], round % 2 ? -INFINITY : low[at]);
            double upper = nextafter(high[at], round % 2 ? INFINITY : high[at]);
            lower = round % 3 == 0 ? -INFINITY : lower;
            upper = round % 3 == 1 ? INFINITY : upper;
            int64_t expected = first;
            while (expected < 700 && low[expected] > lower && high[expected] < upper)
                expected++;
            assert_int_equal(price_blocks_first(blocks, first, 700, lower, upper), expected);
            int64_t near = price_blocks_near(blocks, first, 700, lower, upper);
            assert_int_equal(price_blocks_first(blocks, near, 700, lower, upper), expected);
        }
        price_blocks_free(blocks);
    }
}

/* ---- against the reference ---- */

static void compare_strategy(const struct market *m, const struct strategy *s, struct random *r,
                             int64_t *ret_found, int64_t *ret_ambiguous)
{
    struct random_columns columns = random_columns(r, m->bars->count);
    int64_t end_bar = random_below(r, 2) ? m->bars->count : random_between(r, 1, m->bars->count);
    struct exit_inputs in = inputs_of(m, s, &columns, end_bar);
    struct exit_search search;
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    int64_t fires[FIRES];
    struct trade_candidate found[FIRES], fast = {0}, naive = {0};
    for (int i = 0; i < FIRES; i++) /* near the end too, where sessions and data stop */
        fires[i] = random_between(r, i % 4 ? 0 : m->bars->count - 50, m->bars->count - 1);
    size_t count = exit_search_find_all(&search, fires, FIRES, found), at = 0;
    for (int i = 0; i < FIRES; i++) {
        bool is_fast = exit_search_find(&search, fires[i], &fast);
        assert_int_equal(is_fast, naive_exit_find(&in, fires[i], &naive));
        if (!is_fast)
            continue;
        assert_true(same_candidate(&fast, &naive));
        assert_true(at < count && same_candidate(&found[at++], &naive));
        *ret_found += 1;
        *ret_ambiguous += fast.ambiguous;
    }
    assert_int_equal(at, count);
    exit_search_release(&search);
    random_columns_free(&columns);
}

static void two_hundred_random_strategies_exit_as_the_reference_does(void **state)
{
    (void)state;
    /* Spring and autumn changes of the clock, half days, gaps in the data, bars round the clock. */
    struct market markets[] = {
        market_of(generated_bars("XNYS", "2024-02-20", "2024-03-28", 11, 0.1, 12000)),
        market_of(generated_bars("XNYS", "2024-06-25", "2024-07-10", 12, 0, 12000)),
        market_of(generated_bars("24x7", "2024-10-20", "2024-11-10", 13, 0.02, 30000)),
    };
    struct random r;
    random_seed(&r, 2024);
    int64_t found = 0, ambiguous = 0;
    for (int i = 0; i < 240; i++) {
        struct strategy s = random_strategy(&r);
        compare_strategy(&markets[i % 3], &s, &r, &found, &ambiguous);
    }
    assert_true(found > 5000);
    assert_true(ambiguous > 50);
    for (size_t i = 0; i < 3; i++)
        market_release(&markets[i]);
}

static void longer_bars_end_with_their_session(void **state)
{
    (void)state;
    const struct bars *minutes = generated_bars("XNYS", "2024-07-01", "2024-08-30", 3, 0, 100000);
    const struct bars *hours = NULL;
    assert_int_equal(bars_resample(minutes, (struct timeframe){60}, BAR_ALL_COLUMNS, &hours, NULL),
                     ERR_OK);
    /* 09:30 to 16:00 is six hours and a half: the last bar is cut. */
    assert_int_equal(bar_end_ns(hours, 6), hours->sessions[0].close_ns);
    assert_int_equal(bar_end_ns(hours, 5), hours->time_ns[5] + 3600 * NS_PER_SECOND);
    struct market m = market_of(hours);
    struct random r;
    random_seed(&r, 7);
    int64_t found = 0, ambiguous = 0;
    for (int i = 0; i < 60; i++) {
        struct strategy s = random_strategy(&r);
        compare_strategy(&m, &s, &r, &found, &ambiguous);
    }
    assert_true(found > 500);
    market_release(&m);
    bars_unref(minutes);
}

/* ---- no look-ahead ---- */

/* The same bars with all prices after `last` multiplied by something wild. */
static const struct bars *corrupted(const struct bars *bars, int64_t last, struct random *r)
{
    struct bars_builder b;
    assert_int_equal(bars_builder_init(&b, bars->count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < bars->count; i++) {
        double factor = i > last ? 1 + (double)random_below(r, 100) : 1;
        b.time_ns[i] = bars->time_ns[i];
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b.column[c][i] = bars->column[c][i] * factor;
    }
    const struct bars *ret = NULL;
    assert_int_equal(bars_publish(&b, bars->calendar, bars->timeframe, -1, &ret, NULL), ERR_OK);
    bars_builder_release(&b);
    return ret;
}

static void bars_after_an_exit_never_change_it(void **state)
{
    (void)state;
    struct market m = market_of(generated_bars("XNYS", "2024-07-01", "2024-07-20", 8, 0.05, 5000));
    struct random r;
    random_seed(&r, 99);
    int64_t compared = 0;
    for (int i = 0; i < 60; i++) {
        struct strategy s = random_strategy(&r);
        struct random_columns columns = random_columns(&r, m.bars->count);
        int64_t last = random_between(&r, 100, m.bars->count - 2);
        struct market other = market_of(corrupted(m.bars, last, &r));
        struct exit_inputs in = inputs_of(&m, &s, &columns, m.bars->count), in_other = in;
        in_other.bars = other.bars;
        in_other.blocks = other.blocks;
        struct exit_search search, search_other;
        assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
        assert_int_equal(exit_search_init(&search_other, &in_other, NULL), ERR_OK);
        for (int64_t bar = 0; bar < last; bar += 7) {
            struct trade_candidate a, b;
            if (!exit_search_find(&search, bar, &a) || a.exit_bar > last)
                continue;
            assert_true(exit_search_find(&search_other, bar, &b));
            assert_true(same_candidate(&a, &b));
            compared++;
        }
        exit_search_release(&search);
        exit_search_release(&search_other);
        random_columns_free(&columns);
        market_release(&other);
    }
    assert_true(compared > 3000);
    market_release(&m);
}

static void a_fire_that_cannot_be_entered_has_no_candidate(void **state)
{
    (void)state;
    struct market m = market_of(generated_bars("XNYS", "2024-07-01", "2024-07-03", 8, 0, 1000));
    struct strategy s;
    strategy_defaults(&s);
    struct random_columns none = {0};
    struct exit_inputs in = inputs_of(&m, &s, &none, 500);
    struct exit_search search;
    struct trade_candidate c;
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    assert_true(exit_search_find(&search, 498, &c));
    assert_false(exit_search_find(&search, 499, &c));
    assert_false(exit_search_find(&search, 700, &c));
    exit_search_release(&search);

    /* A short's target at or below zero is no price. */
    s.side = SIDE_SHORT;
    s.take_profit =
        (struct strategy_distance){.kind = DISTANCE_OFFSET, .value = 5000 * DECIMAL_ONE};
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    assert_false(exit_search_find(&search, 10, &c));
    exit_search_release(&search);
    market_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bar_at_a_level_is_found_over_any_range),
        cmocka_unit_test(levels_are_compared_in_doubles),
        cmocka_unit_test(an_index_of_few_bars_and_of_none_works),
        cmocka_unit_test(two_hundred_random_strategies_exit_as_the_reference_does),
        cmocka_unit_test(longer_bars_end_with_their_session),
        cmocka_unit_test(bars_after_an_exit_never_change_it),
        cmocka_unit_test(a_fire_that_cannot_be_entered_has_no_candidate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
