/* How the paper broker fills: prices, sizes, quotes, time in force, latency. Every call is audited.
 */
#include "tests/orders/paper/paper_bench.h"
#include "tests/support/test.h"

#define CENT (ONE / 100)
#define MS NS_PER_MS

/* ---- prices ---------------------------------------------------------------------------------- */

static void buys_trade_at_the_ask_and_sells_at_the_bid(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 101 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 2 * ONE, 0, 0);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, 2 * ONE, 0, 0);
    paper_assert_filled(b, "b", 101 * ONE);
    paper_assert_filled(b, "s", 99 * ONE);
    assert_int_equal(b->book.cash, BENCH_CASH - 4 * ONE);
}

static void a_limit_waits_and_never_gets_worse(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE + CENT, 0);
    paper_assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_assert_filled(b, "b", 100 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 105 * ONE, 0);
    paper_bench_quote(b, "SPY", 105 * ONE - CENT, 0, 106 * ONE, 0);
    paper_assert_live(b, "s", 0);
    paper_bench_quote(b, "SPY", 107 * ONE, 0, 108 * ONE, 0);
    paper_assert_filled(b, "s", 107 * ONE); /* a gap in our favour is ours */
}

static void a_stop_that_is_touched_trades_at_the_quote(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 2 * ONE);
    paper_bench_place(b, "touch", "SPY", ORDER_SELL, ONE, 0, 95 * ONE);
    paper_bench_place(b, "gap", "SPY", ORDER_SELL, ONE, 0, 94 * ONE);
    paper_bench_quote(b, "SPY", 95 * ONE + CENT, 0, 96 * ONE, 0);
    paper_assert_live(b, "touch", 0);
    paper_bench_quote(b, "SPY", 95 * ONE, 0, 96 * ONE, 0);
    paper_assert_filled(b, "touch", 95 * ONE);
    paper_bench_quote(b, "SPY", 90 * ONE, 0, 91 * ONE, 0);
    paper_assert_filled(b, "gap", 90 * ONE);
}

static void a_stop_to_buy_goes_by_the_ask(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 100 * ONE);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 99 * ONE + CENT, 0);
    paper_assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 100 * ONE, 0, 103 * ONE, 0);
    paper_assert_filled(b, "b", 103 * ONE);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, ONE, 0, 110 * ONE);
    paper_bench_quote(b, "SPY", 109 * ONE, 0, 110 * ONE, 0);
    paper_assert_filled(b, "b2", 110 * ONE);
}

static void a_stop_limit_waits_at_its_limit_once_it_was_touched(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 94 * ONE, 95 * ONE);
    paper_bench_quote(b, "SPY", 93 * ONE, 0, 94 * ONE, 0);
    paper_assert_live(b, "s", 0);
    assert_true(paper_bench_row(b, "s")->triggered);
    paper_bench_quote(b, "SPY", 97 * ONE, 0, 98 * ONE, 0);
    paper_assert_filled(b, "s", 97 * ONE);
}

static void a_stop_that_was_touched_trades_later_at_any_price(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 3 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, 3 * ONE, 0, 95 * ONE);
    paper_bench_quote(b, "SPY", 95 * ONE, ONE, 96 * ONE, 0);
    paper_assert_live(b, "s", ONE);
    paper_bench_restart(b);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    paper_assert_order(b, "s", ORDER_STATUS_FILLED, 3 * ONE, (95 + 2 * 98) * ONE);
}

