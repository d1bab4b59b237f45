#include "base/json_exact.h"

#include "base/decimal.h"
#include "base/limits.h"

#include <assert.h>
#include <string.h>

enum {
    POINT_FAR = 40, /* no int64 and no decimal has its point so far from its digits */
    PLAIN_MAX = LIMIT_JSON_NUMBER_BYTES + POINT_FAR + 4,
};

enum plain { PLAIN_OK, PLAIN_TOO_LARGE, PLAIN_TOO_SMALL };

/* The digits of a number without its point, and where the point stands among them. */
struct digits {
    char digits[LIMIT_JSON_NUMBER_BYTES];
    int count;
    int point;
};

static void split_digits(const char *raw, size_t length, struct digits *d)
{
    bool fraction = false;
    size_t i = 0;
    assert(length <= LIMIT_JSON_NUMBER_BYTES);
    *d = (struct digits){.count = 0};
    for (; i < length && raw[i] != 'e' && raw[i] != 'E'; i++) {
        if (raw[i] == '.') {
            fraction = true;
            continue;
        }
        if (raw[i] == '-')
            continue;
        bool leading_zero = d->count == 0 && raw[i] == '0';
        if (!leading_zero)
            d->digits[d->count++] = raw[i];
        if (fraction)
            d->point -= leading_zero;
        else
            d->point += !leading_zero;
    }
    while (d->count > 0 && d->digits[d->count - 1] == '0')
        d->count--;
    int exponent = 0;
    bool negative = i + 1 < length && raw[i + 1] == '-';
    for (i++; i < length; i++)
        if (raw[i] >= '0' && raw[i] <= '9' && exponent < 1000)
            exponent = exponent * 10 + (raw[i] - '0');
    d->point += negative ? -exponent : exponent;
}

/* The same number without an exponent and without needless zeros: "1.50e2" becomes "150". */
static enum plain write_plain(const char *raw, size_t length, char out[PLAIN_MAX])
{
    struct digits d;
    split_digits(raw, length, &d);
    if (d.count == 0) {
        memcpy(out, "0", 2);
        return PLAIN_OK;
    }
    if (d.point > POINT_FAR)
        return PLAIN_TOO_LARGE;
    if (d.point < -POINT_FAR)
        return PLAIN_TOO_SMALL;
    char *p = out;
    if (raw[0] == '-')
        *p++ = '-';
    if (d.point <= 0)
        *p++ = '0';
    for (int i = 0; i < d.point; i++)
        *p++ = i < d.count ? d.digits[i] : '0';
    if (d.point < d.count)
        *p++ = '.';
    for (int i = d.point; i < 0; i++)
        *p++ = '0';
    for (int i = d.point > 0 ? d.point : 0; i < d.count; i++)
        *p++ = d.digits[i];
    *p = '\0';
    return PLAIN_OK;
}

static bool parse_whole(const char *plain, int64_t *ret_value)
{
    int64_t value = 0;
    bool negative = *plain == '-';
    for (plain += negative; *plain; plain++) {
        int digit = negative ? '0' - *plain : *plain - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

enum err json_exact_int(const char *text, size_t length, int64_t *ret_value, struct error *e)
{
    char plain[PLAIN_MAX];
    int64_t value = 0;
    enum plain kind = write_plain(text, length, plain);
    if (kind == PLAIN_TOO_SMALL || (kind == PLAIN_OK && strchr(plain, '.')))
        return error_set(e, ERR_INVALID, "%.*s has a fraction", (int)length, text);
    if (kind == PLAIN_TOO_LARGE || !parse_whole(plain, &value))
        return error_set(e, ERR_INVALID, "%.*s has more than 64 bits", (int)length, text);
    *ret_value = value;
    return ERR_OK;
}

enum err json_exact_decimal(const char *text, size_t length, int64_t *ret_value, struct error *e)
{
    char plain[PLAIN_MAX];
    switch (write_plain(text, length, plain)) {
    case PLAIN_TOO_LARGE:
        return error_set(e, ERR_INVALID, "%.*s is out of range", (int)length, text);
    case PLAIN_TOO_SMALL:
        return error_set(e, ERR_INVALID, "%.*s has more than 6 decimals", (int)length, text);
    case PLAIN_OK:
        break;
    }
    return decimal_parse(plain, strlen(plain), ret_value, e);
}
