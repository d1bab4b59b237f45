#include "tests/engine/indicator_reference.h"

#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what definitions are made of -------------------------------------------------------- */

/* A price without the rounding of its double, where it is a decimal. */
static long double exact(const struct reference_case *c, double x)
{
    if (c->decimals < 0 || isnan(x))
        return x;
    long double scale = powl(10, c->decimals);
    return roundl(x * scale) / scale;
}

/* The same as a whole number of 10^-decimals: sums of these are exact, which makes ties ties. */
static long double whole(const struct reference_case *c, double x)
{
    return c->decimals < 0 || isnan(x) ? (long double)x : roundl(x * powl(10, c->decimals));
}

static int64_t period(const struct reference_case *c, int j)
{
    return (int64_t)c->parameter[j];
}

static double *new_column(const struct reference_case *c)
{
    double *x = malloc((size_t)c->count * sizeof(*x));
    assert_non_null(x);
    return x;
}

/* Another indicator's values, over a column or over the case's own inputs (x NULL). */
static double *values_of(const char *name, const struct reference_case *c, const double *x,
                         double n)
{
    struct reference_case other = *c;
    if (x != NULL) {
        other.in[0] = x;
        other.decimals = -1;
    }
    other.parameter[0] = n;
    double *out = new_column(c);
    reference_of(name)(&other, out);
    return out;
}

/* True when one of the last n values up to t is MISSING or there are not so many. */
static bool broken(const double *x, int64_t t, int64_t n)
{
    if (t < n - 1)
        return true;
    for (int64_t i = t - n + 1; i <= t; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

static bool any_broken(const struct reference_case *c, int inputs, int64_t t, int64_t n)
{
    for (int j = 0; j < inputs; j++)
        if (broken(c->in[j], t, n))
            return true;
    return false;
}

/* ---- means over windows ------------------------------------------------------------------ */

static void weighted_mean(const struct reference_case *c, bool linear, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        long double sum = 0, weights = 0;
        out[t] = NAN;
        if (broken(c->in[0], t, n))
            continue;
        for (int64_t age = 0; age < n; age++) {
            long double weight = linear ? (long double)(n - age) : 1;
            sum += weight * whole(c, c->in[0][t - age]);
            weights += weight;
        }
        out[t] = (double)(sum / weights / (c->decimals < 0 ? 1 : powl(10, c->decimals)));
    }
}

static void reference_sma(const struct reference_case *c, double *out)
{
    weighted_mean(c, false, out);
}

static void reference_wma(const struct reference_case *c, double *out)
{
    weighted_mean(c, true, out);
}

static void reference_sum(const struct reference_case *c, double *out)
{
    weighted_mean(c, false, out);
    for (int64_t t = 0; t < c->count; t++)
        out[t] *= c->parameter[0];
}

static void reference_hma(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0), root = 1;
    while ((root + 1) * (root + 1) <= n)
        root++;
    double *half = values_of("wma", c, NULL, (double)(n / 2));
    double *full = values_of("wma", c, NULL, (double)n);
    for (int64_t t = 0; t < c->count; t++)
        half[t] = half[t] + (half[t] - full[t]);
    double *smooth = values_of("wma", c, half, (double)root);
    memcpy(out, smooth, (size_t)c->count * sizeof(*out));
    free(half);
    free(full);
    free(smooth);
}

static void reference_vwma(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        long double traded = 0, volume = 0;
        out[t] = NAN;
        if (any_broken(c, 2, t, n))
            continue;
        for (int64_t i = t - n + 1; i <= t; i++) {
            traded += (long double)c->in[0][i] * c->in[1][i];
            volume += c->in[1][i];
        }
        if (volume != 0)
            out[t] = (double)(traded / volume);
    }
}

/* ---- exponential means ------------------------------------------------------------------- */

/* Seeded with the mean of the first n after each MISSING value. */
static void exponential(const double *x, int64_t count, int64_t n, long double factor, double *out)
{
    int64_t from = 0; /* the first bar after the last MISSING one */
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
            mean = mean * (1 - factor) + x[t] * factor;
            out[t] = (double)mean;
        }
    }
}

static void reference_ema(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    exponential(c->in[0], c->count, n, 2.0L / (n + 1), out);
}

