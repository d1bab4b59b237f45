/* What the paper broker accepts and ties up, pairs, and the end of options. Every call is audited.
 */
#include "tests/orders/paper/paper_bench.h"
#include "tests/support/test.h"

/* ---- cash and quantity ----------------------------------------------------------------------- */

static void purchases_reserve_their_cost(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", CALL, ORDER_BUY, 100 * ONE, 6 * ONE, 0);
    assert_int_equal(paper_book_buying_power(&b->book), 40000 * ONE);
    struct broker_submit s = paper_order("more", "SPY", ORDER_BUY, 401 * ONE, 100 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
    assert_int_equal(b->refusal.reject, REJECT_OTHER);
    assert_string_equal(b->refusal.message,
                        "insufficient buying power: it costs 40100, there is 40000");
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 60 * ONE);
    assert_int_equal(b->book.cash, 70000 * ONE);
    assert_int_equal(paper_book_buying_power(&b->book), 46000 * ONE);
    paper_bench_cancel(b, "b");
    assert_int_equal(paper_book_buying_power(&b->book), 70000 * ONE);
    assert_int_equal(paper_book_equity(&b->book), (70000 + 60 * 450) * ONE);
}

static void a_market_order_that_turns_out_too_dear_is_rejected(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 1000 * ONE, 0, 0); /* no quote: cost unknown */
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 101 * ONE, 0);
    paper_assert_order(b, "b", ORDER_STATUS_REJECTED, 0, 0);
    assert_int_equal(paper_bench_row(b, "b")->reason, PAPER_REASON_CASH);
    paper_bench_place(b, "part", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    paper_assert_filled(b, "part", 101 * ONE);
    assert_int_equal(b->book.cash, (100000 - 900 * 101) * ONE);
}

static void a_market_order_may_cost_more_than_was_reserved(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, ONE);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    assert_int_equal(paper_book_buying_power(&b->book), 10000 * ONE);
    paper_bench_quote(b, "SPY", 104 * ONE, 0, 105 * ONE, 0);
    paper_assert_order(b, "b", ORDER_STATUS_FILLED, 900 * ONE, (100 + 899 * 105) * ONE);
}

static void a_purchase_stops_where_the_cash_ends(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 400 * ONE);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    paper_assert_live(b, "b", 400 * ONE);
    paper_bench_quote(b, "SPY", 199 * ONE, 0, 200 * ONE, 0);
    paper_assert_order(b, "b", ORDER_STATUS_CANCELED, 400 * ONE, 40000 * ONE);
    assert_int_equal(paper_book_buying_power(&b->book), 60000 * ONE);
}

static void closing_orders_share_the_position(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 5 * ONE);
    paper_bench_place(b, "s1", "SPY", ORDER_SELL, 3 * ONE, 110 * ONE, 0);
    struct broker_submit s = paper_order("s2", "SPY", ORDER_SELL, 3 * ONE, 0, 90 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
    assert_int_equal(b->refusal.reject, REJECT_HELD);
    assert_string_equal(b->refusal.message,
                        "insufficient quantity: 5 is there, 3 is held by other orders");
    s.quantity = 2 * ONE;
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_bench_cancel(b, "s1");
    paper_bench_place(b, "s3", "SPY", ORDER_SELL, 3 * ONE, 110 * ONE, 0);
}

static void nothing_closes_what_is_not_there(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit s = paper_order("s", CALL, ORDER_SELL, ONE, 5 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
    assert_int_equal(b->refusal.reject, REJECT_HELD);
    s.opens = true;
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
    assert_int_equal(b->refusal.reject, REJECT_OTHER); /* no naked options */
}

static void shorts_of_shares_are_secured_by_cash(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit s = paper_order("s", "SPY", ORDER_SELL, 500 * ONE, 100 * ONE, 0);
    s.opens = true;
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_int_equal(paper_book_buying_power(&b->book), 50000 * ONE);
    paper_bench_quote(b, "SPY", 100 * ONE, 0, 101 * ONE, 0);
    assert_int_equal(paper_bench_held(b, "SPY"), -500 * ONE);
    assert_int_equal(b->book.cash, 150000 * ONE);
    assert_int_equal(paper_book_buying_power(&b->book), 50000 * ONE);
    /* Nothing opens against it. */
    struct broker_submit buy = paper_order("b", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &buy), OUTCOME_REJECTED);
    struct broker_submit cover = paper_order("c", "SPY", ORDER_BUY, 500 * ONE, 0, 0);
    cover.opens = false;
    assert_int_equal(paper_bench_submit(b, &cover), OUTCOME_OK);
    paper_assert_filled(b, "c", 101 * ONE);
    assert_int_equal(paper_book_buying_power(&b->book), 99500 * ONE);
    assert_int_equal(b->book.cash, 99500 * ONE);
}

