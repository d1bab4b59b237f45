/* Sums of returns that do not depend on the order of adding: means and variances from any cut of
 * the data are the same to the last bit.
 *
 * A return is r = a / b - 1 in doubles. The quotient is rounded to 53 bits; subtracting 1 is then
 * exact for quotients in [1/2, 2], and gives a multiple of 2^-53 elsewhere too (a result in [-1,
 * -1/2) has that unit in the last place, a result >= 1 a coarser one). So every return is k * 2^-53
 * for an integer k, and k, k * k are added as integers: nothing is rounded before the mean is
 * taken. Returns beyond +-1023 (102,300 %) count as +-1023.
 *
 * Invariants: 0 <= hits <= count < 2^53. Adding, subtracting and merging in any order gives the
 * same bits. A plain value; zero bytes are the empty sum.
 */
#ifndef ENGINE_EXACT_SUM_H
#define ENGINE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define EXACT_SUM_LIMIT 1023.0
#define EXACT_SUM_SCALE 0x1p53

struct exact_sum {
    int64_t count;
    int64_t hits;                  /* how many were > 0 */
    __int128 sum;                  /* of k */
    unsigned __int128 squares_low; /* of k * k, 192 bits */
    uint64_t squares_high;
    uint64_t reserved; /* one cache line */
};

/* x must not be NaN; what is not a multiple of 2^-53 is cut towards zero to one. */
static inline void exact_sum_add(struct exact_sum *s, double x)
{
    double limited = x > EXACT_SUM_LIMIT ? EXACT_SUM_LIMIT : x;
    limited = limited < -EXACT_SUM_LIMIT ? -EXACT_SUM_LIMIT : limited;
    int64_t k = (int64_t)(limited * EXACT_SUM_SCALE);
    uint64_t magnitude = k < 0 ? (uint64_t)-k : (uint64_t)k;
    unsigned __int128 square = (unsigned __int128)magnitude * magnitude;
    s->count++;
    s->hits += x > 0;
    s->sum += k;
    s->squares_low += square;
    s->squares_high += s->squares_low < square;
}

void exact_sum_merge(struct exact_sum *s, const struct exact_sum *other);
/* Takes away what was added before. */
void exact_sum_subtract(struct exact_sum *s, const struct exact_sum *other);
/* Whether it keeps the invariants, and some `count` returns could have given its sum. */
bool exact_sum_is_possible(const struct exact_sum *s);
bool exact_sum_equal(const struct exact_sum *a, const struct exact_sum *b);

double exact_sum_mean(const struct exact_sum *s);     /* NaN when empty */
double exact_sum_variance(const struct exact_sum *s); /* of a sample (n - 1); NaN for n < 2; >= 0 */
double exact_sum_hit_rate(const struct exact_sum *s); /* NaN when empty */

#endif
