/* Golden dates come from the exchanges' published holiday lists and closing notices. */
#include "engine/bars/calendar.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <string.h>

static const struct calendar *find(const char *name)
{
    const struct calendar *c = NULL;
    assert_int_equal(calendar_find(name, &c, NULL), ERR_OK);
    return c;
}

static int32_t day_of(const char *date)
{
    int32_t day;
    assert_true(civil_parse(date, strlen(date), &day));
    return day;
}

static int64_t at(const char *stamp)
{
    int64_t ns;
    assert_int_equal(rfc3339_parse(stamp, strlen(stamp), &ns, NULL), ERR_OK);
    return ns;
}

static void assert_closed(const struct calendar *c, const char *date)
{
    struct session s;
    if (calendar_session(c, day_of(date), &s))
        fail_msg("%s has a session on %s", calendar_name(c), date);
}

static void assert_session(const struct calendar *c, const char *date, const char *open,
                           const char *close)
{
    struct session s;
    char text[RFC3339_MAX];
    if (!calendar_session(c, day_of(date), &s))
        fail_msg("%s has no session on %s", calendar_name(c), date);
    assert_int_equal(s.day, day_of(date));
    rfc3339_format(s.open_ns, text);
    if (strncmp(text + 11, open, 5) != 0)
        fail_msg("%s opens %s, not %s UTC", date, text, open);
    rfc3339_format(s.close_ns, text);
    if (strncmp(text + 11, close, 5) != 0)
        fail_msg("%s closes %s, not %s UTC", date, text, close);
}

static void new_york_is_closed_on_its_holidays(void **state)
{
    (void)state;
    static const char *const dates[] = {
        "1990-01-01", "1990-02-19", "1990-04-13", "1990-05-28", "1990-07-04", "1990-09-03",
        "1990-11-22", "1990-12-25", "1991-01-01", "1993-12-24", "1994-04-27", "1994-12-26",
        "1995-01-02", "1998-01-19", "1998-07-03", "1999-07-05", "1999-12-24", "2000-04-21",
        "2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2004-06-11", "2004-12-24",
        "2006-01-02", "2007-01-02", "2008-03-21", "2010-07-05", "2010-12-24", "2012-10-29",
        "2012-10-30", "2015-07-03", "2016-12-26", "2017-01-02", "2018-12-05", "2019-04-19",
        "2020-07-03", "2021-01-18", "2021-07-05", "2021-12-24", "2022-06-20", "2022-12-26",
        "2023-01-02", "2023-06-19", "2024-03-29", "2024-06-19", "2025-01-09", "2025-04-18",
        "2025-11-27", "2026-06-19", "2026-07-03", "2027-06-18", "2027-07-05", "2028-04-14",
        "2030-11-28", "2034-01-02", "2035-03-23", "2035-12-25"};
    const struct calendar *c = find("XNYS");
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        assert_closed(c, dates[i]);
}

static void new_york_is_open_on_days_that_look_like_holidays(void **state)
{
    (void)state;
    static const char *const winter[] = {"1993-12-31", "1999-12-31", "2004-12-31", "2010-12-31",
                                         "2021-12-31", "2027-12-31", "1997-01-20", "2007-01-03",
                                         "2008-12-26", "2014-12-26", "1990-11-23", "1991-11-29",
                                         "2024-11-11", "2001-02-12"};
    static const char *const summer[] = {"2021-06-18", "2021-06-21", "2010-07-02", "1994-07-05",
                                         "1994-07-01", "2020-07-06", "2001-09-17", "1996-07-03",
                                         "2002-07-03", "2013-07-05", "2019-07-05", "2009-07-02",
                                         "2024-10-14", "1991-07-03", "1994-05-31"};
    const struct calendar *c = find("XNYS");
    for (size_t i = 0; i < sizeof(winter) / sizeof(winter[0]); i++)
        assert_session(c, winter[i], "14:30", "21:00");
    for (size_t i = 0; i < sizeof(summer) / sizeof(summer[0]); i++)
        assert_session(c, summer[i], "13:30", "20:00");
}

