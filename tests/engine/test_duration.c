#include "engine/duration.h"

#include "base/clock.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_duration(const char *text, int64_t expected_ns)
{
    int64_t ns = -1;
    assert_int_equal(duration_parse(text, strlen(text), &ns, NULL), ERR_OK);
    assert_true(ns == expected_ns);
}

static void durations_have_one_number_and_one_unit(void **state)
{
    (void)state;
    assert_duration("90s", 90 * NS_PER_SECOND);
    assert_duration("5m", 5 * NS_PER_MINUTE);
    assert_duration("5M", 5 * NS_PER_MINUTE);
    assert_duration("2h", 120 * NS_PER_MINUTE);
    assert_duration("1d", NS_PER_DAY);
    assert_duration("0m", 0);
    assert_duration("007m", 7 * NS_PER_MINUTE);
    assert_duration("366d", 366 * NS_PER_DAY);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "m",     "5",   "-5m",  "+5m",
                                      "5.5m",     "5x",    "5 m", " 5m",  "5m ",
                                      "5mm",      "1h30m", "d1",  "367d", "9999999999999999999d",
                                      "99999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ns = 77;
        struct error e = {0};
        assert_int_equal(duration_parse(bad[i], strlen(bad[i]), &ns, &e), ERR_INVALID);
        assert_true(ns == 77);
        assert_true(e.message[0] != '\0');
    }
}

static void durations_print_in_their_largest_exact_unit(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {90 * NS_PER_SECOND, "90s"},
        {5 * NS_PER_MINUTE, "5m"},
        {60 * NS_PER_MINUTE, "1h"},
        {90 * NS_PER_MINUTE, "90m"},
        {48 * 60 * NS_PER_MINUTE, "2d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[DURATION_MAX_TEXT];
        assert_int_equal(duration_format(cases[i].ns, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_one_number_and_one_unit),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(durations_print_in_their_largest_exact_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
