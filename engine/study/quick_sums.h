/* The sums for base rates on their way: many bars of a session at once, in narrow accumulators,
 * which are settled into study_sums now and then. Exactly the same sums.
 *
 * One of these serves one worker, for whatever symbol it works on. Zero bytes are an empty one.
 */
#ifndef ENGINE_STUDY_QUICK_SUMS_H
#define ENGINE_STUDY_QUICK_SUMS_H

#include "engine/study/study_sums.h"

struct quick_sums {
    size_t horizon_count;
    struct study_sums *target; /* where to settle; borrowed until then */
    int32_t sessions;          /* at most so many values in each cell, since it was settled */
    int32_t first_minute, end_minute;
    int64_t *cells; /* [horizon_count][QUICK_FIELDS][MINUTES_OF_DAY]; owned */
};

enum err quick_sums_init(struct quick_sums *q, size_t horizon_count, struct error *e);
void quick_sums_release(struct quick_sums *q); /* what is not settled is gone */

/* study_sums_add for every horizon of a session of `count` bars; the returns of horizon h begin at
 * x[h * stride]. Settles first what belongs to another target. */
void quick_sums_add(struct quick_sums *q, struct study_sums *target, int64_t count,
                    const bool *counted, const int16_t *minute, const double *x, size_t stride);
/* After it the target is complete. */
void quick_sums_settle(struct quick_sums *q);

#endif
