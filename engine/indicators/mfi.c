#include "engine/indicators/columns.h"
#include "engine/indicators/composite.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"
#include "engine/rule/clones.h"

struct parts {
    size_t up, up_sum, down, down_sum, size_bytes;
};

static struct parts layout(const double *parameter)
{
    int64_t n = (int64_t)parameter[0];
    struct parts p = {.size_bytes = sizeof(struct composite)};
    p.up = composite_place(&p.size_bytes, stage_bytes(n));
    p.up_sum = composite_place(&p.size_bytes, window_sum_state_bytes(n));
    p.down = composite_place(&p.size_bytes, stage_bytes(n));
    p.down_sum = composite_place(&p.size_bytes, window_sum_state_bytes(n));
    return p;
}

static int64_t mfi_history(const double *parameter)
{
    return (int64_t)parameter[0] + 1;
}

static size_t mfi_state_bytes(const double *parameter)
{
    return layout(parameter).size_bytes;
}

/* Whether the typical price rose is decided on its double, as in TA-Lib. */
CLONES static void directions(const double *high, const double *low, const double *close,
                              int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double now = (high[i] + low[i] + close[i]) / 3;
        double before = (high[i - 1] + low[i - 1] + close[i - 1]) / 3;
        out[i] = now > before ? 1 : now < before ? -1 : now - before;
    }
}

/* Money in whole units of price times volume; the unit cancels out. */
CLONES static void flows(const double *high, const double *low, const double *close,
                         const double *volume, const double *direction, int64_t count,
                         double *restrict up, double *restrict down)
{
    for (int64_t i = 0; i < count; i++) {
        double flow = (high[i] + low[i] + close[i]) * volume[i] * fabs(direction[i]);
        up[i] = direction[i] < 0 ? 0 : flow;
        down[i] = direction[i] > 0 ? 0 : flow;
    }
}

CLONES static void shares(const double *up, const double *down, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double sum = up[i] + down[i];
        out[i] = sum == 0 ? 0 : 100 * (up[i] / sum);
    }
}

static void mfi_step(struct composite *c, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    int64_t n = (int64_t)b->parameter[0];
    double price[3][COMPOSITE_PIECE], direction[COMPOSITE_PIECE];
    double up_sum[COMPOSITE_PIECE], down_sum[COMPOSITE_PIECE];
    for (int32_t j = 0; j < 3; j++)
        column_whole(b->in[j], b->count, b->decimals, price[j]);
    directions(b->in[0], b->in[1], b->in[2], b->count, direction);
    double *up = stage_room(composite_part(c, p.up), n, b->count);
    double *down = stage_room(composite_part(c, p.down), n, b->count);
    flows(price[0], price[1], price[2], b->in[3], direction, b->count, up, down);
    struct window_sum_column column = {.start = b->start,
                                       .count = b->count,
                                       .x = up,
                                       .first = c->from > 1 ? c->from : 1,
                                       .whole = b->decimals >= 0};
    window_sum_column(composite_part(c, p.up_sum), &column, n, 1, up_sum);
    column.x = down;
    window_sum_column(composite_part(c, p.down_sum), &column, n, 1, down_sum);
    shares(up_sum, down_sum, b->count, b->out[0]);
}

/* Money flow index, 0..100: an RSI of the money that changed hands.
 *
 *   t   = (high + low + close) / 3
 *   up  = sum over n bars of t * volume where t > t[1];  down where t < t[1]
 *   mfi = 100 up / (up + down), 0 where no money flowed
 *
 * shape   high, low, close, volume [n] -> out[n]; out[0..n) is MISSING, and so are windows that
 *         hold a MISSING value
 * source  Quong and Soudack, Volume-Weighted RSI: Money Flow (1989); as TA-Lib 0.6 MFI
 */
static void mfi_run(void *state, const struct indicator_block *b)
{
    composite_run(state, mfi_state_bytes(b->parameter), b, (int64_t)b->parameter[0], mfi_step);
}

static const struct indicator_kernel mfi_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period,
    .history = mfi_history,
    .state_bytes = mfi_state_bytes,
    .run = mfi_run,
};

const struct indicator mfi_indicator = {
    .name = "mfi",
    .summary = "Money flow index: the share of money that moved up, 0 to 100",
    .formula = "t = (high + low + close) / 3; up = sum of t * volume over those of the last n bars "
               "with t > t[1], down likewise; 100 * up / (up + down), 0 where no money flowed",
    .source = "Quong and Soudack, Volume-Weighted RSI: Money Flow, Stocks & Commodities 7:3 "
              "(1989); as TA-Lib 0.6 MFI",
    .differs = "TA-Lib gives 0 whenever less than 1.0 of money flowed.",
    .input_count = 4,
    .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW, INDICATOR_INPUT_CLOSE,
              INDICATOR_INPUT_VOLUME},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 14)},
    .min = 0,
    .max = 100,
    .kernel = &mfi_kernel,
};
