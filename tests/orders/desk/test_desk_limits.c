/* Limits of a key and of the desk, and the kill switch when the disk is full, on a desk with a
 * store and a broker of the tests'. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <stdlib.h>

static const struct uuid robot = {{1}}, person = {{2}};

static enum err place(struct bench *b, const struct uuid *key, const struct risk_key_limits *limits,
                      const struct bracket_spec *spec, struct uuid *ret_id)
{
    const struct desk_placement p = {.spec = spec, .key_id = *key, .key_limits = *limits};
    struct answer a = bench_place(b, &p);
    if (a.code != ERR_OK)
        return a.code;
    assert_int_equal(a.outcome, DESK_DONE);
    if (ret_id)
        *ret_id = a.id;
    return ERR_OK;
}

static const struct risk_key_limits none = {0};
static const struct risk_key_limits of_each = {.order_notional = 1000 * ONE};
static const struct risk_key_limits of_all = {.open_notional = 2000 * ONE};

static void an_order_over_the_keys_limit_is_refused(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_OK);
    spec.quantity += ONE;
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    assert_int_equal(place(b, &robot, &none, &spec, NULL), ERR_OK);
}

static void a_market_order_is_measured_by_the_quote(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    spec.entry_type = ORDER_TYPE_MARKET;
    spec.limit_price = 0;
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    desk_quote(b->desk, spec.contract.symbol, 100 * ONE, 100 * ONE + CENT, false, 0);
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    desk_quote(b->desk, spec.contract.symbol, 99 * ONE, 100 * ONE, false, 0);
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_OK);
}

static void open_orders_of_a_key_count_together_until_they_end(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid first;
    assert_int_equal(place(b, &robot, &of_all, &spec, &first), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    assert_int_equal(place(b, &person, &of_all, &spec, NULL), ERR_OK); /* another key's */
    /* Loaded again they count as before. */
    bench_stop(b);
    bench_open(b);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    struct desk_order *o = desk_find(b->desk, &first);
    assert_non_null(o);
    assert_int_equal(desk_cancel(o, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
    EVENTUALLY(place(b, &robot, &of_all, &spec, NULL) == ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
}

static enum err check_change(struct desk_order *o, int64_t quantity, const struct uuid *key,
                             const struct risk_key_limits *limits)
{
    struct bracket_spec before = bench_terms(), after = bench_terms();
    after.quantity = quantity;
    return desk_check_change(o, &before, &after, key, limits, NULL);
}

static void new_terms_are_held_to_the_limits_when_they_grow(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    const struct risk_key_limits little = {.order_notional = ONE};
    assert_int_equal(place(b, &robot, &none, &spec, &id), ERR_OK);
    struct desk_order *o = desk_find(b->desk, &id);
    assert_non_null(o);
    assert_int_equal(check_change(o, 11 * ONE, &robot, &none), ERR_OK);
    assert_int_equal(check_change(o, 11 * ONE, &robot, &of_each), ERR_FORBIDDEN);
    assert_int_equal(check_change(o, 9 * ONE, &robot, &little), ERR_OK); /* less is always well */
    /* Its own part is replaced; for another key's hands it comes to that key's own. */
    assert_int_equal(check_change(o, 20 * ONE, &robot, &of_all), ERR_OK);
    assert_int_equal(check_change(o, 21 * ONE, &robot, &of_all), ERR_FORBIDDEN);
    assert_int_equal(place(b, &person, &none, &spec, NULL), ERR_OK);
    assert_int_equal(check_change(o, 11 * ONE, &person, &of_all), ERR_FORBIDDEN);
    desk_unref(o);
}

static void new_terms_are_held_to_the_desks_limits_too(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    bench_stop(b);
    b->options.limits = (struct risk_limits){.quantity = 15 * ONE, .orders_per_minute = 1};
    bench_open(b);
    assert_int_equal(place(b, &robot, &none, &spec, &id), ERR_OK);
    struct desk_order *o = desk_find(b->desk, &id);
    assert_non_null(o);
    assert_int_equal(check_change(o, 15 * ONE, &robot, &none), ERR_OK); /* no new order */
    assert_int_equal(check_change(o, 16 * ONE, &robot, &none), ERR_FORBIDDEN);
    desk_unref(o);
}

static enum desk_outcome modify(struct desk_order *o, const struct bracket_spec *spec)
{
    struct answer a = {.outcome = DESK_REFUSED};
    assert_int_equal(desk_modify(o, spec, bench_answered, &a, NULL), ERR_OK);
    return answer_outcome(&a);
}

static void an_order_that_grew_counts_in_full_for_its_key(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms(), larger = bench_terms();
    struct uuid id;
    assert_int_equal(place(b, &robot, &of_all, &spec, &id), ERR_OK);
    struct desk_order *o = desk_find(b->desk, &id);
    assert_non_null(o);
    larger.quantity = 15 * ONE;
    assert_int_equal(modify(o, &larger), DESK_DONE);
    desk_unref(o);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    spec.quantity = 5 * ONE;
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_OK);
}

static void the_kill_switch_holds_also_when_it_cannot_be_stored(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    memory_store_refuse_pause(b->store, true);
    assert_int_equal(desk_set_paused(b->desk, true, NULL), ERR_DISK_FULL);
    assert_true(desk_paused(b->desk));
    assert_int_equal(place(b, &robot, &none, &spec, NULL), ERR_CONFLICT);
    /* To let entries go on is refused like anything else. */
    assert_int_equal(desk_set_paused(b->desk, false, NULL), ERR_DISK_FULL);
    assert_true(desk_paused(b->desk));
    memory_store_refuse_pause(b->store, false);
    assert_int_equal(desk_set_paused(b->desk, false, NULL), ERR_OK);
    assert_int_equal(place(b, &robot, &none, &spec, NULL), ERR_OK);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_order_over_the_keys_limit_is_refused),
        WITH_DESK(a_market_order_is_measured_by_the_quote),
        WITH_DESK(open_orders_of_a_key_count_together_until_they_end),
        WITH_DESK(new_terms_are_held_to_the_limits_when_they_grow),
        WITH_DESK(new_terms_are_held_to_the_desks_limits_too),
        WITH_DESK(an_order_that_grew_counts_in_full_for_its_key),
        WITH_DESK(the_kill_switch_holds_also_when_it_cannot_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
