#include "orders/desk/packed_state.h"

#include <string.h>

enum { BYTE_BITS = 8, WORD_BYTES = sizeof(uint64_t) };

static unsigned char *pack_word(unsigned char *out, uint64_t word)
{
    unsigned char *mask = out++;
    *mask = 0;
    for (unsigned k = 0; k < WORD_BYTES; k++, word >>= BYTE_BITS) {
        if (!(word & 0xff))
            continue;
        *mask |= (unsigned char)(1u << k);
        *out++ = (unsigned char)word;
    }
    return out;
}

static const unsigned char *unpack_word(const unsigned char *packed, uint64_t *ret)
{
    uint64_t word = 0;
    for (unsigned mask = *packed++; mask; mask &= mask - 1)
        word |= (uint64_t)*packed++ << (unsigned)__builtin_ctz(mask) * BYTE_BITS;
    *ret = word;
    return packed;
}

size_t state_pack(const struct bracket_state *s, unsigned char *out)
{
    uint64_t words[STATE_WORDS];
    unsigned char *end = out + STATE_MASK_BYTES;
    memcpy(words, s, sizeof words);
    memset(out, 0, STATE_MASK_BYTES);
    for (size_t i = 0; i < STATE_WORDS; i++) {
        if (!words[i])
            continue;
        out[i / BYTE_BITS] |= (unsigned char)(1u << i % BYTE_BITS);
        end = pack_word(end, words[i]);
    }
    return (size_t)(end - out);
}

void state_unpack(const unsigned char *packed, struct bracket_state *ret)
{
    const unsigned char *next = packed + STATE_MASK_BYTES;
    unsigned char *out = (unsigned char *)ret;
    memset(ret, 0, sizeof *ret);
    for (size_t m = 0; m < STATE_MASK_BYTES; m++)
        for (unsigned mask = packed[m]; mask; mask &= mask - 1) {
            uint64_t word;
            next = unpack_word(next, &word);
            size_t i = m * BYTE_BITS + (size_t)__builtin_ctz(mask);
            memcpy(out + i * WORD_BYTES, &word, WORD_BYTES);
        }
}

size_t state_packed_bytes(const struct bracket_state *s)
{
    unsigned char packed[PACKED_STATE_BYTES_MAX];
    return state_pack(s, packed);
}
