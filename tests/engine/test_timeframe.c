#include "engine/bars/timeframe.h"

#include "base/clock.h"
#include "tests/support/test.h"

#include <string.h>

static void names_give_minutes_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t minutes;
        const char *canonical;
    } rows[] = {
        {"1m", 1, "1m"},     {"5m", 5, "5m"},       {"15m", 15, "15m"}, {"30m", 30, "30m"},
        {"60m", 60, "1h"},   {"1h", 60, "1h"},      {"2h", 120, "2h"},  {"4h", 240, "4h"},
        {"240m", 240, "4h"}, {"3h", 180, "3h"},     {"90m", 90, "90m"}, {"7m", 7, "7m"},
        {"1d", 0, "1d"},     {"239m", 239, "239m"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct timeframe t;
        char out[8];
        assert_int_equal(timeframe_parse(rows[i].text, strlen(rows[i].text), &t, NULL), ERR_OK);
        assert_int_equal(t.minutes, rows[i].minutes);
        assert_int_equal(timeframe_format(t, out), strlen(rows[i].canonical));
        assert_string_equal(out, rows[i].canonical);
    }
}

static void other_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "m",    "0m", "241m", "5h",  "2d", "1w",
                                        "1M",  "01m",  "1",  "-1m",  "1 m", "m1", "9999m",
                                        "1mm", "1.5h", "0d", "0h",   "d",   "1D"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct timeframe t = {77};
        struct error e;
        assert_int_equal(timeframe_parse(names[i], strlen(names[i]), &t, &e), ERR_INVALID);
        assert_non_null(strstr(e.message, "timeframe"));
        assert_int_equal(t.minutes, 77);
    }
}

static void minute_and_day_are_stored(void **state)
{
    (void)state;
    assert_true(timeframe_is_stored((struct timeframe){1}));
    assert_true(timeframe_is_stored((struct timeframe){0}));
    assert_false(timeframe_is_stored((struct timeframe){5}));
    assert_int_equal(timeframe_ns((struct timeframe){5}), 5 * NS_PER_MINUTE);
    assert_int_equal(timeframe_ns((struct timeframe){0}), NS_PER_DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_give_minutes_and_back),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(minute_and_day_are_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
