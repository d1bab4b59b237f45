/* What a bracket does when the broker's answers are missing, late, wrong or contradict each other.
 */
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static struct fixture begin(void)
{
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    return f;
}

static bool derives(struct fixture *f, enum action_kind kind, enum leg leg)
{
    return fixture_action(f, kind, leg) != NULL;
}

/* ---- calls without an answer ----------------------------------------------------------------- */

static void a_lost_submit_is_asked_for_and_never_sent_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    for (int i = 0; i < 100; i++) {
        fixture_pass(&f, 60);
        assert_true(derives(&f, ACTION_QUERY, LEG_ENTRY));
        fixture_is_quiet(&f);
    }
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_NEW, 0, 0);
    fixture_status_is(&f, BRACKET_WORKING);
    assert_false(derives(&f, ACTION_QUERY, LEG_ENTRY));
}

static void absence_counts_after_the_bound_and_twice(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    fixture_pass(&f, 2);
    fixture_absent(&f, LEG_ENTRY, 1);
    fixture_absent(&f, LEG_ENTRY, 1);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->absent_ns, 0); /* within the bound of 3 s */
    fixture_pass(&f, 1);
    fixture_absent(&f, LEG_ENTRY, 1);
    fixture_absent(&f, LEG_ENTRY, 1); /* the same answer told again */
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_UNKNOWN);
    fixture_pass(&f, 1);
    fixture_absent(&f, LEG_ENTRY, 1);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_REJECTED);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->death, DEATH_ABSENT);
    fixture_pass(&f, 1);
    assert_int_equal(fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY), 2);
}

static void being_seen_starts_the_count_of_absences_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_pass(&f, 5);
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    fixture_pass(&f, 1);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_NEW, 0, 0);
    fixture_pass(&f, 5);
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->status, ORDER_STATUS_NEW);
    fixture_pass(&f, 1);
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->status, ORDER_STATUS_CANCELED);
    fixture_place(&f, LEG_STOP_LOSS); /* armed again */
    fixture_absent(&f, LEG_STOP_LOSS, 1);
    fixture_absent(&f, LEG_STOP_LOSS, 9);
}

static void what_was_absent_and_lives_after_all_counts_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    fixture_pass(&f, 3);
    fixture_absent(&f, LEG_ENTRY, 1);
    fixture_pass(&f, 1);
    fixture_absent(&f, LEG_ENTRY, 1);
    struct order_event old = fixture_event(&f, EVENT_REPORT);
    old.leg = LEG_ENTRY;
    old.generation = 1;
    old.status = ORDER_STATUS_NEW;
    old.quantity = 10 * ONE;
    old.from_ns = f.clock.steady_ns - NS_PER_SECOND;
    fixture_step(&f, &old); /* older than the proof */
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_REJECTED);
    fixture_pass(&f, 1);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_NEW, 0, 0);
    fixture_status_is(&f, BRACKET_WORKING);
}

static void a_restart_puts_calls_under_way_in_doubt(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_simple(&f, EVENT_RESTARTED);
    assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_UNKNOWN);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_intend(&f, ACTION_CANCEL, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_RESTARTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0); /* asked for again, at once */
}

static void a_restart_does_not_hurry_a_cancel_that_was_answered(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_intend(&f, ACTION_CANCEL, LEG_ENTRY);
    fixture_cancel_outcome(&f, LEG_ENTRY, 1, OUTCOME_OK);
    fixture_simple(&f, EVENT_RESTARTED);
    fixture_is_quiet(&f);
    fixture_pass(&f, BRACKET_CANCEL_RETRY_S);
    fixture_cancel(&f, LEG_ENTRY, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
}

static void an_exit_that_was_lost_on_its_way_is_sent_anew_at_once(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    for (int32_t generation = 1; generation <= 3; generation++) {
        assert_int_equal(fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS), generation);
        fixture_simple(&f, EVENT_RESTARTED);
        fixture_pass(&f, 3);
        fixture_absent(&f, LEG_STOP_LOSS, generation);
        fixture_pass(&f, 1);
        fixture_absent(&f, LEG_STOP_LOSS, generation);
        if (generation == 1)
            continue;
        fixture_is_quiet(&f); /* the second time something else is wrong */
        fixture_pass(&f, INT64_C(1) << (generation - 2));
    }
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_status_is(&f, BRACKET_PROTECTING);
}

