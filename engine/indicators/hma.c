#include "engine/indicators/composite.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_weighted.h"
#include "engine/rule/clones.h"

struct parts {
    int64_t n, half, root;
    size_t whole_mean, half_mean, lead, result, size_bytes;
};

static struct parts layout(const double *parameter)
{
    struct parts p = {.n = (int64_t)parameter[0], .size_bytes = sizeof(struct composite)};
    p.half = p.n / 2;
    p.root = (int64_t)sqrt(parameter[0]);
    p.whole_mean = composite_place(&p.size_bytes, window_weighted_state_bytes(p.n));
    p.half_mean = composite_place(&p.size_bytes, window_weighted_state_bytes(p.half));
    p.lead = composite_place(&p.size_bytes, stage_bytes(p.root));
    p.result = composite_place(&p.size_bytes, window_weighted_state_bytes(p.root));
    return p;
}

static int64_t hma_lookback(const double *parameter)
{
    struct parts p = layout(parameter);
    return p.n + p.root - 2;
}

static int64_t hma_history(const double *parameter)
{
    struct parts p = layout(parameter);
    return p.n + p.root;
}

static size_t hma_state_bytes(const double *parameter)
{
    return layout(parameter).size_bytes;
}

static void wma(void *state, const struct indicator_block *like, const double *x, bool prices,
                int64_t n, double *out)
{
    struct indicator_block b = {.start = like->start,
                                .count = like->count,
                                .in = {x},
                                .out = {out},
                                .first = like->first,
                                .decimals = prices ? like->decimals : -1};
    struct weighted_line line = {n, 1, 0, (double)n * (double)(n + 1) / 2};
    window_weighted_run(state, &b, &line);
}

CLONES static void twice_less(const double *a, const double *b, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 2 * a[i] - b[i];
}

static void hma_step(struct composite *c, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    double whole[COMPOSITE_PIECE], half[COMPOSITE_PIECE];
    wma(composite_part(c, p.whole_mean), b, b->in[0], true, p.n, whole);
    wma(composite_part(c, p.half_mean), b, b->in[0], true, p.half, half);
    double *lead = stage_room(composite_part(c, p.lead), p.root, b->count);
    twice_less(half, whole, b->count, lead);
    wma(composite_part(c, p.result), b, lead, false, p.root, b->out[0]);
}

/* Hull's moving average: wma(2 wma(n/2) - wma(n), sqrt(n)), n/2 and sqrt(n) rounded down.
 *
 * shape   in[n] -> out[n]; MISSING before bar n + floor(sqrt(n)) - 2 and while the window of so
 *         many bars holds a MISSING value
 * source  Hull, How to reduce lag in a moving average (2005)
 */
static void hma_run(void *state, const struct indicator_block *b)
{
    struct parts p = layout(b->parameter);
    composite_run(state, p.size_bytes, b, p.root, hma_step);
}

static const struct indicator_kernel hma_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = hma_lookback,
    .history = hma_history,
    .state_bytes = hma_state_bytes,
    .run = hma_run,
};

const struct indicator hma_indicator = {
    .name = "hma",
    .summary = "Hull moving average: weighted means that cancel their lag",
    .formula = "wma(2 * wma(x, n/2) - wma(x, n), sqrt(n)), n/2 and sqrt(n) rounded down",
    .source = "Hull, How to reduce lag in a moving average (alanhull.com, 2005); as TradingView's "
              "ta.hma",
    .first = "period + floor(sqrt(period)) - 2",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(2)},
    INDICATOR_ANY_VALUE,
    .kernel = &hma_kernel,
};
