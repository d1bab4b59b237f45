#include "server/jobs/study_task.h"

#include "base/rfc3339.h"
#include "server/jobs/option_series.h"
#include "server/series_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct task_symbol {
    const char *name; /* borrowed from the spec */
    struct series_row series;
    struct shard_day *days; /* owned */
    int64_t day_count;
    unsigned char hash[DATA_HASH_BYTES];
    char option_root[OCC_ROOT_MAX + 1]; /* with a contract in the strategy */
};

struct study_task {
    struct storage *storage;
    struct worker_pool *pool;
    const struct study_spec *spec;
    struct rule *rule, *exit_rule; /* the exit rule is the strategy's; NULL = none */
    const struct zone *zone;
    struct strategy strategy; /* with spec->has_strategy */
    struct study_request request;
    struct task_symbol *symbols;
    size_t symbol_count;
    struct study *study;
};

static enum err find_series(struct study_task *t, size_t i, struct error *e)
{
    struct task_symbol *s = &t->symbols[i];
    char pointer[32] = "/symbol";
    s->name = t->spec->symbols.items[i];
    if (!t->spec->symbol)
        snprintf(pointer, sizeof(pointer), "/symbols/%zu", i);
    return series_lookup(t->storage, s->name, t->spec->timeframe, pointer, &s->series, e);
}

static bool is_resampled(const struct study_task *t, const struct task_symbol *s)
{
    return s->series.timeframe.minutes != t->spec->timeframe.minutes;
}

/* The session days as stored: enough to plan without loading a bar. */
static enum err plan_stored_days(struct task_symbol *s, const struct bar_plan *plan,
                                 struct error *e)
{
    s->days = calloc((size_t)plan->day_count + 1, sizeof(*s->days));
    if (!s->days)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the days of '%s'", s->name);
    for (int64_t i = 0; i < plan->day_count; i++) {
        s->days[i] = (struct shard_day){.day = plan->days[i].day, .count = plan->days[i].count};
        memcpy(s->days[i].hash, plan->days[i].hash, DATA_HASH_BYTES);
    }
    s->day_count = plan->day_count;
    return ERR_OK;
}

/* The bars of a day are made from the stored ones of that day, whose hash they inherit. */
static void inherit_hashes(struct shard_day *days, int64_t count, const struct task_symbol *stored)
{
    int64_t k = 0;
    for (int64_t i = 0; i < count; i++) {
        while (k < stored->day_count && stored->days[k].day < days[i].day)
            k++;
        if (k < stored->day_count && stored->days[k].day == days[i].day)
            memcpy(days[i].hash, stored->days[k].hash, DATA_HASH_BYTES);
    }
}

/* A longer timeframe has other counts: they are known once it is resampled (and cached). */
static enum err plan_resampled_days(struct study_task *t, struct task_symbol *s, struct error *e)
{
    const struct bars *bars = NULL;
    struct shard_day *days = NULL;
    int64_t day_count = 0;
    enum err err = bar_cache_get(t->storage->bar_cache, t->pool, s->name, t->spec->timeframe,
                                 rule_columns(t->rule), &bars, NULL, e);
    if (!err)
        err = shard_days_of(bars, &days, &day_count, e);
    bars_unref(bars);
    if (err)
        return err;
    inherit_hashes(days, day_count, s);
    free(s->days);
    s->days = days;
    s->day_count = day_count;
    return ERR_OK;
}

static enum err plan_symbol(const struct db_read *reader, struct task_symbol *s, struct error *e)
{
    struct bar_plan plan = {0};
    enum err err = bar_plan_init(reader, &s->series, INT32_MIN, INT32_MAX, &plan, e);
    if (!err) {
        s->series = plan.series; /* of the snapshot that the hash and the days are of */
        bar_plan_hash(&plan, s->hash);
        err = plan_stored_days(s, &plan, e);
    }
    bar_plan_release(&plan);
    return err;
}

static enum err plan_symbols(struct study_task *t, struct error *e)
{
    struct db_read reader = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < t->symbol_count; i++)
        err = find_series(t, i, e);
    if (!err)
        err = readers_lease(t->storage->bar_readers, &reader, e);
    for (size_t i = 0; !err && i < t->symbol_count; i++)
        err = plan_symbol(&reader, &t->symbols[i], e);
    readers_return(t->storage->bar_readers, &reader);
    return err;
}

