#include "tests/support/test.h"

#include "base/decimal.h"
#include "server/orders/order_event_json.h"

#include <string.h>

#define ONE DECIMAL_ONE

static struct order_event event_of(enum order_event_type type)
{
    struct order_event e;
    order_event_init(&e, type, (struct order_clock){1, 1});
    return e;
}

static void assert_told(const struct order_event *event, const char *expected)
{
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, 8192);
    json_writer_init(&w, &text);
    order_event_json(event, &w);
    assert_string_equal(strbuf_text(&text), expected);
    strbuf_release(&text);
}

static void an_acceptance_tells_the_terms(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_ACCEPTED);
    snprintf(e.spec.contract.symbol, sizeof e.spec.contract.symbol, "AAPL261218C00200000");
    e.spec.side = ORDER_BUY;
    e.spec.quantity = 2 * ONE;
    e.spec.entry_type = ORDER_TYPE_LIMIT;
    e.spec.limit_price = 5 * ONE + ONE / 10;
    e.spec.take_profit = (struct exit_terms){.kind = EXIT_PERCENT, .value = 50 * ONE};
    e.spec.stop_loss =
        (struct exit_terms){.kind = EXIT_PRICE, .value = 4 * ONE, .limit_price = 3 * ONE};
    assert_told(&e, "{\"symbol\":\"AAPL\",\"occ_symbol\":\"AAPL261218C00200000\","
                    "\"side\":\"buy\",\"quantity\":\"2\",\"type\":\"limit\","
                    "\"limit_price\":\"5.1\",\"time_in_force\":\"day\","
                    "\"take_profit\":{\"percent\":\"50\"},"
                    "\"stop_loss\":{\"price\":\"4\",\"limit_price\":\"3\"},"
                    "\"protection\":\"resting_stop\",\"arm\":\"partial\"}");
}

static void what_guards_a_held_position_has_no_entry(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_MODIFIED);
    snprintf(e.spec.contract.symbol, sizeof e.spec.contract.symbol, "SPY");
    e.spec.adopts_position = 1;
    e.spec.quantity = ONE;
    e.spec.flat_ns = 1577836800000000000;
    assert_told(&e, "{\"symbol\":\"SPY\",\"occ_symbol\":null,\"side\":\"buy\",\"quantity\":\"1\","
                    "\"protection\":\"resting_stop\",\"arm\":\"partial\","
                    "\"flat_at\":\"2020-01-01T00:00:00Z\"}");
}

static void an_intent_tells_its_order(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_SUBMIT);
    e.leg = LEG_TAKE_PROFIT;
    e.generation = 3;
    e.paired = 2;
    e.order_type = ORDER_TYPE_LIMIT;
    e.quantity = ONE;
    e.limit_price = 7 * ONE;
    e.stop_price = 4 * ONE;
    e.second_price = 3 * ONE;
    e.quote = (struct order_quote){.bid = ONE, .ask = 2 * ONE, .at_steady_ns = 1, .halted = 1};
    assert_told(&e, "{\"leg\":\"take_profit\",\"generation\":3,\"type\":\"limit\","
                    "\"quantity\":\"1\",\"limit_price\":\"7\",\"stop_price\":\"4\","
                    "\"second_limit_price\":\"3\",\"paired_generation\":2,"
                    "\"quote\":{\"bid\":\"1\",\"ask\":\"2\",\"halted\":true}}");
    e = event_of(EVENT_CANCEL);
    e.leg = LEG_STOP_LOSS;
    e.generation = 1;
    e.replacing = 1;
    assert_told(&e, "{\"leg\":\"stop_loss\",\"generation\":1,\"replacing\":true}");
}

static void an_outcome_tells_why_it_was_rejected(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_SUBMIT_OUTCOME);
    e.generation = 1;
    e.outcome = OUTCOME_UNKNOWN;
    assert_told(&e, "{\"leg\":\"entry\",\"generation\":1,\"outcome\":\"unknown\"}");
    e.outcome = OUTCOME_REJECTED;
    e.reject = REJECT_HELD;
    assert_told(
        &e, "{\"leg\":\"entry\",\"generation\":1,\"outcome\":\"rejected\",\"reject\":\"held\"}");
}

static void a_report_tells_what_is_filled_and_busted(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_REPORT);
    e.generation = 1;
    e.status = ORDER_STATUS_NEW;
    e.quantity = 4 * ONE;
    assert_told(&e, "{\"leg\":\"entry\",\"generation\":1,\"status\":\"new\",\"quantity\":\"4\","
                    "\"filled_quantity\":\"0\"}");
    e.filled = 2 * ONE;
    e.filled_value = 11 * ONE;
    e.busted = ONE;
    assert_told(&e, "{\"leg\":\"entry\",\"generation\":1,\"status\":\"new\",\"quantity\":\"4\","
                    "\"filled_quantity\":\"2\",\"average_fill_price\":\"5.5\","
                    "\"busted_quantity\":\"1\"}");
}

static void the_rest_tells_what_it_has(void **state)
{
    (void)state;
    struct order_event e = event_of(EVENT_SESSION);
    assert_told(&e, "{}"); /* always open */
    e.from_ns = 1577836800000000000;
    e.to_ns = 1577840400000000000;
    assert_told(&e,
                "{\"opens_at\":\"2020-01-01T00:00:00Z\",\"closes_at\":\"2020-01-01T01:00:00Z\"}");
    e = event_of(EVENT_EXTERNAL);
    e.filled = ONE;
    assert_told(&e, "{\"closed_quantity\":\"1\"}");
    e = event_of(EVENT_RESTARTED);
    assert_told(&e, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acceptance_tells_the_terms),
        cmocka_unit_test(what_guards_a_held_position_has_no_entry),
        cmocka_unit_test(an_intent_tells_its_order),
        cmocka_unit_test(an_outcome_tells_why_it_was_rejected),
        cmocka_unit_test(a_report_tells_what_is_filled_and_busted),
        cmocka_unit_test(the_rest_tells_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
