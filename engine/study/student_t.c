#include "engine/study/student_t.h"

#include <assert.h>
#include <math.h>

enum {
    FRACTION_STEPS_MAX = 20000,
    QUANTILE_STEPS_MAX = 200,
};

/* Above this many degrees of freedom the expansion is exact to the last few bits. */
static const double EXPANSION_FROM_DF = 1000;

/* The continued fraction of the incomplete beta function by Lentz's method (Didonato and Morris,
 * ACM TOMS 18 (1992); the fraction is Abramowitz and Stegun 26.5.8). Converges fast for x <
 * (a+1)/(a+b+2). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m <= FRACTION_STEPS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int half = 0; half < 2; half++) {
            double term = half == 0 ? even : odd;
            d = 1 + term * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + term / c;
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1) < 1e-16)
            break;
    }
    return value;
}

/* I_x(a, b), given y = 1 - x without cancellation. */
static double incomplete_beta(double a, double b, double x, double y)
{
    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    int sign;
    double front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
                       a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, y) / b;
}

/* P(T > t) for t >= 0. */
static double upper_tail(double t, double df)
{
    double total = df + t * t;
    return 0.5 * incomplete_beta(df / 2, 0.5, df / total, t * t / total);
}

double student_t_cdf(double t, double df)
{
    assert(df > 0);
    return t >= 0 ? 1 - upper_tail(t, df) : upper_tail(-t, df);
}

static double normal_upper_tail(double z)
{
    return 0.5 * erfc(z * M_SQRT1_2);
}

/* z >= 0 with upper tail q <= 1/2: a rough start (Abramowitz and Stegun 26.2.23, error
 * below 4.5e-4), then Halley's steps on erfc, which triple the digits each. */
static double normal_tail_quantile(double q)
{
    double s = sqrt(-2 * log(q));
    double z = s - (2.515517 + s * (0.802853 + s * 0.010328)) /
                       (1 + s * (1.432788 + s * (0.189269 + s * 0.001308)));
    for (int i = 0; i < 3; i++) {
        double density = exp(-z * z / 2) / sqrt(2 * M_PI);
        double step = (normal_upper_tail(z) - q) / density;
        z += step / (1 - z * step / 2);
    }
    return z;
}

double normal_quantile(double p)
{
    assert(p > 0 && p < 1);
    if (p == 0.5)
        return 0;
    return p < 0.5 ? -normal_tail_quantile(p) : normal_tail_quantile(1 - p);
}

static double expansion_quantile(double z, double df)
{
    double z2 = z * z;
    double g1 = z * (z2 + 1) / 4;
    double g2 = z * (3 + z2 * (16 + z2 * 5)) / 96;
    double g3 = z * (-15 + z2 * (17 + z2 * (19 + z2 * 3))) / 384;
    double g4 = z * (-945 + z2 * (-1920 + z2 * (1482 + z2 * (776 + z2 * 79)))) / 92160;
    return z + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df;
}

/* t > 0 with upper tail q < 1/2: bracketed, then halved down to neighbouring doubles. The tail is
 * monotone and cheap, and this runs a dozen times a study: no cleverness is needed. */
static double inverted_tail(double q, double df)
{
    double low = 0, high = 1;
    while (upper_tail(high, df) > q && high < 1e300) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < QUANTILE_STEPS_MAX; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (upper_tail(middle, df) > q)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double student_t_quantile(double p, double df)
{
    assert(p > 0 && p < 1 && df >= 0.1);
    if (p == 0.5)
        return 0;
    if (df > EXPANSION_FROM_DF)
        return expansion_quantile(normal_quantile(p), df);
    return p < 0.5 ? -inverted_tail(p, df) : inverted_tail(1 - p, df);
}

struct welch welch_interval(struct sample a, struct sample b, double level)
{
    assert(level > 0 && level < 1);
    struct welch w = {.difference = a.mean - b.mean, .df = NAN, .low = NAN, .high = NAN};
    if (a.n < 2 || b.n < 2)
        return w;
    double share_a = a.variance / a.n, share_b = b.variance / b.n;
    double total = share_a + share_b;
    if (total <= 0) {
        w.low = w.high = w.difference;
        return w;
    }
    /* Shares of the total: squares of tiny variances could underflow. */
    share_a /= total;
    share_b /= total;
    w.df = 1 / (share_a * share_a / (a.n - 1) + share_b * share_b / (b.n - 1));
    double reach = student_t_quantile(0.5 + level / 2, w.df) * sqrt(total);
    w.low = w.difference - reach;
    w.high = w.difference + reach;
    return w;
}
