#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "engine/bars/calendar.h"
#include "orders/broker.h"
#include "orders/order_request.h"
#include "tests/support/test.h"

#include <string.h>

#define ONE DECIMAL_ONE

static const struct broker_capabilities able = {
    .name = "paper",
    .abilities = BROKER_CAN_NATIVE_OCO | BROKER_CAN_OPTION_STOPS | BROKER_CAN_OPTION_GTC,
    .not_found_bound_ns = 2 * NS_PER_SECOND,
};
static const struct broker_capabilities poor = {.name = "poor"};

static int64_t utc(int32_t year, int32_t month, int32_t day, int hour, int minute)
{
    int64_t days = civil_to_days((struct civil_date){year, month, day});
    return ((days * 24 + hour) * 60 + minute) * NS_PER_MINUTE;
}

static const struct calendar *hours(const char *name)
{
    const struct calendar *calendar;
    assert_int_equal(calendar_find(name, &calendar, NULL), ERR_OK);
    return calendar;
}

static enum err settle_within(const char *text, const struct broker_capabilities *c,
                              const char *calendar, struct bracket_spec *ret, struct error *e)
{
    struct arena arena;
    struct order_request r;
    int64_t now_ns = utc(2026, 11, 20, 15, 0); /* 10:00 in New York, a Friday */
    arena_init(&arena, 1 << 16);
    enum err err = order_request_decode(text, strlen(text), &arena, &r, e);
    if (!err)
        err = order_request_settle(&r, c, hours(calendar), now_ns, ret, e);
    arena_release(&arena);
    return err;
}

static enum err settle(const char *text, const struct broker_capabilities *c,
                       struct bracket_spec *ret, struct error *e)
{
    return settle_within(text, c, "XNYS", ret, e);
}

static struct bracket_spec settles(const char *text)
{
    struct bracket_spec spec = {0};
    struct error e = {0};
    if (settle(text, &able, &spec, &e))
        fail_msg("%s: %s: %s", text, e.pointer, e.message);
    return spec;
}

static void refused_by(const struct broker_capabilities *c, const char *text, const char *pointer)
{
    struct bracket_spec spec = {.quantity = -7};
    struct error e = {0};
    if (settle(text, c, &spec, &e) != ERR_INVALID)
        fail_msg("accepted: %s", text);
    if (strcmp(e.pointer, pointer) != 0)
        fail_msg("%s: '%s' instead of '%s' (%s)", text, e.pointer, pointer, e.message);
    assert_int_equal(spec.quantity, -7);
}

static void refused(const char *text, const char *pointer)
{
    refused_by(&able, text, pointer);
}

#define SHARE "\"symbol\": \"SPY\", \"side\": \"buy\", \"quantity\": 10"
#define LIMIT_ENTRY "\"entry\": {\"type\": \"limit\", \"limit_price\": \"100\"}"
#define OPTION                                                                                     \
    "\"symbol\": \"AAPL\", \"expiry\": \"2026-12-18\", \"strike\": \"200\", \"right\": \"call\", " \
    "\"side\": \"buy\", \"quantity\": 2"

static void the_documented_bracket_settles(void **state)
{
    (void)state;
    struct bracket_spec s = settles(
        "{" OPTION ", \"entry\": {\"type\": \"limit\", \"limit_price\": \"5.10\"}, "
        "\"time_in_force\": \"day\", \"take_profit\": {\"limit_price\": \"7.00\"}, "
        "\"stop_loss\": {\"stop_price\": \"4.00\"}, \"arm\": \"partial\", \"flat_at\": \"15:45\", "
        "\"client_order_id\": \"my-1\"}");
    assert_string_equal(s.contract.symbol, "AAPL261218C00200000");
    assert_int_equal(s.contract.cutoff_ns, utc(2026, 12, 18, 20, 0));
    assert_int_equal(s.side, ORDER_BUY);
    assert_int_equal(s.quantity, 2 * ONE);
    assert_int_equal(s.entry_type, ORDER_TYPE_LIMIT);
    assert_int_equal(s.limit_price, 5100000);
    assert_int_equal(s.take_profit.kind, EXIT_PRICE);
    assert_int_equal(s.take_profit.value, 7 * ONE);
    assert_int_equal(s.stop_loss.kind, EXIT_PRICE);
    assert_int_equal(s.stop_loss.value, 4 * ONE);
    assert_int_equal(s.flat_ns, utc(2026, 11, 20, 20, 45));
    assert_int_equal(s.exit_time_in_force, TIF_GTC);
    assert_int_equal(s.protection, PROTECTION_RESTING_STOP);
    assert_int_equal(s.not_found_bound_ns, 2 * NS_PER_SECOND);
    assert_int_equal(s.take_profit_ttl_ns, 10 * NS_PER_SECOND);
}

