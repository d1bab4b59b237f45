/* The problem: E[x^2] - E[x]^2 subtracts two large numbers that are nearly equal. On an index at
 * 20,000 with windows of a few points what is left is mostly rounding; and updated from bar to bar
 * it drifts.
 *
 * Prices are k / 10^d. With D = k - base for any whole base, n sum(D^2) - sum(D)^2 is n^2 times the
 * variance of k, exactly, whatever the base: so the sums may be updated as one likes. They stay in
 * doubles as long as everything is below 2^53 (base follows the price); else in 128 bits. Both give
 * the same bits.
 *
 * Other values, long windows: cut at multiples of n as in window_sum.c; a window is the end of one
 * piece and the beginning of the next, each with its own mean and sum of squares about it
 * (Welford), joined by Chan's formula, which adds squares only. Short windows: the mean first, then
 * squares about it, many bars side by side.
 */
#include "engine/indicators/window_moments.h"

#include "engine/indicators/compensated.h"
#include "engine/indicators/decimals.h"
#include "engine/indicators/window_sum.h"
#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>

enum { PIECE = MOMENTS_PIECE, LONGEST_SHORT = 32 };

typedef unsigned __int128 wide; /* arithmetic modulo 2^128: only a window's own variance must fit */

enum mode { NARROW, WIDE, ANCHORED, VOID };

/* Count, mean and sum of squares about the mean of some values. */
struct spread {
    double count, mean, squares;
};

struct window_moments {
    int64_t next;
    int64_t mode; /* which of the below is up to date */
    double base, sum, squares;
    uint64_t wide_sum[2], wide_squares[2]; /* low and high halves: the state is aligned to 8 */
    struct spread prefix;                  /* since the last cut */
    struct spread suffix[];                /* [n] of the piece before it, then a window_sum */
};

static size_t suffix_count(int64_t n)
{
    return n <= LONGEST_SHORT ? 0 : (size_t)n;
}

size_t window_moments_state_bytes(int64_t n)
{
    return sizeof(struct window_moments) + suffix_count(n) * sizeof(struct spread) +
           window_sum_state_bytes(n);
}

static void *mean_state(struct window_moments *w, int64_t n)
{
    return w->suffix + suffix_count(n);
}

/* Where the results of some bars go. */
struct target {
    double *mean, *distance, *deviation;
};

static void set_missing(struct target t, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        t.mean[i] = t.distance[i] = t.deviation[i] = NAN;
}

/* ---- prices, narrow ---------------------------------------------------------------------- */

/* |D| up to here keeps n sum(D^2) - sum(D)^2 exact. */
static double narrow_limit(int64_t n)
{
    return floor(94906265.0 / (double)n);
}

/* A piece of prices, D now and n bars ago; before the first price D is 0. False when one is too
 * large. */
CLONES static bool narrow_distances(const double *x, int64_t count, int64_t n, int64_t head,
                                    double scale, double base, double limit, double *restrict now,
                                    double *restrict sum, double *restrict squares)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < head; i++) {
        now[i] = sum[i] = nearest_whole(x[i] * scale) - base;
        squares[i] = now[i] * now[i];
        bad |= !(fabs(now[i]) <= limit);
    }
    for (int64_t i = head; i < count; i++) {
        double d = nearest_whole(x[i] * scale) - base;
        double before = nearest_whole(x[i - n] * scale) - base;
        now[i] = d;
        sum[i] = d - before;
        squares[i] = d * d - before * before;
        bad |= !(fabs(d) <= limit) | !(fabs(before) <= limit);
    }
    return bad == 0;
}

CLONES static void narrow_moments(const double *now, const double *sum, const double *squares,
                                  int64_t count, double n, double base, double divisor,
                                  double *restrict mean, double *restrict distance,
                                  double *restrict deviation)
{
    for (int64_t i = 0; i < count; i++) {
        mean[i] = (n * base + sum[i]) / divisor;
        distance[i] = (n * now[i] - sum[i]) / divisor;
        deviation[i] = sqrt(n * squares[i] - sum[i] * sum[i]) / divisor;
    }
}

