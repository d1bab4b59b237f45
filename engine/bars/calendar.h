/* Trading calendars: which days have a session, and from when to when.
 *
 * Built in: XNYS (New York, 09:30-16:00, holidays and 13:00 closes 1990-2035), XNSE (India,
 * 09:15-15:30, Kolkata), 24x7 (UTC days, never closed). Immutable, any thread.
 *
 * A day is a local date of the calendar's zone, counted from 1970-01-01.
 */
#ifndef ENGINE_CALENDAR_H
#define ENGINE_CALENDAR_H

#include "base/error.h"
#include "base/zone.h"

struct calendar;

struct session {
    int32_t day;
    int64_t open_ns;  /* UTC, first bar's start */
    int64_t close_ns; /* UTC, exclusive: no bar starts here or later */
};

/* ERR_INVALID with the known names (and the nearest one). */
enum err calendar_find(const char *name, const struct calendar **ret, struct error *e);
const char *calendar_name(const struct calendar *c);
const struct zone *calendar_zone(const struct calendar *c);
const char *const *calendar_names(void); /* NULL-terminated */

/* The session of a day; false when the market is closed all day (or the day is outside the
 * calendar's range, 1990-01-01..2035-12-31 for the exchanges). */
bool calendar_session(const struct calendar *c, int32_t day, struct session *ret);
/* The session in which a bar starting at time_ns lies; false when outside every session. */
bool calendar_session_at(const struct calendar *c, int64_t time_ns, struct session *ret);
/* The local date at an instant. */
int32_t calendar_day_at(const struct calendar *c, int64_t time_ns);
/* The first session on or after `day`; false when there is none. */
bool calendar_next_session(const struct calendar *c, int32_t day, struct session *ret);

#endif