static void an_occ_symbol_names_the_same_contract(void **state)
{
    (void)state;
    struct bracket_spec a = settles("{" OPTION "}");
    struct bracket_spec b = settles("{\"occ_symbol\": \"AAPL261218C00200000\", \"side\": \"buy\", "
                                    "\"quantity\": \"2\"}");
    assert_memory_equal(&a, &b, sizeof(a));
    a = settles("{" OPTION ", \"cutoff\": \"14:00\"}");
    assert_int_equal(a.contract.cutoff_ns, utc(2026, 12, 18, 19, 0));
}

static void shapes_are_what_is_given(void **state)
{
    (void)state;
    struct bracket_spec s = settles("{" SHARE "}");
    assert_int_equal(s.entry_type, ORDER_TYPE_MARKET);
    assert_int_equal(s.take_profit.kind, EXIT_NONE);
    assert_int_equal(s.stop_loss.kind, EXIT_NONE);
    s = settles("{" SHARE ", \"entry\": {\"type\": \"held\"}, \"protection\": \"resting_both\", "
                "\"take_profit\": {\"limit_price\": 110}, \"stop_loss\": {\"stop_price\": 90, "
                "\"limit_price\": 89.5}}");
    assert_int_equal(s.adopts_position, 1);
    assert_int_equal(s.protection, PROTECTION_RESTING_BOTH);
    assert_int_equal(s.stop_loss.limit_price, 89500000);
    s = settles(
        "{" SHARE ", \"entry\": {\"type\": \"stop_limit\", \"stop_price\": 101, "
        "\"limit_price\": 101.5}, \"take_profit_ttl\": \"30s\", \"quote_max_age\": \"2s\"}");
    assert_int_equal(s.stop_price, 101 * ONE);
    assert_int_equal(s.limit_price, 101500000);
    assert_int_equal(s.take_profit_ttl_ns, 30 * NS_PER_SECOND);
    assert_int_equal(s.quote_max_age_ns, 2 * NS_PER_SECOND);
}

static void exits_are_prices_or_distances(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum exit_kind kind;
    } exits[] = {
        {"\"take_profit\": {\"percent\": 5}, \"stop_loss\": {\"percent\": 5}", EXIT_PERCENT},
        {"\"take_profit\": {\"offset\": 5}, \"stop_loss\": {\"offset\": 5}", EXIT_OFFSET},
        {"\"stop_loss\": {\"trail_percent\": 5}", EXIT_TRAIL_PERCENT},
        {"\"stop_loss\": {\"trail_price\": 5}", EXIT_TRAIL_PRICE},
    };
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        char text[400];
        snprintf(text, sizeof(text), "{" SHARE ", %s}", exits[i].json);
        struct bracket_spec s = settles(text);
        assert_int_equal(s.stop_loss.kind, exits[i].kind);
        assert_int_equal(s.stop_loss.value, 5 * ONE);
        assert_int_equal(s.take_profit.kind, i < 2 ? exits[i].kind : EXIT_NONE);
    }
}

static void flat_at_is_the_next_such_time_in_a_session(void **state)
{
    (void)state;
    struct bracket_spec s = settles("{" SHARE ", \"flat_at\": \"09:45\"}");
    assert_int_equal(s.flat_ns, utc(2026, 11, 23, 14, 45)); /* Monday */
    s = settles("{" SHARE ", \"flat_at\": \"18:00\"}");
    assert_int_equal(s.flat_ns, utc(2026, 11, 20, 20, 59));
    refused("{" SHARE ", \"flat_at\": \"09:30\"}", "/flat_at");
}

