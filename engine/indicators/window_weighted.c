/* The same problem as in window_sum.c, with two sums, and the same ways out.
 *
 * Prices k / 10^d: W_t = W_{t-1} + n k_t - A_{t-1} is exact in whole numbers. In doubles while
 * everything stays below 2^53, else in 128 bits; both are divided once.
 *
 * Other values: cut at multiples of n. With p the place in a piece, a window that ends at place q
 * takes x_p with weight (p + 1) + (n - q - 1) from this piece and with weight p - q from the one
 * before; so prefix sums of x and (p + 1) x, and suffix sums of x and of suffix sums, are enough.
 * All are compensated pairs and only add. Windows of a few bars are summed anew, many bars side by
 * side.
 */
#include "engine/indicators/window_weighted.h"

#include "engine/indicators/compensated.h"
#include "engine/indicators/decimals.h"
#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>

enum { PIECE = 256, LONGEST_SHORT = 32 };

/* The sums of a run of values. */
struct weighted {
    struct compensated plain, weighted;
};

enum mode { NARROW, ANCHORED };

struct window_weighted {
    int64_t next;
    int64_t mode;             /* which of the two below is up to date */
    double sum, weighted;     /* of the n values before `next`, as whole numbers */
    struct weighted prefix;   /* since the last cut */
    struct weighted suffix[]; /* [n] of the piece before it */
};

size_t window_weighted_state_bytes(int64_t n)
{
    size_t suffixes = n <= LONGEST_SHORT ? 0 : (size_t)n;
    return sizeof(struct window_weighted) + suffixes * sizeof(struct weighted);
}

/* ---- prices ------------------------------------------------------------------------------ */

/* |k| up to here keeps every sum and their combination below 2^53. */
static double narrow_limit(const struct weighted_line *l)
{
    double n = (double)l->n;
    double most = (fabs(l->w_factor) * (n + 1) / 2 + fabs(l->a_factor)) * n;
    return floor(9007199254740992.0 / (2 * most));
}

/* Prices as whole numbers, and their change against those that leave the window. False when one is
 * too large. */
CLONES static bool narrow_prices(const double *x, int64_t count, int64_t n, int64_t head,
                                 double scale, double limit, double *restrict now,
                                 double *restrict change)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < head; i++) {
        now[i] = change[i] = nearest_whole(x[i] * scale);
        bad |= !(fabs(now[i]) <= limit);
    }
    for (int64_t i = head; i < count; i++) {
        now[i] = nearest_whole(x[i] * scale);
        change[i] = now[i] - nearest_whole(x[i - n] * scale);
        bad |= !(fabs(now[i]) <= limit);
    }
    return bad == 0;
}

/* now[i] becomes the change of W: n k - the sum of the window before. */
CLONES static void weighted_changes(const double *sum, double sum_before, int64_t count, double n,
                                    double *restrict now)
{
    now[0] = n * now[0] - sum_before;
    for (int64_t i = 1; i < count; i++)
        now[i] = n * now[i] - sum[i - 1];
}

CLONES static void combine_whole(const double *sum, const double *weighted, int64_t count,
                                 double w_factor, double a_factor, double divisor,
                                 double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (w_factor * weighted[i] + a_factor * sum[i]) / divisor;
}

/* Both sums over the `before` values in front of x. False when one is too large. */
static bool narrow_rebuild(struct window_weighted *w, const double *x, int64_t before, int64_t n,
                           double scale, double limit)
{
    w->sum = w->weighted = 0;
    for (int64_t i = -before; i < 0; i++) {
        double k = nearest_whole(x[i] * scale);
        if (!(fabs(k) <= limit))
            return false;
        w->sum += k;
        w->weighted += k * (double)(n + 1 + i); /* the weight it has on the bar before x */
    }
    return true;
}

/* x: bars from the first price on, `seen` prices before them. */
static bool run_narrow(struct window_weighted *w, const double *x, int64_t bars, int64_t seen,
                       bool current, const struct weighted_line *l, double scale, double *out)
{
    double limit = narrow_limit(l);
    if (!current && !narrow_rebuild(w, x, seen < l->n ? seen : l->n, l->n, scale, limit))
        return false;
    for (int64_t i = 0; i < bars; i += PIECE) {
        double now[PIECE], sum[PIECE];
        int64_t count = bars - i < PIECE ? bars - i : PIECE;
        int64_t head = l->n - seen - i;
        head = head < 0 ? 0 : head < count ? head : count;
        if (!narrow_prices(x + i, count, l->n, head, scale, limit, now, sum))
            return false;
        double before = w->sum;
        w->sum = running_sums(sum, count, before);
        weighted_changes(sum, before, count, (double)l->n, now);
        w->weighted = running_sums(now, count, w->weighted);
        combine_whole(sum, now, count, l->w_factor, l->a_factor, l->divisor * scale, out + i);
    }
    w->mode = NARROW;
    return true;
}

static double divide_wide(__int128 numerator, double divisor)
{
    double high = (double)numerator;
    struct compensated pair = {high, (double)(numerator - (__int128)high)};
    return compensated_divide(pair, divisor);
}

/* Prices too large or windows too long for sums in doubles: the first window is summed anew. */
static void run_wide(const double *x, int64_t bars, int64_t seen, const struct weighted_line *l,
                     double scale, double *out)
{
    __int128 sum = 0, weighted = 0;
    int64_t before = seen < l->n ? seen : l->n;
    for (int64_t i = -before; i < bars; i++) {
        int64_t k = llrint(x[i] * scale);
        weighted += (__int128)l->n * k - sum;
        sum += k;
        if (i < 0)
            continue;
        if (seen + i >= l->n)
            sum -= llrint(x[i - l->n] * scale);
        out[i] = divide_wide((__int128)l->w_factor * weighted + (__int128)l->a_factor * sum,
                             l->divisor * scale);
    }
}

