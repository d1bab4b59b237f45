/* A batch's work in rounds: load the bars of its symbols, one task a symbol; then groups of
 * neighbouring shards, one task a group. Within a group the run of the rule goes on from shard to
 * shard, so that only a group's first shard warms up, and not even that one when the result before
 * it is known.
 *
 * Mostly there is one round. What failed for a reason that may pass (I/O, memory) is left for the
 * next, behind everything else; what fails in LIMIT_SHARD_ATTEMPTS rounds fails the study.
 */
#include "engine/study/study_runner.h"

#include "base/civil.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    GROUPS_PER_WORKER = 8,
    GROUP_BARS_MIN = 4096,
    WARMUPS_PER_GROUP = 4, /* a group is at least so many times longer than its warm-up */
};

static bool has_work(struct runner *r, int64_t index)
{
    return work_at(r, index)->needs_rule || work_at(r, index)->needs_sums;
}

/* --- failures --- */

static bool may_pass(enum err code)
{
    return code == ERR_IO || code == ERR_NO_MEMORY || code == ERR_BUSY;
}

/* Which shard an error belongs to. */
static void name_shard(const struct runner *r, int64_t index, struct error *e)
{
    const struct shard *shard = shard_at(r, index);
    char from[11], to[11], text[ERROR_MESSAGE_MAX];
    civil_format(shard->from_day, from);
    civil_format(shard->to_day, to);
    snprintf(text, sizeof text, "%s", e->message);
    snprintf(e->message, sizeof e->message, "%.32s %s..%s: %.500s",
             r->s->symbols[shard->symbol].stored.name, from, to, text);
}

/* Notes what went wrong with a shard. Returns what the task shall return: OK when it will be tried
 * again. Cancellation and data that changed belong to no shard. */
static enum err fail_shard(struct runner *r, int64_t index, int32_t worker, enum err code,
                           struct error *e)
{
    struct work_failure *f = &r->failures[worker];
    if (code == ERR_CANCELED || code == ERR_CONFLICT)
        return code;
    if (f->shard < 0 || index < f->shard) {
        f->shard = index;
        f->error = *e;
        f->error.code = code;
        name_shard(r, index, &f->error);
    }
    return may_pass(code) ? ERR_OK : code;
}

/* Of all workers. NULL when nothing failed. */
static struct work_failure *first_failure(struct runner *r)
{
    struct work_failure *first = NULL;
    for (int32_t w = 0; w < r->worker_count; w++) {
        struct work_failure *f = &r->failures[w];
        if (f->shard >= 0 && (!first || f->shard < first->shard))
            first = f;
    }
    return first;
}

static void clear_failures(struct runner *r)
{
    for (int32_t w = 0; w < r->worker_count; w++)
        r->failures[w].shard = -1;
}

/* Sums that a shard was being added to when it failed are made anew. */
static void redo_spoilt_sums(struct runner *r)
{
    for (int32_t b = 0; b < r->block_count; b++) {
        struct sum_block *block = &r->blocks[b];
        if (!block->spoilt)
            continue;
        block->spoilt = false;
        for (int32_t w = 0; w < r->worker_count; w++)
            study_sums_release(sums_at(r, w, b));
        for (int64_t i = block->first; i < block->end; i++)
            work_at(r, i)->needs_sums = true;
    }
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

static enum err load_symbol(struct runner *r, study_load *load, int32_t symbol, struct error *e)
{
    const struct bars *bars = NULL;
    enum err code = load(r->source->context, (size_t)symbol, &bars, e);
    if (code != ERR_OK)
        return code;
    code = check_loaded(r, symbol, bars, e);
    if (code != ERR_OK)
        bars_unref(bars);
    else
        r->bars[symbol] = bars;
    return code;
}

static enum err load_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    struct runner *r = context;
    int64_t shard = r->loads[task];
    enum err code = load_symbol(r, r->source->load, shard_at(r, shard)->symbol, e);
    return code == ERR_OK ? ERR_OK : fail_shard(r, shard, worker, code, e);
}

static enum err load_bars(struct runner *r, struct error *e)
{
    if (r->load_count != 1 || !r->source->load_alone)
        return worker_pool_run(r->pool, load_task, r, r->load_count, r->s->setup.cancel, e);
    struct error own = {0};
    enum err code = load_symbol(r, r->source->load_alone, shard_at(r, r->loads[0])->symbol, &own);
    if (code == ERR_OK)
        return ERR_OK;
    if (e)
        *e = own;
    return fail_shard(r, r->loads[0], 0, code, &own);
}

/* --- work --- */

/* The state at the first bar of a shard, where it is known or likely to be proved; else NULL. */
static const unsigned char *state_before(struct runner *r, int64_t index)
{
    if (index == r->s->merged)
        return r->s->state;
    if (index == r->first || shard_at(r, index)->symbol != shard_at(r, index - 1)->symbol)
        return NULL;
    const struct shard_work *before = work_at(r, index - 1);
    return before->cached ? before->result.exit_state : NULL;
}

static void make_record(struct runner *r, struct shard_work *work)
{
    if (!r->sink || !r->sink->keep)
        return;
    strbuf_init(&work->record, LIMIT_SHARD_RECORD_BYTES);
    shard_record_encode(&work->result, work->key, &work->record);
    if (strbuf_failed(&work->record))
        strbuf_release(&work->record);
}

static enum err evaluate(struct runner *r, int64_t index, int32_t worker,
                         const unsigned char *state, struct study_sums *sums, struct error *e)
{
    struct shard_work *work = work_at(r, index);
    const struct shard *shard = shard_at(r, index);
    enum err code = shard_evaluate(&r->s->setup, &r->workers[worker], r->bars[shard->symbol], shard,
                                   state, sums, &work->result, e);
    if (code == ERR_OK)
        make_record(r, work);
    return code;
}

