/* Limits of a key and of the desk, and the kill switch when the disk is full, on a desk with a
 * store and a broker of the tests'. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

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
    assert_int_equal(desk_cancel(o, 0, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
    EVENTUALLY(place(b, &robot, &of_all, &spec, NULL) == ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
}

/* ---- changes --------------------------------------------------------------------------------- */

struct change {
    struct answer answer;
    struct desk_change change;
};

static void ask(struct bench *b, const struct uuid *id, const struct bracket_spec *spec,
                const struct uuid *key, const struct risk_key_limits *limits, struct change *c)
{
    struct desk_order *o = bench_find(b, id);
    *c = (struct change){
        .answer.outcome = DESK_DONE,
        .change = {.spec = *spec, .key_id = *key, .key_limits = *limits},
    };
    assert_int_equal(desk_modify(o, &c->change, bench_answered, &c->answer, NULL), ERR_OK);
    desk_unref(o);
}

static enum err modify(struct bench *b, const struct uuid *id, const struct bracket_spec *spec,
                       const struct uuid *key, const struct risk_key_limits *limits)
{
    struct change c;
    ask(b, id, spec, key, limits, &c);
    answer_outcome(&c.answer);
    assert_int_equal(c.answer.outcome, c.answer.code ? DESK_REFUSED : DESK_DONE);
    return c.answer.code;
}

static enum err resize(struct bench *b, const struct uuid *id, int64_t quantity,
                       const struct uuid *key, const struct risk_key_limits *limits)
{
    struct bracket_spec spec = bench_terms();
    spec.quantity = quantity;
    return modify(b, id, &spec, key, limits);
}

static void new_terms_are_held_to_the_keys_limits_when_they_grow(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    const struct risk_key_limits little = {.order_notional = ONE};
    assert_int_equal(place(b, &robot, &none, &spec, &id), ERR_OK);
    assert_int_equal(resize(b, &id, 11 * ONE, &robot, &of_each), ERR_FORBIDDEN);
    assert_int_equal(resize(b, &id, 20 * ONE, &robot, &of_all), ERR_OK);
    assert_int_equal(resize(b, &id, 21 * ONE, &robot, &of_all), ERR_FORBIDDEN);
    assert_int_equal(resize(b, &id, 21 * ONE, &robot, &none), ERR_OK);
    assert_int_equal(resize(b, &id, 9 * ONE, &robot, &little), ERR_OK); /* less is always well */
    spec.limit_price += CENT;
    spec.quantity = 9 * ONE;
    assert_int_equal(modify(b, &id, &spec, &robot, &little), ERR_FORBIDDEN);
}

static void a_limited_key_makes_no_other_keys_order_larger(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    assert_int_equal(place(b, &robot, &none, &spec, &id), ERR_OK);
    assert_int_equal(resize(b, &id, 11 * ONE, &person, &of_all), ERR_FORBIDDEN);
    assert_int_equal(resize(b, &id, 9 * ONE, &person, &of_all), ERR_OK);
    /* One without limits may, and it counts for the key that placed it. */
    assert_int_equal(resize(b, &id, 15 * ONE, &person, &none), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    assert_int_equal(place(b, &person, &of_all, &spec, NULL), ERR_OK);
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
    assert_int_equal(resize(b, &id, 15 * ONE, &robot, &none), ERR_OK); /* no new order */
    assert_int_equal(resize(b, &id, 16 * ONE, &robot, &none), ERR_FORBIDDEN);
}

static void an_order_that_grew_counts_in_full_for_its_key(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    assert_int_equal(place(b, &robot, &of_all, &spec, &id), ERR_OK);
    assert_int_equal(resize(b, &id, 15 * ONE, &robot, &of_all), ERR_OK);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_FORBIDDEN);
    spec.quantity = 5 * ONE;
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_OK);
}

/* Two orders of 10, and two changes to 15 that are under way at the same time: nothing is written
 * until both have been taken. */
struct race {
    struct bench *bench;
    struct uuid ids[2];
    struct change changes[2];
};

static void race_begin(struct race *r, struct bench *b, const struct risk_key_limits *limits)
{
    struct bracket_spec spec = bench_terms();
    r->bench = b;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(place(b, &robot, &none, &spec, &r->ids[i]), ERR_OK);
        bench_await_status(b, &r->ids[i], BRACKET_WORKING);
    }
    spec.quantity = 15 * ONE;
    memory_store_hold(b->store, true);
    for (int i = 0; i < 2; i++)
        ask(b, &r->ids[i], &spec, &robot, limits, &r->changes[i]);
}

static int answers(const struct race *r)
{
    return atomic_load(&r->changes[0].answer.there) + atomic_load(&r->changes[1].answer.there);
}

