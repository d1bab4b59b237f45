/* One shard of a study at work: the rule's bits, the candidate fires with what followed them, and
 * the sums for base rates. Private to the study; scan.h says why its states are kept.
 */
#ifndef ENGINE_STUDY_SHARD_H
#define ENGINE_STUDY_SHARD_H

#include "base/digest.h"
#include "engine/study/fire_list.h"
#include "engine/study/quick_sums.h"
#include "engine/study/scan.h"
#include "engine/study/study_forward.h"
#include "engine/study/study_sums.h"

struct shard_result {
    struct study_counts counts; /* fires and days_with_fires are the merge's */
    struct fire_list fires;     /* candidates; after the merge, those the cooldown left */
    size_t state_bytes;         /* 0 when the rule needs no proof */
    unsigned char *exit_state;  /* after the shard's last bar */
    unsigned char entry_hash[DATA_HASH_BYTES]; /* of the state before its first */
};
void shard_result_release(struct shard_result *r);

/* What all shards of a study share. Immutable while workers run. */
struct shard_setup {
    const struct study_request *request;
    struct forward_plan forward;
    bool needs_proof;
    const _Atomic bool *cancel; /* NULL allowed */
};

/* One worker's tools. Zero bytes are fine to begin with. */
struct shard_worker {
    struct scan_cursor cursor;
    uint64_t *mask; /* of SCAN_CANCEL_BARS bars or one session */
    /* by bar of a session, `capacity` of each */
    size_t capacity;
    int32_t *day;
    int16_t *minute;
    bool *inside, *counted;
    int32_t *candidates, *queue; /* the queue has twice the length */
    double *returns;             /* [horizon_count * capacity] */
    double *mfe, *mae;
    struct quick_sums quick;
};
void shard_worker_release(struct shard_worker *w);

/* Evaluates the rule over the shard. `true_state` is the state of the run at its first bar when
 * that is known, else NULL: then the worker's cursor goes on or warms up, and the result's
 * entry_hash must be proved. A state-only shard has no candidates. sums (NULL: not wanted) as
 * shard_sum. */
enum err shard_evaluate(const struct shard_setup *setup, struct shard_worker *w,
                        const struct bars *bars, const struct shard *shard,
                        const unsigned char *true_state, struct study_sums *sums,
                        struct shard_result *ret, struct error *e);
/* Adds the returns of the shard's bars inside window and range to the sums, which are complete when
 * the worker has been settled. No rule. */
enum err shard_sum(const struct shard_setup *setup, struct shard_worker *w, const struct bars *bars,
                   const struct shard *shard, struct study_sums *sums, struct error *e);
/* After several shards. */
void shard_worker_settle(struct shard_worker *w);

#endif