static void a_cancel_waits_for_evidence_and_is_asked_for_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    for (int i = 0; i < 5; i++) {
        fixture_intend(&f, ACTION_CANCEL, LEG_ENTRY);
        fixture_pass(&f, 60);
        fixture_is_quiet(&f); /* while its outcome is awaited */
        fixture_cancel_outcome(&f, LEG_ENTRY, 1, i % 2 ? OUTCOME_OK : OUTCOME_UNKNOWN);
        fixture_status_is(&f, BRACKET_WORKING);
        assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_PENDING_CANCEL);
        fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_NEW, 0, 0);
        assert_int_equal(fixture_order(&f, LEG_ENTRY, 1)->status, ORDER_STATUS_PENDING_CANCEL);
    }
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
}

static void a_refused_cancel_asks_what_became_of_the_order(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_intend(&f, ACTION_CANCEL, LEG_ENTRY);
    fixture_cancel_outcome(&f, LEG_ENTRY, 1, OUTCOME_REJECTED);
    assert_true(derives(&f, ACTION_QUERY, LEG_ENTRY));
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_place(&f, LEG_STOP_LOSS);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void a_held_quantity_is_reconciled_before_the_next_try(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    fixture_submit_outcome(&f, LEG_STOP_LOSS, 1, OUTCOME_REJECTED, REJECT_HELD);
    fixture_pass(&f, 60);
    assert_true(derives(&f, ACTION_RECONCILE, LEG_ENTRY));
    fixture_is_quiet(&f);
    struct order_event e = fixture_event(&f, EVENT_RECONCILED);
    e.from_ns = NS_PER_SECOND - 1; /* begun before */
    fixture_step(&f, &e);
    fixture_is_quiet(&f);
    e.from_ns = f.clock.steady_ns;
    fixture_step(&f, &e);
    assert_false(derives(&f, ACTION_RECONCILE, LEG_ENTRY));
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
}

static void a_refused_stop_is_tried_again_later_and_later(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 30, 30};
    for (int i = 0; i < 7; i++) {
        fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
        fixture_submit_outcome(&f, LEG_STOP_LOSS, i + 1, OUTCOME_REJECTED, REJECT_OTHER);
        assert_true(bracket_alerts(&f.before, &f.state) & ALERT_EXIT_REFUSED);
        fixture_pass(&f, waits_s[i] - 1);
        fixture_is_quiet(&f);
        fixture_pass(&f, 1);
    }
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_status_is(&f, BRACKET_PROTECTING);
}

static void open_for_two_seconds_without_a_stop_is_an_alarm(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_intend(&f, ACTION_SUBMIT, LEG_STOP_LOSS);
    fixture_submit_outcome(&f, LEG_STOP_LOSS, 1, OUTCOME_UNKNOWN, REJECT_NONE);
    fixture_pass(&f, 1);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_pass(&f, 1);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_UNPROTECTED);
    struct bracket_summary summary;
    bracket_summarize(&f.state, f.clock, &summary);
    assert_int_equal(summary.unprotected_quantity, 10 * ONE);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_NEW, 0, 0);
    fixture_status_is(&f, BRACKET_PROTECTING);
}

static void an_exit_at_market_covers_for_its_time_only(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_EXIT);
    fixture_pass(&f, BRACKET_EXIT_TTL_S - 1);
    fixture_status_is(&f, BRACKET_CLOSING);
    fixture_pass(&f, 1);
    fixture_pass(&f, BRACKET_GRACE_MS / 1000);
    fixture_status_is(&f, BRACKET_UNPROTECTED);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 90 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
}

static void a_stop_that_a_person_cancels_is_armed_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
}

static void an_entry_that_a_person_cancels_is_over(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_place(&f, LEG_ENTRY);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
    fixture_is_quiet(&f);
}

/* ---- late news ------------------------------------------------------------------------------- */

static void a_late_fill_reopens_and_is_protected(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_cancel(&f, LEG_ENTRY, 0, 0);
    fixture_status_is(&f, BRACKET_CANCELED);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 3 * ONE, 100 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_int_equal(bracket_alerts(&f.before, &f.state), ALERT_LATE_FILL | ALERT_REOPENED);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->quantity, 3 * ONE);
}

