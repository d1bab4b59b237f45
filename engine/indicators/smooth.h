/* Exponential smoothing, the core of every recursive mean: e += (x - e) k.
 *
 * The first value is the mean of the first n; a MISSING value starts it anew, seed included. With
 * k = 2 / (n + 1) that is the EMA, with k = 1 / n Wilder's average. Written as a step towards x, so
 * that a flat series gives its value exactly.
 */
#ifndef ENGINE_INDICATORS_SMOOTH_H
#define ENGINE_INDICATORS_SMOOTH_H

#include "engine/indicators/compensated.h"

#include <stdint.h>

/* Plain bytes without padding: part of the state of a RECURSIVE kernel. Zero bytes have seen
 * nothing. */
struct smooth {
    double value;            /* the average, once seen == n */
    struct compensated seed; /* sum of the values seen so far while seen < n, then zero */
    int64_t seen;            /* values since the start or the last MISSING one, at most n */
};

static inline double smooth_ema_factor(double n)
{
    return 2.0 / (n + 1.0);
}

static inline double smooth_wilder_factor(double n)
{
    return 1.0 / n;
}

/* The next values x[0..count) -> out[0..count), MISSING until there are n. They must not overlap.
 */
void smooth_run(struct smooth *s, const double *x, int64_t count, int64_t n, double k, double *out);

/* After how many bars the mean has forgotten where it began, to the last bit: (1 - k)^m falls below
 * half a unit in the last place at m = 18.7 (n + 1) for an EMA and 37.4 n for Wilder's; rounding
 * then merges the two paths within a few more bars. A chain of `stages`, each smoothing the one
 * before, takes longer by the powers of m in its impulse response. */
int64_t smooth_ema_warmup(int64_t n, int32_t stages);
int64_t smooth_wilder_warmup(int64_t n);

#endif
