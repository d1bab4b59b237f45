#include "engine/indicators/compensated.h"
#include "engine/indicators/descriptors.h"

struct ema_state {
    double value;            /* the average, once seen == n */
    struct compensated seed; /* sum of the values seen so far while seen < n, then zero */
    int64_t seen;            /* values since the start or the last MISSING one, at most n */
};

static int64_t ema_lookback(const double *parameter)
{
    return (int64_t)parameter[0] - 1;
}

/* (1 - k)^m falls below half a unit in the last place at m = 18.7 (n + 1); rounding then merges the
 * two paths within a few more bars. */
static int64_t ema_warmup(const double *parameter)
{
    return 19 * (int64_t)parameter[0] + 64;
}

static size_t ema_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct ema_state);
}

/* One value while the seed is being collected. */
static double ema_seed(struct ema_state *s, double x, int64_t n)
{
    if (isnan(x)) {
        *s = (struct ema_state){0};
        return NAN;
    }
    s->seed = compensated_add(s->seed, x);
    if (++s->seen < n)
        return NAN;
    s->value = compensated_divide(s->seed, (double)n);
    s->seed = (struct compensated){0, 0};
    return s->value;
}

/* Bars [i, count) until one is MISSING; returns the first bar not done. */
static int64_t ema_advance(struct ema_state *s, const double *x, int64_t i, int64_t count, double k,
                           double *out)
{
    int64_t from = i;
    double value = s->value;
    for (; i < count; i++) {
        value += (x[i] - value) * k;
        out[i] = value;
    }
    if (isnan(value)) { /* NaN stays, so it is enough to look once and then find where it began */
        for (i = from; !isnan(out[i]); i++)
            ;
        *s = (struct ema_state){0};
        return i;
    }
    s->value = value;
    return count;
}

/* Exponential moving average.
 *
 *   ema_t = ema_{t-1} + (x_t - ema_{t-1}) k,  k = 2 / (n + 1)      seed: mean of the first n values
 *
 * shape   in[n] -> out[n]; out[0..n-1) is MISSING; a MISSING value starts it anew
 */
static void ema_run(void *state, const struct indicator_block *b)
{
    struct ema_state *s = state;
    const double *x = b->in[0];
    int64_t n = (int64_t)b->parameter[0];
    double k = 2.0 / ((double)n + 1.0);
    for (int64_t i = 0; i < b->count;) {
        if (s->seen == n && n > 1)
            i = ema_advance(s, x, i, b->count, k, b->out[0]);
        if (i == b->count)
            return;
        if (n == 1) /* the value itself, which (x - e) * 1 + e is not always */
            s->seen = 0;
        b->out[0][i] = ema_seed(s, x[i], n);
        i++;
    }
}

static const struct indicator_kernel ema_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = ema_lookback,
    .warmup = ema_warmup,
    .state_bytes = ema_state_bytes,
    .run = ema_run,
};

const struct indicator indicator_ema = {
    .name = "ema",
    .summary = "Exponential moving average",
    .formula = "k = 2 / (n + 1); ema = ema[1] + (x - ema[1]) * k; seed: mean of the first n values",
    .source = "As TA-Lib 0.6 EMA with unstable period 0",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD(1)},
    .min = -INFINITY,
    .max = INFINITY,
    .kernel = &ema_kernel,
};