static void a_stop_that_was_touched_on_arrival_trades_later_at_any_price(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_hold(b, "SPY", 2 * ONE);
    paper_bench_place(b, "first", "SPY", ORDER_SELL, ONE, 0, 94 * ONE);
    paper_bench_quote(b, "SPY", 94 * ONE, ONE, 95 * ONE, 0);
    paper_assert_filled(b, "first", 94 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 0, 95 * ONE);
    paper_assert_live(b, "s", 0); /* nothing is left of the quote */
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    paper_assert_filled(b, "s", 98 * ONE);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void a_quote_fills_what_it_offers_in_the_order_of_arrival(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "first", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0);
    paper_bench_place(b, "dear", "SPY", ORDER_BUY, 3 * ONE, 90 * ONE, 0);
    paper_bench_place(b, "second", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    paper_assert_filled(b, "first", 100 * ONE);
    paper_assert_live(b, "dear", 0);
    paper_assert_live(b, "second", 2 * ONE);
    paper_bench_place(b, "third", "SPY", ORDER_BUY, ONE, 0, 0);
    paper_assert_live(b, "third", 0); /* nothing is left of the quote */
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    paper_assert_filled(b, "second", 100 * ONE);
    paper_assert_filled(b, "third", 100 * ONE);
}

static void an_order_that_comes_later_takes_what_is_left(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    paper_bench_place(b, "b1", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    paper_assert_filled(b, "b1", 100 * ONE);
    paper_assert_live(b, "b2", 2 * ONE);
}

static void options_fill_in_whole_contracts(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", CALL, ORDER_BUY, 3 * ONE, 5 * ONE, 0);
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 2 * ONE + ONE / 2);
    paper_assert_live(b, "b", 2 * ONE);
    assert_int_equal(b->book.cash, BENCH_CASH - 2 * 5 * 100 * ONE);
    struct broker_submit s = paper_order("half", CALL, ORDER_BUY, ONE / 2, 5 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
}

/* ---- quotes on which nothing trades ---------------------------------------------------------- */

static void nothing_trades_on_a_bad_quote(void **state)
{
    struct paper_bench *b = *state;
    struct market_quote halted = {
        .symbol = "SPY", .bid = 99 * ONE, .ask = 100 * ONE, .halted = true};
    struct market_quote old = {.symbol = "SPY", .bid = 99 * ONE, .ask = 100 * ONE};
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 0);
    paper_bench_take(b, &halted);
    paper_assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 101 * ONE, 0, 100 * ONE, 0);
    paper_assert_live(b, "b", 0); /* crossed */
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 0, 0);
    paper_assert_live(b, "b", 0); /* one side is missing */
    paper_bench_pass(b, 10 * NS_PER_MINUTE);
    old.at_ns = b->now.wall_ns - 2 * NS_PER_MINUTE;
    paper_bench_take(b, &old);
    paper_assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 0, 0, 100 * ONE, 0);
    paper_assert_filled(b, "b", 100 * ONE);
}

static void an_order_does_not_trade_on_a_quote_that_has_become_old(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_pass(b, NS_PER_MINUTE);
    paper_bench_place(b, "b1", "SPY", ORDER_BUY, ONE, 0, 0);
    paper_assert_filled(b, "b1", 100 * ONE);
    paper_bench_pass(b, 1);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, ONE, 0, 0);
    paper_assert_live(b, "b2", 0);
}

static void a_quote_older_than_the_last_is_ignored(void **state)
{
    struct paper_bench *b = *state;
    struct market_quote q = {.symbol = "SPY", .bid = 99 * ONE, .ask = 100 * ONE};
    q.at_ns = b->now.wall_ns - 10;
    paper_bench_take(b, &q);
    q.at_ns--;
    q.ask = 50 * ONE;
    paper_bench_take(b, &q);
    assert_int_equal(paper_book_market(&b->book, "SPY")->ask, 100 * ONE);
    q.at_ns += 2;
    paper_bench_take(b, &q);
    assert_int_equal(paper_book_market(&b->book, "SPY")->ask, 50 * ONE);
    /* The clock is set back by an hour: what comes then is newer all the same. */
    b->now.wall_ns -= 60 * NS_PER_MINUTE;
    q.at_ns = b->now.wall_ns;
    q.ask = 60 * ONE;
    paper_bench_take(b, &q);
    assert_int_equal(paper_book_market(&b->book, "SPY")->ask, 60 * ONE);
}

/* ---- time in force --------------------------------------------------------------------------- */

