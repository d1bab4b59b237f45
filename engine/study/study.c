#include "engine/study/study.h"

#include "engine/study/study_state.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static enum err copy_symbol(struct study_symbol *to, const struct study_symbol *from,
                            struct error *e)
{
    *to = *from;
    size_t size_bytes = (size_t)from->stored.day_count * sizeof *from->stored.days;
    struct shard_day *days = malloc(size_bytes + 1);
    to->stored.name = strdup(from->stored.name);
    to->stored.days = days;
    if (!days || !to->stored.name)
        return error_set(e, ERR_NO_MEMORY, "no memory for the symbols");
    if (size_bytes > 0)
        memcpy(days, from->stored.days, size_bytes);
    return ERR_OK;
}

static enum err copy_symbols(struct study *s, const struct study_symbol *symbols, size_t count,
                             struct error *e)
{
    s->symbols = calloc(count, sizeof *s->symbols);
    s->summaries = calloc(count, sizeof *s->summaries);
    if (!s->symbols || !s->summaries)
        return error_set(e, ERR_NO_MEMORY, "no memory for the symbols");
    enum err code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < count; i++) {
        s->symbol_count++;
        code = copy_symbol(&s->symbols[i], &symbols[i], e);
    }
    return code;
}

static enum err make_plan(struct study *s, struct error *e)
{
    const struct study_request *r = &s->request;
    struct shard_symbol *stored = calloc(s->symbol_count, sizeof *stored);
    if (!stored)
        return error_set(e, ERR_NO_MEMORY, "no memory for the plan");
    for (size_t i = 0; i < s->symbol_count; i++)
        stored[i] = s->symbols[i].stored;
    enum err code = shard_plan_init(&s->plan, stored, s->symbol_count, r->from_ns, r->to_ns,
                                    s->setup.needs_proof, r->shard_size, e);
    free(stored);
    return code;
}

/* A symbol without shards has an empty summary all the same: counts of 0, statistics MISSING. */
static enum err init_summaries(struct study *s, struct error *e)
{
    enum err code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < s->symbol_count; i++)
        code = study_statistics(&s->fires, 0, 0, &s->pooled, NULL, s->summaries[i].horizons, e);
    return code;
}

enum err study_create(const struct study_request *request, const struct study_symbol *symbols,
                      size_t symbol_count, struct study **ret, struct error *e)
{
    enum err code = study_request_check(request, e);
    if (code != ERR_OK)
        return code;
    if (symbol_count < 1 || symbol_count > LIMIT_JOB_SYMBOLS)
        return error_field(e, ERR_INVALID, "/symbols", "1 to %d symbols, not %zu",
                           LIMIT_JOB_SYMBOLS, symbol_count);
    struct study *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for the study");
    s->request = *request;
    s->setup.request = &s->request;
    s->setup.needs_proof = rule_warmup_bars(request->rule) > 0;
    forward_plan_init(&s->setup.forward, &s->request);
    s->fires.horizon_count = request->horizon_count;
    s->last_fire_ns = INT64_MIN;
    s->last_fire_session = -1;
    code = copy_symbols(s, symbols, symbol_count, e);
    if (code == ERR_OK)
        code = make_plan(s, e);
    if (code == ERR_OK)
        code = study_sums_init(&s->pooled, request->horizon_count, e);
    if (code == ERR_OK)
        code = study_sums_init(&s->symbol_sums, request->horizon_count, e);
    if (code == ERR_OK)
        code = init_summaries(s, e);
    if (code != ERR_OK) {
        study_free(s);
        return code;
    }
    *ret = s;
    return ERR_OK;
}

void study_free(struct study *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->symbol_count; i++) {
        free((char *)s->symbols[i].stored.name);
        free((struct shard_day *)s->symbols[i].stored.days);
    }
    free(s->symbols);
    free(s->summaries);
    free(s->state);
    shard_plan_release(&s->plan);
    fire_list_release(&s->fires);
    study_sums_release(&s->pooled);
    study_sums_release(&s->symbol_sums);
    free(s);
}

const struct shard_plan *study_plan(const struct study *s)
{
    return &s->plan;
}

const struct study_request *study_request_of(const struct study *s)
{
    return &s->request;
}

uint32_t study_columns(const struct study *s)
{
    (void)s;
    return BAR_ALL_COLUMNS; /* a fire carries its whole bar */
}

int64_t study_merged_shards(const struct study *s)
{
    return s->merged;
}

void study_progress(const struct study *s, struct study_progress *ret)
{
    *ret = (struct study_progress){
        .shards_done = atomic_load_explicit(&s->shards_done, memory_order_relaxed),
        .shards_total = s->plan.shard_count,
        .bars_done = atomic_load_explicit(&s->bars_done, memory_order_relaxed),
        .bars_total = s->plan.bar_count,
        .shards_reevaluated = atomic_load_explicit(&s->shards_reevaluated, memory_order_relaxed),
        .shards_cached = atomic_load_explicit(&s->shards_cached, memory_order_relaxed),
        .bars_cached = atomic_load_explicit(&s->bars_cached, memory_order_relaxed),
    };
}

static enum err load_given(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    (void)symbol;
    (void)e;
    *ret = bars_ref(context);
    return ERR_OK;
}

enum err study_of_bars(const struct study_request *request, const char *name,
                       const struct bars *bars, const unsigned char data_hash[DATA_HASH_BYTES],
                       struct worker_pool *pool, const _Atomic bool *cancel,
                       struct study_result **ret, struct error *e)
{
    struct study_symbol symbol = {.stored = {.name = name, .calendar = bars->calendar}};
    memcpy(symbol.data_hash, data_hash, DATA_HASH_BYTES);
    struct shard_day *days = NULL;
    struct study *s = NULL;
    struct study_source source = {.load = load_given, .context = (void *)bars};
    enum err code = shard_days_of(bars, &days, &symbol.stored.day_count, e);
    symbol.stored.days = days;
    if (code == ERR_OK)
        code = study_create(request, &symbol, 1, &s, e);
    if (code == ERR_OK)
        code = study_run(s, pool, &source, NULL, cancel, e);
    if (code == ERR_OK)
        code = study_finish(s, cancel, ret, e);
    study_free(s);
    free(days);
    return code;
}
