/* The account over time: equity above, the distance from its highest so far below. */
#ifndef SERVER_REPORT_CHART_ACCOUNT_H
#define SERVER_REPORT_CHART_ACCOUNT_H

#include "engine/trades/metrics.h"
#include "server/report/timeline.h"

struct strbuf;
struct layout;

struct account_chart {
    const struct timeline *timeline; /* with a day at least */
    const struct equity_point *points;
    size_t point_count;
    const struct metrics *metrics; /* for when the maximum drawdown was */
};

/* `context` is a struct account_chart (a figure's draw). */
void chart_account(struct strbuf *out, const struct layout *layout, const void *context);

#endif