static void set_missing(double *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = NAN;
}

static void run_prices(struct window_weighted *w, const struct indicator_block *b,
                       const struct weighted_line *l)
{
    double scale = decimals_scale(b->decimals);
    int64_t none = b->first - b->start; /* bars without a price yet */
    none = none < 0 ? 0 : none < b->count ? none : b->count;
    set_missing(b->out[0], none);
    const double *x = b->in[0] + none;
    int64_t bars = b->count - none, seen = b->start + none - b->first;
    bool current = w->next == b->start && w->mode == NARROW && none == 0;
    bool narrow = bars > 0 && run_narrow(w, x, bars, seen, current, l, scale, b->out[0] + none);
    w->next = narrow ? b->start + b->count : -1; /* else its sums are void */
    if (!narrow)
        run_wide(x, bars, seen, l, scale, b->out[0] + none);
    int64_t partial = l->n - 1 - seen;
    set_missing(b->out[0] + none, partial < bars ? partial : bars);
}

/* ---- any values -------------------------------------------------------------------------- */

static inline double combine(struct compensated weighted, struct compensated plain, double w_factor,
                             double a_factor, double divisor)
{
    struct compensated a = compensated_product(weighted.high, w_factor);
    struct compensated b = compensated_product(plain.high, a_factor);
    a.low += weighted.low * w_factor;
    b.low += plain.low * a_factor;
    return compensated_divide(compensated_join(a, b), divisor);
}

/* From the newest value to the oldest: W is the sum of the sums on the way, x[0] being in all n. */
CLONES static void short_lines(const double *x, int64_t count, int64_t n, double w_factor,
                               double a_factor, double divisor, double *restrict out)
{
    double ah[PIECE], al[PIECE], wh[PIECE], wl[PIECE];
    for (int64_t i = 0; i < count; i++) {
        ah[i] = wh[i] = x[i];
        al[i] = wl[i] = 0;
    }
    for (int64_t j = 1; j < n; j++) {
        for (int64_t i = 0; i < count; i++) {
            struct compensated a = compensated_add((struct compensated){ah[i], al[i]}, x[i - j]);
            struct compensated w = compensated_join((struct compensated){wh[i], wl[i]}, a);
            ah[i] = a.high;
            al[i] = a.low;
            wh[i] = w.high;
            wl[i] = w.low;
        }
    }
    /* that is weights from x[0] = n down to x[n-1] = 1: sums over the newest 1, 2, ..., n values */
    for (int64_t i = 0; i < count; i++)
        out[i] = combine((struct compensated){wh[i], wl[i]}, (struct compensated){ah[i], al[i]},
                         w_factor, a_factor, divisor);
}

static void suffixes(struct window_weighted *w, const double *piece, int64_t from, int64_t n)
{
    struct weighted s = {{0, 0}, {0, 0}};
    for (int64_t j = n - 1; j >= from; j--) {
        s.plain = compensated_add(s.plain, piece[j]);
        s.weighted = compensated_join(s.weighted, s.plain);
        w->suffix[j] = s;
    }
}

static void prefix_add(struct window_weighted *w, double x, int64_t place)
{
    struct compensated product = compensated_product(x, (double)(place + 1));
    w->prefix.plain = compensated_add(w->prefix.plain, x);
    w->prefix.weighted = compensated_join(w->prefix.weighted, product);
}

static double anchored_value(const struct window_weighted *w, int64_t place,
                             const struct weighted_line *l)
{
    double extra = (double)(l->n - place - 1);
    struct compensated shifted = compensated_product(w->prefix.plain.high, extra);
    shifted.low += w->prefix.plain.low * extra;
    struct compensated weighted = compensated_join(w->prefix.weighted, shifted);
    struct compensated plain = w->prefix.plain;
    if (place + 1 < l->n) {
        weighted = compensated_join(weighted, w->suffix[place + 1].weighted);
        plain = compensated_join(plain, w->suffix[place + 1].plain);
    }
    return combine(weighted, plain, l->w_factor, l->a_factor, l->divisor);
}

static void run_anchored(struct window_weighted *w, const struct indicator_block *b,
                         const struct weighted_line *l)
{
    const double *x = b->in[0];
    int64_t n = l->n, at = b->start % n;
    if (w->next != b->start || w->mode != ANCHORED) {
        suffixes(w, x - at - n, at + 1, n);
        w->prefix = (struct weighted){{0, 0}, {0, 0}};
        for (int64_t i = -at; i < 0; i++)
            prefix_add(w, x[i], at + i);
    }
    for (int64_t i = 0; i < b->count; i++) {
        if (at == 0) {
            suffixes(w, x + i - n, 1, n);
            w->prefix = (struct weighted){{0, 0}, {0, 0}};
        }
        prefix_add(w, x[i], at);
        b->out[0][i] = anchored_value(w, at, l);
        at = at + 1 == n ? 0 : at + 1;
    }
    w->next = b->start + b->count;
    w->mode = ANCHORED;
}

void window_weighted_run(void *state, const struct indicator_block *b,
                         const struct weighted_line *l)
{
    assert(l->n >= 1);
    if (b->decimals >= 0) {
        run_prices(state, b, l);
        return;
    }
    if (l->n > LONGEST_SHORT) {
        run_anchored(state, b, l);
        return;
    }
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        short_lines(b->in[0] + i, count, l->n, l->w_factor, l->a_factor, l->divisor, b->out[0] + i);
    }
}
