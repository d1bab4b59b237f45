#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"

static size_t sma_state_bytes(const double *parameter)
{
    return window_sum_state_bytes((int64_t)parameter[0]);
}

/* Simple moving average.
 *
 *   sma_t = (x_t + x_{t-1} + ... + x_{t-n+1}) / n
 *
 * shape   in[n] -> out[n]; MISSING while the window is not full or holds a MISSING value
 * exact   prices and whole numbers: the double nearest to the true mean (window_sum.h)
 */
static void sma_run(void *state, const struct indicator_block *b)
{
    window_sum_run(state, b, (int64_t)b->parameter[0], b->parameter[0]);
}

/* Sum over a window, as exact as the mean.
 *
 * shape   in[n] -> out[n]; MISSING while the window is not full or holds a MISSING value
 */
static void sum_run(void *state, const struct indicator_block *b)
{
    window_sum_run(state, b, (int64_t)b->parameter[0], 1);
}

static const struct indicator_kernel sma_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = sma_state_bytes,
    .run = sma_run,
};

static const struct indicator_kernel sum_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = sma_state_bytes,
    .run = sum_run,
};

const struct indicator sma_indicator = {
    .name = "sma",
    .summary = "Simple moving average: the mean of the last n values",
    .formula = "(x[0] + x[1] + ... + x[n-1]) / n",
    .source = "The usual definition; prices are summed exactly, so ties count as ties",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &sma_kernel,
};

const struct indicator sum_indicator = {
    .name = "sum",
    .summary = "The sum of the last n values",
    .formula = "x[0] + x[1] + ... + x[n-1]",
    .source = "The usual definition; as TA-Lib 0.6 SUM, without its drift",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &sum_kernel,
};
