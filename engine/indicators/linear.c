/* What is linear in the last n values and their weights: the weighted mean and the regression line.
 * With A the sum and W the linearly weighted sum of window_weighted.h,
 *
 *   wma   = 2 W / (n (n+1))
 *   slope = 6 (2 W - (n+1) A) / (n (n+1) (n-1))
 *   line  = mean + slope (n-1) / 2 = (6 W - 2 (n+1) A) / (n (n+1))
 */
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_weighted.h"

static size_t linear_state_bytes(const double *parameter)
{
    return window_weighted_state_bytes((int64_t)parameter[0]);
}

/* Weighted moving average: the newest value counts n times, the oldest once.
 *
 * shape   in[n] -> out[n]; MISSING while the window is not full or holds a MISSING value
 * exact   prices: the double nearest to the true mean
 */
static void wma_run(void *state, const struct indicator_block *b)
{
    double n = b->parameter[0];
    struct weighted_line line = {(int64_t)n, 1, 0, n * (n + 1) / 2};
    window_weighted_run(state, b, &line);
}

/* The least-squares line through the last n values, at its end. */
static void linreg_run(void *state, const struct indicator_block *b)
{
    double n = b->parameter[0];
    struct weighted_line line = {(int64_t)n, 6, -2 * (n + 1), n * (n + 1)};
    window_weighted_run(state, b, &line);
}

/* Its slope, per bar. */
static void slope_run(void *state, const struct indicator_block *b)
{
    double n = b->parameter[0];
    struct weighted_line line = {(int64_t)n, 12, -6 * (n + 1), n * (n + 1) * (n - 1)};
    window_weighted_run(state, b, &line);
}

#define LINEAR_KERNEL(function)                                                                    \
    {                                                                                              \
        .memory = INDICATOR_WINDOW, .output_count = 1, .lookback = indicator_period_less_one,      \
        .history = indicator_period, .state_bytes = linear_state_bytes, .run = (function)          \
    }

static const struct indicator_kernel wma_kernel = LINEAR_KERNEL(wma_run);
static const struct indicator_kernel linreg_kernel = LINEAR_KERNEL(linreg_run);
static const struct indicator_kernel slope_kernel = LINEAR_KERNEL(slope_run);

const struct indicator wma_indicator = {
    .name = "wma",
    .summary = "Weighted moving average: the newest value counts n times, the oldest once",
    .formula = "(n * x[0] + (n-1) * x[1] + ... + 1 * x[n-1]) / (n * (n+1) / 2)",
    .source = "The usual definition; as TA-Lib 0.6 WMA. Prices are summed exactly",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &wma_kernel,
};

const struct indicator linreg_indicator = {
    .name = "linreg",
    .summary = "The least-squares line through the last n values, at the current bar",
    .formula = "a + b * (n-1), where a + b * t is the line through x[n-1] at t = 0 to x[0] at t = "
               "n-1",
    .source = "Least squares; as TA-Lib 0.6 LINEARREG. Prices are summed exactly",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 14)},
    INDICATOR_ANY_VALUE,
    .kernel = &linreg_kernel,
};

const struct indicator linreg_slope_indicator = {
    .name = "linreg_slope",
    .summary = "The slope, per bar, of the least-squares line through the last n values",
    .formula = "b, where a + b * t is the line through x[n-1] at t = 0 to x[0] at t = n-1",
    .source = "Least squares; as TA-Lib 0.6 LINEARREG_SLOPE. Prices are summed exactly",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 14)},
    INDICATOR_ANY_VALUE,
    .kernel = &slope_kernel,
};
