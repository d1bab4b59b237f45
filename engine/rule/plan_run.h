/* One plan on its way over bars: the memory of a run and the evaluation of its blocks. A rule_run
 * is one of these, with a further one for each frame of the rule.
 */
#ifndef ENGINE_RULE_PLAN_RUN_H
#define ENGINE_RULE_PLAN_RUN_H

#include "engine/rule/plan.h"

struct frame_run;

struct plan_run {
    const struct plan *plan;
    const struct bars *bars; /* borrowed */
    const struct zone *zone;
    struct frame_run *frames; /* [plan->frame_count] */
    int64_t position;
    double *values;                /* all slots */
    int64_t *cursor;               /* [slot] where in its buffer the next block goes */
    unsigned char *states;         /* of recursive kernels */
    unsigned char *caches;         /* of windows and series */
    uint64_t *masks;               /* [node * PLAN_BLOCK_BARS / 64] */
    const double **view;           /* [node] bar `start` of the current block */
    double *pad[BAR_COLUMN_COUNT]; /* the first bars behind MISSING ones; NULL: read in place */
};

/* Bars that are `padded` have plan->pad_bars MISSING values before bar 0 of each column. `frames`
 * and `bars` are borrowed until release. Not yet at a bar: plan_run_start comes next. ERR_NO_MEMORY
 * (nothing to release then). */
enum err plan_run_init(struct plan_run *run, const struct plan *plan, const struct bars *bars,
                       bool padded, const struct zone *zone, struct frame_run *frames,
                       struct error *e);
void plan_run_release(struct plan_run *run); /* zero bytes are fine */

/* rule_run_start, _save and _load for this plan, without its frames' own state. */
void plan_run_start(struct plan_run *run, int64_t bar);
void plan_run_save(const struct plan_run *run, void *state); /* plan->saved_bytes */
void plan_run_load(struct plan_run *run, const void *state); /* after plan_run_start there */

/* Evaluates the next block, at most up to `end`; returns its bars. */
int64_t plan_run_next(struct plan_run *run, int64_t end);
/* Of the last block: the bits of a boolean, the values of a number. */
const uint64_t *plan_run_mask(const struct plan_run *run, int32_t node);
const double *plan_run_values(const struct plan_run *run, int32_t node);

/* The value of a number that keeps a bar, on the bar before the position; MISSING at bar 0. */
double plan_run_last(const struct plan_run *run, int32_t node);

/* Memory that starts at a cache line, zeroed; free() it. NULL when out of memory. */
void *plan_run_alloc(size_t size_bytes);

#endif
