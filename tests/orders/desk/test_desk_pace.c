/* Which quotes brackets have to be waited for, and when they are done. */
#include "orders/past_contracts.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static struct uuid place(struct bench *b, const struct bracket_spec *spec)
{
    const struct desk_placement p = {.spec = spec};
    struct answer a = bench_place(b, &p);
    assert_int_equal(a.outcome, DESK_DONE);
    EVENTUALLY(script_broker_live(b->broker, &a.id, LEG_ENTRY, NULL) == 1);
    EVENTUALLY(desk_settled(b->desk, spec->contract.symbol));
    return a.id;
}

/* Which of the bids, told as quotes 0.01 wide, is the first on which somebody acts; -1 = none. */
static int first_act(struct bench *b, const char *symbol, const int64_t *bids, size_t count)
{
    struct market_quote quotes[8] = {{.bid = 0}};
    bool acts;
    assert_true(count <= sizeof quotes / sizeof *quotes);
    for (size_t i = 0; i < count; i++) {
        snprintf(quotes[i].symbol, sizeof quotes[i].symbol, "%s", symbol);
        quotes[i].bid = bids[i] * ONE;
        quotes[i].ask = bids[i] * ONE + CENT;
    }
    size_t until = desk_quotes_until_act(b->desk, quotes, count, &acts);
    assert_true(until >= 1 && until <= count);
    assert_true(acts || until == count);
    return acts ? (int)until - 1 : -1;
}
#define FIRST_ACT(b, symbol, ...)                                                                  \
    first_act(b, symbol, (int64_t[]){__VA_ARGS__},                                                 \
              sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void without_brackets_nobody_acts(void **state)
{
    assert_int_equal(FIRST_ACT(*state, "SPY", 1, 100, 1000), -1);
    assert_true(desk_settled(((struct bench *)*state)->desk, "SPY"));
}

static void who_has_orders_or_levels_acts_where_the_price_reaches_them(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms(); /* buys at 100; out at 110 or 95 */
    desk_quote(b->desk, "SPY", 104 * ONE, 104 * ONE + CENT, false, 0);
    struct uuid id = place(b, &spec);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 103, 101, 120, 101), -1);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 101, 100, 99, 98), 2);
    assert_int_equal(FIRST_ACT(b, "QQQ", 104, 100, 99), -1);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_STOP_LOSS, NULL) == 1);
    EVENTUALLY(desk_settled(b->desk, "SPY"));
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 99, 97, 109, 96), -1);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 109, 110, 109), 2);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 96, 95, 109), 2);
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    bench_await_status(b, &id, BRACKET_CLOSED);
    EVENTUALLY(desk_settled(b->desk, "SPY"));
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 109, 110, 95), -1);
}

static void a_market_order_trades_at_any_quote(void **state)
{
    struct bracket_spec spec = bench_terms();
    spec.entry_type = ORDER_TYPE_MARKET;
    spec.limit_price = 0;
    place(*state, &spec);
    assert_int_equal(FIRST_ACT(*state, "SPY", 104, 104), 0);
}

static void what_is_sold_acts_at_the_other_side(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    spec.side = ORDER_SELL;
    spec.entry_type = ORDER_TYPE_STOP;
    spec.stop_price = 98 * ONE;
    spec.limit_price = 0;
    spec.take_profit.kind = spec.stop_loss.kind = EXIT_NONE;
    desk_quote(b->desk, "SPY", 104 * ONE, 104 * ONE + CENT, false, 0);
    place(b, &spec);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 99, 98), 2);
    assert_int_equal(FIRST_ACT(b, "SPY", 104, 99, 120), -1);
}

static void a_bracket_has_settled_once_what_it_does_is_stored(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct answer a = {.there = false};
    struct uuid id = place(b, &spec);
    struct desk_order *o = bench_find(b, &id);
    memory_store_hold(b->store, true);
    assert_int_equal(desk_cancel(o, 0, bench_answered, &a, NULL), ERR_OK);
    EVENTUALLY(memory_store_waiting(b->store) == 1);
    assert_false(desk_settled(b->desk, "SPY"));
    assert_true(desk_settled(b->desk, "QQQ"));
    memory_store_hold(b->store, false);
    assert_int_equal(answer_outcome(&a), DESK_DONE);
    bench_await_status(b, &id, BRACKET_CANCELED);
    EVENTUALLY(desk_settled(b->desk, "SPY"));
    desk_unref(o);
}

static bool is_quoted(struct bench *b, const char *symbol)
{
    struct order_quote quote;
    int64_t age_ns;
    return desk_last_quote(b->desk, symbol, &quote, &age_ns);
}

static bool desk_has(struct bench *b, const struct uuid *id)
{
    struct desk_order *o = desk_find(b->desk, id);
    desk_unref(o);
    return o != NULL;
}

static void quotes_of_contracts_that_are_over_are_forgotten(void **state)
{
    enum { OVER = PAST_FIRST };
    struct bench *b = *state;
    char symbol[LIMIT_SYMBOL_BYTES];
    struct bracket_spec spec = bench_terms();
    desk_quote(b->desk, "SPY", 104 * ONE, 104 * ONE + CENT, false, 3 * NS_PER_DAY);
    place(b, &spec);
    desk_quote(b->desk, "QQQ240119P00001000", 4 * ONE, 5 * ONE, false, 0); /* as of now */
    for (int i = 0; i < OVER; i++) {
        snprintf(symbol, sizeof symbol, "QQQ240119C%08d", 100000 + i * 1000);
        desk_quote(b->desk, symbol, 4 * ONE, 5 * ONE, false, 2 * NS_PER_DAY);
    }
    assert_false(is_quoted(b, "QQQ240119C00100000"));
    assert_true(is_quoted(b, symbol)); /* it came after the rest had gone */
    assert_true(is_quoted(b, "QQQ240119P00001000"));
    assert_true(is_quoted(b, "SPY"));
}

/* As a request does that found it a moment before. */
static void who_still_holds_a_bracket_that_has_left_may_look_at_it(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct desk_view view;
    char symbol[LIMIT_SYMBOL_BYTES];
    snprintf(spec.contract.symbol, sizeof spec.contract.symbol, "QQQ240119P00001000");
    struct uuid id = place(b, &spec);
    struct desk_order *o = bench_find(b, &id);
    desk_quote(b->desk, spec.contract.symbol, 4 * ONE, 5 * ONE, false, 2 * NS_PER_DAY);
    assert_int_equal(desk_cancel(o, 0, NULL, NULL, NULL), ERR_OK);
    EVENTUALLY(!desk_has(b, &id));
    for (int i = 0; i < PAST_FIRST; i++) {
        snprintf(symbol, sizeof symbol, "QQQ240119C%08d", 100000 + i * 1000);
        desk_quote(b->desk, symbol, 4 * ONE, 5 * ONE, false, 2 * NS_PER_DAY);
    }
    desk_view(o, &view);
    assert_int_equal(view.state.status, BRACKET_CANCELED);
    assert_false(is_quoted(b, "QQQ240119C00100000"));
    desk_unref(o);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(without_brackets_nobody_acts),
        WITH_DESK(who_has_orders_or_levels_acts_where_the_price_reaches_them),
        WITH_DESK(a_market_order_trades_at_any_quote),
        WITH_DESK(what_is_sold_acts_at_the_other_side),
        WITH_DESK(a_bracket_has_settled_once_what_it_does_is_stored),
        WITH_DESK(quotes_of_contracts_that_are_over_are_forgotten),
        WITH_DESK(who_still_holds_a_bracket_that_has_left_may_look_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
