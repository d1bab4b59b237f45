/* Every indicator of the table against a naive reference, and the promises of indicator.h: no
 * look-ahead, no trace of how the bars were cut, MISSING values handled.
 *
 * A reference is written straight from the definition, bar by bar over the whole past. A new
 * indicator needs one: the table and the references are held against each other.
 */
#include "base/random.h"
#include "engine/indicators/indicators.h"
#include "tests/engine/indicator_reference.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef VARIANT_SANITIZED
enum { BARS = 600 };
#else
enum { BARS = 1300 };
#endif

/* ---- inputs ------------------------------------------------------------------------------ */

enum shape {
    SHAPE_WALK,  /* prices with two decimals */
    SHAPE_NOISE, /* any doubles around zero */
    SHAPE_GAPS,  /* noise with MISSING values at the front and inside */
    SHAPE_FLAT,
    SHAPE_ZERO,
    SHAPE_RISING,
    SHAPE_TINY,
    SHAPE_HUGE,
    SHAPE_SPIKES, /* a huge value now and then: what drifts shows */
    SHAPE_COUNT
};

static double next_value(enum shape shape, struct random *r, int64_t i, double before)
{
    switch (shape) {
    case SHAPE_WALK:
        return round((before + random_normal(r) * 0.05) * 100) / 100;
    case SHAPE_NOISE:
        return random_normal(r);
    case SHAPE_GAPS:
        return i < 7 || random_below(r, 40) == 0 ? NAN : random_normal(r);
    case SHAPE_FLAT:
        return 0.1;
    case SHAPE_ZERO:
        return 0;
    case SHAPE_RISING:
        return before + 0.01;
    case SHAPE_TINY:
        return 1e-9 * (1 + random_unit(r));
    case SHAPE_HUGE:
        return 1e14 * (1 + random_unit(r));
    default:
        return random_below(r, 100) == 0 ? 1e12 : random_unit(r);
    }
}

struct inputs {
    double *memory[INDICATOR_INPUTS_MAX];   /* MISSING values in front */
    const double *in[INDICATOR_INPUTS_MAX]; /* bar 0 */
};

static int64_t history_of(const struct indicator *i, const double *parameter)
{
    return i->kernel->history != NULL ? i->kernel->history(parameter) : 0;
}

/* Bars of a shape: open, high, low, close, volume. Gaps are in one column at a time. */
static void make_bars(enum shape shape, struct random *r, double (*bars)[BARS])
{
    double close = 100;
    for (int64_t t = 0; t < BARS; t++) {
        double level =
            shape == SHAPE_NOISE || shape == SHAPE_GAPS ? 50 : 0; /* prices are positive */
        double open = level + next_value(shape, r, t, close);
        close = level + next_value(shape, r, t, close);
        bool still = shape == SHAPE_FLAT || shape == SHAPE_ZERO;
        double up = still ? 0 : (double)random_below(r, 4) / 100;
        double down = still ? 0 : (double)random_below(r, 4) / 100;
        if (shape == SHAPE_TINY) {
            up *= 1e-9;
            down *= 1e-9;
        }
        double high = (open > close ? open : close) + up;
        double low = (open < close ? open : close) - down;
        double volume = shape == SHAPE_GAPS && random_below(r, 40) == 0 ? NAN
                        : shape == SHAPE_NOISE                          ? random_unit(r) * 1e4
                                               : (double)random_below(r, 5000);
        const double bar[5] = {open, high, low, close, volume};
        for (int c = 0; c < 5; c++)
            bars[c][t] = bar[c];
        if (shape == SHAPE_WALK || shape == SHAPE_FLAT)
            for (int c = 0; c < 4; c++)
                bars[c][t] = round(bars[c][t] * 100) / 100;
        if (isnan(close))
            close = 0;
    }
}

