/* Sums over windows against rational arithmetic: ties are ties, to the last bit. */
#include "base/random.h"
#include "engine/indicators/window_sum.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BARS = 5000, HISTORY = 3000 };

struct series {
    double memory[HISTORY + BARS];
    int64_t k[BARS]; /* the whole numbers, k / 10^decimals */
};

static double power_of_ten(int32_t decimals)
{
    return decimals == 0 ? 1 : 10 * power_of_ten(decimals - 1);
}

/* sum / divisor, rounded once: the quotient in whole units and the rest in long double. */
static double nearest_quotient(__int128 sum, __int128 divisor)
{
    /* Scale so that the quotient has 64 bits or more, divide in integers, let the bits below
     * decide. */
    bool negative = sum < 0;
    __int128 rest = negative ? -sum : sum;
    int shift = 0;
    while (shift < 120 && rest < ((__int128)1 << 120)) {
        rest *= 2;
        shift++;
    }
    __int128 quotient = rest / divisor;
    bool inexact = rest % divisor != 0;
    int dropped = 0;
    while (quotient >= (__int128)1 << 55) {
        inexact |= quotient & 1;
        quotient >>= 1;
        dropped++;
    }
    quotient |=
        inexact; /* a sticky bit: two bits below the mantissa decide, the cast rounds to even */
    double value = ldexp((double)(int64_t)quotient, dropped - shift);
    return negative ? -value : value;
}

static void fill(struct series *s, struct random *r, int64_t base, int64_t step, int32_t decimals)
{
    for (int64_t t = 0; t < HISTORY; t++)
        s->memory[t] = NAN;
    int64_t k = base;
    for (int64_t t = 0; t < BARS; t++) {
        /* flat stretches, so that ties abound */
        if (random_below(r, 4) == 0)
            k += (int64_t)random_below(r, (uint64_t)(2 * step + 1)) - step;
        if (k < 0)
            k = -k;
        s->k[t] = k;
        s->memory[HISTORY + t] = (double)k / power_of_ten(decimals);
    }
}

static void run(const struct series *s, int64_t n, int32_t decimals, bool volume, int64_t most,
                double *out)
{
    void *state = calloc(1, window_sum_state_bytes(n));
    assert_non_null(state);
    for (int64_t from = 0; from < BARS; from += most) {
        struct indicator_block b = {.start = from,
                                    .count = most < BARS - from ? most : BARS - from,
                                    .in = {s->memory + HISTORY + from},
                                    .out = {out + from},
                                    .decimals = decimals,
                                    .volume = volume};
        window_sum_run(state, &b, n, (double)n);
    }
    free(state);
}

static void assert_exact(const struct series *s, int64_t n, int32_t decimals, const double *out)
{
    __int128 sum = 0;
    for (int64_t t = 0; t < BARS; t++) {
        sum += s->k[t] - (t >= n ? s->k[t - n] : 0);
        if (t < n - 1) {
            assert_true(isnan(out[t]));
            continue;
        }
        double expected = nearest_quotient(sum, (__int128)n * (__int128)power_of_ten(decimals));
        if (out[t] != expected)
            fail_msg("n %d, bar %d: expected %.17g, got %.17g", (int)n, (int)t, expected, out[t]);
        /* what a rule asks: price > mean */
        __int128 left = (__int128)s->k[t] * n;
        assert_int_equal(s->memory[HISTORY + t] > out[t], left > sum);
        assert_int_equal(s->memory[HISTORY + t] == out[t], left == sum);
    }
}

static const int64_t periods[] = {1, 2, 3, 7, 20, 200, 1000, 2999};

static void means_of_prices_are_the_nearest_double_and_ties_are_ties(void **state)
{
    (void)state;
    static struct series s;
    static double out[BARS];
    struct random r;
    random_seed(&r, 1);
    for (int32_t decimals = 0; decimals <= 6; decimals++) {
        fill(&s, &r, 10000, 3, decimals);
        for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
            run(&s, periods[p], decimals, false, p % 2 == 0 ? 1024 : 77, out);
            assert_exact(&s, periods[p], decimals, out);
        }
    }
}

