/* Functions of the values of one bar. Where one is not defined the result is MISSING. */
#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

CLONES static void abs_run(void *state, const struct indicator_block *b)
{
    (void)state;
    const double *x = b->in[0];
    double *restrict out = b->out[0];
    for (int64_t i = 0; i < b->count; i++)
        out[i] = fabs(x[i]);
}

/* MISSING when either is: fmin and fmax would pick the other one. */
CLONES static void min_run(void *state, const struct indicator_block *b)
{
    (void)state;
    const double *x = b->in[0], *y = b->in[1];
    double *restrict out = b->out[0];
    for (int64_t i = 0; i < b->count; i++)
        out[i] = ((x[i] < y[i]) | (x[i] != x[i])) ? x[i] : y[i];
}

CLONES static void max_run(void *state, const struct indicator_block *b)
{
    (void)state;
    const double *x = b->in[0], *y = b->in[1];
    double *restrict out = b->out[0];
    for (int64_t i = 0; i < b->count; i++)
        out[i] = ((x[i] > y[i]) | (x[i] != x[i])) ? x[i] : y[i];
}

static void sqrt_run(void *state, const struct indicator_block *b)
{
    (void)state;
    for (int64_t i = 0; i < b->count; i++)
        b->out[0][i] = sqrt(b->in[0][i]); /* NaN below zero */
}

static void log_run(void *state, const struct indicator_block *b)
{
    (void)state;
    for (int64_t i = 0; i < b->count; i++)
        b->out[0][i] = b->in[0][i] > 0 ? log(b->in[0][i]) : NAN;
}

static const struct indicator_kernel abs_kernel = {.output_count = 1, .run = abs_run};
static const struct indicator_kernel min_kernel = {.output_count = 1, .run = min_run};
static const struct indicator_kernel max_kernel = {.output_count = 1, .run = max_run};
static const struct indicator_kernel sqrt_kernel = {.output_count = 1, .run = sqrt_run};
static const struct indicator_kernel log_kernel = {.output_count = 1, .run = log_run};

const struct indicator abs_indicator = {
    .name = "abs",
    .summary = "The absolute value",
    .formula = "x if x >= 0, otherwise -x",
    .source = "Arithmetic",
    .input_count = 1,
    .input = {INDICATOR_INPUT_VALUE},
    .min = 0,
    .max = INFINITY,
    .picks = true,
    .kernel = &abs_kernel,
};

const struct indicator min_indicator = {
    .name = "min",
    .summary = "The smaller of two values; MISSING when one is",
    .formula = "a if a < b, otherwise b",
    .source = "Arithmetic",
    .input_count = 2,
    .input = {INDICATOR_INPUT_VALUE, INDICATOR_INPUT_VALUE},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &min_kernel,
};

const struct indicator max_indicator = {
    .name = "max",
    .summary = "The larger of two values; MISSING when one is",
    .formula = "a if a > b, otherwise b",
    .source = "Arithmetic",
    .input_count = 2,
    .input = {INDICATOR_INPUT_VALUE, INDICATOR_INPUT_VALUE},
    INDICATOR_ANY_VALUE,
    .picks = true,
    .kernel = &max_kernel,
};

const struct indicator sqrt_indicator = {
    .name = "sqrt",
    .summary = "The square root; MISSING below zero",
    .formula = "the y >= 0 with y * y = x",
    .source = "Arithmetic",
    .input_count = 1,
    .input = {INDICATOR_INPUT_VALUE},
    .min = 0,
    .max = INFINITY,
    .kernel = &sqrt_kernel,
};

const struct indicator log_indicator = {
    .name = "log",
    .summary = "The natural logarithm; MISSING at zero and below",
    .formula = "the y with e^y = x",
    .source = "Arithmetic",
    .input_count = 1,
    .input = {INDICATOR_INPUT_VALUE},
    INDICATOR_ANY_VALUE,
    .kernel = &log_kernel,
};
