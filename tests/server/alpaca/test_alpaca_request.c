#include "server/alpaca/alpaca_request.h"

#include "base/decimal.h"
#include "tests/support/test.h"

#include <string.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define OPTION "\"symbol\":\"AAPL261218C00200000\","

static struct order_request decoded(const char *text)
{
    struct order_request r;
    struct error e;
    if (alpaca_request_decode(text, strlen(text), &arena, &r, &e))
        fail_msg("%s: %s", text, e.message);
    return r;
}

static void is_refused(const char *text, enum err code, const char *why)
{
    struct order_request r;
    struct error e;
    if (alpaca_request_decode(text, strlen(text), &arena, &r, &e) != code)
        fail_msg("%s was not refused so, or not at all", text);
    if (!strstr(e.message, why))
        fail_msg("%s: '%s' has no '%s'", text, e.message, why);
}

static void a_limit_order_is_an_entry_without_exits(void **state)
{
    (void)state;
    struct order_request r =
        decoded("{\"symbol\":\"AAPL\",\"qty\":1.0,\"side\":\"buy\",\"type\":\"limit\","
                "\"time_in_force\":\"gtc\",\"limit_price\":150.25,"
                "\"client_order_id\":\"mine\",\"extended_hours\":false}");
    assert_string_equal(r.symbol, "AAPL");
    assert_null(r.occ_symbol);
    assert_int_equal(r.quantity, DECIMAL_ONE);
    assert_int_equal(r.side, ORDER_BUY);
    assert_int_equal(r.entry.type, ORDER_TYPE_LIMIT);
    assert_int_equal(r.entry.limit_price, 150250000);
    assert_false(r.entry.has_stop_price);
    assert_int_equal(r.time_in_force, TIF_GTC);
    assert_string_equal(r.client_order_id, "mine");
    assert_false(r.has_take_profit || r.has_stop_loss);
}

static void an_option_is_known_by_its_symbol(void **state)
{
    (void)state;
    struct order_request r =
        decoded("{" OPTION "\"qty\":\"2\",\"side\":\"buy\",\"type\":\"market\","
                "\"time_in_force\":\"day\",\"position_intent\":\"buy_to_open\","
                "\"client_order_id\":\"\"}");
    assert_null(r.symbol);
    assert_string_equal(r.occ_symbol, "AAPL261218C00200000");
    assert_null(r.client_order_id);
}

static void a_bracket_has_both_exits(void **state)
{
    (void)state;
    struct order_request r = decoded(
        "{" OPTION "\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\",\"limit_price\":\"5.10\","
        "\"time_in_force\":\"day\",\"order_class\":\"bracket\",\"take_profit\":{\"limit_price\":"
        "\"7\"},\"stop_loss\":{\"stop_price\":\"4\",\"limit_price\":\"3.9\"}}");
    assert_int_equal(r.side, ORDER_BUY);
    assert_true(r.has_take_profit && r.has_stop_loss);
    assert_int_equal(r.take_profit.limit_price, 7 * DECIMAL_ONE);
    assert_int_equal(r.stop_loss.stop_price, 4 * DECIMAL_ONE);
    assert_int_equal(r.stop_loss.limit_price, 3900000);
}

static void an_oto_has_one_exit(void **state)
{
    (void)state;
    struct order_request r = decoded(
        "{\"symbol\":\"SPY\",\"qty\":1,\"side\":\"buy\",\"type\":\"market\",\"time_in_force\":"
        "\"day\",\"order_class\":\"oto\",\"stop_loss\":{\"stop_price\":400}}");
    assert_true(r.has_stop_loss && !r.has_take_profit);
    assert_false(r.stop_loss.has_limit_price);
}

static void an_oco_guards_what_is_held_on_the_other_side(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"symbol\":\"SPY\",\"qty\":100,\"side\":\"sell\",\"type\":\"limit\",\"time_in_force\":"
        "\"gtc\",\"order_class\":\"oco\",\"stop_loss\":{\"stop_price\":299},"
        "\"take_profit\":{\"limit_price\":301}}",
        "{\"symbol\":\"SPY\",\"qty\":100,\"side\":\"sell\",\"type\":\"limit\",\"time_in_force\":"
        "\"gtc\",\"order_class\":\"oco\",\"stop_loss\":{\"stop_price\":299},\"limit_price\":301}"};
    for (size_t i = 0; i < 2; i++) {
        struct order_request r = decoded(bodies[i]);
        assert_int_equal(r.side, ORDER_BUY);
        assert_int_equal(r.entry.type, ORDER_TYPE_COUNT); /* held */
        assert_false(r.entry.has_limit_price);
        assert_int_equal(r.take_profit.limit_price, 301 * DECIMAL_ONE);
        assert_int_equal(r.stop_loss.stop_price, 299 * DECIMAL_ONE);
    }
}

static void a_trailing_stop_guards_what_is_held(void **state)
{
    (void)state;
    struct order_request r =
        decoded("{\"symbol\":\"SPY\",\"qty\":3,\"side\":\"sell\",\"type\":\"trailing_stop\","
                "\"time_in_force\":\"gtc\",\"trail_percent\":2.5}");
    assert_int_equal(r.side, ORDER_BUY);
    assert_int_equal(r.entry.type, ORDER_TYPE_COUNT);
    assert_true(r.stop_loss.has_trail_percent && !r.stop_loss.has_trail_price);
    assert_int_equal(r.stop_loss.trail_percent, 2500000);
}

