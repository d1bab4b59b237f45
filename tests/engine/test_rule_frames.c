/* tf(): what a rule sees of longer bars, and when. Against bars_resample of all bars and the
 * definition of "complete", over gaps, half days, changes of the clock and calendars; and however a
 * run is cut.
 */
#include "engine/pool/worker_pool.h"
#include "engine/study/scan.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/rule_fixture.h"

#include <malloc.h>
#include <math.h>

static struct rule *compiled(const char *text, const struct bars *bars)
{
    struct rule_options options = {.timeframe = bars->timeframe, .any_type = true};
    struct rule *rule = NULL;
    struct error e = {0};
    if (rule_compile(text, strlen(text), &options, &rule, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return rule;
}

/* All values of a rule on bars of any timeframe; free() them. */
static double *values_of(const char *text, const struct bars *bars)
{
    struct rule *rule = compiled(text, bars);
    struct rule_run *run = fixture_run(rule, bars);
    double *values = calloc((size_t)bars->count + 1, sizeof(*values));
    assert_non_null(values);
    rule_run_values(run, bars->count, values);
    rule_run_free(run);
    rule_free(rule);
    return values;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static void assert_values(const struct bars *bars, const char *text, const double *expected)
{
    double *values = values_of(text, bars);
    for (int64_t i = 0; i < bars->count; i++)
        if (!same(values[i], expected[i]))
            fail_msg("%s, bar %d: expected %g, got %g", text, (int)i, expected[i], values[i]);
    free(values);
}

/* ---- what is seen when ------------------------------------------------------------------- */

static void a_longer_bar_is_seen_when_it_is_complete(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 11);
    assert_values(b, "tf('5m', close)", (double[]){NAN, NAN, NAN, NAN, 5, 5, 5, 5, 5, 10, 10});
    assert_values(b, "tf('5m', open)", (double[]){NAN, NAN, NAN, NAN, 1, 1, 1, 1, 1, 6, 6});
    assert_values(b, "tf('2m', high + low)", (double[]){NAN, 3, 3, 7, 7, 11, 11, 15, 15, 19, 19});
    assert_values(b, "tf('3m', volume)", (double[]){NAN, NAN, 3, 3, 3, 3, 3, 3, 3, 3, 3});
    assert_values(b, "tf('1m', close) - close", (double[11]){0});
    bars_unref(b);
}

static void offsets_count_the_bars_of_their_place(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 11);
    assert_values(b, "tf('3m', close[1])", (double[]){NAN, NAN, NAN, NAN, NAN, 3, 3, 3, 6, 6, 6});
    assert_values(b, "tf('3m', close)[1]", (double[]){NAN, NAN, NAN, 3, 3, 3, 6, 6, 6, 9, 9});
    assert_values(b, "tf('3m', close[1])[2]",
                  (double[]){NAN, NAN, NAN, NAN, NAN, NAN, NAN, 3, 3, 3, 6});
    assert_values(b, "sma(tf('5m', close), 2)",
                  (double[]){NAN, NAN, NAN, NAN, NAN, 5, 5, 5, 5, 7.5, 10});
    bars_unref(b);
}

static void truths_move_down_to_the_numbers_under_them(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){5, 4, 6, 7, 3, 2, 2, 9}, 8);
    assert_values(b, "tf('2m', close > open)", (double[]){0, 0, 0, 1, 1, 0, 0, 1});
    assert_values(b, "tf('2m', not close > open)", (double[]){1, 1, 1, 0, 0, 1, 1, 0});
    assert_values(b, "not tf('2m', close > open)", (double[]){1, 1, 1, 0, 0, 1, 1, 0});
    assert_values(b, "tf('2m', close > open)[2]", (double[]){0, 0, 0, 0, 0, 1, 1, 0});
    assert_values(b, "tf('2m', (close > open)[1])", (double[]){0, 0, 0, 0, 0, 1, 1, 0});
    assert_values(b, "tf('2m', close crosses above 4)", (double[]){0, 0, 0, 1, 1, 0, 0, 1});
    assert_values(b, "tf('2m', close crosses above 4)[1]", (double[]){0, 0, 0, 0, 1, 1, 0, 0});
    assert_values(b, "tf('2m', 1 < 2 and close > 4)", (double[]){0, 0, 0, 1, 1, 0, 0, 1});
    assert_values(b, "tf('2m', close > open) and close > 6", (double[]){0, 0, 0, 1, 0, 0, 0, 1});
    assert_values(b, "tf('2m', 7)", (double[]){7, 7, 7, 7, 7, 7, 7, 7});
    bars_unref(b);
}

