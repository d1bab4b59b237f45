/* Student's t: quantiles for real degrees of freedom, and Welch's interval for a difference of
 * means. */
#ifndef ENGINE_STUDENT_T_H
#define ENGINE_STUDENT_T_H

/* P(T <= t) with `df` degrees of freedom (> 0, may be fractional). Absolute error below 1e-12 up to
 * 1,000 degrees of freedom, 1e-8 up to a million. */
double student_t_cdf(double t, double df);

/* The t with P(T <= t) = p; 0 < p < 1, df >= 0.1. Relative error below 1e-10.
 *
 * Up to 1,000 degrees of freedom the regularised incomplete beta function is inverted; above, the
 * Cornish-Fisher expansion around the normal quantile is used (Abramowitz and Stegun, 26.7.5). */
double student_t_quantile(double p, double df);

/* The normal quantile, 0 < p < 1; relative error below 1e-14. */
double normal_quantile(double p);

struct sample {
    double n; /* how many */
    double mean;
    double variance; /* of the sample, n - 1 */
};

struct welch {
    double difference; /* a.mean - b.mean */
    double df;         /* Welch-Satterthwaite */
    double low, high;  /* the confidence interval */
};

/* The interval at `level` (0.95): difference -+ t * sqrt(va/na + vb/nb). All but the difference are
 * NaN when a sample has fewer than two values; without any variance the interval is the difference
 * itself. Source: Welch, Biometrika 34 (1947). */
struct welch welch_interval(struct sample a, struct sample b, double level);

#endif