/* e1, e2, e3: the EMA, the EMA of it, and so on. */
static void chain(const struct reference_case *c, double *e[3])
{
    for (int j = 0; j < 3; j++)
        e[j] = values_of("ema", c, j == 0 ? c->in[0] : e[j - 1], c->parameter[0]);
}

static void release_chain(double *e[3])
{
    for (int j = 0; j < 3; j++)
        free(e[j]);
}

static void reference_dema(const struct reference_case *c, double *out)
{
    double *e[3];
    chain(c, e);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = (double)(2.0L * e[0][t] - e[1][t]);
    release_chain(e);
}

static void reference_tema(const struct reference_case *c, double *out)
{
    double *e[3];
    chain(c, e);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = (double)(3.0L * e[0][t] - 3.0L * e[1][t] + e[2][t]);
    release_chain(e);
}

static void reference_trix(const struct reference_case *c, double *out)
{
    double *e[3];
    chain(c, e);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = t == 0 || e[2][t - 1] == 0
                     ? NAN
                     : (double)(100 * ((long double)e[2][t] / e[2][t - 1] - 1));
    release_chain(e);
}

static void reference_kama(const struct reference_case *c, double *out)
{
    const double *x = c->in[0];
    int64_t n = period(c, 0);
    long double mean = NAN;
    for (int64_t t = 0; t < c->count; t++) {
        long double path = 0;
        out[t] = NAN;
        if (broken(x, t, n + 1)) {
            mean = NAN;
            continue;
        }
        for (int64_t i = t - n + 1; i <= t; i++)
            path += fabsl((long double)x[i] - x[i - 1]);
        long double efficiency = path == 0 ? 1 : fabsl((long double)x[t] - x[t - n]) / path;
        long double root = efficiency * (2.0L / 3 - 2.0L / 31) + 2.0L / 31;
        long double before = isnan(mean) ? (long double)x[t - 1] : mean;
        mean = before + (x[t] - before) * root * root;
        out[t] = (double)mean;
    }
}

/* ---- momentum ---------------------------------------------------------------------------- */

