#include "engine/indicators/columns.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

struct keltner_state {
    struct smooth middle, range;
};

static int64_t keltner_warmup(const double *parameter)
{
    return smooth_wilder_warmup((int64_t)parameter[0]);
}

static size_t keltner_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct keltner_state);
}

CLONES static void lines(const double *middle, const double *range, double factor, int64_t count,
                         double *restrict upper, double *restrict lower)
{
    for (int64_t i = 0; i < count; i++) {
        upper[i] = middle[i] + factor * range[i];
        lower[i] = middle[i] - factor * range[i];
    }
}

/* Keltner channel: ema(close, n) +- m atr(n).
 *
 * shape   high, low, close [n] -> upper, lower; out[0..n) is MISSING; a MISSING value starts it
 *         anew
 * source  Raschke's version of Keltner's channel, with Wilder's average of the true range
 */
static void keltner_run(void *state, const struct indicator_block *b)
{
    struct keltner_state *s = state;
    double n = b->parameter[0], range[PIECE], mean_range[PIECE], middle[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        column_true_range(b, i, count, range);
        smooth_run(&s->range, range, count, (int64_t)n, smooth_wilder_factor(n), mean_range);
        smooth_run(&s->middle, b->in[2] + i, count, (int64_t)n, smooth_ema_factor(n), middle);
        lines(middle, mean_range, b->parameter[1], count, b->out[0] + i, b->out[1] + i);
    }
}

static const struct indicator_kernel keltner_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 2,
    .lookback = indicator_period,
    .history = indicator_one_bar,
    .warmup = keltner_warmup,
    .state_bytes = keltner_state_bytes,
    .run = keltner_run,
};

#define KELTNER_CALL                                                                               \
    .source =                                                                                      \
        "Keltner's channel as Raschke gave it: an EMA and the average true range, here both "      \
        "over n bars; StockCharts, ChartSchool",                                                   \
    .differs = "TradingView's ta.kc averages the true range with an EMA; here it is Wilder's "     \
               "atr(n).",                                                                          \
    .input_count = 3, .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE}, \
    .parameter_count = 2,                                                                          \
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 20), INDICATOR_FACTOR("m", 2)},                 \
    INDICATOR_ANY_VALUE, .kernel = &keltner_kernel

const struct indicator keltner_upper_indicator = {
    .name = "keltner_upper",
    .summary = "Keltner channel, upper line",
    .formula = "ema(close, n) + m * atr(n)",
    .output = 0,
    KELTNER_CALL,
};

const struct indicator keltner_lower_indicator = {
    .name = "keltner_lower",
    .summary = "Keltner channel, lower line",
    .formula = "ema(close, n) - m * atr(n)",
    .output = 1,
    KELTNER_CALL,
};
