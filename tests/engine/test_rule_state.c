/* Where a run began and how it was cut must not show: whole runs, random segments, saved and loaded
 * states and single bars give the same bits, for random rules. And a fresh start is forgotten after
 * the warm-up.
 */
#include "tests/engine/rule_fixture.h"

#include <math.h>

enum { BARS = 4000 };

/* Bars [from, to) of the run's result as numbers, in segments of at most `most` bars (0: random).
 */
static void values_in_segments(struct rule_run *run, int64_t to, int64_t most, struct random *r,
                               double *values)
{
    while (rule_run_position(run) < to) {
        int64_t from = rule_run_position(run);
        int64_t count = most > 0 ? most : 1 + (int64_t)random_below(r, 1800);
        int64_t end = count < to - from ? from + count : to;
        rule_run_values(run, end, values);
        values += end - from;
    }
}

static void assert_same(const struct rule *rule, const double *a, const double *b, int64_t from,
                        int64_t to)
{
    for (int64_t t = from; t < to; t++)
        if (!(isnan(a[t]) && isnan(b[t])) && memcmp(&a[t], &b[t], sizeof(double)) != 0)
            fail_msg("%s differs at bar %d: %.17g and %.17g", rule_normal_form(rule), (int)t, a[t],
                     b[t]);
}

static void check_segments(const struct rule *rule, const struct bars *bars, struct random *r,
                           const double *whole)
{
    static const int64_t sizes[] = {0, 1, 63, 64, 1000, 1025};
    double values[BARS] = {0};
    struct rule_run *run = fixture_run(rule, bars);
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        rule_run_start(run, 0);
        values_in_segments(run, bars->count, sizes[k], r, values);
        assert_same(rule, whole, values, 0, bars->count);
    }
    rule_run_free(run);
}

/* A state saved at a bar goes on in a new run there; and a run that comes by has the same state. */
static void check_states(const struct rule *rule, const struct bars *bars, struct random *r,
                         const double *whole)
{
    double values[BARS] = {0};
    struct rule_run *first = fixture_run(rule, bars), *second = fixture_run(rule, bars);
    size_t size = rule_state_bytes(first);
    unsigned char *state = malloc(size + 1), *other = malloc(size + 1);
    assert_true(state != NULL && other != NULL);
    for (int k = 0; k < 6; k++) {
        int64_t at = (int64_t)random_below(r, (uint64_t)bars->count);
        int64_t later = at + (int64_t)random_below(r, (uint64_t)(bars->count - at) + 1);
        if (k % 2 == 0)
            at = bars->sessions[bars_session_of(bars, at)].first;
        rule_run_start(first, 0);
        values_in_segments(first, at, 0, r, values);
        rule_run_save(first, state);
        rule_run_load(second, at, state);
        assert_int_equal(rule_run_position(second), at);
        rule_run_save(second, other);
        assert_memory_equal(state, other, size);
        values_in_segments(second, later, 0, r, values + at);
        assert_same(rule, whole, values, 0, later);
        values_in_segments(first, later, 0, r, values + at);
        assert_same(rule, whole, values, 0, later);
        rule_run_save(first, state);
        rule_run_save(second, other);
        assert_memory_equal(state, other, size);
    }
    free(state);
    free(other);
    rule_run_free(first);
    rule_run_free(second);
}

/* A rule without a recursive part is exact from a fresh start anywhere. */
static void check_fresh_start(const struct rule *rule, const struct bars *bars, struct random *r,
                              const double *whole)
{
    double values[BARS] = {0};
    if (rule_warmup_bars(rule) > 0)
        return;
    struct rule_run *run = fixture_run(rule, bars);
    assert_int_equal(rule_state_bytes(run), 0);
    for (int k = 0; k < 4; k++) {
        int64_t at = (int64_t)random_below(r, (uint64_t)bars->count);
        rule_run_start(run, at);
        values_in_segments(run, bars->count, 0, r, values + at);
        assert_same(rule, whole, values, at, bars->count);
    }
    rule_run_free(run);
}

static void check_mask(const struct rule *rule, const struct bars *bars, const double *whole)
{
    uint64_t mask[BARS / 64 + 1];
    struct rule_run *run = fixture_run(rule, bars);
    rule_run_eval(run, 0, mask);
    rule_run_eval(run, 1000, NULL);
    rule_run_eval(run, 1000 + 1777, mask);
    for (int64_t i = 0; i < 1777; i++)
        assert_int_equal(mask[i / 64] >> (i % 64) & 1, (int)whole[1000 + i]);
    assert_int_equal(mask[1777 / 64] >> (1777 % 64), 0);
    rule_run_free(run);
}

