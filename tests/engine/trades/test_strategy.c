/* Checks of a strategy: what is refused, and where the error points. */
#include "base/clock.h"
#include "base/decimal.h"
#include "base/limits.h"
#include "engine/trades/strategy.h"
#include "tests/support/test.h"

#include <string.h>

static struct strategy defaults(void)
{
    struct strategy s;
    strategy_defaults(&s);
    return s;
}

static void expect_refusal(const struct strategy *s, const char *pointer)
{
    struct error e = {0};
    assert_int_equal(strategy_check(s, &e), ERR_INVALID);
    assert_string_equal(e.pointer, pointer);
    assert_true(strlen(e.message) > 10);
}

static void the_defaults_pass(void **state)
{
    (void)state;
    struct strategy s = defaults();
    assert_int_equal(strategy_check(&s, NULL), ERR_OK);
}

static void levels_must_be_on_their_side_of_the_price(void **state)
{
    (void)state;
    struct strategy s = defaults();
    struct strategy_distance all = {.kind = DISTANCE_PERCENT, .value = 100 * DECIMAL_ONE};
    s.stop_loss = all;
    expect_refusal(&s, "/strategy/stop_loss/percent");
    s.side = SIDE_SHORT;
    assert_int_equal(strategy_check(&s, NULL), ERR_OK);
    s.take_profit = all;
    expect_refusal(&s, "/strategy/take_profit/percent");
    s.take_profit = (struct strategy_distance){.kind = DISTANCE_OFFSET, .value = 0};
    expect_refusal(&s, "/strategy/take_profit/offset");
    s.take_profit = (struct strategy_distance){.kind = DISTANCE_ATR, .value = 1};
    expect_refusal(&s, "/strategy/take_profit/atr/period");
    s.take_profit.value = 0;
    expect_refusal(&s, "/strategy/take_profit/atr/multiple");
    s.take_profit.value = 1;
    s.take_profit.atr_period = 14;
    assert_int_equal(strategy_check(&s, NULL), ERR_OK);
}

static void times_must_be_times(void **state)
{
    (void)state;
    struct strategy s = defaults();
    s.max_holding_ns = -1;
    expect_refusal(&s, "/strategy/max_holding");
    s.max_holding_ns = 3651 * NS_PER_DAY;
    expect_refusal(&s, "/strategy/max_holding");
    s.max_holding_ns = 0;
    s.flat_at_minute = 1440;
    expect_refusal(&s, "/strategy/flat_at");
}

static void costs_are_never_in_our_favour(void **state)
{
    (void)state;
    struct strategy s = defaults();
    s.commission.per_share = -1;
    expect_refusal(&s, "/strategy/commission/per_share");
    s.commission = (struct strategy_commission){.percent = 101 * DECIMAL_ONE};
    expect_refusal(&s, "/strategy/commission/percent");
    s.commission = (struct strategy_commission){.minimum = -1};
    expect_refusal(&s, "/strategy/commission/minimum");
    s.commission = (struct strategy_commission){0};
    s.slippage = (struct strategy_slippage){.kind = SLIPPAGE_PERCENT, .percent = -1};
    expect_refusal(&s, "/strategy/slippage/percent");
    s.slippage = (struct strategy_slippage){.kind = SLIPPAGE_TICKS, .ticks = 1};
    expect_refusal(&s, "/strategy/slippage/tick_size");
    s.slippage = (struct strategy_slippage){.kind = SLIPPAGE_TICKS, .ticks = -1, .tick_size = 1};
    expect_refusal(&s, "/strategy/slippage/ticks");
}

static void sizes_have_their_limits(void **state)
{
    (void)state;
    struct strategy s = defaults();
    s.sizing = (struct strategy_sizing){SIZING_PERCENT_EQUITY, 101 * DECIMAL_ONE, DECIMAL_ONE};
    expect_refusal(&s, "/strategy/sizing/value");
    s.sizing = (struct strategy_sizing){SIZING_FIXED_QUANTITY, 1500000, DECIMAL_ONE};
    expect_refusal(&s, "/strategy/sizing/value");
    s.sizing.step = 500000;
    assert_int_equal(strategy_check(&s, NULL), ERR_OK);
    s.sizing.step = 0;
    expect_refusal(&s, "/strategy/sizing/step");
    s = defaults();
    s.initial_cash = 0;
    expect_refusal(&s, "/strategy/initial_cash");
    s = defaults();
    s.max_positions = LIMIT_STRATEGY_POSITIONS + 1;
    expect_refusal(&s, "/strategy/max_positions");
}

static void names_are_read_and_written(void **state)
{
    (void)state;
    enum trade_side side;
    enum trade_entry entry;
    enum intrabar intrabar;
    enum sizing_kind sizing;
    struct error e = {0};
    assert_int_equal(trade_side_parse("short", 5, &side, NULL), ERR_OK);
    assert_string_equal(trade_side_name(side), "short");
    assert_int_equal(trade_entry_parse("close", 5, &entry, NULL), ERR_OK);
    assert_string_equal(trade_entry_name(entry), "close");
    assert_int_equal(intrabar_parse("adaptive", 8, &intrabar, NULL), ERR_OK);
    assert_string_equal(intrabar_name(intrabar), "adaptive");
    assert_int_equal(sizing_kind_parse("percent_equity", 14, &sizing, NULL), ERR_OK);
    assert_string_equal(sizing_kind_name(sizing), "percent_equity");
    assert_int_equal(intrabar_parse("adapt", 5, &intrabar, &e), ERR_INVALID);
    assert_string_equal(e.message,
                        "intrabar must be \"pessimistic\", \"optimistic\" or \"adaptive\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_pass),
        cmocka_unit_test(levels_must_be_on_their_side_of_the_price),
        cmocka_unit_test(times_must_be_times),
        cmocka_unit_test(costs_are_never_in_our_favour),
        cmocka_unit_test(sizes_have_their_limits),
        cmocka_unit_test(names_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
