/* The rule at the end of a TZif file, which holds for all years after its table:
 * "EST5EDT,M3.2.0,M11.1.0". The grammar is POSIX's TZ with quoted names and hours up to 167 (RFC
 * 9636, section 3.3.2).
 */
#ifndef BASE_POSIX_TZ_H
#define BASE_POSIX_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A day of each year and a wall clock time on it. */
struct posix_tz_change {
    enum {
        POSIX_TZ_JULIAN,      /* Jn: day 1..365, 29 February never counted */
        POSIX_TZ_DAY_OF_YEAR, /* n: day 0..365, counted */
        POSIX_TZ_WEEKDAY,     /* Mm.w.d: the w-th weekday d (0 = Sunday) of month m, 5 = the last */
    } kind;
    int32_t month, week, day;
    int32_t time_s; /* after midnight by the clock that is shown until then; may be negative */
};

struct posix_tz {
    int32_t standard_offset_s; /* east of UTC */
    bool has_summer;           /* else the rest is 0 */
    int32_t summer_offset_s;
    struct posix_tz_change summer_starts, summer_ends;
};

bool posix_tz_parse(const char *text, size_t length, struct posix_tz *ret_rule);

/* When summer time starts and ends in a year (1..9998), in UTC seconds. */
int64_t posix_tz_summer_start(const struct posix_tz *rule, int32_t year);
int64_t posix_tz_summer_end(const struct posix_tz *rule, int32_t year);

#endif
