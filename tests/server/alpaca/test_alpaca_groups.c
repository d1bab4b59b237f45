/* Kept orders of /v2: folded once per revision, over a desk of the tests'. */
#include "server/alpaca/alpaca_groups.h"

#include "base/limits.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* The desk's store, with its loads counted. */
struct counted {
    struct order_store store;
    struct order_store_operations operations;
    struct order_store *inner;
    int loads;
};

static enum err load(struct order_store *store, const struct uuid *id, stored_order_fn *visit,
                     void *context, struct error *e)
{
    struct counted *c = (struct counted *)store;
    c->loads++;
    return c->inner->operations->load(c->inner, id, visit, context, e);
}

static void counted_init(struct counted *c, struct order_store *inner)
{
    *c = (struct counted){.inner = inner, .operations = {.load = load}};
    c->store.operations = &c->operations;
}

static struct uuid place(struct bench *b)
{
    struct bracket_spec spec = bench_terms();
    const struct desk_placement p = {.spec = &spec};
    struct answer a = bench_place(b, &p);
    assert_int_equal(a.outcome, DESK_DONE);
    bench_await_status(b, &a.id, BRACKET_WORKING);
    return a.id;
}

static enum alpaca_status status_at(struct alpaca_groups *groups, const struct uuid *id,
                                    int64_t rev)
{
    struct alpaca_group group;
    assert_int_equal(alpaca_groups_get(groups, id, rev, &group, NULL), ERR_OK);
    assert_memory_equal(&group.bracket, id, sizeof *id);
    return group.orders[0].status;
}

static void an_order_is_folded_once_per_revision(void **state)
{
    struct bench *b = *state;
    struct counted counted;
    struct alpaca_groups *groups;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    counted_init(&counted, memory_store_of(b->store));
    assert_int_equal(alpaca_groups_create(&counted.store, &groups, NULL), ERR_OK);
    int64_t rev = desk_rev(o);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_at(groups, &id, rev), ALPACA_NEW);
    assert_int_equal(counted.loads, 1);
    assert_int_equal(desk_cancel(o, 0, NULL, NULL, NULL), ERR_OK);
    EVENTUALLY(status_at(groups, &id, desk_rev(o)) == ALPACA_CANCELED);
    assert_true(counted.loads > 1);
    int loads = counted.loads;
    assert_int_equal(status_at(groups, &id, rev), ALPACA_CANCELED); /* newer will do */
    assert_int_equal(counted.loads, loads);
    alpaca_groups_free(groups);
    desk_unref(o);
}

static void what_is_not_stored_is_not_found_and_not_kept(void **state)
{
    struct bench *b = *state;
    struct counted counted;
    struct alpaca_groups *groups;
    struct alpaca_group group;
    const struct uuid nobody = {{7}};
    counted_init(&counted, memory_store_of(b->store));
    assert_int_equal(alpaca_groups_create(&counted.store, &groups, NULL), ERR_OK);
    assert_int_equal(alpaca_groups_get(groups, &nobody, 1, &group, NULL), ERR_NOT_FOUND);
    assert_int_equal(alpaca_groups_get(groups, &nobody, 1, &group, NULL), ERR_NOT_FOUND);
    assert_int_equal(counted.loads, 2);
    alpaca_groups_free(groups);
    alpaca_groups_free(NULL);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_order_is_folded_once_per_revision),
        WITH_DESK(what_is_not_stored_is_not_found_and_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