/* Times of day need one zone: the window's, or the one that all symbols share. */
static enum err choose_zone(struct study_task *t, struct error *e)
{
    const char *timezone = t->spec->has_window ? t->spec->window.timezone : NULL;
    if (timezone)
        return zone_find(timezone, &t->zone, e);
    t->zone = calendar_zone(t->symbols[0].series.calendar);
    for (size_t i = 1; i < t->symbol_count; i++)
        if (calendar_zone(t->symbols[i].series.calendar) != t->zone)
            return error_field(
                e, ERR_INVALID, "/window/timezone",
                "'%s' and '%s' trade in different time zones: say which one is meant",
                t->symbols[0].name, t->symbols[i].name);
    return ERR_OK;
}

static enum err compile_rule(const struct study_task *t, const char *text, const char *pointer,
                             struct rule **ret, struct error *e)
{
    struct rule_options options = {.timeframe = t->spec->timeframe,
                                   .zone = t->zone,
                                   .calendar = t->symbols[0].series.calendar};
    struct error inner = {0};
    enum err err = rule_compile(text, strlen(text), &options, ret, &inner);
    if (!err)
        return ERR_OK;
    if (e) {
        *e = inner;
        snprintf(e->pointer, sizeof(e->pointer), "%s", pointer);
    }
    return err;
}

/* Contracts are found by their root. */
static enum err find_option_roots(struct study_task *t, struct error *e)
{
    for (size_t i = 0; i < t->symbol_count; i++)
        if (!occ_root_of(t->symbols[i].name, t->symbols[i].option_root))
            return error_field(e, ERR_INVALID, "/strategy/contract",
                               "'%s' has no options: its letters and digits are no OCC root (1 to "
                               "%d, with a letter)",
                               t->symbols[i].name, OCC_ROOT_MAX);
    return ERR_OK;
}

/* The wall clock of flat_at is that of the window. */
static enum err compile(struct study_task *t, struct error *e)
{
    const struct strategy_spec *strategy = &t->spec->strategy;
    enum err err = compile_rule(t, t->spec->rule, "/rule", &t->rule, e);
    if (err || !t->spec->has_strategy)
        return err;
    t->strategy = strategy->strategy;
    t->strategy.flat_zone = t->zone;
    if (t->strategy.contract.given && (err = find_option_roots(t, e)))
        return err;
    return strategy->exit_rule
               ? compile_rule(t, strategy->exit_rule, "/strategy/exit_rule", &t->exit_rule, e)
               : ERR_OK;
}

static void request_window(const struct study_task *t, struct study_window *w)
{
    const struct study_spec *spec = t->spec;
    w->zone = t->zone;
    if (!spec->has_window)
        return;
    if (spec->window.has_from)
        w->from_minute = spec->window.from_minute;
    if (spec->window.has_to)
        w->to_minute = spec->window.to_minute;
    if (spec->window.has_days)
        w->weekdays = spec->window.days;
}

static void make_request(struct study_task *t)
{
    const struct study_spec *spec = t->spec;
    struct study_request *r = &t->request;
    study_request_defaults(r);
    r->rule = t->rule;
    r->timeframe = spec->timeframe;
    r->from_ns = spec->from.given ? study_spec_when_begin(&spec->from, t->zone) : INT64_MIN;
    r->to_ns = spec->to.given ? study_spec_when_end(&spec->to, t->zone) : INT64_MAX;
    for (size_t i = 0; i < t->symbol_count; i++) {
        const struct series_row *s = &t->symbols[i].series;
        if (!spec->from.given && (i == 0 || s->first_ns < r->from_ns))
            r->from_ns = s->first_ns;
        if (!spec->to.given && (i == 0 || s->last_ns + 1 > r->to_ns))
            r->to_ns = s->last_ns + 1;
    }
    request_window(t, &r->window);
    if (spec->has_trigger)
        r->trigger = (enum study_trigger)spec->trigger;
    if (spec->has_cooldown)
        r->cooldown_ns = spec->cooldown_ns;
    if (spec->horizon_count) {
        r->horizon_count = spec->horizon_count;
        memcpy(r->horizons, spec->horizons, spec->horizon_count * sizeof(*spec->horizons));
    }
    r->shard_size = spec->shard;
}

/* Where one end alone was asked for, the other is that of the bars: say so when they do not meet.
 */
