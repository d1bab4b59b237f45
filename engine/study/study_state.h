/* The inside of a study, shared by study.c (life cycle), study_run.c (batches on the pool, with
 * study_runner.h), study_merge.c (the merge in order), study_finish.c, study_statistics.c,
 * study_keys.c and study_digest.c. Private to them.
 */
#ifndef ENGINE_STUDY_STATE_H
#define ENGINE_STUDY_STATE_H

#include "engine/study/study.h"
#include "engine/study/study_codec.h"
#include "engine/study/study_shard.h"

struct study {
    /* fixed by study_create */
    struct study_request request;
    size_t symbol_count;
    struct study_symbol *symbols; /* names and days owned */
    struct shard_plan plan;
    struct shard_setup setup;

    /* the merge: everything up to shard `merged` is in */
    int64_t merged;
    int64_t reevaluated;
    struct study_counts counts;
    struct study_symbol_summary
        *summaries; /* [symbol_count]; filled in when a symbol is complete */
    struct fire_list fires;
    struct study_sums pooled; /* of complete symbols */

    /* of the symbol of shard `merged` */
    int64_t summed; /* symbol_sums holds the symbol's shards before this one */
    struct study_sums symbol_sums;
    struct study_counts symbol_counts;
    size_t symbol_first_fire;
    int64_t last_fire_ns;      /* INT64_MIN = none */
    int32_t last_fire_session; /* -1 = none */
    size_t state_bytes;
    unsigned char *state; /* of the run after shard merged - 1; NULL before a symbol's first */

    /* told to other threads while workers run */
    _Atomic int64_t shards_done, bars_done, shards_reevaluated;
    _Atomic int64_t shards_cached, bars_cached; /* of those that are merged */
};

/* study_merge.c */

/* Takes what is in the result, in plan order; its state must be proved, and with a symbol's last
 * shard the symbol's sums must be in symbol_sums. */
struct merge_input {
    struct shard_result *result;
    bool reevaluated, cached;
    int32_t attempts;
    const struct study_sink *sink; /* NULL allowed */
};
enum err study_merge(struct study *s, const struct merge_input *in, struct error *e);
static inline int64_t shard_bars(const struct shard *shard)
{
    return shard->end_bar - shard->first_bar;
}

/* study_statistics.c */

/* Statistics of fires beside the base that `sums` (of the same symbols) give. ERR_CANCELED soon
 * after *cancel (NULL allowed). */
enum err study_statistics(const struct fire_list *fires, size_t first, size_t end,
                          const struct study_sums *sums, const _Atomic bool *cancel,
                          struct study_horizon_stats ret[LIMIT_HORIZONS], struct error *e);
/* By minute, weekday and month, and the fire map. ERR_CANCELED soon after *cancel (NULL allowed).
 */
enum err study_aggregates(const struct fire_list *fires, const _Atomic bool *cancel,
                          struct study_result *r, struct error *e);

/* study_digest.c */

/* ERR_CANCELED soon after *cancel (NULL allowed). */
enum err study_digest(const struct study *s, const _Atomic bool *cancel, char out[SHA256_TEXT],
                      struct error *e);

#endif
