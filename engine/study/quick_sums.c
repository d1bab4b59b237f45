/* exact_sum_add takes ten cycles a bar and horizon: a conversion, a product of 128 bits, carries
 * through 192. Most returns are small, though, and the bars of a session mostly follow each other
 * minute by minute. So neighbouring bars go to neighbouring cells, as vectors:
 *
 *   x = k / 2^53 with |k| < 2^50            else: exact_sum_add
 *   k = high * 2^25 + low                   both whole, |high| and |low| <= 2^25
 *   k^2 = high^2 * 2^50 + high * low * 2^26 + low^2
 *
 * The three products are below 2^51: whole numbers that doubles hold exactly, and of which 4,096
 * fit into 64 bits. Only settling them needs wide arithmetic.
 *
 * A double y below 2^51 that is a whole number becomes an integer by adding ROUND: what stands in
 * the low bits of y + ROUND is y, in two's complement. Instructions that convert do so for vectors
 * only on the latest processors.
 */
#include "engine/study/quick_sums.h"

#include "engine/rule/clones.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLDED static inline __attribute__((always_inline))
#define ROUND 0x1.8p52 /* to the nearest whole number */

enum quick_field { COUNT, HITS, SUM, HIGH_SQUARES, PRODUCTS, LOW_SQUARES, QUICK_FIELDS };
enum {
    SESSIONS_MAX = 4096,
    FEW = 8,     /* bars that are not worth a vector */
    PIECE = 512, /* bars at a time */
};
#define SMALL_RETURN 0x1p-3

static size_t cell_count(size_t horizon_count)
{
    return horizon_count * QUICK_FIELDS * MINUTES_OF_DAY;
}

enum err quick_sums_init(struct quick_sums *q, size_t horizon_count, struct error *e)
{
    int64_t *cells = calloc(cell_count(horizon_count), sizeof *cells);
    if (!cells)
        return error_set(e, ERR_NO_MEMORY, "no memory for the sums of a study");
    *q = (struct quick_sums){
        .horizon_count = horizon_count, .first_minute = MINUTES_OF_DAY, .cells = cells};
    return ERR_OK;
}

void quick_sums_release(struct quick_sums *q)
{
    free(q->cells);
    *q = (struct quick_sums){0};
}

static int64_t *field_of(const struct quick_sums *q, size_t horizon, enum quick_field field)
{
    return q->cells + (horizon * QUICK_FIELDS + field) * MINUTES_OF_DAY;
}

/* ---- settling ---- */

static struct exact_sum settled(const int64_t value[QUICK_FIELDS])
{
    __int128 squares = (__int128)value[HIGH_SQUARES] * (INT64_C(1) << 50) +
                       (__int128)value[PRODUCTS] * (1 << 26) + value[LOW_SQUARES];
    return (struct exact_sum){.count = value[COUNT],
                              .hits = value[HITS],
                              .sum = value[SUM],
                              .squares_low = (unsigned __int128)squares};
}

void quick_sums_settle(struct quick_sums *q)
{
    for (size_t h = 0; q->target && h < q->horizon_count; h++) {
        for (int32_t m = q->first_minute; m < q->end_minute; m++) {
            int64_t value[QUICK_FIELDS];
            for (int f = 0; f < QUICK_FIELDS; f++) {
                int64_t *at = field_of(q, h, (enum quick_field)f) + m;
                value[f] = *at;
                *at = 0;
            }
            struct exact_sum part = settled(value);
            if (part.count > 0)
                study_sums_add_part(q->target, h, m, &part);
        }
    }
    q->target = NULL;
    q->sessions = 0;
    q->first_minute = MINUTES_OF_DAY;
    q->end_minute = 0;
}

/* ---- adding ---- */

/* What the loops see of a bar: 0 when it is MISSING or its weight is 0. One choice at a time, for
 * several in one expression become branches. */
FOLDED double scaled(double weight, double x)
{
    double k = x * EXACT_SUM_SCALE;
    k = isnan(x) ? 0 : k;
    return k * weight;
}

/* The bars from `first` on whose minutes follow each other: their end. */
static int64_t run_end(const int16_t *minute, int64_t first, int64_t count)
{
    int64_t end = first + 1;
    while (end < count && minute[end] == minute[end - 1] + 1)
        end++;
    return end;
}

CLONES static bool are_small(const double *weight, const double *x, int64_t count)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        double k = scaled(weight[i], x[i]);
        bad |= (k + ROUND) - ROUND == k ? INT64_C(0) : INT64_C(1);
        bad |= fabs(k) < SMALL_RETURN * EXACT_SUM_SCALE ? INT64_C(0) : INT64_C(1);
    }
    return bad == 0;
}

/* y is whole, |y| <= 2^51. */
FOLDED int64_t whole(double y)
{
    const double round = ROUND;
    double shifted = y + round;
    int64_t bits, round_bits;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&round_bits, &round, sizeof round_bits);
    return bits - round_bits;
}

/* Each array from its cell of the first bar on. */
CLONES static void add_small(const double *restrict weight, const double *restrict x, int64_t count,
                             int64_t *restrict counts, int64_t *restrict hits,
                             int64_t *restrict sums, int64_t *restrict high_squares,
                             int64_t *restrict products, int64_t *restrict low_squares)
{
    for (int64_t i = 0; i < count; i++) { /* apart: a second question about x[i] would branch */
        double once = weight[i];
        counts[i] += whole(isnan(x[i]) ? 0 : once);
    }
    for (int64_t i = 0; i < count; i++) {
        double k = scaled(weight[i], x[i]);
        double high = (k + ROUND * 0x1p25) - ROUND * 0x1p25;
        double low = k - high;
        high *= 0x1p-25;
        hits[i] += k > 0;
        sums[i] += whole(k);
        high_squares[i] += whole(high * high);
        products[i] += whole(high * low);
        low_squares[i] += whole(low * low);
    }
}

static void add_run(struct quick_sums *q, size_t horizon, int64_t count, const double *weight,
                    int32_t minute, const double *x)
{
    int64_t *at = field_of(q, horizon, COUNT) + minute;
    add_small(weight, x, count, at, at + HITS * MINUTES_OF_DAY, at + SUM * MINUTES_OF_DAY,
              at + HIGH_SQUARES * MINUTES_OF_DAY, at + PRODUCTS * MINUTES_OF_DAY,
              at + LOW_SQUARES * MINUTES_OF_DAY);
    q->first_minute = minute < q->first_minute ? minute : q->first_minute;
    int32_t end = minute + (int32_t)count;
    q->end_minute = end > q->end_minute ? end : q->end_minute;
}

void quick_sums_add(struct quick_sums *q, struct study_sums *target, int64_t count,
                    const bool *counted, const int16_t *minute, const double *x, size_t stride)
{
    if (q->target != target || q->sessions == SESSIONS_MAX)
        quick_sums_settle(q);
    q->target = target;
    q->sessions++;
    for (int64_t first = 0, end; first < count; first = end) {
        double weight[PIECE];
        end = run_end(minute, first, count - first < PIECE ? count : first + PIECE);
        for (int64_t i = first; i < end; i++)
            weight[i - first] = counted[i];
        for (size_t h = 0; h < q->horizon_count; h++) {
            const double *from = x + h * stride;
            if (end - first >= FEW && are_small(weight, from + first, end - first))
                add_run(q, h, end - first, weight, minute[first], from + first);
            else
                study_sums_add(target, h, first, end, counted, minute, from);
        }
    }
}
