/* The rule engine in memory: ns per bar of one rule over 1,000,000 bars, by one worker and by two,
 * beside the time that merely reading its column takes. Loading is not in it (bench_storage.c has
 * that). */
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "engine/rule/rule.h"
#include "engine/study/scan.h"
#include "engine/study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_COUNT = 1000000, ROUNDS = 15 };
static const char rule_text[] = "rsi(14) < 30 and close > sma(200)";

static double scan_ns_per_bar(const struct rule *rule, const struct bars *bars,
                              struct worker_pool *pool, uint64_t *mask)
{
    struct error e;
    double begin_s = bench_now_s();
    bench_must(scan_bits(rule, bars, pool, 0, NULL, mask, NULL, &e), &e);
    return (bench_now_s() - begin_s) * 1e9 / (double)bars->count;
}

static double study_ns_per_bar(const struct study_request *request, const struct bars *bars,
                               struct worker_pool *pool)
{
    static const unsigned char hash[DATA_HASH_BYTES];
    struct error e;
    struct study_result *result;
    double begin_s = bench_now_s();
    bench_must(study_of_bars(request, "BENCH", bars, hash, pool, NULL, &result, &e), &e);
    double ns = (bench_now_s() - begin_s) * 1e9 / (double)bars->count;
    study_result_free(result);
    return ns;
}

int main(void)
{
    struct error e;
    const struct bars *bars = bench_bars(BAR_COUNT);
    struct rule_options options = {.timeframe = {1}, .zone = calendar_zone(bars->calendar)};
    struct rule *rule;
    struct worker_pool *one, *two;
    struct study_request request;
    uint64_t *mask = calloc((size_t)bars->count / 64 + 1, sizeof(*mask));
    bench_must(rule_compile(rule_text, strlen(rule_text), &options, &rule, &e), &e);
    bench_must(worker_pool_create(1, false, &one, &e), &e);
    bench_must(worker_pool_create(2, false, &two, &e), &e);
    study_request_defaults(&request);
    request.rule = rule;
    request.timeframe = options.timeframe;
    request.from_ns = bars->time_ns[0];
    request.to_ns = bars->time_ns[bars->count - 1] + 1;

    struct bench_series memory = {0}, read = {0}, by_one = {0}, by_two = {0}, speedup = {0},
                        study_one = {0}, study_two = {0};
    bench_memory_read(&memory);
    for (int i = 0; i < memory.count; i++)
        bench_add(&read, sizeof(double) / memory.values[i] * 1e9);
    for (int round = -1; round < ROUNDS; round++) {
        double ns_one = scan_ns_per_bar(rule, bars, one, mask);
        double ns_two = scan_ns_per_bar(rule, bars, two, mask);
        if (round < 0)
            continue; /* warms up */
        bench_add(&by_one, ns_one);
        bench_add(&by_two, ns_two);
        bench_add(&speedup, ns_one / ns_two);
    }
    for (int round = 0; round < 5; round++) {
        bench_add(&study_one, study_ns_per_bar(&request, bars, one));
        bench_add(&study_two, study_ns_per_bar(&request, bars, two));
    }
    char title[160];
    snprintf(title, sizeof(title), "rule  %s, %lld bars in memory", rule_text,
             (long long)bars->count);
    bench_title(title);
    bench_report_goal("to a bit mask, 1 worker", "ns/bar", &by_one, &read, "reading the column", 10,
                      0);
    bench_report("to a bit mask, 2 workers", "ns/bar", &by_two, &by_one, "1 worker");
    bench_report_goal("speed-up by the second worker", "x", &speedup, NULL, NULL, 1.9, 1);
    bench_report("whole study, 6 horizons, 1 worker", "ns/bar", &study_one, &by_one,
                 "the mask alone");
    bench_report("whole study, 6 horizons, 2 workers", "ns/bar", &study_two, &study_one,
                 "1 worker");
    worker_pool_free(one);
    worker_pool_free(two);
    rule_free(rule);
    bars_unref(bars);
    free(mask);
    return 0;
}
