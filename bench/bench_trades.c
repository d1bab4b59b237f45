/* A whole bracket backtest in memory: ns per bar from the rule's bits to the metrics, on one core,
 * and its parts, beside a plain loop that makes the same trades. Loading is not in it. */
#include "base/decimal.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "bench/support/plain_backtest.h"
#include "engine/rule/rule.h"
#include "engine/study/scan.h"
#include "engine/trades/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_COUNT = 1000000, ROUNDS = 25, WORD_BITS = 64 };
static const char rule_text[] = "sma(10) crosses above sma(50)";

struct backtest {
    const struct bars *bars;
    const struct rule *rule;
    struct worker_pool *pool;
    struct strategy strategy;
    uint64_t *mask;
    int64_t *fires;                     /* [BAR_COUNT] */
    struct trade_candidate *candidates; /* [BAR_COUNT] */
    struct plain_backtest result;
};

struct timing {
    struct bench_series plain, all, signals, blocks, exits, account;
};

static size_t find_candidates(struct backtest *b, const struct price_blocks *blocks)
{
    struct error e;
    struct exit_inputs in = {
        .strategy = &b->strategy, .bars = b->bars, .blocks = blocks, .end_bar = b->bars->count};
    struct exit_search search;
    bench_must(exit_search_init(&search, &in, &e), &e);
    size_t count = 0;
    int64_t words = (b->bars->count + WORD_BITS - 1) / WORD_BITS;
    for (int64_t w = 0; w < words; w++)
        for (uint64_t bits = b->mask[w]; bits != 0; bits &= bits - 1)
            b->fires[count++] = w * WORD_BITS + __builtin_ctzll(bits);
    count = exit_search_find_all(&search, b->fires, count, b->candidates);
    exit_search_release(&search);
    return count;
}

static void account(struct backtest *b, size_t count)
{
    struct error e;
    struct ledger_input in = {.strategy = &b->strategy,
                              .bars = &b->bars,
                              .symbol_count = 1,
                              .candidates = b->candidates,
                              .candidate_count = count,
                              .from_ns = b->bars->time_ns[0],
                              .to_ns = b->bars->time_ns[b->bars->count - 1] + 1};
    struct ledger *ledger;
    bench_must(ledger_run(&in, &ledger, &e), &e);
    struct metrics_input metrics_in = {ledger, &b->bars, 1, in.from_ns, in.to_ns, 0};
    struct metrics metrics;
    bench_must(metrics_compute(&metrics_in, &metrics, &e), &e);
    int64_t equity = ledger->points[ledger->point_count - 1].equity;
    b->result = (struct plain_backtest){metrics.trades, equity - ledger->initial_cash};
    ledger_free(ledger);
}

static void add_ns(struct bench_series *s, double from_s, double to_s)
{
    bench_add(s, (to_s - from_s) * 1e9 / BAR_COUNT);
}

static void run(struct backtest *b, struct timing *t)
{
    struct error e;
    struct price_blocks *blocks;
    double begin_s = bench_now_s();
    bench_must(scan_bits(b->rule, b->bars, b->pool, 0, NULL, b->mask, NULL, &e), &e);
    double signals_s = bench_now_s();
    bench_must(price_blocks_create(b->bars, &blocks, &e), &e);
    double blocks_s = bench_now_s();
    size_t count = find_candidates(b, blocks);
    double exits_s = bench_now_s();
    account(b, count);
    double end_s = bench_now_s();
    price_blocks_free(blocks);
    if (!t)
        return;
    add_ns(&t->all, begin_s, end_s);
    add_ns(&t->signals, begin_s, signals_s);
    add_ns(&t->blocks, signals_s, blocks_s);
    add_ns(&t->exits, blocks_s, exits_s);
    add_ns(&t->account, exits_s, end_s);
}

/* The loop; ends the program when it did not make the trades of `run`. */
static void run_plain(const struct backtest *b, struct timing *t)
{
    double begin_s = bench_now_s();
    struct plain_backtest plain = plain_backtest(b->bars);
    add_ns(&t->plain, begin_s, bench_now_s());
    if (plain.trades == b->result.trades && plain.profit == b->result.profit)
        return;
    fprintf(stderr, "bench: the loop made %lld trades, not %lld, or another profit\n",
            (long long)plain.trades, (long long)b->result.trades);
    exit(1);
}

static void report(const struct backtest *b, const struct timing *t)
{
    char title[200];
    snprintf(title, sizeof(title),
             "bracket backtest  %s, stop 0.5 %%, target 1 %%, %d bars in memory, %lld trades",
             rule_text, BAR_COUNT, (long long)b->result.trades);
    bench_title(title);
    bench_report("a plain loop for this rule and bracket", "ns/bar", &t->plain, NULL, NULL);
    bench_report_goal("rule to metrics, 1 worker", "ns/bar", &t->all, &t->plain, "the loop", 5,
                      false);
    bench_report("  signals", "ns/bar", &t->signals, &t->all, "all");
    bench_report("  block minima and maxima", "ns/bar", &t->blocks, &t->all, "all");
    bench_report("  exits", "ns/bar", &t->exits, &t->all, "all");
    bench_report("  account and metrics", "ns/bar", &t->account, &t->all, "all");
}

int main(void)
{
    struct error e;
    struct backtest b = {.bars = bench_bars(BAR_COUNT)};
    struct rule_options options = {.timeframe = {1}, .zone = calendar_zone(b.bars->calendar)};
    struct rule *rule;
    bench_must(rule_compile(rule_text, strlen(rule_text), &options, &rule, &e), &e);
    bench_must(worker_pool_create(1, false, &b.pool, &e), &e);
    b.rule = rule;
    b.mask = calloc((size_t)b.bars->count / WORD_BITS + 1, sizeof *b.mask);
    b.fires = malloc((size_t)b.bars->count * sizeof *b.fires);
    b.candidates = malloc((size_t)b.bars->count * sizeof *b.candidates);
    if (!b.mask || !b.fires || !b.candidates)
        exit(1);
    strategy_defaults(&b.strategy);
    b.strategy.stop_loss = (struct strategy_distance){DISTANCE_PERCENT, DECIMAL_ONE / 2, 0};
    b.strategy.take_profit = (struct strategy_distance){DISTANCE_PERCENT, DECIMAL_ONE, 0};
    bench_must(strategy_check(&b.strategy, &e), &e);

    struct timing t = {0};
    run(&b, NULL); /* warms up */
    for (int i = 0; i < ROUNDS; i++) {
        run(&b, &t);
        run_plain(&b, &t);
    }
    report(&b, &t);
    worker_pool_free(b.pool);
    rule_free(rule);
    bars_unref(b.bars);
    free(b.mask);
    free(b.fires);
    free(b.candidates);
    return 0;
}