static int64_t flat_within(const char *calendar, const char *text)
{
    struct bracket_spec spec = {0}, again;
    struct order_request request;
    assert_int_equal(settle_within(text, &able, calendar, &spec, NULL), ERR_OK);
    order_request_of(&spec, hours(calendar), &request);
    assert_int_equal(order_request_settle(&request, &able, hours(calendar),
                                          utc(2026, 11, 20, 15, 0), &again, NULL),
                     ERR_OK);
    assert_memory_equal(&again, &spec, sizeof spec);
    return spec.flat_ns;
}

/* 15:00 in London, 20:30 in Kolkata. */
static void flat_at_is_read_by_the_clock_of_the_markets_hours(void **state)
{
    (void)state;
    struct bracket_spec spec;
    struct error e = {0};
    assert_int_equal(flat_within("24x7", "{" SHARE ", \"flat_at\": \"15:01\"}"),
                     utc(2026, 11, 20, 15, 1));
    assert_int_equal(flat_within("24x7", "{" SHARE ", \"flat_at\": \"23:59\"}"),
                     utc(2026, 11, 20, 23, 59));
    assert_int_equal(flat_within("24x7", "{" SHARE ", \"flat_at\": \"00:00\"}"),
                     utc(2026, 11, 21, 0, 0));
    assert_int_equal(flat_within("24x7", "{" SHARE ", \"flat_at\": \"15:00\"}"),
                     utc(2026, 11, 21, 15, 0));
    assert_int_equal(flat_within("XNSE", "{" SHARE ", \"flat_at\": \"15:00\"}"),
                     utc(2026, 11, 23, 9, 30));
    assert_int_equal(settle_within("{" SHARE ", \"flat_at\": \"09:00\"}", &able, "XNSE", &spec, &e),
                     ERR_INVALID);
    assert_string_equal(e.pointer, "/flat_at");
    assert_string_equal(e.message, "not within a session: XNSE is open from 09:15 to 15:30, "
                                   "Asia/Kolkata");
}