static void nothing_opens_against_an_opening_order(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 90 * ONE, 0);
    struct broker_submit s = paper_order("s", "SPY", ORDER_SELL, ONE, 100 * ONE, 0);
    s.opens = true;
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
    paper_bench_cancel(b, "b");
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
}

static void fractions_of_a_cent_are_rounded_against_the_account(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 333333, 0, 333333, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE / 2, 0, 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 166667);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE / 2, 0, 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 1);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static struct broker_submit pair(const char *profit_id, const char *stop_id, const char *symbol,
                                 int64_t quantity, int64_t limit_price, int64_t stop_price)
{
    struct broker_submit s = paper_order(profit_id, symbol, ORDER_SELL, quantity, limit_price, 0);
    s.oco_client_id = stop_id;
    s.oco_stop_price = stop_price;
    return s;
}

static void a_pair_fills_its_quantity_once(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 5 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_bench_quote(b, "SPY", 110 * ONE, 2 * ONE, 111 * ONE, 0);
    paper_assert_live(b, "t", 2 * ONE);
    paper_assert_live(b, "s", 0);
    paper_bench_restart(b);
    paper_bench_quote(b, "SPY", 94 * ONE, 0, 95 * ONE, 0);
    paper_assert_order(b, "s", ORDER_STATUS_FILLED, 3 * ONE, 3 * 94 * ONE);
    paper_assert_order(b, "t", ORDER_STATUS_CANCELED, 2 * ONE, 220 * ONE);
    assert_int_equal(paper_bench_held(b, "SPY"), 0);
}

static void a_pair_that_is_filled_does_not_hold_up_who_comes_after(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 3 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_bench_place(b, "after", "SPY", ORDER_SELL, 2 * ONE, 110 * ONE, 0);
    paper_bench_quote(b, "SPY", 110 * ONE, 0, 111 * ONE, 0);
    paper_assert_filled(b, "t", 110 * ONE);
    paper_assert_filled(b, "after", 110 * ONE);
}

static void a_pair_claims_the_position_once_and_ends_together(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 3 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    struct broker_submit more = paper_order("m", "SPY", ORDER_SELL, 2 * ONE, 120 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_OK);
    more.client_id = "m2";
    more.quantity = ONE;
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_REJECTED);
    assert_int_equal(paper_bench_cancel(b, "s"), OUTCOME_OK);
    paper_assert_order(b, "t", ORDER_STATUS_CANCELED, 0, 0);
    paper_assert_order(b, "s", ORDER_STATUS_CANCELED, 0, 0);
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_OK);
}

static void a_pair_that_makes_no_sense_is_refused(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 5 * ONE);
    struct broker_submit crossed = pair("t", "s", "SPY", ONE, 95 * ONE, 110 * ONE);
    struct broker_submit same = pair("t", "t", "SPY", ONE, 110 * ONE, 95 * ONE);
    struct broker_submit opens = pair("t", "s", "SPY", ONE, 110 * ONE, 95 * ONE);
    opens.opens = true;
    assert_int_equal(paper_bench_submit(b, &crossed), OUTCOME_REJECTED);
    assert_int_equal(paper_bench_submit(b, &same), OUTCOME_REJECTED);
    assert_int_equal(paper_bench_submit(b, &opens), OUTCOME_REJECTED);
    assert_int_equal(b->audit.order_count, 1);
}

/* ---- terms ----------------------------------------------------------------------------------- */

static void terms_out_of_range_are_refused(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit good = paper_order("x", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), s;
    const char *const texts[] = {"a client order id has 1 to 48 characters",
                                 "the quantity is out of range", "the limit is out of range",
                                 "the stop is out of range"};
    for (int i = 0; i < 4; i++) {
        s = good;
        switch (i) {
        case 0:
            s.client_id = "";
            break;
        case 1:
            s.quantity = LIMIT_ORDER_QUANTITY + 1;
            break;
        case 2:
            s.limit_price = LIMIT_ORDER_PRICE + 1;
            break;
        default:
            s.type = ORDER_TYPE_STOP_LIMIT;
            break;
        }
        assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
        assert_string_equal(b->refusal.message, texts[i]);
    }
}

