#include "server/alpaca/alpaca_error.h"

#include "tests/support/test.h"

static void is(const struct error *e, int status, const char *body)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    alpaca_error_write(e, &out);
    assert_string_equal(strbuf_text(&out), body);
    assert_int_equal(alpaca_error_status(e), status);
    strbuf_release(&out);
}

static void statuses_and_codes_are_alpacas(void **state)
{
    static const struct {
        enum err code;
        int status;
        const char *body;
    } cases[] = {
        {ERR_INVALID, 422, "{\"code\":40010001,\"message\":\"x\"}"},
        {ERR_DATA, 422, "{\"code\":42210000,\"message\":\"x\"}"},
        {ERR_CONFLICT, 422, "{\"code\":42210000,\"message\":\"x\"}"},
        {ERR_UNAUTHORIZED, 401, "{\"code\":40110000,\"message\":\"x\"}"},
        {ERR_FORBIDDEN, 403, "{\"code\":40310000,\"message\":\"x\"}"},
        {ERR_NOT_FOUND, 404, "{\"code\":40410000,\"message\":\"x\"}"},
        {ERR_METHOD, 405, "{\"code\":40510000,\"message\":\"x\"}"},
        {ERR_BUSY, 429, "{\"code\":42910000,\"message\":\"x\"}"},
        {ERR_OUTCOME_UNKNOWN, 500, "{\"code\":50010000,\"message\":\"x\"}"},
        {ERR_UNAVAILABLE, 503, "{\"code\":50310000,\"message\":\"x\"}"},
        {ERR_DISK_FULL, 507, "{\"code\":50710000,\"message\":\"x\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e;
        error_set(&e, cases[i].code, "x");
        is(&e, cases[i].status, cases[i].body);
    }
}

/* alpaca-py repeats a POST that was answered so. */
static void no_error_is_a_504(void **state)
{
    (void)state;
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        struct error e;
        error_set(&e, (enum err)code, "x");
        assert_int_not_equal(alpaca_error_status(&e), 504);
        assert_in_range(alpaca_error_status(&e), 400, 599);
    }
}

static void what_is_no_json_is_a_400(void **state)
{
    (void)state;
    struct error e;
    error_at(&e, ERR_INVALID, 1, 5, "no");
    is(&e, 400, "{\"code\":40010000,\"message\":\"no\"}");
}

static void a_field_is_named_as_alpaca_names_it(void **state)
{
    (void)state;
    struct error e;
    error_field(&e, ERR_INVALID, "/quantity", "is whole");
    is(&e, 422, "{\"code\":40010001,\"message\":\"qty: is whole\"}");
    error_field(&e, ERR_INVALID, "/stop_loss/stop_price", "is above");
    is(&e, 422, "{\"code\":40010001,\"message\":\"stop_loss.stop_price: is above\"}");
    error_field(&e, ERR_INVALID, "/stop_loss/stop_price", "'stop_price' is no decimal");
    is(&e, 422, "{\"code\":40010001,\"message\":\"'stop_price' is no decimal\"}");
    error_field(&e, ERR_CONFLICT, "/client_order_id", "must be unique");
    is(&e, 422, "{\"code\":40010001,\"message\":\"must be unique\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_and_codes_are_alpacas),
        cmocka_unit_test(no_error_is_a_504),
        cmocka_unit_test(what_is_no_json_is_a_400),
        cmocka_unit_test(a_field_is_named_as_alpaca_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