/* Each has been refused or waits to be written. */
static bool both_are_taken(const struct race *r)
{
    return answers(r) + memory_store_waiting(r->bench->store) >= 2;
}

static void exactly_one_passes(struct bench *b, const struct risk_key_limits *limits)
{
    struct race r;
    race_begin(&r, b, limits);
    EVENTUALLY(both_are_taken(&r));
    assert_int_equal(answers(&r), 1);
    assert_int_equal(memory_store_waiting(b->store), 1);
    int refused = atomic_load(&r.changes[1].answer.there);
    assert_int_equal(r.changes[refused].answer.code, ERR_FORBIDDEN);
    memory_store_hold(b->store, false);
    answer_outcome(&r.changes[!refused].answer);
    assert_int_equal(r.changes[!refused].answer.outcome, DESK_DONE);
    assert_int_equal(resize(b, &r.ids[refused], 11 * ONE, &robot, limits), ERR_FORBIDDEN);
}

static void of_two_changes_at_once_the_key_has_room_for_one(void **state)
{
    const struct risk_key_limits limits = {.open_notional = 2500 * ONE};
    exactly_one_passes(*state, &limits);
}

static void limit(struct bench *b, struct risk_limits limits)
{
    bench_stop(b);
    b->options.limits = limits;
    bench_open(b);
}

static void of_two_changes_at_once_the_contract_has_room_for_one(void **state)
{
    limit(*state, (struct risk_limits){.quantity = 25 * ONE});
    exactly_one_passes(*state, &none);
}

static void of_two_changes_at_once_the_desk_has_room_for_one(void **state)
{
    limit(*state, (struct risk_limits){.notional = 2500 * ONE});
    exactly_one_passes(*state, &none);
}

/* What a placing finds while a change is on its way, and after. */
static void a_change_under_way_counts_for_an_order_that_comes(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    const struct risk_key_limits limits = {.open_notional = 3000 * ONE};
    struct race r;
    race_begin(&r, b, &limits);
    EVENTUALLY(both_are_taken(&r));
    assert_int_equal(answers(&r), 0);
    spec.quantity = ONE;
    assert_int_equal(place(b, &robot, &limits, &spec, NULL), ERR_FORBIDDEN);
    memory_store_hold(b->store, false);
    answer_outcome(&r.changes[0].answer);
    answer_outcome(&r.changes[1].answer);
    assert_int_equal(place(b, &robot, &limits, &spec, NULL), ERR_FORBIDDEN);
}

static void what_was_not_stored_gives_back_what_it_took(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid first, second;
    assert_int_equal(place(b, &robot, &none, &spec, &first), ERR_OK);
    assert_int_equal(place(b, &robot, &none, &spec, &second), ERR_OK);
    bench_await_status(b, &first, BRACKET_WORKING);
    bench_await_status(b, &second, BRACKET_WORKING);
    const struct risk_key_limits limits = {.open_notional = 2500 * ONE};
    memory_store_fail(b->store, COMMIT_REFUSED, 1);
    assert_int_equal(resize(b, &first, 15 * ONE, &robot, &limits), ERR_DISK_FULL);
    assert_int_equal(resize(b, &second, 15 * ONE, &robot, &limits), ERR_OK);
}

static void an_order_that_has_ended_takes_no_room(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct uuid id;
    assert_int_equal(place(b, &robot, &of_all, &spec, &id), ERR_OK);
    struct desk_order *o = bench_find(b, &id);
    assert_int_equal(desk_cancel(o, 0, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
    bench_await_status(b, &id, BRACKET_CANCELED);
    assert_int_equal(resize(b, &id, 20 * ONE, &robot, &of_all), ERR_CONFLICT);
    assert_int_equal(place(b, &robot, &of_all, &spec, NULL), ERR_OK);
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
        WITH_DESK(new_terms_are_held_to_the_keys_limits_when_they_grow),
        WITH_DESK(a_limited_key_makes_no_other_keys_order_larger),
        WITH_DESK(new_terms_are_held_to_the_desks_limits_too),
        WITH_DESK(an_order_that_grew_counts_in_full_for_its_key),
        WITH_DESK(of_two_changes_at_once_the_key_has_room_for_one),
        WITH_DESK(of_two_changes_at_once_the_contract_has_room_for_one),
        WITH_DESK(of_two_changes_at_once_the_desk_has_room_for_one),
        WITH_DESK(a_change_under_way_counts_for_an_order_that_comes),
        WITH_DESK(what_was_not_stored_gives_back_what_it_took),
        WITH_DESK(an_order_that_has_ended_takes_no_room),
        WITH_DESK(the_kill_switch_holds_also_when_it_cannot_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
