/* The problem: a running sum that adds the new value and subtracts the old one drifts, so that on a
 * flat series `close > sma(200)` turns true by rounding, and its bits depend on where the run
 * began.
 *
 * Whole numbers. Prices are k / 10^d, so the sum of the k is what matters, and sums of whole
 * numbers below 2^53 are exact in doubles: add and subtract as one likes, in any order, vectorised,
 * from any start. One division by n * 10^d then gives the double nearest to the true mean, which is
 * the same double as the price itself when the mean is that price. Volumes are whole numbers as a
 * rule; each is checked. When a value is so large that a sum might pass 2^53, prices are summed in
 * 128-bit integers, volumes by the general way below. Both give the nearest double too, so which of
 * them ran does not show.
 *
 * Other series. The bars are cut at multiples of n (anchors, the same wherever a run begins). A
 * window then is the end of one piece and the beginning of the next: suffix sums of the former,
 * computed once backward when the anchor is reached, and a prefix sum of the latter. Both are
 * compensated pairs, nothing is ever subtracted, and a MISSING value leaves with its piece. Windows
 * of a few bars are summed anew, many bars side by side, which is faster.
 *
 * Rejected: Kahan's sum with subtraction (drifts less, but depends on the start).
 */
#include "engine/indicators/window_sum.h"

#include "engine/indicators/compensated.h"
#include "engine/indicators/decimals.h"
#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>

enum {
    PIECE = 256,       /* bars computed at a time, so that temporaries stay close */
    LONGEST_SHORT = 32 /* windows up to here are summed anew */
};

struct window_sum {
    int64_t next;
    bool anchored;             /* which of the two below is up to date */
    double sum;                /* of the n values before `next`, as whole numbers */
    struct compensated prefix; /* since the last anchor */
    double
        suffix[]; /* [n] high parts, then [n] low parts; [j]: sum of values j.. of the last piece */
};

size_t window_sum_state_bytes(int64_t n)
{
    size_t suffixes = n <= LONGEST_SHORT ? 0 : (size_t)n;
    return sizeof(struct window_sum) + 2 * suffixes * sizeof(double);
}

/* ---- whole numbers ----------------------------------------------------------------------- */

static double whole_limit(int64_t n)
{
    double limit = floor(9007199254740992.0 / (double)n);
    return limit < 1125899906842624.0 ? limit : 1125899906842624.0; /* 2^50, for nearest_whole */
}

/* delta[i] = k(x[i]) - k(x[i - n]). False when a value is not a whole number within the limit. */
CLONES static bool whole_deltas(const double *x, int64_t count, int64_t n, double scale,
                                double limit, bool check_whole, double *delta)
{
    int64_t bad = 0;
    if (check_whole) {
        for (int64_t i = 0; i < count; i++) {
            double k = nearest_whole(x[i]);
            bad |= (k != x[i]) | !(fabs(k) <= limit);
            delta[i] = k - nearest_whole(x[i - n]);
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            double k = nearest_whole(x[i] * scale);
            bad |= !(fabs(k) <= limit);
            delta[i] = k - nearest_whole(x[i - n] * scale);
        }
    }
    return bad == 0;
}

CLONES static void divide_all(const double *sum, int64_t count, double divisor, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = sum[i] / divisor;
}

/* Adds x[0..count) as whole numbers to *sum; false when one is none or too large. */
static bool whole_add(const double *x, int64_t count, double scale, double limit, bool check_whole,
                      double *sum)
{
    for (int64_t i = 0; i < count; i++) {
        double k = nearest_whole(x[i] * scale);
        if (!(fabs(k) <= limit) || (check_whole && k != x[i]))
            return false;
        *sum += k;
    }
    return true;
}

/* Bars whose window is not full: they only add. */
static bool whole_head(struct window_sum *w, const struct indicator_block *b, int64_t n,
                       int64_t head, double scale, double limit, double divisor)
{
    const double *x = b->in[0];
    bool check_whole = b->decimals < 0;
    for (int64_t i = 0; i < head; i++) {
        int64_t bar = b->start + i;
        if (bar >= b->first && !whole_add(x + i, 1, scale, limit, check_whole, &w->sum))
            return false;
        b->out[0][i] = bar - b->first >= n - 1 ? w->sum / divisor : NAN;
    }
    return true;
}

/* False when the values turn out not to be whole numbers of a fit size; the output is then void. */
static bool run_whole(struct window_sum *w, const struct indicator_block *b, int64_t n,
                      double divisor)
{
    const double *x = b->in[0];
    bool check_whole = b->decimals < 0;
    double scale = check_whole ? 1 : decimals_scale(b->decimals);
    double limit = whole_limit(n);
    divisor *= scale;
    if (w->next != b->start || w->anchored) {
        int64_t from = b->start - n > b->first ? b->start - n : b->first;
        w->sum = 0;
        if (from < b->start &&
            !whole_add(x + (from - b->start), b->start - from, scale, limit, check_whole, &w->sum))
            return false;
    }
    int64_t head = b->first + n - b->start; /* up to here nothing leaves the window */
    head = head < 0 ? 0 : head > b->count ? b->count : head;
    if (!whole_head(w, b, n, head, scale, limit, divisor))
        return false;
    for (int64_t i = head; i < b->count; i += PIECE) {
        double sums[PIECE];
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        if (!whole_deltas(x + i, count, n, scale, limit, check_whole, sums))
            return false;
        w->sum = running_sums(sums, count, w->sum);
        divide_all(sums, count, divisor, b->out[0] + i);
    }
    w->next = b->start + b->count;
    w->anchored = false;
    return true;
}

