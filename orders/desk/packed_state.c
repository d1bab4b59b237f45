#include "orders/desk/packed_state.h"

#include <string.h>

enum { MASK_BITS = 64 };

static uint64_t word_of(const struct bracket_state *s, size_t i)
{
    uint64_t word;
    memcpy(&word, (const unsigned char *)s + i * sizeof word, sizeof word);
    return word;
}

size_t state_pack(const struct bracket_state *s, uint64_t *out)
{
    size_t count = STATE_MASKS;
    for (size_t m = 0; m < STATE_MASKS; m++) {
        uint64_t mask = 0;
        for (size_t i = m * MASK_BITS; i < STATE_WORDS && i < (m + 1) * MASK_BITS; i++) {
            uint64_t word = word_of(s, i);
            if (!word)
                continue;
            mask |= UINT64_C(1) << (i % MASK_BITS);
            out[count++] = word;
        }
        out[m] = mask;
    }
    return count;
}

void state_unpack(const uint64_t *packed, struct bracket_state *ret)
{
    const uint64_t *word = packed + STATE_MASKS;
    unsigned char *out = (unsigned char *)ret;
    memset(ret, 0, sizeof *ret);
    for (size_t m = 0; m < STATE_MASKS; m++)
        for (uint64_t mask = packed[m]; mask; mask &= mask - 1) {
            size_t i = m * MASK_BITS + (size_t)__builtin_ctzll(mask);
            memcpy(out + i * sizeof *word, word++, sizeof *word);
        }
}

size_t state_packed_words(const struct bracket_state *s)
{
    size_t count = STATE_MASKS;
    for (size_t i = 0; i < STATE_WORDS; i++)
        count += word_of(s, i) != 0;
    return count;
}
