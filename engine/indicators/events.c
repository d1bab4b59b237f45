/* Rules as numbers: how long ago one was true, and how often lately. A rule is true or false on
 * every bar, so there are no MISSING values. */
#include "engine/indicators/descriptors.h"
#include "engine/indicators/window_sum.h"

/* A run that begins elsewhere is right from the first bar on which the rule is true. For a rule
 * that is true seldom no warm-up is long enough: then a study finds its proof failing and goes on
 * in order. */
static int64_t since_warmup(const double *parameter)
{
    (void)parameter;
    return 1024;
}

static size_t since_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(int64_t);
}

/* Bars since the rule was last true.
 *
 * shape   rule[n] (1 and 0) -> out[n]; 0 where it is true, MISSING until it was true once
 */
static void since_run(void *state, const struct indicator_block *b)
{
    int64_t *age = state; /* bars since then, plus one; 0: never */
    for (int64_t i = 0; i < b->count; i++) {
        *age = b->in[0][i] == 1 ? 1 : *age > 0 ? *age + 1 : 0;
        b->out[0][i] = *age > 0 ? (double)(*age - 1) : NAN;
    }
}

static size_t count_state_bytes(const double *parameter)
{
    return window_sum_state_bytes((int64_t)parameter[0]);
}

/* On how many of the last n bars the rule was true.
 *
 * shape   rule[n] (1 and 0) -> out[n]; MISSING while there are no n bars
 */
static void count_run(void *state, const struct indicator_block *b)
{
    struct window_sum_column column = {
        .start = b->start, .count = b->count, .x = b->in[0], .first = b->first, .whole = true};
    window_sum_column(state, &column, (int64_t)b->parameter[0], 1, b->out[0]);
}

static const struct indicator_kernel since_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .warmup = since_warmup,
    .state_bytes = since_state_bytes,
    .run = since_run,
};

static const struct indicator_kernel count_kernel = {
    .memory = INDICATOR_WINDOW,
    .output_count = 1,
    .lookback = indicator_period_less_one,
    .history = indicator_period,
    .state_bytes = count_state_bytes,
    .run = count_run,
};

const struct indicator since_indicator = {
    .name = "since",
    .summary = "Bars since the rule was last true; 0 where it is true now",
    .formula = "0 if the rule is true, otherwise since[1] + 1; MISSING until it was true once",
    .source = "As TradingView's ta.barssince",
    .input_count = 1,
    .input = {INDICATOR_INPUT_RULE},
    .min = 0,
    .max = INFINITY,
    .kernel = &since_kernel,
};

const struct indicator count_indicator = {
    .name = "count",
    .summary = "On how many of the last n bars the rule was true, the current one included",
    .formula = "(rule ? 1 : 0) + (rule[1] ? 1 : 0) + ... + (rule[n-1] ? 1 : 0)",
    .source = "A sum of truths",
    .input_count = 1,
    .input = {INDICATOR_INPUT_RULE},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    .min = 0,
    .max = INFINITY,
    .kernel = &count_kernel,
};
