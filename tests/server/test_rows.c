#include "tests/support/test.h"

#include "server/api/rows.h"

#include <math.h>
#include <string.h>

static const char *const columns[] = {"at", "name", "price", "n"};

struct fixture {
    struct http_request request;
    struct http_response out;
    struct arena arena;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    arena_init(&f.arena, 65536);
    f.request.arena = &f.arena;
    strbuf_init(&f.out.body, 65536);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    strbuf_release(&f->out.body);
    arena_release(&f->arena);
    return 0;
}

static void write_row(struct rows *w, const char *name, double price)
{
    rows_row(w);
    rows_time(w, 0);
    rows_string(w, name);
    rows_group(w, "bar");
    rows_price(w, price);
    rows_group_end(w);
    rows_int(w, -7);
    rows_row_end(w);
}

static const char *list(struct fixture *f, enum rows_format format, int count, const char *cursor)
{
    struct rows w;
    rows_begin(&w, &f->out, format, columns, 4);
    for (int i = 0; i < count; i++)
        write_row(&w, i == 0 ? "a" : "b, \"c\"", i == 0 ? 10.5 : NAN);
    assert_int_equal(rows_respond(&w, &f->request, &f->out, cursor, NULL), ERR_OK);
    return strbuf_text(&f->out.body);
}

static void json_has_items_and_the_cursor(void **state)
{
    assert_string_equal(
        list(*state, ROWS_JSON, 2, "next"),
        "{\"items\":[{\"at\":\"1970-01-01T00:00:00Z\",\"name\":\"a\",\"bar\":{\"price\":\"10.5\"},"
        "\"n\":-7},{\"at\":\"1970-01-01T00:00:00Z\",\"name\":\"b, \\\"c\\\"\",\"bar\":{\"price\":"
        "null},\"n\":-7}],\"next_cursor\":\"next\"}");
}

static void an_empty_json_list_is_an_empty_list(void **state)
{
    assert_string_equal(list(*state, ROWS_JSON, 0, NULL), "{\"items\":[],\"next_cursor\":null}");
}

static void csv_has_a_header_and_quotes_what_would_split(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(list(f, ROWS_CSV, 2, NULL), "at,name,price,n\n"
                                                    "1970-01-01T00:00:00Z,a,10.5,-7\n"
                                                    "1970-01-01T00:00:00Z,\"b, \"\"c\"\"\",,-7\n");
    assert_string_equal(f->out.content_type, "text/csv");
}

static void an_empty_csv_list_is_its_header(void **state)
{
    assert_string_equal(list(*state, ROWS_CSV, 0, NULL), "at,name,price,n\n");
}

static void ndjson_is_an_object_a_line(void **state)
{
    assert_string_equal(list(*state, ROWS_NDJSON, 2, NULL),
                        "{\"at\":\"1970-01-01T00:00:00Z\",\"name\":\"a\",\"bar\":{\"price\":"
                        "\"10.5\"},\"n\":-7}\n"
                        "{\"at\":\"1970-01-01T00:00:00Z\",\"name\":\"b, \\\"c\\\"\",\"bar\":{"
                        "\"price\":null},\"n\":-7}\n");
}

static void every_form_tells_the_next_cursor_in_a_header(void **state)
{
    struct fixture *f = *state;
    list(f, ROWS_CSV, 1, "further");
    assert_int_equal(f->out.header_count, 1);
    assert_string_equal(f->out.headers[0].name, "X-Next-Cursor");
    assert_string_equal(f->out.headers[0].value, "further");
}

static void decimals_are_exact_and_strings_in_json(void **state)
{
    static const char *const names[] = {"cash"};
    struct fixture *f = *state;
    for (int format = ROWS_JSON; format <= ROWS_NDJSON; format++) {
        struct rows w;
        strbuf_clear(&f->out.body);
        rows_begin(&w, &f->out, (enum rows_format)format, names, 1);
        rows_row(&w);
        rows_decimal(&w, INT64_C(-9007199254740993)); /* no double */
        rows_row_end(&w);
        assert_non_null(strstr(strbuf_text(&f->out.body), format == ROWS_CSV
                                                              ? "cash\n-9007199254.740993\n"
                                                              : "\"cash\":\"-9007199254.740993\""));
    }
}

static void a_list_goes_on_in_another_buffer_without_a_header(void **state)
{
    struct fixture *f = *state;
    for (int format = ROWS_CSV; format <= ROWS_NDJSON; format++) {
        char whole[512];
        struct strbuf second;
        struct rows w;
        strbuf_clear(&f->out.body);
        snprintf(whole, sizeof whole, "%s", list(f, (enum rows_format)format, 2, NULL));
        strbuf_clear(&f->out.body);
        strbuf_init(&second, 1000);
        rows_begin(&w, &f->out, (enum rows_format)format, columns, 4);
        write_row(&w, "a", 10.5);
        rows_go_on(&w, &second);
        write_row(&w, "b, \"c\"", NAN);
        strbuf_add_string(&f->out.body, strbuf_text(&second));
        assert_string_equal(strbuf_text(&f->out.body), whole);
        strbuf_release(&second);
    }
}

static void the_form_is_chosen_by_format_or_accept(void **state)
{
    struct fixture *f = *state;
    enum rows_format format = ROWS_NDJSON;
    assert_int_equal(rows_negotiate(&f->request, &format, NULL), ERR_OK);
    assert_int_equal(format, ROWS_JSON);
    f->request.headers[0] = (struct http_field){"Accept", "application/x-ndjson"};
    f->request.header_count = 1;
    assert_int_equal(rows_negotiate(&f->request, &format, NULL), ERR_OK);
    assert_int_equal(format, ROWS_NDJSON);
    f->request.query[0] = (struct http_field){"format", "csv"};
    f->request.query_count = 1;
    assert_int_equal(rows_negotiate(&f->request, &format, NULL), ERR_OK);
    assert_int_equal(format, ROWS_CSV);
    f->request.query[0].value = "xml";
    assert_int_equal(rows_negotiate(&f->request, &format, NULL), ERR_NOT_ACCEPTABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_has_items_and_the_cursor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_json_list_is_an_empty_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_has_a_header_and_quotes_what_would_split, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_csv_list_is_its_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ndjson_is_an_object_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_form_tells_the_next_cursor_in_a_header, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(decimals_are_exact_and_strings_in_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_goes_on_in_another_buffer_without_a_header, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_form_is_chosen_by_format_or_accept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
