/* Kaufman's adaptive moving average. The smoothing factor of a bar depends on the last n + 1 values
 * only, so it is computed ahead, many bars side by side; the recurrence is then that of an EMA with
 * a factor per bar. Without those values (at the start, after a MISSING one) there is no factor,
 * and so no average. */
#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

static const double fastest = 2.0 / (2 + 1), slowest = 2.0 / (30 + 1);

struct kama_state {
    double value; /* 0 while not running */
    int64_t running;
};

/* The average forgets at the pace of its factor, which on a random walk is that of an efficiency of
 * about 0.8 / sqrt(n); half of that is assumed, since markets linger. */
static int64_t kama_warmup(const double *parameter)
{
    double n = parameter[0];
    double factor = 0.4 / sqrt(n) * (fastest - slowest) + slowest;
    return (int64_t)(n + 40 / (factor * factor)) + 64;
}

static size_t kama_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct kama_state);
}

/* The factor of each bar; MISSING where one of the values is. */
CLONES static void factors(const double *x, int64_t count, int64_t n, double *restrict out)
{
    double path[PIECE];
    for (int64_t i = 0; i < count; i++)
        path[i] = 0;
    for (int64_t j = n - 1; j >= 0; j--)
        for (int64_t i = 0; i < count; i++)
            path[i] += fabs(x[i - j] - x[i - j - 1]);
    for (int64_t i = 0; i < count; i++) {
        double way = fabs(x[i] - x[i - n]);
        double efficiency = way >= path[i] ? 1 : way / path[i];
        double root = efficiency * (fastest - slowest) + slowest;
        out[i] = path[i] == path[i] ? root * root : NAN;
    }
}

static void adapt(struct kama_state *s, const double *x, const double *factor, int64_t count,
                  double *out)
{
    for (int64_t i = 0; i < count; i++) {
        if (isnan(factor[i])) {
            *s = (struct kama_state){0};
            out[i] = NAN;
            continue;
        }
        if (!s->running)
            *s = (struct kama_state){.value = x[i - 1], .running = 1};
        s->value += (x[i] - s->value) * factor[i];
        out[i] = s->value;
    }
}

/* Kaufman's adaptive moving average.
 *
 *   efficiency = |x_t - x_{t-n}| / sum(|x_i - x_{i-1}|) over n moves, 1 where nothing moved
 *   factor     = (efficiency (2/3 - 2/31) + 2/31)^2
 *   kama_t     = kama_{t-1} + (x_t - kama_{t-1}) factor      begins from x_{n-1}
 *
 * shape   in[n] -> out[n]; out[0..n) is MISSING; a MISSING value starts it anew
 * cost    grows with n: each bar looks at its whole window
 * source  Kaufman, Smarter Trading (1995); as TA-Lib 0.6 KAMA
 */
static void kama_run(void *state, const struct indicator_block *b)
{
    double factor[PIECE];
    for (int64_t i = 0; i < b->count; i += PIECE) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        factors(b->in[0] + i, count, (int64_t)b->parameter[0], factor);
        adapt(state, b->in[0] + i, factor, count, b->out[0] + i);
    }
}

static const struct indicator_kernel kama_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = indicator_period,
    .history = indicator_period,
    .warmup = kama_warmup,
    .state_bytes = kama_state_bytes,
    .run = kama_run,
};

const struct indicator kama_indicator = {
    .name = "kama",
    .summary = "Kaufman's adaptive moving average: quick in a trend, slow without one",
    .formula = "e = abs(x - x[n]) / (sum of abs(x[i] - x[i+1]) over the last n moves), 1 where "
               "nothing moved; kama = kama[1] + (x - kama[1]) * (e * (2/3 - 2/31) + 2/31)^2; seed: "
               "x on bar n-1",
    .source = "Kaufman, Smarter Trading (1995); as TA-Lib 0.6 KAMA with unstable period 0",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 1, 10)},
    INDICATOR_ANY_VALUE,
    .kernel = &kama_kernel,
};
