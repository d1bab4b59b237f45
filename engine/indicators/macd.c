/* MACD: the distance of two EMAs, an EMA of that distance as its signal, and the distance of the
 * two. */
#include "engine/indicators/columns.h"
#include "engine/indicators/descriptors.h"
#include "engine/indicators/smooth.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

struct macd_state {
    struct smooth fast, slow, signal;
    int64_t skipped; /* values since the start or the last MISSING one, at most slow - fast */
};

struct periods {
    int64_t fast, slow, signal;
};

static struct periods periods_of(const double *parameter)
{
    int64_t a = (int64_t)parameter[0], b = (int64_t)parameter[1];
    return (struct periods){a < b ? a : b, a < b ? b : a, (int64_t)parameter[2]};
}

static int64_t macd_lookback(const double *parameter)
{
    struct periods p = periods_of(parameter);
    return p.slow + p.signal - 2;
}

/* The signal forgets what the slow average has yet to forget, and then its own rounding. */
static int64_t macd_warmup(const double *parameter)
{
    struct periods p = periods_of(parameter);
    int64_t longer = p.slow > p.signal ? p.slow : p.signal;
    int64_t shorter = p.slow > p.signal ? p.signal : p.slow;
    return smooth_ema_warmup(longer, 1) + 6 * shorter;
}

static size_t macd_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct macd_state);
}

/* The line itself begins with its signal. */
CLONES static void finish(const double *line, const double *signal, int64_t count,
                          double *restrict out, double *restrict histogram)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = signal[i] == signal[i] ? line[i] : NAN;
        histogram[i] = line[i] - signal[i];
    }
}

/* x without the first slow - fast values of a run, so that both averages begin on one bar. Returns
 * x itself where there is nothing to take out. */
static const double *delayed(struct macd_state *s, const double *x, int64_t count, int64_t delay,
                             double *out)
{
    if (s->skipped == delay && !column_has_missing(x, count))
        return x;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(x[i]))
            s->skipped = 0;
        out[i] = s->skipped == delay ? x[i] : NAN;
        if (!isnan(x[i]) && s->skipped < delay)
            s->skipped++;
    }
    return out;
}

/* Moving average convergence / divergence.
 *
 *   macd   = ema(x, fast) - ema(x, slow)     the fast one is seeded so that both begin on one bar
 *   signal = ema(macd, q),  histogram = macd - signal
 *
 * shape   in[n] -> three outputs; all are MISSING before bar slow + q - 2; a MISSING value starts
 *         them anew
 * params  fast, slow (exchanged when fast is the longer one), signal
 * source  Appel, The Moving Average Convergence-Divergence Method (1979); as TA-Lib 0.6 MACD
 */
static void macd_run(void *state, const struct indicator_block *b)
{
    struct macd_state *s = state;
    struct periods p = periods_of(b->parameter);
    double without[PIECE], fast[PIECE], slow[PIECE], line[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        const double *x = b->in[0] + i;
        const double *late = delayed(s, x, count, p.slow - p.fast, without);
        smooth_run(&s->fast, late, count, p.fast, smooth_ema_factor((double)p.fast), fast);
        smooth_run(&s->slow, x, count, p.slow, smooth_ema_factor((double)p.slow), slow);
        column_subtract(fast, slow, count, line);
        smooth_run(&s->signal, line, count, p.signal, smooth_ema_factor((double)p.signal),
                   b->out[1] + i);
        finish(line, b->out[1] + i, count, b->out[0] + i, b->out[2] + i);
    }
}

static const struct indicator_kernel macd_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 3,
    .lookback = macd_lookback,
    .warmup = macd_warmup,
    .state_bytes = macd_state_bytes,
    .run = macd_run,
};

#define MACD_SOURCE                                                                                \
    "Appel, The Moving Average Convergence-Divergence Method (1979); as TA-Lib 0.6 MACD with "     \
    "unstable period 0"
#define MACD_DIFFERS                                                                               \
    "As in TA-Lib the fast average is seeded on the bars just before the slow one begins, and "    \
    "all "                                                                                         \
    "three lines begin together. TradingView begins each average with its first value and shows "  \
    "the line before the signal exists."
#define MACD_CALL                                                                                  \
    .source = MACD_SOURCE, .differs = MACD_DIFFERS, .first = "max(fast, slow) + signal - 2",       \
    .input_count = 1, .input = {INDICATOR_INPUT_SERIES}, .parameter_count = 3,                     \
    .parameter = {INDICATOR_PERIOD_OR("fast", 1, 12), INDICATOR_PERIOD_OR("slow", 1, 26),          \
                  INDICATOR_PERIOD_OR("signal", 1, 9)},                                            \
    INDICATOR_ANY_VALUE, .kernel = &macd_kernel

const struct indicator macd_indicator = {
    .name = "macd",
    .summary = "Moving average convergence / divergence: the line",
    .formula = "ema(x, fast) - ema(x, slow)",
    .output = 0,
    MACD_CALL,
};

const struct indicator macd_signal_indicator = {
    .name = "macd_signal",
    .summary = "Moving average convergence / divergence: the signal",
    .formula = "ema(macd, signal)",
    .output = 1,
    MACD_CALL,
};

const struct indicator macd_hist_indicator = {
    .name = "macd_hist",
    .summary = "Moving average convergence / divergence: the histogram",
    .formula = "macd - macd_signal",
    .output = 2,
    MACD_CALL,
};
