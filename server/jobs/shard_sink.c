#include "server/jobs/shard_sink.h"

#include "base/log.h"
#include "db/fire_repo.h"
#include "db/shard_repo.h"
#include "server/jobs/fire_record.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_SHARDS = 64, FIRES_BYTES_MAX = 1 << 30 };
#define BATCH_NS (200 * NS_PER_MS)
#define BATCH_BYTES ((size_t)16 << 20)

struct held_shard {
    struct shard_row row;
    char *error; /* owned; NULL when there was none */
    char *fires; /* owned; NULL when there were none */
    size_t fires_bytes;
};

/* Results on their way to the cache, in one piece each. */
struct kept_results {
    struct shard_cache_item *items; /* bytes owned */
    size_t count, capacity;
};

struct shard_sink {
    struct storage *storage;
    const struct clock *clock;
    const struct uuid *job_id;
    struct study_task *task;
    int64_t skipped; /* shards that are stored already */
    bool failed;
    struct held_shard held[BATCH_SHARDS];
    size_t held_count;
    struct kept_results kept;
    size_t held_bytes; /* of both */
    int64_t held_since_ns;
    int64_t last_done_ns; /* elapsed time of a shard: since the one before */
};

enum err shard_sink_create(struct storage *storage, const struct clock *clock,
                           const struct uuid *job_id, struct study_task *task,
                           struct shard_sink **ret, struct error *e)
{
    struct shard_sink *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the job's shards");
    s->storage = storage;
    s->clock = clock;
    s->job_id = job_id;
    s->task = task;
    s->last_done_ns = clock_monotonic_ns(clock);
    *ret = s;
    return ERR_OK;
}

static void drop_kept(struct kept_results *k)
{
    for (size_t i = 0; i < k->count; i++)
        free((void *)k->items[i].bytes);
    k->count = 0;
}

static void drop_held(struct shard_sink *s)
{
    for (size_t i = 0; i < s->held_count; i++) {
        free(s->held[i].error);
        free(s->held[i].fires);
    }
    drop_kept(&s->kept);
    s->held_count = s->held_bytes = 0;
}

void shard_sink_skip(struct shard_sink *s, int64_t count)
{
    s->skipped = count;
}

bool shard_sink_has_failed(const struct shard_sink *s)
{
    return s->failed;
}

void shard_sink_free(struct shard_sink *s)
{
    if (!s)
        return;
    drop_held(s);
    free(s->kept.items);
    free(s);
}

struct job_progress shard_sink_progress(const struct shard_sink *s)
{
    struct study_progress p;
    study_progress(study_task_study(s->task), &p);
    return (struct job_progress){.shards_done = p.shards_done,
                                 .shards_total = p.shards_total,
                                 .shards_cached = p.shards_cached,
                                 .bars_done = p.bars_done,
                                 .bars_total = p.bars_total};
}

static enum err store_held(struct db_write *w, void *context, struct error *e)
{
    struct shard_sink *s = context;
    struct job_progress progress = shard_sink_progress(s);
    enum err err = job_repo_set_progress(w, s->job_id, &progress, e);
    for (size_t i = 0; !err && i < s->held_count; i++) {
        const struct held_shard *h = &s->held[i];
        err = shard_repo_put(w, s->job_id, &h->row, e);
        struct fire_chunk chunk = {.ordinal = h->row.ordinal,
                                   .count = h->row.fires,
                                   .data = h->fires,
                                   .size_bytes = h->fires_bytes};
        if (!err && h->fires)
            err = fire_repo_put(w, s->job_id, &chunk, e);
    }
    return err;
}

/* A cache that cannot be written costs time at most; the last room on the disk is for other
 * things. */
static void keep_results(struct shard_sink *s)
{
    struct error e;
    if (s->storage->shard_cache && !disk_guard_check(s->storage->disk, NULL) &&
        shard_cache_put(s->storage->shard_cache, s->kept.items, s->kept.count, &e))
        log_event(LOG_WARN, "shards_not_kept", LOG_TEXT("detail", e.message));
    drop_kept(&s->kept);
}

enum err shard_sink_flush(struct shard_sink *s, struct error *e)
{
    keep_results(s);
    enum err err = disk_guard_check(s->storage->disk, e);
    if (!err && s->held_count > 0)
        err = writer_call(s->storage->writer, store_held, s, e);
    drop_held(s);
    return err;
}

