/* Means against the base rate: a row for each horizon, with the difference and its confidence
 * interval about the line at 0.
 */
#ifndef SERVER_REPORT_CHART_INTERVAL_H
#define SERVER_REPORT_CHART_INTERVAL_H

#include "engine/study/study_result.h"

struct strbuf;
struct layout;
struct study_horizon;

struct interval_chart {
    size_t count;
    const struct study_horizon *horizons;    /* [count] */
    const struct study_horizon_stats *stats; /* [count]; those with a difference are drawn */
};

/* `context` is a struct interval_chart (a figure's draw). */
void chart_interval(struct strbuf *out, const struct layout *layout, const void *context);

#endif
