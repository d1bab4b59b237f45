/* Mean and standard deviation of the last n values, without cancellation.
 *
 * Prices: from exact integer sums, so that a flat window has a deviation of exactly zero and the
 * mean is that of sma(n), to the bit. Other values: each window from sums that only add
 * (window_moments.c). MISSING while the window is not full or holds a MISSING value. Where a run
 * began and how it is cut does not show.
 */
#ifndef ENGINE_INDICATORS_WINDOW_MOMENTS_H
#define ENGINE_INDICATORS_WINDOW_MOMENTS_H

#include "engine/indicators/indicator.h"

enum { MOMENTS_PIECE = 256 };

struct moments {
    double mean[MOMENTS_PIECE];
    double distance[MOMENTS_PIECE];  /* of the value from the mean */
    double deviation[MOMENTS_PIECE]; /* standard deviation, of the population */
};

size_t window_moments_state_bytes(int64_t n);

/* Bars [i, i + count) of the block, count <= MOMENTS_PIECE; pieces in time order. Reads in[0] n
 * bars back. */
void window_moments_piece(void *state, const struct indicator_block *b, int64_t i, int64_t count,
                          int64_t n, struct moments *ret);

#endif
