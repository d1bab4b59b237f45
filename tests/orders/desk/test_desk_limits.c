/* Limits of a key and of the desk, and the kill switch when the disk is full, on a desk with a
 * store and a broker of the tests'. */
#include "orders/desk/desk.h"

#include "tests/orders/bracket_fixture.h"
#include "tests/orders/desk/memory_store.h"
#include "tests/orders/desk/script_broker.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PATIENCE_MS = 20000 };

struct bench {
    struct memory_store *store;
    struct script_broker *broker;
    struct desk_options options;
    struct desk *desk;
};

static bool is_ready(void *context)
{
    return desk_ready(((struct bench *)context)->desk, NULL);
}

static void start(struct bench *b)
{
    assert_int_equal(desk_create(&b->options, &b->desk, NULL), ERR_OK);
    assert_int_equal(desk_start(b->desk, NULL), ERR_OK);
    assert_true(test_wait(is_ready, b, PATIENCE_MS));
}

static void stop(struct bench *b)
{
    assert_int_equal(desk_stop(b->desk, 5 * NS_PER_SECOND, NULL), ERR_OK);
    desk_free(b->desk);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->store = memory_store_create();
    b->broker = script_broker_create(BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_BULK_LIST);
    b->options = (struct desk_options){
        .broker = script_broker_of(b->broker),
        .store = memory_store_of(b->store),
        .clock = clock_real(),
        .instance = "t",
        .poll_interval_ns = 20 * NS_PER_MS,
    };
    start(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    stop(b);
    memory_store_free(b->store);
    script_broker_free(b->broker);
    free(b);
    return 0;
}

struct answer {
    atomic_bool there;
    enum desk_outcome outcome;
    struct uuid id;
};

static void answered(void *context, const struct desk_result *r)
{
    struct answer *a = context;
    a->outcome = r->outcome;
    a->id = r->id;
    atomic_store(&a->there, true);
}

static bool is_there(void *context)
{
    return atomic_load(&((struct answer *)context)->there);
}

static const struct uuid robot = {{1}}, person = {{2}};

static enum err place(struct bench *b, const struct uuid *key, const struct risk_key_limits *limits,
                      const struct bracket_spec *spec, struct uuid *ret_id)
{
    struct answer a = {.outcome = DESK_REFUSED};
    const struct desk_placement p = {.spec = spec, .key_id = *key, .key_limits = *limits};
    enum err err = desk_place(b->desk, &p, answered, &a, NULL);
    if (err != ERR_OK)
        return err;
    assert_true(test_wait(is_there, &a, PATIENCE_MS));
    assert_int_equal(a.outcome, DESK_DONE);
    if (ret_id)
        *ret_id = a.id;
    return ERR_OK;
}

/* 10 at 100. */
static struct bracket_spec terms(void)
{
    struct bracket_spec spec = fixture_spec();
    spec.not_found_bound_ns = 30 * NS_PER_MS;
    return spec;
}

static const struct risk_key_limits none = {0};
static const struct risk_key_limits of_each = {.order_notional = 1000 * ONE};
static const struct risk_key_limits of_all = {.open_notional = 2000 * ONE};

static void an_order_over_the_keys_limit_is_refused(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = terms();
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_OK);
    spec.quantity += ONE;
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    assert_int_equal(place(b, &robot, &none, &spec, NULL), ERR_OK);
}

static void a_market_order_is_measured_by_the_quote(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = terms();
    spec.entry_type = ORDER_TYPE_MARKET;
    spec.limit_price = 0;
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    desk_quote(b->desk, spec.contract.symbol, 100 * ONE, 100 * ONE + CENT, false, 0);
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_FORBIDDEN);
    desk_quote(b->desk, spec.contract.symbol, 99 * ONE, 100 * ONE, false, 0);
    assert_int_equal(place(b, &robot, &of_each, &spec, NULL), ERR_OK);
}

struct pending {
    struct bench *bench;
    const struct uuid *key;
};

static bool may_place(void *context)
{
    struct pending *p = context;
    struct bracket_spec spec = terms();
    return place(p->bench, p->key, &of_all, &spec, NULL) == ERR_OK;
}

static void open_orders_of_a_key_count_together_until_they_end(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = terms();
    struct uuid first;
    assert_int_equal(place(b, &robot, &of_all, &spec, &first), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    assert_int_equal(place(b, &person, &of_all, &spec, NULL), ERR_OK); /* another key's */
    /* Loaded again they count as before. */
    stop(b);
    start(b);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    struct desk_order *o = desk_find(b->desk, &first);
    assert_non_null(o);
    assert_int_equal(desk_cancel(o, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
    struct pending p = {b, &robot};
    assert_true(test_wait(may_place, &p, PATIENCE_MS));
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
}

static enum err check_change(struct desk_order *o, int64_t quantity, const struct uuid *key,
                             const struct risk_key_limits *limits)
{
    struct bracket_spec before = terms(), after = terms();
    after.quantity = quantity;
    return desk_check_change(o, &before, &after, key, limits, NULL);
}

static void new_terms_are_held_to_the_limits_when_they_grow(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = terms();
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
    struct bracket_spec spec = terms();
    struct uuid id;
    stop(b);
    b->options.limits = (struct risk_limits){.quantity = 15 * ONE, .orders_per_minute = 1};
    start(b);
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
    assert_int_equal(desk_modify(o, spec, answered, &a, NULL), ERR_OK);
    assert_true(test_wait(is_there, &a, PATIENCE_MS));
    return a.outcome;
}

static void an_order_that_grew_counts_in_full_for_its_key(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = terms(), larger = terms();
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
    struct bracket_spec spec = terms();
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

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

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
