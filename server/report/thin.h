/* A line of any number of points as an SVG path of about two points a pixel: of each column of one
 * unit the lowest and the highest, in the order they came, and the very first and last. What the
 * eye would see of the whole line, it sees of this one.
 */
#ifndef SERVER_REPORT_THIN_H
#define SERVER_REPORT_THIN_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

struct thin_point {
    double x, y;
};

struct thin {
    struct strbuf *out; /* borrowed */
    bool any;           /* a point came */
    int64_t column;     /* of the points that are held */
    struct thin_point low, high, last;
    int64_t written; /* points of the path */
};

void thin_begin(struct thin *t, struct strbuf *out);
void thin_add(struct thin *t, double x, double y); /* x never decreases */
void thin_end(struct thin *t);

#endif
