/* Protection modes, triggers and trailing stops. */
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

static struct fixture begin_with(struct bracket_spec spec)
{
    struct fixture f;
    bracket_fixture_init(&f, &spec);
    return f;
}

static struct fixture protected_with(struct bracket_spec spec)
{
    struct fixture f = begin_with(spec);
    fixture_protect(&f);
    return f;
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static void a_bad_quote_triggers_nothing(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    fixture_pass(&f, 20);
    int64_t now_ns = f.clock.steady_ns, past = 200 * ONE;
    const struct order_quote bad[] = {
        {.bid = past, .ask = past, .at_steady_ns = now_ns - 6 * NS_PER_SECOND},
        {.bid = past, .ask = past, .at_steady_ns = now_ns + 1},
        {.bid = past, .ask = past - 1, .at_steady_ns = now_ns},
        {.bid = past, .ask = 0, .at_steady_ns = now_ns},
        {.bid = 0, .ask = past, .at_steady_ns = now_ns},
        {.bid = -past, .ask = past, .at_steady_ns = now_ns},
        {.bid = INT64_MAX, .ask = INT64_MAX, .at_steady_ns = now_ns},
        {.bid = past, .ask = past, .at_steady_ns = now_ns, .halted = 1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        f.quote = bad[i];
        fixture_simple(&f, EVENT_TICK);
        assert_int_equal(f.state.attempt_ns, 0);
        fixture_is_quiet(&f);
    }
    fixture_quote(&f, 110 * ONE - CENT, 110 * ONE);
    assert_int_equal(f.state.attempt_ns, 0); /* the bid is what a sale gets */
    fixture_quote(&f, 110 * ONE, 110 * ONE);
    assert_int_not_equal(f.state.attempt_ns, 0);
}

static void a_quote_before_the_fill_triggers_after_it(void **state)
{
    (void)state;
    struct fixture f = begin_with(fixture_spec());
    fixture_place(&f, LEG_ENTRY);
    fixture_quote(&f, 94 * ONE, 95 * ONE); /* through the stop */
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    assert_int_equal(f.state.closing, CLOSE_STOP_LOSS);
    fixture_place(&f, LEG_EXIT);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 94 * ONE);
    assert_int_equal(f.state.close_reason, CLOSE_STOP_LOSS);
}

/* ---- resting stop ---------------------------------------------------------------------------- */

static void an_attempt_that_takes_too_long_brings_the_stop_back(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_NEW, 3 * ONE, 110 * ONE);
    fixture_pass(&f, 9);
    fixture_is_quiet(&f);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_pass(&f, 1);
    fixture_cancel(&f, LEG_TAKE_PROFIT, 4 * ONE, 110 * ONE);
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->quantity, 6 * ONE);
    fixture_pass(&f, 1);
    fixture_quote(&f, 110 * ONE, 111 * ONE); /* again, from rest */
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    assert_int_equal(fixture_order(&f, LEG_TAKE_PROFIT, 2)->quantity, 6 * ONE);
}

static void a_fall_during_the_attempt_is_stopped_at_market(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_quote(&f, 95 * ONE, 96 * ONE);
    fixture_status_is(&f, BRACKET_CLOSING);
    fixture_cancel(&f, LEG_TAKE_PROFIT, ONE, 110 * ONE);
    fixture_place(&f, LEG_EXIT);
    assert_int_equal(fixture_order(&f, LEG_EXIT, 1)->quantity, 9 * ONE);
}

static void a_refused_take_profit_ends_the_attempt(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_intend(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT);
    fixture_submit_outcome(&f, LEG_TAKE_PROFIT, 1, OUTCOME_REJECTED, REJECT_OTHER);
    assert_int_equal(f.state.attempt_ns, 0);
    assert_int_equal(fixture_place(&f, LEG_STOP_LOSS), 2);
}

static void a_stop_may_be_a_stop_limit(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.stop_loss.limit_price = 94 * ONE;
    struct fixture f = protected_with(spec);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->type, ORDER_TYPE_STOP_LIMIT);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->limit_price, 94 * ONE);
    fixture_is_quiet(&f);
}

static void outside_the_session_nothing_is_replaced_or_alarming(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    struct order_event e = fixture_event(&f, EVENT_SESSION);
    e.from_ns = START_NS + 60 * NS_PER_SECOND;
    e.to_ns = START_NS + 120 * NS_PER_SECOND;
    fixture_step(&f, &e);
    assert_int_equal(bracket_next_steady_ns(&f.state, f.clock), 61 * NS_PER_SECOND);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_is_quiet(&f); /* the stop stays until something can take its place */
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_EXPIRED, 0, 0);
    fixture_pass(&f, 30);
    fixture_status_is(&f, BRACKET_CLOSING);
    fixture_is_quiet(&f);
    fixture_pass(&f, 30);
    fixture_place(&f, LEG_EXIT);
    struct bracket_state before = f.state;
    e.from_ns = 5;
    e.to_ns = 4;
    fixture_step(&f, &e);
    assert_int_equal(f.state.session_close_ns, before.session_close_ns);
}

/* ---- at market ------------------------------------------------------------------------------- */