static void inputs_init(struct inputs *inputs, const struct indicator *i, const double *parameter,
                        enum shape shape, uint64_t seed)
{
    static double bars[5][BARS];
    struct random r;
    random_seed(&r, seed);
    make_bars(shape, &r, bars);
    int64_t history = history_of(i, parameter);
    for (int32_t j = 0; j < i->input_count; j++) {
        double *x = malloc((size_t)(history + BARS) * sizeof(double));
        assert_non_null(x);
        for (int64_t t = 0; t < history; t++)
            x[t] = NAN;
        if (i->input[j] >= INDICATOR_INPUT_OPEN) {
            memcpy(x + history, bars[i->input[j] - INDICATOR_INPUT_OPEN], sizeof(bars[0]));
        } else if (i->input[j] == INDICATOR_INPUT_RULE) {
            for (int64_t t = 0; t < BARS; t++)
                x[history + t] = shape == SHAPE_ZERO ? 0 : random_below(&r, 30) == 0;
        } else {
            double before = 100;
            for (int64_t t = 0; t < BARS; t++)
                before = x[history + t] = next_value(shape, &r, t, before);
        }
        inputs->memory[j] = x;
        inputs->in[j] = x + history;
    }
}

static void inputs_release(struct inputs *inputs, const struct indicator *i)
{
    for (int32_t j = 0; j < i->input_count; j++) {
        free(inputs->memory[j]);
        inputs->memory[j] = NULL;
    }
}

/* ---- running a kernel -------------------------------------------------------------------- */

static size_t state_bytes_of(const struct indicator *i, const double *parameter)
{
    return i->kernel->state_bytes != NULL ? i->kernel->state_bytes(parameter) : 0;
}

static void *new_state(const struct indicator *i, const double *parameter)
{
    void *state = calloc(1, state_bytes_of(i, parameter) + 1);
    assert_non_null(state);
    return state;
}

static void run_block(const struct indicator *i, const double *parameter, void *state,
                      const struct inputs *inputs, int64_t start, int64_t count, int32_t decimals,
                      double *out)
{
    static double unused[INDICATOR_OUTPUTS_MAX][BARS];
    struct indicator_block b = {
        .start = start, .count = count, .parameter = parameter, .decimals = decimals};
    for (int32_t j = 0; j < i->input_count; j++)
        b.in[j] = inputs->in[j] + start;
    for (int32_t j = 0; j < i->kernel->output_count; j++)
        b.out[j] = j == i->output ? out : unused[j];
    i->kernel->run(state, &b);
}

/* Bars [from, to) in blocks of at most `most` bars, or of random sizes when most is 0. */
static void run_blocks(const struct indicator *i, const double *parameter, void *state,
                       const struct inputs *inputs, int64_t from, int64_t to, int64_t most,
                       struct random *r, int32_t decimals, double *out)
{
    while (from < to) {
        int64_t count = most > 0 ? most : 1 + (int64_t)random_below(r, 700);
        count = count < to - from ? count : to - from;
        run_block(i, parameter, state, inputs, from, count, decimals, out + from);
        from += count;
    }
}

static void run_all(const struct indicator *i, const double *parameter, const struct inputs *inputs,
                    int64_t count, int64_t most, int32_t decimals, double *out)
{
    struct random r;
    random_seed(&r, 99);
    void *state = new_state(i, parameter);
    run_blocks(i, parameter, state, inputs, 0, count, most, &r, decimals, out);
    free(state);
}

/* Equal bits; any NaN equals any NaN. */
static void assert_same(const struct indicator *i, const double *a, const double *b, int64_t from,
                        int64_t to)
{
    for (int64_t t = from; t < to; t++)
        if (!(isnan(a[t]) && isnan(b[t])) && memcmp(&a[t], &b[t], sizeof(double)) != 0)
            fail_msg("%s differs at bar %d: %.17g and %.17g", i->name, (int)t, a[t], b[t]);
}

/* ---- the tests, each over all indicators, periods and shapes ----------------------------- */

struct sample {
    const struct indicator *indicator;
    double parameter[INDICATOR_PARAMETERS_MAX];
    enum shape shape;
    int32_t decimals;
    struct inputs inputs;
};

/* Set p of an indicator's parameters: the first is a period from the list, the others vary. False
 * when there is no such set. */