static void reference_rsi(const struct reference_case *c, double *out)
{
    const double *x = c->in[0];
    int64_t n = period(c, 0), from = 0;
    long double gain = 0, loss = 0;
    for (int64_t t = 0; t < c->count; t++) {
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

/* line, signal and histogram */
static void macd_lines(const struct reference_case *c, double *line, double *signal)
{
    int64_t a = period(c, 0), b = period(c, 1), fast = a < b ? a : b, slow = a < b ? b : a;
    double *late = new_column(c);
    int64_t run = 0; /* values since the last MISSING one */
    for (int64_t t = 0; t < c->count; t++) {
        run = isnan(c->in[0][t]) ? 0 : run + 1;
        late[t] = run > slow - fast ? c->in[0][t] : NAN;
    }
    double *quick = values_of("ema", c, late, (double)fast);
    double *steady = values_of("ema", c, c->in[0], (double)slow);
    for (int64_t t = 0; t < c->count; t++)
        line[t] = quick[t] - steady[t];
    double *smooth = values_of("ema", c, line, c->parameter[2]);
    memcpy(signal, smooth, (size_t)c->count * sizeof(*signal));
    for (int64_t t = 0; t < c->count; t++)
        if (isnan(signal[t]))
            line[t] = NAN;
    free(late);
    free(quick);
    free(steady);
    free(smooth);
}

static void reference_macd(const struct reference_case *c, double *out)
{
    double *signal = new_column(c);
    macd_lines(c, out, signal);
    free(signal);
}

static void reference_macd_signal(const struct reference_case *c, double *out)
{
    double *line = new_column(c);
    macd_lines(c, line, out);
    free(line);
}

static void reference_macd_hist(const struct reference_case *c, double *out)
{
    double *signal = new_column(c);
    macd_lines(c, out, signal);
    for (int64_t t = 0; t < c->count; t++)
        out[t] -= signal[t];
    free(signal);
}

static double extreme(const double *x, int64_t t, int64_t n, double sign)
{
    double most = x[t];
    for (int64_t i = t - n + 1; i <= t; i++)
        if (sign * x[i] > sign * most)
            most = x[i];
    return most;
}

static void extremes(const struct reference_case *c, double sign, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = broken(c->in[0], t, n) ? NAN : extreme(c->in[0], t, n, sign);
}

static void reference_highest(const struct reference_case *c, double *out)
{
    extremes(c, 1, out);
}

static void reference_lowest(const struct reference_case *c, double *out)
{
    extremes(c, -1, out);
}

/* (close - from) / (highest - lowest) with from the lowest low or the highest high; 0 without
 * range.
 */
static void place_in_range(const struct reference_case *c, bool from_high, long double percent,
                           double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = NAN;
        if (broken(c->in[0], t, n) || broken(c->in[1], t, n) || isnan(c->in[2][t]))
            continue;
        long double high = extreme(c->in[0], t, n, 1), low = extreme(c->in[1], t, n, -1);
        long double distance = c->in[2][t] - (from_high ? high : low);
        out[t] = high == low ? 0 : (double)(percent * distance / (high - low));
    }
}

static void reference_stoch_k(const struct reference_case *c, double *out)
{
    double *raw = new_column(c);
    place_in_range(c, false, 100, raw);
    double *slow = values_of("sma", c, raw, c->parameter[1]);
    double *d = values_of("sma", c, slow, c->parameter[2]);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = isnan(d[t]) ? NAN : slow[t];
    free(raw);
    free(slow);
    free(d);
}

static void reference_stoch_d(const struct reference_case *c, double *out)
{
    double *raw = new_column(c);
    place_in_range(c, false, 100, raw);
    double *slow = values_of("sma", c, raw, c->parameter[1]);
    double *d = values_of("sma", c, slow, c->parameter[2]);
    memcpy(out, d, (size_t)c->count * sizeof(*out));
    free(raw);
    free(slow);
    free(d);
}

static void reference_willr(const struct reference_case *c, double *out)
{
    place_in_range(c, true, 100, out);
}

static void reference_cci(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        long double mean = 0, deviation = 0;
        out[t] = NAN;
        if (any_broken(c, 3, t, n))
            continue;
        long double *typical = malloc((size_t)n * sizeof(*typical));
        assert_non_null(typical);
        for (int64_t i = 0; i < n; i++) {
            int64_t bar = t - n + 1 + i;
            /* three times the typical price, and n times the mean: the factor cancels out */
            typical[i] =
                whole(c, c->in[0][bar]) + whole(c, c->in[1][bar]) + whole(c, c->in[2][bar]);
            if (c->decimals < 0)
                typical[i] = (double)(c->in[0][bar] + c->in[1][bar]) + c->in[2][bar];
            mean += typical[i];
        }
        for (int64_t i = 0; i < n; i++)
            deviation += fabsl(n * typical[i] - mean);
        out[t] =
            deviation == 0 ? 0 : (double)((n * typical[n - 1] - mean) / (0.015L * (deviation / n)));
        free(typical);
    }
}

static void reference_mfi(const struct reference_case *c, double *out)
{
    const double *high = c->in[0], *low = c->in[1], *close = c->in[2];
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        long double up = 0, down = 0;
        out[t] = NAN;
        if (any_broken(c, 3, t, n + 1) || broken(c->in[3], t, n))
            continue;
        for (int64_t i = t - n + 1; i <= t; i++) {
            double now = (high[i] + low[i] + close[i]) / 3;
            double before = (high[i - 1] + low[i - 1] + close[i - 1]) / 3;
            up += now > before ? (long double)now * c->in[3][i] : 0;
            down += now < before ? (long double)now * c->in[3][i] : 0;
        }
        out[t] = up + down == 0 ? 0 : (double)(100 * up / (up + down));
    }
}

static void reference_change(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = t < n ? NAN : (double)(exact(c, c->in[0][t]) - exact(c, c->in[0][t - n]));
}

static void reference_pct_change(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = t < n || c->in[0][t - n] == 0
                     ? NAN
                     : (double)((exact(c, c->in[0][t]) - exact(c, c->in[0][t - n])) /
                                exact(c, c->in[0][t - n]));
}

static void reference_roc(const struct reference_case *c, double *out)
{
    reference_pct_change(c, out);
    for (int64_t t = 0; t < c->count; t++)
        out[t] *= 100;
}

