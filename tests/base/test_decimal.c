#include "base/decimal.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_parses(const char *text, int64_t expected)
{
    int64_t value = -77;
    struct error e = {0};
    enum err err = decimal_parse(text, strlen(text), &value, &e);
    if (err || value != expected)
        fail_msg("'%s' gave %lld (%s)", text, (long long)value, e.message);
}

static void assert_refused(const char *text, const char *why)
{
    int64_t value = -77;
    struct error e = {0};
    assert_int_equal(decimal_parse(text, strlen(text), &value, &e), ERR_INVALID);
    assert_int_equal(value, -77);
    if (!strstr(e.message, why))
        fail_msg("'%s' says: %s", text, e.message);
}

static void plain_decimals_parse_exactly(void **state)
{
    (void)state;
    assert_parses("0", 0);
    assert_parses("-0", 0);
    assert_parses("-0.0", 0);
    assert_parses("12", 12000000);
    assert_parses("-0.5", -500000);
    assert_parses("1.250000", 1250000);
    assert_parses("0.000001", 1);
    assert_parses("-0.000001", -1);
    assert_parses("100.10", 100100000);
    assert_parses("9223372036854.775807", INT64_MAX);
    assert_parses("-9223372036854.775808", INT64_MIN);
}

static void zeros_behind_the_sixth_decimal_do_not_matter(void **state)
{
    (void)state;
    assert_parses("1.2500000", 1250000);
    assert_parses("0.00000100000000000000000000000000", 1);
    assert_refused("1.2500001", "more than 6 decimals");
    assert_refused("0.0000001", "more than 6 decimals");
}

static void only_the_length_given_is_read(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_int_equal(decimal_parse("12.5,7", 4, &value, NULL), ERR_OK);
    assert_int_equal(value, 12500000);
}

static void what_is_not_a_decimal_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",    "-",  "+1",   ".5",    "5.",       "-.5", "1e3",
                         " 1",  "1 ", "1,5",  "0x10",  "nan",      "inf", "1.2.3",
                         "--1", "1-", "1.-5", "1_000", "\xd9\xa1", "'"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(bad[i], "is not a decimal");
    assert_refused("007", "leading zero");
    assert_refused("-00.5", "leading zero");
}

static void values_beyond_int64_are_refused(void **state)
{
    (void)state;
    assert_refused("9223372036854.775808", "out of range");
    assert_refused("-9223372036854.775809", "out of range");
    assert_refused("9223372036855", "out of range");
    assert_refused("18446744073709.551616", "out of range");
    assert_refused("99999999999999999999999999999999999999999999999999", "out of range");
}

static void formatting_is_the_shortest_form(void **state)
{
    (void)state;
    const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {1, "0.000001"},
                {-1, "-0.000001"},
                {-500000, "-0.5"},
                {12000000, "12"},
                {100100000, "100.1"},
                {1000001, "1.000001"},
                {INT64_MAX, "9223372036854.775807"},
                {INT64_MIN, "-9223372036854.775808"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[DECIMAL_MAX_TEXT];
        assert_int_equal(decimal_format(rows[i].value, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        assert_parses(text, rows[i].value);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = *seed ^ (*seed >> 33);
    x *= 0xff51afd7ed558ccdu;
    return x ^ (x >> 33);
}

/* The C library reads the decimal's text as the nearest double: the referee. */
static void the_double_of_a_decimal_is_the_nearest(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 200000; i++) {
        int64_t value = (int64_t)next_random(&seed) >> (i % 60);
        char text[DECIMAL_MAX_TEXT];
        decimal_format(value, text);
        double expected = strtod(text, NULL);
        if (decimal_to_double(value) != expected)
            fail_msg("%s became %.17g", text, decimal_to_double(value));
    }
    assert_true(decimal_to_double(INT64_MAX) == 9223372036854.775807);
    assert_true(decimal_to_double(INT64_MIN) == -9223372036854.775808);
    assert_true(decimal_to_double((INT64_C(1) << 53) + 1) == 9007199254.740993);
}

/* Doubles lie closer than 1e-6 below 2^33, so every decimal there has one of its own. */
static void a_decimal_survives_the_way_through_a_double(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 200000; i++) {
        int64_t value = (int64_t)next_random(&seed) >> (11 + i % 50);
        int64_t back = 0;
        assert_true(decimal_from_double(decimal_to_double(value), &back));
        if (back != value)
            fail_msg("%lld came back as %lld", (long long)value, (long long)back);
    }
}

/* Beyond 2^33 several decimals share a double; the one that comes back must still be that
 * double. */
static void a_large_double_gives_a_decimal_that_rounds_to_it(void **state)
{
    (void)state;
    uint64_t seed = 13;
    for (int i = 0; i < 100000; i++) {
        double x = decimal_to_double((int64_t)next_random(&seed) >> (i % 10));
        int64_t value = 0;
        if (!decimal_from_double(x, &value)) {
            assert_true(fabs(x) > 9223372036854.77);
            continue;
        }
        if (decimal_to_double(value) != x)
            fail_msg("%.17g became %lld", x, (long long)value);
    }
}

static void doubles_that_are_no_decimal_are_refused(void **state)
{
    (void)state;
    const double bad[] = {NAN,   INFINITY, -INFINITY, 1e-7, 0.1 + 0.2, 1.0 / 3,          1e13,
                          1e300, -1e13,    5e-324,    M_PI, 0x1p44,    9223372036854.777};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = -77;
        if (decimal_from_double(bad[i], &value))
            fail_msg("%.17g became %lld", bad[i], (long long)value);
        assert_int_equal(value, -77);
    }
    int64_t value = -77;
    assert_true(decimal_from_double(-0.0, &value));
    assert_int_equal(value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_decimals_parse_exactly),
        cmocka_unit_test(zeros_behind_the_sixth_decimal_do_not_matter),
        cmocka_unit_test(only_the_length_given_is_read),
        cmocka_unit_test(what_is_not_a_decimal_is_refused),
        cmocka_unit_test(values_beyond_int64_are_refused),
        cmocka_unit_test(formatting_is_the_shortest_form),
        cmocka_unit_test(the_double_of_a_decimal_is_the_nearest),
        cmocka_unit_test(a_decimal_survives_the_way_through_a_double),
        cmocka_unit_test(a_large_double_gives_a_decimal_that_rounds_to_it),
        cmocka_unit_test(doubles_that_are_no_decimal_are_refused),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
