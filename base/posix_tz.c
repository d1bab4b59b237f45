#include "base/posix_tz.h"

#include "base/civil.h"

struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, char expected)
{
    if (c->p == c->end || *c->p != expected)
        return false;
    c->p++;
    return true;
}

static bool at_digit(const struct cursor *c)
{
    return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static bool take_number(struct cursor *c, int32_t min, int32_t max, int32_t *ret_value)
{
    if (!at_digit(c))
        return false;
    int32_t value = 0;
    for (; at_digit(c) && value <= max; c->p++)
        value = value * 10 + (*c->p - '0');
    if (value < min || value > max)
        return false;
    *ret_value = value;
    return true;
}

/* "EST" or "<+0530>", three characters at least; what it says is of no interest here. */
static bool take_name(struct cursor *c)
{
    bool quoted = take(c, '<');
    const char *first = c->p;
    while (c->p < c->end) {
        char lower = (char)(*c->p | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && !(quoted && (at_digit(c) || *c->p == '+' || *c->p == '-')))
            break;
        c->p++;
    }
    return c->p - first >= 3 && (!quoted || take(c, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct cursor *c, int32_t max_hours, int32_t *ret_seconds)
{
    bool negative = take(c, '-');
    if (!negative)
        take(c, '+');
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    if (!take_number(c, 0, max_hours, &hours))
        return false;
    if (take(c, ':')) {
        if (!take_number(c, 0, 59, &minutes))
            return false;
        if (take(c, ':') && !take_number(c, 0, 59, &seconds))
            return false;
    }
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *ret_seconds = negative ? -total : total;
    return true;
}

/* POSIX counts west of Greenwich as positive. */
static bool take_offset(struct cursor *c, int32_t *ret_offset_s)
{
    int32_t west_s;
    if (!take_time(c, 24, &west_s))
        return false;
    *ret_offset_s = -west_s;
    return true;
}

static bool take_change(struct cursor *c, struct posix_tz_change *change)
{
    bool ok;
    if (take(c, 'M')) {
        change->kind = POSIX_TZ_WEEKDAY;
        ok = take_number(c, 1, 12, &change->month) && take(c, '.') &&
             take_number(c, 1, 5, &change->week) && take(c, '.') &&
             take_number(c, 0, 6, &change->day);
    } else if (take(c, 'J')) {
        change->kind = POSIX_TZ_JULIAN;
        ok = take_number(c, 1, 365, &change->day);
    } else {
        change->kind = POSIX_TZ_DAY_OF_YEAR;
        ok = take_number(c, 0, 365, &change->day);
    }
    change->time_s = 2 * 3600;
    return ok && (!take(c, '/') || take_time(c, 167, &change->time_s));
}

bool posix_tz_parse(const char *text, size_t length, struct posix_tz *ret_rule)
{
    struct cursor c = {text, text + length};
    struct posix_tz rule = {0};
    if (!take_name(&c) || !take_offset(&c, &rule.standard_offset_s))
        return false;
    if (c.p < c.end) {
        rule.has_summer = true;
        rule.summer_offset_s = rule.standard_offset_s + 3600;
        if (!take_name(&c))
            return false;
        if (c.p < c.end && *c.p != ',' && !take_offset(&c, &rule.summer_offset_s))
            return false;
        if (!take(&c, ',') || !take_change(&c, &rule.summer_starts) || !take(&c, ',') ||
            !take_change(&c, &rule.summer_ends) || c.p != c.end)
            return false;
    }
    *ret_rule = rule;
    return true;
}

static int32_t first_of_month(int32_t year, int32_t month)
{
    return civil_to_days((struct civil_date){year, month, 1});
}

static int32_t day_of_change(const struct posix_tz_change *change, int32_t year)
{
    int32_t new_year = first_of_month(year, 1);
    if (change->kind == POSIX_TZ_DAY_OF_YEAR)
        return new_year + change->day;
    if (change->kind == POSIX_TZ_JULIAN) {
        int32_t leap_day = first_of_month(year, 3) - new_year - 59;
        return new_year + change->day - 1 + (change->day >= 60 ? leap_day : 0);
    }
    int32_t first = first_of_month(year, change->month);
    int32_t next_month =
        change->month == 12 ? first_of_month(year + 1, 1) : first_of_month(year, change->month + 1);
    int32_t first_weekday = civil_weekday(first) % 7; /* 0 = Sunday */
    int32_t day = first + (change->day - first_weekday + 7) % 7 + (change->week - 1) * 7;
    return day < next_month ? day : day - 7;
}

int64_t posix_tz_summer_start(const struct posix_tz *rule, int32_t year)
{
    return (int64_t)day_of_change(&rule->summer_starts, year) * 86400 + rule->summer_starts.time_s -
           rule->standard_offset_s;
}

int64_t posix_tz_summer_end(const struct posix_tz *rule, int32_t year)
{
    return (int64_t)day_of_change(&rule->summer_ends, year) * 86400 + rule->summer_ends.time_s -
           rule->summer_offset_s;
}