/* Sums anew over the values before the piece, about a base that suits it. False when they are too
 * far apart. */
static bool narrow_rebuild(struct window_moments *w, const double *x, int64_t before, double scale,
                           double limit)
{
    w->base = nearest_whole(x[0] * scale);
    w->sum = w->squares = 0;
    for (int64_t i = -before; i < 0; i++) {
        double d = nearest_whole(x[i] * scale) - w->base;
        if (!(fabs(d) <= limit))
            return false;
        w->sum += d;
        w->squares += d * d;
    }
    return true;
}

/* x: `count` prices, `before` ones readable in front of them and in the window at most n. */
static bool run_narrow(struct window_moments *w, const double *x, int64_t count, int64_t before,
                       bool current, int64_t n, double scale, struct target t)
{
    double now[PIECE], sum[PIECE], squares[PIECE];
    double limit = narrow_limit(n);
    int64_t head = before < n ? n - before : 0;
    head = head < count ? head : count;
    for (int attempt = current ? 0 : 1; attempt < 2; attempt++) {
        if (attempt == 1 && !narrow_rebuild(w, x, before, scale, limit))
            return false;
        if (fabs(w->base) > 4503599627370496.0 / (double)n)
            return false;
        if (!narrow_distances(x, count, n, head, scale, w->base, limit, now, sum, squares))
            continue;
        w->sum = running_sums(sum, count, w->sum);
        w->squares = running_sums(squares, count, w->squares);
        narrow_moments(now, sum, squares, count, (double)n, w->base, (double)n * scale, t.mean,
                       t.distance, t.deviation);
        w->mode = NARROW;
        return true;
    }
    return false;
}

/* ---- prices, wide ------------------------------------------------------------------------ */

static wide wide_load(const uint64_t *halves)
{
    return (wide)halves[1] << 64 | halves[0];
}

static void wide_store(wide value, uint64_t *halves)
{
    halves[0] = (uint64_t)value;
    halves[1] = (uint64_t)(value >> 64);
}

static wide wide_price(double x, double scale)
{
    return (wide)(__int128)llrint(x * scale);
}

static void run_wide(struct window_moments *w, const double *x, int64_t count, int64_t before,
                     bool current, int64_t n, double scale, struct target t)
{
    wide sum = wide_load(w->wide_sum), squares = wide_load(w->wide_squares);
    if (!current)
        sum = squares = 0;
    for (int64_t i = current ? 0 : -before; i < count; i++) {
        wide k = wide_price(x[i], scale);
        sum += k;
        squares += k * k;
        if (i >= 0 && before + i >= n) {
            wide old = wide_price(x[i - n], scale);
            sum -= old;
            squares -= old * old;
        }
        if (i < 0)
            continue;
        double divisor = (double)n * scale, high = (double)(__int128)sum;
        struct compensated pair = {high, (double)((__int128)sum - (__int128)high)};
        t.mean[i] = compensated_divide(pair, divisor);
        t.distance[i] = (double)(__int128)((wide)n * k - sum) / divisor;
        t.deviation[i] = sqrt((double)((wide)n * squares - sum * sum)) / divisor;
    }
    wide_store(sum, w->wide_sum);
    wide_store(squares, w->wide_squares);
    w->mode = WIDE;
}

static void run_prices(struct window_moments *w, const struct indicator_block *b, int64_t i,
                       int64_t count, int64_t n, struct target t)
{
    int64_t start = b->start + i, none = b->first - start; /* bars without a price yet */
    bool current = w->next == start;
    if (none > 0) {
        none = none < count ? none : count;
        set_missing(t, 0, none);
        t = (struct target){t.mean + none, t.distance + none, t.deviation + none};
        start += none;
        count -= none;
        current = false;
    }
    if (count == 0) {
        w->mode = VOID;
        return;
    }
    const double *x = b->in[0] + (start - b->start);
    double scale = decimals_scale(b->decimals);
    int64_t seen = start - b->first;
    int64_t before = seen < n ? seen : n;
    if (w->mode == WIDE ||
        !run_narrow(w, x, count, before, current && w->mode == NARROW, n, scale, t))
        run_wide(w, x, count, before, current && w->mode == WIDE, n, scale, t);
    set_missing(t, 0, n - 1 - seen < count ? n - 1 - seen : count);
}

