/* Means and variances are taken from the exact sums at the end. The variance's numerator,
 * n * sum(k^2) - sum(k)^2, is the small difference of two large numbers; it is computed in 256-bit
 * integers, so that nothing is lost to cancellation, and only the result is rounded.
 */
#include "engine/study/exact_sum.h"

#include <math.h>

/* A number below 2^256, least significant 64 bits first. */
struct wide {
    uint64_t limb[4];
};

void exact_sum_merge(struct exact_sum *s, const struct exact_sum *other)
{
    s->count += other->count;
    s->hits += other->hits;
    s->sum += other->sum;
    s->squares_low += other->squares_low;
    s->squares_high += other->squares_high + (s->squares_low < other->squares_low);
}

void exact_sum_subtract(struct exact_sum *s, const struct exact_sum *other)
{
    s->count -= other->count;
    s->hits -= other->hits;
    s->sum -= other->sum;
    s->squares_high -= other->squares_high + (s->squares_low < other->squares_low);
    s->squares_low -= other->squares_low;
}

bool exact_sum_is_possible(const struct exact_sum *s)
{
    const __int128 largest = (__int128)EXACT_SUM_LIMIT * (INT64_C(1) << 53);
    return s->count >= 0 && s->count < INT64_C(1) << 53 && s->hits >= 0 && s->hits <= s->count &&
           s->sum <= largest * s->count && s->sum >= -largest * s->count;
}

bool exact_sum_equal(const struct exact_sum *a, const struct exact_sum *b)
{
    return a->count == b->count && a->hits == b->hits && a->sum == b->sum &&
           a->squares_low == b->squares_low && a->squares_high == b->squares_high;
}

static void wide_multiply(struct wide *w, uint64_t factor)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)w->limb[i] * factor;
        w->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static struct wide wide_square(unsigned __int128 x)
{
    uint64_t low = (uint64_t)x, high = (uint64_t)(x >> 64);
    unsigned __int128 ll = (unsigned __int128)low * low;
    unsigned __int128 lh = (unsigned __int128)low * high;
    unsigned __int128 hh = (unsigned __int128)high * high;
    unsigned __int128 middle = (ll >> 64) + 2 * (unsigned __int128)(uint64_t)lh;
    hh += 2 * (lh >> 64) + (middle >> 64);
    return (struct wide){
        {(uint64_t)ll, (uint64_t)middle, (uint64_t)hh, (uint64_t)(hh >> 64)},
    };
}

static void wide_subtract(struct wide *w, const struct wide *other)
{
    unsigned borrow = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t with = other->limb[i] + borrow;
        bool wraps = with < borrow;
        bool below = w->limb[i] < with;
        w->limb[i] -= with;
        borrow = wraps || below;
    }
}

static double wide_to_double(const struct wide *w)
{
    double x = 0;
    for (int i = 3; i >= 0; i--)
        x = x * 0x1p64 + (double)w->limb[i];
    return x;
}

double exact_sum_mean(const struct exact_sum *s)
{
    if (s->count == 0)
        return NAN;
    return (double)s->sum / (double)s->count / EXACT_SUM_SCALE;
}

double exact_sum_variance(const struct exact_sum *s)
{
    if (s->count < 2)
        return NAN;
    struct wide numerator = {
        {(uint64_t)s->squares_low, (uint64_t)(s->squares_low >> 64), s->squares_high, 0},
    };
    wide_multiply(&numerator, (uint64_t)s->count);
    struct wide square =
        wide_square(s->sum < 0 ? -(unsigned __int128)s->sum : (unsigned __int128)s->sum);
    wide_subtract(&numerator, &square);
    double n = (double)s->count;
    return wide_to_double(&numerator) / n / (n - 1) / (EXACT_SUM_SCALE * EXACT_SUM_SCALE);
}

double exact_sum_hit_rate(const struct exact_sum *s)
{
    return s->count == 0 ? NAN : (double)s->hits / (double)s->count;
}
