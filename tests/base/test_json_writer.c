#include "base/json_writer.h"

#include "base/utf8.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct strbuf out;
static struct json_writer w;

static int setup(void **state)
{
    (void)state;
    strbuf_init(&out, 1 << 20);
    json_writer_init(&w, &out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    strbuf_release(&out);
    return 0;
}

static void commas_stand_between_items_and_nowhere_else(void **state)
{
    (void)state;
    json_begin_object(&w);
    json_key(&w, "empty");
    json_begin_object(&w);
    json_end_object(&w);
    json_key(&w, "list");
    json_begin_array(&w);
    json_begin_array(&w);
    json_end_array(&w);
    json_int(&w, 1);
    json_begin_object(&w);
    json_member_bool(&w, "a", true);
    json_member_bool(&w, "b", false);
    json_end_object(&w);
    json_null(&w);
    json_end_array(&w);
    json_member_int(&w, "last", -5);
    json_end_object(&w);
    assert_string_equal(strbuf_text(&out),
                        "{\"empty\":{},\"list\":[[],1,{\"a\":true,\"b\":false},null],\"last\":-5}");
}

static void every_kind_of_value_is_written(void **state)
{
    (void)state;
    json_begin_array(&w);
    json_string(&w, "text");
    json_string(&w, NULL);
    json_string_n(&w, "cut here", 3);
    json_int(&w, INT64_MIN);
    json_int(&w, INT64_MAX);
    json_int(&w, 0);
    json_number(&w, 0.1);
    json_number(&w, NAN);
    json_number(&w, -INFINITY);
    json_decimal(&w, 12500000);
    json_decimal(&w, INT64_MIN);
    json_price(&w, 187.45);
    json_price(&w, NAN);
    json_time(&w, INT64_C(1704187800123000000));
    json_date(&w, 19724);
    json_raw(&w, "{\"x\":1}", 7);
    json_end_array(&w);
    assert_string_equal(
        strbuf_text(&out),
        "[\"text\",null,\"cut\",-9223372036854775808,9223372036854775807,0,0.1,null,null,"
        "\"12.5\",\"-9223372036854.775808\",\"187.45\",null,"
        "\"2024-01-02T09:30:00.123Z\",\"2024-01-02\",{\"x\":1}]");
}

static void members_are_a_key_and_a_value(void **state)
{
    (void)state;
    json_begin_object(&w);
    json_member_string(&w, "s", "t");
    json_member_string(&w, "n", NULL);
    json_member_int(&w, "i", 7);
    json_member_bool(&w, "b", true);
    json_member_number(&w, "x", 2.5);
    json_member_time(&w, "at", 0);
    json_end_object(&w);
    assert_string_equal(strbuf_text(&out), "{\"s\":\"t\",\"n\":null,\"i\":7,\"b\":true,\"x\":2.5,"
                                           "\"at\":\"1970-01-01T00:00:00Z\"}");
}

static void a_value_may_stand_alone(void **state)
{
    (void)state;
    json_string(&w, "alone");
    assert_string_equal(strbuf_text(&out), "\"alone\"");
}

static void control_characters_quotes_and_backslashes_are_escaped(void **state)
{
    (void)state;
    json_begin_object(&w);
    json_key(&w, "a\"b");
    json_string_n(&w, "q\" b\\ \b\f\n\r\t \x01\x1f \x7f/ nul\0end", 25);
    json_end_object(&w);
    assert_string_equal(
        strbuf_text(&out),
        "{\"a\\\"b\":\"q\\\" b\\\\ \\b\\f\\n\\r\\t \\u0001\\u001f \x7f/ nul\\u0000end\"}");
}

/* Each place within the eight characters that are looked at together, and behind them. */
static void one_special_character_is_found_at_any_place(void **state)
{
    (void)state;
    const char specials[] = {'"', '\\', '\n', '\x1f', '\x01'};
    for (size_t s = 0; s < sizeof specials; s++)
        for (size_t length = 1; length <= 20; length++)
            for (size_t place = 0; place < length; place++) {
                char text[21];
                memset(text, place % 2 ? ' ' : '~', length);
                text[length] = '\0';
                text[place] = specials[s];
                strbuf_clear(&out);
                json_writer_init(&w, &out);
                json_string(&w, text);
                cJSON *back = cJSON_Parse(strbuf_text(&out));
                assert_non_null(back);
                assert_string_equal(back->valuestring, text);
                assert_non_null(strchr(strbuf_text(&out), '\\'));
                cJSON_Delete(back);
            }
}

static void utf8_passes_and_other_bytes_become_the_replacement_character(void **state)
{
    (void)state;
    const struct {
        const char *in, *text;
    } rows[] = {{"\xc3\xa9", "\"\xc3\xa9\""},
                {"\xe2\x82\xac", "\"\xe2\x82\xac\""},
                {"\xf0\x9f\x98\x80 ok", "\"\xf0\x9f\x98\x80 ok\""},
                {"\xff", "\"\xef\xbf\xbd\""},
                {"a\x80z", "\"a\xef\xbf\xbdz\""},
                {"\xc3", "\"\xef\xbf\xbd\""},
                {"\xc3(", "\"\xef\xbf\xbd(\""},
                {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
                {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
                {"12345678\xe2\x82", "\"12345678\xef\xbf\xbd\xef\xbf\xbd\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strbuf_clear(&out);
        json_writer_init(&w, &out);
        json_string(&w, rows[i].in);
        assert_string_equal(strbuf_text(&out), rows[i].text);
    }
}

static void every_code_point_is_one_character(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        char text[UTF8_MAX_BYTES];
        size_t length = utf8_put(c, text);
        if (utf8_length(text, length) != length ||
            (length > 1 && utf8_length(text, length - 1) != 0))
            fail_msg("U+%04X", c);
    }
}

static void write_sample(void)
{
    json_begin_array(&w);
    json_string(&w, "some text that is not short");
    json_string(&w, "with \"quotes\"");
    json_number(&w, 1.0 / 3);
    json_time(&w, 1);
    json_date(&w, 0);
    json_int(&w, -123456789);
    json_end_array(&w);
}

static void a_text_that_just_fits_is_whole_and_a_longer_one_fails(void **state)
{
    (void)state;
    write_sample();
    size_t whole = out.length;
    char *expected = strbuf_take(&out, NULL);
    for (size_t max = 0; max <= whole + 60; max++) {
        struct strbuf limited;
        strbuf_init(&limited, max);
        json_writer_init(&w, &limited);
        write_sample();
        assert_int_equal(strbuf_failed(&limited), max < whole);
        if (max >= whole)
            assert_string_equal(strbuf_text(&limited), expected);
        assert_true(limited.length <= max);
        strbuf_release(&limited);
    }
    free(expected);
}

static void nesting_goes_to_the_declared_depth(void **state)
{
    (void)state;
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_begin_array(&w);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_end_array(&w);
    assert_int_equal(out.length, 2 * JSON_WRITER_DEPTH);
    assert_int_equal(w.depth, 0);
}

enum mistake {
    VALUE_WITHOUT_KEY,
    KEY_IN_ARRAY,
    KEY_AFTER_KEY,
    WRONG_END,
    END_AFTER_KEY,
    END_OF_NOTHING,
    TOO_DEEP
};

static void make_mistake(void *context)
{
    struct strbuf b;
    struct json_writer bad;
    strbuf_init(&b, 1000);
    json_writer_init(&bad, &b);
    switch (*(enum mistake *)context) {
    case VALUE_WITHOUT_KEY:
        json_begin_object(&bad);
        json_int(&bad, 1);
        break;
    case KEY_IN_ARRAY:
        json_begin_array(&bad);
        json_key(&bad, "a");
        break;
    case KEY_AFTER_KEY:
        json_begin_object(&bad);
        json_key(&bad, "a");
        json_key(&bad, "b");
        break;
    case WRONG_END:
        json_begin_object(&bad);
        json_end_array(&bad);
        break;
    case END_AFTER_KEY:
        json_begin_object(&bad);
        json_key(&bad, "a");
        json_end_object(&bad);
        break;
    case END_OF_NOTHING:
        json_end_object(&bad);
        break;
    case TOO_DEEP:
        for (int i = 0; i <= JSON_WRITER_DEPTH; i++)
            json_begin_array(&bad);
        break;
    }
}

static void a_wrong_structure_aborts(void **state)
{
    (void)state;
    const char *texts[] = {"ssertion", NULL};
    for (int mistake = VALUE_WITHOUT_KEY; mistake <= TOO_DEEP; mistake++)
        if (!child_aborts(make_mistake, &mistake, texts))
            fail_msg("mistake %d was not seen", mistake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commas_stand_between_items_and_nowhere_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_kind_of_value_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(members_are_a_key_and_a_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_may_stand_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_quotes_and_backslashes_are_escaped,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_special_character_is_found_at_any_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            utf8_passes_and_other_bytes_become_the_replacement_character, setup, teardown),
        cmocka_unit_test(every_code_point_is_one_character),
        cmocka_unit_test_setup_teardown(a_text_that_just_fits_is_whole_and_a_longer_one_fails,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(nesting_goes_to_the_declared_depth, setup, teardown),
        cmocka_unit_test(a_wrong_structure_aborts),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
