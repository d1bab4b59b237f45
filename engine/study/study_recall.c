/* Results that come from storage. A check sum tells whether the bytes are as they were written, not
 * whether this program wrote them: what others use as an index or a size without another look (a
 * fire's place and day, the size of a state) must be something that the shard can have. Whatever
 * is wrong with a stored result, the shard is done as if there were none.
 */
#include "engine/study/study_runner.h"

#include "base/clock.h"
#include "engine/study/study_keys.h"

#include <stdatomic.h>
#include <string.h>

/* A bar's date in the window's zone is not always that of its session in the calendar's. */
enum { DAYS_APART = 2 };

static bool day_fits(const struct shard *shard, int64_t day)
{
    return day >= (int64_t)shard->from_day - DAYS_APART &&
           day <= (int64_t)shard->to_day + DAYS_APART;
}

static bool fire_fits(const struct shard *shard, const struct study_fire *f)
{
    int64_t utc_day = f->at_ns / NS_PER_DAY - (f->at_ns % NS_PER_DAY < 0);
    return f->bar >= shard->first_bar && f->bar < shard->end_bar &&
           f->session >= shard->first_session && f->session < shard->end_session &&
           day_fits(shard, f->day) && day_fits(shard, utc_day);
}

static bool fires_fit(const struct shard *shard, const struct fire_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct study_fire *f = &l->fires[i];
        if (!fire_fits(shard, f) || (i > 0 && (f[-1].bar >= f->bar || f[-1].at_ns >= f->at_ns ||
                                               f[-1].session > f->session)))
            return false;
    }
    return true;
}

static bool counts_fit(const struct shard *shard, const struct shard_result *r)
{
    const struct study_counts *c = &r->counts;
    return (int64_t)r->fires.count == c->candidates && c->candidates <= c->bars_in_window &&
           c->bars_in_window >= 0 && c->bars_in_window <= shard_bars(shard) &&
           c->bars_evaluated == shard_bars(shard) && c->days >= 0 &&
           c->days <= shard->end_session - shard->first_session;
}

static bool result_fits(const struct study *s, const struct shard *shard,
                        const struct shard_result *r)
{
    size_t state_bytes = s->setup.needs_proof ? rule_saved_bytes(s->request.rule) : 0;
    return r->state_bytes == state_bytes && counts_fit(shard, r) && fires_fit(shard, &r->fires);
}

static bool recall_bytes(const struct runner *r, const unsigned char key[DATA_HASH_BYTES],
                         struct strbuf *into)
{
    strbuf_init(into, LIMIT_SHARD_RECORD_BYTES);
    return r->source->recall(r->source->context, key, into) && !strbuf_failed(into);
}

static void recall_shard(struct runner *r, int64_t index)
{
    struct shard_work *work = work_at(r, index);
    const struct shard *shard = shard_at(r, index);
    struct shard_result result = {.fires.horizon_count = r->s->request.horizon_count};
    struct strbuf bytes;
    if (recall_bytes(r, work->key, &bytes) &&
        shard_record_decode(bytes.data, bytes.length, work->key, &result, NULL) == ERR_OK &&
        result_fits(r->s, shard, &result)) {
        for (size_t i = 0; i < result.fires.count; i++)
            result.fires.fires[i].symbol = shard->symbol;
        work->result = result;
        work->cached = true;
        work->needs_rule = false;
    } else {
        shard_result_release(&result);
    }
    strbuf_release(&bytes);
}

static void recall_sums(struct runner *r, int32_t block)
{
    struct sum_block *b = &r->blocks[block];
    struct study_sums *sums = sums_at(r, 0, block);
    struct strbuf bytes;
    if (!recall_bytes(r, b->key, &bytes) ||
        study_sums_init(sums, r->s->request.horizon_count, NULL) != ERR_OK) {
        strbuf_release(&bytes);
        return;
    }
    if (sums_record_decode(bytes.data, bytes.length, b->key, sums, NULL) == ERR_OK) {
        b->cached = true;
        for (int64_t i = b->first; i < b->end; i++)
            work_at(r, i)->needs_sums = false;
    } else {
        study_sums_release(sums);
    }
    strbuf_release(&bytes);
}

/* Tasks: the batch's shards, then its blocks. */
static enum err recall_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    (void)e;
    struct runner *r = context;
    int64_t shard_count = r->end - r->first;
    if (task < shard_count) {
        if (r->work[task].needs_rule)
            recall_shard(r, r->first + task);
    } else {
        int32_t block = (int32_t)(task - shard_count);
        if (work_at(r, r->blocks[block].first)->needs_sums)
            recall_sums(r, block);
    }
    return ERR_OK;
}

static void make_keys(struct runner *r)
{
    unsigned char keys[BATCH_SHARDS][DATA_HASH_BYTES];
    study_shard_keys(r->s, r->first, r->end, keys);
    for (int64_t i = r->first; i < r->end; i++)
        memcpy(work_at(r, i)->key, keys[i - r->first], DATA_HASH_BYTES);
    for (int32_t b = 0; b < r->block_count; b++)
        study_sums_key(r->s, r->blocks[b].first, r->blocks[b].end, r->blocks[b].key);
}

enum err study_recall(struct runner *r, struct error *e)
{
    bool keeps = r->sink && r->sink->keep;
    if (!r->source->recall && !keeps)
        return ERR_OK;
    make_keys(r);
    if (!r->source->recall)
        return ERR_OK;
    return worker_pool_run(r->pool, recall_task, r, r->end - r->first + r->block_count,
                           r->s->setup.cancel, e);
}
