#include "engine/study/packing.h"

#include <string.h>

enum { WORD_BYTES = 8 };

static void store_u64(unsigned char bytes[WORD_BYTES], uint64_t x)
{
    for (int i = 0; i < WORD_BYTES; i++)
        bytes[i] = (unsigned char)(x >> (8 * i));
}

static uint64_t load_u64(const unsigned char bytes[WORD_BYTES])
{
    uint64_t x = 0;
    for (int i = 0; i < WORD_BYTES; i++)
        x |= (uint64_t)bytes[i] << (8 * i);
    return x;
}

void pack_u64(struct strbuf *out, uint64_t x)
{
    unsigned char bytes[WORD_BYTES];
    store_u64(bytes, x);
    strbuf_add(out, bytes, sizeof bytes);
}

void pack_double(struct strbuf *out, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    pack_u64(out, bits);
}

void pack_unsigned(struct strbuf *out, uint64_t x)
{
    unsigned char bytes[10];
    size_t length = 0;
    while (x >= 0x80) {
        bytes[length++] = (unsigned char)(x | 0x80);
        x >>= 7;
    }
    bytes[length++] = (unsigned char)x;
    strbuf_add(out, bytes, length);
}

void pack_signed(struct strbuf *out, int64_t x)
{
    pack_unsigned(out, x < 0 ? ~((uint64_t)x << 1) : (uint64_t)x << 1);
}

void pack_magnitude(struct strbuf *out, const uint64_t *words, size_t word_count)
{
    unsigned char bytes[256];
    size_t length = 0;
    for (size_t w = 0; w < word_count; w++)
        store_u64(bytes + w * WORD_BYTES, words[w]);
    length = word_count * WORD_BYTES;
    while (length > 0 && bytes[length - 1] == 0)
        length--;
    strbuf_add_char(out, (char)(unsigned char)length);
    strbuf_add(out, bytes, length);
}

const void *unpack_bytes(struct unpacker *u, size_t length)
{
    if (u->failed || (size_t)(u->end - u->at) < length) {
        u->failed = true;
        return NULL;
    }
    const unsigned char *bytes = u->at;
    u->at += length;
    return bytes;
}

uint64_t unpack_u64(struct unpacker *u)
{
    const unsigned char *bytes = unpack_bytes(u, WORD_BYTES);
    return bytes ? load_u64(bytes) : 0;
}

double unpack_double(struct unpacker *u)
{
    uint64_t bits = unpack_u64(u);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

uint64_t unpack_unsigned(struct unpacker *u)
{
    uint64_t x = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        const unsigned char *byte = unpack_bytes(u, 1);
        if (!byte)
            return 0;
        if (shift == 63 && *byte > 1)
            break;
        x |= (uint64_t)(*byte & 0x7f) << shift;
        if (*byte < 0x80)
            return x;
    }
    u->failed = true;
    return 0;
}

int64_t unpack_signed(struct unpacker *u)
{
    uint64_t x = unpack_unsigned(u);
    return (int64_t)(x & 1 ? ~(x >> 1) : x >> 1);
}

size_t unpack_count(struct unpacker *u, size_t limit)
{
    uint64_t x = unpack_unsigned(u);
    if (x > limit) {
        u->failed = true;
        return 0;
    }
    return (size_t)x;
}

void unpack_magnitude(struct unpacker *u, uint64_t *words, size_t word_count)
{
    unsigned char bytes[256] = {0};
    const unsigned char *length = unpack_bytes(u, 1);
    const void *data =
        length && *length <= word_count * WORD_BYTES ? unpack_bytes(u, *length) : NULL;
    if (data)
        memcpy(bytes, data, *length);
    else
        u->failed = true;
    for (size_t w = 0; w < word_count; w++)
        words[w] = load_u64(bytes + w * WORD_BYTES);
}
