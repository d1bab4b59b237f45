/* Figures as the readers of a report see them: grouped, rounded, with a real minus sign, and an en
 * dash for what is MISSING (NaN). UTF-8, not escaped (nothing in them needs it).
 *
 * A text comes back by value: it lives to the end of the expression that asked for it, which is
 * enough to print it.
 */
#ifndef SERVER_REPORT_SHOW_H
#define SERVER_REPORT_SHOW_H

#include "base/zone.h"

#include <stdint.h>

struct shown {
    char text[48];
};

struct shown show_count(int64_t n);                         /* 1,234,567 */
struct shown show_number(double x, int decimals);           /* 1,234.57; an infinity is its sign */
struct shown show_percent(double share, int decimals);      /* 0.0123 -> 1.2 % */
struct shown show_change(double share, int decimals);       /* +1.2 %, with its sign always */
struct shown show_money(int64_t decimal);                   /* int64 at 1e-6 -> 1,234.57 */
struct shown show_gain(int64_t decimal);                    /* +1,234.57 */
struct shown show_price(int64_t decimal);                   /* 2 to 6 decimals, fewer when large */
struct shown show_minute(int32_t minute);                   /* of a day: 09:45 */
struct shown show_day(int32_t day);                         /* 4 Mar 2024 */
struct shown show_month(int32_t month);                     /* year * 12 + month - 1 -> Mar 2024 */
struct shown show_instant(int64_t ns, const struct zone *); /* 4 Mar 2024 09:45, its wall clock */
struct shown show_span(int64_t ns);                         /* 45 min, 2 h 5 min, 3 d 4 h, 120 d */

const char *show_month_name(int32_t month); /* 0..11 -> Jan */

/* Decimals with which a percentage of this size has three digits that tell something, 0..4. */
int show_percent_decimals(double share);

#endif
