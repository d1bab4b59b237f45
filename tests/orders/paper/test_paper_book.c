/* The rules of the paper broker, one by one, on its book alone. Every call is audited. */
#include "tests/orders/paper/paper_bench.h"
#include "tests/support/test.h"

#include <string.h>

#define CENT (ONE / 100)
#define MS NS_PER_MS

static int set_up(void **state)
{
    static struct paper_bench bench;
    paper_bench_init(&bench, "XNYS", 0);
    *state = &bench;
    return 0;
}

static int set_up_with_latency(void **state)
{
    static struct paper_bench bench;
    paper_bench_init(&bench, "XNYS", 50 * MS);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    paper_bench_release(*state);
    return 0;
}

static void assert_order(struct paper_bench *b, const char *client_id, enum order_status status,
                         int64_t filled, int64_t filled_value)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    assert_string_equal(order_status_name(row->status), order_status_name(status));
    assert_int_equal(row->filled, filled);
    assert_int_equal(row->filled_value, filled_value);
}

static void assert_live(struct paper_bench *b, const char *client_id, int64_t filled)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    assert_string_equal(order_status_name(row->status), order_status_name(ORDER_STATUS_NEW));
    assert_int_equal(row->filled, filled);
}

static void assert_filled(struct paper_bench *b, const char *client_id, int64_t price)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    assert_order(b, client_id, ORDER_STATUS_FILLED, row->quantity,
                 order_value(row->quantity, price));
}

/* Buys `quantity` of the symbol at 100. */
static void hold(struct paper_bench *b, const char *symbol, int64_t quantity)
{
    paper_bench_quote(b, symbol, 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "hold", symbol, ORDER_BUY, quantity, 0, 0);
    assert_filled(b, "hold", 100 * ONE);
}

/* ---- prices ---------------------------------------------------------------------------------- */

static void buys_trade_at_the_ask_and_sells_at_the_bid(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 101 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 2 * ONE, 0, 0);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, 2 * ONE, 0, 0);
    assert_filled(b, "b", 101 * ONE);
    assert_filled(b, "s", 99 * ONE);
    assert_int_equal(b->book.cash, BENCH_CASH - 4 * ONE);
}

static void a_limit_waits_and_never_gets_worse(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE + CENT, 0);
    assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    assert_filled(b, "b", 100 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 105 * ONE, 0);
    paper_bench_quote(b, "SPY", 105 * ONE - CENT, 0, 106 * ONE, 0);
    assert_live(b, "s", 0);
    paper_bench_quote(b, "SPY", 107 * ONE, 0, 108 * ONE, 0);
    assert_filled(b, "s", 107 * ONE); /* a gap in our favour is ours */
}

static void a_stop_that_is_touched_trades_at_the_quote(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 2 * ONE);
    paper_bench_place(b, "touch", "SPY", ORDER_SELL, ONE, 0, 95 * ONE);
    paper_bench_place(b, "gap", "SPY", ORDER_SELL, ONE, 0, 94 * ONE);
    paper_bench_quote(b, "SPY", 95 * ONE + CENT, 0, 96 * ONE, 0);
    assert_live(b, "touch", 0);
    paper_bench_quote(b, "SPY", 95 * ONE, 0, 96 * ONE, 0);
    assert_filled(b, "touch", 95 * ONE);
    paper_bench_quote(b, "SPY", 90 * ONE, 0, 91 * ONE, 0);
    assert_filled(b, "gap", 90 * ONE);
}

static void a_stop_to_buy_goes_by_the_ask(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 100 * ONE);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 99 * ONE + CENT, 0);
    assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 100 * ONE, 0, 103 * ONE, 0);
    assert_filled(b, "b", 103 * ONE);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, ONE, 0, 110 * ONE);
    paper_bench_quote(b, "SPY", 109 * ONE, 0, 110 * ONE, 0);
    assert_filled(b, "b2", 110 * ONE);
}

static void a_stop_limit_waits_at_its_limit_once_it_was_touched(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 94 * ONE, 95 * ONE);
    paper_bench_quote(b, "SPY", 93 * ONE, 0, 94 * ONE, 0);
    assert_live(b, "s", 0);
    assert_true(paper_bench_row(b, "s")->triggered);
    paper_bench_quote(b, "SPY", 97 * ONE, 0, 98 * ONE, 0);
    assert_filled(b, "s", 97 * ONE);
}

static void a_stop_that_was_touched_trades_later_at_any_price(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 3 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, 3 * ONE, 0, 95 * ONE);
    paper_bench_quote(b, "SPY", 95 * ONE, ONE, 96 * ONE, 0);
    assert_live(b, "s", ONE);
    paper_bench_restart(b);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    assert_order(b, "s", ORDER_STATUS_FILLED, 3 * ONE, (95 + 2 * 98) * ONE);
}

