#include "base/select_rank.h"

#include "base/random.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_MAX = 300 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_selected(const double *given, size_t count, size_t rank)
{
    double values[COUNT_MAX], sorted[COUNT_MAX];
    memcpy(values, given, count * sizeof *values);
    memcpy(sorted, given, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    select_rank(values, count, rank);
    assert_true(values[rank] == sorted[rank]);
    for (size_t i = 0; i < count; i++)
        assert_true(i < rank ? values[i] <= values[rank] : values[i] >= values[rank]);
    if (rank > 0)
        assert_true(select_rank_before(values, rank) == sorted[rank - 1]);
}

static void every_rank_is_where_sorting_would_bring_it(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 4);
    for (int round = 0; round < 400; round++) {
        double values[COUNT_MAX];
        size_t count = 1 + random_below(&r, COUNT_MAX);
        uint64_t kinds = random_below(&r, 2) ? 5 : 1000000; /* many equal ones, or none */
        for (size_t i = 0; i < count; i++)
            values[i] = (double)random_below(&r, kinds) - 2;
        assert_selected(values, count, random_below(&r, count));
    }
}

static void orders_that_resist_are_selected_too(void **state)
{
    (void)state;
    double values[COUNT_MAX];
    for (size_t i = 0; i < COUNT_MAX; i++)
        values[i] = (double)i;
    assert_selected(values, COUNT_MAX, 0);
    assert_selected(values, COUNT_MAX, COUNT_MAX - 1);
    for (size_t i = 0; i < COUNT_MAX; i++) /* the least in the middle, rising to both sides */
        values[i] = (double)(i < COUNT_MAX / 2 ? COUNT_MAX - i : i);
    for (size_t rank = 0; rank < COUNT_MAX; rank++)
        assert_selected(values, COUNT_MAX, rank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rank_is_where_sorting_would_bring_it),
        cmocka_unit_test(orders_that_resist_are_selected_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
