/* Sums that keep what rounding loses: an unevaluated pair high + low (Neumaier; Knuth's TwoSum).
 *
 * While the exact sum fits 106 bits or so the pair holds it exactly. That is so for n copies of one
 * value and for whole numbers, so their mean comes out exact: a flat series gives its value.
 */
#ifndef ENGINE_INDICATORS_COMPENSATED_H
#define ENGINE_INDICATORS_COMPENSATED_H

struct compensated {
    double high, low;
};

static inline struct compensated compensated_add(struct compensated s, double x)
{
    double sum = s.high + x;
    double part = sum - s.high;
    double lost = (s.high - (sum - part)) + (x - part);
    return (struct compensated){sum, s.low + lost};
}

static inline struct compensated compensated_join(struct compensated a, struct compensated b)
{
    struct compensated s = compensated_add(a, b.high);
    s.low += b.low;
    return s;
}

/* x * y exactly (Dekker, Veltkamp's splitting): no fused multiply-add, the same on every machine.
 */
static inline struct compensated compensated_product(double x, double y)
{
    const double splitter = 134217729.0; /* 2^27 + 1 */
    double xs = splitter * x, ys = splitter * y;
    double xh = xs - (xs - x), yh = ys - (ys - y);
    double xl = x - xh, yl = y - yh;
    double p = x * y;
    return (struct compensated){p, ((xh * yh - p) + xh * yl + xl * yh) + xl * yl};
}

/* The double nearest to s / divisor (one rounding, for all that matters). */
static inline double compensated_divide(struct compensated s, double divisor)
{
    double quotient = s.high / divisor;
    struct compensated back = compensated_product(quotient, divisor);
    double rest = ((s.high - back.high) - back.low) + s.low;
    return quotient + rest / divisor;
}

#endif
