/* Wilder's parabolic stop and reverse. At a reversal the stop is set to an extreme price, whatever
 * it was before, so two runs that reverse on one bar with one extreme have the same bits from there
 * on; a few reversals bring that about. */
#include "engine/indicators/descriptors.h"

struct psar_state {
    double stop;    /* for the next bar */
    double extreme; /* highest high since the reversal when long, lowest low when short */
    double factor;
    int64_t side; /* 1 long, -1 short, 0 not begun */
};

struct psar_bar {
    double high, low, high_before, low_before;
};

static int64_t psar_warmup(const double *parameter)
{
    (void)parameter;
    return 1024;
}

static size_t psar_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct psar_state);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Towards the extreme, but not into the last two bars. */
static void move_stop(struct psar_state *s, const struct psar_bar *b)
{
    double stop = s->stop + s->factor * (s->extreme - s->stop);
    s->stop = s->side > 0 ? smaller(smaller(stop, b->low_before), b->low)
                          : larger(larger(stop, b->high_before), b->high);
}

static void begin(struct psar_state *s, const struct psar_bar *b, double step)
{
    double up = b->high - b->high_before, down = b->low_before - b->low;
    s->side = down > 0 && down > up ? -1 : 1;
    s->factor = step;
    s->extreme = s->side > 0 ? b->high : b->low;
    s->stop = s->side > 0 ? b->low_before : b->high_before;
}

static double reverse(struct psar_state *s, const struct psar_bar *b, double step)
{
    s->side = -s->side;
    double out = s->side > 0 ? smaller(smaller(s->extreme, b->low_before), b->low)
                             : larger(larger(s->extreme, b->high_before), b->high);
    s->stop = out;
    s->factor = step;
    s->extreme = s->side > 0 ? b->high : b->low;
    return out;
}

static double psar_step(struct psar_state *s, const struct psar_bar *b, double step, double most)
{
    if (s->side == 0) {
        begin(s, b, step);
        /* the bar that it begins on is its own "bar before" */
        struct psar_bar alone = {b->high, b->low, b->high, b->low};
        return psar_step(s, &alone, step, most);
    }
    double out = s->stop;
    if (s->side > 0 ? b->low <= s->stop : b->high >= s->stop) {
        out = reverse(s, b, step);
    } else if (s->side > 0 ? b->high > s->extreme : b->low < s->extreme) {
        s->extreme = s->side > 0 ? b->high : b->low;
        s->factor = smaller(s->factor + step, most);
    }
    move_stop(s, b);
    return out;
}

/* Parabolic stop and reverse.
 *
 *   stop += factor (extreme - stop), never beyond the last two bars' lows (long) or highs (short)
 *   factor begins at `step` and grows by it at each new extreme, up to `max`
 *   when price touches the stop the side changes and the stop is the extreme
 *
 * shape   high, low [n] -> out[n]; bar 0 is MISSING; a MISSING value starts it anew
 * params  step, max (step counts as max when it is larger)
 * source  Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 SAR
 */
static void psar_run(void *state, const struct indicator_block *b)
{
    struct psar_state *s = state;
    const double *high = b->in[0], *low = b->in[1];
    double most = b->parameter[1], step = smaller(b->parameter[0], most);
    for (int64_t i = 0; i < b->count; i++) {
        struct psar_bar bar = {high[i], low[i], high[i - 1], low[i - 1]};
        if (isnan(bar.high + bar.low + bar.high_before + bar.low_before)) {
            *s = (struct psar_state){0};
            b->out[0][i] = NAN;
            continue;
        }
        b->out[0][i] = psar_step(s, &bar, step, most);
    }
}

static const struct indicator_kernel psar_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_one_bar,
    .history = indicator_one_bar,
    .warmup = psar_warmup,
    .state_bytes = psar_state_bytes,
    .run = psar_run,
};

const struct indicator psar_indicator = {
    .name = "psar",
    .summary = "Parabolic stop and reverse: a stop that accelerates towards price",
    .formula = "stop = stop[1] + f * (extreme - stop[1]), not beyond the last two lows (long) or "
               "highs (short); f begins at step and grows by step, up to max, at each new extreme; "
               "when price touches the stop the side changes and the stop is the extreme",
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 SAR",
    .differs = "The first side is that of the larger move between bars 0 and 1, as in TA-Lib; "
               "TradingView decides it by the closes.",
    .input_count = 2,
    .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW},
    .parameter_count = 2,
    .parameter = {{.name = "step", .min = 0, .max = 1, .fallback = 0.02},
                  {.name = "max", .min = 0, .max = 1, .fallback = 0.2}},
    INDICATOR_ANY_VALUE,
    .kernel = &psar_kernel,
};
