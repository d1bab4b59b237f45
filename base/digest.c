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
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size_bytes; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size_bytes] = '\0';
}

enum { NO_DIGIT = 16 };

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    return NO_DIGIT;
}

void base64_format(const unsigned char *bytes, size_t size_bytes, char *out)
{
    sodium_bin2base64(out, (size_bytes + 2) / 3 * 4 + 1, bytes, size_bytes,
                      sodium_base64_VARIANT_ORIGINAL);
}

bool hex_parse(const char *text, size_t length, unsigned char *out, size_t size_bytes)
{
    if (length % 2 != 0 || length / 2 != size_bytes)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (digit_value(text[i]) == NO_DIGIT)
            return false;
    }
    for (size_t i = 0; i < size_bytes; i++)
        out[i] = (unsigned char)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
    return true;
}

bool equal_in_constant_time(const void *a, const void *b, size_t size_bytes)
{
    /* What is compared for every request; sodium_memcmp goes byte by byte. */
    if (size_bytes == crypto_verify_32_BYTES)
        return crypto_verify_32(a, b) == 0;
    return sodium_memcmp(a, b, size_bytes) == 0;
}
