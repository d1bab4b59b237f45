/* The hours in which an alert counts: a range of wall-clock minutes on chosen weekdays of a zone.
 * Shared by studies and the live watch. Plain values, any thread.
 */
#ifndef ENGINE_STUDY_WINDOW_H
#define ENGINE_STUDY_WINDOW_H

#include "base/error.h"
#include "base/zone.h"
#include "engine/bars/bars.h"

enum {
    MINUTES_OF_DAY = 1440,
    WEEKDAYS_ALL = 0x7f,
};
#define WEEKDAY_BIT(iso_weekday) (1u << ((iso_weekday)-1)) /* 1 = Monday .. 7 = Sunday */

/* A bar is inside when its start lies in [from_minute, to_minute) of the local day; from > to wraps
 * past midnight, and what follows midnight belongs to the weekday on which the window opened.
 * 0..1440 is the whole day; from == to is refused. */
struct study_window {
    int32_t from_minute;     /* 0..1439 */
    int32_t to_minute;       /* 1..1440; 0 is midnight too when it wraps */
    const struct zone *zone; /* NULL = the calendar's, of each symbol */
    uint32_t weekdays;       /* WEEKDAY_BITs, 0 = all */
};

/* ERR_INVALID with a pointer below /window. */
enum err study_window_check(const struct study_window *w, struct error *e);

/* Where an instant falls in the window's zone. */
struct study_moment {
    int32_t day;    /* local date */
    int32_t minute; /* of that day, 0..1439 */
    bool inside;
};
struct study_moment study_window_at(const struct study_window *w, const struct zone *zone,
                                    int64_t time_ns);

/* The same for bars [first, end) at once: minute[k] of bar first + k, the day as day[k], bit k of
 * inside. */
void study_window_bars(const struct study_window *w, const struct zone *zone,
                       const struct bars *bars, int64_t first, int64_t end, int32_t *day,
                       int16_t *minute, bool *inside);

#endif