/* Minute bars of a New York day at these minutes after midnight UTC; closes count from 1. */
static const struct bars *bars_at(const char *date, const int32_t *minutes, int64_t count)
{
    struct made_bar rows[32];
    for (int64_t i = 0; i < count; i++) {
        double price = (double)i + 1;
        rows[i] = (struct made_bar){instant(date, minutes[i]), price, price, price, price};
    }
    return made_bars("XNYS", 1, rows, count);
}

static void where_bars_are_missing_the_next_one_shows_it(void **state)
{
    (void)state;
    /* 09:30 New York is 13:30 UTC in July, minute 810. Bars of 15 minutes end at 825, 840, 855. */
    const struct bars *b =
        bars_at("2024-07-01", (int32_t[]){810, 823, 825, 839, 841, 869, 871, 899}, 8);
    assert_values(b, "tf('15m', close)", (double[]){NAN, NAN, 2, 4, 4, 6, 6, 8});
    assert_values(b, "tf('15m', close[1])", (double[]){NAN, NAN, NAN, 2, 2, 5, 5, 7});
    assert_values(b, "tf('15m', bar_of_day)", (double[]){NAN, NAN, 1, 2, 2, 4, 4, 6});
    assert_values(b, "tf('1h', open)", (double[]){NAN, NAN, NAN, NAN, NAN, 1, 1, 1});
    bars_unref(b);
}

static void the_last_one_of_a_session_ends_at_the_close(void **state)
{
    (void)state;
    /* 3 July 2024 closes at 13:00, minute 1020: the last hour has 30 minutes, the day 210. */
    struct made_bar rows[] = {
        {instant("2024-07-02", 1199), 1, 1, 1, 1}, {instant("2024-07-03", 810), 2, 2, 2, 2},
        {instant("2024-07-03", 1018), 3, 3, 3, 3}, {instant("2024-07-03", 1019), 4, 4, 4, 4},
        {instant("2024-07-05", 810), 5, 5, 5, 5},  {instant("2024-07-05", 1198), 6, 6, 6, 6},
        {instant("2024-07-08", 810), 7, 7, 7, 7},
    };
    const struct bars *b = made_bars("XNYS", 1, rows, 7);
    assert_values(b, "tf('1h', close)", (double[]){1, 1, 2, 4, 4, 5, 6});
    assert_values(b, "tf('1d', close)", (double[]){1, 1, 1, 4, 4, 4, 6});
    assert_values(b, "tf('1d', prev_close)", (double[]){NAN, NAN, NAN, 1, 1, 1, 4});
    assert_values(b, "tf('1h', minutes_to_close)", (double[]){30, 30, 210, 30, 30, 390, 30});
    bars_unref(b);
}

static void it_is_never_seen_too_early(void **state)
{
    (void)state;
    const struct bars *b = generated_bars("XNYS", "2023-11-01", "2023-11-30", 3, 0.3, 0);
    double *start = values_of("tf('1h', minutes_since_open)", b);
    double *day = values_of("tf('1h', weekday)", b);
    for (int64_t i = 0; i < b->count; i++) {
        const struct bars_session *s = &b->sessions[bars_session_of(b, i)];
        int64_t over_ns = b->time_ns[i] + NS_PER_MINUTE;
        if (isnan(start[i]) || day[i] != civil_weekday(s->day))
            continue;
        int64_t end_ns = s->open_ns + ((int64_t)start[i] + 60) * NS_PER_MINUTE;
        assert_true(end_ns <= over_ns || s->close_ns == over_ns);
    }
    free(start);
    free(day);
    bars_unref(b);
}

/* ---- against the definition -------------------------------------------------------------- */

static void check_reference(const struct bars *b, const char *timeframe, const char *inside)
{
    char text[256];
    snprintf(text, sizeof(text), "tf('%s', %s)", timeframe, inside);
    const struct bars *longer = fixture_longer(b, timeframe);
    int64_t *last = fixture_last_complete(b, longer);
    double *expected = values_of(inside, longer), *actual = values_of(text, b);
    bool boolean = strpbrk(inside, "<>") != NULL;
    for (int64_t i = 0; i < b->count; i++) {
        double value = last[i] >= 0 ? expected[last[i]] : boolean ? 0 : NAN;
        if (!same(value, actual[i]))
            fail_msg("%s on %s bars, bar %d: expected %.17g, got %.17g", text,
                     calendar_name(b->calendar), (int)i, value, actual[i]);
    }
    free(expected);
    free(actual);
    free(last);
    bars_unref(longer);
}

static const char *const expressions[] = {
    "close",
    "ema(20)",
    "rsi(14)[3]",
    "sma(volume, 50)",
    "vwap - day_high + prev_low",
    "sma(hl2 / 3, 11) * gap",
    "time + 1440 * weekday",
    "highest(high, 300)",
    "bar_of_day + minutes_to_close / minutes_since_open",
    "close > sma(50)",
    "ema(5) crosses above ema(9) and close > prev_close",
};