static void new_york_closes_early_where_it_did(void **state)
{
    (void)state;
    static const char *const winter_one[] = {
        "1993-11-26", "1996-11-29", "1996-12-24", "1997-12-24", "1997-12-26", "1998-12-24",
        "2001-12-24", "2003-12-26", "2007-11-23", "2012-12-24", "2015-12-24", "2018-12-24",
        "2020-11-27", "2023-11-24", "2024-12-24", "2025-11-28", "2025-12-24"};
    static const char *const summer_one[] = {
        "1995-07-03", "1996-07-05", "1997-07-03", "2000-07-03", "2001-07-03", "2002-07-05",
        "2003-07-03", "2006-07-03", "2008-07-03", "2012-07-03", "2013-07-03", "2014-07-03",
        "2018-07-03", "2019-07-03", "2023-07-03", "2024-07-03", "2025-07-03"};
    static const char *const winter_two[] = {"1990-12-24", "1991-12-24", "1992-11-27",
                                             "1992-12-24"};
    const struct calendar *c = find("XNYS");
    for (size_t i = 0; i < sizeof(winter_one) / sizeof(winter_one[0]); i++)
        assert_session(c, winter_one[i], "14:30", "18:00");
    for (size_t i = 0; i < sizeof(summer_one) / sizeof(summer_one[0]); i++)
        assert_session(c, summer_one[i], "13:30", "17:00");
    for (size_t i = 0; i < sizeof(winter_two) / sizeof(winter_two[0]); i++)
        assert_session(c, winter_two[i], "14:30", "19:00");
    assert_session(c, "1996-01-08", "16:00", "19:00");
    assert_session(c, "1997-10-27", "14:30", "20:30");
    assert_session(c, "2002-09-11", "16:00", "20:00");
}

static void new_york_opens_at_half_past_nine_across_clock_changes(void **state)
{
    (void)state;
    const struct calendar *c = find("XNYS");
    assert_session(c, "2024-03-08", "14:30", "21:00");
    assert_session(c, "2024-03-11", "13:30", "20:00");
    assert_session(c, "2024-11-01", "13:30", "20:00");
    assert_session(c, "2024-11-04", "14:30", "21:00");
    assert_session(c, "1990-03-30", "14:30", "21:00"); /* April to October until 2006 */
    assert_session(c, "1990-04-02", "13:30", "20:00");
    assert_session(c, "2006-10-27", "13:30", "20:00");
    assert_session(c, "2006-10-30", "14:30", "21:00");
    assert_session(c, "2007-03-12", "13:30", "20:00");
}

static int64_t sessions_in(const struct calendar *c, int32_t year)
{
    int64_t count = 0;
    struct session s;
    int32_t last = civil_to_days((struct civil_date){year, 12, 31});
    for (int32_t day = civil_to_days((struct civil_date){year, 1, 1});
         calendar_next_session(c, day, &s) && s.day <= last; day = s.day + 1)
        count++;
    return count;
}

static void new_york_has_the_known_number_of_sessions_a_year(void **state)
{
    (void)state;
    static const struct {
        int32_t year, sessions;
    } rows[] = {{1990, 253}, {1996, 254}, {1998, 252}, {2001, 248}, {2004, 252}, {2007, 251},
                {2008, 253}, {2012, 250}, {2018, 251}, {2019, 252}, {2020, 253}, {2021, 252},
                {2022, 251}, {2023, 250}, {2024, 252}, {2025, 250}};
    const struct calendar *c = find("XNYS");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(sessions_in(c, rows[i].year), rows[i].sessions);
}

static void a_session_holds_its_open_and_not_its_close(void **state)
{
    (void)state;
    const struct calendar *c = find("XNYS");
    struct session s;
    assert_true(calendar_session_at(c, at("2024-03-11T13:30:00Z"), &s));
    assert_int_equal(s.day, day_of("2024-03-11"));
    assert_true(calendar_session_at(c, at("2024-03-11T19:59:59.999999999Z"), &s));
    assert_false(calendar_session_at(c, at("2024-03-11T20:00:00Z"), &s));
    assert_false(calendar_session_at(c, at("2024-03-11T13:29:59.999999999Z"), &s));
    assert_false(calendar_session_at(c, at("2024-03-10T15:00:00Z"), &s));
    assert_false(calendar_session_at(c, at("1969-12-31T15:00:00Z"), &s));
    assert_int_equal(calendar_day_at(c, at("2024-03-11T03:59:59Z")), day_of("2024-03-10"));
    assert_int_equal(calendar_day_at(c, at("2024-03-11T04:00:00Z")), day_of("2024-03-11"));
}

static void the_next_session_skips_weekends_and_ends_with_the_range(void **state)
{
    (void)state;
    const struct calendar *c = find("XNYS");
    struct session s;
    assert_true(calendar_next_session(c, day_of("2024-03-29"), &s));
    assert_int_equal(s.day, day_of("2024-04-01"));
    assert_true(calendar_next_session(c, INT32_MIN, &s));
    assert_int_equal(s.day, day_of("1990-01-02"));
    assert_true(calendar_next_session(c, day_of("2035-12-31"), &s));
    assert_int_equal(s.day, day_of("2035-12-31"));
    assert_false(calendar_next_session(c, day_of("2036-01-01"), &s));
    assert_closed(c, "1989-12-29");
    assert_closed(c, "2036-01-02");
}