static void a_bust_of_an_exit_opens_the_position_again(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    struct order_event e = fixture_event(&f, EVENT_REPORT);
    e.leg = LEG_STOP_LOSS;
    e.generation = 1;
    e.status = ORDER_STATUS_FILLED;
    e.quantity = e.filled = 10 * ONE;
    e.filled_value = 950 * ONE;
    e.busted = 4 * ONE;
    e.busted_value = 380 * ONE;
    fixture_step(&f, &e);
    fixture_status_is(&f, BRACKET_PROTECTING);
    assert_true(bracket_alerts(&f.before, &f.state) & ALERT_BUST);
    e.busted = e.busted_value = 0;
    fixture_step(&f, &e); /* an old report takes nothing back */
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->quantity, 4 * ONE);
}

static void a_bust_of_the_entry_after_the_exit_is_over_closed(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    struct order_event e = fixture_event(&f, EVENT_REPORT);
    e.leg = LEG_ENTRY;
    e.generation = 1;
    e.status = ORDER_STATUS_FILLED;
    e.quantity = e.filled = 10 * ONE;
    e.filled_value = 1000 * ONE;
    e.busted = 2 * ONE;
    e.busted_value = 200 * ONE;
    fixture_step(&f, &e);
    fixture_status_is(&f, BRACKET_NEEDS_REVIEW);
    assert_int_equal(f.state.review, REVIEW_OVER_CLOSE);
    assert_true(bracket_alerts(&f.before, &f.state) & ALERT_REVIEW);
    fixture_is_quiet(&f); /* nothing is bought back on its own */
    fixture_simple(&f, EVENT_REVIEWED);
    fixture_status_is(&f, BRACKET_CLOSED);
}

static void more_entered_than_asked_is_protected_and_reviewed(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 12 * ONE, 100 * ONE);
    assert_int_equal(f.state.review, REVIEW_OVER_ENTRY);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->quantity, 12 * ONE);
}

static void what_is_closed_outside_shrinks_the_stop(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    struct order_event e = fixture_event(&f, EVENT_EXTERNAL);
    e.filled = 4 * ONE;
    fixture_step(&f, &e);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->quantity, 6 * ONE);
    e.filled = 10 * ONE;
    fixture_step(&f, &e);
    fixture_pass(&f, 3);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_EXTERNAL);
}

/* ---- orders that are not kept ---------------------------------------------------------------- */

static void report_of(struct fixture *f, enum leg leg, int32_t generation, enum order_status status,
                      int64_t filled)
{
    struct order_event e = fixture_event(f, EVENT_REPORT);
    e.leg = leg;
    e.generation = generation;
    e.status = status;
    e.quantity = 10 * ONE;
    e.filled = filled;
    e.filled_value = order_value(filled, 100 * ONE);
    e.from_ns = f->clock.steady_ns;
    fixture_step(f, &e);
}

static void a_stray_order_counts_and_is_canceled(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    report_of(&f, LEG_EXIT, 7, ORDER_STATUS_NEW, 0);
    fixture_status_is(&f, BRACKET_NEEDS_REVIEW);
    assert_int_equal(f.state.review, REVIEW_STRAY);
    assert_int_equal(fixture_intend(&f, ACTION_CANCEL, LEG_EXIT), 7);
    report_of(&f, LEG_EXIT, 7, ORDER_STATUS_CANCELED, 0);
    fixture_simple(&f, EVENT_REVIEWED);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    assert_int_equal(fixture_intend(&f, ACTION_SUBMIT, LEG_EXIT), 8);
}

/* Moves the stop until its first generations are folded away; `filled` of each was filled. */
static void replace_stops(struct fixture *f, int count, int64_t filled)
{
    for (int i = 0; i < count; i++) {
        fixture_pass(f, 3);
        struct order_event e = fixture_event(f, EVENT_MODIFIED);
        e.spec = f->state.spec;
        e.spec.stop_loss.value = (i % 2 ? 95 : 96) * ONE;
        fixture_step(f, &e);
        fixture_cancel(f, LEG_STOP_LOSS, filled, 95 * ONE);
        fixture_place(f, LEG_STOP_LOSS);
    }
}

