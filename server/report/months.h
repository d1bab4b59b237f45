/* The account's return by calendar month, from the equity at the closes of sessions. */
#ifndef SERVER_REPORT_MONTHS_H
#define SERVER_REPORT_MONTHS_H

#include "base/zone.h"
#include "engine/trades/ledger.h"

struct month_return {
    int32_t month; /* year * 12 + month - 1 */
    double value;  /* a fraction; NaN when the equity before it was not above 0 */
};

/* A walk over the points (in time order): a month's return is its last mark by the last mark
 * before the month, or by the start. Months without a mark are not there. */
struct month_walk {
    const struct equity_point *points;
    size_t count, at;
    const struct zone *zone;
    int64_t before; /* the equity that the next month begins with */
};
void month_walk_begin(struct month_walk *w, const struct equity_point *points, size_t count,
                      const struct zone *zone);
bool month_walk_next(struct month_walk *w, struct month_return *ret);

#endif