static void check_rule(const struct rule *rule, const struct bars *bars, struct random *r)
{
    double whole[BARS] = {0};
    struct rule_run *run = fixture_run(rule, bars);
    rule_run_values(run, bars->count, whole);
    rule_run_free(run);
    check_segments(rule, bars, r, whole);
    check_states(rule, bars, r, whole);
    check_fresh_start(rule, bars, r, whole);
    if (rule_is_boolean(rule))
        check_mask(rule, bars, whole);
}

static void random_rules_give_the_same_bits_however_they_are_cut(void **state)
{
    (void)state;
    static struct tree_pool pool;
    random_seed(&pool.random, 21);
    const struct bars *bars = fixture_demo(6, BARS, 2);
    int recursive = 0, stateless = 0;
    for (int k = 0; k < 600; k++) {
        struct tree *tree;
        pool.frames = k >= 400;
        struct rule *rule = fixture_random_rule(&pool, 1 + k % 6, NULL, &tree);
        check_rule(rule, bars, &pool.random);
        recursive += rule_warmup_bars(rule) > 0;
        stateless += rule_warmup_bars(rule) == 0;
        rule_free(rule);
    }
    assert_true(recursive > 50 && stateless > 50);
    bars_unref(bars);
}

/* Over few bars each: whole, bar by bar, in blocks of any size, and through a saved state. */
static void so_do_ten_thousand_rules_of_all_indicators(void **state)
{
    (void)state;
    enum { RULES = 10000, FEW = 700 };
    static struct tree_pool pool;
    random_seed(&pool.random, 41);
    pool.frames = pool.all_indicators = true;
    const struct bars *bars = fixture_demo(13, FEW, 2);
    for (int k = 0; k < RULES; k++) {
        double whole[FEW], values[FEW];
        unsigned char *saved;
        struct tree *tree;
        struct rule *rule = fixture_random_rule(&pool, 1 + k % 6, NULL, &tree);
        struct rule_run *run = fixture_run(rule, bars), *other = fixture_run(rule, bars);
        rule_run_values(run, FEW, whole);
        rule_run_start(run, 0);
        values_in_segments(run, FEW, k % 4 == 0 ? 1 : 0, &pool.random, values);
        assert_same(rule, whole, values, 0, FEW);
        int64_t at = (int64_t)random_below(&pool.random, FEW);
        assert_non_null(saved = malloc(rule_state_bytes(run) + 1));
        rule_run_start(run, 0);
        rule_run_eval(run, at, NULL);
        rule_run_save(run, saved);
        rule_run_load(other, at, saved);
        values_in_segments(other, FEW, 0, &pool.random, values + at);
        assert_same(rule, whole, values, 0, FEW);
        free(saved);
        rule_run_free(run);
        rule_run_free(other);
        rule_free(rule);
    }
    bars_unref(bars);
}

static void so_do_particular_rules_and_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "rsi(14) < 30 and close > sma(200)",
        "sma(sma(sma(close, 5), 200), 50) > vwap[300]",
        "ema(20)[1500] < sma(ema(rsi(14), 9), 600)[700] or not (rsi(7) > 50)[1400]",
        "ema(sma(vwap, 30)[40], 10) crosses highest(day_high[3], 77)",
        "highest(volume, 1100)[20] == volume[1025]",
        "sma(highest(lowest(sma(volume, 90), 80), 70)[60], 50)",
        "rsi(rsi(rsi(5), 6), 7)",
        "sma(1, 200) + ema(2, 20)",
        "1 < 2",
        "close",
        "vwap[2000]",
        "tf('5m', close)",
        "tf('15m', ema(20)) > tf('15m', ema(50)) and low < tf('1h', lowest(low, 9))",
        "tf('1d', prev_high)[77] < close or tf('1h', rsi(14)[2] < 50)[1500]",
        "sma(tf('5m', rsi(vwap, 9)), 300) crosses tf('7m', ema(sma(close, 30)[40], 10)[3])[5]",
        "ema(tf('4h', highest(day_high, 300)), 30) < tf('5m', sma(volume, 700))",
        "highest(tf('5m', sma(hl2 / 3, 11)), 500)[900] > tf('5m', lowest(gap + time, 290))",
    };
    struct random r;
    random_seed(&r, 31);
    for (int32_t decimals = 0; decimals <= 4; decimals += 4) {
        const struct bars *bars = fixture_demo(8, BARS, decimals);
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
            struct rule *rule = fixture_rule(texts[k], NULL);
            check_rule(rule, bars, &r);
            rule_free(rule);
        }
        bars_unref(bars);
    }
}

