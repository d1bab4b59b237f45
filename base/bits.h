/* Bit masks over many items: bit i % 64 of word i / 64. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

enum { BITS_WORD = 64 };

static inline bool bits_has(const uint64_t *mask, int64_t i)
{
    return mask[i / BITS_WORD] >> (i % BITS_WORD) & 1;
}

/* The first set bit in [first, end), 0 <= first; `end` when there is none. */
static inline int64_t bits_next(const uint64_t *mask, int64_t first, int64_t end)
{
    while (first < end) {
        uint64_t word = mask[first / BITS_WORD] >> (first % BITS_WORD);
        if (word != 0) {
            int64_t bit = first + __builtin_ctzll(word);
            return bit < end ? bit : end;
        }
        first = (first / BITS_WORD + 1) * BITS_WORD;
    }
    return end;
}

#endif