/* A body with the members that every order needs, and more. */
static const char *body(const char *more)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"symbol\":\"SPY\",\"side\":\"buy\",\"time_in_force\":\"day\"%s%s}",
             *more ? "," : "", more);
    return text;
}

static void what_is_not_to_be_had_is_refused(void **state)
{
    (void)state;
    is_refused(body("\"type\":\"market\",\"notional\":\"500\""), ERR_DATA, "notional");
    is_refused(body("\"type\":\"market\",\"qty\":\"0.5\""), ERR_DATA, "fractional");
    is_refused(body("\"type\":\"market\",\"qty\":1,\"extended_hours\":true"), ERR_DATA, "extended");
    is_refused(body("\"type\":\"market\",\"qty\":1,\"order_class\":\"mleg\""), ERR_DATA, "mleg");
    is_refused(body("\"type\":\"market\",\"qty\":1,\"legs\":[{\"symbol\":\"A\"}]"), ERR_DATA,
               "mleg");
    is_refused(
        "{\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"time_in_force\":\"gtc\",\"type\":\"market\","
        "\"qty\":1}",
        ERR_DATA, "crypto");
    is_refused("{\"symbol\":\"SPY\",\"side\":\"buy\",\"time_in_force\":\"opg\",\"type\":\"market\","
               "\"qty\":1}",
               ERR_DATA, "opg");
}

