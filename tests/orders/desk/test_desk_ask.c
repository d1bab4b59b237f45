/* What is asked of a bracket: at which revision, and how much may wait. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

enum { CANCELS = 40 };

static struct uuid place(struct bench *b)
{
    struct bracket_spec spec = bench_terms();
    const struct desk_placement p = {.spec = &spec};
    struct answer a = bench_place(b, &p);
    assert_int_equal(a.outcome, DESK_DONE);
    bench_await_status(b, &a.id, BRACKET_WORKING);
    return a.id;
}

static struct desk_change to_quantity(int64_t quantity, int64_t rev)
{
    struct desk_change change = {.spec = bench_terms(), .rev = rev};
    change.spec.quantity = quantity * ONE;
    return change;
}

static struct answer cancel_at(struct desk_order *o, int64_t rev)
{
    struct answer a = {.outcome = DESK_UNKNOWN};
    assert_int_equal(desk_cancel(o, rev, bench_answered, &a, NULL), ERR_OK);
    answer_outcome(&a);
    return a;
}

static void a_cancel_of_another_revision_is_refused(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    struct answer a = cancel_at(o, 1);
    assert_int_equal(a.outcome, DESK_REFUSED);
    assert_int_equal(a.code, ERR_PRECONDITION);
    assert_int_equal(a.rev, desk_rev(o));
    assert_int_equal(desk_status(o), BRACKET_WORKING);
    a = cancel_at(o, a.rev);
    assert_int_equal(a.outcome, DESK_DONE);
    bench_await_status(b, &id, BRACKET_CANCELED);
    desk_unref(o);
}

/* Both lie in the mailbox when the thread comes to it; the second is answered from the commit that
 * has the first, so that it is told a revision which it can go on from. */
static void who_comes_behind_a_change_is_told_the_revision_that_has_it(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    struct answer busy = {.there = false}, first = busy, second = busy;
    struct desk_change change = to_quantity(9, 0);
    memory_store_hold(b->store, true);
    assert_int_equal(desk_modify(o, &change, bench_answered, &busy, NULL), ERR_OK);
    EVENTUALLY(memory_store_waiting(b->store) > 0);
    change = to_quantity(8, 0);
    assert_int_equal(desk_modify(o, &change, bench_answered, &first, NULL), ERR_OK);
    assert_int_equal(desk_close(o, desk_rev(o), bench_answered, &second, NULL), ERR_OK);
    memory_store_hold(b->store, false);
    answer_outcome(&second);
    assert_int_equal(busy.outcome, DESK_DONE);
    assert_int_equal(first.outcome, DESK_DONE);
    assert_int_equal(second.outcome, DESK_REFUSED);
    assert_int_equal(second.code, ERR_PRECONDITION);
    assert_true(first.rev > busy.rev);
    assert_int_equal(second.rev, first.rev);
    desk_unref(o);
}

/* Whatever the terms were when it was asked. */
static void exits_are_dropped_from_the_terms_as_they_are_by_then(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    struct answer busy = {.there = false}, changed = busy, dropped = busy;
    struct desk_change change = to_quantity(9, 0);
    struct desk_view view;
    memory_store_hold(b->store, true);
    assert_int_equal(desk_modify(o, &change, bench_answered, &busy, NULL), ERR_OK);
    EVENTUALLY(memory_store_waiting(b->store) > 0);
    change = to_quantity(8, 0);
    assert_int_equal(desk_modify(o, &change, bench_answered, &changed, NULL), ERR_OK);
    assert_int_equal(desk_drop_exits(o, bench_answered, &dropped, NULL), ERR_OK);
    memory_store_hold(b->store, false);
    assert_int_equal(answer_outcome(&dropped), DESK_DONE);
    desk_view(o, &view);
    assert_int_equal(view.state.spec.quantity, 8 * ONE);
    assert_int_equal(view.state.spec.take_profit.kind, EXIT_NONE);
    assert_int_equal(view.state.spec.stop_loss.kind, EXIT_NONE);
    desk_unref(o);
}

/* The revision that it names comes to be, but by a change that it cannot have meant. */
static void a_cancel_of_a_revision_to_come_is_not_said_to_be_done(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    struct answer busy = {.there = false}, cancel = busy, changed = busy;
    struct desk_change change = {.spec = bench_terms()}; /* of exits: nothing to call for */
    int64_t rev = desk_rev(o);
    change.spec.stop_loss.value -= ONE;
    memory_store_hold(b->store, true);
    assert_int_equal(desk_modify(o, &change, bench_answered, &busy, NULL), ERR_OK);
    EVENTUALLY(memory_store_waiting(b->store) > 0);
    change.spec.stop_loss.value -= ONE;
    assert_int_equal(desk_cancel(o, rev + 2, bench_answered, &cancel, NULL), ERR_OK);
    assert_int_equal(desk_modify(o, &change, bench_answered, &changed, NULL), ERR_OK);
    memory_store_hold(b->store, false);
    answer_outcome(&cancel);
    assert_int_equal(answer_outcome(&changed), DESK_DONE);
    assert_int_equal(changed.rev, rev + 2);
    assert_int_equal(cancel.outcome, DESK_REFUSED);
    assert_int_equal(cancel.code, ERR_PRECONDITION);
    desk_unref(o);
}

static void a_cancel_finds_a_place_in_a_full_mailbox(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    struct desk_order *o = bench_find(b, &id);
    struct answer changes[LIMIT_ORDER_COMMANDS + 1], cancels[CANCELS];
    memset(changes, 0, sizeof changes);
    memset(cancels, 0, sizeof cancels);
    memory_store_hold(b->store, true);
    for (int i = 0; i <= LIMIT_ORDER_COMMANDS; i++) {
        struct desk_change change = to_quantity(20 + i, 0);
        assert_int_equal(desk_modify(o, &change, bench_answered, &changes[i], NULL), ERR_OK);
        EVENTUALLY(i > 0 || memory_store_waiting(b->store) > 0);
    }
    struct desk_change change = to_quantity(50, 0);
    assert_int_equal(desk_modify(o, &change, NULL, NULL, NULL), ERR_BUSY);
    assert_int_equal(desk_review(o, 0, NULL, NULL, NULL), ERR_BUSY);
    for (int i = 0; i < CANCELS; i++)
        assert_int_equal(desk_cancel(o, 0, bench_answered, &cancels[i], NULL), ERR_OK);
    assert_int_equal(desk_cancel_all(b->desk, false), 1);
    assert_int_equal(desk_cancel_all(b->desk, true), 1);
    memory_store_hold(b->store, false);
    for (int i = 0; i < CANCELS; i++) {
        answer_outcome(&cancels[i]);
        assert_int_equal(cancels[i].outcome, DESK_DONE);
    }
    bench_await_status(b, &id, BRACKET_CANCELED);
    desk_unref(o);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_cancel_of_another_revision_is_refused),
        WITH_DESK(who_comes_behind_a_change_is_told_the_revision_that_has_it),
        WITH_DESK(exits_are_dropped_from_the_terms_as_they_are_by_then),
        WITH_DESK(a_cancel_of_a_revision_to_come_is_not_said_to_be_done),
        WITH_DESK(a_cancel_finds_a_place_in_a_full_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
