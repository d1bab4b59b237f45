/* True range and its averages. */
#include "engine/indicators/columns.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

static int64_t atr_warmup(const double *parameter)
{
    return smooth_wilder_warmup((int64_t)parameter[0]);
}

static size_t atr_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct smooth);
}

/* True range: how far price moved since the last close.
 *
 *   tr_t = max(high_t - low_t, |high_t - close_{t-1}|, |low_t - close_{t-1}|)
 *
 * shape   high, low, close [n] -> out[n]; bar 0 is MISSING
 * source  Wilder, New Concepts in Technical Trading Systems (1978)
 */
static void tr_run(void *state, const struct indicator_block *b)
{
    (void)state;
    column_true_range(b, 0, b->count, b->out[0]);
}

/* Average true range, by Wilder's smoothing.
 *
 *   atr_t = atr_{t-1} + (tr_t - atr_{t-1}) / n      seed: mean of tr[1..n]
 *
 * shape   high, low, close [n] -> out[n]; out[0..n) is MISSING; a MISSING value starts it anew
 * source  Wilder, New Concepts in Technical Trading Systems (1978)
 */
static void atr_run(void *state, const struct indicator_block *b)
{
    double n = b->parameter[0], range[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        column_true_range(b, i, count, range);
        smooth_run(state, range, count, (int64_t)n, smooth_wilder_factor(n), b->out[0] + i);
    }
}

CLONES static void percent_of(const double *close, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = close[i] == 0 ? NAN : 100 * out[i] / close[i];
}

/* atr in percent of the close. */
static void natr_run(void *state, const struct indicator_block *b)
{
    atr_run(state, b);
    percent_of(b->in[2], b->count, b->out[0]);
}

static const struct indicator_kernel tr_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_one_bar,
    .history = indicator_one_bar,
    .run = tr_run,
};

static const struct indicator_kernel atr_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_one_bar,
    .warmup = atr_warmup,
    .state_bytes = atr_state_bytes,
    .run = atr_run,
};

static const struct indicator_kernel natr_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_one_bar,
    .warmup = atr_warmup,
    .state_bytes = atr_state_bytes,
    .run = natr_run,
};

#define HIGH_LOW_CLOSE                                                                             \
    .input_count = 3, .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE}

const struct indicator tr_indicator = {
    .name = "tr",
    .summary = "True range: how far price moved since the last close",
    .formula = "max(high - low, abs(high - close[1]), abs(low - close[1]))",
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 TRANGE",
    HIGH_LOW_CLOSE,
    .min = 0,
    .max = INFINITY,
    .kernel = &tr_kernel,
};

const struct indicator atr_indicator = {
    .name = "atr",
    .summary = "Average true range, by Wilder's smoothing",
    .formula = "atr = (atr[1] * (n-1) + tr) / n; seed: mean of tr over bars 1 to n",
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 ATR with "
              "unstable period 0",
    .differs = "TradingView counts high - low as the true range of the first bar.",
    HIGH_LOW_CLOSE,
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 14)},
    .min = 0,
    .max = INFINITY,
    .kernel = &atr_kernel,
};

const struct indicator natr_indicator = {
    .name = "natr",
    .summary = "Average true range in percent of the close",
    .formula = "100 * atr(n) / close",
    .source = "Forman, Cross-Market Evaluations With Normalized Average True Range (2006); as "
              "TA-Lib 0.6 NATR with unstable period 0",
    HIGH_LOW_CLOSE,
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 14)},
    .min = 0,
    .max = INFINITY,
    .kernel = &natr_kernel,
};