static bool parameters_of(const struct indicator *i, size_t p, double *parameter)
{
    static const double periods[] = {1,   2,   3,   14,  32,       33,      64,
                                     200, 256, 257, 500, BARS - 1, BARS + 1};
    static const double others[] = {1, 9, 3, 40, 2, 300, 26};
    if (p >= sizeof(periods) / sizeof(periods[0]) || (i->parameter_count == 0 && p > 0))
        return false;
    for (int32_t j = 0; j < i->parameter_count; j++) {
        const struct indicator_parameter *q = &i->parameter[j];
        double value = j == 0 ? periods[p] : others[(p + 3 * (size_t)j) % 7];
        if (!q->whole)
            value = q->fallback * (0.5 + (double)((p + (size_t)j) % 4) / 2);
        parameter[j] = value < q->min ? q->min : value > q->max ? q->max : value;
    }
    return true;
}

static void for_each_sample(void (*check)(const struct sample *s))
{
    for (size_t k = 0; k < indicator_count(); k++) {
        struct sample s = {.indicator = indicator_at(k)};
        for (size_t p = 0; parameters_of(s.indicator, p, s.parameter); p++) {
            for (int shape = 0; shape < SHAPE_COUNT; shape++) {
                s.shape = (enum shape)shape;
                s.decimals = shape == SHAPE_WALK || shape == SHAPE_FLAT ? 2 : -1;
                inputs_init(&s.inputs, s.indicator, s.parameter, s.shape, p * SHAPE_COUNT + k);
                check(&s);
                inputs_release(&s.inputs, s.indicator);
            }
        }
    }
}

/* The largest number that went into the value of a bar: rounding errors are a share of it. */
static double largest_behind(const struct sample *s, int64_t t)
{
    const struct indicator *i = s->indicator;
    int64_t reach = i->kernel->memory == INDICATOR_RECURSIVE ? t : history_of(i, s->parameter);
    double most = 0;
    for (int32_t j = 0; j < i->input_count; j++)
        if (i->input[j] != INDICATOR_INPUT_VOLUME || i->input_count == 1)
            for (int64_t u = t - reach < 0 ? 0 : t - reach; u <= t; u++)
                most = fabs(s->inputs.in[j][u]) > most ? fabs(s->inputs.in[j][u]) : most;
    return most;
}

/* What rounding may do to a value besides a relative 1e-9: next to nothing of what was added and
 * subtracted for a price, of the range or of a hundred for an index. */
static double noise_of(const struct sample *s, int64_t t)
{
    static const char *const ratios[] = {"cci",  "zscore", "bb_width", "bb_percent", "roc",
                                         "trix", "natr",   "obv",      "pct_change", NULL};
    const struct indicator *i = s->indicator;
    if (isfinite(i->max - i->min))
        return 1e-12 * (i->max - i->min);
    for (int k = 0; ratios[k] != NULL; k++)
        if (strcmp(i->name, ratios[k]) == 0)
            return 1e-10;
    return 1e-13 * largest_behind(s, t);
}

static void check_reference(const struct sample *s)
{
    double expected[BARS], out[BARS];
    const struct indicator *i = s->indicator;
    struct reference_case c = {.count = BARS, .decimals = s->decimals};
    memcpy(c.in, s->inputs.in, sizeof(c.in));
    memcpy(c.parameter, s->parameter, sizeof(c.parameter));
    reference_of(i->name)(&c, expected);
    run_all(i, s->parameter, &s->inputs, BARS, 0, s->decimals, out);
    for (int64_t t = 0; t < BARS; t++) {
        double apart = fabs(expected[t] - out[t]);
        if (isnan(expected[t]) != isnan(out[t]) ||
            (apart > 1e-9 * fabs(expected[t]) && apart > noise_of(s, t)))
            fail_msg("%s(%g, %g, %g), shape %d, bar %d: expected %.17g, got %.17g", i->name,
                     s->parameter[0], s->parameter[1], s->parameter[2], s->shape, (int)t,
                     expected[t], out[t]);
        if (out[t] < i->min || out[t] > i->max)
            fail_msg("%s(%g), shape %d, bar %d: %.17g is out of its range", i->name,
                     s->parameter[0], s->shape, (int)t, out[t]);
    }
}

static void every_indicator_equals_its_naive_reference(void **state)
{
    (void)state;
    for_each_sample(check_reference);
}

