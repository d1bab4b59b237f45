#include "base/json_value.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static struct json_value *parsed(const char *text)
{
    struct json_value *v = NULL;
    struct error e;
    assert_int_equal(json_value_parse(text, strlen(text), &v, &e), ERR_OK);
    return v;
}

static void members_are_found_by_name(void **state)
{
    (void)state;
    struct json_value *v =
        parsed("{\"fires\":132,\"mean\":-0.5,\"name\":\"a\\u00e9\",\"yes\":true,\"no\":null}");
    assert_int_equal(json_value_member_int(v, "fires"), 132);
    assert_true(json_value_member_number(v, "mean") == -0.5);
    assert_string_equal(json_value_member_text(v, "name"), "a\xc3\xa9");
    assert_true(json_value_is_true(json_value_member(v, "yes")));
    assert_false(json_value_is_true(json_value_member(v, "no")));
    assert_int_equal(json_value_count(v), 5);
    assert_string_equal(json_value_name(json_value_first(v)), "fires");
    json_value_free(v);
}

static void names_are_case_sensitive(void **state)
{
    (void)state;
    struct json_value *v = parsed("{\"a\":1,\"A\":2}");
    assert_int_equal(json_value_member_int(v, "A"), 2);
    assert_int_equal(json_value_member_int(v, "a"), 1);
    json_value_free(v);
}

static void items_come_in_order(void **state)
{
    (void)state;
    struct json_value *v = parsed("[3,[4],\"five\"]");
    const struct json_value *item = json_value_first(v);
    assert_int_equal(json_value_int(item), 3);
    item = json_value_next(item);
    assert_int_equal(json_value_int(json_value_first(item)), 4);
    item = json_value_next(item);
    assert_string_equal(json_value_text(item), "five");
    assert_string_equal(json_value_name(item), "");
    assert_null(json_value_next(item));
    json_value_free(v);
}

static void what_is_not_there_reads_as_nothing(void **state)
{
    (void)state;
    struct json_value *v = parsed("{\"a\":\"1\",\"b\":[1]}");
    assert_null(json_value_member(v, "c"));
    assert_null(json_value_member(json_value_member(v, "c"), "d"));
    assert_null(json_value_member(json_value_member(v, "b"), "d"));
    assert_null(json_value_first(json_value_member(v, "a")));
    assert_null(json_value_text(json_value_member(v, "b")));
    assert_true(isnan(json_value_member_number(v, "a")));
    assert_int_equal(json_value_member_int(v, "a"), 0);
    assert_int_equal(json_value_count(NULL), 0);
    assert_null(json_value_next(NULL));
    json_value_free(v);
}

static void whole_numbers_out_of_range_are_0(void **state)
{
    (void)state;
    struct json_value *v = parsed("[9007199254740992,-9223372036854775808,9223372036854775808]");
    const struct json_value *item = json_value_first(v);
    assert_true(json_value_int(item) == INT64_C(9007199254740992));
    item = json_value_next(item);
    assert_true(json_value_int(item) == INT64_MIN);
    assert_int_equal(json_value_int(json_value_next(item)), 0);
    json_value_free(v);
}

static void a_bad_text_is_refused_with_its_place(void **state)
{
    (void)state;
    struct json_value *v = NULL;
    struct error e;
    const char *text = "{\"a\":1,\n \"b\":}";
    assert_int_equal(json_value_parse(text, strlen(text), &v, &e), ERR_INVALID);
    assert_int_equal(e.line, 2);
    assert_null(v);
    json_value_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(names_are_case_sensitive),
        cmocka_unit_test(items_come_in_order),
        cmocka_unit_test(what_is_not_there_reads_as_nothing),
        cmocka_unit_test(whole_numbers_out_of_range_are_0),
        cmocka_unit_test(a_bad_text_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
