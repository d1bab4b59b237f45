#include "base/civil.h"

#include <assert.h>

/* Years are counted from March, so that the leap day is the last of its year and the months before
 * it have a fixed rhythm: 153 days each five months. Four centuries always have the same length. */
enum {
    DAYS_TO_EPOCH = 719468, /* 0000-03-01 to 1970-01-01 */
    DAYS_IN_CYCLE = 146097, /* of 400 years */
    YEARS_IN_CYCLE = 400,
};

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool civil_valid(struct civil_date date)
{
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

int32_t civil_to_days(struct civil_date date)
{
    assert(civil_valid(date));
    bool before_march = date.month < 3;
    int32_t year = date.year - before_march;
    int32_t month = date.month - 3 + 12 * before_march;
    int32_t leap_days = year / 4 - year / 100 + year / 400;
    return 365 * year + leap_days + (153 * month + 2) / 5 + date.day - 1 - DAYS_TO_EPOCH;
}

struct civil_date civil_from_days(int32_t days)
{
    int64_t since_origin = (int64_t)days + DAYS_TO_EPOCH;
    int64_t cycle = since_origin / DAYS_IN_CYCLE - (since_origin % DAYS_IN_CYCLE < 0);
    int32_t day = (int32_t)(since_origin - cycle * DAYS_IN_CYCLE);
    /* Take out the leap days that came before, then every year has 365. The last day of a cycle is
     * the leap day that only 400 gives. */
    int32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int32_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int32_t month = (5 * day_of_year + 2) / 153;
    bool after_december = month >= 10;
    return (struct civil_date){
        .year = (int32_t)(cycle * YEARS_IN_CYCLE) + year + after_december,
        .month = month + 3 - 12 * after_december,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

int32_t civil_weekday(int32_t days)
{
    int64_t monday_based = ((int64_t)days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int32_t)(monday_based < 0 ? monday_based + 7 : monday_based) + 1;
}

/* `count` digits as a number, or -1. */
static int32_t digits(const char *text, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool civil_parse(const char *text, size_t length, int32_t *ret_days)
{
    if (length != 10 || text[4] != '-' || text[7] != '-')
        return false;
    struct civil_date date = {digits(text, 4), digits(text + 5, 2), digits(text + 8, 2)};
    if (!civil_valid(date))
        return false;
    *ret_days = civil_to_days(date);
    return true;
}

void civil_format(int32_t days, char out[11])
{
    struct civil_date date = civil_from_days(days);
    assert(date.year >= 1 && date.year <= 9999);
    out[0] = (char)('0' + date.year / 1000);
    out[1] = (char)('0' + date.year / 100 % 10);
    out[2] = (char)('0' + date.year / 10 % 10);
    out[3] = (char)('0' + date.year % 10);
    out[4] = '-';
    out[5] = (char)('0' + date.month / 10);
    out[6] = (char)('0' + date.month % 10);
    out[7] = '-';
    out[8] = (char)('0' + date.day / 10);
    out[9] = (char)('0' + date.day % 10);
    out[10] = '\0';
}
