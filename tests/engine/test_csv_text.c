#include "engine/csv/csv_text.h"

#include "base/random.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

static void lines_end_with_or_without_a_carriage_return(void **state)
{
    (void)state;
    const char text[] = "ab\r\n\nc\n\r\nlast";
    static const char *const lines[] = {"ab", "", "c", "", "last"};
    const char *at = text, *end = text + sizeof(text) - 1;
    for (size_t i = 0; i < 5; i++) {
        size_t length;
        const char *start = at;
        at = csv_line(at, end, &length);
        assert_int_equal(length, strlen(lines[i]));
        assert_memory_equal(start, lines[i], length);
    }
    assert_ptr_equal(at, end);
}

static void fields_lose_quotes_and_spaces_and_know_their_place(void **state)
{
    (void)state;
    const char line[] = " a ,\"b, \"\"c\"\"\", ,,\t d e\t,\" f \" ";
    static const struct {
        const char *text;
        int32_t column;
    } want[] = {{"a", 2}, {"b, \"\"c\"\"", 5}, {"", 17}, {"", 18}, {"d e", 21}, {" f ", 26}};
    struct csv_field fields[8];
    const char *problem;
    assert_int_equal(csv_split(line, strlen(line), ',', fields, 8, &problem), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(fields[i].length, strlen(want[i].text));
        assert_memory_equal(fields[i].text, want[i].text, fields[i].length);
        assert_int_equal(fields[i].column, want[i].column);
    }
    assert_int_equal(csv_split("a\t\tb\t", 5, '\t', fields, 8, &problem), 4);
    assert_int_equal(fields[2].length, 1);
    assert_int_equal(csv_split("", 0, ',', fields, 8, &problem), 1);
}

static void odd_quotes_and_too_many_fields_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int32_t column;
        const char *problem;
    } rows[] = {{"1,\"2", 3, "not closed"},
                {"1,\"2\"\"", 3, "not closed"},
                {"1, \"2\"x,3", 4, "behind"},
                {"1,2,3,4", 7, "too many"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct csv_field fields[3];
        const char *problem = NULL;
        assert_int_equal(csv_split(rows[i].line, strlen(rows[i].line), ',', fields, 3, &problem),
                         -1);
        assert_int_equal(fields[0].column, rows[i].column);
        assert_non_null(strstr(problem, rows[i].problem));
    }
}

static void words_and_signs_are_told_from_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum csv_number_state state;
        double value;
    } rows[] = {{"0", CSV_NUMBER_OK, 0},
                {"00012", CSV_NUMBER_OK, 12},
                {"12.50", CSV_NUMBER_OK, 12.5},
                {"1e3", CSV_NUMBER_OK, 1000},
                {"1.5E-2", CSV_NUMBER_OK, 0.015},
                {"-0", CSV_NUMBER_OK, 0},
                {"-0.00", CSV_NUMBER_OK, 0},
                {"12345678901234567890", CSV_NUMBER_OK, 12345678901234567890.0},
                {"22532.05078125", CSV_NUMBER_OK, 22532.05078125},
                {"101.23000000000000398", CSV_NUMBER_OK, 101.23},
                {"", CSV_NUMBER_EMPTY, 0},
                {"nan", CSV_NUMBER_NOT_FINITE, 0},
                {"NaN", CSV_NUMBER_NOT_FINITE, 0},
                {"-inf", CSV_NUMBER_NOT_FINITE, 0},
                {"null", CSV_NUMBER_NOT_FINITE, 0},
                {"N/A", CSV_NUMBER_NOT_FINITE, 0},
                {"1e999", CSV_NUMBER_NONE, 0},
                {"-1", CSV_NUMBER_NEGATIVE, 0},
                {"-0.01", CSV_NUMBER_NEGATIVE, 0},
                {".5", CSV_NUMBER_NONE, 0},
                {"5.", CSV_NUMBER_NONE, 0},
                {"+5", CSV_NUMBER_NONE, 0},
                {"1,5", CSV_NUMBER_NONE, 0},
                {"1.2.3", CSV_NUMBER_NONE, 0},
                {"0x10", CSV_NUMBER_NONE, 0},
                {"12a", CSV_NUMBER_NONE, 0},
                {"1 2", CSV_NUMBER_NONE, 0},
                {".", CSV_NUMBER_NONE, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double x = 0;
        if (csv_number_read(rows[i].text, strlen(rows[i].text), 1, &x) != rows[i].state)
            fail_msg("'%s' is read as another kind", rows[i].text);
        assert_memory_equal(&x, &rows[i].value, sizeof(x));
        assert_true(strlen(csv_number_problem(rows[i].state)) > 0);
    }
}