static void tf_is_the_resampled_bars_mapped_back(void **state)
{
    (void)state;
    static const struct {
        const char *calendar, *from, *to;
        double missing_share;
    } markets[] = {
        {"XNYS", "2023-10-30", "2023-12-01", 0.02}, /* winter time, a half day */
        {"XNYS", "2024-03-07", "2024-03-15", 0.5},  /* summer time */
        {"XNSE", "2024-01-01", "2024-01-20", 0.1},
        {"24x7", "2024-03-29", "2024-04-06", 0.2},
    };
    static const char *const timeframes[] = {"2m", "7m", "15m", "1h", "4h", "1d"};
    for (size_t m = 0; m < sizeof(markets) / sizeof(markets[0]); m++) {
        const struct bars *b = generated_bars(markets[m].calendar, markets[m].from, markets[m].to,
                                              m, markets[m].missing_share, 0);
        for (size_t t = 0; t < sizeof(timeframes) / sizeof(timeframes[0]); t++)
            for (size_t x = 0; x < sizeof(expressions) / sizeof(expressions[0]); x++)
                check_reference(b, timeframes[t], expressions[x]);
        bars_unref(b);
    }
}

static void it_is_on_bars_that_are_resampled_themselves(void **state)
{
    (void)state;
    const struct bars *minutes = generated_bars("XNYS", "2023-10-30", "2023-12-20", 8, 0.02, 0);
    const struct bars *b = fixture_longer(minutes, "7m");
    for (size_t x = 0; x < sizeof(expressions) / sizeof(expressions[0]); x++) {
        check_reference(b, "14m", expressions[x]);
        check_reference(b, "35m", expressions[x]);
        check_reference(b, "1d", expressions[x]);
    }
    bars_unref(b);
    bars_unref(minutes);
}

/* ---- however a run is cut ---------------------------------------------------------------- */

static const char *const rules[] = {
    "tf('15m', ema(20)) > tf('15m', ema(50)) and low < lowest(20)[1]",
    "tf('1h', rsi(14) < 40) or tf('5m', close crosses above sma(30))",
    "close > tf('1d', prev_high)",
    "tf('5m', highest(close, 290))[300] < tf('15m', sma(hl2, 33)) and rsi(5) > 40",
    "ema(tf('4h', vwap), 9) > close",
};

static void any_shards_give_the_bits_of_one_pass(void **state)
{
    (void)state;
    static const int64_t pieces[] = {64, 448, 1024, 8192};
    const struct bars *b = generated_bars("XNYS", "2024-02-20", "2024-04-12", 7, 0.02, 0);
    size_t words = (size_t)(b->count + 63) / 64;
    uint64_t *expected = calloc(words, sizeof(*expected)), *mask = calloc(words, sizeof(*mask));
    assert_true(expected != NULL && mask != NULL);
    struct worker_pool *pool = NULL;
    assert_int_equal(worker_pool_create(3, false, &pool, NULL), ERR_OK);
    for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++) {
        struct rule *rule = compiled(rules[k], b);
        struct rule_run *run = fixture_run(rule, b);
        rule_run_eval(run, b->count, expected);
        rule_run_free(run);
        for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
            memset(mask, 0xff, words * sizeof(*mask));
            assert_int_equal(scan_bits(rule, b, pool, pieces[p], NULL, mask, NULL, NULL), ERR_OK);
            assert_memory_equal(mask, expected, words * sizeof(*mask));
        }
        rule_free(rule);
    }
    worker_pool_free(pool);
    free(expected);
    free(mask);
    bars_unref(b);
}

/* A run that only ever saw the end of the data: what it did not fill must not show. */
static void a_run_that_begins_late_sees_the_longer_bars_before(void **state)
{
    (void)state;
    static const char *const texts[] = {"tf('5m', sma(close, 300))", "tf('1h', prev_low - vwap)",
                                        "tf('5m', highest(sma(volume, 90), 270)[100])[50]",
                                        "sma(tf('1h', lowest(low, 20)), 70)", "tf('1d', gap)"};
    const struct bars *b = generated_bars("XNYS", "2024-02-20", "2024-03-20", 9, 0.02, 0);
    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        double *expected = values_of(texts[k], b), *actual = values_of("close", b);
        struct rule *rule = compiled(texts[k], b);
        for (int64_t at = b->count - 1; at > b->count / 2; at -= 391) {
            struct rule_run *run = fixture_run(rule, b);
            assert_int_equal(rule_state_bytes(run), 0);
            rule_run_start(run, at);
            rule_run_values(run, b->count, actual + at);
            for (int64_t i = at; i < b->count; i++)
                assert_true(same(expected[i], actual[i]));
            rule_run_free(run);
        }
        rule_free(rule);
        free(expected);
        free(actual);
    }
    bars_unref(b);
}