/* The entry fills further while a smaller exit is under way, and no quote fills that. */
static void an_exit_that_does_not_fill_makes_room_for_all_that_is_open(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    struct fixture f;
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 3 * ONE, 100 * ONE);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_place(&f, LEG_EXIT);
    fixture_cancel(&f, LEG_ENTRY, 5 * ONE, 100 * ONE);
    fixture_is_quiet(&f); /* mostly it is about to fill */
    assert_int_equal(bracket_next_steady_ns(&f.state, f.clock),
                     f.clock.steady_ns + BRACKET_EXIT_PATIENCE_S * NS_PER_SECOND);
    fixture_pass(&f, BRACKET_EXIT_PATIENCE_S);
    fixture_cancel(&f, LEG_EXIT, ONE, 99 * ONE);
    assert_int_equal(fixture_place(&f, LEG_EXIT), 2);
    assert_int_equal(fixture_order(&f, LEG_EXIT, 2)->quantity, 4 * ONE);
    fixture_pass(&f, BRACKET_GRACE_MS / 1000);
    fixture_status_is(&f, BRACKET_CLOSING);
}

static void an_exit_for_all_that_is_open_is_left_alone(void **state)
{
    (void)state;
    struct fixture f = protected_with(fixture_spec());
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_EXIT);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_NEW, 4 * ONE, 99 * ONE);
    fixture_pass(&f, 2 * BRACKET_EXIT_PATIENCE_S);
    fixture_is_quiet(&f);
}

/* ---- watched --------------------------------------------------------------------------------- */

static void a_watched_bracket_rests_nothing(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.protection = PROTECTION_WATCHED;
    struct fixture f = begin_with(spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    fixture_pass(&f, 60);
    fixture_is_quiet(&f);
    fixture_quote(&f, 100 * ONE, 101 * ONE);
    fixture_status_is(&f, BRACKET_PROTECTING);
    fixture_is_quiet(&f);
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_pass(&f, 10);
    fixture_cancel(&f, LEG_TAKE_PROFIT, 2 * ONE, 110 * ONE);
    fixture_is_quiet(&f); /* the quote is old by now, and the next attempt not yet due */
    fixture_pass(&f, 1);
    fixture_quote(&f, 95 * ONE, 96 * ONE);
    fixture_place(&f, LEG_EXIT);
    assert_int_equal(fixture_order(&f, LEG_EXIT, 1)->quantity, 8 * ONE);
    fixture_report(&f, LEG_EXIT, 1, ORDER_STATUS_FILLED, 8 * ONE, 95 * ONE);
    assert_int_equal(f.state.close_reason, CLOSE_STOP_LOSS);
}

/* ---- resting both ---------------------------------------------------------------------------- */

static struct fixture native_oco(void)
{
    struct bracket_spec spec = fixture_spec();
    spec.protection = PROTECTION_RESTING_BOTH;
    spec.stop_loss.limit_price = 94 * ONE;
    struct fixture f = begin_with(spec);
    fixture_enter(&f, 10 * ONE, 100 * ONE);
    return f;
}

static void both_exits_rest_as_one_native_oco(void **state)
{
    (void)state;
    struct fixture f = native_oco();
    const struct bracket_action *a = fixture_action(&f, ACTION_SUBMIT, LEG_TAKE_PROFIT);
    assert_non_null(a);
    assert_int_equal(a->paired, 1);
    assert_int_equal(a->limit_price, 110 * ONE);
    assert_int_equal(a->stop_price, 95 * ONE);
    assert_int_equal(a->second_price, 94 * ONE);
    assert_int_equal(a->quantity, 10 * ONE);
    fixture_place(&f, LEG_TAKE_PROFIT);
    const struct leg_order *stop = fixture_order(&f, LEG_STOP_LOSS, 1);
    assert_int_equal(stop->status, ORDER_STATUS_NEW);
    assert_int_equal(stop->type, ORDER_TYPE_STOP_LIMIT);
    assert_int_equal(stop->stop_price, 95 * ONE);
    assert_int_equal(stop->limit_price, 94 * ONE);
    fixture_is_quiet(&f);
    struct bracket_sums sums;
    bracket_sum(&f.state, &sums);
    assert_int_equal(sums.exit_reserved, 10 * ONE); /* once */
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_NEW, 4 * ONE, 110 * ONE);
    fixture_is_quiet(&f); /* the broker shrinks the other leg */
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 110 * ONE);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_status_is(&f, BRACKET_CLOSED);
    assert_int_equal(f.state.close_reason, CLOSE_TAKE_PROFIT);
}

static void one_cancel_ends_both_legs(void **state)
{
    (void)state;
    struct fixture f = native_oco();
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    assert_null(fixture_action(&f, ACTION_CANCEL, LEG_STOP_LOSS));
    fixture_intend(&f, ACTION_CANCEL, LEG_TAKE_PROFIT);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->status, ORDER_STATUS_PENDING_CANCEL);
    fixture_cancel_outcome(&f, LEG_TAKE_PROFIT, 1, OUTCOME_OK);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_is_quiet(&f);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_place(&f, LEG_EXIT);
}