static void ioc_takes_what_is_there_and_fok_all_or_nothing(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit s;
    s = paper_order_with(paper_order("none", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_assert_order(b, "none", ORDER_STATUS_CANCELED, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    s = paper_order_with(paper_order("ioc", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_assert_filled(b, "ioc", 100 * ONE);
    s = paper_order_with(paper_order("fok", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_FOK);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_assert_order(b, "fok", ORDER_STATUS_CANCELED, 0, 0);
    s = paper_order_with(paper_order("rest", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_assert_order(b, "rest", ORDER_STATUS_CANCELED, 2 * ONE, 200 * ONE);
    s = paper_order_with(paper_order("stop", "SPY", ORDER_BUY, ONE, 0, 100 * ONE), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
}

static void orders_wait_while_the_market_is_closed_and_day_orders_end_with_it(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit day =
        paper_order_with(paper_order("d1", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_DAY);
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_place(b, "g", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_pass_to(b, 15, 59);
    paper_assert_live(b, "d1", 0);
    paper_bench_pass_to(b, 16, 0);
    paper_assert_order(b, "d1", ORDER_STATUS_EXPIRED, 0, 0);
    assert_int_equal(paper_bench_row(b, "d1")->reason, PAPER_REASON_SESSION);
    /* After the close: it belongs to the next session. */
    day.client_id = "d2";
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    paper_assert_live(b, "d2", 0);
    paper_assert_live(b, "g", 0);
    paper_bench_pass_to(b, 9, 29);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    paper_assert_live(b, "g", 0);
    paper_bench_pass_to(b, 9, 30);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    paper_assert_filled(b, "d2", 99 * ONE);
    paper_assert_filled(b, "g", 99 * ONE);
}

static void a_day_order_of_a_friday_evening_lives_until_monday(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit day =
        paper_order_with(paper_order("d", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_DAY);
    paper_bench_pass(b, 2 * NS_PER_DAY);
    paper_bench_pass_to(b, 18, 0);
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_pass(b, 2 * NS_PER_DAY);
    paper_assert_live(b, "d", 0);
    paper_bench_pass(b, NS_PER_DAY);
    paper_assert_order(b, "d", ORDER_STATUS_EXPIRED, 0, 0);
}

/* ---- latency --------------------------------------------------------------------------------- */

static void an_order_meets_the_market_after_the_latency(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 0);
    paper_assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 101 * ONE, 0);
    int64_t next_ns = paper_bench_pass(b, 49 * MS);
    assert_int_equal(next_ns, b->now.steady_ns + MS);
    paper_assert_live(b, "b", 0);
    paper_bench_pass(b, MS);
    paper_assert_filled(b, "b", 101 * ONE);
}

static void a_cancel_on_its_way_does_not_stop_a_fill(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 2 * ONE, 100 * ONE, 0);
    paper_bench_pass(b, 50 * MS);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK);
    paper_assert_live(b, "b", 0);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK); /* once more changes nothing */
    assert_int_equal(b->last_count, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, ONE);
    paper_assert_live(b, "b", ONE);
    paper_bench_pass(b, 50 * MS);
    paper_assert_order(b, "b", ORDER_STATUS_CANCELED, ONE, 100 * ONE);
}

static void a_cancel_overtakes_no_order(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK);
    paper_bench_pass(b, 50 * MS);
    paper_assert_filled(b, "b", 100 * ONE);
}

static void a_restart_carries_out_the_cancels_and_lets_the_orders_in(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "stays", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_place(b, "goes", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    struct broker_submit s =
        paper_order_with(paper_order("ioc", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_int_equal(paper_bench_cancel(b, "goes"), OUTCOME_OK);
    paper_bench_restart(b);
    paper_assert_order(b, "goes", ORDER_STATUS_CANCELED, 0, 0);
    paper_assert_order(b, "ioc", ORDER_STATUS_CANCELED, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_assert_filled(b, "stays", 100 * ONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAPER_TEST(buys_trade_at_the_ask_and_sells_at_the_bid),
        PAPER_TEST(a_limit_waits_and_never_gets_worse),
        PAPER_TEST(a_stop_that_is_touched_trades_at_the_quote),
        PAPER_TEST(a_stop_to_buy_goes_by_the_ask),
        PAPER_TEST(a_stop_limit_waits_at_its_limit_once_it_was_touched),
        PAPER_TEST(a_stop_that_was_touched_trades_later_at_any_price),
        PAPER_TEST(a_stop_that_was_touched_on_arrival_trades_later_at_any_price),
        PAPER_TEST(a_quote_fills_what_it_offers_in_the_order_of_arrival),
        PAPER_TEST(an_order_that_comes_later_takes_what_is_left),
        PAPER_TEST(options_fill_in_whole_contracts),
        PAPER_TEST(nothing_trades_on_a_bad_quote),
        PAPER_TEST(an_order_does_not_trade_on_a_quote_that_has_become_old),
        PAPER_TEST(a_quote_older_than_the_last_is_ignored),
        PAPER_TEST(ioc_takes_what_is_there_and_fok_all_or_nothing),
        PAPER_TEST(orders_wait_while_the_market_is_closed_and_day_orders_end_with_it),
        PAPER_TEST(a_day_order_of_a_friday_evening_lives_until_monday),
        PAPER_TEST_LATE(an_order_meets_the_market_after_the_latency),
        PAPER_TEST_LATE(a_cancel_on_its_way_does_not_stop_a_fill),
        PAPER_TEST_LATE(a_cancel_overtakes_no_order),
        PAPER_TEST_LATE(a_restart_carries_out_the_cancels_and_lets_the_orders_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
