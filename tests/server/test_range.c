#include "tests/support/test.h"

#include "base/civil.h"
#include "base/clock.h"
#include "server/api/range.h"

#include <string.h>

static struct time_range_ends ends_of(const char *from, const char *to)
{
    struct http_request r = {0};
    struct time_range_ends ends;
    if (from)
        r.query[r.query_count++] = (struct http_field){"from", from};
    if (to)
        r.query[r.query_count++] = (struct http_field){"to", to};
    assert_int_equal(time_range_query(&r, &ends, NULL), ERR_OK);
    return ends;
}

static struct time_range settle(const char *from, const char *to)
{
    const struct zone *zone;
    struct time_range range;
    struct time_range_ends ends = ends_of(from, to);
    assert_int_equal(zone_find("America/New_York", &zone, NULL), ERR_OK);
    assert_int_equal(time_range_settle(&ends, zone, "?to", &range, NULL), ERR_OK);
    return range;
}

static int64_t utc(int32_t year, int32_t month, int32_t day, int hour)
{
    struct civil_date date = {year, month, day};
    return civil_to_days(date) * NS_PER_DAY + hour * 60 * NS_PER_MINUTE;
}

static void ends_that_are_left_out_are_open(void **state)
{
    (void)state;
    struct time_range r = settle(NULL, NULL);
    assert_true(r.from_ns == INT64_MIN && r.to_ns == INT64_MAX);
}

static void dates_are_days_of_the_zone_and_to_is_inclusive(void **state)
{
    (void)state;
    struct time_range r = settle("2024-01-02", "2024-01-02");
    assert_true(r.from_ns == utc(2024, 1, 2, 5) && r.to_ns == utc(2024, 1, 3, 5));
    r = settle("2024-03-10", "2024-03-10"); /* the clocks go forward: 23 hours */
    assert_true(r.from_ns == utc(2024, 3, 10, 5) && r.to_ns == utc(2024, 3, 11, 4));
}

static void instants_are_exact_and_to_is_exclusive(void **state)
{
    (void)state;
    struct time_range r = settle("2024-01-02T05:00:00Z", "2024-01-02T09:00:00 03:00");
    assert_true(r.from_ns == utc(2024, 1, 2, 5) && r.to_ns == utc(2024, 1, 2, 6));
}

static void dates_beyond_what_a_time_holds_are_the_open_ends(void **state)
{
    (void)state;
    struct time_range r = settle("0001-01-01", "9999-12-31");
    assert_true(r.from_ns == INT64_MIN && r.to_ns == INT64_MAX);
}

static void a_range_with_nothing_in_it_is_refused(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"2024-01-03", "2024-01-02"},
        {"2024-01-02T10:00:00Z", "2024-01-02T10:00:00Z"},
        {"9999-01-01", "9999-12-31"},
        {"2024-01-03T06:00:00Z", "2024-01-02"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct error e;
        struct time_range range;
        struct time_range_ends ends = ends_of(pairs[i][0], pairs[i][1]);
        assert_int_equal(time_range_settle(&ends, zone_utc(), "/to", &range, &e), ERR_INVALID);
        assert_string_equal(e.pointer, "/to");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_that_are_left_out_are_open),
        cmocka_unit_test(dates_are_days_of_the_zone_and_to_is_inclusive),
        cmocka_unit_test(instants_are_exact_and_to_is_exclusive),
        cmocka_unit_test(dates_beyond_what_a_time_holds_are_the_open_ends),
        cmocka_unit_test(a_range_with_nothing_in_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
