/* An instant as a wall clock of a zone has it: the day and the minute that a report counts by. */
#ifndef SERVER_REPORT_LOCAL_TIME_H
#define SERVER_REPORT_LOCAL_TIME_H

#include "base/zone.h"

#include <stdint.h>

struct local_time {
    int32_t day;    /* since 1970-01-01 */
    int32_t minute; /* 0..1439 */
};

static inline struct local_time local_time_of(int64_t ns, const struct zone *zone)
{
    int64_t second = ns / 1000000000 - (ns % 1000000000 < 0);
    int64_t local = second + zone_offset_at(zone, second);
    int64_t day = local / 86400 - (local % 86400 < 0);
    return (struct local_time){.day = (int32_t)day,
                               .minute = (int32_t)((local - day * 86400) / 60)};
}

#endif
