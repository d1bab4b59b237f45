#include "base/rfc3339.h"

#include "base/clock.h"
#include "tests/support/test.h"

#include <string.h>

typedef enum err (*parser)(const char *, size_t, int64_t *, struct error *);

static void assert_parses(parser parse, const char *text, int64_t expected)
{
    int64_t ns = -77;
    struct error e = {0};
    enum err err = parse(text, strlen(text), &ns, &e);
    if (err || ns != expected)
        fail_msg("'%s' gave %lld (%s)", text, (long long)ns, e.message);
}

static void assert_refused(parser parse, const char *text, const char *why)
{
    int64_t ns = -77;
    struct error e = {0};
    if (parse(text, strlen(text), &ns, &e) != ERR_INVALID)
        fail_msg("'%s' gave %lld", text, (long long)ns);
    assert_int_equal(ns, -77);
    if (!strstr(e.message, why))
        fail_msg("'%s' says: %s", text, e.message);
    assert_int_equal(parse(text, strlen(text), &ns, NULL), ERR_INVALID);
}

static void stamps_in_all_their_forms_parse(void **state)
{
    (void)state;
    const int64_t t = INT64_C(1704187800) * NS_PER_SECOND; /* 2024-01-02 09:30 */
    assert_parses(rfc3339_parse, "1970-01-01T00:00:00Z", 0);
    assert_parses(rfc3339_parse, "2024-01-02T09:30:00Z", t);
    assert_parses(rfc3339_parse, "2024-01-02t09:30:00z", t);
    assert_parses(rfc3339_parse, "2024-01-02 09:30:00Z", t);
    assert_parses(rfc3339_parse, "2024-01-02T15:00:00+05:30", t);
    assert_parses(rfc3339_parse, "2024-01-02T04:30:00-05:00", t);
    assert_parses(rfc3339_parse, "2024-01-02T09:30:00-00:00", t);
    assert_parses(rfc3339_parse, "2024-01-03T09:29:00+23:59", t);
    assert_parses(rfc3339_parse, "2024-01-02T09:30:00.5Z", t + 500000000);
    assert_parses(rfc3339_parse, "2024-01-02T09:30:00.123456789Z", t + 123456789);
    assert_parses(rfc3339_parse, "2024-01-02T09:30:00.000000001+00:00", t + 1);
    assert_parses(rfc3339_parse, "1969-12-31T23:59:59.999999999Z", -1);
}

static void the_ends_of_the_range_fit(void **state)
{
    (void)state;
    assert_parses(rfc3339_parse, "1678-01-01T00:00:00+23:59", INT64_C(-9214646340) * NS_PER_SECOND);
    assert_parses(rfc3339_parse, "2261-12-31T23:59:59.999999999-23:59",
                  INT64_C(9214732740) * NS_PER_SECOND - 1);
    assert_refused(rfc3339_parse, "1677-12-31T23:59:59Z", "1678 to 2261");
    assert_refused(rfc3339_parse, "2262-01-01T00:00:00Z", "1678 to 2261");
}

static void a_leap_second_is_the_start_of_the_next(void **state)
{
    (void)state;
    const int64_t t = INT64_C(1483228800) * NS_PER_SECOND; /* 2017-01-01 */
    assert_parses(rfc3339_parse, "2016-12-31T23:59:60Z", t);
    assert_parses(rfc3339_parse, "2016-12-31T23:59:60.75Z", t);
    assert_parses(rfc3339_parse, "2016-12-31T18:59:60-05:00", t);
    assert_refused(rfc3339_parse, "2016-12-31T23:58:60Z", "end of a month");
    assert_refused(rfc3339_parse, "2016-12-30T23:59:60Z", "end of a month");
    assert_refused(rfc3339_parse, "2016-12-31T23:59:60-05:00", "end of a month");
    assert_refused(rfc3339_parse, "2016-12-31T23:59:61Z", "no such time");
}

