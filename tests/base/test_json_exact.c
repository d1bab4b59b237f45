#include "base/json_exact.h"

#include "base/decimal.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static void assert_int(const char *text, int64_t expected)
{
    int64_t value = -77;
    struct error e = {0};
    if (json_exact_int(text, strlen(text), &value, &e) != ERR_OK || value != expected)
        fail_msg("%s gave %lld (%s)", text, (long long)value, e.message);
}

static void assert_no_int(const char *text, const char *why)
{
    int64_t value = -77;
    struct error e = {0};
    assert_int_equal(json_exact_int(text, strlen(text), &value, &e), ERR_INVALID);
    assert_int_equal(value, -77);
    if (!strstr(e.message, why))
        fail_msg("%s says: %s", text, e.message);
}

static void assert_decimal(const char *text, int64_t expected)
{
    int64_t value = -77;
    struct error e = {0};
    if (json_exact_decimal(text, strlen(text), &value, &e) != ERR_OK || value != expected)
        fail_msg("%s gave %lld (%s)", text, (long long)value, e.message);
}

static void assert_no_decimal(const char *text, const char *why)
{
    int64_t value = -77;
    struct error e = {0};
    assert_int_equal(json_exact_decimal(text, strlen(text), &value, &e), ERR_INVALID);
    assert_int_equal(value, -77);
    if (!strstr(e.message, why))
        fail_msg("%s says: %s", text, e.message);
}

static void whole_numbers_are_exact_in_all_64_bits(void **state)
{
    (void)state;
    assert_int("0", 0);
    assert_int("-0", 0);
    assert_int("7", 7);
    assert_int("9007199254740993", INT64_C(9007199254740993)); /* 2^53 + 1, no double */
    assert_int("9223372036854775807", INT64_MAX);
    assert_int("-9223372036854775808", INT64_MIN);
    assert_no_int("9223372036854775808", "more than 64 bits");
    assert_no_int("-9223372036854775809", "more than 64 bits");
    assert_no_int("1e19", "more than 64 bits");
    assert_no_int("1e300", "more than 64 bits");
    assert_no_int("1e41", "more than 64 bits");
    assert_no_int("123456789012345678901234567890", "more than 64 bits");
}

static void a_whole_number_may_be_written_with_point_and_exponent(void **state)
{
    (void)state;
    assert_int("12.0", 12);
    assert_int("1.2e1", 12);
    assert_int("-120E-1", -12);
    assert_int("0.0000012e7", 12);
    assert_int("1200000000000000000000000000000e-29", 12);
    assert_int("0e99999999", 0);
    assert_int("0.000e-99999999", 0);
    assert_int("1e18", INT64_C(1000000000000000000));
    assert_int("9.223372036854775807e+18", INT64_MAX);
    assert_no_int("0.5", "has a fraction");
    assert_no_int("4503599627370496.2", "has a fraction");
    assert_no_int("9007199254740993.0000000000000000000000000001", "has a fraction");
    assert_no_int("1e-1", "has a fraction");
    assert_no_int("1e-300", "has a fraction");
    assert_no_int("12e-2", "has a fraction");
}

static void decimals_are_exact(void **state)
{
    (void)state;
    assert_decimal("0", 0);
    assert_decimal("-0.0", 0);
    assert_decimal("12.5", 12500000);
    assert_decimal("-0.000001", -1);
    assert_decimal("0.1000000000000000000000000", 100000);
    assert_decimal("1e-05", 10);
    assert_decimal("1E-6", 1);
    assert_decimal("2.5e3", INT64_C(2500000000));
    assert_decimal("9223372036854.775807", INT64_MAX);
    assert_decimal("-9.223372036854775808e12", INT64_MIN);
    assert_decimal("9223372036854775807e-6", INT64_MAX);
    assert_decimal("0e400", 0);
}

static void what_is_no_decimal_is_refused(void **state)
{
    (void)state;
    assert_no_decimal("1e-7", "more than 6 decimals");
    assert_no_decimal("1e-41", "more than 6 decimals");
    assert_no_decimal("1e-307", "more than 6 decimals");
    assert_no_decimal("0.1000001", "more than 6 decimals");
    assert_no_decimal("0.30000000000000004", "more than 6 decimals");
    assert_no_decimal("9223372036854.775808", "out of range");
    assert_no_decimal("1e13", "out of range");
    assert_no_decimal("1e40", "out of range");
    assert_no_decimal("-1e308", "out of range");
}

/* Any place of the point and any exponent that moves it back give the same number. */
static void an_exponent_only_moves_the_point(void **state)
{
    (void)state;
    const char digits[] = "9007199254740993";
    for (int point = 1; point < 16; point++)
        for (int more = 0; more <= 6; more++) {
            char text[64];
            snprintf(text, sizeof text, "%.*s.%se%d", point, digits, digits + point,
                     16 - point - more);
            int64_t unit = 1;
            for (int i = more; i < 6; i++)
                unit *= 10;
            int64_t whole = INT64_C(9007199254740993);
            int64_t expected;
            if (__builtin_mul_overflow(whole, unit, &expected))
                assert_no_decimal(text, "out of range");
            else
                assert_decimal(text, expected);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_exact_in_all_64_bits),
        cmocka_unit_test(a_whole_number_may_be_written_with_point_and_exponent),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(what_is_no_decimal_is_refused),
        cmocka_unit_test(an_exponent_only_moves_the_point),
    };
    return cmocka_run_group_tests_name("json_exact", tests, NULL, NULL);
}