static enum err check_range(const struct study_task *t, struct error *e)
{
    const struct study_request *r = &t->request;
    bool is_from = t->spec->from.given;
    char text[RFC3339_MAX];
    if (r->from_ns < r->to_ns || is_from == t->spec->to.given)
        return ERR_OK;
    rfc3339_format(is_from ? r->to_ns - 1 : r->from_ns, text);
    return is_from ? error_field(e, ERR_INVALID, "/from", "no bar is that late: the last is of %s",
                                 text)
                   : error_field(e, ERR_INVALID, "/to", "no bar is that early: the first is of %s",
                                 text);
}

static enum err make_study(struct study_task *t, struct error *e)
{
    struct study_symbol *symbols = calloc(t->symbol_count, sizeof(*symbols));
    if (!symbols)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the study");
    for (size_t i = 0; i < t->symbol_count; i++) {
        struct task_symbol *s = &t->symbols[i];
        symbols[i].stored = (struct shard_symbol){.name = s->name,
                                                  .calendar = s->series.calendar,
                                                  .day_count = s->day_count,
                                                  .days = s->days};
        memcpy(symbols[i].data_hash, s->hash, DATA_HASH_BYTES);
    }
    enum err err = study_create(&t->request, symbols, t->symbol_count, &t->study, e);
    free(symbols);
    return err;
}

/* A study goes through its symbols' bars batch by batch; an account needs them all at once. */
static enum err check_traded_bars(const struct study_task *t, struct error *e)
{
    int64_t bars = 0;
    for (size_t i = 0; i < t->symbol_count; i++)
        for (int64_t d = 0; d < t->symbols[i].day_count; d++)
            bars += t->symbols[i].days[d].count;
    if (t->spec->has_strategy && bars > LIMIT_STRATEGY_BARS)
        return error_field(e, ERR_INVALID, "/symbols",
                           "the symbols have %lld bars; an account holds at most %d: ask for fewer "
                           "symbols or a longer timeframe",
                           (long long)bars, LIMIT_STRATEGY_BARS);
    return ERR_OK;
}

static enum err prepare(struct study_task *t, struct error *e)
{
    enum err err;
    if ((err = plan_symbols(t, e)) || (err = choose_zone(t, e)) || (err = compile(t, e)))
        return err;
    for (size_t i = 0; i < t->symbol_count; i++)
        if (is_resampled(t, &t->symbols[i]) && (err = plan_resampled_days(t, &t->symbols[i], e)))
            return err;
    if ((err = check_traded_bars(t, e)))
        return err;
    make_request(t);
    if ((err = check_range(t, e)))
        return err;
    return make_study(t, e);
}

enum err study_task_create(struct storage *storage, struct worker_pool *pool,
                           const struct study_spec *spec, struct study_task **ret, struct error *e)
{
    struct study_task *t = calloc(1, sizeof(*t));
    if (!t)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the study");
    t->storage = storage;
    t->pool = pool;
    t->spec = spec;
    t->symbol_count = spec->symbols.count;
    t->symbols = calloc(t->symbol_count, sizeof(*t->symbols));
    enum err err =
        t->symbols ? prepare(t, e) : error_set(e, ERR_NO_MEMORY, "out of memory for the study");
    if (err) {
        study_task_free(t);
        return err;
    }
    *ret = t;
    return ERR_OK;
}

void study_task_free(struct study_task *t)
{
    if (!t)
        return;
    study_free(t->study);
    for (size_t i = 0; t->symbols && i < t->symbol_count; i++)
        free(t->symbols[i].days);
    free(t->symbols);
    rule_free(t->rule);
    rule_free(t->exit_rule);
    free(t);
}

struct study *study_task_study(struct study_task *t)
{
    return t->study;
}

const struct study_request *study_task_request(const struct study_task *t)
{
    return &t->request;
}

size_t study_task_symbol_count(const struct study_task *t)
{
    return t->symbol_count;
}

const char *study_task_symbol(const struct study_task *t, size_t i)
{
    return t->symbols[i].name;
}

const unsigned char *study_task_symbol_hash(const struct study_task *t, size_t i)
{
    return t->symbols[i].hash;
}

const struct zone *study_task_zone(const struct study_task *t)
{
    return t->zone;
}

