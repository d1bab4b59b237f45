#include "base/rfc3339.h"

#include "base/civil.h"
#include "base/clock.h"

#include <assert.h>

enum {
    YEAR_MIN = 1678, /* whole years that int64 ns since 1970 holds */
    YEAR_MAX = 2261,
    SECONDS_PER_DAY = 86400,
    MINUTES_PER_DAY = 1440,
    DURATION_MAX_DAYS = 3653, /* 10 years */
};

/* Where a parser is, and what it refuses in messages. */
struct cursor {
    const char *text, *p, *end;
    const char *what; /* "is not an RFC 3339 time, such as ..." */
    struct error *e;
};

static enum err refuse(const struct cursor *c, const char *why)
{
    size_t length = (size_t)(c->end - c->text);
    int shown = length > 40 ? 40 : (int)length;
    return error_set(c->e, ERR_INVALID, "'%.*s%s' %s: %s", shown, c->text, length > 40 ? "..." : "",
                     c->what, why);
}

static bool take(struct cursor *c, char expected)
{
    if (c->p == c->end || *c->p != expected)
        return false;
    c->p++;
    return true;
}

/* Exactly `count` digits. */
static bool take_digits(struct cursor *c, int count, int32_t *ret_value)
{
    int32_t value = 0;
    if (c->end - c->p < count)
        return false;
    for (int i = 0; i < count; i++) {
        if (c->p[i] < '0' || c->p[i] > '9')
            return false;
        value = value * 10 + (c->p[i] - '0');
    }
    c->p += count;
    *ret_value = value;
    return true;
}

static enum err parse_date(struct cursor *c, int32_t *ret_days)
{
    struct civil_date date;
    if (!take_digits(c, 4, &date.year) || !take(c, '-') || !take_digits(c, 2, &date.month) ||
        !take(c, '-') || !take_digits(c, 2, &date.day))
        return refuse(c, "it must begin with a date as YYYY-MM-DD");
    if (date.year < YEAR_MIN || date.year > YEAR_MAX)
        return refuse(c, "the year must be 1678 to 2261");
    if (!civil_valid(date))
        return refuse(c, "there is no such day");
    *ret_days = civil_to_days(date);
    return ERR_OK;
}

struct clock_reading {
    int32_t hour, minute, second, nanosecond;
};

static enum err parse_clock(struct cursor *c, struct clock_reading *r)
{
    if (!take(c, 'T') && !take(c, 't') && !take(c, ' '))
        return refuse(c, "a 'T' and a time must follow the date");
    if (!take_digits(c, 2, &r->hour) || !take(c, ':') || !take_digits(c, 2, &r->minute) ||
        !take(c, ':') || !take_digits(c, 2, &r->second))
        return refuse(c, "the time must be written as HH:MM:SS");
    if (r->hour > 23 || r->minute > 59 || r->second > 60)
        return refuse(c, "there is no such time of day");
    r->nanosecond = 0;
    if (!take(c, '.'))
        return ERR_OK;
    int32_t unit = 100000000;
    int32_t digit;
    const char *first = c->p;
    while (take_digits(c, 1, &digit)) {
        if (unit == 0)
            return refuse(c, "at most 9 decimals");
        r->nanosecond += digit * unit;
        unit /= 10;
    }
    return c->p == first ? refuse(c, "digits must follow the point") : ERR_OK;
}

static enum err parse_offset(struct cursor *c, int32_t *ret_offset_s)
{
    int32_t hours;
    int32_t minutes;
    if (take(c, 'Z') || take(c, 'z')) {
        *ret_offset_s = 0;
        return ERR_OK;
    }
    bool west = take(c, '-');
    if (!west && !take(c, '+'))
        return refuse(c, "it must end in 'Z' or an offset such as +05:30");
    if (!take_digits(c, 2, &hours) || !take(c, ':') || !take_digits(c, 2, &minutes) || hours > 23 ||
        minutes > 59)
        return refuse(c, "the offset must be written as +HH:MM or -HH:MM");
    *ret_offset_s = (hours * 60 + minutes) * (west ? -60 : 60);
    return ERR_OK;
}

/* Leap seconds come at the end of a month in UTC, and nowhere else. */
static bool may_be_leap_second(int64_t next_second)
{
    return next_second % SECONDS_PER_DAY == 0 &&
           civil_from_days((int32_t)(next_second / SECONDS_PER_DAY)).day == 1;
}

enum err rfc3339_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e)
{
    struct cursor c = {.text = text,
                       .p = text,
                       .end = text + length,
                       .what = "is not an RFC 3339 time such as 2024-01-31T14:30:00Z",
                       .e = e};
    int32_t days = 0;
    int32_t offset_s = 0;
    struct clock_reading r = {0};
    enum err err;
    if ((err = parse_date(&c, &days)) || (err = parse_clock(&c, &r)) ||
        (err = parse_offset(&c, &offset_s)))
        return err;
    if (c.p != c.end)
        return refuse(&c, "there is more behind it");
    int64_t seconds = (int64_t)days * SECONDS_PER_DAY + r.hour * 3600 + r.minute * 60 + r.second;
    seconds -= offset_s;
    if (r.second == 60) {
        if (!may_be_leap_second(seconds))
            return refuse(&c, "second 60 is there only at the end of a month in UTC");
        r.nanosecond = 0;
    }
    *ret_ns = seconds * NS_PER_SECOND + r.nanosecond;
    return ERR_OK;
}

