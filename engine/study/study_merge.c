/* The ordered pass over shards: what depends on the shards before (cooldown, a symbol's totals)
 * happens here, and nothing else does.
 *
 * Everything that can fail comes before the first change of the study, and the sink is told last of
 * those: after an error the shard is not merged, and a later study_run does it again.
 */
#include "engine/study/study_state.h"

#include <stdatomic.h>
#include <stdlib.h>

static bool is_last_of_symbol(const struct study *s, int64_t shard)
{
    return shard + 1 == s->plan.symbol_first[s->plan.shards[shard].symbol + 1];
}

/* Session days with fires, beginning after session *last. */
static int64_t count_fire_days(const struct fire_list *fires, int32_t *last)
{
    int64_t days = 0;
    for (size_t i = 0; i < fires->count; i++) {
        days += fires->fires[i].session != *last;
        *last = fires->fires[i].session;
    }
    return days;
}

static enum err tell_sink(struct study *s, const struct merge_input *in, struct error *e)
{
    const struct fire_list *fires = &in->result->fires;
    if (!in->sink || !in->sink->shard_done)
        return ERR_OK;
    struct study_shard_done done = {
        .index = s->merged,
        .shard = &s->plan.shards[s->merged],
        .reevaluated = in->reevaluated,
        .cached = in->cached,
        .attempts = in->attempts,
        .fire_count = fires->count,
        .fires = fires->fires,
        .forward = fires->forward,
    };
    return in->sink->shard_done(in->sink->context, &done, e);
}

/* What came from an earlier study is done once it is merged; all else was counted by its worker. */
static void count_cached(struct study *s)
{
    int64_t bars = shard_bars(&s->plan.shards[s->merged]);
    atomic_fetch_add_explicit(&s->shards_cached, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->bars_cached, bars, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->shards_done, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->bars_done, bars, memory_order_relaxed);
}

static void add_counts(struct study_counts *to, const struct study_counts *from)
{
    to->fires += from->fires;
    to->candidates += from->candidates;
    to->bars_evaluated += from->bars_evaluated;
    to->bars_in_window += from->bars_in_window;
    to->days += from->days;
    to->days_with_fires += from->days_with_fires;
}

static void next_symbol(struct study *s)
{
    study_sums_clear(&s->symbol_sums);
    s->symbol_counts = (struct study_counts){0};
    s->symbol_first_fire = s->fires.count;
    s->last_fire_ns = INT64_MIN;
    s->last_fire_session = -1;
    free(s->state);
    s->state = NULL;
    s->state_bytes = 0;
    s->summed = s->merged;
}

/* The symbol of shard merged - 1 is complete. */
static void finish_symbol(struct study *s, struct study_symbol_summary *summary)
{
    summary->counts = s->symbol_counts;
    s->summaries[s->plan.shards[s->merged - 1].symbol] = *summary;
    study_sums_merge(&s->pooled, &s->symbol_sums);
    next_symbol(s);
}

static void take_state(struct study *s, struct shard_result *r)
{
    free(s->state);
    s->state = r->exit_state;
    s->state_bytes = r->state_bytes;
    r->exit_state = NULL;
}

enum err study_merge(struct study *s, const struct merge_input *in, struct error *e)
{
    struct shard_result *r = in->result;
    bool last = is_last_of_symbol(s, s->merged);
    int64_t last_fire_ns = s->last_fire_ns;
    int32_t last_fire_session = s->last_fire_session;
    fire_list_cool(&r->fires, s->request.cooldown_ns, &last_fire_ns);
    r->counts.fires = (int64_t)r->fires.count;
    r->counts.days_with_fires = count_fire_days(&r->fires, &last_fire_session);
    if (s->fires.count + r->fires.count > LIMIT_FIRES)
        return error_set(e, ERR_TOO_LARGE, "the rule fires more than %d times", LIMIT_FIRES);

    /* Appended for the statistics; taken back when something fails after. */
    size_t fires_before = s->fires.count;
    struct study_symbol_summary summary = {0};
    enum err code = fire_list_append(&s->fires, &r->fires, e);
    if (code == ERR_OK && last)
        code = study_statistics(&s->fires, s->symbol_first_fire, s->fires.count, &s->symbol_sums,
                                s->setup.cancel, summary.horizons, e);
    if (code == ERR_OK)
        code = tell_sink(s, in, e);
    if (code != ERR_OK) {
        s->fires.count = fires_before;
        return code;
    }
    s->last_fire_ns = last_fire_ns;
    s->last_fire_session = last_fire_session;
    add_counts(&s->counts, &r->counts);
    add_counts(&s->symbol_counts, &r->counts);
    s->reevaluated += in->reevaluated;
    atomic_store_explicit(&s->shards_reevaluated, s->reevaluated, memory_order_relaxed);
    take_state(s, r);
    if (in->cached)
        count_cached(s);
    s->merged++;
    if (last)
        finish_symbol(s, &summary);
    return ERR_OK;
}
