#include "engine/study_window.h"

#include "base/civil.h"
#include "base/clock.h"

enum { SECONDS_PER_DAY = 86400, SECONDS_PER_MINUTE = 60 };

enum err study_window_check(const struct study_window *w, struct error *e)
{
    if (w->from_minute < 0 || w->from_minute >= MINUTES_OF_DAY)
        return error_field(e, ERR_INVALID, "/window/from", "from must be 00:00 to 23:59");
    if (w->to_minute < 0 || w->to_minute > MINUTES_OF_DAY)
        return error_field(e, ERR_INVALID, "/window/to", "to must be 00:00 to 24:00");
    if (w->from_minute == w->to_minute)
        return error_field(e, ERR_INVALID, "/window/to", "the window is empty: to equals from");
    if (w->weekdays & ~(uint32_t)WEEKDAYS_ALL)
        return error_field(e, ERR_INVALID, "/window/days", "unknown weekday");
    return ERR_OK;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static struct study_moment moment_of(const struct study_window *w, int64_t local_s)
{
    struct study_moment m;
    m.day = (int32_t)floor_divide(local_s, SECONDS_PER_DAY);
    m.minute = (int32_t)((local_s - (int64_t)m.day * SECONDS_PER_DAY) / SECONDS_PER_MINUTE);
    bool wraps = w->from_minute > w->to_minute;
    bool after_from = m.minute >= w->from_minute, before_to = m.minute < w->to_minute;
    m.inside = wraps ? after_from || before_to : after_from && before_to;
    if (m.inside && w->weekdays != 0 && w->weekdays != WEEKDAYS_ALL) {
        int32_t opened = wraps && before_to ? m.day - 1 : m.day;
        m.inside = (w->weekdays & WEEKDAY_BIT(civil_weekday(opened))) != 0;
    }
    return m;
}

struct study_moment study_window_at(const struct study_window *w, const struct zone *zone,
                                    int64_t time_ns)
{
    int64_t utc_s = floor_divide(time_ns, NS_PER_SECOND);
    return moment_of(w, utc_s + zone_offset_at(zone, utc_s));
}

void study_window_bars(const struct study_window *w, const struct zone *zone,
                       const struct bars *bars, int64_t first, int64_t end, int32_t *day,
                       int16_t *minute, bool *inside)
{
    int64_t change_s = INT64_MIN; /* the offset holds up to here */
    int32_t offset_s = 0;
    for (int64_t i = first; i < end; i++) {
        int64_t utc_s = floor_divide(bars->time_ns[i], NS_PER_SECOND);
        if (utc_s >= change_s) {
            offset_s = zone_offset_at(zone, utc_s);
            change_s = zone_next_change(zone, utc_s);
        }
        struct study_moment m = moment_of(w, utc_s + offset_s);
        day[i - first] = m.day;
        minute[i - first] = (int16_t)m.minute;
        inside[i - first] = m.inside;
    }
}
