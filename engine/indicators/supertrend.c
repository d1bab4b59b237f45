/* Two bands that only tighten while price stays between them, and the one that price has not
 * crossed. Each flip lets go of what was before, so a run that began elsewhere has the same bits
 * once its average true range has and price has crossed both bands. */
#include "engine/indicators/columns.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"

enum { PIECE = 256 };

enum trend { NO_TREND, TREND_UP, TREND_DOWN };

struct supertrend_state {
    struct smooth range;
    double upper, lower;
    int64_t trend;
};

static int64_t supertrend_warmup(const double *parameter)
{
    int64_t flips = 200 * (int64_t)(1 + parameter[1]); /* bars, for a few flips */
    return smooth_wilder_warmup((int64_t)parameter[0]) + 16 * (int64_t)parameter[0] + flips;
}

static size_t supertrend_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct supertrend_state);
}

static double next_line(struct supertrend_state *s, double middle, double distance, double close,
                        double close_before)
{
    double upper = middle + distance, lower = middle - distance;
    if (s->trend == NO_TREND) {
        s->trend = TREND_DOWN;
        s->upper = upper;
        s->lower = lower;
        return upper;
    }
    if (upper < s->upper || close_before > s->upper)
        s->upper = upper;
    if (lower > s->lower || close_before < s->lower)
        s->lower = lower;
    if (s->trend == TREND_DOWN && close > s->upper)
        s->trend = TREND_UP;
    else if (s->trend == TREND_UP && close < s->lower)
        s->trend = TREND_DOWN;
    return s->trend == TREND_UP ? s->lower : s->upper;
}

/* SuperTrend: a trailing line m average true ranges from the middle of the bar.
 *
 *   upper = hl2 + m atr(n), kept while it would rise and close[1] was not above it; lower likewise
 *   the trend turns up when close > upper and down when close < lower; it begins down
 *   supertrend = lower in an uptrend, upper in a downtrend
 *
 * shape   high, low, close [n] -> out[n]; out[0..n) is MISSING; a MISSING value starts it anew
 * source  Olivier Seban's SuperTrend; as TradingView's ta.supertrend
 */
static void supertrend_run(void *state, const struct indicator_block *b)
{
    struct supertrend_state *s = state;
    const double *high = b->in[0], *low = b->in[1], *close = b->in[2];
    double n = b->parameter[0], factor = b->parameter[1], range[PIECE], mean[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        column_true_range(b, i, count, range);
        smooth_run(&s->range, range, count, (int64_t)n, smooth_wilder_factor(n), mean);
        for (int64_t j = 0; j < count; j++) {
            if (isnan(mean[j])) {
                s->trend = NO_TREND;
                s->upper = s->lower = 0;
                b->out[0][i + j] = NAN;
                continue;
            }
            b->out[0][i + j] = next_line(s, (high[i + j] + low[i + j]) / 2, factor * mean[j],
                                         close[i + j], close[i + j - 1]);
        }
    }
}

static const struct indicator_kernel supertrend_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_one_bar,
    .warmup = supertrend_warmup,
    .state_bytes = supertrend_state_bytes,
    .run = supertrend_run,
};

const struct indicator supertrend_indicator = {
    .name = "supertrend",
    .summary = "SuperTrend: a trailing line, below price in an uptrend and above it in a downtrend",
    .formula =
        "upper = hl2 + m * atr(n), but upper[1] when that is lower and close[1] <= upper[1]; "
        "lower = hl2 - m * atr(n), but lower[1] when that is higher and close[1] >= "
        "lower[1]; lower after close > upper, upper after close < lower and at the start",
    .source = "Olivier Seban's SuperTrend; as TradingView's ta.supertrend",
    .differs = "The average true range begins one bar later than on TradingView, see atr.",
    .input_count = 3,
    .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE},
    .parameter_count = 2,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 10), INDICATOR_FACTOR("m", 3)},
    INDICATOR_ANY_VALUE,
    .kernel = &supertrend_kernel,
};
