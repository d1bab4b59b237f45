#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

/* Bars [0, count) of x, each against the n values before it, many bars side by side. A MISSING
 * value makes the sum MISSING. */
CLONES static void shares_below(const double *x, int64_t count, int64_t n, double *restrict out)
{
    double below[PIECE];
    for (int64_t i = 0; i < count; i++)
        below[i] = x[i] == x[i] ? 0 : NAN;
    for (int64_t j = 1; j <= n; j++)
        for (int64_t i = 0; i < count; i++)
            below[i] += x[i - j] < x[i] ? 1.0 : x[i - j] == x[i - j] ? 0.0 : NAN;
    for (int64_t i = 0; i < count; i++)
        out[i] = below[i] / (double)n;
}

/* Percent rank, as a share: 0..1.
 *
 *   (how many of x_{t-1} .. x_{t-n} are below x_t) / n
 *
 * shape   in[n] -> out[n]; MISSING before bar n and while one of the n + 1 values is
 * cost    grows with n: each bar looks at its whole window
 * source  Connors' PercentRank
 */
static void percent_rank_run(void *state, const struct indicator_block *b)
{
    (void)state;
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        shares_below(b->in[0] + i, count, (int64_t)b->parameter[0], b->out[0] + i);
    }
}

static const struct indicator_kernel percent_rank_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_period,
    .run = percent_rank_run,
};

const struct indicator percent_rank_indicator = {
    .name = "percent_rank",
    .summary = "Which share of the last n values is below the current one, 0 to 1",
    .formula = "(how many of x[1], x[2], ..., x[n] are below x) / n",
    .source = "PercentRank as in Connors and Alvarez, Short Term Trading Strategies That Work "
              "(2009), as a share",
    .differs = "TA-Lib's PERCENTRANK (since 0.8) is 100 times this. TradingView's ta.percentrank "
               "is in percent too and counts equal values as well.",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 100)},
    .min = 0,
    .max = 1,
    .kernel = &percent_rank_kernel,
};