/* Prices too large for sums in doubles. Rare, so simple: the first window is summed anew. */
static void run_wide(const struct indicator_block *b, int64_t n, double divisor)
{
    const double *x = b->in[0];
    double scale = decimals_scale(b->decimals);
    divisor *= scale;
    __int128 sum = 0;
    for (int64_t i = b->start - n > b->first ? -n : b->first - b->start; i < 0; i++)
        sum += llrint(x[i] * scale);
    for (int64_t i = 0; i < b->count; i++) {
        int64_t age = b->start + i - b->first;
        if (age >= 0)
            sum += llrint(x[i] * scale);
        if (age >= n)
            sum -= llrint(x[i - n] * scale);
        double high = (double)sum;
        struct compensated pair = {high, (double)(sum - (__int128)high)};
        b->out[0][i] = age >= n - 1 ? compensated_divide(pair, divisor) : NAN;
    }
}

/* ---- any values -------------------------------------------------------------------------- */

/* Suffix sums [from, n) of the piece that begins at piece[0]. */
static void sum_suffixes(struct window_sum *w, const double *piece, int64_t from, int64_t n)
{
    struct compensated sum = {0, 0};
    for (int64_t j = n - 1; j >= from; j--) {
        sum = compensated_add(sum, piece[j]);
        w->suffix[j] = sum.high;
        w->suffix[n + j] = sum.low;
    }
}

/* out[i] = (suffix + prefix) / divisor for windows that span two pieces */
CLONES static void join_divide(const double *suffix_high, const double *suffix_low,
                               const double *prefix_high, const double *prefix_low, int64_t count,
                               double divisor, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        struct compensated s = {suffix_high[i], suffix_low[i]};
        struct compensated p = {prefix_high[i], prefix_low[i]};
        out[i] = compensated_divide(compensated_join(s, p), divisor);
    }
}

/* Bars [i, i + count) of the block, all in one piece, the first at place `at` of it. */
static void run_piece(struct window_sum *w, const double *x, int64_t at, int64_t count, int64_t n,
                      double divisor, double *out)
{
    double high[PIECE], low[PIECE];
    assert(count >= 1 && count <= PIECE && at >= 0 && at + count <= n);
    for (int64_t i = 0; i < count; i++) {
        w->prefix = compensated_add(w->prefix, x[i]);
        high[i] = w->prefix.high;
        low[i] = w->prefix.low;
    }
    bool whole_piece = at + count == n; /* the last window is the piece itself: no suffix */
    int64_t joined = whole_piece ? count - 1 : count;
    join_divide(w->suffix + at + 1, w->suffix + n + at + 1, high, low, joined, divisor, out);
    if (whole_piece)
        out[count - 1] = compensated_divide(w->prefix, divisor);
}

static void run_anchored(struct window_sum *w, const struct indicator_block *b, int64_t n,
                         double divisor)
{
    const double *x = b->in[0];
    int64_t at = b->start % n;
    if (w->next != b->start || !w->anchored) {
        sum_suffixes(w, x - at - n, at + 1, n);
        w->prefix = (struct compensated){0, 0};
        for (int64_t i = -at; i < 0; i++)
            w->prefix = compensated_add(w->prefix, x[i]);
    }
    for (int64_t i = 0; i < b->count;) {
        if (at == 0) {
            sum_suffixes(w, x + i - n, 1, n);
            w->prefix = (struct compensated){0, 0};
        }
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        if (count > n - at)
            count = n - at;
        run_piece(w, x + i, at, count, n, divisor, b->out[0] + i);
        i += count;
        at = (at + count) % n;
    }
    w->next = b->start + b->count;
    w->anchored = true;
}

CLONES static void short_sums(const double *x, int64_t count, int64_t n, double divisor,
                              double *restrict out)
{
    double high[PIECE], low[PIECE];
    for (int64_t i = 0; i < count; i++) {
        high[i] = x[i - n + 1];
        low[i] = 0;
    }
    for (int64_t j = n - 2; j >= 0; j--) {
        for (int64_t i = 0; i < count; i++) {
            struct compensated s = compensated_add((struct compensated){high[i], low[i]}, x[i - j]);
            high[i] = s.high;
            low[i] = s.low;
        }
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = compensated_divide((struct compensated){high[i], low[i]}, divisor);
}

static void run_short(const struct indicator_block *b, int64_t n, double divisor)
{
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        short_sums(b->in[0] + i, count, n, divisor, b->out[0] + i);
    }
}

void window_sum_run(void *state, const struct indicator_block *b, int64_t n, double divisor)
{
    struct window_sum *w = state;
    assert(n >= 1);
    if (b->decimals >= 0 || b->volume) {
        if (run_whole(w, b, n, divisor))
            return;
        if (!w->anchored)
            w->next = -1; /* its sum is void */
        if (b->decimals >= 0) {
            run_wide(b, n, divisor);
            return;
        }
    }
    if (n <= LONGEST_SHORT)
        run_short(b, n, divisor);
    else
        run_anchored(w, b, n, divisor);
}

void window_sum_column(void *state, const struct window_sum_column *c, int64_t n, double divisor,
                       double *out)
{
    struct indicator_block block = {.start = c->start,
                                    .count = c->count,
                                    .in = {c->x},
                                    .out = {out},
                                    .first = c->first,
                                    .decimals = -1,
                                    .volume = c->whole};
    window_sum_run(state, &block, n, divisor);
}
