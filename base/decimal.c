/* Decimals and doubles.
 *
 * Below 2^53 units (9 thousand million) a decimal's integer is exact as a double, and dividing it
 * by the exact 1e6 rounds once: that is the nearest double. Above, the quotient is rounded by hand
 * in 128-bit integers, because a division of two already rounded operands could be one unit off.
 */
#include "base/decimal.h"

#include <assert.h>
#include <math.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum err refuse(struct error *e, const char *text, size_t length, const char *why)
{
    int shown = length > 40 ? 40 : (int)length;
    return error_set(e, ERR_INVALID, "'%.*s%s' is not a decimal: %s", shown, text,
                     length > 40 ? "..." : "", why);
}

/* The digits of text[0..length) as a number on top of *magnitude; false past what int64 holds. */
static bool add_digits(uint64_t *magnitude, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (*magnitude > ((uint64_t)1 << 63) / 10 || *magnitude * 10 + digit > (uint64_t)1 << 63)
            return false;
        *magnitude = *magnitude * 10 + digit;
    }
    return true;
}

enum err decimal_parse(const char *text, size_t length, int64_t *ret_value, struct error *e)
{
    const char *p = text;
    const char *end = text + length;
    bool negative = p < end && *p == '-';
    p += negative;
    const char *whole = p;
    while (p < end && is_digit(*p))
        p++;
    size_t whole_length = (size_t)(p - whole);
    if (whole_length == 0)
        return refuse(e, text, length, "it must begin with a digit or '-' and a digit");
    if (whole_length > 1 && *whole == '0')
        return refuse(e, text, length, "it has a leading zero");

    const char *fraction = p;
    if (p < end && *p == '.') {
        fraction = ++p;
        while (p < end && is_digit(*p))
            p++;
        if (p == fraction)
            return refuse(e, text, length, "digits must follow the point");
    }
    if (p != end)
        return refuse(e, text, length, "only digits, one point and a leading '-' may be in it");

    size_t decimals = (size_t)(p - fraction);
    while (decimals > DECIMAL_DECIMALS && fraction[decimals - 1] == '0')
        decimals--;
    if (decimals > DECIMAL_DECIMALS)
        return refuse(e, text, length, "it has more than 6 decimals");

    uint64_t magnitude = 0;
    if (!add_digits(&magnitude, whole, whole_length) ||
        !add_digits(&magnitude, fraction, decimals) ||
        !add_digits(&magnitude, "000000", DECIMAL_DECIMALS - decimals) ||
        magnitude > (uint64_t)INT64_MAX + negative)
        return refuse(e, text, length, "it is out of range (9223372036854.775807 at most)");
    *ret_value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return ERR_OK;
}

size_t decimal_format(int64_t value, char out[DECIMAL_MAX_TEXT])
{
    char reversed[DECIMAL_MAX_TEXT];
    size_t count = 0;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t whole = magnitude / (uint64_t)DECIMAL_ONE;
    uint32_t fraction = (uint32_t)(magnitude % (uint64_t)DECIMAL_ONE);

    int decimals = DECIMAL_DECIMALS;
    for (; decimals > 0 && fraction % 10 == 0; decimals--)
        fraction /= 10;
    for (int i = 0; i < decimals; i++, fraction /= 10)
        reversed[count++] = (char)('0' + fraction % 10);
    if (decimals > 0)
        reversed[count++] = '.';
    do
        reversed[count++] = (char)('0' + whole % 10);
    while ((whole /= 10) > 0);
    if (value < 0)
        reversed[count++] = '-';

    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    out[count] = '\0';
    return count;
}

#define EXACT_IN_DOUBLE (INT64_C(1) << 53)

/* magnitude / 1e6 as a double, half to even, for magnitude > 2^53. */
static double divide_exactly(uint64_t magnitude)
{
    int bits = 64 - __builtin_clzll(magnitude / (uint64_t)DECIMAL_ONE);
    int shift = 53 - bits; /* so that the quotient has 53 bits, or one more after rounding */
    unsigned __int128 numerator = (unsigned __int128)magnitude << shift;
    uint64_t quotient = (uint64_t)(numerator / (uint64_t)DECIMAL_ONE);
    uint64_t rest = (uint64_t)(numerator % (uint64_t)DECIMAL_ONE);
    uint64_t half = (uint64_t)DECIMAL_ONE / 2;
    if (rest > half || (rest == half && (quotient & 1)))
        quotient++;
    return ldexp((double)quotient, -shift);
}

double decimal_to_double(int64_t value)
{
    if (value >= -EXACT_IN_DOUBLE && value <= EXACT_IN_DOUBLE)
        return (double)value / (double)DECIMAL_ONE;
    return value < 0 ? -divide_exactly(0 - (uint64_t)value) : divide_exactly((uint64_t)value);
}

/* Below this, x * 1e6 is less than a half away from the decimal that x stands for. */
#define SCALES_SAFELY 1e9

/* The decimal nearest to x, for 1e9 <= |x| < 2^44, where x is its 53 bits over a small power of
 * two. */
static bool nearest_of_large(double x, int64_t *ret_value)
{
    int exponent = 0;
    int64_t bits = (int64_t)ldexp(frexp(x, &exponent), 53);
    int shift = 53 - exponent;
    assert(shift > 0 && shift < 53);
    __int128 scaled = (__int128)bits * DECIMAL_ONE + ((__int128)1 << (shift - 1));
    __int128 value = scaled >> shift;
    if (value > INT64_MAX || value < INT64_MIN)
        return false;
    *ret_value = (int64_t)value;
    return true;
}

bool decimal_from_double(double x, int64_t *ret_value)
{
    int64_t value = 0;
    if (fabs(x) < SCALES_SAFELY)
        value = llrint(x * (double)DECIMAL_ONE);
    else if (!(fabs(x) < 0x1p44) || !nearest_of_large(x, &value))
        return false; /* too large, infinite or NaN */
    if (decimal_to_double(value) != x)
        return false;
    *ret_value = value;
    return true;
}