/* ---- warm-up ----------------------------------------------------------------------------- */

/* How many of the session starts s have the whole run's state after a fresh start warmup bars
 * before. */
static void count_forgotten(const char *text, const struct bars *bars, int *ret_equal,
                            int *ret_tried)
{
    struct rule *rule = fixture_rule(text, NULL);
    struct rule_run *whole = fixture_run(rule, bars), *fresh = fixture_run(rule, bars);
    size_t size = rule_state_bytes(whole);
    unsigned char *expected = malloc(size), *actual = malloc(size);
    assert_true(expected != NULL && actual != NULL && size > 0);
    *ret_equal = *ret_tried = 0;
    for (int64_t s = 1; s < bars->session_count; s++) {
        int64_t at = bars->sessions[s].first, from = at - rule_warmup_bars(rule);
        rule_run_eval(whole, at, NULL);
        if (from <= 0)
            continue;
        rule_run_save(whole, expected);
        rule_run_start(fresh, bars->sessions[bars_session_of(bars, from)].first);
        rule_run_eval(fresh, at, NULL);
        rule_run_save(fresh, actual);
        ++*ret_tried;
        *ret_equal += memcmp(expected, actual, size) == 0;
    }
    free(expected);
    free(actual);
    rule_run_free(whole);
    rule_run_free(fresh);
    rule_free(rule);
}

static void a_fresh_start_is_typically_forgotten_after_the_warm_up(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "rsi(14) < 30",           "rsi(2) < 30",
        "rsi(100) < 50",          "ema(20) > close",
        "ema(200) > close",       "ema(500) > close",
        "rsi(500) > 50",          "ema(rsi(14), 9) > 50",
        "sma(rsi(14), 100) > 50", "ema(9) crosses above ema(21) and rsi(14)[5] < 70",
        "ema(volume, 50) > 1000", "rsi(ema(close, 30), 20) > 50"};
    const struct bars *bars = fixture_demo(9, 60000, 2);
    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        int equal, tried;
        count_forgotten(texts[k], bars, &equal, &tried);
        assert_true(tried > 50);
        if (equal * 100 < tried * 95)
            fail_msg("%s: %d of %d", texts[k], equal, tried);
    }
    bars_unref(bars);
}

static void equal_states_mean_equal_bits_from_there_on(void **state)
{
    (void)state;
    const struct bars *bars = fixture_demo(10, 20000, 2);
    struct rule *rule =
        fixture_rule("ema(9) crosses ema(21)[3] or rsi(14)[5] < sma(rsi(7), 30)", NULL);
    struct rule_run *whole = fixture_run(rule, bars), *fresh = fixture_run(rule, bars);
    unsigned char a[4096], b[4096];
    uint64_t left[16], right[16];
    assert_true(rule_state_bytes(whole) <= sizeof(a));
    int64_t half = bars->sessions[bars->session_count / 2].first, equal_since = -1;
    rule_run_eval(whole, half, NULL);
    rule_run_start(fresh, half);
    for (int64_t to = half + 100; to < bars->count; to += 100) {
        rule_run_eval(whole, to, left);
        rule_run_eval(fresh, to, right);
        if (equal_since >= 0)
            assert_memory_equal(left, right, 2 * sizeof(uint64_t));
        rule_run_save(whole, a);
        rule_run_save(fresh, b);
        bool equal = memcmp(a, b, rule_state_bytes(whole)) == 0;
        assert_true(equal || equal_since < 0);
        if (equal && equal_since < 0)
            equal_since = to;
    }
    assert_true(equal_since > half && equal_since < half + 2 * rule_warmup_bars(rule));
    rule_run_free(whole);
    rule_run_free(fresh);
    rule_free(rule);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_rules_give_the_same_bits_however_they_are_cut),
        cmocka_unit_test(so_do_ten_thousand_rules_of_all_indicators),
        cmocka_unit_test(so_do_particular_rules_and_numbers),
        cmocka_unit_test(a_fresh_start_is_typically_forgotten_after_the_warm_up),
        cmocka_unit_test(equal_states_mean_equal_bits_from_there_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
