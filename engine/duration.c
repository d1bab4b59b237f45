#include "engine/duration.h"

#include "base/clock.h"

#include <stdio.h>

static const struct {
    char letter;
    int64_t ns;
} units[] = {
    {'d', NS_PER_DAY},
    {'h', 60 * NS_PER_MINUTE},
    {'m', NS_PER_MINUTE},
    {'s', NS_PER_SECOND},
};
enum { UNIT_COUNT = sizeof units / sizeof *units };

#define DURATION_LIMIT_NS (366 * NS_PER_DAY)

static int64_t unit_ns(char letter)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (units[i].letter == letter || units[i].letter - 'a' + 'A' == letter)
            return units[i].ns;
    }
    return 0;
}

enum err duration_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e)
{
    int64_t unit = length > 1 ? unit_ns(text[length - 1]) : 0;
    int64_t value = 0;
    bool good = unit != 0;
    for (size_t i = 0; good && i < length - 1; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        value = value * 10 + (text[i] - '0');
        if (good && value > DURATION_LIMIT_NS / unit)
            return error_set(e, ERR_INVALID, "a duration is at most 366 days");
    }
    if (!good)
        return error_set(e, ERR_INVALID,
                         "'%.*s' is not a duration: a whole number and one of s, m, h, d, such as "
                         "\"30m\"",
                         length > 40 ? 40 : (int)length, text);
    *ret_ns = value * unit;
    return ERR_OK;
}

size_t duration_format(int64_t ns, char out[DURATION_MAX_TEXT])
{
    int i = 0;
    while (i < UNIT_COUNT - 1 && (ns == 0 || ns % units[i].ns != 0))
        i++;
    return (size_t)snprintf(out, DURATION_MAX_TEXT, "%lld%c", (long long)(ns / units[i].ns),
                            units[i].letter);
}
