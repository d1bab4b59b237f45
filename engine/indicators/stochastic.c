/* Where the close lies between the highest high and the lowest low: the stochastic oscillator and
 * Williams' %R. */
#include "engine/indicators/composite.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/extremes.h"
#include "engine/indicators/window_sum.h"
#include "engine/rule/clones.h"

/* Offsets of the parts of the state. */
struct parts {
    size_t highest, lowest, raw, slow_sum, slow, d_sum;
    size_t size_bytes;
};

static struct parts layout(const double *parameter)
{
    int64_t k = (int64_t)parameter[0], s = (int64_t)parameter[1], d = (int64_t)parameter[2];
    struct parts p = {.size_bytes = sizeof(struct composite)};
    p.highest = composite_place(&p.size_bytes, extremes_state_bytes(k));
    p.lowest = composite_place(&p.size_bytes, extremes_state_bytes(k));
    p.raw = composite_place(&p.size_bytes, stage_bytes(s));
    p.slow_sum = composite_place(&p.size_bytes, window_sum_state_bytes(s));
    p.slow = composite_place(&p.size_bytes, stage_bytes(d));
    p.d_sum = composite_place(&p.size_bytes, window_sum_state_bytes(d));
    return p;
}

static int64_t stoch_lookback(const double *parameter)
{
    return (int64_t)(parameter[0] + parameter[1] + parameter[2]) - 3;
}

static int64_t stoch_warm(const double *parameter)
{
    return (int64_t)(parameter[1] + parameter[2]);
}

static int64_t stoch_history(const double *parameter)
{
    return (int64_t)parameter[0] + stoch_warm(parameter);
}

static size_t stoch_state_bytes(const double *parameter)
{
    return layout(parameter).size_bytes;
}

/* (x - low) / (high - low) * 100; 0 where there is no range. */
CLONES static void place_in_range(const double *x, const double *high, const double *low,
                                  int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double range = high[i] - low[i];
        out[i] = range == 0 ? 0 : 100 * ((x[i] - low[i]) / range);
    }
}

/* %K begins where %D does. */
CLONES static void where_defined(const double *k, const double *d, int64_t count,
                                 double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = d[i] == d[i] ? k[i] : NAN;
}

static void stoch_step(struct composite *c, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    int64_t k = (int64_t)b->parameter[0], s = (int64_t)b->parameter[1],
            d = (int64_t)b->parameter[2];
    double high[COMPOSITE_PIECE], low[COMPOSITE_PIECE];
    extremes_highest(composite_part(c, p.highest), b->start, b->in[0], b->count, k, high);
    extremes_lowest(composite_part(c, p.lowest), b->start, b->in[1], b->count, k, low);
    double *raw = stage_room(composite_part(c, p.raw), s, b->count);
    place_in_range(b->in[2], high, low, b->count, raw);
    double *slow = stage_room(composite_part(c, p.slow), d, b->count);
    struct window_sum_column column = {.start = b->start, .count = b->count, .x = raw};
    window_sum_column(composite_part(c, p.slow_sum), &column, s, (double)s, slow);
    column.x = slow;
    window_sum_column(composite_part(c, p.d_sum), &column, d, (double)d, b->out[1]);
    where_defined(slow, b->out[1], b->count, b->out[0]);
}

/* Lane's stochastic oscillator, 0..100.
 *
 *   raw = 100 (close - LL) / (HH - LL)     LL, HH: lowest low, highest high of k bars; 0 if equal
 *   %K  = sma(raw, s),  %D = sma(%K, d)
 *
 * shape   high, low, close [n] -> %K, %D; both are MISSING before bar k + s + d - 3
 * params  k, s, d 1..100000 bars
 * source  Lane's oscillator; as TA-Lib 0.6 STOCH with simple averages
 */
static void stoch_run(void *state, const struct indicator_block *b)
{
    composite_run(state, stoch_state_bytes(b->parameter), b, stoch_warm(b->parameter), stoch_step);
}

/* ---- Williams' %R ------------------------------------------------------------------------ */

struct willr_parts {
    size_t highest, lowest, size_bytes;
};

