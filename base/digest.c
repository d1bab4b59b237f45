#include "base/digest.h"

#include "base/sodium_ready.h"

#include <endian.h>
#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <string.h>

/* nettle gives its functions our names by macros. */
#undef sha256_init
#undef sha256_update
#undef sha256_digest

enum { WORDS_AT_A_TIME = 64 };

_Static_assert(sizeof(struct sha256_ctx) <= sizeof((struct sha256){0}.opaque),
               "struct sha256 holds nettle's state");
_Static_assert(_Alignof(struct sha256_ctx) <= _Alignof(struct sha256),
               "struct sha256 is aligned for nettle's state");
_Static_assert(SHA256_BYTES == SHA256_DIGEST_SIZE, "SHA-256 is 32 bytes");
_Static_assert(SHA256_TEXT == 2 * SHA256_BYTES + 1, "two digits a byte, and the NUL");

static struct sha256_ctx *state_of(struct sha256 *s)
{
    return (struct sha256_ctx *)(void *)s;
}

void sha256_init(struct sha256 *s)
{
    nettle_sha256_init(state_of(s));
}

void sha256_add(struct sha256 *s, const void *bytes, size_t size_bytes)
{
    if (size_bytes > 0)
        nettle_sha256_update(state_of(s), size_bytes, bytes);
}

void sha256_add_u64(struct sha256 *s, uint64_t value)
{
    uint64_t bytes = htole64(value);
    sha256_add(s, &bytes, sizeof bytes);
}

void sha256_add_words(struct sha256 *s, const int64_t *words, size_t count)
{
    uint64_t bytes[WORDS_AT_A_TIME];
    for (size_t i = 0; i < count;) {
        size_t part = 0;
        for (; part < WORDS_AT_A_TIME && i < count; part++, i++)
            bytes[part] = htole64((uint64_t)words[i]);
        sha256_add(s, bytes, part * sizeof *bytes);
    }
}

void sha256_add_double(struct sha256 *s, double value)
{
    uint64_t bits =
        UINT64_C(0x7FF8000000000000); /* sign and payload of a NaN depend on the machine */
    if (!isnan(value))
        memcpy(&bits, &value, sizeof bits);
    sha256_add_u64(s, bits);
}

void sha256_add_string(struct sha256 *s, const char *text)
{
    size_t length = strlen(text);
    sha256_add_u64(s, length);
    sha256_add(s, text, length);
}

void sha256_finish(struct sha256 *s, unsigned char out[SHA256_BYTES])
{
    nettle_sha256_digest(state_of(s), SHA256_BYTES, out);
}

void sha256_of(const void *bytes, size_t size_bytes, unsigned char out[SHA256_BYTES])
{
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, bytes, size_bytes);
    sha256_finish(&s, out);
}

void data_hash_of(const void *bytes, size_t size_bytes, unsigned char out[DATA_HASH_BYTES])
{
    _Static_assert(DATA_HASH_BYTES >= crypto_generichash_BYTES_MIN, "long enough for BLAKE2b");
    sodium_ready();
    crypto_generichash(out, DATA_HASH_BYTES, bytes, size_bytes, NULL, 0);
}

void hex_format(const unsigned char *bytes, size_t size_bytes, char *out)
{
    /* Both digits of each byte, one after the other: ids are written for every order of a list. */
    /* clang-format off */
#define PAIRS(d) d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7"                                   \
                 d "8" d "9" d "a" d "b" d "c" d "d" d "e" d "f"
    static const char pairs[] =
        PAIRS("0") PAIRS("1") PAIRS("2") PAIRS("3") PAIRS("4") PAIRS("5") PAIRS("6") PAIRS("7")
        PAIRS("8") PAIRS("9") PAIRS("a") PAIRS("b") PAIRS("c") PAIRS("d") PAIRS("e") PAIRS("f");
#undef PAIRS
    /* clang-format on */
    for (size_t i = 0; i < size_bytes; i++)
        memcpy(out + 2 * i, pairs + 2 * bytes[i], 2);
    out[2 * size_bytes] = '\0';
}

void base64_format(const unsigned char *bytes, size_t size_bytes, char *out)
{
    sodium_bin2base64(out, (size_bytes + 2) / 3 * 4 + 1, bytes, size_bytes,
                      sodium_base64_VARIANT_ORIGINAL);
}

/* A digit's value with a mark, 0 for what is none. */
enum { DIGIT = 0x100 };
static const uint16_t hex_digits[256] = {
    ['0'] = DIGIT,      ['1'] = DIGIT | 1,  ['2'] = DIGIT | 2,  ['3'] = DIGIT | 3,
    ['4'] = DIGIT | 4,  ['5'] = DIGIT | 5,  ['6'] = DIGIT | 6,  ['7'] = DIGIT | 7,
    ['8'] = DIGIT | 8,  ['9'] = DIGIT | 9,  ['a'] = DIGIT | 10, ['b'] = DIGIT | 11,
    ['c'] = DIGIT | 12, ['d'] = DIGIT | 13, ['e'] = DIGIT | 14, ['f'] = DIGIT | 15,
    ['A'] = DIGIT | 10, ['B'] = DIGIT | 11, ['C'] = DIGIT | 12, ['D'] = DIGIT | 13,
    ['E'] = DIGIT | 14, ['F'] = DIGIT | 15,
};

bool hex_parse(const char *text, size_t length, unsigned char *out, size_t size_bytes)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned all = DIGIT;
    if (length % 2 != 0 || length / 2 != size_bytes)
        return false;
    for (size_t i = 0; i < length; i++)
        all &= hex_digits[p[i]];
    if (!all)
        return false;
    for (size_t i = 0; i < size_bytes; i++)
        out[i] = (unsigned char)(hex_digits[p[2 * i]] << 4 | hex_digits[p[2 * i + 1]]);
    return true;
}

bool equal_in_constant_time(const void *a, const void *b, size_t size_bytes)
{
    enum { HALF = crypto_verify_32_BYTES };
    /* Digests and keys, which are compared for every request: sodium_memcmp goes byte by byte. What
     * is up to two halves long is compared by its first and its last one. */
    if (size_bytes >= HALF && size_bytes <= 2 * HALF) {
        const unsigned char *x = a, *y = b;
        size_t last = size_bytes - HALF;
        return (crypto_verify_32(x, y) | crypto_verify_32(x + last, y + last)) == 0;
    }
    return sodium_memcmp(a, b, size_bytes) == 0;
}
