#include "engine/study/scan.h"

#include "tests/engine/make_bars.h"

#include <stdatomic.h>

static const int32_t WORKERS[] = {1, 2, 3, 7, 16};
enum { POOLS = sizeof WORKERS / sizeof *WORKERS };
static struct worker_pool *pools[POOLS];

static int make_pools(void **state)
{
    (void)state;
    for (int i = 0; i < POOLS; i++)
        assert_int_equal(worker_pool_create(WORKERS[i], false, &pools[i], NULL), ERR_OK);
    return 0;
}

static int free_pools(void **state)
{
    (void)state;
    for (int i = 0; i < POOLS; i++)
        worker_pool_free(pools[i]);
    return 0;
}

static struct rule *compiled(const char *text)
{
    struct rule_options options = {.timeframe = {1}};
    struct rule *rule = NULL;
    assert_int_equal(rule_compile(text, strlen(text), &options, &rule, NULL), ERR_OK);
    return rule;
}

static size_t word_count(const struct bars *bars)
{
    return (size_t)(bars->count + 63) / 64;
}

static uint64_t *one_pass(const struct rule *rule, const struct bars *bars)
{
    struct rule_run *run = NULL;
    uint64_t *mask = calloc(word_count(bars) + 1, sizeof *mask);
    assert_int_equal(rule_run_create(rule, bars, &run, NULL), ERR_OK);
    rule_run_start(run, 0);
    rule_run_eval(run, bars->count, mask);
    rule_run_free(run);
    return mask;
}

static void assert_pieces_make_one_pass(const char *text, const struct bars *bars)
{
    static const int64_t pieces[] = {0, 64, 448, 1024, 8192, 1 << 20};
    struct rule *rule = compiled(text);
    uint64_t *expected = one_pass(rule, bars);
    uint64_t *mask = calloc(word_count(bars) + 1, sizeof *mask);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        for (int p = 0; p < POOLS; p++) {
            memset(mask, 0xff, word_count(bars) * sizeof *mask);
            struct scan_stats stats;
            assert_int_equal(scan_bits(rule, bars, pools[p], pieces[i], NULL, mask, &stats, NULL),
                             ERR_OK);
            assert_memory_equal(mask, expected, word_count(bars) * sizeof *mask);
            if (pieces[i] > 0)
                assert_int_equal(stats.pieces, (bars->count + pieces[i] - 1) / pieces[i]);
        }
    }
    free(mask);
    free(expected);
    rule_free(rule);
}

static const char *const RULES[] = {
    "rsi(14) < 30 and close > sma(200)", "close > open",
    "ema(9) crosses above ema(21)",      "close > close[300]",
    "sma(50) > sma(close - open, 7)[2]",
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };

static void any_pieces_give_the_bits_of_one_pass(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0.02, 0);
    for (int i = 0; i < RULE_COUNT; i++)
        assert_pieces_make_one_pass(RULES[i], bars);
    bars_unref(bars);
}

/* Whether a piece has to warm up depends on threads here; test_study_order.c makes sure that it
 * does. */
static void pieces_that_may_have_begun_wrong_make_no_difference(void **state)
{
    (void)state;
    const struct bars *bars = crashing_bars(14, 3);
    assert_pieces_make_one_pass("close > ema(200)", bars);
    bars_unref(bars);
}

static void few_bars_are_one_piece(void **state)
{
    (void)state;
    for (int64_t count = 1; count < 130; count += 21) {
        const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0, count);
        assert_int_equal(bars->count, count);
        assert_pieces_make_one_pass("rsi(5) < 50 or not close > sma(20)", bars);
        bars_unref(bars);
    }
}

static void a_canceled_scan_says_so(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0, 0);
    struct rule *rule = compiled("rsi(14) < 30");
    uint64_t *mask = calloc(word_count(bars), sizeof *mask);
    _Atomic bool cancel = true;
    assert_int_equal(scan_bits(rule, bars, pools[1], 0, &cancel, mask, NULL, NULL), ERR_CANCELED);
    free(mask);
    rule_free(rule);
    bars_unref(bars);
}

static void a_cursor_goes_on_or_warms_up(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0, 0);
    struct rule *rule = compiled("rsi(5) < 30");
    struct scan_cursor c = {0};
    int64_t warmup = -1;
    assert_int_equal(scan_cursor_open(&c, rule, bars, NULL), ERR_OK);
    assert_int_equal(scan_cursor_seek(&c, 3900, NULL, &warmup, NULL), ERR_OK);
    assert_true(warmup >= rule_warmup_bars(rule));
    assert_int_equal(rule_run_position(c.run), 3900);
    assert_int_equal(scan_cursor_skip(&c, 4000, NULL, NULL), ERR_OK);
    struct rule_run *run = c.run;
    assert_int_equal(scan_cursor_open(&c, rule, bars, NULL), ERR_OK);
    assert_ptr_equal(c.run, run);
    assert_int_equal(scan_cursor_seek(&c, 4000, NULL, &warmup, NULL), ERR_OK);
    assert_int_equal(warmup, 0);
    assert_int_equal(scan_cursor_seek(&c, 0, NULL, &warmup, NULL), ERR_OK);
    assert_int_equal(warmup, 0);
    assert_int_equal(rule_run_position(c.run), 0);
    _Atomic bool cancel = true;
    assert_int_equal(scan_cursor_skip(&c, 10, &cancel, NULL), ERR_CANCELED);
    scan_cursor_close(&c);
    scan_cursor_close(&c);
    rule_free(rule);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_bits_of_one_pass),
        cmocka_unit_test(pieces_that_may_have_begun_wrong_make_no_difference),
        cmocka_unit_test(few_bars_are_one_piece),
        cmocka_unit_test(a_canceled_scan_says_so),
        cmocka_unit_test(a_cursor_goes_on_or_warms_up),
    };
    return cmocka_run_group_tests(tests, make_pools, free_pools);
}