static void count_done(struct study *s, const struct shard *shard)
{
    atomic_fetch_add_explicit(&s->shards_done, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->bars_done, shard_bars(shard), memory_order_relaxed);
}

static enum err work_on_shard(struct runner *r, int64_t index, int32_t worker, struct error *e)
{
    struct study *s = r->s;
    struct shard_work *work = work_at(r, index);
    const struct shard *shard = shard_at(r, index);
    struct study_sums *sums = work->needs_sums ? sums_at(r, worker, work->block) : NULL;
    enum err code = ERR_OK;
    if (sums && !sums->cells)
        code = study_sums_init(sums, s->request.horizon_count, e);
    if (code == ERR_OK && work->needs_rule) {
        work->attempts++;
        code = evaluate(r, index, worker, state_before(r, index), sums, e);
    } else if (code == ERR_OK) {
        code = shard_sum(&s->setup, &r->workers[worker], r->bars[shard->symbol], shard, sums, e);
    }
    if (code != ERR_OK) {
        r->blocks[work->block].spoilt |= sums != NULL;
        return code;
    }
    if (work->needs_rule)
        count_done(s, shard);
    work->needs_rule = work->needs_sums = false;
    return ERR_OK;
}

static enum err work_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    struct runner *r = context;
    const struct work_group *group = &r->groups[task];
    if (!r->bars[shard_at(r, group->first)->symbol])
        return ERR_OK; /* its load failed */
    enum err code = ERR_OK;
    for (int64_t i = group->first; code == ERR_OK && i < group->end; i++) {
        code = work_on_shard(r, i, worker, e);
        if (code != ERR_OK)
            code = fail_shard(r, i, worker, code, e);
    }
    shard_worker_settle(&r->workers[worker]);
    return code;
}

/* --- rounds --- */

static void list_loads(struct runner *r)
{
    int32_t symbol = -1;
    r->load_count = 0;
    for (int64_t i = r->first; i < r->end; i++) {
        int32_t of = shard_at(r, i)->symbol;
        if (of == symbol || r->bars[of] || !has_work(r, i))
            continue;
        symbol = of;
        r->loads[r->load_count++] = i;
    }
}

static int64_t group_bars(struct runner *r)
{
    int64_t bars = 0;
    for (int64_t i = r->first; i < r->end; i++)
        bars += has_work(r, i) ? shard_bars(shard_at(r, i)) : 0;
    int64_t wanted = bars / ((int64_t)r->worker_count * GROUPS_PER_WORKER);
    int64_t least = WARMUPS_PER_GROUP * rule_warmup_bars(r->s->request.rule);
    wanted = wanted > least ? wanted : least;
    return wanted > GROUP_BARS_MIN ? wanted : GROUP_BARS_MIN;
}

static void make_groups(struct runner *r)
{
    int64_t wanted = group_bars(r), bars = 0;
    r->group_count = 0;
    for (int64_t i = r->first; i < r->end; i++) {
        if (!has_work(r, i))
            continue;
        struct work_group *last = r->group_count > 0 ? &r->groups[r->group_count - 1] : NULL;
        bool goes_on = last && last->end == i && bars < wanted &&
                       shard_at(r, i)->symbol == shard_at(r, i - 1)->symbol;
        if (!goes_on) {
            last = &r->groups[r->group_count++];
            last->first = i;
            bars = 0;
        }
        last->end = i + 1;
        bars += shard_bars(shard_at(r, i));
    }
}

static enum err work_round(struct runner *r, struct error *e)
{
    clear_failures(r);
    list_loads(r);
    make_groups(r);
    enum err code = load_bars(r, e);
    return code == ERR_OK
               ? worker_pool_run(r->pool, work_task, r, r->group_count, r->s->setup.cancel, e)
               : code;
}

static enum err give_up(struct runner *r, const struct work_failure *f, int32_t attempts,
                        struct error *e)
{
    struct study_shard_failed failed = {.index = f->shard,
                                        .shard = shard_at(r, f->shard),
                                        .attempts = attempts,
                                        .error = &f->error};
    if (r->sink && r->sink->shard_failed)
        r->sink->shard_failed(r->sink->context, &failed);
    if (e)
        *e = f->error;
    return f->error.code;
}

enum err study_work(struct runner *r, struct error *e)
{
    for (int32_t attempt = 1;; attempt++) {
        enum err code = work_round(r, e);
        if (code == ERR_CANCELED || code == ERR_CONFLICT)
            return code;
        const struct work_failure *f = first_failure(r);
        if (!f)
            return code;
        if (code != ERR_OK || attempt == LIMIT_SHARD_ATTEMPTS)
            return give_up(r, f, attempt, e);
        redo_spoilt_sums(r);
    }
}

enum err study_work_again(struct runner *r, int64_t index, const unsigned char *state,
                          struct error *e)
{
    struct shard_work *work = work_at(r, index);
    int32_t symbol = shard_at(r, index)->symbol;
    enum err code = r->bars[symbol] ? ERR_OK : load_symbol(r, r->source->load, symbol, e);
    if (code == ERR_OK) {
        shard_result_release(&work->result);
        strbuf_release(&work->record);
        if (work->cached)
            count_done(r->s, shard_at(r, index));
        work->cached = false;
        work->attempts++;
        code = evaluate(r, index, 0, state, NULL, e);
    }
    if (code != ERR_OK && code != ERR_CANCELED && code != ERR_CONFLICT && e)
        name_shard(r, index, e);
    return code;
}
