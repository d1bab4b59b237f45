#include "engine/indicators/columns.h"
#include "engine/indicators/composite.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"
#include "engine/rule/clones.h"

#include <string.h>

enum { WINDOWS = 3 };

struct parts {
    int64_t period[WINDOWS]; /* from short to long */
    size_t pressure, range, pressure_sum[WINDOWS], range_sum[WINDOWS], size_bytes;
};

static void sort_two(int64_t *a, int64_t *b)
{
    int64_t smaller = *a < *b ? *a : *b, larger = *a < *b ? *b : *a;
    *a = smaller;
    *b = larger;
}

static struct parts layout(const double *parameter)
{
    struct parts p = {.size_bytes = sizeof(struct composite)};
    for (int j = 0; j < WINDOWS; j++)
        p.period[j] = (int64_t)parameter[j];
    sort_two(&p.period[0], &p.period[1]);
    sort_two(&p.period[1], &p.period[2]);
    sort_two(&p.period[0], &p.period[1]);
    p.pressure = composite_place(&p.size_bytes, stage_bytes(p.period[2]));
    p.range = composite_place(&p.size_bytes, stage_bytes(p.period[2]));
    for (int j = 0; j < WINDOWS; j++) {
        size_t bytes = window_sum_state_bytes(p.period[j]);
        p.pressure_sum[j] = composite_place(&p.size_bytes, bytes);
        p.range_sum[j] = composite_place(&p.size_bytes, bytes);
    }
    return p;
}

static int64_t ultosc_lookback(const double *parameter)
{
    return layout(parameter).period[2];
}

static int64_t ultosc_history(const double *parameter)
{
    return layout(parameter).period[2] + 1;
}

static size_t ultosc_state_bytes(const double *parameter)
{
    return layout(parameter).size_bytes;
}

/* close - true low, in the units of column_whole; close_before[i] is the close before bar i. */
CLONES static void buying_pressure(const double *low, const double *close_before, int64_t count,
                                   double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double close = close_before[i + 1], before = close_before[i];
        double from = low[i] < before ? low[i] : before;
        out[i] = close + (low[i] + before) == close + (low[i] + before) ? close - from : NAN;
    }
}

CLONES static void add_share(const double *pressure, const double *range, int64_t count,
                             double weight, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += range[i] == 0 ? 0 : weight * (pressure[i] / range[i]);
}

/* Seven shares in percent; full ones give exactly 100. */
CLONES static void to_percent(double *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 100 * out[i] / 7;
}

static void ultosc_step(struct composite *c, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    double low[COMPOSITE_PIECE], close[COMPOSITE_PIECE + 1];
    double pressure_sum[COMPOSITE_PIECE], range_sum[COMPOSITE_PIECE];
    double *pressure = stage_room(composite_part(c, p.pressure), p.period[2], b->count);
    double *range = stage_room(composite_part(c, p.range), p.period[2], b->count);
    column_true_range_whole(b, 0, b->count, range);
    column_whole(b->in[1], b->count, b->decimals, low);
    column_whole(b->in[2] - 1, b->count + 1, b->decimals, close);
    buying_pressure(low, close, b->count, pressure);
    struct window_sum_column column = {.start = b->start,
                                       .count = b->count,
                                       .first = c->from > 1 ? c->from : 1,
                                       .whole = b->decimals >= 0};
    memset(b->out[0], 0, (size_t)b->count * sizeof(double));
    for (int j = 0; j < WINDOWS; j++) {
        column.x = pressure;
        window_sum_column(composite_part(c, p.pressure_sum[j]), &column, p.period[j], 1,
                          pressure_sum);
        column.x = range;
        window_sum_column(composite_part(c, p.range_sum[j]), &column, p.period[j], 1, range_sum);
        add_share(pressure_sum, range_sum, b->count, (double)(4 >> j), b->out[0]);
    }
    to_percent(b->out[0], b->count);
}

/* Williams' ultimate oscillator, 0..100.
 *
 *   pressure = close - min(low, close[1]),  range = tr
 *   ultosc   = 100 (4 s1 + 2 s2 + s3) / 7,  s = sum(pressure) / sum(range) over the shortest, the
 *              middle and the longest period; 0 where there is no range
 *
 * shape   high, low, close [n] -> out[n]; MISSING before bar max(a, b, c), and while the longest
 *         window holds a MISSING value
 * source  Williams, The Ultimate Oscillator (1985); as TA-Lib 0.6 ULTOSC
 */
static void ultosc_run(void *state, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    composite_run(state, p.size_bytes, b, p.period[2], ultosc_step);
}

static const struct indicator_kernel ultosc_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = ultosc_lookback,
    .history = ultosc_history,
    .state_bytes = ultosc_state_bytes,
    .run = ultosc_run,
};

const struct indicator ultosc_indicator = {
    .name = "ultosc",
    .summary = "Ultimate oscillator: buying pressure over three windows, 0 to 100",
    .formula = "p = close - min(low, close[1]); s(n) = sum(p, n) / sum(tr, n), 0 where there is no "
               "range; 100 * (4 * s(a) + 2 * s(b) + s(c)) / 7 with the periods in rising order",
    .source = "Williams, The Ultimate Oscillator, Stocks & Commodities 3:4 (1985); as TA-Lib 0.6 "
              "ULTOSC",
    .first = "max(a, b, c)",
    .input_count = 3,
    .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE},
    .parameter_count = 3,
    .parameter = {INDICATOR_PERIOD_OR("a", 1, 7), INDICATOR_PERIOD_OR("b", 1, 14),
                  INDICATOR_PERIOD_OR("c", 1, 28)},
    .min = 0,
    .max = 100,
    .kernel = &ultosc_kernel,
};
