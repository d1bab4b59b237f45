/* Evaluating a rule over a long series in pieces, in parallel, with the bits of one pass from bar
 * 0.
 *
 * Recursive indicators (EMA, RSI) remember all bars before, so a piece cannot simply begin. Each
 * piece starts fresh rule_warmup_bars() before its first bar, by when a recurrence has forgotten
 * how it began, down to the last bit; and that is proved, not assumed: the state of the run at the
 * piece's first bar must be byte-equal to the state in which the run of the piece before ended. The
 * first piece begins at bar 0 and is exact by definition, so by induction all are. A piece whose
 * proof fails is evaluated again from the true state. Rules without recursion need no proof.
 */
#ifndef ENGINE_SCAN_H
#define ENGINE_SCAN_H

#include "base/error.h"
#include "engine/pool/worker_pool.h"
#include "engine/rule/rule.h"

/* Evaluation stops to look at *cancel after this many bars, well inside 100 ms. */
enum { SCAN_CANCEL_BARS = 8192 };

/* One worker's place in one series: a rule_run that is taken from piece to piece. Zero bytes are a
 * closed cursor. One thread at a time. */
struct scan_cursor {
    const struct rule *rule; /* borrowed while open */
    const struct bars *bars;
    struct rule_run *run;
};

/* Opens (or reuses, when rule and bars are the same) the cursor. */
enum err scan_cursor_open(struct scan_cursor *c, const struct rule *rule, const struct bars *bars,
                          struct error *e);
void scan_cursor_close(struct scan_cursor *c); /* closed already is fine */
/* Stands at `bar`: goes on when it is there already, else starts fresh before it and warms up.
 * *ret_bars (NULL allowed) is the number of bars that the warm-up took. ERR_CANCELED. */
enum err scan_cursor_seek(struct scan_cursor *c, int64_t bar, const _Atomic bool *cancel,
                          int64_t *ret_bars, struct error *e);
/* Evaluates up to `end` without wanting the bits. ERR_CANCELED. */
enum err scan_cursor_skip(struct scan_cursor *c, int64_t end, const _Atomic bool *cancel,
                          struct error *e);

struct scan_stats {
    int64_t pieces;
    int64_t warmup_bars; /* evaluated besides the bars asked for */
    int64_t reevaluated; /* pieces whose proof failed */
};

/* The rule's bits over all of `bars`: bit i % 64 of mask[i / 64], (count + 63) / 64 words, bits
 * past the end zero. piece_bars (a multiple of 64, or 0 for the default) never changes the answer.
 * Not from a worker. stats NULL allowed. */
enum err scan_bits(const struct rule *rule, const struct bars *bars, struct worker_pool *pool,
                   int64_t piece_bars, const _Atomic bool *cancel, uint64_t *mask,
                   struct scan_stats *ret_stats, struct error *e);

#endif
