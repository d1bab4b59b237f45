/* The highest and lowest value of a window.
 *
 * Short windows, by doubling: the extreme of 2w values is the further one of two extremes of w
 * values, w apart. So log2(n) passes over a piece of bars, each a vector loop, and no state.
 *
 * Long windows, one comparison or two a bar whatever the length (van Herk; Gil and Werman): the
 * bars are cut at multiples of n, a window is the end of one piece and the beginning of the next,
 * so it is the further one of a running extreme backward and one forward. The cuts are the same
 * wherever a run begins.
 *
 * No value is rounded. A MISSING value makes whatever it meets MISSING: that is exactly the windows
 * that hold it. lowest is highest with the signs turned.
 */
#include "engine/indicators/extremes.h"

#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

#include <string.h>

/* Windows up to LONGEST_SHORT are doubled; up to there that is the faster way. */
enum { PIECE = 256, LONGEST_SHORT = 256 };

#define FOLDED static inline __attribute__((always_inline))

struct extreme_state {
    int64_t next;
    double prefix;   /* since the last cut */
    double suffix[]; /* [n] of the piece before it */
};

size_t extremes_state_bytes(int64_t n)
{
    return n <= LONGEST_SHORT ? 0 : sizeof(struct extreme_state) + (size_t)n * sizeof(double);
}

void extremes_forget(void *state, int64_t n)
{
    if (n > LONGEST_SHORT)
        ((struct extreme_state *)state)->next = -1;
}

/* The larger one; MISSING when one is. `sign` is a constant at every call and folds away. */
FOLDED double further(double a, double b, double sign)
{
    return ((sign * b <= sign * a) | (a != a)) ? a : b;
}

/* The same for running extremes, which seldom change: a branch that is foreseen beats a chain. */
FOLDED double further_running(double a, double b, double sign)
{
    return sign * b <= sign * a || a != a ? a : b;
}

/* ---- short windows ----------------------------------------------------------------------- */

/* Bars [0, count) of x, each with the n - 1 values before it; count <= PIECE, n <= LONGEST_SHORT.
 */
