/* Sums over the last n bars, divided: the core of every mean.
 *
 * out = (sum of the last n values) / divisor, MISSING while the window is not full or holds a
 * MISSING value. Exact where it can be (see window_sum.c): prices on a decimal grid and whole
 * numbers give the double nearest to the true quotient, any other series is free of drift, and a
 * flat one gives its value when divisor is n. Where a run began and how it is cut into blocks does
 * not show.
 */
#ifndef ENGINE_INDICATORS_WINDOW_SUM_H
#define ENGINE_INDICATORS_WINDOW_SUM_H

#include "engine/indicators/indicator.h"

size_t window_sum_state_bytes(int64_t n);
/* Reads in[0] n bars back (not n - 1). */
void window_sum_run(void *state, const struct indicator_block *b, int64_t n, double divisor);

/* The same for a column that a kernel has computed on its way. */
struct window_sum_column {
    int64_t start, count;
    const double *x; /* [count], n values before it readable */
    int64_t first;   /* every bar before is MISSING */
    bool whole;      /* most likely whole numbers; each is checked */
};
void window_sum_column(void *state, const struct window_sum_column *c, int64_t n, double divisor,
                       double *out);

#endif
