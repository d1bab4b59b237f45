/* What each exchange's file knows: the trading hours of a local date, as wall clock minutes.
 * Private to the calendar*.c files; everyone else asks calendar.h.
 */
#ifndef ENGINE_CALENDAR_RULES_H
#define ENGINE_CALENDAR_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Minutes after local midnight, close exclusive. */
struct trading_hours {
    int32_t open_minute;
    int32_t close_minute;
};

#define CLOCK_MINUTE(hour, minute) ((hour)*60 + (minute))

/* A day that departs from the rules: other hours, or open == close when it is closed. */
struct special_day {
    int32_t year, month, day;
    int32_t open_minute, close_minute;
};
/* The row of a day (table in date order), or NULL. */
const struct special_day *special_day_find(const struct special_day *table, size_t count,
                                           int32_t day);

/* false when the exchange is closed all day. */
bool xnys_hours(int32_t day, struct trading_hours *ret);
bool xnse_hours(int32_t day, struct trading_hours *ret);

#endif