static void an_oco_with_one_leg_dead_is_placed_anew(void **state)
{
    (void)state;
    struct fixture f = native_oco();
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_TAKE_PROFIT);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->paired, 2);
    fixture_is_quiet(&f);
}

static void an_oco_that_fills_twice_is_frozen(void **state)
{
    (void)state;
    struct fixture f = native_oco();
    fixture_place(&f, LEG_TAKE_PROFIT);
    fixture_report(&f, LEG_TAKE_PROFIT, 1, ORDER_STATUS_FILLED, 10 * ONE, 110 * ONE);
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 95 * ONE);
    fixture_status_is(&f, BRACKET_NEEDS_REVIEW);
    fixture_is_quiet(&f);
}

/* ---- trailing -------------------------------------------------------------------------------- */

static void a_trailing_stop_follows_the_best_price_only(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.take_profit.kind = EXIT_NONE;
    spec.take_profit.value = 0;
    spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PERCENT, .value = 5 * ONE};
    struct fixture f = protected_with(spec);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->stop_price, 95 * ONE);
    fixture_quote(&f, 100 * ONE + 24 * CENT, 101 * ONE); /* less than a twentieth of the trail */
    fixture_is_quiet(&f);
    fixture_quote(&f, 110 * ONE, 111 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->stop_price, 104500000);
    fixture_quote(&f, 105 * ONE, 106 * ONE);
    fixture_is_quiet(&f);
    assert_int_equal(f.state.anchor, 110 * ONE);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.quote = (struct order_quote){0};
    e.spec = f.state.spec;
    e.spec.stop_loss.value = 4 * ONE;
    fixture_step(&f, &e);
    assert_int_equal(f.state.anchor, 0); /* new terms count anew */
}

static void a_trail_of_a_sold_entry_follows_downwards(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.side = ORDER_SELL;
    spec.take_profit.value = 80 * ONE;
    spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PRICE, .value = 4 * ONE};
    struct fixture f = protected_with(spec);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->stop_price, 104 * ONE);
    fixture_quote(&f, 94 * ONE, 95 * ONE);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 2)->stop_price, 99 * ONE);
}

static void a_held_position_trails_from_the_first_quote(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PRICE, .value = 4 * ONE};
    struct fixture f = begin_with(spec);
    fixture_is_quiet(&f); /* from where? */
    fixture_quote(&f, 50 * ONE, 51 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->stop_price, 46 * ONE);
}

static void a_small_trail_moves_by_a_step_at_least(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PRICE, .value = 10 * CENT};
    struct fixture f = protected_with(spec);
    fixture_quote(&f, 100 * ONE + CENT / 2, 101 * ONE);
    assert_int_equal(f.state.anchor, 0);
    fixture_quote(&f, 100 * ONE + CENT, 101 * ONE);
    assert_int_equal(f.state.anchor, 100 * ONE + CENT);
}

static void distances_count_from_the_average_fill(void **state)
{
    (void)state;
    struct bracket_spec spec = fixture_spec();
    spec.stop_loss = (struct exit_terms){.kind = EXIT_PERCENT, .value = 2 * ONE};
    spec.take_profit = (struct exit_terms){.kind = EXIT_OFFSET, .value = 3 * ONE};
    struct fixture f = begin_with(spec);
    fixture_enter(&f, 10 * ONE, 99 * ONE + 55 * CENT);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_int_equal(fixture_order(&f, LEG_STOP_LOSS, 1)->stop_price, 97560000); /* 97.559 */
    fixture_quote(&f, 102 * ONE + 55 * CENT, 103 * ONE);
    assert_int_not_equal(f.state.attempt_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_quote_triggers_nothing),
        cmocka_unit_test(a_quote_before_the_fill_triggers_after_it),
        cmocka_unit_test(an_attempt_that_takes_too_long_brings_the_stop_back),
        cmocka_unit_test(a_fall_during_the_attempt_is_stopped_at_market),
        cmocka_unit_test(a_refused_take_profit_ends_the_attempt),
        cmocka_unit_test(a_stop_may_be_a_stop_limit),
        cmocka_unit_test(outside_the_session_nothing_is_replaced_or_alarming),
        cmocka_unit_test(an_exit_that_does_not_fill_makes_room_for_all_that_is_open),
        cmocka_unit_test(an_exit_for_all_that_is_open_is_left_alone),
        cmocka_unit_test(a_watched_bracket_rests_nothing),
        cmocka_unit_test(both_exits_rest_as_one_native_oco),
        cmocka_unit_test(one_cancel_ends_both_legs),
        cmocka_unit_test(an_oco_with_one_leg_dead_is_placed_anew),
        cmocka_unit_test(an_oco_that_fills_twice_is_frozen),
        cmocka_unit_test(a_trailing_stop_follows_the_best_price_only),
        cmocka_unit_test(a_trail_of_a_sold_entry_follows_downwards),
        cmocka_unit_test(a_held_position_trails_from_the_first_quote),
        cmocka_unit_test(a_small_trail_moves_by_a_step_at_least),
        cmocka_unit_test(distances_count_from_the_average_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