static void a_stop_that_was_touched_on_arrival_trades_later_at_any_price(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 2 * ONE);
    paper_bench_place(b, "first", "SPY", ORDER_SELL, ONE, 0, 94 * ONE);
    paper_bench_quote(b, "SPY", 94 * ONE, ONE, 95 * ONE, 0);
    assert_filled(b, "first", 94 * ONE);
    paper_bench_place(b, "s", "SPY", ORDER_SELL, ONE, 0, 95 * ONE);
    assert_live(b, "s", 0); /* nothing is left of the quote */
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    assert_filled(b, "s", 98 * ONE);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void a_quote_fills_what_it_offers_in_the_order_of_arrival(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "first", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0);
    paper_bench_place(b, "dear", "SPY", ORDER_BUY, 3 * ONE, 90 * ONE, 0);
    paper_bench_place(b, "second", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    assert_filled(b, "first", 100 * ONE);
    assert_live(b, "dear", 0);
    assert_live(b, "second", 2 * ONE);
    paper_bench_place(b, "third", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_live(b, "third", 0); /* nothing is left of the quote */
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    assert_filled(b, "second", 100 * ONE);
    assert_filled(b, "third", 100 * ONE);
}

static void an_order_that_comes_later_takes_what_is_left(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    paper_bench_place(b, "b1", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, 3 * ONE, 0, 0);
    assert_filled(b, "b1", 100 * ONE);
    assert_live(b, "b2", 2 * ONE);
}

static void options_fill_in_whole_contracts(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", CALL, ORDER_BUY, 3 * ONE, 5 * ONE, 0);
    paper_bench_quote(b, CALL, 4 * ONE, 0, 5 * ONE, 2 * ONE + ONE / 2);
    assert_live(b, "b", 2 * ONE);
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
    assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 101 * ONE, 0, 100 * ONE, 0);
    assert_live(b, "b", 0); /* crossed */
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 0, 0);
    assert_live(b, "b", 0); /* one side is missing */
    paper_bench_pass(b, 10 * NS_PER_MINUTE);
    old.at_ns = b->now.wall_ns - 2 * NS_PER_MINUTE;
    paper_bench_take(b, &old);
    assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 0, 0, 100 * ONE, 0);
    assert_filled(b, "b", 100 * ONE);
}