static void random_number(struct random *r, char *out, size_t size)
{
    int before = 1 + (int)random_below(r, 17), after = (int)random_below(r, 12);
    size_t n = 0;
    for (int i = 0; i < before && n + 2 < size; i++)
        out[n++] = (char)('0' + random_below(r, 10));
    if (after > 0)
        out[n++] = '.';
    for (int i = 0; i < after && n + 1 < size; i++)
        out[n++] = (char)('0' + random_below(r, 10));
    out[n] = '\0';
}

static void numbers_are_the_nearest_doubles(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 21);
    int64_t read = 0;
    for (int round = 0; round < 200000; round++) {
        char text[48];
        double x;
        random_number(&r, text, sizeof(text));
        if (csv_number_read(text, strlen(text), 1, &x) != CSV_NUMBER_OK)
            continue; /* long ones with leading zeros */
        double want = strtod(text, NULL);
        assert_memory_equal(&x, &want, sizeof(x));
        read++;
    }
    assert_true(read > 150000);
}

static void the_fast_path_reads_what_the_slow_one_reads(void **state)
{
    (void)state;
    static const char ends[] = ",;\t\n\r x\".-e";
    struct random r;
    double divisor[CSV_MAX_DECIMALS + 1];
    random_seed(&r, 22);
    int64_t taken = 0;
    for (int round = 0; round < 200000; round++) {
        static const int64_t scales[] = {1, 100, 10000, 7, 1000000};
        char text[96] = {0};
        int64_t scale = scales[random_below(&r, 5)];
        csv_divisors(scale, divisor);
        random_number(&r, text, 48);
        size_t length = strlen(text);
        text[length] = ends[random_below(&r, sizeof(ends) - 1)];
        const char *at = text;
        double fast = -1, slow = -2;
        if (!csv_number_fast(&at, divisor, &fast) || *at != text[length])
            continue;
        assert_ptr_equal(at, text + length);
        assert_int_equal(csv_number_read(text, length, scale, &slow), CSV_NUMBER_OK);
        assert_memory_equal(&fast, &slow, sizeof(fast));
        taken++;
    }
    assert_true(taken > 50000);
}

static void the_fast_path_leaves_everything_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", ",", "-1", "nan", ".5", "5.", "1.x", "1234567890123456", "12345678.5", "\"1\"", " 1"};
    double divisor[CSV_MAX_DECIMALS + 1], x;
    csv_divisors(1, divisor);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[64] = {0};
        snprintf(text, sizeof(text), "%s,", texts[i]);
        const char *at = text;
        assert_false(csv_number_fast(&at, divisor, &x));
        assert_ptr_equal(at, text);
    }
}

static void a_skip_stops_at_the_first_delimiter_break_or_quote(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 23);
    for (int round = 0; round < 50000; round++) {
        static const char alphabet[] = "abc-:0129 \x2d\x0b\x80\xff";
        char text[96];
        size_t stop = (size_t)random_below(&r, 40);
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = alphabet[random_below(&r, sizeof(alphabet) - 1)];
        text[stop] = ",\n\""[random_below(&r, 3)];
        const char *found = csv_skip_fast(text, text + 56, CSV_EACH_BYTE(','));
        if (text[stop] == '"')
            assert_null(found);
        else
            assert_ptr_equal(found, text + stop);
        assert_null(csv_skip_fast(text, text + stop / 8 * 8, CSV_EACH_BYTE(',')));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_or_without_a_carriage_return),
        cmocka_unit_test(fields_lose_quotes_and_spaces_and_know_their_place),
        cmocka_unit_test(odd_quotes_and_too_many_fields_are_told),
        cmocka_unit_test(words_and_signs_are_told_from_numbers),
        cmocka_unit_test(numbers_are_the_nearest_doubles),
        cmocka_unit_test(the_fast_path_reads_what_the_slow_one_reads),
        cmocka_unit_test(the_fast_path_leaves_everything_else),
        cmocka_unit_test(a_skip_stops_at_the_first_delimiter_break_or_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
