#include "engine/trades/option_model.h"

#include "base/random.h"
#include "engine/trades/exit_search.h"
#include "tests/engine/make_bars.h"

#include <math.h>

enum { ROUNDS = 300, BARS = 1500 };

static struct option_model random_model(struct random *r, const struct bars *bars)
{
    struct trade_contract c = {
        .prices = CONTRACT_MODEL,
        .right = (uint8_t)random_below(r, 2),
        .expiry_days = bars->sessions[0].day + (int32_t)random_below(r, 20),
        .strike_milli = (int32_t)(bars->column[BAR_CLOSE][0] * (800 + 400 * random_unit(r))),
        .volatility = 0.05 + random_unit(r)};
    return option_model_of(&c, bars->calendar, 0.2 * random_unit(r) - 0.05);
}

static const struct bars *some_bars(uint64_t seed)
{
    return generated_bars(seed % 2 ? "XNYS" : "24x7", "2024-06-27", "2024-07-12", seed, 0.05, BARS);
}

static void a_modelled_bar_holds_its_open_and_close(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 1);
    for (uint64_t round = 0; round < 20; round++) {
        const struct bars *bars = some_bars(round);
        struct option_model m = random_model(&r, bars);
        for (int64_t i = 0; i < bars->count; i++) {
            struct option_bar b = option_model_bar(&m, bars, i);
            assert_true(b.low >= 0 && b.low <= b.open && b.open <= b.high);
            assert_true(b.low <= b.close && b.close <= b.high);
            assert_true(rint(b.close * 1e4) / 1e4 == b.close);
        }
        bars_unref(bars);
    }
}

static void no_bar_that_reaches_a_level_is_passed_over(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 2);
    int passed = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct bars *bars = some_bars(round);
        struct option_model m = random_model(&r, bars);
        int64_t first = (int64_t)random_below(&r, (uint64_t)bars->count);
        double price = option_model_bar(&m, bars, first).open;
        double lower = random_below(&r, 4) ? price * (0.2 + 0.8 * random_unit(&r)) : -INFINITY;
        double upper = random_below(&r, 4) ? price * (1 + 3 * random_unit(&r)) : INFINITY;
        int64_t near = option_model_near(&m, bars, first, bars->count, lower, upper);
        passed += near > first;
        for (int64_t i = first; i < near; i++) {
            struct option_bar b = option_model_bar(&m, bars, i);
            assert_true(b.low > lower && b.high < upper);
        }
        bars_unref(bars);
    }
    assert_true(passed > ROUNDS / 4);
}

static void at_the_expiry_only_the_intrinsic_value_is_left(void **state)
{
    (void)state;
    struct trade_contract c = {.prices = CONTRACT_MODEL,
                               .right = OPTION_PUT,
                               .expiry_days = day_of("2024-07-03"),
                               .strike_milli = 100000,
                               .volatility = 0.4};
    struct option_model m = option_model_of(&c, calendar_named("XNYS"), 0.05);
    assert_int_equal(m.expiry_ns, instant("2024-07-03", 17 * 60)); /* a half day */
    assert_true(option_model_price(&m, 97.5, m.expiry_ns) == 2.5);
    assert_true(option_model_price(&m, 97.5, m.expiry_ns + NS_PER_DAY) == 2.5);
    assert_true(option_model_price(&m, 102, m.expiry_ns) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modelled_bar_holds_its_open_and_close),
        cmocka_unit_test(no_bar_that_reaches_a_level_is_passed_over),
        cmocka_unit_test(at_the_expiry_only_the_intrinsic_value_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