static void so_are_means_of_prices_too_large_for_sums_in_doubles(void **state)
{
    (void)state;
    static struct series s;
    static double out[BARS];
    struct random r;
    random_seed(&r, 2);
    fill(&s, &r, INT64_C(1) << 46, INT64_C(1) << 42, 2);
    for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
        run(&s, periods[p], 2, false, 1024, out);
        __int128 sum = 0;
        for (int64_t t = 0; t < BARS; t++) {
            int64_t n = periods[p];
            sum += s.k[t] - (t >= n ? s.k[t - n] : 0);
            if (t >= n - 1)
                assert_true(out[t] == nearest_quotient(sum, (__int128)n * 100));
        }
    }
}

static void whole_volumes_are_exact_with_and_without_the_hint(void **state)
{
    (void)state;
    static struct series s;
    static double hinted[BARS], plain[BARS];
    struct random r;
    random_seed(&r, 3);
    fill(&s, &r, 1000000, 500, 0);
    for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
        run(&s, periods[p], -1, true, 1024, hinted);
        run(&s, periods[p], -1, false, 1024, plain);
        assert_exact(&s, periods[p], 0, hinted);
        for (int64_t t = periods[p] - 1; t < BARS; t++)
            assert_true(hinted[t] == plain[t]);
    }
}

static void volumes_that_are_whole_only_at_times_show_no_seam(void **state)
{
    (void)state;
    static struct series s;
    static double hinted[BARS], plain[BARS], cut[BARS];
    struct random r;
    random_seed(&r, 4);
    fill(&s, &r, 1000000, 500, 0);
    for (int64_t t = 700; t < 1500; t++)
        s.memory[HISTORY + t] += 0.125;
    s.memory[HISTORY + 3000] = 0.1;
    s.memory[HISTORY + 4000] = 1e17;
    for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
        run(&s, periods[p], -1, true, 1024, hinted);
        run(&s, periods[p], -1, false, 1024, plain);
        run(&s, periods[p], -1, true, 13, cut);
        for (int64_t t = periods[p] - 1; t < BARS; t++) {
            assert_true(hinted[t] == cut[t]);
            assert_true(hinted[t] == plain[t]);
        }
    }
}

static void the_first_values_may_come_late(void **state)
{
    (void)state;
    static struct series s;
    double out[100] = {0};
    struct random r;
    random_seed(&r, 5);
    fill(&s, &r, 10000, 3, 2);
    for (int64_t t = 0; t < 30; t++)
        s.memory[HISTORY + t] = NAN;
    void *memory = calloc(1, window_sum_state_bytes(20));
    assert_non_null(memory);
    for (int64_t from = 0; from < 100; from += 10) {
        struct indicator_block b = {.start = from,
                                    .count = 10,
                                    .in = {s.memory + HISTORY + from},
                                    .out = {out + from},
                                    .decimals = 2,
                                    .first = 30};
        window_sum_run(memory, &b, 20, 20);
    }
    free(memory);
    for (int64_t t = 0; t < 100; t++)
        assert_int_equal(isnan(out[t]), t < 49);
    int64_t sum = 0;
    for (int64_t t = 80; t < 100; t++)
        sum += s.k[t];
    assert_true(out[99] == (double)sum / 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_of_prices_are_the_nearest_double_and_ties_are_ties),
        cmocka_unit_test(so_are_means_of_prices_too_large_for_sums_in_doubles),
        cmocka_unit_test(whole_volumes_are_exact_with_and_without_the_hint),
        cmocka_unit_test(volumes_that_are_whole_only_at_times_show_no_seam),
        cmocka_unit_test(the_first_values_may_come_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
