#include "server/report/months.h"

#include "base/civil.h"
#include "server/report/local_time.h"
#include "server/report/timeline.h"

#include <math.h>

void month_walk_begin(struct month_walk *w, const struct equity_point *points, size_t count,
                      const struct zone *zone)
{
    *w = (struct month_walk){.points = points, .count = count, .zone = zone};
    w->before = count ? points[0].equity : 0;
}

static int32_t month_of(const struct month_walk *w, const struct equity_point *p)
{
    struct civil_date date = civil_from_days(local_time_of(timeline_instant(p), w->zone).day);
    return date.year * 12 + date.month - 1;
}

bool month_walk_next(struct month_walk *w, struct month_return *ret)
{
    bool any = false;
    int64_t last = w->before;
    for (; w->at < w->count; w->at++) {
        const struct equity_point *p = &w->points[w->at];
        if (!p->is_mark)
            continue;
        int32_t month = month_of(w, p);
        if (any && month != ret->month)
            break;
        ret->month = month;
        last = p->equity;
        any = true;
    }
    if (any)
        ret->value = w->before > 0 ? (double)last / (double)w->before - 1 : (double)NAN;
    w->before = last;
    return any;
}
