#include "server/report/show.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "server/report/local_time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"
#define DASH "\xe2\x80\x93"
#define INFINITE "\xe2\x88\x9e"
#define NARROW_SPACE "\xe2\x80\xaf" /* no break */

static struct shown dash(void)
{
    return (struct shown){DASH};
}

/* `digits` is a number without a sign; groups what stands before its point. */
static struct shown grouped(const char *sign, const char *digits, const char *unit)
{
    struct shown s;
    char text[sizeof(s.text)];
    size_t whole = strcspn(digits, "."), at = 0;
    for (size_t i = 0; digits[i] && at + 2 < sizeof(text); i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    snprintf(s.text, sizeof(s.text), "%s%s%s", sign, text, unit);
    return s;
}

struct shown show_count(int64_t n)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
    return grouped(n < 0 ? MINUS : "", digits, "");
}

/* Nothing that is shown as 0 has a sign. */
static struct shown number_with(double x, int decimals, bool plus, const char *unit)
{
    char digits[32];
    if (isnan(x))
        return dash();
    if (isinf(x) || fabs(x) >= 1e15)
        return grouped(x < 0 ? MINUS : plus ? "+" : "", INFINITE, unit);
    snprintf(digits, sizeof(digits), "%.*f", decimals, fabs(x));
    bool is_zero = strspn(digits, "0.") == strlen(digits);
    return grouped(is_zero ? "" : x < 0 ? MINUS : plus ? "+" : "", digits, unit);
}

struct shown show_number(double x, int decimals)
{
    return number_with(x, decimals, false, "");
}

struct shown show_percent(double share, int decimals)
{
    return number_with(100 * share, decimals, false, NARROW_SPACE "%");
}

struct shown show_change(double share, int decimals)
{
    return number_with(100 * share, decimals, true, NARROW_SPACE "%");
}

int show_percent_decimals(double share)
{
    double percent = fabs(100 * share);
    if (!isfinite(percent) || percent >= 100)
        return 0;
    return percent >= 10 ? 1 : percent >= 1 ? 2 : percent >= 0.005 ? 3 : 4;
}

struct shown show_money(int64_t decimal)
{
    return show_number(decimal_to_double(decimal), 2);
}

struct shown show_gain(int64_t decimal)
{
    return number_with(decimal_to_double(decimal), 2, true, "");
}

/* Two decimals from 100 on, four from 1 on, all below. */
struct shown show_price(int64_t decimal)
{
    char digits[DECIMAL_MAX_TEXT + 4];
    int64_t magnitude = decimal < 0 ? -decimal : decimal;
    int64_t unit = magnitude >= 100 * DECIMAL_ONE ? DECIMAL_ONE / 100
                   : magnitude >= DECIMAL_ONE     ? DECIMAL_ONE / 10000
                                                  : 1;
    size_t length = decimal_format((magnitude + unit / 2) / unit * unit, digits);
    size_t whole = strcspn(digits, ".");
    if (whole == length)
        digits[length++] = '.';
    while (length - whole < 3)
        digits[length++] = '0';
    digits[length] = '\0';
    return grouped(decimal < 0 ? MINUS : "", digits, "");
}

struct shown show_minute(int32_t minute)
{
    struct shown s;
    snprintf(s.text, sizeof(s.text), "%02d:%02d", minute / 60, minute % 60);
    return s;
}

const char *show_month_name(int32_t month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[month];
}

struct shown show_day(int32_t day)
{
    struct shown s;
    struct civil_date date = civil_from_days(day);
    snprintf(s.text, sizeof(s.text), "%d %s %d", date.day, show_month_name(date.month - 1),
             date.year);
    return s;
}

struct shown show_month(int32_t month)
{
    struct shown s;
    snprintf(s.text, sizeof(s.text), "%s %d", show_month_name(month % 12), month / 12);
    return s;
}

struct shown show_instant(int64_t ns, const struct zone *zone)
{
    struct local_time at = local_time_of(ns, zone);
    struct shown s = show_day(at.day);
    size_t length = strlen(s.text);
    snprintf(s.text + length, sizeof(s.text) - length, " %.5s", show_minute(at.minute).text);
    return s;
}

struct shown show_span(int64_t ns)
{
    struct shown s;
    int64_t minutes = ns / NS_PER_MINUTE;
    if (ns < NS_PER_MINUTE)
        snprintf(s.text, sizeof(s.text), "%" PRId64 " s", ns / NS_PER_SECOND);
    else if (minutes < 60)
        snprintf(s.text, sizeof(s.text), "%" PRId64 " min", minutes);
    else if (minutes < 24 * 60)
        snprintf(s.text, sizeof(s.text), "%" PRId64 " h %" PRId64 " min", minutes / 60,
                 minutes % 60);
    else if (minutes < 10 * 24 * 60)
        snprintf(s.text, sizeof(s.text), "%" PRId64 " d %" PRId64 " h", minutes / (24 * 60),
                 minutes / 60 % 24);
    else
        snprintf(s.text, sizeof(s.text), "%.40s d", show_count(minutes / (24 * 60)).text);
    return s;
}
