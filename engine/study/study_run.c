/* Batches: as many shards as make some milliseconds of work for the pool, each batch in three
 * steps,
 *
 *   recall  take what an earlier study has done already (study_recall.c)
 *   work    load bars, evaluate shards, sum returns on the pool (study_work.c)
 *   merge   in plan order on the calling thread: prove, evaluate again where the proof fails, cool
 *           down, tell the sink
 *
 * Only a batch's bars and results are in memory. Batches depend on the plan alone and groups of
 * work on the number of workers, but the answer on neither: shards are proved one by one, and sums
 * are the same in any order.
 *
 * A batch consists of blocks, whose shards are summed together: what base rates are made of is
 * large, so it is kept once for a block, not for each shard. A block begins where the stored
 * sessions say, so that it is the same one whatever range a study asks for.
 */
#include "engine/study/study_runner.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BARS = 4000000,
    BLOCK_SESSIONS = 256, /* of minute bars; more of longer ones */
    BLOCK_SHARDS = 256,
    DAY_MINUTES = 1440,
};

static bool is_canceled(const struct runner *r)
{
    const _Atomic bool *cancel = r->s->setup.cancel;
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

/* --- batches --- */

static bool same_block(const struct study *s, const struct shard *a, const struct shard *b)
{
    int32_t minutes = s->request.timeframe.minutes ? s->request.timeframe.minutes : DAY_MINUTES;
    int64_t sessions = (int64_t)BLOCK_SESSIONS * minutes;
    return a->symbol == b->symbol && a->state_only == b->state_only &&
           a->first_session / sessions == b->first_session / sessions &&
           a->ordinal / BLOCK_SHARDS == b->ordinal / BLOCK_SHARDS;
}

/* The block that a shard begins: its end, and its bars. */
static int64_t block_end(const struct study *s, int64_t first, int64_t *ret_bars)
{
    const struct shard *shards = s->plan.shards;
    int64_t end = first;
    *ret_bars = 0;
    for (; end < s->plan.shard_count && same_block(s, &shards[first], &shards[end]); end++)
        *ret_bars += shard_bars(&shards[end]);
    return end;
}

static void add_block(struct runner *r, int64_t first, int64_t end)
{
    const struct study *s = r->s;
    int32_t block = r->block_count++;
    r->blocks[block] = (struct sum_block){.first = first, .end = end};
    for (int64_t i = first; i < end; i++)
        *work_at(r, i) = (struct shard_work){
            .block = block,
            .needs_rule = i >= s->merged,
            .needs_sums = i >= s->summed && !s->plan.shards[i].state_only,
        };
}

static void make_batch(struct runner *r)
{
    const struct study *s = r->s;
    int64_t bars = 0;
    r->first = r->end = s->merged < s->summed ? s->merged : s->summed;
    r->block_count = 0;
    while (r->end < s->plan.shard_count && r->block_count < BATCH_BLOCKS) {
        int64_t more;
        int64_t end = block_end(s, r->end, &more);
        bars += more;
        if (r->block_count > 0 && (bars > BATCH_BARS || end - r->first > BATCH_SHARDS))
            break;
        add_block(r, r->end, end);
        r->end = end;
    }
}

static void clear_batch(struct runner *r)
{
    for (int64_t i = r->first; i < r->end; i++) {
        shard_result_release(&work_at(r, i)->result);
        strbuf_release(&work_at(r, i)->record);
    }
    for (int32_t w = 0; w < r->worker_count; w++) {
        scan_cursor_close(&r->workers[w].cursor);
        for (int32_t b = 0; b < BATCH_BLOCKS; b++)
            study_sums_release(sums_at(r, w, b));
    }
}

/* --- merge --- */

static void keep_sums(const struct runner *r, const struct sum_block *block,
                      const struct study_sums *sums)
{
    struct strbuf bytes;
    if (!r->sink || !r->sink->keep)
        return;
    strbuf_init(&bytes, LIMIT_SHARD_RECORD_BYTES);
    sums_record_encode(sums, block->key, &bytes);
    if (!strbuf_failed(&bytes))
        r->sink->keep(r->sink->context, block->key, bytes.data, bytes.length);
    strbuf_release(&bytes);
}

/* What the workers have summed, each for itself, becomes the block's and the symbol's. */
static void gather_sums(struct runner *r, int32_t index)
{
    struct study *s = r->s;
    const struct sum_block *block = &r->blocks[index];
    struct study_sums *whole = NULL;
    if (block->first < s->summed)
        return;
    for (int32_t w = 0; w < r->worker_count; w++) {
        struct study_sums *part = sums_at(r, w, index);
        if (part->cells && whole)
            study_sums_merge(whole, part);
        else if (part->cells)
            whole = part;
    }
    if (whole) {
        if (!block->cached)
            keep_sums(r, block, whole);
        study_sums_merge(&s->symbol_sums, whole);
    }
    s->summed = block->end;
}

static bool is_proved(const struct study *s, const struct shard_result *result)
{
    unsigned char truth[DATA_HASH_BYTES];
    if (!s->setup.needs_proof || !s->state)
        return true;
    data_hash_of(s->state, s->state_bytes, truth);
    return result->state_bytes == s->state_bytes &&
           memcmp(result->entry_hash, truth, sizeof truth) == 0;
}

static enum err merge_shard(struct runner *r, int64_t index, struct error *e)
{
    struct study *s = r->s;
    struct shard_work *work = work_at(r, index);
    bool proved = is_proved(s, &work->result);
    assert(!s->setup.needs_proof || s->state || shard_at(r, index)->first_bar == 0);
    if (!proved) {
        enum err code = study_work_again(r, index, s->state, e);
        if (code != ERR_OK)
            return code;
    }
    if (work->record.length > 0)
        r->sink->keep(r->sink->context, work->key, work->record.data, work->record.length);
    struct merge_input in = {.result = &work->result,
                             .reevaluated = !proved,
                             .cached = work->cached,
                             .attempts = work->attempts,
                             .sink = r->sink};
    return study_merge(s, &in, e);
}

static enum err merge_batch(struct runner *r, struct error *e)
{
    for (int64_t i = r->first; i < r->end; i++) {
        if (is_canceled(r))
            return error_set(e, ERR_CANCELED, "canceled");
        struct shard_work *work = work_at(r, i);
        if (i == r->blocks[work->block].first)
            gather_sums(r, work->block);
        if (i < r->s->merged)
            continue;
        enum err code = merge_shard(r, i, e);
        shard_result_release(&work->result);
        strbuf_release(&work->record);
        if (code != ERR_OK)
            return code;
    }
    return ERR_OK;
}

/* --- life --- */

/* Gives back the bars of all symbols before `symbol`. */
static void unload_before(struct runner *r, size_t symbol)
{
    for (size_t i = 0; i < symbol; i++) {
        bars_unref(r->bars[i]);
        r->bars[i] = NULL;
    }
}

static enum err run_batch(struct runner *r, struct error *e)
{
    struct study *s = r->s;
    make_batch(r);
    enum err code = study_recall(r, e);
    if (code == ERR_OK)
        code = study_work(r, e);
    if (code == ERR_OK)
        code = merge_batch(r, e);
    clear_batch(r);
    if (code == ERR_OK && s->merged < s->plan.shard_count)
        unload_before(r, (size_t)s->plan.shards[s->merged].symbol);
    return code;
}

/* What failed or canceled runs counted beyond the merge is taken back. */
static void reset_progress(struct study *s)
{
    int64_t bars = 0;
    for (int64_t i = 0; i < s->merged; i++)
        bars += shard_bars(&s->plan.shards[i]);
    atomic_store_explicit(&s->shards_done, s->merged, memory_order_relaxed);
    atomic_store_explicit(&s->bars_done, bars, memory_order_relaxed);
}

static void runner_free(struct runner *r)
{
    if (!r)
        return;
    for (int32_t w = 0; r->workers && w < r->worker_count; w++)
        shard_worker_release(&r->workers[w]);
    if (r->bars)
        unload_before(r, r->s->symbol_count);
    free(r->workers);
    free(r->failures);
    free(r->bars);
    free(r->sums);
    free(r);
}

static struct runner *runner_create(struct study *s, struct worker_pool *pool,
                                    const struct study_source *source,
                                    const struct study_sink *sink)
{
    struct runner *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->s = s;
    r->pool = pool;
    r->source = source;
    r->sink = sink;
    r->worker_count = worker_pool_size(pool);
    r->workers = calloc((size_t)r->worker_count, sizeof *r->workers);
    r->failures = calloc((size_t)r->worker_count, sizeof *r->failures);
    r->bars = calloc(s->symbol_count, sizeof *r->bars);
    r->sums = calloc((size_t)r->worker_count * BATCH_BLOCKS, sizeof *r->sums);
    if (!r->workers || !r->failures || !r->bars || !r->sums) {
        runner_free(r);
        return NULL;
    }
    return r;
}

enum err study_run(struct study *s, struct worker_pool *pool, const struct study_source *source,
                   const struct study_sink *sink, const _Atomic bool *cancel, struct error *e)
{
    struct runner *r = runner_create(s, pool, source, sink);
    if (!r)
        return error_set(e, ERR_NO_MEMORY, "no memory to run the study");
    s->setup.cancel = cancel;
    reset_progress(s);
    enum err code = ERR_OK;
    while (code == ERR_OK && s->merged < s->plan.shard_count)
        code = run_batch(r, e);
    s->setup.cancel = NULL;
    runner_free(r);
    return code;
}