static double true_range(const struct reference_case *c, int64_t t)
{
    if (t == 0)
        return NAN;
    long double high = exact(c, c->in[0][t]), low = exact(c, c->in[1][t]);
    long double close = exact(c, c->in[2][t - 1]);
    if (isnan(high) || isnan(low) || isnan(close))
        return NAN;
    return (double)fmaxl(high - low, fmaxl(fabsl(high - close), fabsl(low - close)));
}

static void reference_ultosc(const struct reference_case *c, double *out)
{
    int64_t n[3] = {period(c, 0), period(c, 1), period(c, 2)};
    for (int a = 0; a < 3; a++)
        for (int b = a + 1; b < 3; b++)
            if (n[b] < n[a]) {
                int64_t other = n[a];
                n[a] = n[b];
                n[b] = other;
            }
    for (int64_t t = 0; t < c->count; t++) {
        long double sum = 0;
        out[t] = NAN;
        if (broken(c->in[0], t, n[2]) || broken(c->in[1], t, n[2]) || broken(c->in[2], t, n[2] + 1))
            continue;
        for (int j = 0; j < 3; j++) {
            long double pressure = 0, range = 0;
            for (int64_t i = t - n[j] + 1; i <= t; i++) {
                pressure +=
                    exact(c, c->in[2][i]) - fminl(exact(c, c->in[1][i]), exact(c, c->in[2][i - 1]));
                range += true_range(c, i);
            }
            sum += range == 0 ? 0 : (4 >> j) * pressure / range;
        }
        out[t] = (double)(100 * sum / 7);
    }
}

/* ---- trend ------------------------------------------------------------------------------- */

/* +DM, -DM and the range of bar t; false when there is no such bar before. */
static bool movement(const struct reference_case *c, int64_t t, long double moved[3])
{
    if (t == 0 || any_broken(c, 3, t, 2))
        return false;
    double up = c->in[0][t] - c->in[0][t - 1], down = c->in[1][t - 1] - c->in[1][t];
    moved[0] = up > down && up > 0 ? up : 0;
    moved[1] = down > up && down > 0 ? down : 0;
    moved[2] = true_range(c, t);
    return true;
}

/* Wilder's sums as he gives them; index -1 where it is not defined. */
static void directional(const struct reference_case *c, double *plus, double *minus, double *index)
{
    int64_t n = period(c, 0), seen = 0;
    long double sum[3] = {0, 0, 0}, moved[3];
    for (int64_t t = 0; t < c->count; t++) {
        plus[t] = minus[t] = index[t] = NAN;
        if (!movement(c, t, moved)) {
            seen = 0;
            memset(sum, 0, sizeof(sum));
            continue;
        }
        seen++;
        for (int j = 0; j < 3; j++)
            sum[j] += moved[j] - (seen < n ? 0 : sum[j] / n);
        if (seen < n)
            continue;
        plus[t] = sum[2] == 0 ? 0 : (double)(100 * sum[0] / sum[2]);
        minus[t] = sum[2] == 0 ? 0 : (double)(100 * sum[1] / sum[2]);
        bool none = sum[2] == 0 || sum[0] + sum[1] == 0;
        index[t] = none ? -1 : (double)(100 * fabsl(sum[0] - sum[1]) / (sum[0] + sum[1]));
    }
}

static void reference_plus_di(const struct reference_case *c, double *out)
{
    double *minus = new_column(c), *index = new_column(c);
    directional(c, out, minus, index);
    free(minus);
    free(index);
}

static void reference_minus_di(const struct reference_case *c, double *out)
{
    double *plus = new_column(c), *index = new_column(c);
    directional(c, plus, out, index);
    free(plus);
    free(index);
}

static void reference_adx(const struct reference_case *c, double *out)
{
    double *plus = new_column(c), *minus = new_column(c), *index = new_column(c);
    int64_t n = period(c, 0), seen = 0;
    long double mean = 0;
    directional(c, plus, minus, index);
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = NAN;
        if (isnan(index[t])) {
            seen = 0;
            mean = 0;
            continue;
        }
        bool defined = index[t] >= 0;
        if (++seen <= n)
            mean += defined ? index[t] / (long double)n : 0;
        else if (defined)
            mean = (mean * (n - 1) + index[t]) / n;
        if (seen >= n)
            out[t] = (double)mean;
    }
    free(plus);
    free(minus);
    free(index);
}

