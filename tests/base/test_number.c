#include "base/number.h"

#include "base/pow10.h"
#include "tests/support/test.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = *seed ^ (*seed >> 33);
    x *= 0xff51afd7ed558ccdu;
    return x ^ (x >> 33);
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* The digits of a number's text without zeros at either end, and how many. */
static int significant_digits(const char *text, char *out)
{
    int count = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0'))
            out[count++] = *text;
    while (count > 0 && out[count - 1] == '0')
        count--;
    out[count] = '\0';
    return count;
}

/* The slow way: the first precision at which the C library reads back what it printed. It misses
 * shorter texts at powers of two, whose neighbours are not equally far. */
static void assert_shortest(double x)
{
    char text[NUMBER_MAX_TEXT];
    size_t length = number_format(x, text);
    if (length != strlen(text) || !same_double(strtod(text, NULL), x))
        fail_msg("%a became '%s'", x, text);
    char digits[64];
    int count = significant_digits(text, digits);
    for (int precision = 1; precision <= 17; precision++) {
        char reference[64];
        snprintf(reference, sizeof reference, "%.*e", precision - 1, x);
        if (!same_double(strtod(reference, NULL), x))
            continue;
        char expected[64];
        int expected_count = significant_digits(reference, expected);
        int exponent;
        bool power_of_two = fabs(frexp(x, &exponent)) == 0.5;
        if (strcmp(digits, expected) != 0 && !(power_of_two && count < expected_count))
            fail_msg("%a became '%s', the C library says %s", x, text, reference);
        return;
    }
    fail_msg("%a: the reference found nothing", x);
}

static void known_numbers_have_their_known_text(void **state)
{
    (void)state;
    const struct {
        double x;
        const char *text;
    } rows[] = {{0.0, "0"},
                {-0.0, "-0"},
                {1, "1"},
                {-1.5, "-1.5"},
                {0.1, "0.1"},
                {0.1 + 0.2, "0.30000000000000004"},
                {1.0 / 3, "0.3333333333333333"},
                {187.45, "187.45"},
                {0.000001, "0.000001"},
                {0.0000001, "1e-7"},
                {0.00000123, "0.00000123"},
                {1.5e-7, "1.5e-7"},
                {999999999.999999, "999999999.999999"},
                {1234567890.123456, "1234567890.123456"},
                {123456789012345680.0, "123456789012345680"},
                {9007199254740993.0, "9007199254740992"},
                {1e20, "100000000000000000000"},
                {1e21, "1e+21"},
                {1.7976931348623157e308, "1.7976931348623157e+308"},
                {2.2250738585072014e-308, "2.2250738585072014e-308"},
                {5e-324, "5e-324"},
                {-5e-324, "-5e-324"},
                {9e-265, "9e-265"},
                {5.684341886080802e-14, "5.684341886080802e-14"},
                {2e-44, "2e-44"},
                {9.5367431640625e-7, "9.5367431640625e-7"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[NUMBER_MAX_TEXT];
        assert_int_equal(number_format(rows[i].x, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
    }
}

static void any_bits_give_the_shortest_text(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 60000; i++) {
        double x = double_of(next_random(&seed));
        if (isfinite(x))
            assert_shortest(x);
    }
}

static void common_magnitudes_give_the_shortest_text(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 60000; i++) {
        double unit = (double)(next_random(&seed) >> 11) * 0x1p-53;
        assert_shortest(unit * 0.02 - 0.01);
        assert_shortest(unit * 1000);
        assert_shortest((double)(int64_t)(next_random(&seed) >> (i % 64)));
        assert_shortest((double)(next_random(&seed) % 100000000) / 10000);
    }
}

static void powers_of_two_and_their_neighbours_give_the_shortest_text(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        double x = ldexp(1, exponent);
        assert_shortest(x);
        assert_shortest(nextafter(x, INFINITY));
        assert_shortest(nextafter(x, 0) > 0 ? nextafter(x, 0) : x);
    }
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", exponent);
        assert_shortest(strtod(text, NULL));
    }
    assert_shortest(1.7976931348623157e308);
}

static void assert_reads_like_the_library(const char *text)
{
    double x = -77;
    if (!number_parse(text, strlen(text), &x) || !same_double(x, strtod(text, NULL)))
        fail_msg("'%s' gave %.17g", text, x);
}

