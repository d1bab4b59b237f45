#include "engine/study/exact_sum.h"

#include "base/random.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 5000 };

/* A return as the study makes it: the quotient of two prices with two decimals, less one. */
static double random_return(struct random *r)
{
    double from = (double)(100 + random_below(r, 50000)) / 100;
    double to = random_below(r, 3) ? from * (1 + 0.01 * random_normal(r))
                                   : (double)random_below(r, 50000) / 100;
    return fabs(to) / from - 1;
}

static struct exact_sum sum_of(const double *x, int count)
{
    struct exact_sum s = {0};
    for (int i = 0; i < count; i++)
        exact_sum_add(&s, x[i]);
    return s;
}

static void every_return_is_added_without_rounding(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 1);
    for (int i = 0; i < 200000; i++) {
        double x = random_return(&r);
        if (fabs(x) >= EXACT_SUM_LIMIT)
            continue;
        struct exact_sum s = {0};
        exact_sum_add(&s, x);
        assert_true((double)s.sum / EXACT_SUM_SCALE == x);
        assert_true((__int128)((double)s.sum) == s.sum);
    }
}

static void order_and_cuts_do_not_matter(void **state)
{
    (void)state;
    static double x[COUNT];
    struct random r;
    random_seed(&r, 2);
    for (int i = 0; i < COUNT; i++)
        x[i] = random_return(&r);
    struct exact_sum all = sum_of(x, COUNT);
    for (int round = 0; round < 20; round++) {
        for (int i = COUNT - 1; i > 0; i--) {
            int j = (int)random_below(&r, (uint64_t)i + 1);
            double swap = x[i];
            x[i] = x[j];
            x[j] = swap;
        }
        int cut = (int)random_below(&r, COUNT + 1);
        struct exact_sum left = sum_of(x, cut), right = sum_of(x + cut, COUNT - cut);
        exact_sum_merge(&right, &left);
        assert_true(exact_sum_equal(&right, &all));
        exact_sum_subtract(&right, &left);
        struct exact_sum again = sum_of(x + cut, COUNT - cut);
        assert_true(exact_sum_equal(&right, &again));
    }
}

static void moments_agree_with_two_passes_in_long_double(void **state)
{
    (void)state;
    static double x[COUNT];
    struct random r;
    random_seed(&r, 3);
    long double total = 0, squares = 0;
    int hits = 0;
    for (int i = 0; i < COUNT; i++) {
        x[i] = random_return(&r);
        total += x[i];
        hits += x[i] > 0;
    }
    long double mean = total / COUNT;
    for (int i = 0; i < COUNT; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    struct exact_sum s = sum_of(x, COUNT);
    assert_int_equal(s.count, COUNT);
    assert_int_equal(s.hits, hits);
    assert_true(fabsl(exact_sum_mean(&s) - mean) <= 1e-14L * fabsl(mean));
    long double variance = squares / (COUNT - 1);
    assert_true(fabsl(exact_sum_variance(&s) - variance) <= 1e-12L * variance);
    assert_true(exact_sum_hit_rate(&s) == (double)hits / COUNT);
}

static void equal_values_have_no_variance_at_all(void **state)
{
    (void)state;
    struct exact_sum s = {0};
    double x = 100.03 / 100.01 - 1;
    for (int i = 0; i < 100000; i++)
        exact_sum_add(&s, x);
    assert_true(exact_sum_variance(&s) == 0);
    assert_true(fabs(exact_sum_mean(&s) - x) <= 1e-15 * x);
}

static void the_variance_survives_cancellation(void **state)
{
    (void)state;
    /* 500 +- 2^-30: squares differ in their 78th bit. */
    struct exact_sum s = {0};
    for (int i = 0; i < 1000; i++)
        exact_sum_add(&s, 500 + (i % 2 ? 0x1p-30 : -0x1p-30));
    double expected = 0x1p-60 * 1000 / 999;
    assert_true(fabs(exact_sum_variance(&s) / expected - 1) < 1e-15);
}

static void known_small_samples(void **state)
{
    (void)state;
    struct exact_sum s = {0};
    assert_true(isnan(exact_sum_mean(&s)));
    assert_true(isnan(exact_sum_variance(&s)));
    assert_true(isnan(exact_sum_hit_rate(&s)));
    exact_sum_add(&s, -0.5);
    assert_true(exact_sum_mean(&s) == -0.5);
    assert_true(isnan(exact_sum_variance(&s)));
    assert_true(exact_sum_hit_rate(&s) == 0);
    exact_sum_add(&s, 0.25);
    exact_sum_add(&s, 0);
    assert_true(exact_sum_mean(&s) == -0.25 / 3);
    assert_true(fabs(exact_sum_variance(&s) - 0.14583333333333334) < 1e-16);
    assert_true(exact_sum_hit_rate(&s) == 1.0 / 3);
}

static void returns_beyond_the_limit_count_as_the_limit(void **state)
{
    (void)state;
    struct exact_sum s = {0};
    for (int i = 0; i < 1000; i++) {
        exact_sum_add(&s, 1e300);
        exact_sum_add(&s, -INFINITY);
    }
    assert_true(exact_sum_mean(&s) == 0);
    assert_true(fabs(exact_sum_variance(&s) / (1023.0 * 1023 * 2000 / 1999) - 1) < 1e-14);
    assert_int_equal(s.hits, 1000);
}

static void squares_carry_into_the_high_word(void **state)
{
    (void)state;
    struct exact_sum s = {0}, part = {0};
    for (int i = 0; i < 100; i++)
        exact_sum_add(&part, i % 2 ? 1023 : -1023);
    for (int i = 0; i < 1000; i++)
        exact_sum_merge(&s, &part);
    assert_true(s.squares_high > 0);
    double expected = 1023.0 * 1023 * 100000 / 99999;
    assert_true(fabs(exact_sum_variance(&s) / expected - 1) < 1e-14);
    for (int i = 0; i < 999; i++)
        exact_sum_subtract(&s, &part);
    assert_true(exact_sum_equal(&s, &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_return_is_added_without_rounding),
        cmocka_unit_test(order_and_cuts_do_not_matter),
        cmocka_unit_test(moments_agree_with_two_passes_in_long_double),
        cmocka_unit_test(equal_values_have_no_variance_at_all),
        cmocka_unit_test(the_variance_survives_cancellation),
        cmocka_unit_test(known_small_samples),
        cmocka_unit_test(returns_beyond_the_limit_count_as_the_limit),
        cmocka_unit_test(squares_carry_into_the_high_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