static void aroon(const struct reference_case *c, int side, double *out)
{
    int64_t n = period(c, 0);
    const double *x = c->in[side];
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = NAN;
        if (broken(x, t, n + 1))
            continue;
        double most = extreme(x, t, n + 1, side == 0 ? 1 : -1);
        int64_t age = 0;
        while (x[t - age] != most)
            age++;
        out[t] = (double)(100.0L * (n - age) / n);
    }
}

static void reference_aroon_up(const struct reference_case *c, double *out)
{
    aroon(c, 0, out);
}

static void reference_aroon_down(const struct reference_case *c, double *out)
{
    aroon(c, 1, out);
}

/* A position that is long or short; in doubles, since whether a stop is touched hangs on a bit. */
static void reference_psar(const struct reference_case *c, double *out)
{
    const double *high = c->in[0], *low = c->in[1];
    double most = c->parameter[1], step = fmin(c->parameter[0], most);
    double stop = NAN, best = NAN, factor = NAN;
    int side = 0;
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = NAN;
        if (any_broken(c, 2, t, 2)) {
            side = 0;
            continue;
        }
        int64_t before = t - 1;
        if (side == 0) {
            double up = high[t] - high[t - 1], down = low[t - 1] - low[t];
            side = down > 0 && down > up ? -1 : 1;
            stop = side > 0 ? low[t - 1] : high[t - 1];
            best = side > 0 ? high[t] : low[t];
            factor = step;
            before = t; /* TA-Lib looks at no bar before the one on which it begins */
        }
        double guard_low = fmin(low[before], low[t]), guard_high = fmax(high[before], high[t]);
        bool touched = side > 0 ? low[t] <= stop : high[t] >= stop;
        if (touched) {
            side = -side;
            stop = side > 0 ? fmin(best, guard_low) : fmax(best, guard_high);
            best = side > 0 ? high[t] : low[t];
            factor = step;
        }
        out[t] = stop;
        if (side > 0 ? high[t] > best : low[t] < best) {
            best = side > 0 ? high[t] : low[t];
            factor = fmin(factor + step, most);
        }
        stop += factor * (best - stop);
        stop = side > 0 ? fmin(stop, guard_low) : fmax(stop, guard_high);
    }
}

static void reference_supertrend(const struct reference_case *c, double *out)
{
    const double *high = c->in[0], *low = c->in[1], *close = c->in[2];
    double *range = values_of("atr", c, NULL, c->parameter[0]);
    double *upper = new_column(c), *lower = new_column(c);
    bool rising = false;
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = NAN;
        if (isnan(range[t]))
            continue;
        upper[t] = (high[t] + low[t]) / 2 + c->parameter[1] * range[t];
        lower[t] = (high[t] + low[t]) / 2 - c->parameter[1] * range[t];
        if (t == 0 || isnan(range[t - 1])) {
            rising = false;
        } else {
            if (upper[t] >= upper[t - 1] && close[t - 1] <= upper[t - 1])
                upper[t] = upper[t - 1];
            if (lower[t] <= lower[t - 1] && close[t - 1] >= lower[t - 1])
                lower[t] = lower[t - 1];
            rising = rising ? close[t] >= lower[t] : close[t] > upper[t];
        }
        out[t] = rising ? lower[t] : upper[t];
    }
    free(range);
    free(upper);
    free(lower);
}

/* ---- volatility and channels ------------------------------------------------------------- */

static void reference_tr(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = true_range(c, t);
}

static void reference_atr(const struct reference_case *c, double *out)
{
    double *range = new_column(c);
    reference_tr(c, range);
    exponential(range, c->count, period(c, 0), 1.0L / period(c, 0), out);
    free(range);
}

static void reference_natr(const struct reference_case *c, double *out)
{
    reference_atr(c, out);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = c->in[2][t] == 0 ? NAN : (double)(100.0L * out[t] / c->in[2][t]);
}

/* Mean, distance of the last value from it and standard deviation of the last n values. */
struct spread {
    long double mean, distance, deviation;
};

