/* New York: 09:30-16:00 on weekdays less the exchange's holidays, from rules where there is a rule
 * and from a table where there is none. The rules are those in force in the year asked for:
 *
 *   New Year          Jan 1; a Sunday moves to Monday, a Saturday is not observed (the year's last
 *                     trading day is never given up)
 *   M. L. King        third Monday of January, from 1998
 *   Washington        third Monday of February
 *   Good Friday       two days before Easter Sunday
 *   Memorial Day      last Monday of May
 *   Juneteenth        Jun 19, from 2022; weekend moves to the nearest weekday
 *   Independence      Jul 4; weekend moves to the nearest weekday
 *   Labor Day         first Monday of September
 *   Thanksgiving      fourth Thursday of November
 *   Christmas         Dec 25; weekend moves to the nearest weekday
 *
 * Early closes are at 13:00 (14:00 before 1993): the day after Thanksgiving (from 1992), Christmas
 * Eve, and around Independence Day from 1995: Jul 3 when it is a Monday, Tuesday or Thursday, from
 * 2013 a Wednesday too; before 2013 a Thursday holiday shortened the Friday after it instead.
 *
 * Openings delayed by less than five minutes (moments of silence) count as regular ones, and halts
 * inside a session are no part of a calendar.
 */
#include "engine/bars/calendar_rules.h"

#include "base/civil.h"

enum {
    MONDAY = 1,
    TUESDAY,
    WEDNESDAY,
    THURSDAY,
    FRIDAY,
    SATURDAY,
    SUNDAY,

    OPEN = CLOCK_MINUTE(9, 30),
    CLOSE = CLOCK_MINUTE(16, 0),
};

/* clang-format off */
static const struct special_day special_days[] = {
    {1990, 12, 27, CLOCK_MINUTE(11, 0), CLOSE},                /* power failure in the morning */
    {1994,  2, 11, OPEN, CLOCK_MINUTE(14, 30)},                /* snow */
    {1994,  4, 27, 0, 0},                                      /* President Nixon's funeral */
    {1995, 12, 18, CLOCK_MINUTE(10, 30), CLOSE},               /* computer trouble */
    {1996,  1,  8, CLOCK_MINUTE(11, 0), CLOCK_MINUTE(14, 0)},  /* snow */
    {1997, 10, 27, OPEN, CLOCK_MINUTE(15, 30)},                /* circuit breaker */
    {1997, 12, 26, OPEN, CLOCK_MINUTE(13, 0)},                 /* Friday after Christmas */
    {2001,  9, 11, 0, 0},                                      /* attack on the World Trade Center */
    {2001,  9, 12, 0, 0},
    {2001,  9, 13, 0, 0},
    {2001,  9, 14, 0, 0},
    {2002,  9, 11, CLOCK_MINUTE(12, 0), CLOSE},                /* its first anniversary */
    {2003, 12, 26, OPEN, CLOCK_MINUTE(13, 0)},                 /* Friday after Christmas */
    {2004,  6, 11, 0, 0},                                      /* President Reagan's funeral */
    {2007,  1,  2, 0, 0},                                      /* President Ford's funeral */
    {2012, 10, 29, 0, 0},                                      /* hurricane Sandy */
    {2012, 10, 30, 0, 0},
    {2018, 12,  5, 0, 0},                                      /* President G. H. W. Bush's funeral */
    {2025,  1,  9, 0, 0},                                      /* President Carter's funeral */
};
/* clang-format on */

static int32_t days(int32_t year, int32_t month, int32_t day)
{
    return civil_to_days((struct civil_date){year, month, day});
}

/* The n-th given weekday of a month. */
static int32_t nth_weekday(int32_t year, int32_t month, int32_t weekday, int32_t n)
{
    int32_t first = days(year, month, 1);
    int32_t ahead = (weekday - civil_weekday(first) + 7) % 7;
    return first + ahead + 7 * (n - 1);
}

static int32_t nearest_weekday(int32_t day)
{
    int32_t weekday = civil_weekday(day);
    return weekday == SATURDAY ? day - 1 : weekday == SUNDAY ? day + 1 : day;
}

/* Gregorian Easter by the rule of Gauss, with its two exceptions. */
static int32_t easter_sunday(int32_t year)
{
    int32_t century = year / 100;
    int32_t moon_shift = (15 - (13 + 8 * century) / 25 + century - century / 4) % 30;
    int32_t sunday_shift = (4 + century - century / 4) % 7;
    int32_t full_moon = (19 * (year % 19) + moon_shift) % 30;
    int32_t to_sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * full_moon + sunday_shift) % 7;
    int32_t after_march_22 = full_moon + to_sunday;
    if (to_sunday == 6 && (full_moon == 29 || (full_moon == 28 && year % 19 > 10)))
        after_march_22 -= 7;
    return days(year, 3, 22) + after_march_22;
}

/* One of the rule-made holidays; the day is a weekday. */
static bool is_holiday(int32_t day, struct civil_date date, int32_t weekday)
{
    int32_t year = date.year;
    switch (date.month) {
    case 1:
        return date.day == 1 || (date.day == 2 && weekday == MONDAY) ||
               (year >= 1998 && day == nth_weekday(year, 1, MONDAY, 3));
    case 2:
        return day == nth_weekday(year, 2, MONDAY, 3);
    case 3:
    case 4:
        return day == easter_sunday(year) - 2;
    case 5:
        return weekday == MONDAY && date.day > 31 - 7;
    case 6:
        return year >= 2022 && day == nearest_weekday(days(year, 6, 19));
    case 7:
        return day == nearest_weekday(days(year, 7, 4));
    case 9:
        return day == nth_weekday(year, 9, MONDAY, 1);
    case 11:
        return day == nth_weekday(year, 11, THURSDAY, 4);
    case 12:
        return day == nearest_weekday(days(year, 12, 25));
    default:
        return false;
    }
}

/* The day is a trading day. */
static bool closes_early(int32_t day, struct civil_date date, int32_t weekday)
{
    int32_t year = date.year;
    if (date.month == 7 && year >= 1995) {
        if (date.day == 3)
            return weekday == MONDAY || weekday == TUESDAY || weekday == THURSDAY ||
                   (weekday == WEDNESDAY && year >= 2013);
        return date.day == 5 && weekday == FRIDAY && year < 2013;
    }
    if (date.month == 11)
        return year >= 1992 && day == nth_weekday(year, 11, THURSDAY, 4) + 1;
    return date.month == 12 && date.day == 24;
}

bool xnys_hours(int32_t day, struct trading_hours *ret)
{
    const struct special_day *special =
        special_day_find(special_days, sizeof(special_days) / sizeof(special_days[0]), day);
    if (special) {
        *ret = (struct trading_hours){special->open_minute, special->close_minute};
        return special->open_minute != special->close_minute;
    }
    struct civil_date date = civil_from_days(day);
    int32_t weekday = civil_weekday(day);
    if (weekday >= SATURDAY || is_holiday(day, date, weekday))
        return false;
    ret->open_minute = OPEN;
    ret->close_minute = CLOSE;
    if (closes_early(day, date, weekday))
        ret->close_minute = date.year < 1993 ? CLOCK_MINUTE(14, 0) : CLOCK_MINUTE(13, 0);
    return true;
}
