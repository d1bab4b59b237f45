#include "server/cli/text_format.h"

#include "base/civil.h"
#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *format_grouped(int64_t value, char out[TEXT_FORMAT_MAX])
{
    char digits[TEXT_FORMAT_MAX];
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, magnitude);
    char *p = out;
    if (value < 0)
        *p++ = '-';
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

const char *format_short(int64_t value, char out[TEXT_FORMAT_MAX])
{
    static const struct {
        double unit;
        const char *letter;
    } units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        double scaled = (double)value / units[i].unit;
        if (scaled < 1)
            continue;
        snprintf(out, TEXT_FORMAT_MAX, "%.*f%s", scaled < 9.95 ? 1 : 0, scaled, units[i].letter);
        return out;
    }
    snprintf(out, TEXT_FORMAT_MAX, "%" PRId64, value);
    return out;
}

const char *format_percent(double share, int decimals, char out[TEXT_FORMAT_MAX])
{
    if (isnan(share))
        snprintf(out, TEXT_FORMAT_MAX, "-");
    else
        snprintf(out, TEXT_FORMAT_MAX, "%.*f%%", decimals, 100 * share);
    return out;
}

const char *format_signed_percent(double share, int decimals, char out[TEXT_FORMAT_MAX])
{
    if (isnan(share))
        snprintf(out, TEXT_FORMAT_MAX, "-");
    else
        snprintf(out, TEXT_FORMAT_MAX, "%+.*f%%", decimals, 100 * share);
    return out;
}

const char *format_money(const char *decimal, char out[TEXT_FORMAT_MAX])
{
    char grouped[TEXT_FORMAT_MAX];
    double value = decimal ? strtod(decimal, NULL) : (double)NAN;
    int64_t cents = isfinite(value) ? llround(fabs(value) * 100) : 0;
    if (!isfinite(value))
        snprintf(out, TEXT_FORMAT_MAX, "-");
    else
        snprintf(out, TEXT_FORMAT_MAX, "%s%.28s.%02d", value < 0 && cents > 0 ? "-" : "",
                 format_grouped(cents / 100, grouped), (int)(cents % 100));
    return out;
}

const char *format_elapsed(double seconds, char out[TEXT_FORMAT_MAX])
{
    if (seconds < 1)
        snprintf(out, TEXT_FORMAT_MAX, "%.0f ms", seconds * 1000);
    else if (seconds < 60)
        snprintf(out, TEXT_FORMAT_MAX, "%.1f s", seconds);
    else
        snprintf(out, TEXT_FORMAT_MAX, "%.0f min %.0f s", floor(seconds / 60), fmod(seconds, 60));
    return out;
}

const char *format_local(int64_t ns, const struct zone *zone, char out[TEXT_FORMAT_MAX])
{
    int64_t second = ns / NS_PER_SECOND - (ns % NS_PER_SECOND < 0);
    int64_t local = second + zone_offset_at(zone, second);
    int64_t day = local / 86400 - (local % 86400 < 0);
    int64_t minute = (local - day * 86400) / 60;
    char date[11];
    civil_format((int32_t)day, date);
    snprintf(out, TEXT_FORMAT_MAX, "%s %02d:%02d", date, (int)(minute / 60), (int)(minute % 60));
    return out;
}
