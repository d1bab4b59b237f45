/* The words of orders/: names, quotes, sums, outcomes and contracts. */
#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "orders/bracket.h"
#include "orders/derive.h"
#include "orders/order_event.h"
#include "orders/outcome.h"
#include "orders/transitions.h"
#include "tests/support/test.h"

#include <string.h>

#define ONE DECIMAL_ONE

static void names_are_those_of_requests_and_answers(void **state)
{
    (void)state;
    assert_string_equal(order_side_name(ORDER_SELL), "sell");
    assert_string_equal(order_type_name(ORDER_TYPE_STOP_LIMIT), "stop_limit");
    assert_string_equal(time_in_force_name(TIF_GTC), "gtc");
    assert_string_equal(leg_name(LEG_TAKE_PROFIT), "take_profit");
    assert_string_equal(order_status_name(ORDER_STATUS_PARTIALLY_FILLED), "partially_filled");
    assert_string_equal(protection_name(PROTECTION_WATCHED), "watched");
    assert_string_equal(arm_name(ARM_FULL), "full");
    assert_string_equal(exit_kind_name(EXIT_TRAIL_PERCENT), "trail_percent");
    assert_string_equal(bracket_status_name(BRACKET_NEEDS_REVIEW), "needs_review");
    assert_string_equal(close_reason_name(CLOSE_EXTERNAL), "external");
    assert_string_equal(death_name(DEATH_ABSENT), "absent");
    assert_string_equal(outcome_name(OUTCOME_NOT_SENT), "not_sent");
    assert_string_equal(reject_name(REJECT_HELD), "held");
    assert_string_equal(order_event_name(EVENT_REPORT), "report");
    assert_string_equal(action_name(ACTION_RECONCILE), "reconcile");
    assert_string_equal(order_signal_name(SIGNAL_LOST), "lost");
    assert_string_equal(order_signal_text(SIGNAL_LOST), "submit: unknown");
    assert_int_equal(leg_letter(LEG_EXIT), 'x');
}

static void beyond_a_table_a_name_is_a_question_mark(void **state)
{
    (void)state;
    const char *const names[] = {order_side_name((enum order_side)9),
                                 order_type_name((enum order_type)9),
                                 time_in_force_name((enum time_in_force)9),
                                 leg_name((enum leg)9),
                                 order_status_name((enum order_status)99),
                                 protection_name((enum protection)9),
                                 arm_name((enum arm)9),
                                 exit_kind_name((enum exit_kind)9),
                                 bracket_status_name((enum bracket_status)99),
                                 close_reason_name((enum close_reason)99),
                                 death_name((enum death)9),
                                 outcome_name((enum outcome)9),
                                 reject_name((enum reject)9),
                                 order_event_name((enum order_event_type)99),
                                 action_name((enum action_kind)9),
                                 order_signal_name((enum order_signal)99),
                                 order_signal_text((enum order_signal)99)};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_string_equal(names[i], "?");
    assert_int_equal(leg_letter((enum leg)9), '?');
    assert_false(order_status_dead((enum order_status)99));
}

static void dead_are_the_four_ends(void **state)
{
    (void)state;
    for (int i = 0; i < ORDER_STATUS_COUNT; i++) {
        bool end = i == ORDER_STATUS_FILLED || i == ORDER_STATUS_CANCELED ||
                   i == ORDER_STATUS_EXPIRED || i == ORDER_STATUS_REJECTED;
        assert_int_equal(order_status_dead((enum order_status)i), end);
    }
    assert_int_equal(order_side_opposite(ORDER_BUY), ORDER_SELL);
    assert_int_equal(order_side_opposite(ORDER_SELL), ORDER_BUY);
}

static void only_a_good_quote_is_usable(void **state)
{
    (void)state;
    const struct order_quote good = {.bid = 5 * ONE, .ask = 5 * ONE, .at_steady_ns = 100};
    struct order_quote q = good;
    assert_true(order_quote_usable(&q, 100, 10));
    assert_true(order_quote_usable(&q, 110, 10));
    assert_false(order_quote_usable(&q, 111, 10)); /* stale */
    assert_false(order_quote_usable(&q, 99, 10));  /* of the future */
    q.bid = 0;
    assert_false(order_quote_usable(&q, 100, 10)); /* one-sided */
    q = good;
    q.ask = q.bid - 1;
    assert_false(order_quote_usable(&q, 100, 10)); /* crossed */
    q = good;
    q.ask = LIMIT_ORDER_PRICE + 1;
    assert_false(order_quote_usable(&q, 100, 10)); /* absurd */
    q = good;
    q.halted = 1;
    assert_false(order_quote_usable(&q, 100, 10));
    q = good;
    q.at_steady_ns = INT64_MIN;
    assert_false(order_quote_usable(&q, INT64_MAX, INT64_MAX));
    assert_false(order_quote_usable(&(struct order_quote){0}, 0, 10));
}

