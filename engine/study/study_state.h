/* The inside of a study, shared by study.c (life cycle), study_run.c (batches on the pool),
 * study_merge.c (proof and merge in order), study_statistics.c and study_digest.c. Private to them.
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
    unsigned char fingerprint[DATA_HASH_BYTES];

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
};

/* study_merge.c */

/* Takes what is in the result, in plan order; its state must be proved. `sums` (NULL allowed) are
 * the whole symbol's, for the symbol's last shard when they are not in symbol_sums already. */
struct merge_input {
    struct shard_result *result;
    bool reevaluated;
    const struct study_sink *sink; /* NULL allowed */
};
enum err study_merge(struct study *s, const struct merge_input *in, struct error *e);
bool study_is_last_of_symbol(const struct study *s, int64_t shard);
int64_t shard_bars(const struct shard *shard);

/* study_statistics.c */

/* Statistics of fires beside the base that `sums` (of the same symbols) give. */
enum err study_statistics(const struct fire_list *fires, size_t first, size_t end,
                          const struct study_sums *sums,
                          struct study_horizon_stats ret[LIMIT_HORIZONS], struct error *e);
/* By minute, weekday and month, and the fire map. */
enum err study_aggregates(const struct fire_list *fires, struct study_result *r, struct error *e);

/* study_digest.c */

/* Of everything that shard results depend on, the plan included. */
void study_fingerprint(const struct study *s, unsigned char out[DATA_HASH_BYTES]);
void study_digest(const struct study *s, char out[SHA256_TEXT]);

#endif
