#include "engine/bars/timeframe.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { TIMEFRAME_MAX_MINUTES = 240 };

static enum err refuse(const char *text, size_t length, struct error *e)
{
    int shown = length > 32 ? 32 : (int)length;
    return error_set(e, ERR_INVALID,
                     "unknown timeframe '%.*s'; known are 1m, 5m, 15m, 30m, 1h, 2h, 4h, 1d and any "
                     "number of minutes from 1m to 240m",
                     shown, text);
}

enum err timeframe_parse(const char *text, size_t length, struct timeframe *ret, struct error *e)
{
    if (length < 2 || length > 4 || text[0] == '0') /* one spelling each: no "01m" */
        return refuse(text, length, e);
    int32_t n = 0;
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(text, length, e);
        n = n * 10 + (text[i] - '0');
    }
    char unit = text[length - 1];
    if (unit == 'd' && n == 1) {
        ret->minutes = 0;
        return ERR_OK;
    }
    if (unit == 'h')
        n *= 60;
    else if (unit != 'm')
        return refuse(text, length, e);
    if (n > TIMEFRAME_MAX_MINUTES)
        return refuse(text, length, e);
    ret->minutes = n;
    return ERR_OK;
}

size_t timeframe_format(struct timeframe t, char out[8])
{
    if (t.minutes == 0)
        return (size_t)snprintf(out, 8, "1d");
    if (t.minutes % 60 == 0)
        return (size_t)snprintf(out, 8, "%dh", t.minutes / 60);
    return (size_t)snprintf(out, 8, "%dm", t.minutes);
}

bool timeframe_is_stored(struct timeframe t)
{
    return t.minutes == 0 || t.minutes == 1;
}

int64_t timeframe_ns(struct timeframe t)
{
    return t.minutes == 0 ? NS_PER_DAY : t.minutes * NS_PER_MINUTE;
}

bool timeframe_is_multiple(struct timeframe longer, struct timeframe shorter)
{
    if (shorter.minutes == 0)
        return longer.minutes == 0;
    return longer.minutes % shorter.minutes == 0; /* a day (0) is a multiple of all */
}
