/* Batches: as many shards as make some milliseconds of work for the pool, each batch in three
 * steps,
 *
 *   load    the bars of its symbols, one task a symbol
 *   work    groups of neighbouring shards, one task a group: within a group the run of the rule
 * goes on from shard to shard, so that only a group's first shard warms up merge   in plan order on
 * the calling thread: prove, evaluate again where the proof fails, cool down, tell the sink
 *
 * Only a batch's bars and results are in memory. Batches and groups depend on the number of
 * workers, the answer does not: shards are proved one by one, and sums are the same in any order.
 *
 * A shard may need its rule evaluated, its bars summed, or both: after a restart, results come from
 * storage but the sums of a symbol that was not complete do not (they are large, and cheap to make
 * again).
 */
#include "engine/study/study_state.h"

#include "base/civil.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BARS = 4000000,
    BATCH_SHARDS = 512,
    BATCH_SYMBOLS = 32,
    GROUPS_PER_WORKER = 8,
    GROUP_BARS_MIN = 4096,
    WARMUPS_PER_GROUP = 4, /* a group is at least so many times longer than its warm-up */
};

/* Neighbouring shards of one symbol. */
struct group {
    int64_t first, end;
};

struct runner {
    struct study *s;
    struct worker_pool *pool;
    const struct study_source *source;
    const struct study_sink *sink; /* NULL allowed */
    int32_t worker_count;
    struct shard_worker *workers;
    const struct bars **bars; /* [symbol_count]; NULL = not loaded */

    /* of the batch at hand: shards [first, end) */
    int64_t first, end;
    int32_t first_symbol;
    int32_t load[BATCH_SYMBOLS]; /* symbols to load */
    int64_t load_count;
    struct group groups[BATCH_SHARDS];
    int64_t group_count;
    struct shard_result results[BATCH_SHARDS];
    struct study_sums *sums; /* [worker_count * BATCH_SYMBOLS]; empty where not used */
};

static const struct shard *shard_at(const struct runner *r, int64_t index)
{
    return &r->s->plan.shards[index];
}

static bool needs_rule(const struct runner *r, int64_t index)
{
    return index >= r->s->merged;
}

static bool needs_sums(const struct runner *r, int64_t index)
{
    return index >= r->s->summed && !shard_at(r, index)->state_only;
}

static bool is_canceled(const struct runner *r)
{
    const _Atomic bool *cancel = r->s->setup.cancel;
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

/* Which shard an error belongs to; cancellation belongs to none. */
static enum err in_shard(const struct runner *r, int64_t index, enum err code, struct error *e)
{
    if (code == ERR_OK || code == ERR_CANCELED || !e)
        return code;
    const struct shard *shard = shard_at(r, index);
    char from[11], to[11], text[ERROR_MESSAGE_MAX];
    civil_format(shard->from_day, from);
    civil_format(shard->to_day, to);
    snprintf(text, sizeof text, "%s", e->message);
    snprintf(e->message, sizeof e->message, "%.32s %s..%s: %.500s",
             r->s->symbols[shard->symbol].stored.name, from, to, text);
    return code;
}

/* --- load --- */

static enum err check_loaded(const struct runner *r, int32_t symbol, const struct bars *bars,
                             struct error *e)
{
    const struct shard_symbol *stored = &r->s->symbols[symbol].stored;
    bool same = bars->session_count == stored->day_count &&
                bars->timeframe.minutes == r->s->request.timeframe.minutes &&
                bars->calendar == stored->calendar;
    for (int64_t i = 0; same && i < stored->day_count; i++) {
        const struct bars_session *s = &bars->sessions[i];
        same = s->day == stored->days[i].day && s->end - s->first == stored->days[i].count;
    }
    if (!same)
        return error_set(e, ERR_CONFLICT,
                         "the stored bars of %s are not those that the study was planned on",
                         stored->name);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert(bars->count == 0 || bars->column[c]);
    return ERR_OK;
}

static enum err load_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct runner *r = context;
    int32_t symbol = r->load[task];
    const struct bars *bars = NULL;
    enum err code = r->source->load(r->source->context, (size_t)symbol, &bars, e);
    if (code != ERR_OK)
        return code;
    code = check_loaded(r, symbol, bars, e);
    if (code != ERR_OK)
        bars_unref(bars);
    else
        r->bars[symbol] = bars;
    return code;
}

/* --- work --- */

static struct study_sums *sums_of(struct runner *r, int32_t worker, int32_t symbol)
{
    return &r->sums[worker * BATCH_SYMBOLS + (symbol - r->first_symbol)];
}

static enum err work_on_shard(struct runner *r, int64_t index, int32_t worker, struct error *e)
{
    struct study *s = r->s;
    const struct shard *shard = shard_at(r, index);
    const struct bars *bars = r->bars[shard->symbol];
    struct study_sums *sums = needs_sums(r, index) ? sums_of(r, worker, shard->symbol) : NULL;
    if (sums && !sums->cells) {
        enum err code = study_sums_init(sums, s->request.horizon_count, e);
        if (code != ERR_OK)
            return code;
    }
    if (!needs_rule(r, index))
        return sums ? shard_sum(&s->setup, &r->workers[worker], bars, shard, sums, e) : ERR_OK;
    const unsigned char *true_state = index == s->merged ? s->state : NULL;
    enum err code = shard_evaluate(&s->setup, &r->workers[worker], bars, shard, true_state, sums,
                                   &r->results[index - r->first], e);
    if (code == ERR_OK) {
        atomic_fetch_add_explicit(&s->shards_done, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->bars_done, shard_bars(shard), memory_order_relaxed);
    }
    return code;
}