static void contradictions_are_refused_with_a_pointer(void **state)
{
    (void)state;
    refused("{}", "/side");
    refused("{\"side\": \"buy\", \"quantity\": 1}", "/symbol");
    refused("{" SHARE ", \"occ_symbol\": \"AAPL261218C00200000\"}", "/symbol");
    refused("{\"occ_symbol\": \"AAPL261218C00200000\", \"strike\": 1, \"side\": \"buy\", "
            "\"quantity\": 1}",
            "/symbol");
    refused("{" SHARE ", \"strike\": 100}", "/expiry");
    refused("{" SHARE ", \"strike\": 100, \"expiry\": \"2026-12-18\"}", "/right");
    refused("{" SHARE ", \"right\": \"call\"}", "/expiry");
    refused("{" SHARE ", \"right\": \"call\", \"expiry\": \"2026-12-18\"}", "/strike");
    refused("{" SHARE ", \"strike\": 0.0001, \"expiry\": \"2026-12-18\", \"right\": \"put\"}",
            "/strike");
    refused("{" SHARE ", \"strike\": -1, \"expiry\": \"2026-12-18\", \"right\": \"put\"}",
            "/strike");
    refused("{" SHARE ", \"strike\": 1, \"expiry\": \"1999-12-17\", \"right\": \"put\"}",
            "/expiry");
    refused("{" SHARE ", \"strike\": 1, \"expiry\": \"2026-11-13\", \"right\": \"put\"}",
            "/expiry");
    refused("{\"symbol\": \"TOOLONGNAME\", \"strike\": 1, \"expiry\": \"2026-12-18\", "
            "\"right\": \"put\", \"side\": \"buy\", \"quantity\": 1}",
            "/symbol");
    refused("{\"symbol\": \"A B\", \"strike\": 1, \"expiry\": \"2026-12-18\", "
            "\"right\": \"put\", \"side\": \"buy\", \"quantity\": 1}",
            "/symbol");
    refused("{" SHARE ", \"entry\": {\"type\": \"limit\"}}", "/entry/limit_price");
    refused("{\"symbol\": \"spy\", \"side\": \"buy\", \"quantity\": 1}", "/symbol");
    refused("{\"occ_symbol\": \"AAPL261218X00200000\", \"side\": \"buy\", \"quantity\": 1}",
            "/occ_symbol");
    refused("{" SHARE ", \"take_profit\": {}}", "/take_profit");
    refused("{" SHARE ", \"take_profit\": {\"limit_price\": 1, \"percent\": 1}}", "/take_profit");
    refused("{" SHARE ", \"stop_loss\": {}}", "/stop_loss");
    refused("{" SHARE ", \"stop_loss\": {\"limit_price\": 1}}", "/stop_loss");
    refused("{" SHARE ", \"stop_loss\": {\"stop_price\": 1, \"offset\": 1}}", "/stop_loss");
    refused("{" SHARE ", \"stop_loss\": {\"percent\": 1, \"limit_price\": 1}}", "/stop_loss");
    refused("{" SHARE ", " LIMIT_ENTRY ", \"stop_loss\": {\"stop_price\": 101}}",
            "/stop_loss/stop_price");
    refused("{" SHARE ", \"entry\": {\"type\": \"market\", \"limit_price\": 1}}",
            "/entry/limit_price");
    refused("{" SHARE ", \"entry\": {\"type\": \"limit\", \"limit_price\": \"1.0000001\"}}",
            "/entry/limit_price");
    refused("{" SHARE ", \"protection\": \"watched\"}", "/accept_unprotected_if_down");
    refused("{\"symbol\": \"SPY\", \"side\": \"buy\", \"quantity\": 1.5}", "/quantity");
}

static void what_the_broker_cannot_do_is_refused(void **state)
{
    (void)state;
    refused_by(&poor, "{" OPTION ", \"stop_loss\": {\"stop_price\": 4}}", "/protection");
    refused_by(&poor, "{" SHARE ", \"protection\": \"resting_both\"}", "/protection");
    refused_by(&poor, "{" OPTION ", \"time_in_force\": \"gtc\"}", "/time_in_force");
    struct bracket_spec s;
    assert_int_equal(settle("{" OPTION ", \"stop_loss\": {\"stop_price\": 4}, \"protection\": "
                            "\"watched\", \"accept_unprotected_if_down\": true}",
                            &poor, &s, NULL),
                     ERR_OK);
    assert_int_equal(s.protection, PROTECTION_WATCHED);
    assert_int_equal(s.exit_time_in_force, TIF_DAY);
    assert_int_equal(settle("{" SHARE ", \"stop_loss\": {\"stop_price\": 4}}", &poor, &s, NULL),
                     ERR_OK);
    assert_int_equal(s.exit_time_in_force, TIF_GTC);
    s = settles("{" OPTION ", \"time_in_force\": \"gtc\"}");
    assert_int_equal(s.time_in_force, TIF_GTC);
}

static void what_is_encoded_decodes_to_the_same_again(void **state)
{
    (void)state;
    static const char text[] =
        "{" OPTION ", " LIMIT_ENTRY ", \"take_profit\": {\"percent\": 5}, \"stop_loss\": "
        "{\"trail_price\": 0.5}, \"flat_at\": \"15:45\", \"client_order_id\": \"a\"}";
    struct arena arena;
    struct order_request r, again;
    struct bracket_spec a, b;
    struct strbuf out;
    struct json_writer w;
    arena_init(&arena, 1 << 16);
    strbuf_init(&out, 1 << 16);
    assert_int_equal(order_request_decode(text, strlen(text), &arena, &r, NULL), ERR_OK);
    json_writer_init(&w, &out);
    json_begin_object(&w);
    order_request_encode(&r, &w);
    json_end_object(&w);
    assert_int_equal(order_request_decode(out.data, out.length, &arena, &again, NULL), ERR_OK);
    int64_t now_ns = utc(2026, 11, 20, 15, 0);
    assert_int_equal(order_request_settle(&r, &able, hours("XNYS"), now_ns, &a, NULL), ERR_OK);
    assert_int_equal(order_request_settle(&again, &able, hours("XNYS"), now_ns, &b, NULL), ERR_OK);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_string_equal(again.client_order_id, "a");
    int64_t late_ns = utc(2035, 12, 31, 22, 0); /* the calendar's end */
    r.symbol = "SPY";
    r.has_expiry = r.has_strike = r.has_right = false;
    assert_int_equal(order_request_settle(&r, &able, hours("XNYS"), late_ns, &a, NULL),
                     ERR_INVALID);
    strbuf_release(&out);
    arena_release(&arena);
}

