/* Lines, fields and numbers of CSV text. Private to the importers (csv/, lean/).
 *
 * Text is never copied and need not end in NUL. The slow functions take anything; the inline ones
 * at the end are the fast path's, read eight bytes at once, and leave whatever is unusual to the
 * slow ones.
 */
#ifndef ENGINE_CSV_TEXT_H
#define ENGINE_CSV_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct csv_field {
    const char *text; /* without the quotes and spaces around it */
    size_t length;
    int32_t column; /* 1-based character of the line */
};

/* A line without its break; returns the next line's start (`end` after the last). */
const char *csv_line(const char *text, const char *end, size_t *ret_length);

/* Nothing but spaces and tabs. */
bool csv_is_blank(const char *line, size_t length);

/* Splits a line. Returns the number of fields, or -1 with *ret_problem (a sentence) and the place
 * in fields[0].column: a quote that does not close or is in the middle, or more than `room` fields.
 * A quoted field may hold delimiters, but no line break; doubled quotes stay as they are. */
int32_t csv_split(const char *line, size_t length, char delimiter, struct csv_field *fields,
                  int32_t room, const char **ret_problem);

enum csv_number_state {
    CSV_NUMBER_OK,
    CSV_NUMBER_EMPTY,
    CSV_NUMBER_NOT_FINITE, /* nan, inf, null... */
    CSV_NUMBER_NEGATIVE,
    CSV_NUMBER_NONE, /* no number at all */
};

/* The double nearest to the decimal / scale (1..CSV_MAX_SCALE); of more than 53 bits of digits the
 * nearest double, divided. Digits with or without a point, or JSON's grammar with an exponent. */
enum csv_number_state csv_number_read(const char *text, size_t length, int64_t scale, double *ret);
const char *csv_number_problem(enum csv_number_state state); /* "is empty", "is not a number"... */

#define CSV_MAX_SCALE INT64_C(1000000)
enum { CSV_MAX_DECIMALS = 15 };

/* divisor[d] = 10^d * scale. Exact while it is at most 2^53. */
void csv_divisors(int64_t scale, double divisor[CSV_MAX_DECIMALS + 1]);

/* ---- the fast path ---- */

/* How far past its start a fast function may read. */
enum { CSV_READ_AHEAD = 40 };

static inline uint64_t csv_load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

#define CSV_EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (uint8_t)(b))

/* The number of digits that the word begins with, 0..8. */
static inline int csv_digit_count(uint64_t word)
{
    uint64_t t = word ^ CSV_EACH_BYTE('0'); /* digits are 0..9 now */
    uint64_t other = ((t & CSV_EACH_BYTE(0x7f)) + CSV_EACH_BYTE(0x76)) | t;
    other &= CSV_EACH_BYTE(0x80);
    return other ? __builtin_ctzll(other) >> 3 : 8;
}

/* The value of the first n digits of the word, n in 1..8: moved up so that zeros fill the left,
 * then added in pairs, fours and eights. */
static inline uint64_t csv_digits(uint64_t word, int n)
{
    uint64_t t = (word ^ CSV_EACH_BYTE('0')) << (64 - 8 * n);
    t = t * 10 + (t >> 8);
    const uint64_t even = UINT64_C(0x000000ff000000ff);
    return (uint32_t)(((t & even) * UINT64_C(0x000f424000000064) +
                       ((t >> 16) & even) * UINT64_C(0x0000271000000001)) >>
                      32);
}

static const uint64_t csv_power_of_ten[9] = {1,      10,      100,      1000,     10000,
                                             100000, 1000000, 10000000, 100000000};

/* A number of at most 15 digits, 8 of them behind the point. Moves *at behind it; false when it is
 * anything else. */
static inline bool csv_number_fast(const char **at, const double *divisor, double *ret)
{
    const char *p = *at;
    uint64_t word = csv_load8(p);
    int n = csv_digit_count(word);
    if (__builtin_expect(n == 0, 0))
        return false;
    uint64_t mantissa = csv_digits(word, n);
    p += n;
    if (__builtin_expect(n == 8, 0)) {
        word = csv_load8(p);
        n = csv_digit_count(word);
        if (n == 8 || p[n] == '.')
            return false;
        if (n > 0)
            mantissa = mantissa * csv_power_of_ten[n] + csv_digits(word, n);
        p += n;
    }
    n = 0;
    if (*p == '.') {
        word = csv_load8(++p);
        n = csv_digit_count(word);
        if (__builtin_expect(n == 0, 0))
            return false;
        mantissa = mantissa * csv_power_of_ten[n] + csv_digits(word, n);
        p += n;
    }
    *ret = (double)(int64_t)mantissa / divisor[n];
    *at = p;
    return true;
}

/* The first delimiter or line break at or after p; NULL when a quote comes first or `limit` is
 * near. */
static inline const char *csv_skip_fast(const char *p, const char *limit, uint64_t delimiters)
{
    for (; p < limit; p += 8) {
        uint64_t word = csv_load8(p);
        uint64_t a = word ^ delimiters, b = word ^ CSV_EACH_BYTE('\n'),
                 c = word ^ CSV_EACH_BYTE('"');
        uint64_t hit = ((a - CSV_EACH_BYTE(1)) & ~a) | ((b - CSV_EACH_BYTE(1)) & ~b) |
                       ((c - CSV_EACH_BYTE(1)) & ~c);
        hit &= CSV_EACH_BYTE(0x80);
        if (!hit)
            continue;
        p += __builtin_ctzll(hit) >> 3;
        return *p == '"' ? NULL : p;
    }
    return NULL;
}

#endif
