/* The life of brackets as told by a broker that does what it is asked: each way to begin, to
 * protect and to close. */
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static void a_bracket_enters_protects_and_is_stopped(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_status_is(&f, BRACKET_SUBMITTING);
    const struct bracket_action *entry = fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_non_null(entry);
    assert_int_equal(entry->side, ORDER_BUY);
    assert_int_equal(entry->type, ORDER_TYPE_LIMIT);
    assert_int_equal(entry->quantity, 10 * ONE);
    assert_int_equal(entry->limit_price, 100 * ONE);

    int32_t generation = fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_int_equal(generation, 1);
    fixture_status_is(&f, BRACKET_SUBMITTING);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_OK, REJECT_NONE);
    fixture_status_is(&f, BRACKET_WORKING);
    fixture_is_quiet(&f);

    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    const struct bracket_action *stop = fixture_action(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    assert_non_null(stop);
    assert_int_equal(stop->side, ORDER_SELL);
    assert_int_equal(stop->type, ORDER_TYPE_STOP);
    assert_int_equal(stop->quantity, 10 * ONE);
    assert_int_equal(stop->stop_price, 95 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_is_quiet(&f);

    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 94 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_STOP_LOSS);
    fixture_is_quiet(&f);
    struct bracket_summary summary;
    bracket_summarize(&f.state, f.clock, &summary);
    assert_int_equal(summary.realized_pnl, -60 * ONE);
    assert_int_equal(summary.open_quantity, 0);
}

static void a_watched_take_profit_replaces_the_stop(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    assert_null(fixture_action(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT));
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 110 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_TAKE_PROFIT);
}

static void a_partial_fill_is_protected_at_once_and_the_stop_grows(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->quantity, 4 * ONE);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    assert_null(fixture_action(&f, ACTION_SUBMIT, LEG_STOP_LOSS)); /* first the old one dies */
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->quantity, 10 * ONE);
    fixture_is_quiet(&f);
}

static void a_stop_that_fills_while_it_is_replaced_leaves_the_rest_to_protect(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 3 * ONE, 95 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->quantity, 7 * ONE);
}

static void full_arming_waits_for_the_entry_to_be_done(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.arm = ARM_FULL;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_is_quiet(&f);
    fixture_pass(&f, 5);
    fixture_status_is(&f, BRACKET_PROTECTING); /* as asked for: no alarm */
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_EXPIRED, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->quantity, 4 * ONE);
}

static void a_sold_entry_is_protected_the_other_way_round(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.side = ORDER_SELL;
    spec.take_profit = (struct exit_terms){.kind = EXIT_PERCENT, .value = 10 * ONE};
    spec.stop_loss = (struct exit_terms){.kind = EXIT_OFFSET, .value = 5 * ONE};
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->stop_price, 105 * ONE);
    fixture_quote(&f, 89 * ONE, 90 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    const struct bracket_action *a = fixture_action(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT);
    assert_non_null(a);
    assert_int_equal(a->side, ORDER_BUY);
    assert_int_equal(a->limit_price, 90 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 90 * ONE);
    struct bracket_summary summary;
    bracket_summarize(&f.state, f.clock, &summary);
    assert_int_equal(summary.realized_pnl, 100 * ONE);
}

static void an_entry_without_exits_is_closed_when_it_is_done(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.take_profit.kind = spec.stop_loss.kind = EXIT_NONE;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_WORKING);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_NONE);
    fixture_is_quiet(&f);
}

static void a_take_profit_alone_rests_at_the_broker(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.stop_loss.kind = EXIT_NONE;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_is_quiet(&f);
    fixture_pass(&f, 60);
    fixture_is_quiet(&f);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_NEW, 4 * ONE, 110 * ONE);
    fixture_is_quiet(&f);
}

static void a_held_position_gets_its_exits_and_can_be_given_back(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    bracket_fixture_init(&f, &spec);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_null(fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY));
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
    fixture_quote(&f, 90 * ONE, 91 * ONE);
    fixture_is_quiet(&f);
    fixture_status_is(&f, BRACKET_CANCELED);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void a_cancel_before_the_submit_ends_it(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_status_is(&f, BRACKET_CANCELED);
    fixture_is_quiet(&f);
}

static void a_cancel_keeps_what_is_filled_protected(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_is_quiet(&f);
}

static void a_close_flattens_at_market(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_status_is(&f, BRACKET_CLOSING);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    const struct bracket_action *a = fixture_action(&f, ACTION_SUBMIT, LEG_EXIT);
    assert_non_null(a);
    assert_int_equal(a->type, ORDER_TYPE_MARKET);
    assert_int_equal(a->time_in_force, TIF_DAY);
    assert_int_equal(a->quantity, 10 * ONE);
    fixture_place(&f, LEG_EXIT);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 101 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_MANUAL);
}

static void requests_on_what_has_ended_change_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    struct bracket_state ended = f.state;
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    assert_memory_equal(&f.state, &ended, sizeof(ended));
}

static void a_refused_entry_rejects_the_bracket(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_REJECTED, REJECT_OTHER);
    fixture_status_is(&f, BRACKET_REJECTED);
    fixture_pass(&f, 60);
    fixture_is_quiet(&f);
}

static void an_entry_that_never_left_is_tried_five_times(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    for (int i = 1; i <= BRACKET_ENTRY_TRIES; i++) {
        assert_int_equal(fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY), i);
        fixture_submit_outcome(&f, LEG_ENTRY, i, OUTCOME_NOT_SENT, REJECT_NONE);
        fixture_is_quiet(&f); /* not at once */
        fixture_pass(&f, BRACKET_RETRY_MAX_S);
    }
    fixture_status_is(&f, BRACKET_REJECTED);
    fixture_is_quiet(&f);
}

