/* On-balance volume. It counts from the first bar, and nothing but that bar tells where it stands:
 * a run that begins elsewhere is never right. So a study finds its proof failing and goes through
 * such a rule's bars in order; there is no point in a long warm-up. What does converge is the
 * change of it over a window, mfi() or vwma(). */
#include "engine/indicators/descriptors.h"

struct obv_state {
    double volume;
    int64_t begun;
};

static int64_t obv_warmup(const double *parameter)
{
    (void)parameter;
    return 1;
}

static size_t obv_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct obv_state);
}

/* On-balance volume: volume added on a rising close, taken off on a falling one.
 *
 * shape   in[n], volume[n] -> out[n]; begins with the volume of the first bar, and anew after a
 *         MISSING value
 * source  Granville, New Key to Stock Market Profits (1963); as TA-Lib 0.6 OBV
 */
static void obv_run(void *state, const struct indicator_block *b)
{
    struct obv_state *s = state;
    const double *x = b->in[0], *volume = b->in[1];
    for (int64_t i = 0; i < b->count; i++) {
        if (isnan(x[i]) || isnan(volume[i])) {
            *s = (struct obv_state){0};
            b->out[0][i] = NAN;
            continue;
        }
        double sign = !s->begun ? 1 : (x[i] > x[i - 1]) - (x[i] < x[i - 1]);
        s->begun = 1;
        s->volume += sign * volume[i];
        b->out[0][i] = s->volume;
    }
}

static const struct indicator_kernel obv_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .history = indicator_one_bar,
    .warmup = obv_warmup,
    .state_bytes = obv_state_bytes,
    .run = obv_run,
};

const struct indicator obv_indicator = {
    .name = "obv",
    .summary = "On-balance volume, from the first stored bar on",
    .formula = "obv[1] + volume if x > x[1], obv[1] - volume if x < x[1], otherwise obv[1]; the "
               "first bar's volume to begin with",
    .source = "Granville, New Key to Stock Market Profits (1963); as TA-Lib 0.6 OBV",
    .differs = "TradingView begins with 0: only differences of it can be compared.",
    .input_count = 2,
    .input = {INDICATOR_INPUT_CLOSE, INDICATOR_INPUT_VOLUME},
    INDICATOR_ANY_VALUE,
    .kernel = &obv_kernel,
};
