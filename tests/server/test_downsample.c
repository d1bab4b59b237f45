#include "server/results/downsample.h"

#include "base/decimal.h"
#include "base/random.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { CURVE_MAX = 5000 };

struct curve {
    int64_t total;
    struct equity_record all[CURVE_MAX];
    struct equity_record kept[CURVE_MAX];
    int64_t kept_count;
};

static void keep(void *context, const struct equity_record *r)
{
    struct curve *c = context;
    assert_true(c->kept_count < CURVE_MAX);
    c->kept[c->kept_count++] = *r;
}

/* at_ns is the index. */
static struct curve *make_curve(int64_t total, uint64_t seed, int64_t step)
{
    struct curve *c = calloc(1, sizeof(*c));
    struct random random;
    int64_t equity = 1000 * DECIMAL_ONE, peak = 0;
    random_seed(&random, seed);
    c->total = total;
    for (int64_t i = 0; i < total; i++) {
        peak = equity > peak ? equity : peak;
        c->all[i].point.at_ns = i;
        c->all[i].point.equity = equity;
        c->all[i].peak = peak;
        equity += (int64_t)random_below(&random, (uint64_t)(2 * step + 1)) - step;
    }
    return c;
}

static void run(struct curve *c, int64_t points)
{
    struct downsample d;
    c->kept_count = 0;
    downsample_init(&d, c->total, points, keep, c);
    for (int64_t i = 0; i < c->total; i++)
        downsample_add(&d, &c->all[i]);
}

struct extremes {
    int64_t low, high;
    double deepest;
};

static struct extremes extremes_of(const struct equity_record *r, int64_t count)
{
    struct extremes x = {INT64_MAX, INT64_MIN, -1};
    for (int64_t i = 0; i < count; i++) {
        double drawdown = equity_record_drawdown(&r[i]);
        x.low = r[i].point.equity < x.low ? r[i].point.equity : x.low;
        x.high = r[i].point.equity > x.high ? r[i].point.equity : x.high;
        x.deepest = drawdown > x.deepest ? drawdown : x.deepest;
    }
    return x;
}

static void assert_good(const struct curve *c, int64_t points)
{
    struct extremes all = extremes_of(c->all, c->total);
    struct extremes kept = extremes_of(c->kept, c->kept_count);
    assert_true(c->kept_count <= points);
    assert_int_equal(c->kept[0].point.at_ns, 0);
    assert_int_equal(c->kept[c->kept_count - 1].point.at_ns, c->total - 1);
    for (int64_t i = 0; i < c->kept_count; i++) {
        assert_true(i == 0 || c->kept[i].point.at_ns > c->kept[i - 1].point.at_ns);
        assert_int_equal(c->kept[i].point.equity, c->all[c->kept[i].point.at_ns].point.equity);
    }
    assert_int_equal(kept.low, all.low);
    assert_int_equal(kept.high, all.high);
    assert_true(kept.deepest == all.deepest);
}

static void no_extreme_is_lost(void **state)
{
    (void)state;
    static const int64_t totals[] = {1, 2, 5, 6, 7, 11, 99, 100, 101, 1000, CURVE_MAX};
    static const int64_t points[] = {5, 6, 9, 10, 11, 50, 100, 333, 4999};
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        struct curve *c = make_curve(totals[i], 7 + i, 3 * DECIMAL_ONE);
        for (size_t k = 0; k < sizeof(points) / sizeof(points[0]); k++) {
            run(c, points[k]);
            assert_good(c, points[k]);
        }
        free(c);
    }
}

/* The deepest drawdown of a bucket may be neither its lowest point nor at an end. */
static void the_deepest_drawdown_stays_where_it_is_not_the_lowest_point(void **state)
{
    (void)state;
    static const int64_t equity[] = {100, 90, 200, 150, 199, 198, 201, 202, 203, 204};
    struct curve *c = calloc(1, sizeof(*c));
    c->total = 10;
    for (int i = 0; i < 10; i++) {
        c->all[i].point.at_ns = i;
        c->all[i].point.equity = equity[i] * DECIMAL_ONE;
        c->all[i].peak = (i < 2 ? 100 : i < 6 ? 200 : equity[i]) * DECIMAL_ONE;
    }
    run(c, 5);
    assert_good(c, 5);
    assert_int_equal(c->kept_count, 4); /* 0, 1, 3, 9: the highest is the last */
    assert_int_equal(c->kept[2].point.at_ns, 3);
    free(c);
}

static void a_curve_of_no_more_points_than_asked_for_stays_whole(void **state)
{
    (void)state;
    struct curve *c = make_curve(100, 3, DECIMAL_ONE);
    run(c, 100);
    assert_int_equal(c->kept_count, 100);
    run(c, 99);
    assert_true(c->kept_count < 100);
    c->total = 0;
    run(c, 5);
    assert_int_equal(c->kept_count, 0);
    free(c);
}

static void of_a_flat_curve_the_ends_of_each_part_stay(void **state)
{
    (void)state;
    struct curve *c = make_curve(1000, 3, 0);
    run(c, 50);
    assert_int_equal(c->kept_count, 20); /* ten buckets, first and last */
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_extreme_is_lost),
        cmocka_unit_test(the_deepest_drawdown_stays_where_it_is_not_the_lowest_point),
        cmocka_unit_test(a_curve_of_no_more_points_than_asked_for_stays_whole),
        cmocka_unit_test(of_a_flat_curve_the_ends_of_each_part_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
