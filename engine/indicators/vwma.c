#include "engine/indicators/columns.h"
#include "engine/indicators/composite.h"
#include "engine/indicators/decimals.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"
#include "engine/rule/clones.h"

struct parts {
    size_t traded, traded_sum, volume_sum, size_bytes;
};

static struct parts layout(const double *parameter)
{
    int64_t n = (int64_t)parameter[0];
    struct parts p = {.size_bytes = sizeof(struct composite)};
    p.traded = composite_place(&p.size_bytes, stage_bytes(n));
    p.traded_sum = composite_place(&p.size_bytes, window_sum_state_bytes(n));
    p.volume_sum = composite_place(&p.size_bytes, window_sum_state_bytes(n));
    return p;
}

static int64_t vwma_history(const double *parameter)
{
    return 2 * (int64_t)parameter[0];
}

static size_t vwma_state_bytes(const double *parameter)
{
    return layout(parameter).size_bytes;
}

CLONES static void multiply(const double *a, const double *b, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
}

CLONES static void quotient(const double *traded, const double *volume, int64_t count, double scale,
                            double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = volume[i] == 0 ? NAN : traded[i] / (volume[i] * scale);
}

static void vwma_step(struct composite *c, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    int64_t n = (int64_t)b->parameter[0];
    double price[COMPOSITE_PIECE], traded_sum[COMPOSITE_PIECE], volume_sum[COMPOSITE_PIECE];
    double *traded = stage_room(composite_part(c, p.traded), n, b->count);
    column_whole(b->in[0], b->count, b->decimals, price);
    multiply(price, b->in[1], b->count, traded);
    struct window_sum_column column = {.start = b->start,
                                       .count = b->count,
                                       .x = traded,
                                       .first = c->from > b->first ? c->from : b->first,
                                       .whole = b->decimals >= 0};
    window_sum_column(composite_part(c, p.traded_sum), &column, n, 1, traded_sum);
    column.x = b->in[1];
    column.whole = true;
    window_sum_column(composite_part(c, p.volume_sum), &column, n, 1, volume_sum);
    quotient(traded_sum, volume_sum, b->count, b->decimals >= 0 ? decimals_scale(b->decimals) : 1,
             b->out[0]);
}

/* Volume-weighted moving average: sum(x * volume) / sum(volume) over the last n bars.
 *
 * shape   in[n], volume[n] -> out[n]; MISSING while the window is not full, holds a MISSING value
 *         or traded nothing
 * exact   prices and whole volumes: the double nearest to the true mean
 */
static void vwma_run(void *state, const struct indicator_block *b)
{
    composite_run(state, vwma_state_bytes(b->parameter), b, (int64_t)b->parameter[0], vwma_step);
}

static const struct indicator_kernel vwma_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = vwma_history,
    .state_bytes = vwma_state_bytes,
    .run = vwma_run,
};

const struct indicator vwma_indicator = {
    .name = "vwma",
    .summary = "Volume-weighted moving average",
    .formula = "sum(x * volume, n) / sum(volume, n), MISSING where nothing was traded",
    .source = "The usual definition; as TradingView's ta.vwma",
    .input_count = 2,
    .input = {INDICATOR_INPUT_SERIES, INDICATOR_INPUT_VOLUME},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 20)},
    INDICATOR_ANY_VALUE,
    .kernel = &vwma_kernel,
};
