/* A study: would this rule have fired, and what did the market do after? backtest.md has the
 * definitions, study_request.h their exact form.
 *
 *   study_create -> study_run -> study_finish -> study_free
 *
 * study_create makes the plan (study_plan: shards and bars are known from here on). study_run loads
 * bars and evaluates shards on the pool, batch by batch, and after each batch proves and merges its
 * shards in plan order on the calling thread, telling the sink of each. A study_run that failed or
 * was canceled may be called again and goes on with the first shard that is not merged.
 *
 * What was evaluated can be kept (study_sink.keep) and recalled (study_source.recall) by any later
 * study, after a restart too: a result's key is a hash of all that it depends on (study_keys.h), so
 * that a day of new bars leaves all but the last shard as they are. A recalled result is proved
 * like one of a worker.
 *
 * The answer is the same to the last bit for any number of workers, any shard size, any number of
 * restarts, and whatever is recalled; see scan.h for why, and exact_sum.h.
 *
 * One thread uses a study; study_progress and the cancel flag are for others meanwhile.
 */
#ifndef ENGINE_STUDY_H
#define ENGINE_STUDY_H

#include "base/digest.h"
#include "base/strbuf.h"
#include "engine/pool/worker_pool.h"
#include "engine/study/study_request.h"
#include "engine/study/study_result.h"

/* Part of every digest: changes with any change of what a study answers. */
#define STUDY_ENGINE_VERSION "2"

struct study;

struct study_symbol {
    struct shard_symbol stored;               /* copied by study_create */
    unsigned char data_hash[DATA_HASH_BYTES]; /* of the stored bars: what the digest stands for */
};

/* The bars of a symbol: a reference, which the study gives back, to bars with the columns of
 * study_columns() and exactly the session days of the study_symbol; else the study fails with
 * ERR_CONFLICT (the data changed meanwhile). */
typedef enum err study_load(void *context, size_t symbol, const struct bars **ret, struct error *e);

/* Where bars come from, and results of earlier studies. */
struct study_source {
    /* On a worker, or on the thread in study_run; at most once at a time for one symbol, several
     * symbols at once. */
    study_load *load;
    void *context;
    /* NULL allowed: for a batch that needs one symbol only, on the thread in study_run, while no
     * worker has anything to do for the study. */
    study_load *load_alone;
    /* NULL allowed: appends what was kept under the key; false when there is nothing. On workers,
     * several at once. The days of symbols must have their hashes. */
    bool (*recall)(void *context, const unsigned char key[DATA_HASH_BYTES], struct strbuf *into);
};

/* A shard that is proved and merged. Everything is borrowed for the call. */
struct study_shard_done {
    int64_t index; /* in the plan; each exactly once, in order */
    const struct shard *shard;
    bool reevaluated; /* the fresh start was not exact and was replaced */
    bool cached;      /* recalled, not evaluated */
    int32_t attempts; /* evaluations begun; 0 when it was recalled */
    size_t fire_count;
    const struct study_fire *fires;
    const double *forward; /* [fire_count * horizon_count] */
};

/* The shard that a study fails with. Borrowed for the call. */
struct study_shard_failed {
    int64_t index;
    const struct shard *shard;
    int32_t attempts;
    const struct error *error; /* begins with symbol and dates */
};

/* Called on the thread in study_run; every member may be NULL. */
struct study_sink {
    /* An error stops the study with it. */
    enum err (*shard_done)(void *context, const struct study_shard_done *done, struct error *e);
    void *context;
    /* Bytes for study_source.recall, of at most LIMIT_SHARD_RECORD_BYTES; proved. */
    void (*keep)(void *context, const unsigned char key[DATA_HASH_BYTES], const void *bytes,
                 size_t size_bytes);
    /* Before study_run returns the shard's error. */
    void (*shard_failed)(void *context, const struct study_shard_failed *failed);
};

struct study_progress {
    int64_t shards_done, shards_total;
    int64_t bars_done, bars_total;
    int64_t shards_reevaluated;
    int64_t shards_cached, bars_cached; /* of those done: recalled */
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

/* Does all shards that are not merged yet. sink and cancel may be NULL. ERR_CANCELED within 100 ms
 * of *cancel; ERR_TOO_LARGE past LIMIT_FIRES; a shard's error begins with its symbol and dates. A
 * shard that fails with ERR_IO, ERR_NO_MEMORY or ERR_BUSY is tried again, LIMIT_SHARD_ATTEMPTS
 * times in all. Not from a worker. */
enum err study_run(struct study *s, struct worker_pool *pool, const struct study_source *source,
                   const struct study_sink *sink, const _Atomic bool *cancel, struct error *e);

/* The answer, when all shards are merged; once. cancel may be NULL; after ERR_CANCELED within 100
 * ms of *cancel, and after any other error, it may be asked for again. */
enum err study_finish(struct study *s, const _Atomic bool *cancel, struct study_result **ret,
                      struct error *e);

/* For callers with one series in memory (check, the command line): create, run and finish. */
enum err study_of_bars(const struct study_request *request, const char *name,
                       const struct bars *bars, const unsigned char data_hash[DATA_HASH_BYTES],
                       struct worker_pool *pool, const _Atomic bool *cancel,
                       struct study_result **ret, struct error *e);

#endif