static void what_is_not_a_stamp_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *why;
    } rows[] = {{"", "begin with a date"},
                {"2024", "begin with a date"},
                {"24-01-02T09:30:00Z", "begin with a date"},
                {"2024/01/02T09:30:00Z", "begin with a date"},
                {"+2024-01-02T09:30:00Z", "begin with a date"},
                {"2024-02-30T09:30:00Z", "no such day"},
                {"2024-00-10T09:30:00Z", "no such day"},
                {"2024-01-02", "must follow the date"},
                {"2024-01-02_09:30:00Z", "must follow the date"},
                {"2024-01-02T09:30Z", "HH:MM:SS"},
                {"2024-01-02T9:30:00Z", "HH:MM:SS"},
                {"2024-01-02T24:00:00Z", "no such time"},
                {"2024-01-02T09:60:00Z", "no such time"},
                {"2024-01-02T09:30:00.Z", "digits must follow"},
                {"2024-01-02T09:30:00.1234567890Z", "at most 9"},
                {"2024-01-02T09:30:00,5Z", "must end in 'Z'"},
                {"2024-01-02T09:30:00", "must end in 'Z'"},
                {"2024-01-02T09:30:00+0530", "offset must be"},
                {"2024-01-02T09:30:00+5:30", "offset must be"},
                {"2024-01-02T09:30:00+24:00", "offset must be"},
                {"2024-01-02T09:30:00+05:60", "offset must be"},
                {"2024-01-02T09:30:00Z ", "more behind"},
                {"2024-01-02T09:30:00+05:30Z", "more behind"},
                {" 2024-01-02T09:30:00Z", "begin with a date"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(rfc3339_parse, rows[i].text, rows[i].why);
}

static void a_stamp_is_written_with_as_many_decimals_as_it_needs(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {-1, "1969-12-31T23:59:59.999999999Z"},
                {INT64_C(1704187800123000000), "2024-01-02T09:30:00.123Z"},
                {INT64_C(1704187800100000000), "2024-01-02T09:30:00.100Z"},
                {INT64_C(1704187800123456000), "2024-01-02T09:30:00.123456Z"},
                {INT64_C(1704187800000000001), "2024-01-02T09:30:00.000000001Z"},
                {INT64_C(-86400000000000), "1969-12-31T00:00:00Z"},
                {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
                {INT64_MIN, "1677-09-21T00:12:43.145224192Z"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[RFC3339_MAX];
        assert_int_equal(rfc3339_format(rows[i].ns, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        if (rows[i].ns != INT64_MAX && rows[i].ns != INT64_MIN)
            assert_parses(rfc3339_parse, text, rows[i].ns);
    }
}

static void durations_parse(void **state)
{
    (void)state;
    assert_parses(duration_parse, "90s", 90 * NS_PER_SECOND);
    assert_parses(duration_parse, "30m", 30 * NS_PER_MINUTE);
    assert_parses(duration_parse, "2h", 120 * NS_PER_MINUTE);
    assert_parses(duration_parse, "1d", NS_PER_DAY);
    assert_parses(duration_parse, "1h30m", 90 * NS_PER_MINUTE);
    assert_parses(duration_parse, "1d2h3m4s", NS_PER_DAY + 123 * NS_PER_MINUTE + 4 * NS_PER_SECOND);
    assert_parses(duration_parse, "1d0s", NS_PER_DAY);
    assert_parses(duration_parse, "007m", 7 * NS_PER_MINUTE);
    assert_parses(duration_parse, "3653d", 3653 * NS_PER_DAY);
}

static void what_is_not_a_duration_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",   "30",   "m",     "30 m", "30M",  "1.5h", "-5m", "+5m",
                         "0s", "0d0h", "30m1h", "1m1m", "1h30", "1w",   "5ms", "P1D"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(duration_parse, bad[i], "is not a duration");
    const char *long_ones[] = {
        "3654d", "3653d1s", "315619201s", "99999999999999999999s", "9223372036854775807d",
        "87673h"};
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
        assert_refused(duration_parse, long_ones[i], "at most 10 years");
}

static void durations_are_written_in_their_largest_units(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } rows[] = {{0, "0s"},
                {NS_PER_SECOND - 1, "0s"},
                {90 * NS_PER_SECOND, "1m30s"},
                {90 * NS_PER_MINUTE, "1h30m"},
                {NS_PER_DAY, "1d"},
                {3653 * NS_PER_DAY, "3653d"},
                {-NS_PER_MINUTE, "-1m"},
                {-1, "0s"},
                {INT64_MAX, "106751d23h47m16s"},
                {INT64_MIN, "-106751d23h47m16s"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[RFC3339_MAX];
        assert_int_equal(duration_format(rows[i].ns, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
    }
}

static void times_of_day_parse_and_are_written(void **state)
{
    (void)state;
    for (int32_t expected = 0; expected <= 1440; expected++) {
        char text[TIME_OF_DAY_MAX];
        time_of_day_format(expected, text);
        int32_t minutes = -1;
        assert_int_equal(time_of_day_parse(text, 5, &minutes, NULL), ERR_OK);
        assert_int_equal(minutes, expected);
    }
    int32_t minutes = 0;
    assert_int_equal(time_of_day_parse("09:45", 5, &minutes, NULL), ERR_OK);
    assert_int_equal(minutes, 585);
    const char *bad[] = {"",      "9:45",  "09:45:00", "0945",  "24:01",
                         "25:00", "09:60", "ab:cd",    "-1:00", "09:4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error e = {0};
        minutes = -77;
        assert_int_equal(time_of_day_parse(bad[i], strlen(bad[i]), &minutes, &e), ERR_INVALID);
        assert_int_equal(minutes, -77);
        assert_non_null(strstr(e.message, "is not a time of day"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_in_all_their_forms_parse),
        cmocka_unit_test(the_ends_of_the_range_fit),
        cmocka_unit_test(a_leap_second_is_the_start_of_the_next),
        cmocka_unit_test(what_is_not_a_stamp_is_refused),
        cmocka_unit_test(a_stamp_is_written_with_as_many_decimals_as_it_needs),
        cmocka_unit_test(durations_parse),
        cmocka_unit_test(what_is_not_a_duration_is_refused),
        cmocka_unit_test(durations_are_written_in_their_largest_units),
        cmocka_unit_test(times_of_day_parse_and_are_written),
    };
    return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
