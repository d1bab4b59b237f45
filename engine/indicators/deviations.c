/* Standard deviation, z-score and Bollinger's bands: mean and deviation of a window. */
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_moments.h"
#include "engine/rule/clones.h"

#include <string.h>

enum { PIECE = MOMENTS_PIECE };

static size_t moments_state_bytes(const double *parameter)
{
    return window_moments_state_bytes((int64_t)parameter[0]);
}

typedef void finish_function(const struct moments *m, const struct indicator_block *b, int64_t i,
                             int64_t count);

static void run_moments(void *state, const struct indicator_block *b, finish_function *finish)
{
    struct moments m;
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        window_moments_piece(state, b, i, count, (int64_t)b->parameter[0], &m);
        finish(&m, b, i, count);
    }
}

static void finish_deviation(const struct moments *m, const struct indicator_block *b, int64_t i,
                             int64_t count)
{
    memcpy(b->out[0] + i, m->deviation, (size_t)count * sizeof(double));
}

/* Standard deviation of the last n values, of the population.
 *
 *   stddev_t = sqrt(mean((x - mean(x))^2))
 *
 * shape   in[n] -> out[n]; MISSING while the window is not full or holds a MISSING value
 * exact   0 on a flat series; without cancellation on any (window_moments.h)
 */
static void stddev_run(void *state, const struct indicator_block *b)
{
    run_moments(state, b, finish_deviation);
}

CLONES static void quotient(const double *a, const double *b, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = b[i] == 0 ? NAN : a[i] / b[i];
}

static void finish_zscore(const struct moments *m, const struct indicator_block *b, int64_t i,
                          int64_t count)
{
    quotient(m->distance, m->deviation, count, b->out[0] + i);
}

/* How many standard deviations a value lies above the mean of the last n; MISSING on a flat window.
 */
static void zscore_run(void *state, const struct indicator_block *b)
{
    run_moments(state, b, finish_zscore);
}

/* ---- Bollinger --------------------------------------------------------------------------- */

CLONES static void bands(const double *mean, const double *deviation, double factor, int64_t count,
                         double *restrict upper, double *restrict middle, double *restrict lower)
{
    for (int64_t i = 0; i < count; i++) {
        double distance = factor * deviation[i];
        upper[i] = mean[i] + distance;
        middle[i] = mean[i];
        lower[i] = mean[i] - distance;
    }
}

static void finish_bands(const struct moments *m, const struct indicator_block *b, int64_t i,
                         int64_t count)
{
    bands(m->mean, m->deviation, b->parameter[1], count, b->out[0] + i, b->out[1] + i,
          b->out[2] + i);
}

/* Bollinger bands.
 *
 *   middle = sma(n),  upper = middle + k stddev(n),  lower = middle - k stddev(n)
 *
 * shape   in[n] -> upper, middle, lower; MISSING while the window is not full or holds a MISSING
 *         value
 * exact   all three are the price on a flat window; middle is sma(n) to the bit
 * source  Bollinger on Bollinger Bands (2001)
 */
static void bands_run(void *state, const struct indicator_block *b)
{
    run_moments(state, b, finish_bands);
}

CLONES static void widths(const double *mean, const double *deviation, double factor, int64_t count,
                          double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = mean[i] == 0 ? NAN : 2 * factor * deviation[i] / mean[i];
}

static void finish_width(const struct moments *m, const struct indicator_block *b, int64_t i,
                         int64_t count)
{
    widths(m->mean, m->deviation, b->parameter[1], count, b->out[0] + i);
}

/* (upper - lower) / middle; MISSING where the middle is 0. */
static void width_run(void *state, const struct indicator_block *b)
{
    run_moments(state, b, finish_width);
}

CLONES static void percents(const double *distance, const double *deviation, double factor,
                            int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double half = factor * deviation[i];
        out[i] = half == 0 ? NAN : 0.5 + 0.5 * (distance[i] / half);
    }
}

static void finish_percent(const struct moments *m, const struct indicator_block *b, int64_t i,
                           int64_t count)
{
    percents(m->distance, m->deviation, b->parameter[1], count, b->out[0] + i);
}

