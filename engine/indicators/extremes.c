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

static int64_t extreme_lookback(const double *parameter)
{
    return (int64_t)parameter[0] - 1;
}

static int64_t extreme_history(const double *parameter)
{
    return (int64_t)parameter[0];
}

static size_t extreme_state_bytes(const double *parameter)
{
    if (parameter[0] <= LONGEST_SHORT)
        return 0;
    return sizeof(struct extreme_state) + (size_t)parameter[0] * sizeof(double);
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

FOLDED void extreme_run(struct extreme_state *s, const struct indicator_block *b, double sign)
{
    const double *x = b->in[0];
    int64_t n = (int64_t)b->parameter[0];
    int64_t at = b->start % n;
    if (s->next != b->start && at > 0) {
        suffixes(s, x - at - n, at + 1, n, sign);
        s->prefix = x[-at];
        for (int64_t i = -at; i < 0; i++)
            s->prefix = further_running(s->prefix, x[i], sign);
    }
    for (int64_t i = 0; i < b->count;) {
        if (at == 0 && n > 1)
            suffixes(s, x + i - n, 1, n, sign);
        int64_t count = b->count - i < n - at ? b->count - i : n - at;
        run_piece(s, x + i, at, count, n, sign, b->out[0] + i);
        i += count;
        at = (at + count) % n;
    }
    s->next = b->start + b->count;
}

typedef void short_function(const double *x, int64_t count, int64_t n, double *out);

static void short_run(const struct indicator_block *b, short_function *run)
{
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        run(b->in[0] + i, count, (int64_t)b->parameter[0], b->out[0] + i);
    }
}

static void highest_run(void *state, const struct indicator_block *b)
{
    if (b->parameter[0] <= LONGEST_SHORT)
        short_run(b, short_highest);
    else
        extreme_run(state, b, 1.0);
}

static void lowest_run(void *state, const struct indicator_block *b)
{
    if (b->parameter[0] <= LONGEST_SHORT)
        short_run(b, short_lowest);
    else
        extreme_run(state, b, -1.0);
}

static const struct indicator_kernel highest_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = extreme_lookback,
    .history = extreme_history,
    .state_bytes = extreme_state_bytes,
    .run = highest_run,
};

static const struct indicator_kernel lowest_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = extreme_lookback,
    .history = extreme_history,
    .state_bytes = extreme_state_bytes,
    .run = lowest_run,
};

const struct indicator indicator_highest = {
    .name = "highest",
    .summary = "The highest of the last n values, the current one included",
    .formula = "max(x[0], x[1], ..., x[n-1])",
    .source = "The usual definition; as TA-Lib 0.6 MAX",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    .min = -INFINITY,
    .max = INFINITY,
    .picks = true,
    .kernel = &highest_kernel,
};

const struct indicator indicator_lowest = {
    .name = "lowest",
    .summary = "The lowest of the last n values, the current one included",
    .formula = "min(x[0], x[1], ..., x[n-1])",
    .source = "The usual definition; as TA-Lib 0.6 MIN",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    .min = -INFINITY,
    .max = INFINITY,
    .picks = true,
    .kernel = &lowest_kernel,
};