/* `value` as exactly `count` digits. */
static char *put_digits(char *out, int32_t value, int count)
{
    for (int i = count; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + count;
}

size_t rfc3339_format(int64_t ns, char out[RFC3339_MAX])
{
    int64_t day = ns / NS_PER_DAY;
    int64_t in_day = ns % NS_PER_DAY;
    if (in_day < 0) {
        day--;
        in_day += NS_PER_DAY;
    }
    int32_t seconds = (int32_t)(in_day / NS_PER_SECOND);
    int32_t nanoseconds = (int32_t)(in_day % NS_PER_SECOND);

    civil_format((int32_t)day, out);
    char *p = out + 10;
    *p++ = 'T';
    p = put_digits(p, seconds / 3600, 2);
    *p++ = ':';
    p = put_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, seconds % 60, 2);
    if (nanoseconds) {
        *p++ = '.';
        if (nanoseconds % 1000)
            p = put_digits(p, nanoseconds, 9);
        else if (nanoseconds % 1000000)
            p = put_digits(p, nanoseconds / 1000, 6);
        else
            p = put_digits(p, nanoseconds / 1000000, 3);
    }
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

/* Large to small: the order in which they must come. */
static const struct {
    char letter;
    int64_t ns;
} units[] = {
    {'d', NS_PER_DAY}, {'h', 60 * NS_PER_MINUTE}, {'m', NS_PER_MINUTE}, {'s', NS_PER_SECOND}};
enum { UNITS = sizeof units / sizeof *units };

enum err duration_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e)
{
    struct cursor c = {.text = text,
                       .p = text,
                       .end = text + length,
                       .what = "is not a duration such as 90s, 30m, 1h30m or 1d",
                       .e = e};
    int64_t total = 0;
    size_t next_unit = 0;
    do {
        int64_t count = 0;
        int32_t digit;
        const char *first = c.p;
        while (take_digits(&c, 1, &digit)) {
            count = count * 10 + digit;
            if (count > (int64_t)DURATION_MAX_DAYS * SECONDS_PER_DAY)
                return refuse(&c, "at most 10 years");
        }
        if (c.p == first)
            return refuse(&c, "a whole number and its unit d, h, m or s are needed");
        while (next_unit < UNITS && !take(&c, units[next_unit].letter))
            next_unit++;
        if (next_unit == UNITS)
            return refuse(&c, "a number needs its unit, once each, in the order d, h, m, s");
        int64_t left = DURATION_MAX_DAYS * NS_PER_DAY - total;
        if (count > left / units[next_unit].ns)
            return refuse(&c, "at most 10 years");
        total += count * units[next_unit++].ns;
    } while (c.p < c.end);
    if (total == 0)
        return refuse(&c, "it must be more than nothing");
    *ret_ns = total;
    return ERR_OK;
}

size_t duration_format(int64_t ns, char out[RFC3339_MAX])
{
    char *p = out;
    uint64_t rest_ns = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (ns <= -NS_PER_SECOND)
        *p++ = '-';
    char *first = p;
    for (size_t i = 0; i < UNITS; i++) {
        int64_t count = (int64_t)(rest_ns / (uint64_t)units[i].ns);
        rest_ns %= (uint64_t)units[i].ns;
        if (count == 0)
            continue;
        int digits = 1;
        for (int64_t rest = count / 10; rest > 0; rest /= 10)
            digits++;
        p = put_digits(p, (int32_t)count, digits);
        *p++ = units[i].letter;
    }
    if (p == first) {
        *p++ = '0';
        *p++ = 's';
    }
    *p = '\0';
    return (size_t)(p - out);
}

enum err time_of_day_parse(const char *text, size_t length, int32_t *ret_minutes, struct error *e)
{
    struct cursor c = {.text = text,
                       .p = text,
                       .end = text + length,
                       .what = "is not a time of day such as 09:45",
                       .e = e};
    int32_t hours;
    int32_t minutes;
    if (!take_digits(&c, 2, &hours) || !take(&c, ':') || !take_digits(&c, 2, &minutes) ||
        c.p != c.end)
        return refuse(&c, "it must be written as HH:MM");
    if (minutes > 59 || hours * 60 + minutes > MINUTES_PER_DAY)
        return refuse(&c, "it must be 00:00 to 24:00");
    *ret_minutes = hours * 60 + minutes;
    return ERR_OK;
}

void time_of_day_format(int32_t minutes, char out[TIME_OF_DAY_MAX])
{
    assert(minutes >= 0 && minutes <= MINUTES_PER_DAY);
    char *p = put_digits(out, minutes / 60, 2);
    *p++ = ':';
    p = put_digits(p, minutes % 60, 2);
    *p = '\0';
}