static void values_and_averages_round_half_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(order_value(2 * ONE, 5100000), 10200000);
    assert_int_equal(order_value(1, 500000), 1);
    assert_int_equal(order_value(1, 499999), 0);
    assert_int_equal(order_value(-1, 500000), -1);
    assert_int_equal(order_average(10 * ONE, 4 * ONE), 2500000);
    assert_int_equal(order_average(1, 2 * ONE), 1);
    assert_int_equal(order_average(-1, 2 * ONE), -1);
    assert_int_equal(order_average(10, 0), 0);
    assert_int_equal(order_average(10, -1), 0);
}

static void sums_stop_at_the_ends(void **state)
{
    (void)state;
    assert_int_equal(order_add(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(order_add(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(order_subtract(INT64_MIN, 1), INT64_MIN);
    assert_int_equal(order_subtract(5, 7), -2);
    assert_int_equal(order_value(INT64_MAX, INT64_MAX), INT64_MAX);
    assert_int_equal(order_average(INT64_MAX, 1), INT64_MAX);
}

static void what_no_row_names_is_unknown(void **state)
{
    (void)state;
    static const struct outcome_row rows[] = {
        {.status = 403,
         .code = 40310000,
         .text = "held",
         .outcome = OUTCOME_REJECTED,
         .reject = REJECT_HELD},
        {.status = 403, .outcome = OUTCOME_REJECTED, .reject = REJECT_OTHER},
        {.code = 42210000, .outcome = OUTCOME_REJECTED, .reject = REJECT_OTHER},
        {.status = 200, .outcome = OUTCOME_OK},
    };
    enum reject reject = REJECT_GONE;
    assert_int_equal(outcome_find(rows, 4, 200, 0, NULL, &reject), OUTCOME_OK);
    assert_int_equal(reject, REJECT_NONE);
    assert_int_equal(outcome_find(rows, 4, 403, 40310000, "quantity held for orders", &reject),
                     OUTCOME_REJECTED);
    assert_int_equal(reject, REJECT_HELD);
    assert_int_equal(outcome_find(rows, 4, 403, 40310000, "forbidden", &reject), OUTCOME_REJECTED);
    assert_int_equal(reject, REJECT_OTHER);
    assert_int_equal(outcome_find(rows, 4, 403, 40310000, NULL, &reject), OUTCOME_REJECTED);
    assert_int_equal(reject, REJECT_OTHER);
    assert_int_equal(outcome_find(rows, 4, 422, 42210000, "", &reject), OUTCOME_REJECTED);
    assert_int_equal(outcome_find(rows, 4, 422, 40010000, "", &reject), OUTCOME_UNKNOWN);
    assert_int_equal(reject, REJECT_NONE);
    assert_int_equal(outcome_find(rows, 4, 504, 0, NULL, &reject), OUTCOME_UNKNOWN);
}

/* ---- contracts ------------------------------------------------------------------------------ */

static void a_share_is_its_symbol(void **state)
{
    (void)state;
    struct contract c;
    struct error e;
    assert_int_equal(contract_share("BRK.B", 5, &c, NULL), ERR_OK);
    assert_string_equal(c.symbol, "BRK.B");
    assert_int_equal(c.multiplier, 1);
    assert_int_equal(c.cutoff_ns, 0);
    assert_int_equal(contract_share("", 0, &c, &e), ERR_INVALID);
    assert_int_equal(contract_share("ABCDEFGHIJKLMNOPQRSTUVWXYZ123456", 32, &c, &e), ERR_INVALID);
    assert_int_equal(contract_share("spy", 3, &c, &e), ERR_INVALID);
    assert_int_equal(contract_share(".A", 2, &c, &e), ERR_INVALID);
    assert_int_equal(contract_share("A-1", 3, &c, &e), ERR_OK);
    assert_int_equal(contract_share("A B", 3, &c, &e), ERR_INVALID);
    assert_int_equal(contract_share("1_", 2, &c, &e), ERR_INVALID);
}

static int64_t utc(int32_t year, int32_t month, int32_t day, int hour, int minute)
{
    int64_t days = civil_to_days((struct civil_date){year, month, day});
    return ((days * 24 + hour) * 60 + minute) * NS_PER_MINUTE;
}

static struct contract option(const char *text, int32_t cutoff_minute)
{
    struct occ_symbol occ;
    struct contract c;
    assert_int_equal(occ_symbol_parse(text, strlen(text), &occ, NULL), ERR_OK);
    assert_int_equal(contract_option(&occ, cutoff_minute, &c, NULL), ERR_OK);
    return c;
}

static void an_option_has_its_cutoff_in_new_york(void **state)
{
    (void)state;
    struct contract c = option("AAPL261218C00200000", -1); /* winter: UTC-5 */
    assert_string_equal(c.symbol, "AAPL261218C00200000");
    assert_int_equal(c.kind, CONTRACT_OPTION);
    assert_int_equal(c.multiplier, 100);
    assert_int_equal(c.strike_milli, 200000);
    assert_int_equal(c.right, OPTION_CALL);
    assert_int_equal(c.cutoff_ns, utc(2026, 12, 18, 20, 0));
    assert_int_equal(c.end_ns, utc(2026, 12, 18, 21, 0));
    c = option("AAPL260717P00200000", 14 * 60 + 30); /* summer: UTC-4 */
    assert_int_equal(c.right, OPTION_PUT);
    assert_int_equal(c.cutoff_ns, utc(2026, 7, 17, 18, 30));
    c = option("AAPL260717P00200000", 15 * 60 + 55);
    assert_int_equal(c.cutoff_ns, utc(2026, 7, 17, 19, 0)); /* an hour before the close at most */
}

static void on_a_half_day_the_cutoff_is_an_hour_before_the_close(void **state)
{
    (void)state;
    struct contract c = option("SPY251128C00600000", -1); /* closes at 13:00 */
    assert_int_equal(c.cutoff_ns, utc(2025, 11, 28, 17, 0));
    assert_int_equal(c.end_ns, utc(2025, 11, 28, 18, 0));
}

static void an_expiry_without_a_session_ends_with_the_session_before(void **state)
{
    (void)state;
    struct contract c = option("SPY250418C00500000", -1); /* Good Friday */
    assert_int_equal(c.end_ns, utc(2025, 4, 17, 20, 0));
}

static void contracts_out_of_range_are_refused(void **state)
{
    (void)state;
    struct contract c;
    struct error e;
    struct occ_symbol occ = {.root = "SPY", .expiry_days = 30000, .strike_milli = 0};
    assert_int_equal(contract_option(&occ, -1, &c, &e), ERR_INVALID);
    occ.strike_milli = 1000;
    occ.expiry_days = civil_to_days((struct civil_date){2090, 1, 3}); /* beyond the calendar */
    assert_int_equal(contract_option(&occ, -1, &c, &e), ERR_INVALID);
}

static void prices_have_steps(void **state)
{
    (void)state;
    struct contract share, call = option("AAPL261218C00200000", -1);
    assert_int_equal(contract_share("F", 1, &share, NULL), ERR_OK);
    assert_int_equal(contract_tick(&share, ONE), 10000);
    assert_int_equal(contract_tick(&share, ONE - 1), 100);
    assert_int_equal(contract_tick(&call, ONE / 2), 10000);
    assert_int_equal(contract_round(&share, 10004999), 10000000);
    assert_int_equal(contract_round(&share, 10005000), 10010000);
    assert_int_equal(contract_round(&share, -5), 100);
    assert_int_equal(contract_round(&call, 1), 10000);
    assert_int_equal(contract_round(&call, INT64_MAX), LIMIT_ORDER_PRICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_requests_and_answers),
        cmocka_unit_test(beyond_a_table_a_name_is_a_question_mark),
        cmocka_unit_test(dead_are_the_four_ends),
        cmocka_unit_test(only_a_good_quote_is_usable),
        cmocka_unit_test(values_and_averages_round_half_away_from_zero),
        cmocka_unit_test(sums_stop_at_the_ends),
        cmocka_unit_test(what_no_row_names_is_unknown),
        cmocka_unit_test(a_share_is_its_symbol),
        cmocka_unit_test(an_option_has_its_cutoff_in_new_york),
        cmocka_unit_test(on_a_half_day_the_cutoff_is_an_hour_before_the_close),
        cmocka_unit_test(an_expiry_without_a_session_ends_with_the_session_before),
        cmocka_unit_test(contracts_out_of_range_are_refused),
        cmocka_unit_test(prices_have_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
