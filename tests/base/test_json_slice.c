#include "base/json_slice.h"

#include "tests/support/test.h"

#include <string.h>

static void assert_slice(struct json_slice value, const char *expected)
{
    if (!expected) {
        assert_null(value.text);
        return;
    }
    assert_int_equal(value.length, strlen(expected));
    assert_memory_equal(value.text, expected, value.length);
}

static void a_member_is_found_whatever_stands_before_it(void **state)
{
    (void)state;
    struct json_slice o =
        json_slice_of(" { \"a\" : \"}\\\"]\" , \"b\":[1,{\"c\":2}],\"c\": {\"d\" :-1.5e3 } ,"
                      "\"e\":true,\"\":null}");
    assert_slice(json_slice_member(o, "a"), "\"}\\\"]\"");
    assert_slice(json_slice_member(o, "b"), "[1,{\"c\":2}]");
    assert_slice(json_slice_member(o, "c"), "{\"d\" :-1.5e3 }");
    assert_slice(json_slice_member(json_slice_member(o, "c"), "d"), "-1.5e3");
    assert_slice(json_slice_member(o, "e"), "true");
    assert_slice(json_slice_member(o, ""), "null");
    assert_slice(json_slice_member(o, "d"), NULL);
    assert_slice(json_slice_member(json_slice_member(o, "x"), "y"), NULL);
    assert_slice(json_slice_member(json_slice_member(o, "b"), "c"), NULL);
    assert_slice(json_slice_member(json_slice_of("{ }"), "a"), NULL);
}

static void items_and_members_come_in_order(void **state)
{
    (void)state;
    static const char *const items[] = {"1", "\"x\"", "[ ]", "{\"k\":[2]}", "null"};
    static const char *const names[] = {"k", "l\\\"m"};
    struct json_slice name, value;
    struct json_slice_walk w = json_slice_walk(json_slice_of("[1, \"x\" ,[ ], {\"k\":[2]},null ]"));
    for (size_t i = 0; i < 5; i++) {
        assert_true(json_slice_next(&w, &name, &value));
        assert_slice(name, NULL);
        assert_slice(value, items[i]);
    }
    assert_false(json_slice_next(&w, &name, &value));
    assert_false(json_slice_next(&w, &name, &value));
    w = json_slice_walk(json_slice_of("{\"k\":\"k\" , \"l\\\"m\" : [\"n\"]}"));
    for (size_t i = 0; i < 2; i++) {
        assert_true(json_slice_next(&w, &name, &value));
        assert_slice(name, names[i]);
    }
    assert_false(json_slice_next(&w, NULL, &value));
    for (const char *const *empty = (const char *const[]){"[]", "{ }", "\"[1]\"", "12", NULL};
         *empty; empty++) {
        w = json_slice_walk(json_slice_of(*empty));
        assert_false(json_slice_next(&w, NULL, &value));
    }
    w = json_slice_walk((struct json_slice){0});
    assert_false(json_slice_next(&w, NULL, &value));
}

static void slices_are_equal_byte_by_byte(void **state)
{
    (void)state;
    const struct json_slice none = {0};
    assert_true(json_slice_equals(json_slice_of("12"), json_slice_of(" 12 ")));
    assert_false(json_slice_equals(json_slice_of("12"), json_slice_of("12.0")));
    assert_false(json_slice_equals(json_slice_of("null"), none));
    assert_true(json_slice_equals(none, none));
}

static void text_is_plain(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    assert_string_equal(json_slice_text(json_slice_of("\"a\\n\\u20ac\\\\\""), &arena),
                        "a\n\xe2\x82\xac\\");
    assert_string_equal(json_slice_text(json_slice_of("\"\""), &arena), "");
    assert_string_equal(json_slice_text(json_slice_of("-1.5"), &arena), "-1.5");
    assert_string_equal(json_slice_text(json_slice_of("[\"x\"]"), &arena), "[\"x\"]");
    assert_string_equal(json_slice_text(json_slice_of("null"), &arena), "");
    assert_string_equal(json_slice_text((struct json_slice){0}, &arena), "");
    arena_release(&arena);
    arena_init(&arena, 16);
    assert_null(json_slice_text(json_slice_of("\"longer than sixteen bytes\""), &arena));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_found_whatever_stands_before_it),
        cmocka_unit_test(items_and_members_come_in_order),
        cmocka_unit_test(slices_are_equal_byte_by_byte),
        cmocka_unit_test(text_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
