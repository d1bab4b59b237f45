#include "server/alpaca/alpaca_query.h"

#include "base/decimal.h"
#include "tests/support/test.h"

static struct http_request ask(const char *name, const char *value)
{
    struct http_request r = {.query_count = 1};
    r.query[0] = (struct http_field){name, value};
    return r;
}

static void booleans_are_read_as_python_and_go_write_them(void **state)
{
    static const struct {
        const char *text;
        bool value;
    } cases[] = {{"true", true}, {"True", true}, {"1", true},     {"t", true},
                 {"0", false},   {"F", false},   {"FALSE", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_request r = ask("nested", cases[i].text);
        bool value = !cases[i].value;
        assert_int_equal(alpaca_query_bool(&r, "nested", &value, NULL), ERR_OK);
        assert_int_equal(value, cases[i].value);
    }
    struct http_request bad = ask("nested", "yes"), absent = ask("other", "true");
    bool value = true;
    assert_int_equal(alpaca_query_bool(&bad, "nested", &value, NULL), ERR_INVALID);
    assert_int_equal(alpaca_query_bool(&absent, "nested", &value, NULL), ERR_OK);
    assert_true(value);
}

static void a_date_begins_at_midnight_in_new_york(void **state)
{
    (void)state;
    struct http_request date = ask("after", "2026-11-20");
    struct http_request moment = ask("after", "2026-11-20T00:00:00-05:00");
    int64_t a = 0, b = 1;
    bool given = false;
    assert_int_equal(alpaca_query_time(&date, "after", &given, &a, NULL), ERR_OK);
    assert_true(given);
    assert_int_equal(alpaca_query_time(&moment, "after", &given, &b, NULL), ERR_OK);
    assert_int_equal(a, b);
    assert_int_equal(alpaca_query_time(&date, "until", &given, &a, NULL), ERR_OK);
    assert_false(given);
}

static void decimals_are_above_0_and_bounded(void **state)
{
    static const char *const bad[] = {"0", "-1", "x", "", "101", "1.0000001"};
    (void)state;
    int64_t value = 0;
    bool given;
    struct http_request good = ask("percentage", "33.5");
    assert_int_equal(
        alpaca_query_decimal(&good, "percentage", 100 * DECIMAL_ONE, &given, &value, NULL), ERR_OK);
    assert_int_equal(value, 33500000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_request r = ask("percentage", bad[i]);
        assert_int_equal(
            alpaca_query_decimal(&r, "percentage", 100 * DECIMAL_ONE, &given, &value, NULL),
            ERR_INVALID);
    }
}

static void a_list_is_split_at_commas(void **state)
{
    (void)state;
    assert_true(alpaca_list_has(NULL, "AAPL"));
    assert_true(alpaca_list_has("AAPL", "AAPL"));
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct http_request r = ask("symbols", "msft,aapl");
    r.arena = &arena;
    const char *symbols = NULL;
    assert_int_equal(alpaca_query_symbols(&r, "symbols", &symbols, NULL), ERR_OK);
    assert_string_equal(symbols, "MSFT,AAPL");
    assert_true(alpaca_list_has(symbols, "AAPL"));
    arena_release(&arena);
    assert_false(alpaca_list_has("AAP,AAPLX,,", "AAPL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans_are_read_as_python_and_go_write_them),
        cmocka_unit_test(a_date_begins_at_midnight_in_new_york),
        cmocka_unit_test(decimals_are_above_0_and_bounded),
        cmocka_unit_test(a_list_is_split_at_commas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
