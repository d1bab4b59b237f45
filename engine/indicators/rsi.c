/* Wilder's average is (g (n-1) + up) / n. A division per bar in the recurrence would cost most of
 * the time, so the constants are multiplied: g = g * (n-1)/n + up * 1/n, where the second product
 * does not depend on g and is computed ahead for a piece of bars; the chain from bar to bar is one
 * multiplication and one addition. The two formulas differ by rounding only, a few parts in 10^16 a
 * bar, forgotten at the average's own pace. The index itself is computed for the piece afterwards.
 */
#include "engine/indicators/descriptors.h"
#include "engine/rule/clones.h"

enum { PIECE = 256 };

struct rsi_state {
    double gain, loss; /* averages once seen == n + 1; sums of moves before */
    int64_t seen;      /* values since the start or the last MISSING one, at most n + 1 */
};

static int64_t rsi_lookback(const double *parameter)
{
    return (int64_t)parameter[0];
}

static int64_t rsi_history(const double *parameter)
{
    (void)parameter;
    return 1;
}

/* (1 - 1/n)^m falls below half a unit in the last place at m = 37.4 n; the rest lets rounding merge
 * the two paths. */
static int64_t rsi_warmup(const double *parameter)
{
    return 42 * (int64_t)parameter[0] + 64;
}

static size_t rsi_state_bytes(const double *parameter)
{
    (void)parameter;
    return sizeof(struct rsi_state);
}

/* 100 * gain / (gain + loss), so written that it is exactly 100 without losses; 50 when both are
 * zero. */
static inline double rsi_index(double gain, double loss)
{
    double sum = gain + loss;
    double share = gain / sum;
    return sum > 0 ? 100.0 * share : 50.0;
}

/* The moves of a piece, times 1/n. False when a value is MISSING. */
CLONES static bool rsi_moves(const double *x, int64_t count, double inverse, double *up,
                             double *down)
{
    int64_t missing = 0;
    for (int64_t i = 0; i < count; i++) {
        double move = x[i] - x[i - 1];
        double part = move * inverse;
        up[i] = part > 0 ? part : 0;
        down[i] = part < 0 ? -part : 0;
        missing |= move != move;
    }
    return missing == 0;
}

CLONES static void rsi_indices(const double *gain, const double *loss, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = rsi_index(gain[i], loss[i]);
}

/* A piece of bars without a MISSING value, n + 1 values seen before it. False (and nothing done)
 * when there is one. */
static bool rsi_advance(struct rsi_state *s, const double *x, int64_t count, double n, double *out)
{
    double up[PIECE], down[PIECE];
    if (!rsi_moves(x, count, 1.0 / n, up, down))
        return false;
    double keep = (n - 1.0) / n;
    double gain = s->gain, loss = s->loss;
    for (int64_t i = 0; i < count; i++) {
        gain = gain * keep + up[i];
        loss = loss * keep + down[i];
        up[i] = gain;
        down[i] = loss;
    }
    s->gain = gain;
    s->loss = loss;
    rsi_indices(up, down, count, out);
    return true;
}

/* One bar, whatever it is: seeding, after the seed, or MISSING. */
static double rsi_step(struct rsi_state *s, const double *x, int64_t n)
{
    if (isnan(x[0])) {
        *s = (struct rsi_state){0};
        return NAN;
    }
    if (s->seen == 0) {
        s->seen = 1;
        return NAN;
    }
    double move = x[0] - x[-1];
    if (s->seen == n + 1) {
        rsi_advance(s, x, 1, (double)n, &move);
        return move;
    }
    s->gain += move > 0 ? move : 0;
    s->loss += move < 0 ? -move : 0;
    if (++s->seen <= n)
        return NAN;
    s->gain /= (double)n;
    s->loss /= (double)n;
    return rsi_index(s->gain, s->loss);
}

/* Wilder's relative strength index, 0..100.
 *
 *   avg_t = (avg_{t-1} (n - 1) + move_t) / n      seed: mean of the first n moves
 *   rsi   = 100 gain / (gain + loss), 50 when both are zero
 *
 * shape   in[n] -> out[n]; out[0..n) is MISSING; a MISSING value starts it anew
 * source  Wilder, New Concepts in Technical Trading Systems (1978)
 */
static void rsi_run(void *state, const struct indicator_block *b)
{
    struct rsi_state *s = state;
    const double *x = b->in[0];
    int64_t n = (int64_t)b->parameter[0];
    for (int64_t i = 0; i < b->count;) {
        int64_t count = b->count - i < PIECE ? b->count - i : PIECE;
        if (s->seen == n + 1 && rsi_advance(s, x + i, count, (double)n, b->out[0] + i)) {
            i += count;
            continue;
        }
        for (int64_t end = i + count; i < end; i++)
            b->out[0][i] = rsi_step(s, x + i, n);
    }
}

static const struct indicator_kernel rsi_kernel = {
    .memory = INDICATOR_RECURSIVE,
    .output_count = 1,
    .lookback = rsi_lookback,
    .history = rsi_history,
    .warmup = rsi_warmup,
    .state_bytes = rsi_state_bytes,
    .run = rsi_run,
};

const struct indicator rsi_indicator = {
    .name = "rsi",
    .summary = "Wilder's relative strength index, 0 to 100",
    .formula =
        "gain = (gain[1] * (n-1) + max(x - x[1], 0)) / n, loss likewise; seed: mean of the first "
        "n moves; rsi = 100 * gain / (gain + loss), 50 when both are zero",
    .source = "Wilder, New Concepts in Technical Trading Systems (1978); as TA-Lib 0.6 RSI with "
              "unstable period 0, except on a flat series",
    .differs = "On a flat series TA-Lib gives 0, which reads as oversold; here it is 50.",
    .input_count = 1,
    .input = {INDICATOR_INPUT_SERIES},
    .parameter_count = 1,
    .parameter = {INDICATOR_PERIOD_OR("period", 2, 14)},
    .min = 0,
    .max = 100,
    .kernel = &rsi_kernel,
};
