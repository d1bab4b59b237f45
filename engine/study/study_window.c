#include "engine/study/study_window.h"

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

/* One local day of a window: which of its minutes are inside. */
struct window_day {
    int32_t day;
    int64_t start_s; /* local midnight */
    bool inside[2];  /* minutes before to_minute, minutes from from_minute on */
};

static bool has_weekday(const struct study_window *w, int32_t day)
{
    if (w->weekdays == 0 || w->weekdays == WEEKDAYS_ALL)
        return true;
    return (w->weekdays & WEEKDAY_BIT(civil_weekday(day))) != 0;
}

static struct window_day window_day_of(const struct study_window *w, int64_t local_s)
{
    bool wraps = w->from_minute > w->to_minute;
    int32_t day = (int32_t)floor_divide(local_s, SECONDS_PER_DAY);
    struct window_day d = {.day = day, .start_s = (int64_t)day * SECONDS_PER_DAY};
    d.inside[1] = has_weekday(w, day);
    d.inside[0] = wraps ? has_weekday(w, day - 1) : d.inside[1];
    return d;
}

static bool is_inside(const struct study_window *w, const struct window_day *d, int32_t minute)
{
    bool after_from = minute >= w->from_minute, before_to = minute < w->to_minute;
    if (w->from_minute > w->to_minute)
        return (before_to && d->inside[0]) || (after_from && d->inside[1]);
    return before_to && after_from && d->inside[1];
}

static int32_t minute_of(const struct window_day *d, int64_t local_s)
{
    return (int32_t)((uint32_t)(local_s - d->start_s) / SECONDS_PER_MINUTE);
}

struct study_moment study_window_at(const struct study_window *w, const struct zone *zone,
                                    int64_t time_ns)
{
    int64_t utc_s = floor_divide(time_ns, NS_PER_SECOND);
    int64_t local_s = utc_s + zone_offset_at(zone, utc_s);
    struct window_day d = window_day_of(w, local_s);
    int32_t minute = minute_of(&d, local_s);
    return (struct study_moment){d.day, minute, is_inside(w, &d, minute)};
}

void study_window_bars(const struct study_window *w, const struct zone *zone,
                       const struct bars *bars, int64_t first, int64_t end, int32_t *day,
                       int16_t *minute, bool *inside)
{
    int64_t change_s = INT64_MIN; /* the offset holds up to here */
    int32_t offset_s = 0;
    struct window_day d = {.start_s = INT64_MIN / 2};
    int64_t utc_s = 0;
    for (int64_t i = first; i < end; i++) {
        if (i > first && bars->time_ns[i] - bars->time_ns[i - 1] == NS_PER_MINUTE)
            utc_s += SECONDS_PER_MINUTE; /* most often; a division takes far longer */
        else
            utc_s = floor_divide(bars->time_ns[i], NS_PER_SECOND);
        if (utc_s >= change_s) {
            offset_s = zone_offset_at(zone, utc_s);
            change_s = zone_next_change(zone, utc_s);
        }
        int64_t local_s = utc_s + offset_s;
        if (local_s < d.start_s || local_s - d.start_s >= SECONDS_PER_DAY)
            d = window_day_of(w, local_s);
        int32_t m = minute_of(&d, local_s);
        day[i - first] = d.day;
        minute[i - first] = (int16_t)m;
        inside[i - first] = is_inside(w, &d, m);
    }
}