static enum err hold_fires(struct held_shard *h, const struct study_shard_done *done,
                           size_t horizon_count, struct error *e)
{
    struct strbuf bytes;
    if (done->fire_count == 0)
        return ERR_OK;
    strbuf_init(&bytes, FIRES_BYTES_MAX);
    for (size_t i = 0; i < done->fire_count; i++)
        fire_record_write(&bytes, &done->fires[i], done->forward + i * horizon_count,
                          horizon_count);
    if (strbuf_failed(&bytes)) {
        strbuf_release(&bytes);
        return error_set(e, ERR_NO_MEMORY, "out of memory for the fires of a shard");
    }
    h->fires = strbuf_take(&bytes, &h->fires_bytes);
    return ERR_OK;
}

static struct shard_row row_of(const struct shard_sink *s, int64_t index, const struct shard *shard)
{
    return (struct shard_row){.ordinal = index,
                              .symbol = study_task_symbol(s->task, (size_t)shard->symbol),
                              .from_day = shard->from_day,
                              .to_day = shard->to_day,
                              .status = SHARD_SUCCEEDED,
                              .bars = shard->end_bar - shard->first_bar};
}

/* Copies a shard into the batch: what the study lends is gone after the call. */
static enum err hold(struct shard_sink *s, const struct study_shard_done *done, struct error *e)
{
    struct held_shard *h = &s->held[s->held_count];
    int64_t now_ns = clock_monotonic_ns(s->clock);
    *h = (struct held_shard){.row = row_of(s, done->index, done->shard)};
    enum err err = hold_fires(h, done, study_task_request(s->task)->horizon_count, e);
    if (err)
        return err;
    h->row.cached = done->cached;
    h->row.attempts = done->attempts;
    h->row.fires = (int64_t)done->fire_count;
    h->row.elapsed_us = (now_ns - s->last_done_ns) / NS_PER_US;
    s->last_done_ns = now_ns;
    if (s->held_count++ == 0)
        s->held_since_ns = now_ns;
    s->held_bytes += h->fires_bytes;
    return ERR_OK;
}

static enum err on_shard_done(void *context, const struct study_shard_done *done, struct error *e)
{
    struct shard_sink *s = context;
    enum err err = done->index < s->skipped ? ERR_OK : hold(s, done, e);
    if (err)
        return err;
    bool full = s->held_count == BATCH_SHARDS || s->held_bytes >= BATCH_BYTES ||
                (s->held_count > 0 && s->last_done_ns - s->held_since_ns >= BATCH_NS);
    return full ? shard_sink_flush(s, e) : ERR_OK;
}

/* The batch has room: it is flushed when a shard fills it. */
static void on_shard_failed(void *context, const struct study_shard_failed *failed)
{
    struct shard_sink *s = context;
    struct held_shard *h = &s->held[s->held_count++];
    *h = (struct held_shard){.row = row_of(s, failed->index, failed->shard),
                             .error = strdup(failed->error->message)};
    h->row.status = SHARD_FAILED;
    h->row.attempts = failed->attempts;
    h->row.error = h->error;
    s->failed = true;
}

/* Copies a result for the cache; one for which there is no memory is not kept. */
static void on_keep(void *context, const unsigned char key[DATA_HASH_BYTES], const void *bytes,
                    size_t size_bytes)
{
    struct shard_sink *s = context;
    struct kept_results *k = &s->kept;
    if (k->count == k->capacity) {
        size_t capacity = k->capacity ? 2 * k->capacity : BATCH_SHARDS;
        struct shard_cache_item *grown = realloc(k->items, capacity * sizeof(*grown));
        if (!grown)
            return;
        k->items = grown;
        k->capacity = capacity;
    }
    char *copy = malloc(size_bytes);
    if (!copy)
        return;
    memcpy(copy, bytes, size_bytes);
    struct shard_cache_item *item = &k->items[k->count++];
    *item = (struct shard_cache_item){.bytes = copy, .size_bytes = size_bytes};
    memcpy(item->key, key, DATA_HASH_BYTES);
    s->held_bytes += size_bytes;
}

struct study_sink shard_sink_study(struct shard_sink *s)
{
    return (struct study_sink){.shard_done = on_shard_done,
                               .context = s,
                               .keep = s->storage->shard_cache ? on_keep : NULL,
                               .shard_failed = on_shard_failed};
}