static void check_blocks(const struct sample *s)
{
    static const int64_t sizes[] = {1, 7, 64, 1024};
    double whole[BARS], cut[BARS];
    run_all(s->indicator, s->parameter, &s->inputs, BARS, BARS, s->decimals, whole);
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        run_all(s->indicator, s->parameter, &s->inputs, BARS, sizes[k], s->decimals, cut);
        assert_same(s->indicator, whole, cut, 0, BARS);
    }
}

static void how_bars_are_cut_into_blocks_does_not_show(void **state)
{
    (void)state;
    for_each_sample(check_blocks);
}

static void check_prefix(const struct sample *s)
{
    double whole[BARS], prefix[BARS];
    run_all(s->indicator, s->parameter, &s->inputs, BARS, BARS, s->decimals, whole);
    for (int64_t n = 1; n < BARS; n += n / 3 + 1) {
        run_all(s->indicator, s->parameter, &s->inputs, n, 0, s->decimals, prefix);
        assert_same(s->indicator, whole, prefix, 0, n);
    }
}

static void later_bars_never_change_earlier_values(void **state)
{
    (void)state;
    for_each_sample(check_prefix);
}

/* A WINDOW kernel that is told to rebuild goes on as if nothing had happened; a RECURSIVE one goes
 * on from its state wherever that was copied to. */
static void check_restart(const struct sample *s)
{
    const struct indicator *i = s->indicator;
    double whole[BARS], out[BARS];
    const int64_t rebuild = -1;
    size_t size = state_bytes_of(i, s->parameter);
    run_all(i, s->parameter, &s->inputs, BARS, BARS, s->decimals, whole);
    struct random r;
    random_seed(&r, 3);
    for (int k = 0; k < 12; k++) {
        int64_t at = (int64_t)random_below(&r, BARS);
        void *first = new_state(i, s->parameter), *second = new_state(i, s->parameter);
        run_blocks(i, s->parameter, first, &s->inputs, 0, at, 0, &r, s->decimals, out);
        if (i->kernel->memory == INDICATOR_RECURSIVE)
            memcpy(second, first, size);
        else if (size > 0)
            memcpy(second, &rebuild, sizeof(rebuild));
        run_blocks(i, s->parameter, second, &s->inputs, at, BARS, 0, &r, s->decimals, out);
        assert_same(i, whole, out, 0, BARS);
        free(first);
        free(second);
    }
}

static void a_run_may_go_on_from_any_bar(void **state)
{
    (void)state;
    for_each_sample(check_restart);
}

static void check_lookback(const struct sample *s)
{
    double out[BARS] = {0};
    const struct indicator *i = s->indicator;
    if (s->shape != SHAPE_RISING) /* others have windows that are flat or hold MISSING values */
        return;
    if (strcmp(i->name, "since") == 0) /* it begins when the rule is true */
        return;
    int64_t lookback = indicator_lookback_bars(i, s->parameter);
    run_all(i, s->parameter, &s->inputs, BARS, 0, s->decimals, out);
    for (int64_t t = 0; t < BARS; t++)
        if (isnan(out[t]) != (t < lookback))
            fail_msg("%s(%g), shape %d: bar %d is %g, the lookback is %d", i->name, s->parameter[0],
                     s->shape, (int)t, out[t], (int)lookback);
}

static void the_first_value_is_at_the_lookback(void **state)
{
    (void)state;
    for_each_sample(check_lookback);
}

/* ---- particular values ------------------------------------------------------------------- */

/* An indicator over a few values, padded with MISSING ones in front. */
static void run_values(const char *name, double period, const double *x, int64_t count, double *out)
{
    const struct indicator *i = indicator_find(name);
    double parameter[INDICATOR_PARAMETERS_MAX] = {period};
    double padded[2 * 64];
    assert_true(count <= 64 && history_of(i, parameter) <= 64);
    for (int64_t t = 0; t < 64; t++)
        padded[t] = NAN;
    memcpy(padded + 64, x, (size_t)count * sizeof(double));
    struct inputs inputs = {.in = {padded + 64}};
    run_all(i, parameter, &inputs, count, count, -1, out);
}

