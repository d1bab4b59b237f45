/* Prices as the whole numbers they were before they became doubles: k of the double nearest to k /
 * 10^d. */
#ifndef ENGINE_INDICATORS_DECIMALS_H
#define ENGINE_INDICATORS_DECIMALS_H

#include <stdint.h>

enum { DECIMALS_MAX = 6 };

static inline double decimals_scale(int32_t decimals)
{
    static const double powers_of_ten[DECIMALS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    return powers_of_ten[decimals];
}

/* The nearest whole number for |x| < 2^51, by pushing the fraction out of the mantissa. Plain
 * additions: it vectorises on every machine, which rint() does not. */
static inline double nearest_whole(double x)
{
    const double shifter = 6755399441055744.0; /* 1.5 * 2^52 */
    return (x + shifter) - shifter;
}

/* Running sums of whole numbers, in place, starting from `sum`; returns the last. All sums are
 * exact, so additions may be grouped to shorten the chain. */
static inline double running_sums(double *delta, int64_t count, double sum)
{
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        double a = delta[i], ab = a + delta[i + 1];
        double c = delta[i + 2], cd = c + delta[i + 3];
        delta[i] = sum + a;
        delta[i + 1] = sum + ab;
        delta[i + 2] = sum + (ab + c);
        sum += ab + cd;
        delta[i + 3] = sum;
    }
    for (; i < count; i++)
        delta[i] = sum += delta[i];
    return sum;
}

#endif