static bool spread_at(const struct reference_case *c, int64_t t, struct spread *ret)
{
    int64_t n = period(c, 0);
    long double scale = c->decimals < 0 ? 1 : powl(10, c->decimals), sum = 0, squares = 0;
    if (broken(c->in[0], t, n))
        return false;
    for (int64_t i = t - n + 1; i <= t; i++)
        sum += whole(c, c->in[0][i]);
    for (int64_t i = t - n + 1; i <= t; i++)
        squares += powl(whole(c, c->in[0][i]) - sum / n, 2);
    ret->mean = sum / n / scale;
    ret->distance = (whole(c, c->in[0][t]) - sum / n) / scale;
    ret->deviation = sqrtl(squares / n) / scale;
    if (ret->deviation < 1e-17L * fabsl(ret->mean)) /* of the rounding of sum / n */
        ret->deviation = 0;
    return true;
}

static void reference_stddev(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = spread_at(c, t, &s) ? (double)s.deviation : NAN;
}

static void reference_zscore(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = spread_at(c, t, &s) && s.deviation != 0 ? (double)(s.distance / s.deviation) : NAN;
}

static void reference_bb_upper(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = spread_at(c, t, &s) ? (double)(s.mean + c->parameter[1] * s.deviation) : NAN;
}

static void reference_bb_middle(const struct reference_case *c, double *out)
{
    reference_sma(c, out);
}

static void reference_bb_lower(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = spread_at(c, t, &s) ? (double)(s.mean - c->parameter[1] * s.deviation) : NAN;
}

static void reference_bb_width(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = spread_at(c, t, &s) && s.mean != 0
                     ? (double)(2 * c->parameter[1] * s.deviation / s.mean)
                     : NAN;
}

static void reference_bb_percent(const struct reference_case *c, double *out)
{
    struct spread s;
    for (int64_t t = 0; t < c->count; t++) {
        long double half = spread_at(c, t, &s) ? c->parameter[1] * s.deviation : NAN;
        out[t] = half == 0 ? NAN : (double)((s.distance + half) / (2 * half));
    }
}

static void keltner(const struct reference_case *c, int sign, double *out)
{
    double *middle = values_of("ema", c, c->in[2], c->parameter[0]);
    double *range = values_of("atr", c, NULL, c->parameter[0]);
    for (int64_t t = 0; t < c->count; t++)
        out[t] = middle[t] + sign * c->parameter[1] * range[t];
    free(middle);
    free(range);
}

static void reference_keltner_upper(const struct reference_case *c, double *out)
{
    keltner(c, 1, out);
}

static void reference_keltner_lower(const struct reference_case *c, double *out)
{
    keltner(c, -1, out);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void reference_obv(const struct reference_case *c, double *out)
{
    const double *x = c->in[0];
    long double sum = 0;
    for (int64_t t = 0; t < c->count; t++) {
        bool missing = any_broken(c, 2, t, 1), first = t == 0 || any_broken(c, 2, t - 1, 1);
        if (missing)
            sum = 0;
        else if (first || x[t] > x[t - 1])
            sum += c->in[1][t];
        else if (x[t] < x[t - 1])
            sum -= c->in[1][t];
        out[t] = missing ? NAN : (double)sum;
    }
}

static void reference_percent_rank(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        int64_t below = 0;
        out[t] = NAN;
        if (broken(c->in[0], t, n + 1))
            continue;
        for (int64_t i = t - n; i < t; i++)
            below += c->in[0][i] < c->in[0][t];
        out[t] = (double)below / (double)n;
    }
}

/* The line's slope and its value at the end, by the textbook's sums over t = 0 .. n-1 about their
 * means. */
static bool fit(const struct reference_case *c, int64_t t, long double *slope, long double *end)
{
    int64_t n = period(c, 0);
    long double scale = c->decimals < 0 ? 1 : powl(10, c->decimals);
    long double mean_x = 0, covariance = 0, variance = 0, mean_t = (n - 1) / 2.0L;
    if (broken(c->in[0], t, n))
        return false;
    for (int64_t i = 0; i < n; i++)
        mean_x += whole(c, c->in[0][t - n + 1 + i]) / n;
    for (int64_t i = 0; i < n; i++) {
        covariance += (i - mean_t) * (whole(c, c->in[0][t - n + 1 + i]) - mean_x);
        variance += (i - mean_t) * (i - mean_t);
    }
    *slope = covariance / variance / scale;
    *end = mean_x / scale + *slope * (n - 1 - mean_t);
    return true;
}