static void terms_settle_again_from_the_request_made_of_them(void **state)
{
    static const char *const texts[] = {
        "{" SHARE "}",
        "{" SHARE ", \"entry\": {\"type\": \"held\"}, \"stop_loss\": {\"stop_price\": \"90\"}}",
        "{" SHARE ", \"entry\": {\"type\": \"stop_limit\", \"limit_price\": 101, "
        "\"stop_price\": 100}, \"take_profit\": {\"percent\": 5}, "
        "\"stop_loss\": {\"stop_price\": 96, \"limit_price\": 95}, \"time_in_force\": \"gtc\"}",
        "{" OPTION ", " LIMIT_ENTRY ", \"take_profit\": {\"offset\": 20}, "
        "\"stop_loss\": {\"trail_percent\": 10}, \"flat_at\": \"15:45\", \"cutoff\": \"14:00\", "
        "\"take_profit_ttl\": \"20s\", \"quote_max_age\": \"3s\", \"arm\": \"full\"}",
        "{" OPTION ", \"take_profit\": {\"limit_price\": 9}, "
        "\"stop_loss\": {\"trail_price\": \"0.5\"}, \"protection\": \"watched\", "
        "\"accept_unprotected_if_down\": true}",
        "{" SHARE ", \"stop_loss\": {\"offset\": 3}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct bracket_spec spec = settles(texts[i]), again;
        struct order_request request;
        struct error e = {0};
        order_request_of(&spec, hours("XNYS"), &request);
        if (order_request_settle(&request, &able, hours("XNYS"), utc(2026, 11, 20, 15, 0), &again,
                                 &e))
            fail_msg("%s: %s: %s", texts[i], e.pointer, e.message);
        assert_memory_equal(&again, &spec, sizeof(spec));
    }
}

static void the_names_of_a_member_stand_as_its_enum_has_them(void **state)
{
    (void)state;
    const char *const *sides = order_request_choices("side");
    const char *const *times = order_request_choices("time_in_force");
    const char *const *protections = order_request_choices("protection");
    assert_string_equal(sides[ORDER_SELL], order_side_name(ORDER_SELL));
    assert_null(sides[ORDER_SIDE_COUNT]);
    assert_string_equal(times[TIF_GTC], time_in_force_name(TIF_GTC));
    assert_string_equal(protections[PROTECTION_WATCHED], protection_name(PROTECTION_WATCHED));
    assert_null(protections[PROTECTION_COUNT]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_bracket_settles),
        cmocka_unit_test(an_occ_symbol_names_the_same_contract),
        cmocka_unit_test(shapes_are_what_is_given),
        cmocka_unit_test(exits_are_prices_or_distances),
        cmocka_unit_test(flat_at_is_the_next_such_time_in_a_session),
        cmocka_unit_test(flat_at_is_read_by_the_clock_of_the_markets_hours),
        cmocka_unit_test(contradictions_are_refused_with_a_pointer),
        cmocka_unit_test(what_the_broker_cannot_do_is_refused),
        cmocka_unit_test(what_is_encoded_decodes_to_the_same_again),
        cmocka_unit_test(terms_settle_again_from_the_request_made_of_them),
        cmocka_unit_test(the_names_of_a_member_stand_as_its_enum_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