static void orders_without_fills_are_folded_away_and_come_back_with_fills(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    replace_stops(&f, 2 * BRACKET_ORDERS_MAX, 0);
    assert_null(bracket_find(&f.state, LEG_STOP_LOSS, 1));
    report_of(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0); /* nothing new */
    assert_null(bracket_find(&f.state, LEG_STOP_LOSS, 1));
    report_of(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 2 * ONE);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->filled, 2 * ONE);
    assert_int_equal(f.state.review, 0);
    struct bracket_sums sums;
    bracket_sum(&f.state, &sums);
    assert_int_equal(sums.open, 8 * ONE);
    report_of(&f, LEG_STOP_LOSS, 2, ORDER_STATUS_NEW, 0); /* lives after all: too much */
    fixture_pass(&f, 3);
    assert_true(derives(&f, ACTION_CANCEL, LEG_STOP_LOSS));
}

static void orders_with_fills_are_folded_into_sums_that_stay(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.quantity = 100 * ONE;
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    replace_stops(&f, 2 * BRACKET_ORDERS_MAX, ONE);
    assert_null(bracket_find(&f.state, LEG_STOP_LOSS, 1));
    struct bracket_sums sums;
    bracket_sum(&f.state, &sums);
    assert_int_equal(sums.exited, 2 * BRACKET_ORDERS_MAX * ONE);
    assert_int_equal(sums.exited_value, 2 * BRACKET_ORDERS_MAX * 95 * ONE);
    assert_int_equal(sums.exit_room, 0);
    report_of(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, ONE); /* old or new? nobody can tell */
    assert_int_equal(f.state.review, REVIEW_UNTRACKED);
    struct bracket_sums after;
    bracket_sum(&f.state, &after);
    assert_int_equal(after.open, sums.open);
}

static void orders_with_fills_are_kept_longest(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    replace_stops(&f, 4, ONE);
    replace_stops(&f, 2 * BRACKET_ORDERS_MAX, 0);
    for (int32_t generation = 1; generation <= 4; generation++)
        assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, generation)->filled, ONE);
    assert_null(bracket_find(&f.state, LEG_STOP_LOSS, 5));
}

static void with_all_places_taken_nothing_is_sent_or_taken_in(void **state)
{
    (void)state;
    struct fixture f = begin();
    for (int i = 1; i <= BRACKET_ORDERS_MAX; i++)
        report_of(&f, LEG_EXIT, i, ORDER_STATUS_NEW, 0);
    assert_int_equal(f.state.review, REVIEW_STRAY);
    report_of(&f, LEG_EXIT, 20, ORDER_STATUS_NEW, 0);
    assert_int_equal(f.state.review, REVIEW_STRAY | REVIEW_UNTRACKED);
    struct bracket_action action = *fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    struct order_event e;
    assert_true(bracket_action_intent(&action, f.clock, &e));
    fixture_step(&f, &e);
    assert_false(bracket_action_stands(&f.state, &action));
}

/* ---- what makes no sense --------------------------------------------------------------------- */

static void nonsense_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_state none;
    bracket_state_init(&none);
    struct order_clock clock = {.wall_ns = START_NS, .steady_ns = 5};
    struct order_event e;
    struct bracket_action actions[BRACKET_ACTIONS_MAX];
    order_event_init(&e, EVENT_ACCEPTED, clock);
    f.state = none;
    bracket_step(&f.state, &e, &f.state); /* terms of zeros */
    assert_memory_equal(&f.state, &none, sizeof(none));
    e.type = EVENT_TICK;
    bracket_step(&f.state, &e, &f.state); /* nothing before the first */
    assert_memory_equal(&f.state, &none, sizeof(none));
    assert_int_equal(bracket_derive(&none, clock, actions), 0);

    f = begin();
    fixture_protect(&f);
    struct bracket_state before = f.state;
    e.type = EVENT_COUNT;
    bracket_step(&f.state, &e, &f.state);
    e.type = EVENT_PAUSED;
    e.leg = LEG_COUNT;
    bracket_step(&f.state, &e, &f.state);
    e.leg = LEG_ENTRY;
    e.clock.steady_ns = 0;
    bracket_step(&f.state, &e, &f.state);
    e = fixture_event(&f, EVENT_ACCEPTED);
    e.spec = fixture_spec();
    e.spec.quantity = 3 * ONE;
    bracket_step(&f.state, &e, &f.state); /* accepted a second time */
    assert_memory_equal(&f.state, &before, sizeof(before));
}