/* (x - lower) / (upper - lower); MISSING where the bands meet. */
static void percent_run(void *state, const struct indicator_block *b)
{
    run_moments(state, b, finish_percent);
}

#define MOMENTS_KERNEL(outputs, function)                                                          \
    {                                                                                              \
        .memory = INDICATOR_WINDOW, .output_count = (outputs),                                     \
        .lookback = indicator_period_less_one, .history = indicator_period,                        \
        .state_bytes = moments_state_bytes, .run = (function)                                      \
    }

static const struct indicator_kernel stddev_kernel = MOMENTS_KERNEL(1, stddev_run);
static const struct indicator_kernel zscore_kernel = MOMENTS_KERNEL(1, zscore_run);
static const struct indicator_kernel bands_kernel = MOMENTS_KERNEL(3, bands_run);
static const struct indicator_kernel width_kernel = MOMENTS_KERNEL(1, width_run);
static const struct indicator_kernel percent_kernel = MOMENTS_KERNEL(1, percent_run);

#define CANCELLATION                                                                               \
    "TA-Lib up to 0.7 takes the mean of the squares less the square of the mean, whose rounding "  \
    "shows: up to 5e-3 on an index at 20,000. Here squares are taken about the mean, and a flat "  \
    "window gives exactly 0."

#define BOLLINGER_CALL                                                                             \
    .source = "Bollinger on Bollinger Bands (2001), with the population's standard deviation",     \
    .input_count = 1, .input = {INDICATOR_INPUT_SERIES}, .parameter_count = 2,                     \
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 20), INDICATOR_FACTOR("k", 2)}

const struct indicator stddev_indicator = {
    .name = "stddev",
    .summary = "Standard deviation of the last n values, of the population",
    .formula = "sqrt(mean of (x[i] - sma(x, n))^2 over the last n values)",
    .source = "The usual definition; as TA-Lib 0.6 STDDEV",
    .differs = CANCELLATION,
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 20)},
    .min = 0,
    .max = INFINITY,
    .kernel = &stddev_kernel,
};

const struct indicator zscore_indicator = {
    .name = "zscore",
    .summary = "How many standard deviations a value lies above the mean of the last n",
    .formula = "(x - sma(x, n)) / stddev(x, n), MISSING on a flat window",
    .source = "The usual definition, with the population's standard deviation",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 20)},
    INDICATOR_ANY_VALUE,
    .kernel = &zscore_kernel,
};

const struct indicator bb_upper_indicator = {
    .name = "bb_upper",
    .summary = "Bollinger band, upper",
    .formula = "sma(x, n) + k * stddev(x, n)",
    .differs = CANCELLATION,
    BOLLINGER_CALL,
    INDICATOR_ANY_VALUE,
    .kernel = &bands_kernel,
    .output = 0,
};

const struct indicator bb_middle_indicator = {
    .name = "bb_middle",
    .summary = "Bollinger band, middle: the mean",
    .formula = "sma(x, n)",
    BOLLINGER_CALL,
    INDICATOR_ANY_VALUE,
    .kernel = &bands_kernel,
    .output = 1,
};

const struct indicator bb_lower_indicator = {
    .name = "bb_lower",
    .summary = "Bollinger band, lower",
    .formula = "sma(x, n) - k * stddev(x, n)",
    .differs = CANCELLATION,
    BOLLINGER_CALL,
    INDICATOR_ANY_VALUE,
    .kernel = &bands_kernel,
    .output = 2,
};

const struct indicator bb_width_indicator = {
    .name = "bb_width",
    .summary = "BandWidth: the distance of the Bollinger bands as a share of the middle",
    .formula = "(bb_upper - bb_lower) / bb_middle",
    .differs = "TradingView's BBW is in percent: 100 times this.",
    BOLLINGER_CALL,
    INDICATOR_ANY_VALUE,
    .kernel = &width_kernel,
};

const struct indicator bb_percent_indicator = {
    .name = "bb_percent",
    .summary = "%b: where a value lies between the Bollinger bands; 0 is the lower, 1 the upper",
    .formula = "(x - bb_lower) / (bb_upper - bb_lower), MISSING where the bands meet",
    BOLLINGER_CALL,
    INDICATOR_ANY_VALUE,
    .kernel = &percent_kernel,
};
