#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"

static int64_t sma_lookback(const double *parameter)
{
    return (int64_t)parameter[0] - 1;
}

static int64_t sma_history(const double *parameter)
{
    return (int64_t)parameter[0];
}

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

static const struct indicator_kernel sma_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = sma_lookback,
    .history = sma_history,
    .state_bytes = sma_state_bytes,
    .run = sma_run,
};

const struct indicator indicator_sma = {
    .name = "sma",
    .summary = "Simple moving average: the mean of the last n values",
    .formula = "(x[0] + x[1] + ... + x[n-1]) / n",
    .source = "The usual definition; prices are summed exactly, so ties count as ties",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    .min = -INFINITY,
    .max = INFINITY,
    .kernel = &sma_kernel,
};