static struct willr_parts willr_layout(const double *parameter)
{
    struct willr_parts p = {.size_bytes = sizeof(struct composite)};
    p.highest = composite_place(&p.size_bytes, extremes_state_bytes((int64_t)parameter[0]));
    p.lowest = composite_place(&p.size_bytes, extremes_state_bytes((int64_t)parameter[0]));
    return p;
}

static size_t willr_state_bytes(const double *parameter)
{
    return willr_layout(parameter).size_bytes;
}

CLONES static void distance_from_high(const double *x, const double *high, const double *low,
                                      int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double range = high[i] - low[i];
        out[i] = range == 0 ? 0 : -100 * ((high[i] - x[i]) / range);
    }
}

static void willr_step(struct composite *c, const struct indicator_block *b)
{
    struct willr_parts p = willr_layout(b->parameter);
    int64_t n = (int64_t)b->parameter[0];
    double high[COMPOSITE_PIECE], low[COMPOSITE_PIECE];
    extremes_highest(composite_part(c, p.highest), b->start, b->in[0], b->count, n, high);
    extremes_lowest(composite_part(c, p.lowest), b->start, b->in[1], b->count, n, low);
    distance_from_high(b->in[2], high, low, b->count, b->out[0]);
}

/* Williams' %R, -100..0.
 *
 *   willr = -100 (HH - close) / (HH - LL), 0 where there is no range
 *
 * shape   high, low, close [n] -> out[n]; MISSING while the window is not full
 * source  Williams, How I Made One Million Dollars Last Year Trading Commodities (1973); as TA-Lib
 *         0.6 WILLR
 */
static void willr_run(void *state, const struct indicator_block *b)
{
    composite_run(state, willr_state_bytes(b->parameter), b, 0, willr_step);
}

static const struct indicator_kernel stoch_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 2,
    .lookback = stoch_lookback,
    .history = stoch_history,
    .state_bytes = stoch_state_bytes,
    .run = stoch_run,
};

static const struct indicator_kernel willr_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = willr_state_bytes,
    .run = willr_run,
};

#define HIGH_LOW_CLOSE                                                                             \
    .input_count = 3, .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE}

#define STOCH_CALL                                                                                 \
    .source = "George Lane's oscillator; as TA-Lib 0.6 STOCH with simple averages",                \
    .differs = "TradingView shows %K before %D exists, with k, s, d = 14, 1, 3 when left out; "    \
               "TA-Lib's own defaults are 5, 3, 3.",                                               \
    HIGH_LOW_CLOSE, .parameter_count = 3,                                                          \
    .parameter = {INDICATOR_PERIOD_OR("k", 1, 14), INDICATOR_PERIOD_OR("s", 1, 3),                 \
                  INDICATOR_PERIOD_OR("d", 1, 3)},                                                 \
    .min = 0, .max = 100, .kernel = &stoch_kernel

const struct indicator stoch_k_indicator = {
    .name = "stoch_k",
    .summary = "Stochastic oscillator, %K: where the close lies in the range of k bars, smoothed",
    .formula = "sma(100 * (close - lowest(low, k)) / (highest(high, k) - lowest(low, k)), s), 0 "
               "on a zero range",
    .output = 0,
    STOCH_CALL,
};

const struct indicator stoch_d_indicator = {
    .name = "stoch_d",
    .summary = "Stochastic oscillator, %D: the smoothed %K",
    .formula = "sma(stoch_k(k, s, d), d)",
    .output = 1,
    STOCH_CALL,
};

const struct indicator willr_indicator = {
    .name = "willr",
    .summary = "Williams' %R: how far the close is below the highest high, -100 to 0",
    .formula = "-100 * (highest(high, n) - close) / (highest(high, n) - lowest(low, n)), 0 on a "
               "zero range",
    .source = "Williams, How I Made One Million Dollars Last Year Trading Commodities (1973); as "
              "TA-Lib 0.6 WILLR",
    HIGH_LOW_CLOSE,
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 14)},
    .min = -100,
    .max = 0,
    .kernel = &willr_kernel,
};
