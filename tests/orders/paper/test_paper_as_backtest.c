/* The same bars, once through the backtest's search for exits and once as quotes through the paper
 * broker: entries at the open, stops, targets and gaps must trade at the same prices, in the same
 * bars. A bar becomes the quotes open, the levels that it reaches (the stop first: pessimistic),
 * close, each with one price for both sides.
 */
#include "tests/support/test.h"
#include "engine/trades/exit_levels.h"
#include "engine/trades/exit_search.h"
#include "tests/engine/make_bars.h"
#include "tests/orders/paper/paper_bench.h"

#include <string.h>

enum { FIRES = 400, BARS_EACH = 45 };

struct replay {
    struct paper_bench bench;
    const struct bars *bars;
    bool is_long;
    int64_t stop_price, target_price;
};

static void quote(struct replay *r, int64_t price)
{
    paper_bench_quote(&r->bench, "SPY", price, 0, price, 0);
}

static int64_t price_at(const struct replay *r, enum bar_column column, int64_t bar)
{
    return exit_decimal(r->bars->column[column][bar]);
}

static void quote_if_within(struct replay *r, int64_t bar, int64_t level)
{
    if (price_at(r, BAR_LOW, bar) <= level && level <= price_at(r, BAR_HIGH, bar))
        quote(r, level);
}

static void replay_bar(struct replay *r, int64_t bar)
{
    quote(r, price_at(r, BAR_OPEN, bar));
    quote_if_within(r, bar, r->stop_price);
    quote_if_within(r, bar, r->target_price);
    quote(r, price_at(r, BAR_CLOSE, bar));
}

/* The entry at the open of its bar, and both exits as a pair, before that bar goes on. */
static void enter(struct replay *r, const struct trade_candidate *c)
{
    struct paper_bench *b = &r->bench;
    struct broker_submit entry = paper_order("entry", "SPY", ORDER_BUY, ONE, 0, 0);
    entry.side = r->is_long ? ORDER_BUY : ORDER_SELL;
    assert_int_equal(paper_bench_submit(b, &entry), OUTCOME_OK);
    quote(r, price_at(r, BAR_OPEN, c->entry_bar));
    assert_int_equal(paper_bench_row(b, "entry")->filled_value, c->entry_price);
    struct broker_submit exits =
        paper_order("target", "SPY", order_side_opposite(entry.side), ONE, c->target_price, 0);
    exits.opens = false;
    exits.oco_client_id = "stop";
    exits.oco_stop_price = c->stop_price;
    assert_int_equal(paper_bench_submit(b, &exits), OUTCOME_OK);
}

static void compare(struct replay *r, const struct trade_candidate *c)
{
    paper_bench_init(&r->bench, NULL, 0);
    r->stop_price = c->stop_price;
    r->target_price = c->target_price;
    enter(r, c);
    const struct paper_order_row *target = paper_bench_row(&r->bench, "target");
    const struct paper_order_row *stop = paper_bench_row(&r->bench, "stop");
    int64_t bar = c->entry_bar;
    for (; bar < c->exit_bar; bar++) {
        replay_bar(r, bar);
        assert_int_equal(target->filled + stop->filled, 0);
    }
    replay_bar(r, bar);
    if (c->chosen.reason == EXIT_END_OF_DATA) {
        assert_int_equal(target->filled + stop->filled, 0);
    } else {
        const struct paper_order_row *hit = c->chosen.reason == EXIT_STOP_LOSS ? stop : target;
        assert_int_equal(hit->status, ORDER_STATUS_FILLED);
        assert_int_equal(hit->filled_value, c->chosen.price);
    }
    paper_bench_release(&r->bench);
}

static void compare_side(enum trade_side side, int *ret_gaps, int *ret_stops, int *ret_targets)
{
    static struct replay r;
    struct strategy strategy;
    struct price_blocks *blocks;
    struct exit_search search;
    memset(&r, 0, sizeof r);
    strategy_defaults(&strategy);
    strategy.side = side;
    strategy.take_profit = (struct strategy_distance){.kind = DISTANCE_PERCENT, .value = ONE / 2};
    strategy.stop_loss = (struct strategy_distance){.kind = DISTANCE_PERCENT, .value = ONE / 3};
    r.bars = generated_bars("XNYS", "2024-01-02", "2024-06-28", 5, 0.01, FIRES * BARS_EACH);
    r.is_long = side == SIDE_LONG;
    assert_int_equal(price_blocks_create(r.bars, &blocks, NULL), ERR_OK);
    const struct exit_inputs in = {
        .strategy = &strategy, .bars = r.bars, .blocks = blocks, .end_bar = r.bars->count};
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    for (int64_t fire = 0; fire < r.bars->count - 1; fire += BARS_EACH) {
        struct trade_candidate c;
        if (!exit_search_find(&search, fire, &c))
            continue;
        compare(&r, &c);
        bool at_open = c.chosen.price == price_at(&r, BAR_OPEN, c.exit_bar);
        *ret_gaps += at_open && c.chosen.price != c.stop_price && c.chosen.price != c.target_price;
        *ret_stops += c.chosen.reason == EXIT_STOP_LOSS;
        *ret_targets += c.chosen.reason == EXIT_TAKE_PROFIT;
    }
    exit_search_release(&search);
    price_blocks_free(blocks);
    bars_unref(r.bars);
}

static void stops_targets_and_gaps_trade_as_in_a_backtest(void **state)
{
    (void)state;
    int gaps = 0, stops = 0, targets = 0;
    compare_side(SIDE_LONG, &gaps, &stops, &targets);
    compare_side(SIDE_SHORT, &gaps, &stops, &targets);
    assert_true(stops > 100 && targets > 100 && gaps > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_targets_and_gaps_trade_as_in_a_backtest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
