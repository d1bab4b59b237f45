/* Powers of ten with 128 bits, for number.c. */
#ifndef BASE_POW10_H
#define BASE_POW10_H

#include <stdint.h>

enum { POW10_MIN = -292, POW10_MAX = 324 }; /* what the shortest text of any double asks for */

struct pow10 {
    uint64_t high, low;
};

/* 10^k = g * 2^(floor(log2(10^k)) - 127) with 2^127 <= g < 2^128, g rounded up. POW10_MIN <= k <=
 * POW10_MAX. From any thread; the table is made at the first call. */
struct pow10 pow10_of(int k);

/* floor(x / 2^bits), for negative x too */
static inline int64_t floor_shift(int64_t x, int bits)
{
    return x >= 0 ? x >> bits : ~(~x >> bits);
}

/* floor(log2(10^k)) for |k| <= 1000 */
static inline int pow10_floor_log2(int k)
{
    return (int)floor_shift((int64_t)k * 1741647, 19);
}

#endif
