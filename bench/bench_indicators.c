/* Every indicator of the table: ns per bar over 1,000,000 bars on one core, evaluated block by
 * block as a study does, beside the goals of those that have one. A period without a default is 20.
 */
#include "base/strbuf.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "engine/indicators/indicators.h"
#include "engine/rule/rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_COUNT = 1000000, ROUNDS = 9 };

static const struct {
    const char *name;
    double ns_per_bar;
} goals[] = {{"sma", 1.4}, {"ema", 3.2},    {"rsi", 8.2},  {"macd", 20},    {"bb_upper", 7.1},
             {"atr", 10},  {"stoch_k", 17}, {"adx", 13.5}, {"highest", 6.5}};

static double goal_of(const char *name)
{
    for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
        if (strcmp(goals[i].name, name) == 0)
            return goals[i].ns_per_bar;
    return 0;
}

/* "sma(20)", "count(close > open, 20)" */
static void write_call(const struct indicator *i, struct strbuf *out)
{
    const char *separator = "(";
    strbuf_add_string(out, i->name);
    for (int32_t j = 0; j < i->input_count; j++) {
        if (i->input[j] != INDICATOR_INPUT_VALUE && i->input[j] != INDICATOR_INPUT_RULE)
            continue;
        strbuf_add_format(out, "%s%s", separator,
                          i->input[j] == INDICATOR_INPUT_RULE ? "close > open"
                          : j == 0                            ? "close"
                                                              : "open");
        separator = ", ";
    }
    for (int32_t j = 0; j < i->parameter_count; j++) {
        double usual = i->parameter[j].fallback;
        strbuf_add_format(out, "%s%g", separator, isnan(usual) ? 20 : usual);
        separator = ", ";
    }
    strbuf_add_string(out, separator[0] == ',' ? ")" : "");
}

static void measure(const char *call, const struct bars *bars, double goal)
{
    struct error e;
    struct rule_options options = {
        .timeframe = {1}, .zone = calendar_zone(bars->calendar), .any_type = true};
    struct rule *rule;
    struct rule_run *run;
    bench_must(rule_compile(call, strlen(call), &options, &rule, &e), &e);
    bench_must(rule_run_create(rule, bars, &run, &e), &e);
    struct bench_series ns = {0};
    for (int round = -1; round < ROUNDS; round++) {
        rule_run_start(run, 0);
        double begin_s = bench_now_s();
        rule_run_eval(run, bars->count, NULL);
        if (round >= 0) /* the first one warms up */
            bench_add(&ns, (bench_now_s() - begin_s) * 1e9 / (double)bars->count);
    }
    if (goal > 0)
        bench_report_goal(call, "ns/bar", &ns, NULL, NULL, goal, false);
    else
        bench_report(call, "ns/bar", &ns, NULL, NULL);
    rule_run_free(run);
    rule_free(rule);
}

int main(void)
{
    const struct bars *bars = bench_bars(BAR_COUNT);
    bench_title("indicators  1,000,000 bars in memory, one core");
    for (size_t i = 0; i < indicator_count(); i++) {
        struct strbuf call;
        strbuf_init(&call, 1024);
        write_call(indicator_at(i), &call);
        measure(strbuf_text(&call), bars, goal_of(indicator_at(i)->name));
        strbuf_release(&call);
    }
    /* windows of computed values and long windows go other ways */
    static const char *const others[] = {
        "sma(hlc3, 20)",    "sma(hlc3, 200)",     "wma(hlc3, 20)", "wma(hlc3, 200)",
        "stddev(hlc3, 20)", "stddev(hlc3, 200)",  "highest(200)",  "highest(1000)",
        "sma(200)",         "percent_rank(1000)", "stddev(5000)"};
    bench_title("indicators  computed values and long windows");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        measure(others[i], bars, 0);
    bars_unref(bars);
    return 0;
}