static void assert_values(const double *actual, const double *expected, int64_t count)
{
    for (int64_t t = 0; t < count; t++)
        if (isnan(actual[t]) != isnan(expected[t]) || fabs(actual[t] - expected[t]) > 5e-5)
            fail_msg("bar %d: expected %.6g, got %.6g", (int)t, expected[t], actual[t]);
}

/* The closes of a worked example of RSI(14) that is widely reprinted (StockCharts' ChartSchool,
 * "Relative Strength Index"); the values are recomputed here from Wilder's definition by hand in
 * decimals. */
static void rsi_gives_a_known_example(void **state)
{
    (void)state;
    const double close[] = {44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955,
                            45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140, 46.2820,
                            46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439};
    double expected[20], out[20];
    for (int t = 0; t < 14; t++)
        expected[t] = NAN;
    memcpy(expected + 14, (double[]){70.5328, 66.3186, 66.5498, 69.4063, 66.3552, 57.9749},
           6 * sizeof(double));
    run_values("rsi", 14, close, 20, out);
    assert_values(out, expected, 20);
}

static void rsi_is_50_flat_100_rising_and_0_falling(void **state)
{
    (void)state;
    double flat[40], rising[40], falling[40], out[40];
    for (int t = 0; t < 40; t++) {
        flat[t] = 12.34;
        rising[t] = 10 + 0.1 * t;
        falling[t] = 10 - 0.1 * t;
    }
    run_values("rsi", 14, flat, 40, out);
    assert_true(out[14] == 50 && out[39] == 50);
    run_values("rsi", 14, rising, 40, out);
    assert_true(out[14] == 100 && out[39] == 100);
    run_values("rsi", 14, falling, 40, out);
    assert_true(out[14] == 0 && out[39] == 0);
}

static void ema_starts_from_the_mean_and_weighs_by_two_over_n_plus_one(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 10, 10, NAN, 4, 4, 10, 4};
    const double expected[] = {NAN, NAN, 2, 6, 8, NAN, NAN, NAN, 6, 5};
    double out[10];
    run_values("ema", 3, x, 10, out);
    assert_values(out, expected, 10);
}

static void a_flat_series_gives_its_value_exactly(void **state)
{
    (void)state;
    static const double values[] = {0.1, 1.0 / 3, 123.45, 1e-7, 98765.4321, 3e11 + 0.7};
    double x[64], out[64];
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        for (int t = 0; t < 64; t++)
            x[t] = values[v];
        for (int n = 1; n <= 60; n++) {
            run_values("sma", n, x, 64, out);
            assert_true(out[n - 1] == values[v] && out[63] == values[v]);
            run_values("ema", n, x, 64, out);
            assert_true(out[n - 1] == values[v] && out[63] == values[v]);
        }
    }
}

static void a_window_is_missing_only_while_it_holds_a_missing_value(void **state)
{
    (void)state;
    const double x[] = {5, 1, 4, NAN, 2, 2, 9, 3};
    double out[8];
    run_values("sma", 2, x, 8, out);
    assert_values(out, (double[]){NAN, 3, 2.5, NAN, NAN, 2, 5.5, 6}, 8);
    run_values("highest", 3, x, 8, out);
    assert_values(out, (double[]){NAN, NAN, 5, NAN, NAN, NAN, 9, 9}, 8);
    run_values("lowest", 3, x, 8, out);
    assert_values(out, (double[]){NAN, NAN, 1, NAN, NAN, NAN, 2, 2}, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_indicator_equals_its_naive_reference),
        cmocka_unit_test(how_bars_are_cut_into_blocks_does_not_show),
        cmocka_unit_test(later_bars_never_change_earlier_values),
        cmocka_unit_test(a_run_may_go_on_from_any_bar),
        cmocka_unit_test(the_first_value_is_at_the_lookback),
        cmocka_unit_test(rsi_gives_a_known_example),
        cmocka_unit_test(rsi_is_50_flat_100_rising_and_0_falling),
        cmocka_unit_test(ema_starts_from_the_mean_and_weighs_by_two_over_n_plus_one),
        cmocka_unit_test(a_flat_series_gives_its_value_exactly),
        cmocka_unit_test(a_window_is_missing_only_while_it_holds_a_missing_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