static void an_action_stands_only_as_the_state_has_it(void **state)
{
    (void)state;
    struct fixture f = begin();
    struct bracket_action submit = *fixture_action(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_false(bracket_action_stands(&f.state, &submit));
    fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    assert_true(bracket_action_stands(&f.state, &submit));
    struct bracket_action other = submit;
    other.quantity++;
    assert_false(bracket_action_stands(&f.state, &other));
    fixture_submit_outcome(&f, LEG_ENTRY, 1, OUTCOME_OK, REJECT_NONE);
    assert_false(bracket_action_stands(&f.state, &submit));
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    struct bracket_action cancel = *fixture_action(&f, ACTION_CANCEL, LEG_ENTRY);
    assert_false(bracket_action_stands(&f.state, &cancel));
    fixture_intend(&f, ACTION_CANCEL, LEG_ENTRY);
    assert_true(bracket_action_stands(&f.state, &cancel));
    fixture_cancel_outcome(&f, LEG_ENTRY, 1, OUTCOME_OK);
    assert_false(bracket_action_stands(&f.state, &cancel));
    struct bracket_action query = {.kind = ACTION_QUERY, .generation = 1};
    struct order_event e;
    assert_false(bracket_action_stands(&f.state, &query));
    assert_false(bracket_action_intent(&query, f.clock, &e));
}

static void the_guard_holds_whatever_is_intended(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    struct order_event e = fixture_event(&f, EVENT_SUBMIT);
    e.leg = LEG_STOP_LOSS;
    e.generation = 1;
    e.order_type = ORDER_TYPE_STOP;
    e.stop_price = 95 * ONE;
    e.quantity = 4 * ONE + 1;
    struct bracket_state before = f.state;
    fixture_step(&f, &e);
    assert_memory_equal(&f.state, &before, sizeof(before));
    e.quantity = 4 * ONE;
    fixture_step(&f, &e);
    e.leg = LEG_EXIT;
    e.quantity = ONE;
    before = f.state;
    fixture_step(&f, &e); /* the stop may be live */
    assert_memory_equal(&f.state, &before, sizeof(before));
    e.leg = LEG_ENTRY;
    e.generation = 2;
    fixture_step(&f, &e); /* the first entry is live */
    assert_memory_equal(&f.state, &before, sizeof(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_submit_is_asked_for_and_never_sent_again),
        cmocka_unit_test(absence_counts_after_the_bound_and_twice),
        cmocka_unit_test(being_seen_starts_the_count_of_absences_again),
        cmocka_unit_test(what_was_absent_and_lives_after_all_counts_again),
        cmocka_unit_test(a_restart_puts_calls_under_way_in_doubt),
        cmocka_unit_test(a_restart_does_not_hurry_a_cancel_that_was_answered),
        cmocka_unit_test(an_exit_that_was_lost_on_its_way_is_sent_anew_at_once),
        cmocka_unit_test(a_cancel_waits_for_evidence_and_is_asked_for_again),
        cmocka_unit_test(a_refused_cancel_asks_what_became_of_the_order),
        cmocka_unit_test(a_held_quantity_is_reconciled_before_the_next_try),
        cmocka_unit_test(a_refused_stop_is_tried_again_later_and_later),
        cmocka_unit_test(open_for_two_seconds_without_a_stop_is_an_alarm),
        cmocka_unit_test(an_exit_at_market_covers_for_its_time_only),
        cmocka_unit_test(a_stop_that_a_person_cancels_is_armed_again),
        cmocka_unit_test(an_entry_that_a_person_cancels_is_over),
        cmocka_unit_test(a_late_fill_reopens_and_is_protected),
        cmocka_unit_test(a_bust_of_an_exit_opens_the_position_again),
        cmocka_unit_test(a_bust_of_the_entry_after_the_exit_is_over_closed),
        cmocka_unit_test(more_entered_than_asked_is_protected_and_reviewed),
        cmocka_unit_test(what_is_closed_outside_shrinks_the_stop),
        cmocka_unit_test(a_stray_order_counts_and_is_canceled),
        cmocka_unit_test(orders_without_fills_are_folded_away_and_come_back_with_fills),
        cmocka_unit_test(orders_with_fills_are_folded_into_sums_that_stay),
        cmocka_unit_test(orders_with_fills_are_kept_longest),
        cmocka_unit_test(with_all_places_taken_nothing_is_sent_or_taken_in),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(an_action_stands_only_as_the_state_has_it),
        cmocka_unit_test(the_guard_holds_whatever_is_intended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