static void a_run_without_longer_bars_is_fine(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){3}, 1);
    assert_values(b, "tf('1h', sma(200)) > 1", (double[]){0});
    assert_values(b, "tf('1d', close[3])[2]", (double[]){NAN});
    bars_unref(b);
}

/* ---- what is told about it --------------------------------------------------------------- */

static void lookback_and_warm_up_are_in_bars_of_the_rule(void **state)
{
    (void)state;
    struct rule_options options = {.timeframe = {5}};
    const char *text = "close > tf('1h', sma(20))";
    struct rule *r = NULL;
    assert_int_equal(rule_compile(text, strlen(text), &options, &r, NULL), ERR_OK);
    assert_int_equal(rule_lookback_bars(r), 20 * 12 - 1);
    assert_int_equal(rule_warmup_bars(r), 0);
    assert_int_equal(rule_columns(r), BAR_COLUMN_BIT(BAR_CLOSE));
    rule_free(r);
    text = "volume > 1 and tf('1h', ema(20)[2] > open)[7]";
    assert_int_equal(rule_compile(text, strlen(text), &options, &r, NULL), ERR_OK);
    assert_int_equal(rule_lookback_bars(r), 22 * 12 - 1 + 7);
    assert_in_range(rule_warmup_bars(r), 19 * 20 * 12, 25 * 20 * 12);
    assert_int_equal(rule_columns(r), BAR_COLUMN_BIT(BAR_CLOSE) | BAR_COLUMN_BIT(BAR_OPEN) |
                                          BAR_COLUMN_BIT(BAR_VOLUME));
    rule_free(r);
}

static void a_day_has_the_bars_of_its_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *calendar;
        int64_t bars;
    } days[] = {{NULL, 390}, {"XNYS", 390}, {"XNSE", 375}, {"24x7", 1440}};
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        struct rule_options options = {.timeframe = {1}};
        if (days[i].calendar != NULL)
            options.calendar = fixture_calendar(days[i].calendar);
        struct rule *r = NULL;
        assert_int_equal(rule_compile("tf('1d', close) > 1", 19, &options, &r, NULL), ERR_OK);
        assert_int_equal(rule_lookback_bars(r), days[i].bars - 1);
        rule_free(r);
    }
}

static void what_is_used_is_listed_with_its_timeframe(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1}, 1);
    struct rule *r = compiled("tf('60m', EMA(rsi, 9) > vwap) and ema(9) > tf('1h', rsi(14))", b);
    static const char *const expected[] = {"tf(\"1h\", ema(rsi(14), 9))", "tf(\"1h\", rsi(14))",
                                           "tf(\"1h\", vwap)", "ema(9)"};
    assert_int_equal(rule_indicator_count(r), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(rule_indicator_text(r, i), expected[i]);
    rule_free(r);
    bars_unref(b);
}

static void equal_parts_of_a_timeframe_are_computed_once(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1}, 1);
    struct rule *one = compiled("tf('1h', ema(20) > close)", b);
    struct rule *two = compiled("tf('1h', ema(20)) > tf('60m', close) and "
                                "tf('1h', close < ema(close, 20) and ema(20) > close)",
                                b);
    assert_int_equal(rule_node_count(one), rule_node_count(two));
    rule_free(one);
    rule_free(two);
    struct rule *plain = compiled("close > open", b),
                *same_bars = compiled("tf('1m', close > open)", b);
    assert_int_equal(rule_node_count(plain), rule_node_count(same_bars));
    rule_free(plain);
    rule_free(same_bars);
    bars_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_longer_bar_is_seen_when_it_is_complete),
        cmocka_unit_test(offsets_count_the_bars_of_their_place),
        cmocka_unit_test(truths_move_down_to_the_numbers_under_them),
        cmocka_unit_test(where_bars_are_missing_the_next_one_shows_it),
        cmocka_unit_test(the_last_one_of_a_session_ends_at_the_close),
        cmocka_unit_test(it_is_never_seen_too_early),
        cmocka_unit_test(tf_is_the_resampled_bars_mapped_back),
        cmocka_unit_test(it_is_on_bars_that_are_resampled_themselves),
        cmocka_unit_test(any_shards_give_the_bits_of_one_pass),
        cmocka_unit_test(a_run_that_begins_late_sees_the_longer_bars_before),
        cmocka_unit_test(a_run_without_longer_bars_is_fine),
        cmocka_unit_test(lookback_and_warm_up_are_in_bars_of_the_rule),
        cmocka_unit_test(a_day_has_the_bars_of_its_calendar),
        cmocka_unit_test(what_is_used_is_listed_with_its_timeframe),
        cmocka_unit_test(equal_parts_of_a_timeframe_are_computed_once),
    };
    mallopt(M_PERTURB, 0x55); /* memory that was not filled is not zero */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