/* ---- any values -------------------------------------------------------------------------- */

/* Squares about the mean, and what the mean lacks because it is rounded. */
CLONES static void short_deviations(const double *x, int64_t count, int64_t n,
                                    const double *restrict mean, double *restrict distance,
                                    double *restrict deviation)
{
    double sum[PIECE], squares[PIECE];
    for (int64_t i = 0; i < count; i++)
        sum[i] = squares[i] = 0;
    for (int64_t j = n - 1; j >= 0; j--) {
        for (int64_t i = 0; i < count; i++) {
            double d = x[i - j] - mean[i];
            sum[i] += d;
            squares[i] += d * d;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        double rest = squares[i] - sum[i] * sum[i] / (double)n;
        distance[i] = x[i] - mean[i];
        deviation[i] = sqrt((rest < 0 ? 0 : rest) / (double)n);
    }
}

static struct spread spread_add(struct spread s, double x)
{
    double d = x - s.mean;
    s.count += 1;
    s.mean += d / s.count;
    s.squares += d * (x - s.mean);
    return s;
}

static double spread_join(struct spread a, struct spread b)
{
    double apart = b.mean - a.mean;
    return a.squares + b.squares + apart * apart * (a.count * b.count / (a.count + b.count));
}

static void spread_suffixes(struct window_moments *w, const double *piece, int64_t from, int64_t n)
{
    struct spread s = {0, piece[n - 1], 0};
    for (int64_t j = n - 1; j >= from; j--)
        w->suffix[j] = s = spread_add(s, piece[j]);
}

static void long_deviations(struct window_moments *w, const double *x, int64_t start, int64_t count,
                            int64_t n, bool current, struct target t)
{
    int64_t at = start % n;
    if (!current && at > 0) {
        spread_suffixes(w, x - at - n, at + 1, n);
        w->prefix = (struct spread){0, x[-at], 0};
        for (int64_t i = -at; i < 0; i++)
            w->prefix = spread_add(w->prefix, x[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        if (at == 0) {
            spread_suffixes(w, x + i - n, 1, n);
            w->prefix = (struct spread){0, x[i], 0};
        }
        w->prefix = spread_add(w->prefix, x[i]);
        double squares =
            at + 1 == n ? w->prefix.squares : spread_join(w->suffix[at + 1], w->prefix);
        t.distance[i] = x[i] - t.mean[i];
        t.deviation[i] = sqrt(squares / (double)n);
        at = at + 1 == n ? 0 : at + 1;
    }
}

static void run_any(struct window_moments *w, const struct indicator_block *b, int64_t i,
                    int64_t count, int64_t n, struct target t)
{
    const double *x = b->in[0] + i;
    struct window_sum_column column = {.start = b->start + i, .count = count, .x = x};
    window_sum_column(mean_state(w, n), &column, n, (double)n, t.mean);
    if (n <= LONGEST_SHORT)
        short_deviations(x, count, n, t.mean, t.distance, t.deviation);
    else
        long_deviations(w, x, b->start + i, count, n,
                        w->next == b->start + i && w->mode == ANCHORED, t);
    w->mode = ANCHORED;
}

void window_moments_piece(void *state, const struct indicator_block *b, int64_t i, int64_t count,
                          int64_t n, struct moments *ret)
{
    struct window_moments *w = state;
    struct target t = {ret->mean, ret->distance, ret->deviation};
    assert(n >= 1 && count >= 1 && count <= PIECE);
    if (b->decimals >= 0)
        run_prices(w, b, i, count, n, t);
    else
        run_any(w, b, i, count, n, t);
    w->next = b->start + i + count;
}
