#include "engine/options/occ_symbol.h"

#include "base/civil.h"
#include "base/decimal.h"

#include <assert.h>
#include <string.h>

/* Places counted from where the root ends. */
enum {
    DATE_AT = 0,
    RIGHT_AT = 6,
    STRIKE_AT = 7,
    STRIKE_DIGITS = 8,
    TAIL_LENGTH = 15,
    CENTURY = 2000,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Length of a well-formed root at the start of `text`, or -1 - (place of the fault). */
static int root_length(const char *text, int length)
{
    bool letter = false;
    for (int i = 0; i < length; i++) {
        if (!is_letter(text[i]) && !is_digit(text[i]))
            return -1 - i;
        letter |= is_letter(text[i]);
    }
    return letter ? length : -1;
}

/* `count` digits as a number, or -1. */
static int32_t digits(const char *text, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The text as a message may show it. */
#define SHOWN(text, length)                                                                        \
    ((length) > OCC_PADDED_LENGTH ? OCC_PADDED_LENGTH : (int)(length)), (text)

static enum err refuse(struct error *e, const char *text, size_t length, int place, const char *why)
{
    return error_at(e, ERR_INVALID, 1, place + 1, "'%.*s' is not an OCC symbol: %s",
                    SHOWN(text, length), why);
}

enum err occ_symbol_parse(const char *text, size_t length, struct occ_symbol *ret, struct error *e)
{
    if (length < OCC_COMPACT_MIN || length > OCC_PADDED_LENGTH)
        return refuse(e, text, length, 0,
                      "it has 16 to 21 characters, such as GOOG151224C00750000");
    int tail_at = (int)length - TAIL_LENGTH;
    const char *tail = text + tail_at;
    int root_end = tail_at;
    if (length == OCC_PADDED_LENGTH)
        while (root_end > 0 && text[root_end - 1] == ' ')
            root_end--;
    int root = root_length(text, root_end);
    if (root <= 0)
        return refuse(e, text, length, root < 0 ? -1 - root : 0,
                      "its root is of A-Z and 0-9 with a letter in it");

    struct civil_date date = {digits(tail + DATE_AT, 2), digits(tail + 2, 2), digits(tail + 4, 2)};
    date.year += date.year < 0 ? 0 : CENTURY;
    if (!civil_valid(date))
        return refuse(e, text, length, tail_at, "no date YYMMDD stands before its right");
    if (tail[RIGHT_AT] != 'C' && tail[RIGHT_AT] != 'P')
        return refuse(e, text, length, tail_at + RIGHT_AT, "its right is C or P");
    int32_t strike = digits(tail + STRIKE_AT, STRIKE_DIGITS);
    if (strike <= 0)
        return refuse(e, text, length, tail_at + STRIKE_AT,
                      "it ends in eight digits, the strike x 1000, not all zero");

    struct occ_symbol symbol = {
        .right = tail[RIGHT_AT] == 'C' ? OPTION_CALL : OPTION_PUT,
        .expiry_days = civil_to_days(date),
        .strike_milli = strike,
    };
    memcpy(symbol.root, text, (size_t)root);
    *ret = symbol;
    return ERR_OK;
}

bool occ_symbol_valid(const struct occ_symbol *symbol)
{
    size_t length = strnlen(symbol->root, sizeof symbol->root);
    return length <= OCC_ROOT_MAX && root_length(symbol->root, (int)length) > 0 &&
           (symbol->right == OPTION_CALL || symbol->right == OPTION_PUT) &&
           symbol->expiry_days >= civil_to_days((struct civil_date){CENTURY, 1, 1}) &&
           symbol->expiry_days <= civil_to_days((struct civil_date){CENTURY + 99, 12, 31}) &&
           symbol->strike_milli > 0 && symbol->strike_milli <= OCC_STRIKE_MAX;
}

static void write_digits(char *out, int count, int64_t value)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

static size_t format(const struct occ_symbol *symbol, size_t root_width, char out[OCC_TEXT_MAX])
{
    assert(occ_symbol_valid(symbol));
    struct civil_date date = civil_from_days(symbol->expiry_days);
    size_t root = strlen(symbol->root);
    size_t width = root_width > root ? root_width : root;
    memcpy(out, symbol->root, root);
    memset(out + root, ' ', width - root);
    char *tail = out + width;
    write_digits(tail + DATE_AT, 6,
                 (int64_t)(date.year - CENTURY) * 10000 + date.month * 100 + date.day);
    tail[RIGHT_AT] = symbol->right == OPTION_CALL ? 'C' : 'P';
    write_digits(tail + STRIKE_AT, STRIKE_DIGITS, symbol->strike_milli);
    tail[TAIL_LENGTH] = '\0';
    return width + TAIL_LENGTH;
}

size_t occ_symbol_format_compact(const struct occ_symbol *symbol, char out[OCC_TEXT_MAX])
{
    return format(symbol, 0, out);
}

size_t occ_symbol_format_padded(const struct occ_symbol *symbol, char out[OCC_TEXT_MAX])
{
    return format(symbol, OCC_ROOT_MAX, out);
}

bool occ_symbol_equal(const struct occ_symbol *a, const struct occ_symbol *b)
{
    return a->strike_milli == b->strike_milli && a->expiry_days == b->expiry_days &&
           a->right == b->right && strcmp(a->root, b->root) == 0;
}

const char *option_right_name(enum option_right right)
{
    return right == OPTION_CALL ? "call" : "put";
}

bool occ_root_of(const char *symbol, char ret_root[OCC_ROOT_MAX + 1])
{
    char root[OCC_ROOT_MAX + 1] = "";
    int length = 0;
    for (const char *p = symbol; *p; p++) {
        char c = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        if (!is_letter(c) && !is_digit(c))
            continue;
        if (length == OCC_ROOT_MAX)
            return false;
        root[length++] = c;
    }
    if (root_length(root, length) <= 0)
        return false;
    memcpy(ret_root, root, sizeof root);
    return true;
}

enum err occ_strike_parse(const char *text, size_t length, int64_t *ret_milli, struct error *e)
{
    int64_t price = 0;
    enum err err = decimal_parse(text, length, &price, e);
    if (err)
        return err;
    const int64_t unit = DECIMAL_ONE / OCC_STRIKE_ONE;
    if (price % unit != 0)
        return error_set(e, ERR_INVALID, "a strike has at most 3 decimals");
    if (price <= 0 || price / unit > OCC_STRIKE_MAX)
        return error_set(e, ERR_INVALID, "a strike is from 0.001 to 99999.999");
    *ret_milli = price / unit;
    return ERR_OK;
}
