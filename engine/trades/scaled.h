/* a * b / divisor without overflow: in 64 bits where the product fits, since dividing 128 bits is
 * several times slower and money almost always fits. Private to engine/trades. */
#ifndef ENGINE_TRADES_SCALED_H
#define ENGINE_TRADES_SCALED_H

#include <stdint.h>

/* All >= 0, divisor > 0. `add` (0 .. divisor - 1) is added to the product: 0 rounds down, divisor -
 * 1 up, divisor / 2 to the nearest. */
static inline __int128 scaled_product(int64_t a, int64_t b, int64_t divisor, int64_t add)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(product, add, &product))
        return product / divisor;
    return ((__int128)a * b + add) / divisor;
}

#endif