FOLDED void short_windows(const double *x, int64_t count, int64_t n, double sign, double *out)
{
    double extreme[PIECE + LONGEST_SHORT]; /* [i]: of the `width` values from x[i - n + 1] on */
    int64_t length = count + n - 1, width = 1;
    memcpy(extreme, x - (n - 1), (size_t)length * sizeof(double));
    for (; 2 * width <= n; width *= 2) {
        length -= width;
        for (int64_t i = 0; i < length; i++)
            extreme[i] = further(extreme[i], extreme[i + width], sign);
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = further(extreme[i], extreme[i + n - width], sign);
}

CLONES static void short_highest(const double *x, int64_t count, int64_t n, double *restrict out)
{
    short_windows(x, count, n, 1.0, out);
}

CLONES static void short_lowest(const double *x, int64_t count, int64_t n, double *restrict out)
{
    short_windows(x, count, n, -1.0, out);
}

/* ---- long windows ------------------------------------------------------------------------ */

FOLDED void suffixes(struct extreme_state *s, const double *piece, int64_t from, int64_t n,
                     double sign)
{
    double extreme = piece[n - 1];
    for (int64_t j = n - 1; j >= from; j--) {
        extreme = further_running(extreme, piece[j], sign);
        s->suffix[j] = extreme;
    }
}

/* Bars [0, count) of one piece of the cut, the first at place `at` of it. */
FOLDED void run_piece(struct extreme_state *s, const double *x, int64_t at, int64_t count,
                      int64_t n, double sign, double *out)
{
    double prefix = at == 0 ? x[0] : s->prefix;
    for (int64_t i = 0; i < count; i++)
        out[i] = prefix = further_running(prefix, x[i], sign);
    s->prefix = prefix;
    const double *suffix = s->suffix + at + 1;
    if (at + count == n)
        count--; /* the last window is the piece itself */
    for (int64_t i = 0; i < count; i++)
        out[i] = further(suffix[i], out[i], sign);
}

FOLDED void long_windows(struct extreme_state *s, int64_t start, const double *x, int64_t bars,
                         int64_t n, double sign, double *out)
{
    int64_t at = start % n;
    if (s->next != start && at > 0) {
        suffixes(s, x - at - n, at + 1, n, sign);
        s->prefix = x[-at];
        for (int64_t i = -at; i < 0; i++)
            s->prefix = further_running(s->prefix, x[i], sign);
    }
    for (int64_t i = 0; i < bars;) {
        if (at == 0 && n > 1)
            suffixes(s, x + i - n, 1, n, sign);
        int64_t count = bars - i < n - at ? bars - i : n - at;
        run_piece(s, x + i, at, count, n, sign, out + i);
        i += count;
        at = (at + count) % n;
    }
    s->next = start + bars;
}

typedef void short_function(const double *x, int64_t count, int64_t n, double *out);

static void short_pieces(const double *x, int64_t bars, int64_t n, double *out, short_function *run)
{
    for (int64_t i = 0; i < bars; i += PIECE) {
        int64_t count = bars - i < PIECE ? bars - i : PIECE;
        run(x + i, count, n, out + i);
    }
}

void extremes_highest(void *state, int64_t start, const double *x, int64_t count, int64_t n,
                      double *out)
{
    if (n <= LONGEST_SHORT)
        short_pieces(x, count, n, out, short_highest);
    else
        long_windows(state, start, x, count, n, 1.0, out);
}

void extremes_lowest(void *state, int64_t start, const double *x, int64_t count, int64_t n,
                     double *out)
{
    if (n <= LONGEST_SHORT)
        short_pieces(x, count, n, out, short_lowest);
    else
        long_windows(state, start, x, count, n, -1.0, out);
}

/* ---- highest, lowest, and Donchian's channel --------------------------------------------- */

static size_t extreme_kernel_state_bytes(const double *parameter)
{
    return extremes_state_bytes((int64_t)parameter[0]);
}

/* shape   in[n] -> out[n]; MISSING while the window is not full or holds a MISSING value */
static void highest_run(void *state, const struct indicator_block *b)
{
    extremes_highest(state, b->start, b->in[0], b->count, (int64_t)b->parameter[0], b->out[0]);
}

static void lowest_run(void *state, const struct indicator_block *b)
{
    extremes_lowest(state, b->start, b->in[0], b->count, (int64_t)b->parameter[0], b->out[0]);
}

static const struct indicator_kernel highest_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = extreme_kernel_state_bytes,
    .run = highest_run,
};

static const struct indicator_kernel lowest_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = extreme_kernel_state_bytes,
    .run = lowest_run,
};

const struct indicator highest_indicator = {
    .name = "highest",
    .summary = "The highest of the last n values, the current one included",
    .formula = "max(x[0], x[1], ..., x[n-1])",
    .source = "The usual definition; as TA-Lib 0.6 MAX",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &highest_kernel,
};

const struct indicator lowest_indicator = {
    .name = "lowest",
    .summary = "The lowest of the last n values, the current one included",
    .formula = "min(x[0], x[1], ..., x[n-1])",
    .source = "The usual definition; as TA-Lib 0.6 MIN",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &lowest_kernel,
};

const struct indicator donchian_upper_indicator = {
    .name = "donchian_upper",
    .summary = "Donchian channel, upper line: the highest high of the last n bars",
    .formula = "highest(high, n)",
    .source = "Richard Donchian's price channel; the current bar is included, so a breakout is "
              "close > donchian_upper(20)[1]",
    .input_count = 1,
    .input = {INDICATOR_INPUT_HIGH},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 20)},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &highest_kernel,
};

const struct indicator donchian_lower_indicator = {
    .name = "donchian_lower",
    .summary = "Donchian channel, lower line: the lowest low of the last n bars",
    .formula = "lowest(low, n)",
    .source = "Richard Donchian's price channel; the current bar is included, so a breakout is "
              "close < donchian_lower(20)[1]",
    .input_count = 1,
    .input = {INDICATOR_INPUT_LOW},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 20)},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &lowest_kernel,
};
