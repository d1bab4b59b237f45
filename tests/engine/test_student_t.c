#include "engine/study/student_t.h"

#include "tests/support/test.h"

#include <math.h>

/* Computed with 30 digits from the definition; the first rows are in every printed table. */
static const struct {
    double p, df, t;
} table[] = {
    {0.975, 1, 12.706204736174705},      {0.975, 2, 4.3026527297494639},
    {0.975, 5, 2.5705818356363155},      {0.975, 10, 2.2281388519862747},
    {0.975, 30, 2.0422724563012383},     {0.975, 100, 1.9839715185235523},
    {0.95, 7, 1.8945786050900074},       {0.9995, 3, 12.923978636687483},
    {0.6, 12, 0.25903274567688706},      {0.975, 2.5, 3.5746548420036832},
    {0.975, 17.7, 2.1034773745149237},   {0.995, 1.5, 17.820310514462807},
    {0.975, 0.5, 164.55767348048853},    {0.975, 999.5, 1.9623402703838458},
    {0.975, 1000.5, 1.9623378924593485}, {0.975, 1e4, 1.9602012398906263},
    {0.975, 1e6, 1.959966356814107},
};
enum { TABLE_ROWS = sizeof table / sizeof *table };

static void quantiles_agree_with_the_tables(void **state)
{
    (void)state;
    for (int i = 0; i < TABLE_ROWS; i++) {
        double t = student_t_quantile(table[i].p, table[i].df);
        if (!(fabs(t / table[i].t - 1) < 1e-11))
            fail_msg("df %.17g: %.17g, not %.17g", table[i].df, t, table[i].t);
        double mirrored = student_t_quantile(1 - table[i].p, table[i].df);
        assert_true(fabs(mirrored / -table[i].t - 1) < 1e-9);
    }
    assert_true(student_t_quantile(0.5, 4) == 0);
}

static void the_distribution_function_inverts_the_quantile(void **state)
{
    (void)state;
    for (int i = 0; i < TABLE_ROWS; i++) {
        double p = student_t_cdf(table[i].t, table[i].df);
        double tolerance = table[i].df < 1100 ? 1e-12 : 1e-8;
        assert_true(fabs(p - table[i].p) < tolerance);
        assert_true(fabs(student_t_cdf(-table[i].t, table[i].df) - (1 - table[i].p)) < tolerance);
    }
    assert_true(student_t_cdf(0, 3) == 0.5);
    /* One degree of freedom is the Cauchy distribution. */
    assert_true(fabs(student_t_cdf(1, 1) - 0.75) < 1e-15);
}

static void quantiles_do_not_jump_where_the_method_changes(void **state)
{
    (void)state;
    double below = student_t_quantile(0.975, 1000);
    double above = student_t_quantile(0.975, nextafter(1000, 2000));
    assert_true(fabs(below - above) < 1e-12);
    double last = INFINITY;
    for (double df = 0.5; df < 1e9; df *= 1.3) {
        double t = student_t_quantile(0.975, df);
        assert_true(t < last);
        last = t;
    }
    assert_true(fabs(last - 1.9599639845400543) < 1e-8);
}

static void normal_quantiles(void **state)
{
    (void)state;
    assert_true(normal_quantile(0.5) == 0);
    assert_true(fabs(normal_quantile(0.975) / 1.95996398454005424 - 1) < 1e-14);
    assert_true(fabs(normal_quantile(0.025) / -1.95996398454005424 - 1) < 1e-14);
    assert_true(fabs(normal_quantile(0.9) / 1.28155156554460047 - 1) < 1e-14);
    assert_true(fabs(normal_quantile(0.999999) / 4.75342430882289895 - 1) < 1e-11);
}

/* Two samples of Welch's kind, worked out by hand: variances 4 and 9 with 10 and 12 values. */
static void a_difference_of_means_by_welch(void **state)
{
    (void)state;
    struct welch w = welch_interval((struct sample){10, 5, 4}, (struct sample){12, 3, 9}, 0.95);
    assert_true(w.difference == 2);
    double df = (0.4 + 0.75) * (0.4 + 0.75) / (0.4 * 0.4 / 9 + 0.75 * 0.75 / 11);
    assert_true(fabs(w.df - df) < 1e-12);
    double reach = student_t_quantile(0.975, df) * sqrt(1.15);
    assert_true(fabs(w.low - (2 - reach)) < 1e-14);
    assert_true(fabs(w.high - (2 + reach)) < 1e-14);
    struct welch swapped =
        welch_interval((struct sample){12, 3, 9}, (struct sample){10, 5, 4}, 0.95);
    assert_true(swapped.low == -w.high && swapped.high == -w.low);
}

static void samples_too_small_have_no_interval(void **state)
{
    (void)state;
    struct welch w = welch_interval((struct sample){1, 5, NAN}, (struct sample){12, 3, 9}, 0.95);
    assert_true(w.difference == 2);
    assert_true(isnan(w.low) && isnan(w.high) && isnan(w.df));
    w = welch_interval((struct sample){5, 5, 1}, (struct sample){0, NAN, NAN}, 0.95);
    assert_true(isnan(w.difference) && isnan(w.low) && isnan(w.high));
}

static void samples_without_variance_have_a_sharp_difference(void **state)
{
    (void)state;
    struct welch w = welch_interval((struct sample){4, 1, 0}, (struct sample){9, 3, 0}, 0.95);
    assert_true(w.low == -2 && w.high == -2);
    w = welch_interval((struct sample){2, 1, 1e-320}, (struct sample){9, 3, 0}, 0.95);
    assert_true(w.low <= -2 && w.high >= -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_agree_with_the_tables),
        cmocka_unit_test(the_distribution_function_inverts_the_quantile),
        cmocka_unit_test(quantiles_do_not_jump_where_the_method_changes),
        cmocka_unit_test(normal_quantiles),
        cmocka_unit_test(a_difference_of_means_by_welch),
        cmocka_unit_test(samples_too_small_have_no_interval),
        cmocka_unit_test(samples_without_variance_have_a_sharp_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
