/* DEMA, TEMA and TRIX: an EMA of an EMA (of an EMA), each seeded with the mean of its first n
 * values. */
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"
#include "engine/rule/clones.h"

enum { PIECE = 256, STAGES_MAX = 3 };

struct chain_state {
    struct smooth stage[STAGES_MAX];
    double last; /* TRIX: the last stage's value before, 0 while it has none */
};

static int64_t dema_lookback(const double *parameter)
{
    return 2 * ((int64_t)parameter[0] - 1);
}

static int64_t tema_lookback(const double *parameter)
{
    return 3 * ((int64_t)parameter[0] - 1);
}

static int64_t trix_lookback(const double *parameter)
{
    return tema_lookback(parameter) + 1;
}

static int64_t dema_warmup(const double *parameter)
{
    return smooth_ema_warmup((int64_t)parameter[0], 2);
}

static int64_t tema_warmup(const double *parameter)
{
    return smooth_ema_warmup((int64_t)parameter[0], 3);
}

static size_t chain_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct chain_state);
}

/* Each stage of a piece of bars smooths the one before. */
static void chain_piece(struct chain_state *s, const double *x, int64_t count, double n,
                        int32_t stages, double (*e)[PIECE])
{
    for (int32_t j = 0; j < stages; j++)
        smooth_run(&s->stage[j], j == 0 ? x : e[j - 1], count, (int64_t)n, smooth_ema_factor(n),
                   e[j]);
}

CLONES static void combine_two(const double *a, const double *b, int64_t count,
                               double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 2 * a[i] - b[i];
}

CLONES static void combine_three(const double *a, const double *b, const double *c, int64_t count,
                                 double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 3 * (a[i] - b[i]) + c[i];
}

/* Change in percent from the value before, which for the first bar is `last`. */
CLONES static void rate_of_change(const double *x, double last, int64_t count, double *restrict out)
{
    out[0] = last == 0 ? NAN : 100 * (x[0] - last) / last;
    for (int64_t i = 1; i < count; i++)
        out[i] = x[i - 1] == 0 ? NAN : 100 * (x[i] - x[i - 1]) / x[i - 1];
}

/* Double exponential moving average: 2 ema - ema(ema).
 *
 * shape   in[n] -> out[n]; out[0..2(n-1)) is MISSING; a MISSING value starts it anew
 * source  Mulloy, Smoothing Data with Faster Moving Averages (1994); as TA-Lib 0.6 DEMA
 */
static void dema_run(void *state, const struct indicator_block *b)
{
    double e[2][PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        chain_piece(state, b->in[0] + i, count, b->parameter[0], 2, e);
        combine_two(e[0], e[1], count, b->out[0] + i);
    }
}

/* Triple exponential moving average: 3 ema - 3 ema(ema) + ema(ema(ema)).
 *
 * shape   in[n] -> out[n]; out[0..3(n-1)) is MISSING; a MISSING value starts it anew
 * source  Mulloy, Smoothing Data with Less Lag (1994); as TA-Lib 0.6 TEMA
 */
static void tema_run(void *state, const struct indicator_block *b)
{
    double e[STAGES_MAX][PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        chain_piece(state, b->in[0] + i, count, b->parameter[0], 3, e);
        combine_three(e[0], e[1], e[2], count, b->out[0] + i);
    }
}

/* The change of a triple smoothed series from bar to bar, in percent.
 *
 *   e = ema(ema(ema(x)));  trix_t = 100 (e_t - e_{t-1}) / e_{t-1}
 *
 * shape   in[n] -> out[n]; out[0..3(n-1)+1) is MISSING; a MISSING value starts it anew
 * source  Hutson, Good TRIX (1983); as TA-Lib 0.6 TRIX
 */
static void trix_run(void *state, const struct indicator_block *b)
{
    struct chain_state *s = state;
    double e[STAGES_MAX][PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        double last = s->stage[2].seen == (int64_t)b->parameter[0] ? s->last : NAN;
        chain_piece(s, b->in[0] + i, count, b->parameter[0], 3, e);
        rate_of_change(e[2], last, count, b->out[0] + i);
        s->last = isnan(e[2][count - 1]) ? 0 : e[2][count - 1];
    }
}

static const struct indicator_kernel dema_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = dema_lookback,
    .warmup = dema_warmup,
    .state_bytes = chain_state_bytes,
    .run = dema_run,
};

static const struct indicator_kernel tema_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = tema_lookback,
    .warmup = tema_warmup,
    .state_bytes = chain_state_bytes,
    .run = tema_run,
};

static const struct indicator_kernel trix_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = trix_lookback,
    .warmup = tema_warmup,
    .state_bytes = chain_state_bytes,
    .run = trix_run,
};

const struct indicator dema_indicator = {
    .name = "dema",
    .summary = "Double exponential moving average",
    .formula = "2 * ema(x, n) - ema(ema(x, n), n)",
    .source = "Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities 12:1 "
              "(1994); as TA-Lib 0.6 DEMA with unstable period 0",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &dema_kernel,
};

const struct indicator tema_indicator = {
    .name = "tema",
    .summary = "Triple exponential moving average",
    .formula = "e = ema(x, n); 3 * e - 3 * ema(e, n) + ema(ema(e, n), n)",
    .source = "Mulloy, Smoothing Data with Less Lag, Stocks & Commodities 12:2 (1994); as TA-Lib "
              "0.6 TEMA with unstable period 0",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .kernel = &tema_kernel,
};

const struct indicator trix_indicator = {
    .name = "trix",
    .summary = "Change of a triple smoothed series from bar to bar, in percent",
    .formula = "e = ema(ema(ema(x, n), n), n); 100 * (e - e[1]) / e[1]",
    .source = "Hutson, Good TRIX, Stocks & Commodities 1:5 (1983); as TA-Lib 0.6 TRIX with "
              "unstable period 0",
    .differs = "TradingView smooths the logarithm and multiplies by 10000. Where e[1] is 0 TA-Lib "
               "gives 0; here it is MISSING.",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 18)},
    INDICATOR_ANY_VALUE,
    .kernel = &trix_kernel,
};
