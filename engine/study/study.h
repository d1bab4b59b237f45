/* A study: would this rule have fired, and what did the market do after? backtest.md has the
 * definitions, study_request.h their exact form.
 *
 *   study_create -> [study_restore x m] -> study_run -> study_finish -> study_free
 *
 * study_create makes the plan (study_plan: shards and bars are known from here on). study_run loads
 * bars and evaluates shards on the pool, batch by batch, and after each batch proves and merges its
 * shards in plan order on the calling thread, telling the sink of each. What the sink was given can
 * be stored and handed to a new study of the same request and data after a restart (study_restore,
 * from shard 0 on, without a hole): it goes on with the first shard that is missing. A study_run
 * that failed or was canceled may be called again and goes on likewise.
 *
 * The answer is the same to the last bit for any number of workers, any shard size, and any number
 * of restarts; see scan.h for why, and exact_sum.h.
 *
 * One thread uses a study; study_progress and the cancel flag are for others meanwhile.
 */
#ifndef ENGINE_STUDY_H
#define ENGINE_STUDY_H

#include "base/digest.h"
#include "engine/pool/worker_pool.h"
#include "engine/study/study_request.h"
#include "engine/study/study_result.h"

/* Part of every digest: changes with any change of what a study answers. */
#define STUDY_ENGINE_VERSION "1"

struct study;

struct study_symbol {
    struct shard_symbol stored;               /* copied by study_create */
    unsigned char data_hash[DATA_HASH_BYTES]; /* of the stored bars: what the digest stands for */
};

/* Where bars come from. Called on a worker, at most once at a time for one symbol, several symbols
 * at once. Returns a reference, which the study gives back, to bars with the columns of
 * study_columns() and exactly the session days of the study_symbol; else the study fails with
 * ERR_CONFLICT (the data changed meanwhile). */
struct study_source {
    enum err (*load)(void *context, size_t symbol, const struct bars **ret, struct error *e);
    void *context;
};

/* A shard that is proved and merged. Everything is borrowed for the call. */
struct study_shard_done {
    int64_t index; /* in the plan; each exactly once, in order */
    const struct shard *shard;
    bool reevaluated; /* the fresh start was not exact and was replaced */
    size_t fire_count;
    const struct study_fire *fires;
    const double *forward; /* [fire_count * horizon_count] */
    const void *bytes;     /* the encoded result, for study_restore */
    size_t size_bytes;
};

/* Called on the thread in study_run. An error stops the study with it. */
struct study_sink {
    enum err (*shard_done)(void *context, const struct study_shard_done *done, struct error *e);
    void *context;
};

struct study_progress {
    int64_t shards_done, shards_total;
    int64_t bars_done, bars_total;
    int64_t shards_reevaluated;
};

/* Checks the request (study_request_check) and plans. The rule must outlive the
 * study. 1..LIMIT_JOB_SYMBOLS symbols. */
enum err study_create(const struct study_request *request, const struct study_symbol *symbols,
                      size_t symbol_count, struct study **ret, struct error *e);
void study_free(struct study *s);

const struct shard_plan *study_plan(const struct study *s);
const struct study_request *study_request_of(const struct study *s);
uint32_t study_columns(const struct study *s);      /* BAR_COLUMN_BITs that the bars must have */
int64_t study_merged_shards(const struct study *s); /* how many are proved and merged */
void study_progress(const struct study *s, struct study_progress *ret); /* any thread */

/* Merges the stored result of shard study_merged_shards(). ERR_DATA when the bytes are damaged, of
 * another version, or of another request, plan or data; the study is then as before. */
enum err study_restore(struct study *s, const void *bytes, size_t size_bytes, struct error *e);

/* Does all shards that are not merged yet. sink and cancel may be NULL. ERR_CANCELED within 100 ms
 * of *cancel; ERR_TOO_LARGE past LIMIT_FIRES; a shard's error begins with its symbol and dates. Not
 * from a worker. */
enum err study_run(struct study *s, struct worker_pool *pool, const struct study_source *source,
                   const struct study_sink *sink, const _Atomic bool *cancel, struct error *e);

/* The answer; once, when all shards are merged. */
enum err study_finish(struct study *s, struct study_result **ret, struct error *e);

/* For callers with one series in memory (check, the command line): create, run and finish. */
enum err study_of_bars(const struct study_request *request, const char *name,
                       const struct bars *bars, const unsigned char data_hash[DATA_HASH_BYTES],
                       struct worker_pool *pool, const _Atomic bool *cancel,
                       struct study_result **ret, struct error *e);

#endif