static void fields_that_do_not_go_together_are_refused(void **state)
{
    static const struct {
        const char *more, *why;
    } cases[] = {
        {"\"type\":\"market\"", "qty is required"},
        {"\"qty\":0,\"type\":\"market\"", "qty must be"},
        {"\"qty\":-1,\"type\":\"market\"", "qty must be"},
        {"\"qty\":1", "'type' is required"},
        {"\"qty\":1,\"type\":\"stoplimit\"", "stop_limit"},
        {"\"qty\":1,\"type\":\"limit\"", "limit orders require limit_price"},
        {"\"qty\":1,\"type\":\"market\",\"limit_price\":5", "market orders take no limit_price"},
        {"\"qty\":1,\"type\":\"stop\"", "stop orders require stop_price"},
        {"\"qty\":1,\"type\":\"limit\",\"limit_price\":5,\"stop_price\":4", "take no stop_price"},
        {"\"qty\":1,\"type\":\"market\",\"trail_price\":5", "take no trail"},
        {"\"qty\":1,\"type\":\"trailing_stop\"", "one of trail_price and trail_percent"},
        {"\"qty\":1,\"type\":\"trailing_stop\",\"trail_price\":1,\"trail_percent\":1", "one of"},
        {"\"qty\":1,\"type\":\"market\",\"stop_loss\":{\"stop_price\":4}", "order_class"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"bracket\",\"stop_loss\":{\"stop_price\":"
         "4}",
         "bracket orders require take_profit"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"bracket\",\"take_profit\":{\"limit_"
         "price\":4}",
         "bracket orders require stop_loss"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"oto\"", "oto orders require one"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"oto\",\"take_profit\":{}",
         "requires limit_price"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"oto\",\"stop_loss\":{\"limit_price\":1}",
         "requires stop_price"},
        {"\"qty\":1,\"type\":\"market\",\"order_class\":\"oco\",\"take_profit\":{\"limit_price\":4}"
         ","
         "\"stop_loss\":{\"stop_price\":4}",
         "of type limit"},
        {"\"qty\":1,\"type\":\"limit\",\"limit_price\":5,\"order_class\":\"oco\",\"take_profit\":"
         "{\"limit_price\":4},\"stop_loss\":{\"stop_price\":4}",
         "one price"},
        {"\"qty\":1,\"type\":\"market\",\"position_intent\":\"sell_to_close\"", "does not go with"},
        {"\"qty\":1,\"type\":\"market\",\"limit\":4", "unknown field"},
        {"\"qty\":1,\"type\":\"market\",\"qty\":2", "qty"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        is_refused(body(cases[i].more), ERR_INVALID, cases[i].why);
}

static void an_advanced_order_is_day_or_gtc(void **state)
{
    (void)state;
    is_refused("{\"symbol\":\"SPY\",\"side\":\"buy\",\"time_in_force\":\"ioc\",\"type\":\"market\","
               "\"qty\":1,\"order_class\":\"oto\",\"stop_loss\":{\"stop_price\":4}}",
               ERR_INVALID, "day or gtc");
}

/* ---- replacing ------------------------------------------------------------------------------- */

static struct bracket_state standing(void)
{
    struct bracket_state s;
    bracket_state_init(&s);
    assert_int_equal(contract_share("SPY", 3, &s.spec.contract, NULL), ERR_OK);
    s.spec.side = ORDER_BUY;
    s.spec.entry_type = ORDER_TYPE_LIMIT;
    s.spec.quantity = 10 * DECIMAL_ONE;
    s.spec.limit_price = 100 * DECIMAL_ONE;
    s.spec.exit_time_in_force = TIF_GTC;
    s.spec.take_profit = (struct exit_terms){.kind = EXIT_PERCENT, .value = DECIMAL_ONE};
    s.spec.stop_loss = (struct exit_terms){.kind = EXIT_PRICE, .value = 95 * DECIMAL_ONE};
    return s;
}

static enum err replace(const char *text, const struct bracket_state *s, enum leg leg,
                        struct bracket_spec *ret, struct error *e)
{
    struct alpaca_replacement p;
    enum err err = alpaca_replacement_decode(text, strlen(text), &arena, &p, e);
    return err ? err : alpaca_replacement_apply(&p, s, leg, ret, e);
}

static void an_entry_takes_new_terms(void **state)
{
    (void)state;
    struct bracket_state s = standing();
    struct bracket_spec spec;
    assert_int_equal(replace("{\"qty\":4,\"limit_price\":99.5,\"time_in_force\":\"gtc\"}", &s,
                             LEG_ENTRY, &spec, NULL),
                     ERR_OK);
    assert_int_equal(spec.quantity, 4 * DECIMAL_ONE);
    assert_int_equal(spec.limit_price, 99500000);
    assert_int_equal(spec.time_in_force, TIF_GTC);
    assert_memory_equal(&spec.stop_loss, &s.spec.stop_loss, sizeof spec.stop_loss);
}

static void exits_take_new_prices(void **state)
{
    (void)state;
    struct bracket_state s = standing();
    struct bracket_spec spec;
    assert_int_equal(replace("{\"limit_price\":\"120\"}", &s, LEG_TAKE_PROFIT, &spec, NULL),
                     ERR_OK);
    assert_int_equal(spec.take_profit.kind, EXIT_PRICE);
    assert_int_equal(spec.take_profit.value, 120 * DECIMAL_ONE);
    assert_int_equal(spec.limit_price, 100 * DECIMAL_ONE);
    assert_int_equal(replace("{\"stop_price\":\"97\",\"qty\":10}", &s, LEG_STOP_LOSS, &spec, NULL),
                     ERR_OK);
    assert_int_equal(spec.stop_loss.value, 97 * DECIMAL_ONE);
    s.spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PERCENT, .value = DECIMAL_ONE};
    assert_int_equal(replace("{\"trail\":2}", &s, LEG_STOP_LOSS, &spec, NULL), ERR_OK);
    assert_int_equal(spec.stop_loss.value, 2 * DECIMAL_ONE);
}

static void what_an_order_does_not_have_cannot_be_replaced(void **state)
{
    static const struct {
        const char *text;
        enum leg leg;
        enum err code;
    } cases[] = {
        {"{\"stop_price\":1}", LEG_ENTRY, ERR_INVALID},
        {"{\"trail\":1}", LEG_ENTRY, ERR_INVALID},
        {"{\"stop_price\":1}", LEG_TAKE_PROFIT, ERR_INVALID},
        {"{\"limit_price\":1}", LEG_STOP_LOSS, ERR_INVALID},
        {"{\"trail\":1}", LEG_STOP_LOSS, ERR_INVALID},
        {"{\"qty\":3}", LEG_STOP_LOSS, ERR_DATA},
        {"{\"time_in_force\":\"day\"}", LEG_TAKE_PROFIT, ERR_DATA},
        {"{\"limit_price\":1}", LEG_EXIT, ERR_DATA},
        {"{\"limit_price\":100}", LEG_ENTRY, ERR_DATA}, /* it is that already */
        {"{}", LEG_ENTRY, ERR_DATA},
        {"{\"qty\":1.5}", LEG_ENTRY, ERR_DATA},
        {"{\"client_order_id\":\"new\"}", LEG_ENTRY, ERR_DATA},
        {"{\"time_in_force\":\"cls\"}", LEG_ENTRY, ERR_DATA},
        {"{\"price\":1}", LEG_ENTRY, ERR_INVALID},
    };
    (void)state;
    struct bracket_state s = standing();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bracket_spec spec;
        struct error e;
        if (replace(cases[i].text, &s, cases[i].leg, &spec, &e) != cases[i].code)
            fail_msg("%s of %s", cases[i].text, leg_name(cases[i].leg));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_order_is_an_entry_without_exits),
        cmocka_unit_test(an_option_is_known_by_its_symbol),
        cmocka_unit_test(a_bracket_has_both_exits),
        cmocka_unit_test(an_oto_has_one_exit),
        cmocka_unit_test(an_oco_guards_what_is_held_on_the_other_side),
        cmocka_unit_test(a_trailing_stop_guards_what_is_held),
        cmocka_unit_test(what_is_not_to_be_had_is_refused),
        cmocka_unit_test(fields_that_do_not_go_together_are_refused),
        cmocka_unit_test(an_advanced_order_is_day_or_gtc),
        cmocka_unit_test(an_entry_takes_new_terms),
        cmocka_unit_test(exits_take_new_prices),
        cmocka_unit_test(what_an_order_does_not_have_cannot_be_replaced),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
