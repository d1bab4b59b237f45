/* Bars over names, or over the steps of a scale: counts by time of day, means by weekday, a
 * histogram of returns.
 */
#ifndef SERVER_REPORT_CHART_BARS_H
#define SERVER_REPORT_CHART_BARS_H

#include "server/report/plot.h"

enum { BARS_MAX = 120, BAR_LABEL = 48, BAR_TITLE = 176 };

struct bar {
    double value;          /* NaN = nothing to show */
    bool is_loss;          /* of the other colour */
    bool is_faint;         /* made of little: drawn so */
    char label[BAR_LABEL]; /* below it, where there is room; "" = none */
    char title[BAR_TITLE]; /* under the pointer */
};

struct bar_chart {
    const char *label; /* what it is, for those who do not see */
    size_t count;      /* 1..BARS_MAX */
    struct bar *bars;
    double height;
    bool is_count;        /* else values are fractions, told in percent */
    bool labels_at_edges; /* a label names where its bar begins, not the bar */
};

/* `context` is a struct bar_chart (a figure's draw). */
void chart_bars(struct strbuf *out, const struct layout *layout, const void *context);

#endif
