#include "engine/indicators/columns.h"
#include "engine/indicators/composite.h"
#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

static size_t cci_state_bytes(const double *parameter)
{
    return sizeof(struct composite) + stage_bytes((int64_t)parameter[0]);
}

CLONES static void add_three(const double *a, const double *b, const double *c, int64_t count,
                             double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] + b[i] + c[i];
}

/* Each window anew, many bars side by side, its values taken from the current one: of whole numbers
 * all but the last line is exact, and a flat window of any value has no deviation at all. */
CLONES static void indices(const double *typical, int64_t count, int64_t n, double *restrict out)
{
    double sum[COMPOSITE_PIECE], deviation[COMPOSITE_PIECE];
    for (int64_t i = 0; i < count; i++)
        sum[i] = deviation[i] = 0;
    for (int64_t j = n - 1; j >= 0; j--)
        for (int64_t i = 0; i < count; i++)
            sum[i] += typical[i - j] - typical[i];
    for (int64_t j = n - 1; j >= 0; j--)
        for (int64_t i = 0; i < count; i++)
            deviation[i] += fabs((double)n * (typical[i - j] - typical[i]) - sum[i]);
    for (int64_t i = 0; i < count; i++)
        out[i] = deviation[i] == 0 ? 0 : (0 - sum[i]) * (double)n / (0.015 * deviation[i]);
}

static void cci_step(struct composite *c, const struct indicator_block *b)
{
    double high[COMPOSITE_PIECE], low[COMPOSITE_PIECE], close[COMPOSITE_PIECE];
    int64_t n = (int64_t)b->parameter[0];
    double *typical = stage_room(composite_part(c, sizeof(struct composite)), n, b->count);
    column_whole(b->in[0], b->count, b->decimals, high);
    column_whole(b->in[1], b->count, b->decimals, low);
    column_whole(b->in[2], b->count, b->decimals, close);
    add_three(high, low, close, b->count, typical);
    indices(typical, b->count, n, b->out[0]);
}

/* Commodity channel index.
 *
 *   t   = (high + low + close) / 3
 *   cci = (t - sma(t)) / (0.015 mean(|t[i] - sma(t)|)), 0 where there is no deviation
 *
 * shape   high, low, close [n] -> out[n]; MISSING while the window is not full or holds a MISSING
 *         value
 * cost    grows with n: each bar looks at its whole window
 * source  Lambert, Commodity Channel Index (1980); as TA-Lib 0.6 CCI
 */
static void cci_run(void *state, const struct indicator_block *b)
{
    composite_run(state, cci_state_bytes(b->parameter), b, (int64_t)b->parameter[0], cci_step);
}

static const struct indicator_kernel cci_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = cci_state_bytes,
    .run = cci_run,
};

const struct indicator cci_indicator = {
    .name = "cci",
    .summary = "Commodity channel index: distance of the typical price from its mean",
    .formula = "t = (high + low + close) / 3; (t - sma(t, n)) / (0.015 * mean of abs(t[i] - sma(t, "
               "n)) over the last n bars), 0 where all are equal",
    .source = "Lambert, Commodity Channel Index: Tool for Trading Cyclic Trends (1980); as TA-Lib "
              "0.6 CCI",
    .differs = "Where all typical prices of the window are equal TA-Lib's rounding errors may give "
               "anything up to 67 either way; here it is 0.",
    .input_count = 3,
    .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 20)},
    INDICATOR_ANY_VALUE,
    .kernel = &cci_kernel,
};
