/* Values as bytes, for what is stored and read back: little-endian fixed words, and integers in as
 * few bytes as they need.
 *
 * Reading never leaves the bytes given: an unpacker that meets their end or nonsense turns
 * `failed`, gives zeros from then on, and its owner looks once at the end.
 */
#ifndef ENGINE_PACKING_H
#define ENGINE_PACKING_H

#include "base/strbuf.h"

#include <stdint.h>

void pack_u64(struct strbuf *out, uint64_t x);      /* 8 bytes */
void pack_double(struct strbuf *out, double x);     /* 8 bytes, its bits */
void pack_unsigned(struct strbuf *out, uint64_t x); /* 7 bits a byte, low bits first */
void pack_signed(struct strbuf *out, int64_t x);    /* zigzag, then the same */
/* A magnitude of up to 255 bytes, least significant first: a length byte, then the bytes without
 * leading zeros. */
void pack_magnitude(struct strbuf *out, const uint64_t *words, size_t word_count);

struct unpacker {
    const unsigned char *at, *end; /* borrowed */
    bool failed;
};

uint64_t unpack_u64(struct unpacker *u);
double unpack_double(struct unpacker *u);
uint64_t unpack_unsigned(struct unpacker *u);
int64_t unpack_signed(struct unpacker *u);
/* A count that must be at most `limit`. */
size_t unpack_count(struct unpacker *u, size_t limit);
void unpack_magnitude(struct unpacker *u, uint64_t *words, size_t word_count);
/* `length` bytes as they stand, borrowed; NULL when there are fewer. */
const void *unpack_bytes(struct unpacker *u, size_t length);

#endif
