/* Terms that make sense, and what may be changed of a bracket that runs. */
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

#include <string.h>

static void refused(const struct bracket_spec *spec, const char *pointer)
{
    struct error e = {0};
    assert_int_equal(bracket_spec_check(spec, &e), ERR_INVALID);
    assert_string_equal(e.pointer, pointer);
    assert_int_equal(bracket_spec_check(spec, NULL), ERR_INVALID);
}

/* Refuses the sample with one member changed. */
#define REFUSED(pointer, ...)                                                                      \
    do {                                                                                           \
        struct bracket_spec spec = fixture_spec();                                                 \
        __VA_ARGS__;                                                                               \
        refused(&spec, pointer);                                                                   \
    } while (0)
#define ACCEPTED(...)                                                                              \
    do {                                                                                           \
        struct bracket_spec spec = fixture_spec();                                                 \
        __VA_ARGS__;                                                                               \
        assert_int_equal(bracket_spec_check(&spec, NULL), ERR_OK);                                 \
    } while (0)

static void quantities_are_whole_and_bounded(void **state)
{
    (void)state;
    REFUSED("/quantity", spec.quantity = 0);
    REFUSED("/quantity", spec.quantity = -ONE);
    REFUSED("/quantity", spec.quantity = ONE + 1);
    REFUSED("/quantity", spec.quantity = LIMIT_ORDER_QUANTITY + ONE);
    ACCEPTED(spec.quantity = LIMIT_ORDER_QUANTITY);
}

static void prices_go_with_the_type_and_lie_on_steps(void **state)
{
    (void)state;
    REFUSED("/entry/limit_price", spec.limit_price = 0);
    REFUSED("/entry/limit_price", spec.limit_price = -ONE);
    REFUSED("/entry/limit_price", spec.limit_price = LIMIT_ORDER_PRICE + ONE);
    REFUSED("/entry/limit_price", spec.limit_price = 100 * ONE + 1);
    REFUSED("/entry/limit_price", spec.entry_type = ORDER_TYPE_MARKET);
    REFUSED("/entry/stop_price", spec.stop_price = 100 * ONE);
    REFUSED("/entry/stop_price", spec.entry_type = ORDER_TYPE_STOP_LIMIT);
    ACCEPTED(spec.entry_type = ORDER_TYPE_STOP_LIMIT; spec.stop_price = 99 * ONE);
    ACCEPTED(spec.entry_type = ORDER_TYPE_STOP; spec.stop_price = 99 * ONE; spec.limit_price = 0);
    ACCEPTED(spec.entry_type = ORDER_TYPE_MARKET; spec.limit_price = 0);
    REFUSED("/take_profit/limit_price", spec.take_profit.value = 110 * ONE + 1);
    REFUSED("/stop_loss/stop_price", spec.stop_loss.value = 0);
    REFUSED("/stop_loss/limit_price", spec.stop_loss.limit_price = 1);
    ACCEPTED(spec.stop_loss.limit_price = 94 * ONE);
    ACCEPTED(spec.stop_loss.limit_price = 95 * ONE);
    REFUSED("/stop_loss/limit_price", spec.stop_loss.limit_price = 95 * ONE + CENT);
    ACCEPTED(spec.side = ORDER_SELL; spec.take_profit.value = 90 * ONE;
             spec.stop_loss.value = 105 * ONE; spec.stop_loss.limit_price = 106 * ONE);
    REFUSED("/stop_loss/limit_price", spec.side = ORDER_SELL; spec.take_profit.value = 90 * ONE;
            spec.stop_loss.value = 105 * ONE; spec.stop_loss.limit_price = 104 * ONE);
}

static void exits_lie_on_the_right_side(void **state)
{
    (void)state;
    REFUSED("/take_profit/limit_price", spec.take_profit.value = 100 * ONE);
    REFUSED("/stop_loss/stop_price", spec.stop_loss.value = 100 * ONE);
    REFUSED("/stop_loss/stop_price", spec.stop_loss.value = 110 * ONE);
    REFUSED("/stop_loss/stop_price", spec.side = ORDER_SELL);
    ACCEPTED(spec.side = ORDER_SELL; spec.take_profit.value = 90 * ONE;
             spec.stop_loss.value = 105 * ONE);
    REFUSED("/take_profit/limit_price", spec.side = ORDER_SELL; spec.stop_loss.kind = EXIT_NONE;
            spec.take_profit.value = 101 * ONE);
    REFUSED("/stop_loss/stop_price", spec.entry_type = ORDER_TYPE_STOP; spec.stop_price = 95 * ONE;
            spec.limit_price = 0);
    ACCEPTED(spec.take_profit.kind = EXIT_NONE);
}

static void distances_leave_something_of_the_price(void **state)
{
    (void)state;
    REFUSED("/stop_loss", spec.stop_loss.kind = EXIT_PERCENT; spec.stop_loss.value = 100 * ONE);
    REFUSED("/stop_loss", spec.stop_loss.kind = EXIT_TRAIL_PERCENT;
            spec.stop_loss.value = 100 * ONE);
    ACCEPTED(spec.stop_loss.kind = EXIT_PERCENT; spec.stop_loss.value = 99 * ONE);
    ACCEPTED(spec.take_profit.kind = EXIT_PERCENT; spec.take_profit.value = 500 * ONE);
    REFUSED("/take_profit", spec.take_profit.kind = EXIT_OFFSET; spec.take_profit.value = 0);
    REFUSED("/take_profit", spec.take_profit.kind = EXIT_OFFSET;
            spec.take_profit.value = LIMIT_ORDER_PRICE + 1);
    REFUSED("/take_profit", spec.take_profit.kind = EXIT_TRAIL_PRICE);
    REFUSED("/take_profit", spec.take_profit.limit_price = ONE);
    REFUSED("/take_profit", spec.take_profit.reserved = 1);
    REFUSED("/stop_loss", spec.stop_loss.kind = EXIT_OFFSET; spec.stop_loss.limit_price = ONE);
    REFUSED("/stop_loss", spec.stop_loss.reserved = 1);
    REFUSED("/stop_loss", spec.stop_loss.kind = EXIT_KIND_COUNT);
}