bool study_task_days(const struct study_task *t, int32_t *ret_first, int32_t *ret_last)
{
    const struct shard_plan *plan = study_plan(t->study);
    bool found = false;
    for (int64_t i = 0; i < plan->shard_count; i++) {
        const struct shard *s = &plan->shards[i];
        if (s->state_only)
            continue;
        *ret_first = !found || s->from_day < *ret_first ? s->from_day : *ret_first;
        *ret_last = !found || s->to_day > *ret_last ? s->to_day : *ret_last;
        found = true;
    }
    return found;
}

const struct strategy *study_task_strategy(const struct study_task *t)
{
    return t->spec->has_strategy ? &t->strategy : NULL;
}

const struct rule *study_task_exit_rule(const struct study_task *t)
{
    return t->exit_rule;
}

void study_task_data_hash(const struct study_task *t, unsigned char ret[DATA_HASH_BYTES])
{
    struct sha256 all;
    unsigned char digest[SHA256_BYTES];
    sha256_init(&all);
    for (size_t i = 0; i < t->symbol_count; i++) {
        sha256_add_string(&all, t->symbols[i].name);
        sha256_add(&all, t->symbols[i].hash, DATA_HASH_BYTES);
    }
    sha256_finish(&all, digest);
    memcpy(ret, digest, DATA_HASH_BYTES);
}

/* The bars as planned: others, however alike, would give an answer under a false hash. */
static enum err get_bars(struct study_task *t, struct worker_pool *pool, size_t symbol,
                         const struct bars **ret, struct error *e)
{
    const struct task_symbol *s = &t->symbols[symbol];
    const struct bars *bars = NULL;
    struct series_row loaded;
    /* A fire's record holds its whole bar, so the study names its columns. */
    enum err err = bar_cache_get(t->storage->bar_cache, pool, s->name, t->spec->timeframe,
                                 study_columns(t->study), &bars, &loaded, e);
    if (!err && (loaded.id != s->series.id || loaded.version != s->series.version))
        err = error_set(e, ERR_CONFLICT, "the stored bars of %s changed during the study", s->name);
    if (err)
        bars_unref(bars);
    else
        *ret = bars;
    return err;
}

static enum err load_bars(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    return get_bars(context, NULL, symbol, ret, e); /* on a worker: no pool */
}

/* All workers load it together. */
static enum err load_alone(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    struct study_task *t = context;
    return get_bars(t, t->pool, symbol, ret, e);
}

static bool recall(void *context, const unsigned char key[DATA_HASH_BYTES], struct strbuf *into)
{
    struct study_task *t = context;
    return shard_cache_get(t->storage->shard_cache, key, into);
}

enum err study_task_run(struct study_task *t, const struct study_sink *sink,
                        const _Atomic bool *cancel, struct error *e)
{
    struct study_source source = {.load = load_bars, .context = t, .load_alone = load_alone};
    if (t->storage->shard_cache)
        source.recall = recall;
    return study_run(t->study, t->pool, &source, sink, cancel, e);
}

static enum err list_options(void *context, size_t symbol, struct option_listing **ret,
                             size_t *ret_count, struct error *e)
{
    struct study_task *t = context;
    return option_series_list(t->storage, t->symbols[symbol].option_root, ret, ret_count, e);
}

static enum err load_option(void *context, size_t symbol, const struct option_listing *contract,
                            enum option_series series, const struct bars **ret, struct error *e)
{
    struct study_task *t = context;
    return option_series_load(t->storage, t->symbols[symbol].option_root, contract, series, ret, e);
}

enum err study_task_simulate(struct study_task *t, const struct study_result *result,
                             const _Atomic bool *cancel, struct simulation **ret, struct error *e)
{
    struct study_source source = {.load = load_bars, .context = t};
    struct option_source options = {.list = list_options, .load = load_option, .context = t};
    struct simulation_input in = {.strategy = &t->strategy,
                                  .exit_rule = t->exit_rule,
                                  .risk_free_rate = t->spec->strategy.risk_free_rate,
                                  .study = result,
                                  .source = &source,
                                  .options = &options,
                                  .timeframe = t->request.timeframe,
                                  .from_ns = t->request.from_ns,
                                  .to_ns = t->request.to_ns};
    *ret = NULL;
    return t->spec->has_strategy ? simulation_run(&in, t->pool, cancel, ret, e) : ERR_OK;
}
