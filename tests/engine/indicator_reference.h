/* Naive indicators, written straight from their definitions: each value from its whole window or
 * its whole past, in long double. Slow, and as plain as can be; what the engine's kernels are held
 * against.
 */
#ifndef TESTS_ENGINE_INDICATOR_REFERENCE_H
#define TESTS_ENGINE_INDICATOR_REFERENCE_H

#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* in[j][0..count) -> out[0..count) */
typedef void reference_function(const double *const *in, int64_t count, const double *parameter,
                                double *out);

/* True when one of the last n values up to t is MISSING or there are not so many. */
static bool reference_broken(const double *x, int64_t t, int64_t n)
{
    if (t < n - 1)
        return true;
    for (int64_t i = t - n + 1; i <= t; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

static void reference_sma(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    int64_t n = (int64_t)parameter[0];
    for (int64_t t = 0; t < count; t++) {
        long double sum = 0;
        out[t] = NAN;
        if (reference_broken(in[0], t, n))
            continue;
        for (int64_t i = t - n + 1; i <= t; i++)
            sum += in[0][i];
        out[t] = (double)(sum / n);
    }
}

static void reference_extreme(const double *x, int64_t count, int64_t n, double sign, double *out)
{
    for (int64_t t = 0; t < count; t++) {
        out[t] = NAN;
        if (reference_broken(x, t, n))
            continue;
        out[t] = x[t];
        for (int64_t i = t - n + 1; i <= t; i++)
            if (sign * x[i] > sign * out[t])
                out[t] = x[i];
    }
}

static void reference_highest(const double *const *in, int64_t count, const double *parameter,
                              double *out)
{
    reference_extreme(in[0], count, (int64_t)parameter[0], 1, out);
}

static void reference_lowest(const double *const *in, int64_t count, const double *parameter,
                             double *out)
{
    reference_extreme(in[0], count, (int64_t)parameter[0], -1, out);
}

static void reference_ema(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    const double *x = in[0];
    int64_t n = (int64_t)parameter[0], from = 0; /* the first bar after the last MISSING one */
    long double mean = 0;
    for (int64_t t = 0; t < count; t++) {
        out[t] = NAN;
        if (isnan(x[t])) {
            from = t + 1;
            mean = 0;
        } else if (t < from + n) {
            mean += x[t] / (long double)n;
            out[t] = t == from + n - 1 ? (double)mean : NAN;
        } else {
            mean += (x[t] - mean) * 2.0L / (n + 1);
            out[t] = (double)mean;
        }
    }
}

static void reference_rsi(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    const double *x = in[0];
    int64_t n = (int64_t)parameter[0], from = 0;
    long double gain = 0, loss = 0;
    for (int64_t t = 0; t < count; t++) {
        out[t] = NAN;
        if (isnan(x[t])) {
            from = t + 1;
            gain = loss = 0;
        } else if (t > from) {
            long double move = (long double)x[t] - x[t - 1];
            long double up = move > 0 ? move : 0, down = move < 0 ? -move : 0;
            bool seeding = t <= from + n;
            gain = seeding ? gain + up / n : (gain * (n - 1) + up) / n;
            loss = seeding ? loss + down / n : (loss * (n - 1) + down) / n;
            if (t >= from + n)
                out[t] = gain + loss == 0 ? 50 : (double)(100 * gain / (gain + loss));
        }
    }
}

static void reference_abs(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    (void)parameter;
    for (int64_t t = 0; t < count; t++)
        out[t] = in[0][t] < 0 ? -in[0][t] : in[0][t];
}

static void reference_min(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    (void)parameter;
    for (int64_t t = 0; t < count; t++)
        out[t] = isnan(in[0][t]) || isnan(in[1][t]) ? NAN
                 : in[0][t] < in[1][t]              ? in[0][t]
                                                    : in[1][t];
}

static void reference_max(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    (void)parameter;
    for (int64_t t = 0; t < count; t++)
        out[t] = isnan(in[0][t]) || isnan(in[1][t]) ? NAN
                 : in[0][t] > in[1][t]              ? in[0][t]
                                                    : in[1][t];
}

static void reference_sqrt(const double *const *in, int64_t count, const double *parameter,
                           double *out)
{
    (void)parameter;
    for (int64_t t = 0; t < count; t++)
        out[t] = in[0][t] >= 0 ? (double)sqrtl(in[0][t]) : NAN;
}

static void reference_log(const double *const *in, int64_t count, const double *parameter,
                          double *out)
{
    (void)parameter;
    for (int64_t t = 0; t < count; t++)
        out[t] = in[0][t] > 0 ? (double)logl(in[0][t]) : NAN;
}

static reference_function *reference_of(const char *name)
{
    static const struct {
        const char *name;
        reference_function *function;
    } references[] = {
        {"sma", reference_sma}, {"highest", reference_highest}, {"lowest", reference_lowest},
        {"ema", reference_ema}, {"rsi", reference_rsi},         {"abs", reference_abs},
        {"min", reference_min}, {"max", reference_max},         {"sqrt", reference_sqrt},
        {"log", reference_log},
    };
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        if (strcmp(references[i].name, name) == 0)
            return references[i].function;
    fail_msg("no reference for %s", name);
    return NULL;
}

#endif
