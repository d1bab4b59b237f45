#include "engine/csv/csv_text.h"

#include "base/number.h"

#include <strings.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first character is the lowest byte");

const char *csv_line(const char *text, const char *end, size_t *ret_length)
{
    const char *break_at = memchr(text, '\n', (size_t)(end - text));
    size_t length = (size_t)((break_at ? break_at : end) - text);
    if (length > 0 && text[length - 1] == '\r')
        length--;
    *ret_length = length;
    return break_at ? break_at + 1 : end;
}

bool csv_is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

static bool is_space(char c, char delimiter)
{
    return (c == ' ' || c == '\t') && c != delimiter;
}

/* Reads the field at line[*at]; *at is then on the delimiter or the end. Returns a problem or NULL.
 */
static const char *read_field(const char *line, size_t length, char delimiter, size_t *at,
                              struct csv_field *field)
{
    size_t i = *at;
    while (i < length && is_space(line[i], delimiter))
        i++;
    field->column = (int32_t)i + 1;
    if (i < length && line[i] == '"') {
        size_t start = ++i;
        while (i < length && (line[i] != '"' || (i + 1 < length && line[i + 1] == '"')))
            i += line[i] == '"' ? 2 : 1;
        if (i >= length)
            return "a quote is not closed on its line";
        field->text = line + start;
        field->length = i - start;
        i++;
        while (i < length && is_space(line[i], delimiter))
            i++;
        if (i < length && line[i] != delimiter)
            return "there is text behind a closed quote";
    } else {
        size_t start = i;
        while (i < length && line[i] != delimiter)
            i++;
        size_t stop = i;
        while (stop > start && is_space(line[stop - 1], delimiter))
            stop--;
        field->text = line + start;
        field->length = stop - start;
    }
    *at = i;
    return NULL;
}

int32_t csv_split(const char *line, size_t length, char delimiter, struct csv_field *fields,
                  int32_t room, const char **ret_problem)
{
    int32_t count = 0;
    for (size_t at = 0;; at++) {
        if (count == room) {
            fields[0].column = (int32_t)at + 1;
            *ret_problem = "there are too many fields";
            return -1;
        }
        *ret_problem = read_field(line, length, delimiter, &at, &fields[count]);
        if (*ret_problem) {
            fields[0].column = fields[count].column;
            return -1;
        }
        count++;
        if (at >= length)
            return count;
    }
}

void csv_divisors(int64_t scale, double divisor[CSV_MAX_DECIMALS + 1])
{
    divisor[0] = (double)scale;
    for (int d = 1; d <= CSV_MAX_DECIMALS; d++)
        divisor[d] = divisor[d - 1] * 10;
}

static bool is_one_of(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == length && strncasecmp(*words, text, length) == 0)
            return true;
    return false;
}

/* digits [. digits] whose quotient is exact before its one rounding. */
static bool read_plain(const char *text, size_t length, int64_t scale, double *ret)
{
    const uint64_t exact = UINT64_C(1) << 53;
    uint64_t mantissa = 0;
    int decimals = -1, digits_before = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && decimals < 0 && i > 0) {
            decimals = 0;
            continue;
        }
        if (text[i] < '0' || text[i] > '9')
            return false;
        mantissa = mantissa * 10 + (uint64_t)(text[i] - '0');
        if (mantissa > exact)
            return false;
        if (decimals >= 0)
            decimals++;
        else
            digits_before++;
    }
    if (digits_before == 0 || decimals == 0 || decimals > CSV_MAX_DECIMALS)
        return false;
    double divisor[CSV_MAX_DECIMALS + 1];
    csv_divisors(scale, divisor);
    double by = divisor[decimals < 0 ? 0 : decimals];
    if (by > (double)exact)
        return false;
    *ret = (double)mantissa / by;
    return true;
}

enum csv_number_state csv_number_read(const char *text, size_t length, int64_t scale, double *ret)
{
    static const char *const not_finite[] = {"nan",  "inf", "infinity", "-inf", "-infinity", "null",
                                             "none", "n/a", "na",       "-",    NULL};
    static const char *const forms[] = {"-nan", "+inf", NULL};
    if (length == 0)
        return CSV_NUMBER_EMPTY;
    if (read_plain(text, length, scale, ret))
        return CSV_NUMBER_OK;
    double x;
    if (number_parse(text, length, &x)) {
        if (x < 0)
            return CSV_NUMBER_NEGATIVE;
        *ret = x == 0 ? 0 : x / (double)scale; /* no -0.0 */
        return CSV_NUMBER_OK;
    }
    if (is_one_of(text, length, not_finite) || is_one_of(text, length, forms))
        return CSV_NUMBER_NOT_FINITE;
    return CSV_NUMBER_NONE;
}

const char *csv_number_problem(enum csv_number_state state)
{
    switch (state) {
    case CSV_NUMBER_OK:
        return "is fine";
    case CSV_NUMBER_EMPTY:
        return "is empty";
    case CSV_NUMBER_NOT_FINITE:
        return "is not finite";
    case CSV_NUMBER_NEGATIVE:
        return "is negative";
    default:
        return "is not a number";
    }
}