static void a_held_position_has_exits_and_no_entry(void **state)
{
    (void)state;
    ACCEPTED(spec.adopts_position = 1; spec.limit_price = 0);
    REFUSED("/entry", spec.adopts_position = 1);
    REFUSED("/entry", spec.adopts_position = 1; spec.limit_price = 0; spec.stop_price = ONE);
    REFUSED("/stop_loss", spec.adopts_position = 1; spec.take_profit.kind = EXIT_NONE;
            spec.stop_loss.kind = EXIT_NONE);
    REFUSED("/stop_loss", spec.adopts_position = 1; spec.limit_price = 0;
            spec.stop_loss.kind = EXIT_OFFSET);
    ACCEPTED(spec.adopts_position = 1; spec.limit_price = 0; spec.take_profit.kind = EXIT_NONE;
             spec.stop_loss.kind = EXIT_TRAIL_PRICE; spec.stop_loss.value = ONE);
    ACCEPTED(spec.adopts_position = 1; spec.limit_price = 0; spec.stop_loss.kind = EXIT_NONE);
}

static void members_out_of_range_are_refused(void **state)
{
    (void)state;
    REFUSED("", spec.contract.kind = (enum contract_kind)7);
    REFUSED("", spec.contract.right = (enum option_right)7);
    REFUSED("", spec.contract.multiplier = 0);
    REFUSED("", spec.contract.symbol[0] = '\0');
    REFUSED("", memset(spec.contract.symbol, 'A', sizeof(spec.contract.symbol)));
    REFUSED("", spec.side = ORDER_SIDE_COUNT);
    REFUSED("", spec.entry_type = ORDER_TYPE_COUNT);
    REFUSED("", spec.time_in_force = TIF_COUNT);
    REFUSED("", spec.exit_time_in_force = TIF_IOC);
    REFUSED("", spec.protection = PROTECTION_COUNT);
    REFUSED("", spec.arm = ARM_COUNT);
    REFUSED("", spec.adopts_position = 2);
    REFUSED("", spec.reserved = 1);
    REFUSED("", spec.flat_ns = -1);
    REFUSED("", spec.contract.cutoff_ns = -1);
    REFUSED("", spec.contract.end_ns = -1);
    REFUSED("", spec.not_found_bound_ns = -1);
    REFUSED("", spec.take_profit_ttl_ns = 0);
    REFUSED("", spec.quote_max_age_ns = -1);
}

/* ---- modification --------------------------------------------------------------------------- */

static enum err may(const struct fixture *f, const struct bracket_spec *spec)
{
    struct error e;
    enum err err = bracket_may_modify(&f->state, spec, &e);
    assert_int_equal(bracket_may_modify(&f->state, spec, NULL), err);
    return err;
}

static void what_a_bracket_is_stays(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec(), other;
    bracket_fixture_init(&f, &spec);
    assert_int_equal(may(&f, &spec), ERR_OK);
    other = spec;
    other.contract.symbol[0] = 'Q';
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.side = ORDER_SELL;
    other.take_profit.kind = other.stop_loss.kind = EXIT_NONE;
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.entry_type = ORDER_TYPE_MARKET;
    other.limit_price = 0;
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.adopts_position = 1;
    other.limit_price = 0;
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.protection = PROTECTION_WATCHED;
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.not_found_bound_ns = 0;
    assert_int_equal(may(&f, &other), ERR_INVALID);
    other = spec;
    other.quantity = 0;
    assert_int_equal(may(&f, &other), ERR_INVALID);
}

static void an_entry_that_is_done_keeps_its_terms(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec(), other;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    other = spec;
    other.quantity = 3 * ONE;
    assert_int_equal(may(&f, &other), ERR_CONFLICT);
    other.quantity = 4 * ONE;
    assert_int_equal(may(&f, &other), ERR_OK);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    other = spec;
    other.quantity = 20 * ONE;
    assert_int_equal(may(&f, &other), ERR_CONFLICT);
    other = spec;
    other.limit_price = 101 * ONE;
    assert_int_equal(may(&f, &other), ERR_CONFLICT);
    other = spec;
    other.time_in_force = TIF_GTC;
    assert_int_equal(may(&f, &other), ERR_CONFLICT);
    other = spec;
    other.stop_loss.value = 96 * ONE;
    assert_int_equal(may(&f, &other), ERR_OK);
    spec.entry_type = ORDER_TYPE_STOP_LIMIT;
    spec.stop_price = 99 * ONE;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    spec.stop_price = 98 * ONE;
    assert_int_equal(may(&f, &spec), ERR_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_are_whole_and_bounded),
        cmocka_unit_test(prices_go_with_the_type_and_lie_on_steps),
        cmocka_unit_test(exits_lie_on_the_right_side),
        cmocka_unit_test(distances_leave_something_of_the_price),
        cmocka_unit_test(a_held_position_has_exits_and_no_entry),
        cmocka_unit_test(members_out_of_range_are_refused),
        cmocka_unit_test(what_a_bracket_is_stays),
        cmocka_unit_test(an_entry_that_is_done_keeps_its_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