static void an_order_does_not_trade_on_a_quote_that_has_become_old(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_pass(b, NS_PER_MINUTE);
    paper_bench_place(b, "b1", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_filled(b, "b1", 100 * ONE);
    paper_bench_pass(b, 1);
    paper_bench_place(b, "b2", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_live(b, "b2", 0);
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

static struct broker_submit with(struct broker_submit s, enum time_in_force tif)
{
    s.time_in_force = tif;
    return s;
}

static void ioc_takes_what_is_there_and_fok_all_or_nothing(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit s;
    s = with(paper_order("none", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_order(b, "none", ORDER_STATUS_CANCELED, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 5 * ONE);
    s = with(paper_order("ioc", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_filled(b, "ioc", 100 * ONE);
    s = with(paper_order("fok", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_FOK);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_order(b, "fok", ORDER_STATUS_CANCELED, 0, 0);
    s = with(paper_order("rest", "SPY", ORDER_BUY, 3 * ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_order(b, "rest", ORDER_STATUS_CANCELED, 2 * ONE, 200 * ONE);
    s = with(paper_order("stop", "SPY", ORDER_BUY, ONE, 0, 100 * ONE), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_REJECTED);
}

static void orders_wait_while_the_market_is_closed_and_day_orders_end_with_it(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit day =
        with(paper_order("d1", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_DAY);
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_place(b, "g", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_pass_to(b, 15, 59);
    assert_live(b, "d1", 0);
    paper_bench_pass_to(b, 16, 0);
    assert_order(b, "d1", ORDER_STATUS_EXPIRED, 0, 0);
    assert_int_equal(paper_bench_row(b, "d1")->reason, PAPER_REASON_SESSION);
    /* After the close: it belongs to the next session. */
    day.client_id = "d2";
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    assert_live(b, "d2", 0);
    assert_live(b, "g", 0);
    paper_bench_pass_to(b, 9, 29);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    assert_live(b, "g", 0);
    paper_bench_pass_to(b, 9, 30);
    paper_bench_quote(b, "SPY", 98 * ONE, 0, 99 * ONE, 0);
    assert_filled(b, "d2", 99 * ONE);
    assert_filled(b, "g", 99 * ONE);
}

static void a_day_order_of_a_friday_evening_lives_until_monday(void **state)
{
    struct paper_bench *b = *state;
    struct broker_submit day = with(paper_order("d", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_DAY);
    paper_bench_pass(b, 2 * NS_PER_DAY);
    paper_bench_pass_to(b, 18, 0);
    assert_int_equal(paper_bench_submit(b, &day), OUTCOME_OK);
    paper_bench_pass(b, 2 * NS_PER_DAY);
    assert_live(b, "d", 0);
    paper_bench_pass(b, NS_PER_DAY);
    assert_order(b, "d", ORDER_STATUS_EXPIRED, 0, 0);
}

/* ---- latency --------------------------------------------------------------------------------- */

static void an_order_meets_the_market_after_the_latency(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_live(b, "b", 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 101 * ONE, 0);
    int64_t next_ns = paper_bench_pass(b, 49 * MS);
    assert_int_equal(next_ns, b->now.steady_ns + MS);
    assert_live(b, "b", 0);
    paper_bench_pass(b, MS);
    assert_filled(b, "b", 101 * ONE);
}

static void a_cancel_on_its_way_does_not_stop_a_fill(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 2 * ONE, 100 * ONE, 0);
    paper_bench_pass(b, 50 * MS);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK);
    assert_live(b, "b", 0);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK); /* once more changes nothing */
    assert_int_equal(b->last_count, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, ONE);
    assert_live(b, "b", ONE);
    paper_bench_pass(b, 50 * MS);
    assert_order(b, "b", ORDER_STATUS_CANCELED, ONE, 100 * ONE);
}

static void a_cancel_overtakes_no_order(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, ONE, 0, 0);
    assert_int_equal(paper_bench_cancel(b, "b"), OUTCOME_OK);
    paper_bench_pass(b, 50 * MS);
    assert_filled(b, "b", 100 * ONE);
}

static void a_restart_carries_out_the_cancels_and_lets_the_orders_in(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_place(b, "stays", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    paper_bench_place(b, "goes", "SPY", ORDER_BUY, ONE, 100 * ONE, 0);
    struct broker_submit s = with(paper_order("ioc", "SPY", ORDER_BUY, ONE, 100 * ONE, 0), TIF_IOC);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    assert_int_equal(paper_bench_cancel(b, "goes"), OUTCOME_OK);
    paper_bench_restart(b);
    assert_order(b, "goes", ORDER_STATUS_CANCELED, 0, 0);
    assert_order(b, "ioc", ORDER_STATUS_CANCELED, 0, 0);
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    assert_filled(b, "stays", 100 * ONE);
}

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
    assert_order(b, "b", ORDER_STATUS_REJECTED, 0, 0);
    assert_int_equal(paper_bench_row(b, "b")->reason, PAPER_REASON_CASH);
    paper_bench_place(b, "part", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    assert_filled(b, "part", 101 * ONE);
    assert_int_equal(b->book.cash, (100000 - 900 * 101) * ONE);
}

static void a_market_order_may_cost_more_than_was_reserved(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, ONE);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    assert_int_equal(paper_book_buying_power(&b->book), 10000 * ONE);
    paper_bench_quote(b, "SPY", 104 * ONE, 0, 105 * ONE, 0);
    assert_order(b, "b", ORDER_STATUS_FILLED, 900 * ONE, (100 + 899 * 105) * ONE);
}

static void a_purchase_stops_where_the_cash_ends(void **state)
{
    struct paper_bench *b = *state;
    paper_bench_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 400 * ONE);
    paper_bench_place(b, "b", "SPY", ORDER_BUY, 900 * ONE, 0, 0);
    assert_live(b, "b", 400 * ONE);
    paper_bench_quote(b, "SPY", 199 * ONE, 0, 200 * ONE, 0);
    assert_order(b, "b", ORDER_STATUS_CANCELED, 400 * ONE, 40000 * ONE);
    assert_int_equal(paper_book_buying_power(&b->book), 60000 * ONE);
}

static void closing_orders_share_the_position(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 5 * ONE);
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
    assert_filled(b, "c", 101 * ONE);
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
    hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 5 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_bench_quote(b, "SPY", 110 * ONE, 2 * ONE, 111 * ONE, 0);
    assert_live(b, "t", 2 * ONE);
    assert_live(b, "s", 0);
    paper_bench_restart(b);
    paper_bench_quote(b, "SPY", 94 * ONE, 0, 95 * ONE, 0);
    assert_order(b, "s", ORDER_STATUS_FILLED, 3 * ONE, 3 * 94 * ONE);
    assert_order(b, "t", ORDER_STATUS_CANCELED, 2 * ONE, 220 * ONE);
    assert_int_equal(paper_bench_held(b, "SPY"), 0);
}

static void a_pair_that_is_filled_does_not_hold_up_who_comes_after(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 3 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    paper_bench_place(b, "after", "SPY", ORDER_SELL, 2 * ONE, 110 * ONE, 0);
    paper_bench_quote(b, "SPY", 110 * ONE, 0, 111 * ONE, 0);
    assert_filled(b, "t", 110 * ONE);
    assert_filled(b, "after", 110 * ONE);
}

static void a_pair_claims_the_position_once_and_ends_together(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 5 * ONE);
    struct broker_submit s = pair("t", "s", "SPY", 3 * ONE, 110 * ONE, 95 * ONE);
    assert_int_equal(paper_bench_submit(b, &s), OUTCOME_OK);
    struct broker_submit more = paper_order("m", "SPY", ORDER_SELL, 2 * ONE, 120 * ONE, 0);
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_OK);
    more.client_id = "m2";
    more.quantity = ONE;
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_REJECTED);
    assert_int_equal(paper_bench_cancel(b, "s"), OUTCOME_OK);
    assert_order(b, "t", ORDER_STATUS_CANCELED, 0, 0);
    assert_order(b, "s", ORDER_STATUS_CANCELED, 0, 0);
    assert_int_equal(paper_bench_submit(b, &more), OUTCOME_OK);
}

static void a_pair_that_makes_no_sense_is_refused(void **state)
{
    struct paper_bench *b = *state;
    hold(b, "SPY", 5 * ONE);
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
    assert_live(b, "s", 0);
    paper_bench_pass_to(b, 16, 0);
    assert_order(b, "s", ORDER_STATUS_EXPIRED, 0, 0);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define LATE(name) cmocka_unit_test_setup_teardown(name, set_up_with_latency, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(buys_trade_at_the_ask_and_sells_at_the_bid),
        TEST(a_limit_waits_and_never_gets_worse),
        TEST(a_stop_that_is_touched_trades_at_the_quote),
        TEST(a_stop_to_buy_goes_by_the_ask),
        TEST(a_stop_limit_waits_at_its_limit_once_it_was_touched),
        TEST(a_stop_that_was_touched_trades_later_at_any_price),
        TEST(a_stop_that_was_touched_on_arrival_trades_later_at_any_price),
        TEST(a_quote_fills_what_it_offers_in_the_order_of_arrival),
        TEST(an_order_that_comes_later_takes_what_is_left),
        TEST(options_fill_in_whole_contracts),
        TEST(nothing_trades_on_a_bad_quote),
        TEST(an_order_does_not_trade_on_a_quote_that_has_become_old),
        TEST(a_quote_older_than_the_last_is_ignored),
        TEST(ioc_takes_what_is_there_and_fok_all_or_nothing),
        TEST(orders_wait_while_the_market_is_closed_and_day_orders_end_with_it),
        TEST(a_day_order_of_a_friday_evening_lives_until_monday),
        LATE(an_order_meets_the_market_after_the_latency),
        LATE(a_cancel_on_its_way_does_not_stop_a_fill),
        LATE(a_cancel_overtakes_no_order),
        LATE(a_restart_carries_out_the_cancels_and_lets_the_orders_in),
        TEST(purchases_reserve_their_cost),
        TEST(a_market_order_that_turns_out_too_dear_is_rejected),
        TEST(a_market_order_may_cost_more_than_was_reserved),
        TEST(a_purchase_stops_where_the_cash_ends),
        TEST(closing_orders_share_the_position),
        TEST(nothing_closes_what_is_not_there),
        TEST(shorts_of_shares_are_secured_by_cash),
        TEST(nothing_opens_against_an_opening_order),
        TEST(fractions_of_a_cent_are_rounded_against_the_account),
        TEST(a_pair_fills_its_quantity_once),
        TEST(a_pair_that_is_filled_does_not_hold_up_who_comes_after),
        TEST(a_pair_claims_the_position_once_and_ends_together),
        TEST(a_pair_that_makes_no_sense_is_refused),
        TEST(terms_out_of_range_are_refused),
        TEST(at_its_end_an_option_is_settled_at_intrinsic_value),
        TEST(an_underlying_may_be_spelt_with_a_point),
        TEST(an_option_out_of_the_money_ends_worthless),
        TEST(a_settlement_waits_for_a_price_of_the_underlying),
        TEST(without_any_price_it_is_settled_at_its_own_bid_a_day_later),
        TEST(what_has_ended_leaves_memory_after_a_while),
        TEST(what_is_not_stored_yet_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
