/* Results that come from storage. A check sum tells whether the bytes are as they were written, not
 * whether this program wrote them: what others use as an index or a size without another look (a
 * fire's place and day, the size of a state) must be something that the shard can have.
 */
#include "engine/study/study_state.h"

#include "base/clock.h"

#include <stdatomic.h>

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
    int64_t fires = (int64_t)r->fires.count;
    return fires <= c->candidates && c->candidates <= c->bars_in_window && c->bars_in_window >= 0 &&
           c->bars_in_window <= shard_bars(shard) && c->bars_evaluated >= 0 &&
           c->bars_evaluated <= shard_bars(shard) && c->days >= 0 &&
           c->days <= shard->end_session - shard->first_session;
}

static bool result_fits(const struct study *s, const struct shard *shard,
                        const struct shard_result *r)
{
    size_t state_bytes = s->setup.needs_proof ? rule_saved_bytes(s->request.rule) : 0;
    return r->state_bytes == state_bytes && counts_fit(shard, r) && fires_fit(shard, &r->fires);
}

enum err study_restore(struct study *s, const void *bytes, size_t size_bytes, struct error *e)
{
    if (s->merged == s->plan.shard_count)
        return error_set(e, ERR_DATA, "all %lld shards are there already",
                         (long long)s->plan.shard_count);
    const struct shard *shard = &s->plan.shards[s->merged];
    bool last = study_is_last_of_symbol(s, s->merged);
    struct study_sums sums = {0};
    struct shard_result result = {.fires.horizon_count = s->request.horizon_count};
    struct shard_record record = {
        .index = s->merged, .result = &result, .sums = last ? &sums : NULL};
    enum err code = last ? study_sums_init(&sums, s->request.horizon_count, e) : ERR_OK;
    if (code == ERR_OK)
        code = shard_record_decode(bytes, size_bytes, s->fingerprint, &record, e);
    if (code == ERR_OK && !result_fits(s, shard, &result))
        code = error_set(e, ERR_DATA, "the stored result is none that its shard can have");
    if (code != ERR_OK)
        goto out;
    for (size_t i = 0; i < result.fires.count; i++)
        result.fires.fires[i].symbol = shard->symbol;
    struct study_sums before = s->symbol_sums;
    if (last)
        s->symbol_sums = sums; /* the whole symbol's; what was summed so far is part of it */
    struct merge_input in = {.result = &result, .reevaluated = record.reevaluated};
    code = study_merge(s, &in, e);
    if (last && code == ERR_OK)
        sums = before;
    else if (last)
        s->symbol_sums = before;
    if (code == ERR_OK) {
        atomic_fetch_add_explicit(&s->shards_done, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->bars_done, shard_bars(shard), memory_order_relaxed);
    }
out:
    study_sums_release(&sums);
    shard_result_release(&result);
    return code;
}
