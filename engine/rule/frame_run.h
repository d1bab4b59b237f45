/* A frame on its way: the longer bars of a tf(), made session by session from the rule's bars as a
 * run gets there, and the frame's plan, evaluated on a longer bar as soon as it is complete.
 *
 * A longer bar is complete on the first of the rule's bars that ends at its end or later; the last
 * one of a session ends at the session's close. So what the rule sees on a bar was known when that
 * bar was over.
 *
 * Longer bars have the numbers that they have in bars_resample of all bars, wherever a run began,
 * and so the same bits.
 */
#ifndef ENGINE_RULE_FRAME_RUN_H
#define ENGINE_RULE_FRAME_RUN_H

#include "engine/rule/plan_run.h"

struct frame_run {
    const struct plan_frame *frame;
    const struct bars *source; /* the rule's; borrowed */
    struct bars bars;          /* the longer ones; filled for sessions [filled_from, filled_to) */
    struct bars_builder store; /* where their columns are */
    struct bars_session *sessions;
    double *columns[BAR_COLUMN_COUNT]; /* the memory of each, with the padding in front */
    int64_t filled_from, filled_to;
    struct plan_run run;

    /* The walk over the rule's bars. */
    int64_t next;        /* the bar it stands before */
    int64_t session;     /* of the bar before that, or -1 */
    int64_t open;        /* index of the longer bar that holds that bar, or -1 */
    int64_t done;        /* longer bars that are complete: open or open + 1 */
    int64_t stop_ns;     /* the rule's bars from here on are in a later one */
    int64_t complete_ns; /* the rule's bars that start here or later complete it */

    /* The current block: where longer bars became complete, and what they show. */
    int64_t edge_count;
    int32_t edge[PLAN_BLOCK_BARS + 1]; /* place in the block, rising */
    double *shown;                     /* [output][PLAN_BLOCK_BARS + 2], the one before first */
};

/* ERR_NO_MEMORY (nothing to release then). */
enum err frame_run_init(struct frame_run *f, const struct plan_frame *frame,
                        const struct bars *source, const struct zone *zone, struct error *e);
void frame_run_release(struct frame_run *f); /* zero bytes are fine */

/* Stands before the rule's bar `bar`, as if recursive indicators began with the longer bar there.
 */
void frame_run_start(struct frame_run *f, int64_t bar);
/* The rule's bars [next, next + count), at most a block. */
void frame_run_advance(struct frame_run *f, int64_t count);
/* What an output shows on each bar of that block. */
void frame_run_show(const struct frame_run *f, int32_t output, int64_t count, double *out);

#endif