static void reference_linreg(const struct reference_case *c, double *out)
{
    long double slope, end;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = fit(c, t, &slope, &end) ? (double)end : NAN;
}

static void reference_linreg_slope(const struct reference_case *c, double *out)
{
    long double slope, end;
    for (int64_t t = 0; t < c->count; t++)
        out[t] = fit(c, t, &slope, &end) ? (double)slope : NAN;
}

static void reference_since(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++) {
        int64_t at = t;
        while (at >= 0 && c->in[0][at] != 1)
            at--;
        out[t] = at >= 0 ? (double)(t - at) : NAN;
    }
}

static void reference_count(const struct reference_case *c, double *out)
{
    int64_t n = period(c, 0);
    for (int64_t t = 0; t < c->count; t++) {
        out[t] = t < n - 1 ? NAN : 0;
        for (int64_t i = t - n + 1; i <= t && t >= n - 1; i++)
            out[t] += c->in[0][i];
    }
}

static void reference_abs(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = c->in[0][t] < 0 ? -c->in[0][t] : c->in[0][t];
}

static void reference_min(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = any_broken(c, 2, t, 1)      ? NAN
                 : c->in[0][t] < c->in[1][t] ? c->in[0][t]
                                             : c->in[1][t];
}

static void reference_max(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = any_broken(c, 2, t, 1)      ? NAN
                 : c->in[0][t] > c->in[1][t] ? c->in[0][t]
                                             : c->in[1][t];
}

static void reference_sqrt(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = c->in[0][t] >= 0 ? (double)sqrtl(c->in[0][t]) : NAN;
}

static void reference_log(const struct reference_case *c, double *out)
{
    for (int64_t t = 0; t < c->count; t++)
        out[t] = c->in[0][t] > 0 ? (double)logl(c->in[0][t]) : NAN;
}

reference_function *reference_of(const char *name)
{
#define REFERENCE(name)                                                                            \
    {                                                                                              \
#name, reference_##name                                                                    \
    }
    static const struct {
        const char *name;
        reference_function *function;
    } references[] = {
        REFERENCE(sma),
        REFERENCE(ema),
        REFERENCE(wma),
        REFERENCE(dema),
        REFERENCE(tema),
        REFERENCE(kama),
        REFERENCE(hma),
        REFERENCE(vwma),
        REFERENCE(rsi),
        REFERENCE(macd),
        REFERENCE(macd_signal),
        REFERENCE(macd_hist),
        REFERENCE(stoch_k),
        REFERENCE(stoch_d),
        REFERENCE(willr),
        REFERENCE(cci),
        REFERENCE(mfi),
        REFERENCE(roc),
        REFERENCE(trix),
        REFERENCE(ultosc),
        REFERENCE(adx),
        REFERENCE(plus_di),
        REFERENCE(minus_di),
        REFERENCE(aroon_up),
        REFERENCE(aroon_down),
        REFERENCE(psar),
        REFERENCE(supertrend),
        REFERENCE(tr),
        REFERENCE(atr),
        REFERENCE(natr),
        REFERENCE(bb_upper),
        REFERENCE(bb_middle),
        REFERENCE(bb_lower),
        REFERENCE(bb_width),
        REFERENCE(bb_percent),
        REFERENCE(keltner_upper),
        REFERENCE(keltner_lower),
        REFERENCE(obv),
        REFERENCE(highest),
        REFERENCE(lowest),
        REFERENCE(sum),
        REFERENCE(change),
        REFERENCE(pct_change),
        REFERENCE(stddev),
        REFERENCE(percent_rank),
        REFERENCE(zscore),
        REFERENCE(linreg),
        REFERENCE(linreg_slope),
        REFERENCE(since),
        REFERENCE(count),
        REFERENCE(abs),
        REFERENCE(min),
        REFERENCE(max),
        REFERENCE(sqrt),
        REFERENCE(log),
        {"mom", reference_change},
        {"donchian_upper", reference_highest},
        {"donchian_lower", reference_lowest},
    };
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        if (strcmp(references[i].name, name) == 0)
            return references[i].function;
    fail_msg("no reference for %s", name);
    return NULL;
}
