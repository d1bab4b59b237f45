#include "engine/indicators/smooth.h"

#include <math.h>

/* One value while the seed is being collected. */
static double smooth_seed(struct smooth *s, double x, int64_t n)
{
    if (isnan(x)) {
        *s = (struct smooth){0};
        return NAN;
    }
    s->seed = compensated_add(s->seed, x);
    if (++s->seen < n)
        return NAN;
    s->value = compensated_divide(s->seed, (double)n);
    s->seed = (struct compensated){0, 0};
    return s->value;
}

/* Bars [i, count) until one is MISSING; returns the first bar not done. */
static int64_t smooth_advance(struct smooth *s, const double *x, int64_t i, int64_t count, double k,
                              double *out)
{
    int64_t from = i;
    double value = s->value;
    for (; i < count; i++) {
        value += (x[i] - value) * k;
        out[i] = value;
    }
    if (isnan(value)) { /* NaN stays, so it is enough to look once and then find where it began */
        for (i = from; !isnan(out[i]); i++)
            ;
        *s = (struct smooth){0};
        return i;
    }
    s->value = value;
    return count;
}

void smooth_run(struct smooth *s, const double *x, int64_t count, int64_t n, double k, double *out)
{
    for (int64_t i = 0; i < count;) {
        if (s->seen == n && n > 1)
            i = smooth_advance(s, x, i, count, k, out);
        if (i == count)
            return;
        if (n == 1) /* the value itself, which (x - e) * 1 + e is not always */
            s->seen = 0;
        out[i] = smooth_seed(s, x[i], n);
        i++;
    }
}

int64_t smooth_ema_warmup(int64_t n, int32_t stages)
{
    return (15 + 4 * (int64_t)stages) * n + 64;
}

int64_t smooth_wilder_warmup(int64_t n)
{
    return 42 * n + 64;
}
