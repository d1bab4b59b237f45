/* Against the value n bars ago. */
#include "engine/indicators/decimals.h"
#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

/* x - x[n] where both are k / 10^decimals: the double nearest to the true difference. */
CLONES static void decimal_change(const double *x, int64_t count, int64_t n, double scale,
                                  double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (nearest_whole(x[i] * scale) - nearest_whole(x[i - n] * scale)) / scale;
}

CLONES static void plain_change(const double *x, int64_t count, int64_t n, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = x[i] - x[i - n];
}

CLONES static void relative_change(const double *x, int64_t count, int64_t n, double factor,
                                   double scale, double *restrict out)
{
    for (int64_t i = 0; i < count; i++) {
        double now = nearest_whole(x[i] * scale), before = nearest_whole(x[i - n] * scale);
        out[i] = before == 0 ? NAN : factor * (now - before) / before;
    }
}

CLONES static void plain_relative_change(const double *x, int64_t count, int64_t n, double factor,
                                         double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = x[i - n] == 0 ? NAN : factor * (x[i] - x[i - n]) / x[i - n];
}

static void relative(const struct indicator_block *b, double factor)
{
    int64_t n = (int64_t)b->parameter[0];
    if (b->decimals >= 0)
        relative_change(b->in[0], b->count, n, factor, decimals_scale(b->decimals), b->out[0]);
    else
        plain_relative_change(b->in[0], b->count, n, factor, b->out[0]);
}

/* shape   in[n] -> out[n]; MISSING before bar n and where one of the two is
 * exact   prices: the double nearest to the true difference */
static void change_run(void *state, const struct indicator_block *b)
{
    (void)state;
    int64_t n = (int64_t)b->parameter[0];
    if (b->decimals >= 0)
        decimal_change(b->in[0], b->count, n, decimals_scale(b->decimals), b->out[0]);
    else
        plain_change(b->in[0], b->count, n, b->out[0]);
}

/* shape   as change; MISSING too where the value n bars ago is 0 */
static void pct_change_run(void *state, const struct indicator_block *b)
{
    (void)state;
    relative(b, 1);
}

static void roc_run(void *state, const struct indicator_block *b)
{
    (void)state;
    relative(b, 100);
}

static const struct indicator_kernel change_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_period,
    .run = change_run,
};

static const struct indicator_kernel pct_change_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_period,
    .run = pct_change_run,
};

static const struct indicator_kernel roc_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_period,
    .run = roc_run,
};

const struct indicator change_indicator = {
    .name = "change",
    .summary = "Change from the value n bars ago",
    .formula = "x - x[n]",
    .source = "The usual definition; of prices the exact difference of their decimals",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("bars", 1, 1)},
    INDICATOR_ANY_VALUE,
    .kernel = &change_kernel,
};

const struct indicator mom_indicator = {
    .name = "mom",
    .summary = "Momentum: change from the value n bars ago",
    .formula = "x - x[n]",
    .source = "As TA-Lib 0.6 MOM; of prices the exact difference of their decimals",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 10)},
    INDICATOR_ANY_VALUE,
    .kernel = &change_kernel,
};

const struct indicator pct_change_indicator = {
    .name = "pct_change",
    .summary = "Relative change from the value n bars ago: 0.01 is one percent up",
    .formula = "x / x[n] - 1",
    .source = "The usual definition; of prices the exact quotient of their decimals",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("bars", 1, 1)},
    INDICATOR_ANY_VALUE,
    .kernel = &pct_change_kernel,
};

const struct indicator roc_indicator = {
    .name = "roc",
    .summary = "Rate of change: from the value n bars ago, in percent",
    .formula = "100 * (x / x[n] - 1)",
    .source = "As TA-Lib 0.6 ROC; of prices the exact quotient of their decimals",
    .differs = "Where x[n] is 0 TA-Lib gives 0; here it is MISSING.",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 10)},
    INDICATOR_ANY_VALUE,
    .kernel = &roc_kernel,
};
