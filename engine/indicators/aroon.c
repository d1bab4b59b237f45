/* Aroon: how long ago the extremes of a window were.
 *
 * As for long windows of extremes.c the bars are cut at multiples of the window's length; the
 * window's extreme is the further one of a suffix of the piece before and a prefix of this one, and
 * each carries the bar where it was. Of equal extremes the latest counts.
 */
#include "engine/indicators/descriptors.h"

#define FOLDED static inline __attribute__((always_inline))

/* An extreme and its bar; MISSING (and so stays) when a value is. */
struct place {
    double value, bar;
};

struct aroon_state {
    int64_t next;
    struct place prefix[2];  /* of highs and of lows, since the last cut */
    struct place suffixes[]; /* [n] of highs, then [n] of lows, of the piece before it */
};

/* Windows hold n + 1 bars. */
static int64_t window_of(const double *parameter)
{
    return (int64_t)parameter[0] + 1;
}

static size_t aroon_state_bytes(const double *parameter)
{
    return sizeof(struct aroon_state) + 2 * (size_t)window_of(parameter) * sizeof(struct place);
}

/* The further one of an earlier and a later place. */
FOLDED struct place further(struct place early, struct place late, double sign)
{
    bool early_wins = sign * late.value < sign * early.value || early.value != early.value;
    return early_wins ? early : late;
}

FOLDED void suffixes(struct place *suffix, const double *piece, double first_bar, int64_t from,
                     int64_t n, double sign)
{
    struct place place = {piece[n - 1], first_bar + (double)(n - 1)};
    for (int64_t j = n - 1; j >= from; j--) {
        place = further((struct place){piece[j], first_bar + (double)j}, place, sign);
        suffix[j] = place;
    }
}

FOLDED void run_side(struct place *prefix, struct place *suffix, const double *x,
                     const struct indicator_block *b, bool rebuild, double sign, double *out)
{
    int64_t n = window_of(b->parameter), at = b->start % n;
    double scale = 100.0 / (double)(n - 1), bar = (double)b->start;
    if (rebuild && at > 0) {
        suffixes(suffix, x - at - n, bar - (double)(at + n), at + 1, n, sign);
        *prefix = (struct place){x[-at], bar - (double)at};
        for (int64_t i = -at; i < 0; i++)
            *prefix = further(*prefix, (struct place){x[i], bar + (double)i}, sign);
    }
    for (int64_t i = 0; i < b->count; i++) {
        struct place now = {x[i], bar + (double)i};
        if (at == 0) {
            suffixes(suffix, x + i - n, now.bar - (double)n, 1, n, sign);
            *prefix = now;
        }
        *prefix = further(*prefix, now, sign);
        struct place place = at + 1 == n ? *prefix : further(suffix[at + 1], *prefix, sign);
        out[i] = isnan(place.value) ? NAN : ((double)(n - 1) - (now.bar - place.bar)) * scale;
        at = at + 1 == n ? 0 : at + 1;
    }
}

/* Aroon up and down, 0..100.
 *
 *   up   = 100 (n - bars since the highest high of the last n + 1 bars) / n;  down with lows
 *
 * shape   high, low [n] -> up, down; out[0..n) is MISSING, and so are windows that hold a MISSING
 *         value of their side
 * source  Chande, A Time Price Oscillator (1995); as TA-Lib 0.6 AROON
 */
static void aroon_run(void *state, const struct indicator_block *b)
{
    struct aroon_state *s = state;
    bool rebuild = s->next != b->start;
    int64_t n = window_of(b->parameter);
    run_side(&s->prefix[0], s->suffixes, b->in[0], b, rebuild, 1.0, b->out[0]);
    run_side(&s->prefix[1], s->suffixes + n, b->in[1], b, rebuild, -1.0, b->out[1]);
    s->next = b->start + b->count;
}

static int64_t aroon_history(const double *parameter)
{
    return window_of(parameter);
}

static const struct indicator_kernel aroon_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 2,
    .lookback = indicator_period,
    .history = aroon_history,
    .state_bytes = aroon_state_bytes,
    .run = aroon_run,
};

#define AROON_CALL                                                                                 \
    .source = "Chande, A Time Price Oscillator, Stocks & Commodities 13:9 (1995); as TA-Lib 0.6 "  \
              "AROON",                                                                             \
    .input_count = 2, .input = {INDICATOR_INPUT_HIGH, INDICATOR_INPUT_LOW}, .parameter_count = 1,  \
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 14)}, .min = 0, .max = 100,                     \
    .kernel = &aroon_kernel

const struct indicator aroon_up_indicator = {
    .name = "aroon_up",
    .summary = "Aroon up: how long ago the highest high was; 100 is now, 0 is n bars",
    .formula = "100 * (n - bars since the highest high of the last n + 1 bars, the latest if "
               "equal) / n",
    .output = 0,
    AROON_CALL,
};

const struct indicator aroon_down_indicator = {
    .name = "aroon_down",
    .summary = "Aroon down: how long ago the lowest low was; 100 is now, 0 is n bars",
    .formula = "100 * (n - bars since the lowest low of the last n + 1 bars, the latest if equal) "
               "/ n",
    .output = 1,
    AROON_CALL,
};
