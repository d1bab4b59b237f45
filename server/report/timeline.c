#include "server/report/timeline.h"

#include "server/report/local_time.h"

#include <stdlib.h>

enum { DAYS_AT_FIRST = 512 };

static enum err add_day(struct timeline *t, size_t *capacity, int32_t day, struct error *e)
{
    if (t->day_count && t->days[t->day_count - 1] == day)
        return ERR_OK;
    if (t->day_count == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : DAYS_AT_FIRST;
        int32_t *grown = realloc(t->days, wanted * sizeof(*grown));
        if (!grown)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the report");
        t->days = grown;
        *capacity = wanted;
    }
    t->days[t->day_count++] = day;
    return ERR_OK;
}

enum err timeline_init(struct timeline *t, const struct equity_point *points, size_t count,
                       const struct zone *zone, struct error *e)
{
    size_t capacity = 0;
    *t = (struct timeline){.zone = zone, .open_minute = 1440};
    for (size_t i = count > 1; i < count; i++) {
        struct local_time at = local_time_of(timeline_instant(&points[i]), zone);
        enum err err = add_day(t, &capacity, at.day, e);
        if (err) {
            timeline_release(t);
            return err;
        }
        t->open_minute = at.minute < t->open_minute ? at.minute : t->open_minute;
        t->close_minute = at.minute > t->close_minute ? at.minute : t->close_minute;
    }
    return ERR_OK;
}

void timeline_release(struct timeline *t)
{
    free(t->days);
    *t = (struct timeline){0};
}

double timeline_place(const struct timeline *t, int64_t ns)
{
    struct local_time at = local_time_of(ns, t->zone);
    size_t low = 0, high = t->day_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->days[middle] < at.day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == t->day_count || t->days[low] > at.day)
        return (double)low;
    if (at.minute <= t->open_minute && t->close_minute > t->open_minute)
        return (double)low;
    double share = t->close_minute > t->open_minute
                       ? (double)(at.minute - t->open_minute) / (t->close_minute - t->open_minute)
                       : 1;
    return (double)low + (share > 1 ? 1 : share);
}
