/* The highest and lowest value of a window as a part of other kernels (see extremes.c).
 *
 * The state is a cache: all zero bytes stand before bar 0, and extremes_forget() makes it rebuild
 * from the values before x, n bars back.
 */
#ifndef ENGINE_INDICATORS_EXTREMES_H
#define ENGINE_INDICATORS_EXTREMES_H

#include <stddef.h>
#include <stdint.h>

size_t extremes_state_bytes(int64_t n);
void extremes_forget(void *state, int64_t n);
/* x[0..count), bar `start` and on -> out[0..count); reads x[-n..). */
void extremes_highest(void *state, int64_t start, const double *x, int64_t count, int64_t n,
                      double *out);
void extremes_lowest(void *state, int64_t start, const double *x, int64_t count, int64_t n,
                     double *out);

#endif