static enum err work_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    struct runner *r = context;
    const struct group *group = &r->groups[task];
    for (int64_t i = group->first; i < group->end; i++) {
        enum err code = work_on_shard(r, i, worker, e);
        if (code != ERR_OK)
            return in_shard(r, i, code, e);
    }
    return ERR_OK;
}

/* --- merge --- */

static void gather_sums(struct runner *r, int64_t index)
{
    struct study *s = r->s;
    int32_t symbol = shard_at(r, index)->symbol;
    int64_t symbol_end = s->plan.symbol_first[symbol + 1];
    for (int32_t w = 0; w < r->worker_count; w++) {
        const struct study_sums *part = sums_of(r, w, symbol);
        if (part->cells)
            study_sums_merge(&s->symbol_sums, part);
    }
    int64_t summed = symbol_end < r->end ? symbol_end : r->end;
    s->summed = summed > s->summed ? summed : s->summed;
}

static bool is_proved(const struct runner *r, int64_t index)
{
    const struct study *s = r->s;
    const struct shard_result *result = &r->results[index - r->first];
    if (!s->setup.needs_proof)
        return true;
    if (!s->state) {
        assert(shard_at(r, index)->first_bar == 0);
        return true;
    }
    return result->state_bytes == s->state_bytes &&
           memcmp(result->entry_state, s->state, s->state_bytes) == 0;
}

static enum err merge_shard(struct runner *r, int64_t index, struct error *e)
{
    struct study *s = r->s;
    struct merge_input in = {.result = &r->results[index - r->first], .sink = r->sink};
    if (!is_proved(r, index)) {
        const struct shard *shard = shard_at(r, index);
        in.reevaluated = true;
        shard_result_release(in.result);
        enum err code = shard_evaluate(&s->setup, &r->workers[0], r->bars[shard->symbol], shard,
                                       s->state, NULL, in.result, e);
        if (code != ERR_OK)
            return in_shard(r, index, code, e);
    }
    return study_merge(s, &in, e);
}

static enum err merge_batch(struct runner *r, struct error *e)
{
    int32_t symbol = -1;
    for (int64_t i = r->first; i < r->end; i++) {
        if (is_canceled(r))
            return error_set(e, ERR_CANCELED, "canceled");
        if (shard_at(r, i)->symbol != symbol)
            gather_sums(r, i);
        symbol = shard_at(r, i)->symbol;
        if (!needs_rule(r, i))
            continue;
        enum err code = merge_shard(r, i, e);
        shard_result_release(&r->results[i - r->first]);
        if (code != ERR_OK)
            return code;
    }
    return ERR_OK;
}

/* --- batches --- */

static void make_groups(struct runner *r, int64_t batch_bars)
{
    int64_t wanted = batch_bars / ((int64_t)r->worker_count * GROUPS_PER_WORKER);
    int64_t least = WARMUPS_PER_GROUP * rule_warmup_bars(r->s->request.rule);
    wanted = wanted > least ? wanted : least;
    wanted = wanted > GROUP_BARS_MIN ? wanted : GROUP_BARS_MIN;
    int64_t bars = 0;
    r->group_count = 0;
    for (int64_t i = r->first; i < r->end; i++) {
        const struct shard *shard = shard_at(r, i);
        if (i == r->first || shard->symbol != shard_at(r, i - 1)->symbol || bars >= wanted) {
            r->groups[r->group_count++].first = i;
            bars = 0;
        }
        bars += shard_bars(shard);
        r->groups[r->group_count - 1].end = i + 1;
    }
}

static void make_batch(struct runner *r)
{
    const struct study *s = r->s;
    r->first = s->merged < s->summed ? s->merged : s->summed;
    r->first_symbol = shard_at(r, r->first)->symbol;
    r->load_count = 0;
    int64_t bars = 0;
    int64_t i = r->first;
    for (; i < s->plan.shard_count && i - r->first < BATCH_SHARDS; i++) {
        const struct shard *shard = shard_at(r, i);
        bars += shard_bars(shard);
        if (i > r->first && (bars > BATCH_BARS || shard->symbol - r->first_symbol >= BATCH_SYMBOLS))
            break;
        bool is_new = i == r->first || shard->symbol != shard_at(r, i - 1)->symbol;
        if (is_new && !r->bars[shard->symbol])
            r->load[r->load_count++] = shard->symbol;
    }
    r->end = i;
    make_groups(r, bars);
}

static void clear_batch(struct runner *r)
{
    for (int64_t i = 0; i < BATCH_SHARDS; i++)
        shard_result_release(&r->results[i]);
    for (int32_t w = 0; w < r->worker_count; w++) {
        scan_cursor_close(&r->workers[w].cursor);
        for (int32_t k = 0; k < BATCH_SYMBOLS; k++)
            study_sums_release(&r->sums[w * BATCH_SYMBOLS + k]);
    }
}

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
    enum err code = worker_pool_run(r->pool, load_task, r, r->load_count, s->setup.cancel, e);
    if (code == ERR_OK)
        code = worker_pool_run(r->pool, work_task, r, r->group_count, s->setup.cancel, e);
    if (code == ERR_OK)
        code = merge_batch(r, e);
    clear_batch(r);
    if (code == ERR_OK && s->merged < s->plan.shard_count)
        unload_before(r, (size_t)shard_at(r, s->merged)->symbol);
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
    r->bars = calloc(s->symbol_count, sizeof *r->bars);
    r->sums = calloc((size_t)r->worker_count * BATCH_SYMBOLS, sizeof *r->sums);
    if (!r->workers || !r->bars || !r->sums) {
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
