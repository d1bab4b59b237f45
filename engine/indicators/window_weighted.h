/* Linearly weighted sums over the last n bars: the core of wma, linreg and linreg_slope.
 *
 *   A = x[0] + x[1] + ... + x[n-1],  W = n x[0] + (n-1) x[1] + ... + 1 x[n-1]
 *   out = (w_factor W + a_factor A) / divisor
 *
 * Prices: from exact integer sums, the double nearest to the true quotient. Other values: free of
 * drift, in compensated pairs. MISSING while the window is not full or holds a MISSING value. Where
 * a run began and how it is cut does not show.
 */
#ifndef ENGINE_INDICATORS_WINDOW_WEIGHTED_H
#define ENGINE_INDICATORS_WINDOW_WEIGHTED_H

#include "engine/indicators/indicator.h"

struct weighted_line {
    int64_t n;
    double w_factor, a_factor; /* whole numbers */
    double divisor;
};

size_t window_weighted_state_bytes(int64_t n);
/* Reads in[0] n bars back. */
void window_weighted_run(void *state, const struct indicator_block *b,
                         const struct weighted_line *line);

#endif
