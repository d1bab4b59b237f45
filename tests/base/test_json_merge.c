#include "base/json_merge.h"

#include "tests/support/test.h"

static void assert_merges(const char *target, const char *patch, const char *expected)
{
    struct arena arena;
    struct strbuf out;
    struct json_writer w;
    arena_init(&arena, 1 << 16);
    strbuf_init(&out, 1 << 16);
    json_writer_init(&w, &out);
    assert_true(json_merge_patch(json_slice_of(target), json_slice_of(patch), &arena, &w));
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
    arena_release(&arena);
}

/* source: RFC 7396, appendix A */
static void the_examples_of_the_rfc_hold(void **state)
{
    static const char *const rows[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_merges(rows[i][0], rows[i][1], rows[i][2]);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    struct arena arena;
    struct strbuf out;
    struct json_writer w;
    arena_init(&arena, 0);
    strbuf_init(&out, 1 << 16);
    json_writer_init(&w, &out);
    assert_false(json_merge_patch(json_slice_of("{\"a\":1}"), json_slice_of("{}"), &arena, &w));
    strbuf_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_hold),
        cmocka_unit_test(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
