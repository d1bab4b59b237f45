/* Random backtests over generated bars of several symbols: a rule, a strategy and a series, all
 * from one seed, so that the same job can be run again, or over bars that differ after some
 * instant.
 */
#ifndef TESTS_ENGINE_TRADES_SIMULATED_JOBS_H
#define TESTS_ENGINE_TRADES_SIMULATED_JOBS_H

#include "engine/trades/simulation.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/trades/random_strategy.h"

#include <stdio.h>

enum { JOB_SYMBOLS = 3, JOB_SYMBOLS_MAX = 70, JOB_BARS = 2600 };

struct simulated_job {
    size_t symbol_count;
    const struct bars *bars[JOB_SYMBOLS_MAX];
    struct shard_day *days[JOB_SYMBOLS_MAX];
    char names[JOB_SYMBOLS_MAX][8];
    struct study_symbol symbols[JOB_SYMBOLS_MAX];
    struct rule *rule, *exit_rule;
    struct study_request request;
    struct strategy strategy;
};

static inline struct rule *job_rule(const char *text)
{
    struct rule_options options = {.timeframe = {1}};
    struct rule *rule = NULL;
    struct error e = {0};
    if (rule_compile(text, strlen(text), &options, &rule, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.message);
    return rule;
}

static inline struct rule *random_job_rule(struct random *r)
{
    static const struct {
        const char *before, *after;
    } forms[] = {
        {"close crosses above sma(", ")"}, {"rsi(", ") < 40"},
        {"ema(", ") > ema(50)"},           {"close < lowest(low, ", ")[1]"},
        {"macd(12, 26, ", ") > 0"},        {"close > vwap and rsi(", ") > 55"},
    };
    char text[128];
    size_t form = random_below(r, sizeof forms / sizeof *forms);
    snprintf(text, sizeof text, "%s%d%s", forms[form].before, (int)random_between(r, 2, 20),
             forms[form].after);
    return job_rule(text);
}

static inline void random_job_request(struct random *r, struct simulated_job *j)
{
    const struct bars *bars = j->bars[0];
    j->request = (struct study_request){.rule = j->rule, .timeframe = {1}};
    study_request_defaults(&j->request);
    j->request.trigger = (enum study_trigger)random_below(r, 2);
    j->request.cooldown_ns = (int64_t)random_below(r, 3) * 10 * NS_PER_MINUTE;
    j->request.from_ns = bars->time_ns[random_below(r, (uint64_t)bars->count / 2)];
    j->request.to_ns = bars->time_ns[bars->count - 1] + 1;
    if (random_below(r, 2)) /* often within a session */
        j->request.to_ns = j->request.from_ns + random_between(r, 300, 4000) * NS_PER_MINUTE;
}

static inline void add_job_symbol(struct simulated_job *j, uint64_t seed, int64_t bar_count)
{
    static const char *const calendars[] = {"XNYS", "24x7", "XNYS"};
    size_t s = j->symbol_count++;
    snprintf(j->names[s], sizeof j->names[s], "S%d", (int)s);
    j->bars[s] = generated_bars(calendars[s % JOB_SYMBOLS], "2024-06-27", "2024-07-12",
                                seed * 7 + s, 0.02, bar_count);
    j->symbols[s].stored =
        (struct shard_symbol){.name = j->names[s], .calendar = j->bars[s]->calendar};
    assert_int_equal(shard_days_of(j->bars[s], &j->days[s], &j->symbols[s].stored.day_count, NULL),
                     ERR_OK);
    j->symbols[s].stored.days = j->days[s];
}

static inline void job_init_symbols(struct simulated_job *j, uint64_t seed, size_t symbol_count,
                                    int64_t bar_count)
{
    struct random r;
    random_seed(&r, seed);
    memset(j, 0, sizeof *j);
    while (j->symbol_count < symbol_count)
        add_job_symbol(j, seed, bar_count);
    j->rule = random_job_rule(&r);
    random_job_request(&r, j);
    j->strategy = random_strategy(&r);
    if (j->strategy.has_exit_rule)
        j->exit_rule = random_job_rule(&r);
    if (j->strategy.stop_loss.kind == DISTANCE_ATR && random_below(&r, 2))
        j->strategy.stop_loss.atr_period = 5;
}

static inline void job_init(struct simulated_job *j, uint64_t seed)
{
    job_init_symbols(j, seed, 1 + seed % JOB_SYMBOLS, JOB_BARS);
}

static inline void job_release(struct simulated_job *j)
{
    for (size_t s = 0; s < j->symbol_count; s++) {
        bars_unref(j->bars[s]);
        free(j->days[s]);
    }
    rule_free(j->rule);
    rule_free(j->exit_rule);
}

static inline enum err job_load(void *context, size_t symbol, const struct bars **ret,
                                struct error *e)
{
    (void)e;
    const struct simulated_job *j = context;
    *ret = bars_ref(j->bars[symbol]);
    return ERR_OK;
}

static inline struct study_result *job_study(struct simulated_job *j, struct worker_pool *pool,
                                             struct shard_size size)
{
    struct study *s = NULL;
    struct study_result *result = NULL;
    struct study_source source = {job_load, j};
    struct error e = {0};
    j->request.shard_size = size;
    enum err code = study_create(&j->request, j->symbols, j->symbol_count, &s, &e);
    if (code == ERR_OK)
        code = study_run(s, pool, &source, NULL, NULL, &e);
    if (code == ERR_OK)
        code = study_finish(s, NULL, &result, &e);
    if (code != ERR_OK)
        fail_msg("study: %s", e.message);
    study_free(s);
    return result;
}

static inline struct simulation_input job_input(struct simulated_job *j,
                                                const struct study_result *study,
                                                const struct study_source *source)
{
    return (struct simulation_input){.strategy = &j->strategy,
                                     .exit_rule = j->exit_rule,
                                     .risk_free_rate = 0.03,
                                     .study = study,
                                     .source = source,
                                     .timeframe = j->request.timeframe,
                                     .from_ns = j->request.from_ns,
                                     .to_ns = j->request.to_ns};
}

static inline struct simulation *
job_simulate(struct simulated_job *j, const struct study_result *study, struct worker_pool *pool)
{
    struct study_source source = {job_load, j};
    struct simulation_input in = job_input(j, study, &source);
    struct simulation *s = NULL;
    struct error e = {0};
    if (simulation_run(&in, pool, NULL, &s, &e) != ERR_OK)
        fail_msg("simulation: %s", e.message);
    return s;
}

static inline bool same_trade(const struct trade *a, const struct trade *b)
{
    return a->symbol == b->symbol && a->fire_bar == b->fire_bar && a->exit_bar == b->exit_bar &&
           a->exit_reason == b->exit_reason && a->ambiguous == b->ambiguous &&
           a->entry_price == b->entry_price && a->exit_price == b->exit_price &&
           a->quantity == b->quantity && a->pnl == b->pnl && a->commission == b->commission &&
           a->risk == b->risk && fill_time_compare(a->entry_at, b->entry_at) == 0 &&
           fill_time_compare(a->exit_at, b->exit_at) == 0;
}

#endif
