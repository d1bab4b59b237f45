/* Doubles <-> text.
 *
 * To text: the interval of reals that round to x is scaled by a power of ten so that its integers
 * are the candidates with 16 or 17 digits, and tens of them the shorter ones; 128-bit products
 * rounded to odd decide exactly which candidates lie inside (R. Giulietti, The Schubfach way to
 * render doubles). Trying
 * %.15g, %.16g, %.17g with the C library takes 30 times as long, depends on the locale, and misses
 * the shortest text at some powers of two. Prices, which have few decimals, skip all that.
 *
 * From text: up to 19 digits and a small exponent need one exact operation; anything else goes to
 * strtod as bare digits and exponent, in which no locale finds a decimal point to quarrel about.
 */
#include "base/number.h"

#include "base/decimal.h"
#include "base/pow10.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRACTION_BITS = 52,
    EXPONENT_BIAS = 1023 + FRACTION_BITS,
    POINT_MAX = 21, /* 1e21 and more is written with an exponent, as JavaScript does */
    POINT_MIN = -6, /* and so is less than 1e-6 */
};

/* digits * 10^exponent */
struct decimal_form {
    uint64_t digits;
    int exponent;
};

size_t integer_format(int64_t value, char out[INTEGER_MAX_TEXT])
{
    char reversed[INTEGER_MAX_TEXT];
    size_t count = 0, length = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        reversed[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        out[length++] = '-';
    while (count > 0)
        out[length++] = reversed[--count];
    out[length] = '\0';
    return length;
}

/* floor(g * factor / 2^128), with the lowest bit set when anything was cut. */
static uint64_t scale_to_odd(struct pow10 g, uint64_t factor)
{
    unsigned __int128 low = (unsigned __int128)g.low * factor;
    unsigned __int128 sum = (unsigned __int128)g.high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}

/* The shortest decimal in the rounding interval of a positive finite double given by its bits; of
 * several shortest the nearest. */
static struct decimal_form shortest(uint64_t bits)
{
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    int biased = (int)(bits >> FRACTION_BITS);
    uint64_t c = biased ? fraction | UINT64_C(1) << FRACTION_BITS : fraction;
    int q = (biased ? biased : 1) - EXPONENT_BIAS; /* x = c * 2^q */
    bool near_below =
        fraction == 0 && biased > 1; /* a power of two: the double below is at half the distance */
    bool open = c & 1;               /* ties go to even: an odd c owns no border */

    /* 10^k is the largest power of ten no wider than the interval. */
    int k = (int)floor_shift((int64_t)q * 1262611 - (near_below ? 524031 : 0), 22);
    int shift = q + pow10_floor_log2(-k) + 1;
    struct pow10 g = pow10_of(-k);
    /* All in quarters of 10^k. */
    uint64_t value = scale_to_odd(g, (4 * c) << shift);
    uint64_t first = scale_to_odd(g, (4 * c - 2 + near_below) << shift) + open;
    uint64_t last = scale_to_odd(g, (4 * c + 2) << shift) - open;

    uint64_t below = value / 4;
    uint64_t tens = below / 10;
    if (tens > 0) {
        bool low_fits = first <= 40 * tens;
        bool high_fits = 40 * tens + 40 <= last;
        if (low_fits != high_fits)
            return (struct decimal_form){tens + high_fits, k + 1};
    }
    bool low_fits = first <= 4 * below;
    bool high_fits = 4 * below + 4 <= last;
    if (low_fits != high_fits)
        return (struct decimal_form){below + high_fits, k};
    uint64_t middle = 4 * below + 2;
    bool up = value > middle || (value == middle && (below & 1));
    return (struct decimal_form){below + up, k};
}

/* Decimal digits of `value` without leading zeros; returns how many (at most 20). */
static int put_digits(uint64_t value, char *out)
{
    char reversed[20];
    int count = 0;
    do
        reversed[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (int i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

static char *put_zeros(char *out, int count)
{
    memset(out, '0', (size_t)count);
    return out + count;
}

static char *put_bytes(char *out, const char *bytes, int count)
{
    memcpy(out, bytes, (size_t)count);
    return out + count;
}

/* 0.d1d2d3... * 10^point as JSON */
static char *put_number(char *out, const char *digits, int count, int point)
{
    if (point > 0 && point <= POINT_MAX) {
        int whole = count < point ? count : point;
        out = put_bytes(out, digits, whole);
        out = put_zeros(out, point - whole);
        if (count > point) {
            *out++ = '.';
            out = put_bytes(out, digits + point, count - point);
        }
        return out;
    }
    if (point <= 0 && point > POINT_MIN) {
        out = put_bytes(out, "0.", 2);
        out = put_zeros(out, -point);
        return put_bytes(out, digits, count);
    }
    *out++ = digits[0];
    if (count > 1) {
        *out++ = '.';
        out = put_bytes(out, digits + 1, count - 1);
    }
    *out++ = 'e';
    *out++ = point > 0 ? '+' : '-';
    return out + put_digits((uint64_t)abs(point - 1), out);
}

size_t number_format(double x, char out[NUMBER_MAX_TEXT])
{
    assert(isfinite(x));
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bool negative = bits >> 63;
    int64_t price;
    /* With at most 15 digits in all, no other decimal as short is the same double. */
    if (fabs(x) < 1e9 && decimal_from_double(x, &price) && (price != 0 || !negative))
        return decimal_format(price, out);

    char *p = out;
    if (negative)
        *p++ = '-';
    bits &= ~(UINT64_C(1) << 63);
    if (bits == 0) {
        *p++ = '0';
    } else {
        struct decimal_form form = shortest(bits);
        char digits[20];
        int count = put_digits(form.digits, digits);
        int point = count + form.exponent;
        while (digits[count - 1] == '0')
            count--;
        p = put_number(p, digits, count, point);
    }
    *p = '\0';
    return (size_t)(p - out);
}

/* The three spans of a number's text. */
struct number_text {
    bool negative;
    const char *whole, *fraction;
    size_t whole_length, fraction_length;
    int64_t exponent; /* cut at +-EXPONENT_FAR, where every double is 0 or infinite long since */
};

#define EXPONENT_FAR INT64_C(1000000000000)

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* "e-12" from p on; returns its end or NULL. */
static const char *split_exponent(const char *p, const char *end, int64_t *ret_exponent)
{
    p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *stop = skip_digits(p, end);
    if (stop == p)
        return NULL;
    int64_t exponent = 0;
    for (; p < stop; p++)
        if (exponent < EXPONENT_FAR)
            exponent = exponent * 10 + (*p - '0');
    *ret_exponent = negative ? -exponent : exponent;
    return stop;
}

/* Checks the grammar of RFC 8259, section 6. */
static bool split_number(const char *text, size_t length, struct number_text *n)
{
    const char *p = text;
    const char *end = text + length;
    *n = (struct number_text){.negative = p < end && *p == '-'};
    p += n->negative;
    n->whole = p;
    p = skip_digits(p, end);
    n->whole_length = (size_t)(p - n->whole);
    if (n->whole_length == 0 || (n->whole_length > 1 && *n->whole == '0'))
        return false;
    n->fraction = p;
    if (p < end && *p == '.') {
        n->fraction = ++p;
        p = skip_digits(p, end);
        n->fraction_length = (size_t)(p - n->fraction);
        if (n->fraction_length == 0)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E'))
        p = split_exponent(p, end, &n->exponent);
    return p == end;
}

static char digit_at(const struct number_text *n, size_t i)
{
    return i < n->whole_length ? n->whole[i] : n->fraction[i - n->whole_length];
}

/* One exact operation on two exact operands rounds right. */
static bool parse_short(const struct number_text *n, double *ret_x)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int64_t exponent = n->exponent - (int64_t)n->fraction_length;
    size_t count = n->whole_length + n->fraction_length;
    if (count > 19 || exponent < -22 || exponent > 22)
        return false;
    uint64_t mantissa = 0;
    for (size_t i = 0; i < count; i++)
        mantissa = mantissa * 10 + (uint64_t)(digit_at(n, i) - '0');
    if (mantissa > UINT64_C(1) << 53)
        return false;
    *ret_x =
        exponent < 0 ? (double)mantissa / powers[-exponent] : (double)mantissa * powers[exponent];
    return true;
}

/* No double's neighbourhood needs more than 767 digits to be told from the next; one more digit
 * stands for all that follow. */
static double parse_long(const struct number_text *n)
{
    enum { KEPT = 768 };
    char plain[KEPT + 32];
    size_t total = n->whole_length + n->fraction_length;
    size_t i = 0;
    size_t count = 0;
    while (i < total && digit_at(n, i) == '0')
        i++;
    for (; i < total && count < KEPT; i++)
        plain[count++] = digit_at(n, i);
    int64_t exponent = n->exponent - (int64_t)n->fraction_length + (int64_t)(total - i);
    bool more = false;
    for (; i < total && !more; i++)
        more = digit_at(n, i) != '0';
    if (count == 0)
        return 0;
    if (more) {
        plain[count++] = '1';
        exponent--;
    }
    snprintf(plain + count, sizeof plain - count, "e%lld", (long long)exponent);
    return strtod(plain, NULL);
}

bool number_parse(const char *text, size_t length, double *ret_x)
{
    struct number_text n;
    double x;
    if (!split_number(text, length, &n))
        return false;
    if (!parse_short(&n, &x))
        x = parse_long(&n);
    if (!isfinite(x))
        return false;
    *ret_x = n.negative ? -x : x;
    return true;
}
