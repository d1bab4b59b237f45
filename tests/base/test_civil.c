#include "base/civil.h"
#include "tests/support/test.h"

#include <string.h>

static int32_t parsed(const char *text)
{
    int32_t days = INT32_MIN;
    assert_true(civil_parse(text, strlen(text), &days));
    return days;
}

static void known_dates_have_known_day_numbers(void **state)
{
    (void)state;
    assert_int_equal(parsed("1970-01-01"), 0);
    assert_int_equal(parsed("1969-12-31"), -1);
    assert_int_equal(parsed("2000-02-29"), 11016);
    assert_int_equal(parsed("2000-03-01"), 11017);
    assert_int_equal(parsed("2024-12-31"), 20088);
    assert_int_equal(parsed("0001-01-01"), -719162);
    assert_int_equal(parsed("9999-12-31"), 2932896);
}

/* An independent calendar: count day by day with the rules spelled out. */
static void every_day_of_ten_thousand_years_follows_the_day_before(void **state)
{
    (void)state;
    static const int lengths[2][12] = {{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
                                       {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}};
    int32_t days = -719162;
    int32_t weekday = 1; /* 0001-01-01 was a Monday */
    for (int32_t year = 1; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int32_t month = 1; month <= 12; month++)
            for (int32_t day = 1; day <= lengths[leap][month - 1]; day++) {
                struct civil_date date = {year, month, day};
                struct civil_date back = civil_from_days(days);
                if (civil_to_days(date) != days || back.year != year || back.month != month ||
                    back.day != day || civil_weekday(days) != weekday)
                    fail_msg("wrong at %d-%d-%d", year, month, day);
                days++;
                weekday = weekday % 7 + 1;
            }
    }
    assert_int_equal(days, 2932897);
}

static void days_far_outside_the_calendar_do_not_overflow(void **state)
{
    (void)state;
    assert_true(civil_from_days(INT32_MAX).year > 5000000);
    assert_true(civil_from_days(INT32_MIN).year < -5000000);
    assert_in_range(civil_weekday(INT32_MAX), 1, 7);
    assert_in_range(civil_weekday(INT32_MIN), 1, 7);
    /* day 0 of the shifted calendar and the day before it */
    assert_int_equal(civil_from_days(-719468).month, 3);
    assert_int_equal(civil_from_days(-719469).month, 2);
    assert_int_equal(civil_from_days(-719469).day, 29);
}

static void dates_that_do_not_exist_are_invalid(void **state)
{
    (void)state;
    const struct civil_date bad[] = {{2023, 2, 29}, {1900, 2, 29}, {2024, 4, 31}, {2024, 0, 1},
                                     {2024, 13, 1}, {2024, 1, 0},  {0, 1, 1},     {10000, 1, 1},
                                     {2024, 1, 32}, {-5, 1, 1},    {2024, -1, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(civil_valid(bad[i]));
    assert_true(civil_valid((struct civil_date){2000, 2, 29}));
}

static void parsing_wants_exactly_ten_characters(void **state)
{
    (void)state;
    const char *bad[] = {"",           "2024-1-01",  "2024-01-1",   "2024/01/01", "2024-01-01 ",
                         " 2024-01-0", "20240101",   "2024-02-30",  "0000-01-01", "2024-13-01",
                         "+024-01-01", "2024-01-0x", "2024-01-01T", "-024-01-01", "2024--1-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t days = 77;
        assert_false(civil_parse(bad[i], strlen(bad[i]), &days));
        assert_int_equal(days, 77);
    }
}

static void formatting_is_the_inverse_of_parsing(void **state)
{
    (void)state;
    const char *dates[] = {"0001-01-01", "0999-12-31", "1970-01-01", "2024-02-29", "9999-12-31"};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        char text[11];
        civil_format(parsed(dates[i]), text);
        assert_string_equal(text, dates[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates_have_known_day_numbers),
        cmocka_unit_test(every_day_of_ten_thousand_years_follows_the_day_before),
        cmocka_unit_test(days_far_outside_the_calendar_do_not_overflow),
        cmocka_unit_test(dates_that_do_not_exist_are_invalid),
        cmocka_unit_test(parsing_wants_exactly_ten_characters),
        cmocka_unit_test(formatting_is_the_inverse_of_parsing),
    };
    return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
