/* Fewer points of an equity curve, without losing what one looks for in it.
 *
 * The curve is cut into buckets of equal length; each keeps its first and last point, the lowest
 * and the highest equity and the deepest drawdown (the first of equals). So the highest, the lowest
 * and the deepest point of the whole curve are among those kept, as are its two ends, and every
 * kept point is one of the curve's own.
 */
#ifndef SERVER_RESULTS_DOWNSAMPLE_H
#define SERVER_RESULTS_DOWNSAMPLE_H

#include "server/jobs/equity_record.h"

enum { DOWNSAMPLE_KEPT = 5 }; /* of one bucket, at most */

typedef void downsample_keep(void *context, const struct equity_record *r);

struct downsample {
    int64_t total, buckets, next; /* next: index of the next record */
    downsample_keep *keep;
    void *context;
    struct {
        struct equity_record record;
        int64_t index;
    } kept[DOWNSAMPLE_KEPT]; /* of the bucket under way: first, lowest, highest, deepest, last */
};

/* total >= 0 records are to come; at most `points` (>= DOWNSAMPLE_KEPT) are kept: all of them when
 * they are no more than that. */
void downsample_init(struct downsample *d, int64_t total, int64_t points, downsample_keep *keep,
                     void *context);
/* The next record; calls `keep` for those of a bucket, in order, once it is complete. */
void downsample_add(struct downsample *d, const struct equity_record *r);

#endif
