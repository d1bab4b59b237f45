/* A backtest in process, as a job runs it: the study of a rule (fires, forward returns, base rates)
 * and the simulation of its fires (candidates, account, metrics, statistics, digest), over
 * 1,000,000 bars in memory, by one worker and by two. bench_trades.c has the bare parts. */
#include "base/clock.h"
#include "base/decimal.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "engine/rule/rule.h"
#include "engine/trades/simulation.h"

#include <stdio.h>
#include <string.h>

enum { BAR_COUNT = 1000000, ROUNDS = 15 };
static const char rule_text[] = "sma(10) crosses above sma(50)";

struct backtest {
    const struct bars *bars;
    struct study_request request;
    struct strategy bracket, day_trade;
    int64_t fires, trades;
};

struct timing {
    struct bench_series study, bracket, day_trade, all;
};

static enum err load(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    (void)symbol;
    (void)e;
    const struct backtest *b = context;
    *ret = bars_ref(b->bars);
    return ERR_OK;
}

static double ns_per_bar(double from_s, double to_s)
{
    return (to_s - from_s) * 1e9 / BAR_COUNT;
}

static struct study_result *run_study(const struct backtest *b, struct worker_pool *pool)
{
    static const unsigned char hash[DATA_HASH_BYTES];
    struct study_result *study;
    struct error e;
    bench_must(study_of_bars(&b->request, "BENCH", b->bars, hash, pool, NULL, &study, &e), &e);
    return study;
}

static void simulate(struct backtest *b, const struct strategy *strategy,
                     const struct study_result *study, struct worker_pool *pool)
{
    struct study_source source = {load, b};
    struct simulation_input in = {.strategy = strategy,
                                  .study = study,
                                  .source = &source,
                                  .timeframe = b->request.timeframe,
                                  .from_ns = b->request.from_ns,
                                  .to_ns = b->request.to_ns};
    struct simulation *s;
    struct error e;
    bench_must(simulation_run(&in, pool, NULL, &s, &e), &e);
    b->trades = s->chosen.trades;
    simulation_free(s);
}

static void run(struct backtest *b, struct worker_pool *pool, struct timing *t)
{
    double begin_s = bench_now_s();
    struct study_result *study = run_study(b, pool);
    double study_s = bench_now_s();
    simulate(b, &b->day_trade, study, pool);
    double day_trade_s = bench_now_s();
    simulate(b, &b->bracket, study, pool);
    double end_s = bench_now_s();
    b->fires = (int64_t)study->fire_count;
    study_result_free(study);
    bench_add(&t->study, ns_per_bar(begin_s, study_s));
    bench_add(&t->day_trade, ns_per_bar(study_s, day_trade_s));
    bench_add(&t->bracket, ns_per_bar(day_trade_s, end_s));
    bench_add(&t->all, ns_per_bar(begin_s, study_s) + ns_per_bar(day_trade_s, end_s));
}

static void prepare(struct backtest *b, const struct rule *rule)
{
    struct error e;
    study_request_defaults(&b->request);
    b->request.rule = rule;
    b->request.timeframe = (struct timeframe){1};
    b->request.from_ns = b->bars->time_ns[0];
    b->request.to_ns = b->bars->time_ns[BAR_COUNT - 1] + 1;
    strategy_defaults(&b->bracket);
    b->bracket.stop_loss = (struct strategy_distance){DISTANCE_PERCENT, DECIMAL_ONE / 2, 0};
    b->bracket.take_profit = (struct strategy_distance){DISTANCE_PERCENT, DECIMAL_ONE, 0};
    b->day_trade = b->bracket;
    b->day_trade.flat_at_minute = 15 * 60 + 55;
    b->day_trade.max_holding_ns = 120 * NS_PER_MINUTE;
    bench_must(strategy_check(&b->bracket, &e), &e);
    bench_must(strategy_check(&b->day_trade, &e), &e);
}

static void report(const struct backtest *b, const struct timing *one, const struct timing *two)
{
    char title[200];
    snprintf(title, sizeof(title),
             "backtest as a job  %s, stop 0.5 %%, target 1 %%, %d bars in memory, %lld fires, "
             "%lld trades",
             rule_text, BAR_COUNT, (long long)b->fires, (long long)b->trades);
    bench_title(title);
    bench_report("study and simulation, 1 worker", "ns/bar", &one->all, NULL, NULL);
    bench_report("study and simulation, 2 workers", "ns/bar", &two->all, &one->all, "1 worker");
    bench_report("  study, 6 horizons, 1 worker", "ns/bar", &one->study, &one->all, "all");
    bench_report("  study, 6 horizons, 2 workers", "ns/bar", &two->study, &one->study, "1 worker");
    bench_report("  simulation, 1 worker", "ns/bar", &one->bracket, &one->all, "all");
    bench_report("  simulation, 2 workers", "ns/bar", &two->bracket, &one->bracket, "1 worker");
    bench_report("  flat at 15:55, 2 h at most, 1 worker", "ns/bar", &one->day_trade, &one->bracket,
                 "the bracket alone");
}

int main(void)
{
    struct error e;
    struct backtest b = {.bars = bench_bars(BAR_COUNT)};
    struct rule_options options = {.timeframe = {1}, .zone = calendar_zone(b.bars->calendar)};
    struct worker_pool *one, *two;
    struct rule *rule;
    bench_must(rule_compile(rule_text, strlen(rule_text), &options, &rule, &e), &e);
    bench_must(worker_pool_create(1, false, &one, &e), &e);
    bench_must(worker_pool_create(2, false, &two, &e), &e);
    prepare(&b, rule);

    struct timing by_one = {0}, by_two = {0}, warm_up = {0};
    run(&b, one, &warm_up);
    for (int i = 0; i < ROUNDS; i++) {
        run(&b, one, &by_one);
        run(&b, two, &by_two);
    }
    report(&b, &by_one, &by_two);
    worker_pool_free(one);
    worker_pool_free(two);
    rule_free(rule);
    bars_unref(b.bars);
    return 0;
}