/* ---- the end of options ---------------------------------------------------------------------- */

/* At `hour` of the expiry day, Friday, 2026-12-18. */
static void pass_to_expiry(struct paper_bench *b, int hour)
{
    paper_bench_pass(b, 30 * NS_PER_DAY - 5 * 60 * NS_PER_MINUTE);
    paper_bench_pass_to(b, hour, 0);
}

static void at_its_end_an_option_is_settled_at_intrinsic_value(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 0);
    paper_bench_place(b, "b", CALL, ORDER_BUY, 2 * ONE, 0, 0);
    paper_bench_place(b, "s", CALL, ORDER_SELL, 2 * ONE, 50 * ONE, 0);
    pass_to_expiry(b, 15);
    paper_bench_quote(b, "SPY", 511 * ONE, 0, 513 * ONE, 0);
    paper_assert_live(b, "s", 0);
    paper_bench_pass_to(b, 16, 0);
    paper_assert_order(b, "s", ORDER_STATUS_EXPIRED, 0, 0);
    assert_int_equal(paper_bench_row(b, "s")->reason, PAPER_REASON_CONTRACT);
    assert_int_equal(paper_bench_held(b, CALL), 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 1000 * ONE + 2 * 12 * 100 * ONE);
    struct broker_submit late = paper_order("late", CALL, ORDER_BUY, ONE, ONE, 0);
    assert_int_equal(paper_bench_submit(b, &late), OUTCOME_REJECTED);
    assert_string_equal(b->refusal.message, "the contract has expired");
}

static void an_underlying_may_be_spelt_with_a_point(void **state)
{
    struct paper_bench *b = *state;
    const char *const put = "BRKB261218P00500000";
    paper_bench_quote(b, put, 4 * ONE, 0, 5 * ONE, 0);
    paper_bench_place(b, "b", put, ORDER_BUY, ONE, 0, 0);
    pass_to_expiry(b, 15);
    paper_bench_quote(b, "BRK.A", 700000 * ONE, 0, 700001 * ONE, 0);
    paper_bench_quote(b, "BRK.B", 490 * ONE, 0, 490 * ONE, 0);
    paper_bench_pass_to(b, 16, 0);
    assert_int_equal(paper_bench_held(b, put), 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 500 * ONE + 10 * 100 * ONE);
}

static void an_option_out_of_the_money_ends_worthless(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 0);
    paper_bench_place(b, "b", CALL, ORDER_BUY, ONE, 0, 0);
    pass_to_expiry(b, 15);
    paper_bench_quote(b, "SPY", 490 * ONE, 0, 491 * ONE, 0);
    paper_bench_pass_to(b, 16, 0);
    assert_int_equal(paper_bench_held(b, CALL), 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 500 * ONE);
}

static void a_settlement_waits_for_a_price_of_the_underlying(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 0);
    paper_bench_place(b, "b", CALL, ORDER_BUY, ONE, 0, 0);
    pass_to_expiry(b, 16);
    paper_bench_restart(b);
    assert_int_equal(paper_bench_held(b, CALL), ONE);
    paper_bench_pass(b, NS_PER_MINUTE);
    assert_int_equal(paper_bench_held(b, CALL), ONE);
    struct market_quote last = {.symbol = "SPY", .last = 505 * ONE};
    paper_bench_take(b, &last);
    paper_bench_pass(b, NS_PER_SECOND);
    assert_int_equal(paper_bench_held(b, CALL), 0);
    assert_int_equal(b->book.cash, BENCH_CASH);
}

static void without_any_price_it_is_settled_at_its_own_bid_a_day_later(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 0);
    paper_bench_place(b, "b", CALL, ORDER_BUY, ONE, 0, 0);
    pass_to_expiry(b, 16);
    paper_bench_pass(b, NS_PER_DAY - NS_PER_SECOND);
    assert_int_equal(paper_bench_held(b, CALL), ONE);
    paper_bench_pass(b, NS_PER_SECOND);
    assert_int_equal(paper_bench_held(b, CALL), 0);
    assert_int_equal(b->book.cash, BENCH_CASH - 100 * ONE);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void what_has_ended_leaves_memory_after_a_while(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_cancel(b, "b");
    int64_t ended_ns = paper_bench_row(b, "b")->ended_ns;
    paper_bench_pass(b, 14 * NS_PER_MINUTE);
    assert_non_null(paper_book_find(&b->book, "b"));
    b->now.wall_ns += NS_PER_MINUTE;
    paper_book_advance(&b->book, b->now, true); /* a listing is under way */
    assert_non_null(paper_book_find(&b->book, "b"));
    paper_bench_pass(b, 0);
    assert_null(paper_book_find(&b->book, "b"));
    assert_int_equal(b->book.evicted_until_ns, ended_ns);
}

