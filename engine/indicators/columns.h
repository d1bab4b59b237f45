/* Elementary steps over a piece of bars that several kernels share. All vectorised; no column
 * overlaps another unless it says so. */
#ifndef ENGINE_INDICATORS_COLUMNS_H
#define ENGINE_INDICATORS_COLUMNS_H

#include "engine/indicators/indicator.h"

bool column_has_missing(const double *x, int64_t count);
/* out may be a or b. */
void column_subtract(const double *a, const double *b, int64_t count, double *out);

/* Prices as whole numbers, k of k / 10^decimals: differences of them are exact, and equal ones are
 * equal. With decimals -1 the values themselves. */
void column_whole(const double *x, int64_t count, int32_t decimals, double *out);

/* The true range of bars [i, i + count) of a block whose inputs are high, low and close, in that
 * order: the largest of high - low, |high - close[1]| and |low - close[1]|, the double nearest to
 * the true value where prices are decimals. Reads close one bar back. */
void column_true_range(const struct indicator_block *b, int64_t i, int64_t count, double *out);
/* The same in the units of column_whole. */
void column_true_range_whole(const struct indicator_block *b, int64_t i, int64_t count,
                             double *out);

#endif
