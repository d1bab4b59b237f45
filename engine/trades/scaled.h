/* Sums and products of money that do not overflow. Private to engine/trades. */
#ifndef ENGINE_TRADES_SCALED_H
#define ENGINE_TRADES_SCALED_H

#include <stdint.h>

/* a * b / divisor: in 64 bits where the product fits, since dividing 128 bits is several times
 * slower and money almost always fits. All >= 0, divisor > 0. `add` (0 .. divisor - 1) is added to
 * the product: 0 rounds down, divisor - 1 up, divisor / 2 to the nearest. */
static inline __int128 scaled_product(int64_t a, int64_t b, int64_t divisor, int64_t add)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(product, add, &product))
        return product / divisor;
    return ((__int128)a * b + add) / divisor;
}

/* Both >= 0; INT64_MAX when the sum is more. */
static inline int64_t saturated_sum(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

#endif