static void an_expired_entry_expires_the_bracket(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_EXPIRED, 0, 0);
    fixture_status_is(&f, BRACKET_EXPIRED);
    fixture_is_quiet(&f);
}

static void flat_at_ends_the_entry_and_closes_what_is_open(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.flat_ns = START_NS + 60 * NS_PER_SECOND;
    bracket_fixture_init(&f, &spec);
    assert_int_equal(bracket_next_steady_ns(&f.state, f.clock), 61 * NS_PER_SECOND);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_pass(&f, 59);
    fixture_is_quiet(&f);
    fixture_pass(&f, 1);
    fixture_status_is(&f, BRACKET_CLOSING);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_EXIT);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 4 * ONE, 101 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_TIME_EXIT);
}

static void after_the_cutoff_nothing_is_entered(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.contract.cutoff_ns = START_NS + 10 * NS_PER_SECOND;
    spec.contract.end_ns = START_NS + 70 * NS_PER_SECOND;
    bracket_fixture_init(&f, &spec);
    f.clock.wall_ns += 10 * NS_PER_SECOND;
    fixture_is_quiet(&f); /* not even before a tick */
    fixture_pass(&f, 0);
    fixture_status_is(&f, BRACKET_EXPIRED);

    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_pass(&f, 10);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_EXIT);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 99 * ONE);
    assert_int_equal(f.state.close_reason, CLOSE_EXPIRY);
}

static void a_position_past_the_end_of_its_contract_needs_a_person(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.contract.end_ns = START_NS + 10 * NS_PER_SECOND;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_pass(&f, 10);
    fixture_status_is(&f, BRACKET_NEEDS_REVIEW);
    assert_int_equal(f.state.review, REVIEW_EXPIRED_OPEN);
    fixture_is_quiet(&f); /* no order at all after the end */
    fixture_simple(&f, EVENT_REVIEWED);
    assert_int_not_equal(f.state.status, BRACKET_NEEDS_REVIEW);
    struct order_event e = fixture_event(&f, EVENT_EXTERNAL);
    e.filled = 10 * ONE;
    fixture_step(&f, &e);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_EXTERNAL);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void a_modified_stop_is_replaced(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.spec = spec;
    e.spec.stop_loss.value = 97 * ONE;
    fixture_step(&f, &e);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->stop_price, 97 * ONE);
    fixture_is_quiet(&f);
}

static void a_modified_entry_is_replaced_by_what_is_left(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 3 * ONE, 100 * ONE);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.spec = spec;
    e.spec.limit_price = 101 * ONE;
    e.spec.quantity = 8 * ONE;
    fixture_step(&f, &e);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE); /* one more filled meanwhile */
    assert_int_equal(fixture_place(&f, LEG_ENTRY), 2);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 2)->quantity, 4 * ONE);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 2)->limit_price, 101 * ONE);
    e.spec.side = ORDER_SELL; /* refused: nothing changes */
    struct bracket_state before = f.state;
    fixture_step(&f, &e);
    assert_memory_equal(&f.state, &before, sizeof(before));
}

static void the_kill_switch_pauses_entries_and_leaves_exits(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_simple(&f, EVENT_PAUSED);
    fixture_is_quiet(&f);
    fixture_simple(&f, EVENT_RESUMED);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_PAUSED);
    assert_null(fixture_action(&f, ACTION_CANCEL, LEG_STOP_LOSS));
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    fixture_is_quiet(&f);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_simple(&f, EVENT_RESUMED);
    fixture_place(&f, LEG_ENTRY);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 2)->quantity, 6 * ONE);
}

static void a_stop_that_fills_ends_an_entry_that_still_works(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 4 * ONE, 95 * ONE);
    fixture_status_is(&f, BRACKET_WORKING);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bracket_enters_protects_and_is_stopped),
        cmocka_unit_test(a_watched_take_profit_replaces_the_stop),
        cmocka_unit_test(a_partial_fill_is_protected_at_once_and_the_stop_grows),
        cmocka_unit_test(a_stop_that_fills_while_it_is_replaced_leaves_the_rest_to_protect),
        cmocka_unit_test(full_arming_waits_for_the_entry_to_be_done),
        cmocka_unit_test(a_sold_entry_is_protected_the_other_way_round),
        cmocka_unit_test(an_entry_without_exits_is_closed_when_it_is_done),
        cmocka_unit_test(a_take_profit_alone_rests_at_the_broker),
        cmocka_unit_test(a_held_position_gets_its_exits_and_can_be_given_back),
        cmocka_unit_test(a_cancel_before_the_submit_ends_it),
        cmocka_unit_test(a_cancel_keeps_what_is_filled_protected),
        cmocka_unit_test(a_close_flattens_at_market),
        cmocka_unit_test(requests_on_what_has_ended_change_nothing),
        cmocka_unit_test(a_refused_entry_rejects_the_bracket),
        cmocka_unit_test(an_entry_that_never_left_is_tried_five_times),
        cmocka_unit_test(an_expired_entry_expires_the_bracket),
        cmocka_unit_test(flat_at_ends_the_entry_and_closes_what_is_open),
        cmocka_unit_test(after_the_cutoff_nothing_is_entered),
        cmocka_unit_test(a_position_past_the_end_of_its_contract_needs_a_person),
        cmocka_unit_test(a_modified_stop_is_replaced),
        cmocka_unit_test(a_modified_entry_is_replaced_by_what_is_left),
        cmocka_unit_test(the_kill_switch_pauses_entries_and_leaves_exits),
        cmocka_unit_test(a_stop_that_fills_ends_an_entry_that_still_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
