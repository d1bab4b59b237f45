#include "base/text.h"

#include "tests/support/test.h"

#include <string.h>

static const char *const names[] = {"open", "high", "low",     "close",  "volume",        "sma",
                                    "ema",  "rsi",  "highest", "lowest", "crosses_above", "k"};

static const char *nearest(const char *name)
{
    return text_nearest(name, strlen(name), names, sizeof names / sizeof *names);
}

static void one_edit_is_near(void **state)
{
    (void)state;
    assert_string_equal(nearest("clos"), "close");
    assert_string_equal(nearest("cloose"), "close");
    assert_string_equal(nearest("clase"), "close");
    assert_string_equal(nearest("lowset"), "lowest");
}

static void two_swapped_letters_are_one_edit(void **state)
{
    (void)state;
    assert_string_equal(nearest("ris"), "rsi");
    assert_string_equal(nearest("sam"), "sma");
}

static void case_does_not_count(void **state)
{
    (void)state;
    assert_string_equal(nearest("RSI"), "rsi");
    assert_string_equal(nearest("CLSOE"), "close");
}

static void a_third_of_the_length_is_the_bound(void **state)
{
    (void)state;
    /* 6 bytes: two edits are near, three are not. */
    assert_string_equal(nearest("volxxe"), "volume");
    assert_null(nearest("voxxxe"));
    /* 7 bytes, rounded up: three edits are near. */
    assert_string_equal(nearest("hixxxst"), "highest");
    assert_null(nearest("hxxxxst"));
}

static void the_nearest_wins_and_ties_go_to_the_first(void **state)
{
    (void)state;
    assert_string_equal(nearest("lowes"), "lowest");
    assert_string_equal(nearest("crossesabove"), "crosses_above");
    assert_string_equal(nearest("xma"), "sma");
}

static void what_shares_nothing_is_not_meant(void **state)
{
    (void)state;
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(nearest("zzzzzz"));
    assert_string_equal(nearest("k1"), "k");
    assert_null(text_nearest("close", 5, NULL, 0));
}

static void the_name_ends_at_its_length(void **state)
{
    (void)state;
    assert_string_equal(text_nearest("clos > sma", 4, names, 4), "close");
}

static void long_names_are_neither_near_nor_a_danger(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    const char *const candidates[] = {name, name + 135};
    assert_null(text_nearest(name, 199, candidates, 2));
    assert_null(text_nearest(name, 65, candidates, 1));
    assert_ptr_equal(text_nearest(name, 64, candidates, 2), name + 135);
    assert_ptr_equal(text_nearest(name, 60, candidates, 2), name + 135);
}

static void assert_caret(const char *text, size_t offset, const char *expected)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    text_add_caret(&out, text, strlen(text), offset);
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
}

static void the_caret_stands_under_the_place(void **state)
{
    (void)state;
    assert_caret("close > sma(20", 8, "close > sma(20\n        ^");
    assert_caret("close", 0, "close\n^");
    assert_caret("close", 5, "close\n     ^");
    assert_caret("close", 99, "close\n     ^");
    assert_caret("", 0, "\n^");
}

static void only_the_line_of_the_place_is_shown(void **state)
{
    (void)state;
    assert_caret("first\nsecond\nthird", 8, "second\n  ^");
    assert_caret("first\nsecond\nthird", 5, "first\n     ^");
    assert_caret("first\nsecond\nthird", 6, "second\n^");
    assert_caret("first\r\nsecond", 2, "first\n  ^");
    assert_caret("first\r\nsecond", 6, "first\n     ^");
    assert_caret("first\n", 6, "\n^");
}

static void columns_are_characters(void **state)
{
    (void)state;
    assert_caret("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x", 9,
                 "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x\n   ^");
    /* Inside a character is under it. */
    assert_caret("a\xE2\x82\xAC"
                 "b",
                 2,
                 "a\xE2\x82\xAC"
                 "b\n ^");
    assert_caret("a\xE2\x82\xAC"
                 "b",
                 3,
                 "a\xE2\x82\xAC"
                 "b\n ^");
    assert_caret("a\xE2\x82\xAC"
                 "b",
                 4,
                 "a\xE2\x82\xAC"
                 "b\n  ^");
}

static void what_can_not_be_shown_keeps_its_column(void **state)
{
    (void)state;
    assert_caret("a\tb\x01"
                 "c\x7F"
                 "d",
                 6, "a b?c?d\n      ^");
    assert_caret("\xFF\xC3(\xED\xA0\x80\xE2\x82", 3,
                 "?"
                 "?("
                 "?????\n   ^");
    assert_caret("\xC0\xAF\xF5\x80", 2, "????\n  ^");
}

static void make_line(char *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = (char)('a' + i % 26);
    out[length] = '\0';
}

/* Wherever the place is, the caret stands under its character, in a line of 72 columns. */
static void a_long_line_is_cut_around_the_place(void **state)
{
    (void)state;
    char text[301];
    make_line(text, 300);
    for (size_t offset = 0; offset < 300; offset++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        text_add_caret(&out, text, 300, offset);
        const char *shown = strbuf_text(&out);
        const char *end = strchr(shown, '\n');
        assert_int_equal(end - shown, 72);
        size_t column = strspn(end + 1, " ");
        assert_string_equal(end + 1 + column, "^");
        assert_int_equal(shown[column], text[offset]);
        assert_int_equal(strncmp(shown, "...", 3) == 0, offset > 36);
        assert_int_equal(strncmp(end - 3, "...", 3) == 0, offset < 264);
        strbuf_release(&out);
    }
}

static void a_line_that_just_fits_is_whole(void **state)
{
    (void)state;
    char text[74];
    make_line(text, 72);
    struct strbuf out;
    strbuf_init(&out, 1000);
    text_add_caret(&out, text, 72, 71);
    assert_int_equal(out.length, 72 + 1 + 71 + 1);
    assert_memory_equal(strbuf_text(&out), text, 72);
    strbuf_release(&out);
    make_line(text, 73);
    strbuf_init(&out, 1000);
    text_add_caret(&out, text, 73, 73);
    assert_memory_equal(strbuf_text(&out), "...", 3);
    assert_int_equal(out.length, 72 + 1 + 72 + 1);
    strbuf_release(&out);
}

static void a_text_is_cut_to_the_room_with_its_nul(void **state)
{
    (void)state;
    char out[5] = "....";
    text_fit("ab", out, sizeof out);
    assert_string_equal(out, "ab");
    text_fit("abcd", out, sizeof out);
    assert_string_equal(out, "abcd");
    text_fit("abcdef", out, sizeof out);
    assert_string_equal(out, "abcd");
    text_fit("abcdef", out, 1);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_is_near),
        cmocka_unit_test(two_swapped_letters_are_one_edit),
        cmocka_unit_test(case_does_not_count),
        cmocka_unit_test(a_third_of_the_length_is_the_bound),
        cmocka_unit_test(the_nearest_wins_and_ties_go_to_the_first),
        cmocka_unit_test(what_shares_nothing_is_not_meant),
        cmocka_unit_test(the_name_ends_at_its_length),
        cmocka_unit_test(long_names_are_neither_near_nor_a_danger),
        cmocka_unit_test(the_caret_stands_under_the_place),
        cmocka_unit_test(only_the_line_of_the_place_is_shown),
        cmocka_unit_test(columns_are_characters),
        cmocka_unit_test(what_can_not_be_shown_keeps_its_column),
        cmocka_unit_test(a_long_line_is_cut_around_the_place),
        cmocka_unit_test(a_line_that_just_fits_is_whole),
        cmocka_unit_test(a_text_is_cut_to_the_room_with_its_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
