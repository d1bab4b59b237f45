#include "server/orders/order_patch.h"

#include "base/clock.h"
#include "orders/broker.h"
#include "tests/support/test.h"

#include <string.h>

static const struct broker_capabilities capabilities = {
    .name = "test", .abilities = BROKER_CAN_OPTION_STOPS | BROKER_CAN_OPTION_GTC};

/* 2026-11-20 15:00 UTC, a Friday morning of New York. */
static const int64_t now_ns = INT64_C(1795186800) * NS_PER_SECOND;

struct fixture {
    struct arena arena;
    struct error error;
    struct bracket_spec spec;
};

static struct fixture make(const char *request)
{
    struct fixture f;
    struct order_request decoded;
    arena_init(&f.arena, 1 << 20);
    assert_int_equal(order_request_decode(request, strlen(request), &f.arena, &decoded, &f.error),
                     ERR_OK);
    assert_int_equal(order_request_settle(&decoded, &capabilities, contract_calendar(), now_ns,
                                          &f.spec, &f.error),
                     ERR_OK);
    return f;
}

static enum err patch(struct fixture *f, const char *text, struct bracket_spec *ret)
{
    return order_patch(&f->spec, text, strlen(text), &capabilities, contract_calendar(), now_ns,
                       &f->arena, ret, &f->error);
}

static const char option[] =
    "{\"symbol\":\"AAPL\",\"expiry\":\"2026-12-18\",\"strike\":\"200\",\"right\":\"call\","
    "\"side\":\"buy\",\"quantity\":2,\"entry\":{\"type\":\"limit\",\"limit_price\":\"5.10\"},"
    "\"take_profit\":{\"limit_price\":7},\"stop_loss\":{\"stop_price\":4},\"cutoff\":\"14:30\","
    "\"flat_at\":\"15:45\"}";
static const char trailing[] = "{\"symbol\":\"SPY\",\"side\":\"sell\",\"quantity\":3,"
                               "\"stop_loss\":{\"trail_percent\":2},\"arm\":\"full\"}";
static const char held[] = "{\"symbol\":\"SPY\",\"side\":\"buy\",\"quantity\":10,"
                           "\"entry\":{\"type\":\"held\"},\"protection\":\"watched\","
                           "\"accept_unprotected_if_down\":true,"
                           "\"stop_loss\":{\"stop_price\":580,\"limit_price\":579}}";

static void an_empty_patch_changes_nothing(void **state)
{
    (void)state;
    static const char *const requests[] = {option, trailing, held};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct fixture f = make(requests[i]);
        struct bracket_spec after;
        assert_int_equal(patch(&f, "{}", &after), ERR_OK);
        assert_memory_equal(&after, &f.spec, sizeof after);
        arena_release(&f.arena);
    }
}

static void what_is_named_changes_and_the_rest_stays(void **state)
{
    (void)state;
    struct fixture f = make(option);
    struct bracket_spec after, expected = f.spec;
    expected.stop_loss.value = 4500000;
    expected.take_profit = (struct exit_terms){.kind = EXIT_NONE};
    assert_int_equal(
        patch(&f, "{\"stop_loss\":{\"stop_price\":\"4.5\"},\"take_profit\":null}", &after), ERR_OK);
    assert_memory_equal(&after, &expected, sizeof after);
    arena_release(&f.arena);
}

static void the_day_of_flat_at_stays_unless_the_time_changes(void **state)
{
    (void)state;
    struct fixture f = make(option);
    struct bracket_spec after;
    int64_t later_ns = now_ns + 3 * NS_PER_DAY;
    assert_int_equal(order_patch(&f.spec, "{}", 2, &capabilities, contract_calendar(), later_ns,
                                 &f.arena, &after, NULL),
                     ERR_OK);
    assert_int_equal(after.flat_ns, f.spec.flat_ns);
    const char text[] = "{\"flat_at\":\"15:30\"}";
    assert_int_equal(order_patch(&f.spec, text, strlen(text), &capabilities, contract_calendar(),
                                 later_ns, &f.arena, &after, NULL),
                     ERR_OK);
    assert_true(after.flat_ns > later_ns);
    arena_release(&f.arena);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"stop\":1}", "/stop"},
        {"{\"client_order_id\":\"x\"}", "/client_order_id"},
        {"{\"stop_loss\":{\"percent\":3}}", "/stop_loss"},
        {"{\"quantity\":-1}", "/quantity"},
        {"[]", ""},
        {"{", ""},
    };
    struct fixture f = make(option);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bracket_spec after;
        assert_int_equal(patch(&f, rows[i][0], &after), ERR_INVALID);
        if (rows[i][1][0])
            assert_string_equal(f.error.pointer, rows[i][1]);
    }
    arena_release(&f.arena);
}

static void a_change_is_done_to_terms_that_changed_meanwhile(void **state)
{
    (void)state;
    struct fixture f = make(option);
    struct bracket_spec mine, theirs;
    assert_int_equal(patch(&f, "{\"stop_loss\":{\"stop_price\":\"4.5\"}}", &mine), ERR_OK);
    assert_int_equal(patch(&f, "{\"take_profit\":{\"limit_price\":8},\"quantity\":3}", &theirs),
                     ERR_OK);
    struct bracket_spec both = order_patch_rebase(&f.spec, &mine, &theirs);
    assert_int_equal(both.stop_loss.value, 4500000);
    assert_int_equal(both.take_profit.value, 8000000);
    assert_int_equal(both.quantity, 3000000);
    arena_release(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_patch_changes_nothing),
        cmocka_unit_test(what_is_named_changes_and_the_rest_stays),
        cmocka_unit_test(the_day_of_flat_at_stays_unless_the_time_changes),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(a_change_is_done_to_terms_that_changed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
