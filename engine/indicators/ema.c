#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"

static int64_t ema_warmup(const double *parameter)
{
    return smooth_ema_warmup((int64_t)parameter[0], 1);
}

static size_t ema_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct smooth);
}

/* Exponential moving average.
 *
 *   ema_t = ema_{t-1} + (x_t - ema_{t-1}) k,  k = 2 / (n + 1)      seed: mean of the first n values
 *
 * shape   in[n] -> out[n]; out[0..n-1) is MISSING; a MISSING value starts it anew
 * params  period 1..100000 bars
 * source  as TA-Lib 0.6 EMA with unstable period 0
 */
static void ema_run(void *state, const struct indicator_block *b)
{
    double n = b->parameter[0];
    smooth_run(state, b->in[0], b->count, (int64_t)n, smooth_ema_factor(n), b->out[0]);
}

static const struct indicator_kernel ema_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .warmup = ema_warmup,
    .state_bytes = ema_state_bytes,
    .run = ema_run,
};

const struct indicator ema_indicator = {
    .name = "ema",
    .summary = "Exponential moving average",
    .formula = "k = 2 / (n + 1); ema = ema[1] + (x - ema[1]) * k; seed: mean of the first n values",
    .source = "As TA-Lib 0.6 EMA with unstable period 0",
    .differs =
        "TradingView's ta.ema begins with the first value itself, so the first few n bars of "
        "a chart differ.",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &ema_kernel,
};
