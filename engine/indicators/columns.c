#include "engine/indicators/columns.h"

#include "engine/indicators/decimals.h"
#include "engine/rule/clones.h"

#include <math.h>
#include <string.h>

CLONES bool column_has_missing(const double *x, int64_t count)
{
    int64_t missing = 0;
    for (int64_t i = 0; i < count; i++)
        missing |= x[i] != x[i];
    return missing != 0;
}

CLONES void column_subtract(const double *a, const double *b, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] - b[i];
}

CLONES static void to_whole(const double *x, int64_t count, double scale, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = nearest_whole(x[i] * scale);
}

void column_whole(const double *x, int64_t count, int32_t decimals, double *out)
{
    if (decimals < 0)
        memcpy(out, x, (size_t)count * sizeof(double));
    else
        to_whole(x, count, decimals_scale(decimals), out);
}

/* MISSING when one of the three is. */
static inline double range_of(double high, double low, double before)
{
    double range = high - low, up = fabs(high - before), down = fabs(low - before);
    double most = up > down ? up : down;
    most = range > most ? range : most;
    return range + up != range + up ? NAN : most;
}

CLONES static void range_of_decimals(const double *high, const double *low, const double *close,
                                     int64_t count, double scale, double unit, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = range_of(nearest_whole(high[i] * scale), nearest_whole(low[i] * scale),
                          nearest_whole(close[i - 1] * scale)) /
                 unit;
}

CLONES static void range_of_any(const double *high, const double *low, const double *close,
                                int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = range_of(high[i], low[i], close[i - 1]);
}

static void true_range(const struct indicator_block *b, int64_t i, int64_t count, double unit,
                       double *out)
{
    const double *high = b->in[0] + i, *low = b->in[1] + i, *close = b->in[2] + i;
    if (b->decimals >= 0)
        range_of_decimals(high, low, close, count, decimals_scale(b->decimals), unit, out);
    else
        range_of_any(high, low, close, count, out);
}

void column_true_range(const struct indicator_block *b, int64_t i, int64_t count, double *out)
{
    true_range(b, i, count, b->decimals >= 0 ? decimals_scale(b->decimals) : 1, out);
}

void column_true_range_whole(const struct indicator_block *b, int64_t i, int64_t count, double *out)
{
    true_range(b, i, count, 1, out);
}
