/* One call of study_run: its batch, shared by study_run.c (batches, proof and merge in order),
 * study_work.c (the work on the pool) and study_recall.c (results of earlier studies). Private to
 * them.
 */
#ifndef ENGINE_STUDY_RUNNER_H
#define ENGINE_STUDY_RUNNER_H

#include "engine/study/study_state.h"

enum { BATCH_SHARDS = 512, BATCH_BLOCKS = 32 };

/* A shard of the batch. */
struct shard_work {
    bool needs_rule, needs_sums; /* still to be done */
    bool cached;                 /* the result is one of an earlier study */
    int32_t block;
    int32_t attempts;
    struct shard_result result;
    unsigned char key[DATA_HASH_BYTES];
    struct strbuf record; /* the result as it can be kept; empty: not to be kept */
};

/* Neighbouring shards of one symbol whose sums are made, kept and recalled together. */
struct sum_block {
    int64_t first, end; /* shards */
    bool cached;
    _Atomic bool spoilt; /* work on one of its shards broke off: nobody knows what was added */
    unsigned char key[DATA_HASH_BYTES];
};

/* Neighbouring shards of one symbol, all with work to do. */
struct work_group {
    int64_t first, end;
};

/* The first shard of the batch, in plan order, that failed on a worker in this round. */
struct work_failure {
    int64_t shard; /* -1 = none */
    struct error error;
};

struct runner {
    struct study *s;
    struct worker_pool *pool;
    const struct study_source *source;
    const struct study_sink *sink; /* NULL allowed */
    int32_t worker_count;
    struct shard_worker *workers;  /* [worker_count] */
    struct work_failure *failures; /* [worker_count] */
    const struct bars **bars;      /* [symbol_count]; NULL = not loaded */

    /* of the batch at hand: shards [first, end), whole blocks */
    int64_t first, end;
    struct shard_work work[BATCH_SHARDS];
    int32_t block_count;
    struct sum_block blocks[BATCH_BLOCKS];
    struct study_sums *sums; /* [worker_count * BATCH_BLOCKS]; empty where not used */
    int64_t group_count;
    struct work_group groups[BATCH_SHARDS];
    int64_t load_count;
    int64_t loads[BATCH_BLOCKS]; /* the first shard with work of each symbol to load */
};

static inline const struct shard *shard_at(const struct runner *r, int64_t index)
{
    return &r->s->plan.shards[index];
}

static inline struct shard_work *work_at(struct runner *r, int64_t index)
{
    return &r->work[index - r->first];
}

static inline struct study_sums *sums_at(struct runner *r, int32_t worker, int32_t block)
{
    return &r->sums[worker * BATCH_BLOCKS + block];
}

/* study_work.c */

/* Does all that shards of the batch need, and again what failed for a reason that may pass, up to
 * LIMIT_SHARD_ATTEMPTS times. What fails for good is told to the sink and returned with its symbol
 * and dates. */
enum err study_work(struct runner *r, struct error *e);
/* Evaluates one shard on the calling thread, from the state at its first bar. */
enum err study_work_again(struct runner *r, int64_t index, const unsigned char *state,
                          struct error *e);

/* study_recall.c: takes results and sums of earlier studies for what the batch needs. */
enum err study_recall(struct runner *r, struct error *e);

#endif