static void india_keeps_its_hours_holidays_and_special_sessions(void **state)
{
    (void)state;
    const struct calendar *c = find("XNSE");
    assert_session(c, "2021-01-01", "03:45", "10:00");
    assert_session(c, "2024-07-16", "03:45", "10:00");
    static const char *const closed[] = {"2021-01-26", "2021-11-05", "2022-10-26", "2023-06-29",
                                         "2024-01-22", "2024-05-20", "2024-11-20", "2025-08-27",
                                         "2025-10-22", "2024-01-21", "2021-11-13"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        assert_closed(c, closed[i]);
    assert_session(c, "2021-11-04", "12:45", "13:45");
    assert_session(c, "2023-11-12", "12:45", "13:45");
    assert_session(c, "2024-11-01", "12:30", "13:30");
    assert_session(c, "2024-01-20", "03:45", "10:00");
    assert_session(c, "2024-03-02", "03:45", "07:00");
    assert_session(c, "2025-02-01", "03:45", "10:00");
    assert_session(c, "2021-02-24", "03:45", "11:30");
    assert_int_equal(sessions_in(c, 2022), 248);
    assert_int_equal(sessions_in(c, 2023), 246);
}

static void a_year_without_a_list_counts_every_weekday(void **state)
{
    (void)state;
    const struct calendar *c = find("XNSE");
    assert_session(c, "2019-08-15", "03:45", "10:00");
    assert_closed(c, "2019-08-17");
    assert_int_equal(sessions_in(c, 2019), 261);
}

static void the_calendar_without_closing_has_utc_days(void **state)
{
    (void)state;
    const struct calendar *c = find("24x7");
    struct session s;
    assert_true(calendar_session(c, day_of("2024-12-25"), &s));
    assert_int_equal(s.open_ns, at("2024-12-25T00:00:00Z"));
    assert_int_equal(s.close_ns, at("2024-12-26T00:00:00Z"));
    assert_true(calendar_session_at(c, at("1969-12-31T23:59:59Z"), &s));
    assert_int_equal(s.day, -1);
    assert_true(calendar_next_session(c, day_of("2100-01-01"), &s));
    assert_int_equal(s.day, day_of("2100-01-01"));
    assert_ptr_equal(calendar_zone(c), zone_utc());
    assert_false(calendar_session(c, INT32_MAX, &s));
}

static void every_session_lies_inside_its_local_day(void **state)
{
    (void)state;
    for (const char *const *name = calendar_names(); *name; name++) {
        const struct calendar *c = find(*name);
        assert_string_equal(calendar_name(c), *name);
        struct session s;
        int32_t last = day_of("2035-12-31");
        int64_t previous_close = INT64_MIN;
        for (int32_t day = day_of("1990-01-01"); calendar_next_session(c, day, &s) && s.day <= last;
             day = s.day + 1) {
            struct session again;
            assert_true(s.open_ns < s.close_ns && s.open_ns >= previous_close);
            assert_true(s.open_ns % NS_PER_MINUTE == 0 && s.close_ns % NS_PER_MINUTE == 0);
            assert_true(calendar_session_at(c, s.open_ns, &again));
            assert_int_equal(again.day, s.day);
            assert_true(calendar_session_at(c, s.close_ns - 1, &again));
            assert_int_equal(again.day, s.day);
            previous_close = s.close_ns;
        }
    }
}

static void an_unknown_calendar_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    const struct calendar *c = NULL;
    struct error e;
    assert_int_equal(calendar_find("XNYZ", &c, &e), ERR_INVALID);
    assert_non_null(strstr(e.message, "XNYS"));
    assert_non_null(strstr(e.message, "24x7"));
    assert_int_equal(calendar_find("", &c, &e), ERR_INVALID);
    assert_null(c);
}

static void *find_from_a_thread(void *context)
{
    const struct calendar **ret = context;
    calendar_find("XNSE", ret, NULL);
    return NULL;
}

static void threads_share_one_calendar(void **state)
{
    (void)state;
    pthread_t threads[4];
    const struct calendar *found[4] = {NULL};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_from_a_thread, &found[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(found[i], find("XNSE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_calendar),
        cmocka_unit_test(new_york_is_closed_on_its_holidays),
        cmocka_unit_test(new_york_is_open_on_days_that_look_like_holidays),
        cmocka_unit_test(new_york_closes_early_where_it_did),
        cmocka_unit_test(new_york_opens_at_half_past_nine_across_clock_changes),
        cmocka_unit_test(new_york_has_the_known_number_of_sessions_a_year),
        cmocka_unit_test(a_session_holds_its_open_and_not_its_close),
        cmocka_unit_test(the_next_session_skips_weekends_and_ends_with_the_range),
        cmocka_unit_test(india_keeps_its_hours_holidays_and_special_sessions),
        cmocka_unit_test(a_year_without_a_list_counts_every_weekday),
        cmocka_unit_test(the_calendar_without_closing_has_utc_days),
        cmocka_unit_test(every_session_lies_inside_its_local_day),
        cmocka_unit_test(an_unknown_calendar_is_refused_with_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