static void every_form_of_the_grammar_reads_exactly(void **state)
{
    (void)state;
    const char *good[] = {"0", "-0", "-0.0", "0e1", "0E-5", "-0e+9999999999999999999", "1", "-1",
                          "10", "1.0", "1.50", "1e1", "1E1", "1e+1", "1e-1", "1.5e3",
                          "123456789012345678901234567890", "0.1", "0.30000000000000004",
                          "9007199254740993", "9007199254740992", "1e22", "1e23", "1e-22", "1e-23",
                          "8.5e22", "1.7976931348623157e308", "4.9e-324", "1e-400",
                          "0.0000000000000000000000000000001", "2.2250738585072011e-308",
                          "179769313486231570000e288", "1000000000000000000000000e-24",
                          "123e00000000000000000000000000000000002", "1e-99999999999999999999",
                          /* halfway between two doubles, and just above */
                          "1.00000000000000011102230246251565404236316680908203125",
                          "1.00000000000000011102230246251565404236316680908203124",
                          "1.00000000000000011102230246251565404236316680908203126"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_reads_like_the_library(good[i]);
}

static void very_long_numbers_read_exactly(void **state)
{
    (void)state;
    char text[4096];
    /* halfway between 1 and the next double, followed by a thousand zeros and a one: rounds up */
    int n = snprintf(text, sizeof text,
                     "1.00000000000000011102230246251565404236316680908203125%01000d1", 0);
    assert_true(n > 1000);
    double x = 0;
    assert_true(number_parse(text, strlen(text), &x));
    assert_true(x == nextafter(1, 2));
    text[n - 1] = '0';
    assert_true(number_parse(text, strlen(text), &x));
    assert_true(x == 1);
    n = snprintf(text, sizeof text, "0.%02000d1e2001", 0);
    assert_true(number_parse(text, (size_t)n, &x));
    assert_true(x == 1);
    n = snprintf(text, sizeof text, "7%02000de-2000", 0);
    assert_true(number_parse(text, (size_t)n, &x));
    assert_true(x == 7);
}

static void what_is_not_a_json_number_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "-",
                         "+1",
                         ".5",
                         "5.",
                         "01",
                         "-01",
                         "00",
                         "1e",
                         "1e+",
                         "1e-",
                         "1.e1",
                         ".e1",
                         "0x10",
                         "1_000",
                         "1,5",
                         " 1",
                         "1 ",
                         "nan",
                         "NaN",
                         "inf",
                         "Infinity",
                         "-Infinity",
                         "1e400",
                         "-1e400",
                         "1e1.5",
                         "--1",
                         "1-",
                         "1e99999999999999999999",
                         "1.2.3",
                         "\xef\xbc\x91",
                         "1f",
                         "0x1p3",
                         "1797693134862315900000e289"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x = -77;
        if (number_parse(bad[i], strlen(bad[i]), &x))
            fail_msg("'%s' gave %.17g", bad[i], x);
        assert_true(x == -77);
    }
}

static void only_the_length_given_is_read(void **state)
{
    (void)state;
    double x = 0;
    assert_true(number_parse("12.75]", 4, &x));
    assert_true(x == 12.7);
    assert_false(number_parse("12.75]", 6, &x));
    assert_false(number_parse("12.75", 3, &x));
}

static void random_texts_read_like_the_library(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (int i = 0; i < 100000; i++) {
        char text[64];
        uint64_t r = next_random(&seed);
        snprintf(text, sizeof text, "%s%llu.%0*llue%d", r & 1 ? "-" : "",
                 (unsigned long long)(next_random(&seed) >> (r % 64)), (int)(r >> 8 & 15) + 1,
                 (unsigned long long)(next_random(&seed) >> (64 - 3 * ((r >> 8 & 15) + 1))),
                 (int)(r >> 16 & 63) - 32);
        assert_reads_like_the_library(text);
    }
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        skip();
    char text[NUMBER_MAX_TEXT];
    number_format(1.0 / 3, text);
    double x = 0;
    bool ok = number_parse("0.30000000000000004123", 22, &x);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, "0.3333333333333333");
    assert_true(ok && x == 0.1 + 0.2);
}

static void the_powers_of_ten_are_the_known_ones(void **state)
{
    (void)state;
    assert_int_equal(pow10_of(0).high, UINT64_C(1) << 63);
    assert_int_equal(pow10_of(0).low, 0);
    assert_int_equal(pow10_of(1).high, UINT64_C(0xA) << 60);
    /* 1/10 = 0x1.999...p-4, rounded up in the last of 128 bits */
    assert_true(pow10_of(-1).high == UINT64_C(0xCCCCCCCCCCCCCCCC));
    assert_true(pow10_of(-1).low == UINT64_C(0xCCCCCCCCCCCCCCCD));
    /* 10^55 = 5^55 * 2^55 is the largest exact one: 5^55 has 128 bits */
    assert_int_equal(pow10_of(55).low & 1, 1);
    for (int k = POW10_MIN; k <= POW10_MAX; k++) {
        assert_true(pow10_of(k).high >> 63);
        if (k > 308)
            continue;
        char text[16];
        snprintf(text, sizeof text, "1e%d", k);
        assert_int_equal(pow10_floor_log2(k), ilogb(strtod(text, NULL)));
    }
}

static void *format_a_third(void *text)
{
    number_format(1.0 / 3, text);
    return NULL;
}

static void threads_may_format_at_once(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    char texts[THREADS][NUMBER_MAX_TEXT];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, format_a_third, texts[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_string_equal(texts[i], "0.3333333333333333");
    }
}

static void whole_numbers_read_as_the_library_writes_them(void **state)
{
    (void)state;
    static const int64_t values[] = {0,  1,   -1,          9,         10,        -10,
                                     99, 100, 12345678901, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[INTEGER_MAX_TEXT], expected[32];
        size_t length = integer_format(values[i], text);
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        assert_string_equal(text, expected);
        assert_int_equal(length, strlen(expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_format_at_once), /* first: the table is not there yet */
        cmocka_unit_test(the_powers_of_ten_are_the_known_ones),
        cmocka_unit_test(known_numbers_have_their_known_text),
        cmocka_unit_test(whole_numbers_read_as_the_library_writes_them),
        cmocka_unit_test(any_bits_give_the_shortest_text),
        cmocka_unit_test(common_magnitudes_give_the_shortest_text),
        cmocka_unit_test(powers_of_two_and_their_neighbours_give_the_shortest_text),
        cmocka_unit_test(every_form_of_the_grammar_reads_exactly),
        cmocka_unit_test(very_long_numbers_read_exactly),
        cmocka_unit_test(what_is_not_a_json_number_is_refused),
        cmocka_unit_test(only_the_length_given_is_read),
        cmocka_unit_test(random_texts_read_like_the_library),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