static void what_is_not_stored_yet_stays_in_memory(void **state)
{
    struct paper_bench *b = *state;
    struct paper_order *o = NULL;
    struct broker_submit s = paper_order("b", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    assert_int_equal(paper_book_submit(&b->book, &s, b->now, &o, &b->refusal), OUTCOME_OK);
    assert_int_equal(paper_book_cancel(&b->book, o, b->now), OUTCOME_OK);
    b->now.wall_ns += 20 * NS_PER_MINUTE;
    paper_book_advance(&b->book, b->now, false);
    assert_non_null(paper_book_find(&b->book, "b"));
    paper_bench_pass(b, 0); /* stores it */
    paper_bench_pass(b, 0);
    assert_null(paper_book_find(&b->book, "b"));
}

/* As many contracts as make the table be gone through, all over, one of them held. */
static void markets_of_contracts_that_are_over_leave_memory(void **state)
{
    enum { OVER = PAST_FIRST };
    struct paper_bench *b = *state;
    char symbol[LIMIT_SYMBOL_BYTES];
    for (int i = 0; i < OVER; i++) {
        snprintf(symbol, sizeof symbol, "QQQ261120C%08d", 100000 + i * 1000);
        paper_bench_quote(b, symbol, 4 * ONE, 0, 5 * ONE, 0);
    }
    paper_bench_place(b, "b", CALL, ORDER_BUY, ONE, 4 * ONE, 0);
    paper_bench_hold(b, "SPY", ONE);
    paper_bench_pass(b, NS_PER_MINUTE);
    assert_int_equal(b->book.market_count, OVER + 2); /* they are not over yet */
    paper_bench_pass(b, 5 * NS_PER_DAY);
    paper_bench_quote(b, symbol, 4 * ONE, 0, 5 * ONE, 0); /* somebody still quotes the last one */
    b->book.sweep = (struct past_sweep){.at = 1};
    paper_bench_pass(b, NS_PER_MINUTE);
    assert_int_equal(b->book.market_count, 3);
    assert_non_null(paper_book_market(&b->book, symbol));
    assert_int_equal(paper_bench_held(b, "SPY"), ONE);
    paper_assert_live(b, "b", 0);
    paper_bench_check(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAPER_TEST(purchases_reserve_their_cost),
        PAPER_TEST(a_market_order_that_turns_out_too_dear_is_rejected),
        PAPER_TEST(a_market_order_may_cost_more_than_was_reserved),
        PAPER_TEST(a_purchase_stops_where_the_cash_ends),
        PAPER_TEST(closing_orders_share_the_position),
        PAPER_TEST(nothing_closes_what_is_not_there),
        PAPER_TEST(shorts_of_shares_are_secured_by_cash),
        PAPER_TEST(nothing_opens_against_an_opening_order),
        PAPER_TEST(fractions_of_a_cent_are_rounded_against_the_account),
        PAPER_TEST(a_pair_fills_its_quantity_once),
        PAPER_TEST(a_pair_that_is_filled_does_not_hold_up_who_comes_after),
        PAPER_TEST(a_pair_claims_the_position_once_and_ends_together),
        PAPER_TEST(a_pair_that_makes_no_sense_is_refused),
        PAPER_TEST(terms_out_of_range_are_refused),
        PAPER_TEST(at_its_end_an_option_is_settled_at_intrinsic_value),
        PAPER_TEST(an_underlying_may_be_spelt_with_a_point),
        PAPER_TEST(an_option_out_of_the_money_ends_worthless),
        PAPER_TEST(a_settlement_waits_for_a_price_of_the_underlying),
        PAPER_TEST(without_any_price_it_is_settled_at_its_own_bid_a_day_later),
        PAPER_TEST(what_has_ended_leaves_memory_after_a_while),
        PAPER_TEST(what_is_not_stored_yet_stays_in_memory),
        PAPER_TEST(markets_of_contracts_that_are_over_leave_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
