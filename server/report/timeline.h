/* Instants on an axis of session days: day i takes [i, i + 1), from the earliest to the latest
 * minute of the day that any of its instants has. Nights, weekends and gaps take no room.
 */
#ifndef SERVER_REPORT_TIMELINE_H
#define SERVER_REPORT_TIMELINE_H

#include "base/zone.h"
#include "engine/trades/ledger.h"

struct timeline {
    const struct zone *zone;
    size_t day_count;
    int32_t *days;                     /* [day_count], ascending; owned */
    int32_t open_minute, close_minute; /* equal when every day has one instant */
};

/* Of an equity curve (in time order). The first point, the account's start, makes no day of its
 * own unless it is alone. ERR_NO_MEMORY. */
enum err timeline_init(struct timeline *t, const struct equity_point *points, size_t count,
                       const struct zone *zone, struct error *e);
void timeline_release(struct timeline *t);

/* 0..day_count; what lies before or after is moved to the ends. */
double timeline_place(const struct timeline *t, int64_t ns);

/* When a point of the equity was. The close of a session is its last instant: where markets never
 * close, midnight belongs to the day that ends. */
static inline int64_t timeline_instant(const struct equity_point *p)
{
    return p->at_ns - p->is_mark;
}

#endif
