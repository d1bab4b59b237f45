#include "base/strbuf.h"
#include "orders/desk/rate_gate.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* ---- asking and waiting ---------------------------------------------------------------------- */

static bool describe(void *context, const struct desk_view *view, struct strbuf *out)
{
    (void)context;
    strbuf_add_format(out, "rev %lld %s", (long long)view->header.rev,
                      bracket_status_name(view->state.status));
    return true;
}

static struct answer place_with(struct bench *b, const struct bracket_spec *spec, const char *key,
                                const char *client_order_id)
{
    const struct desk_placement p = {.spec = spec,
                                     .idempotency_key = key,
                                     .client_order_id = client_order_id,
                                     .describe = describe};
    return bench_place(b, &p);
}

static struct uuid place(struct bench *b)
{
    struct bracket_spec spec = bench_terms();
    struct answer a = place_with(b, &spec, NULL, NULL);
    assert_int_equal(a.outcome, DESK_DONE);
    return a.id;
}

static struct desk_view view_of(struct bench *b, const struct uuid *id)
{
    struct desk_view view;
    assert_int_equal(desk_load(b->desk, id, &view, NULL), ERR_OK);
    return view;
}

static enum bracket_status status_of(struct bench *b, const struct uuid *id)
{
    return view_of(b, id).state.status;
}

static int64_t stop_price(struct bench *b, const struct uuid *id)
{
    struct desk_view view = view_of(b, id);
    const struct leg_order *stop = bracket_live(&view.state, LEG_STOP_LOSS);
    return stop ? stop->stop_price : 0;
}

static bool stop_covers(struct bench *b, const struct uuid *id, int64_t quantity)
{
    int64_t working;
    return script_broker_live(b->broker, id, LEG_STOP_LOSS, &working) == 1 && working == quantity;
}

static void ask(struct bench *b, const struct uuid *id,
                enum err (*what)(struct desk_order *, int64_t, desk_done *, void *, struct error *))
{
    struct answer a = {.outcome = DESK_REFUSED};
    struct desk_order *o = desk_find(b->desk, id);
    assert_non_null(o);
    assert_int_equal(what(o, 0, bench_answered, &a, NULL), ERR_OK);
    desk_unref(o);
    assert_int_equal(answer_outcome(&a), DESK_DONE);
}

/* An entry filled with 10, protected by its stop. */
static struct uuid protect(struct bench *b)
{
    struct uuid id = place(b);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_ENTRY, NULL) == 1);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(stop_covers(b, &id, 10 * ONE));
    EVENTUALLY(status_of(b, &id) == BRACKET_PROTECTING);
    return id;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void an_accepted_bracket_is_stored_and_sent_once(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct answer a = place_with(b, &spec, NULL, "mine");
    assert_int_equal(a.outcome, DESK_DONE);
    assert_string_equal(a.response, "rev 2 submitting");
    EVENTUALLY(status_of(b, &a.id) == BRACKET_WORKING);
    assert_int_equal(script_broker_submits(b->broker), 1);
    struct desk_view view = view_of(b, &a.id);
    assert_string_equal(view.header.client_order_id, "mine");
    assert_true(view.live);
    assert_memory_equal(view.tracker.thread, "trk-", 4);
    EVENTUALLY(view_of(b, &a.id).tracker.polls > 2);
    assert_int_equal(view_of(b, &a.id).leg_count, 1);
    struct desk_order *o = desk_find_client_order_id(b->desk, "mine");
    assert_non_null(o);
    desk_unref(o);
}

static void a_life_from_entry_to_stop(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_ENTRY, NULL) == 1);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 4 * ONE, 100 * ONE);
    EVENTUALLY(stop_covers(b, &id, 4 * ONE));
    script_broker_fill(b->broker, &id, LEG_ENTRY, 6 * ONE, 100 * ONE);
    EVENTUALLY(stop_covers(b, &id, 10 * ONE));
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    assert_int_equal(view_of(b, &id).state.close_reason, CLOSE_STOP_LOSS);
    /* Out of the book after a while, and still known. */
    EVENTUALLY(!view_of(b, &id).live);
    struct desk_stats stats;
    desk_stats(b->desk, &stats);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.retired, 1);
}

static void a_quote_at_the_take_profit_closes(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    const char *symbol = view_of(b, &id).header.symbol;
    char name[LIMIT_SYMBOL_BYTES];
    snprintf(name, sizeof name, "%s", symbol);
    desk_quote(b->desk, name, 105 * ONE, 106 * ONE, false, 0);
    struct order_quote quote;
    int64_t age_ns;
    assert_true(desk_last_quote(b->desk, name, &quote, &age_ns));
    assert_int_equal(quote.bid, 105 * ONE);
    assert_true(age_ns >= 0);
    desk_quote(b->desk, name, 111 * ONE, 112 * ONE, false, 0);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_TAKE_PROFIT, NULL) == 1);
    assert_int_equal(script_broker_live(b->broker, &id, LEG_STOP_LOSS, NULL), 0);
    script_broker_fill(b->broker, &id, LEG_TAKE_PROFIT, 10 * ONE, 110 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    assert_int_equal(view_of(b, &id).state.close_reason, CLOSE_TAKE_PROFIT);
}

static void a_cancel_ends_the_entry_and_a_close_flattens(void **state)
{
    struct bench *b = *state;
    struct uuid first = place(b), second = protect(b);
    ask(b, &first, desk_cancel);
    EVENTUALLY(status_of(b, &first) == BRACKET_CANCELED);
    ask(b, &second, desk_close);
    EVENTUALLY(script_broker_live(b->broker, &second, LEG_EXIT, NULL) == 1);
    script_broker_fill(b->broker, &second, LEG_EXIT, 10 * ONE, 99 * ONE);
    EVENTUALLY(status_of(b, &second) == BRACKET_CLOSED);
    assert_int_equal(view_of(b, &second).state.close_reason, CLOSE_MANUAL);
}

static void a_modified_stop_is_replaced(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    struct desk_change change = {.spec = view_of(b, &id).state.spec};
    struct answer a = {.outcome = DESK_REFUSED};
    struct desk_order *o = desk_find(b->desk, &id);
    change.spec.stop_loss.value = 97 * ONE;
    assert_int_equal(desk_modify(o, &change, bench_answered, &a, NULL), ERR_OK);
    assert_int_equal(answer_outcome(&a), DESK_DONE);
    EVENTUALLY(stop_price(b, &id) == 97 * ONE);
    EVENTUALLY(stop_covers(b, &id, 10 * ONE));
    struct answer no = {.outcome = DESK_DONE};
    change.spec.side = ORDER_SELL;
    assert_int_equal(desk_modify(o, &change, bench_answered, &no, NULL), ERR_OK);
    EVENTUALLY(atomic_load(&no.there));
    assert_int_equal(no.outcome, DESK_REFUSED);
    desk_unref(o);
}

static void the_same_key_makes_one_order(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    struct answer first = place_with(b, &spec, "key", NULL);
    struct answer again = place_with(b, &spec, "key", NULL);
    assert_int_equal(again.outcome, DESK_REPLAYED);
    assert_memory_equal(&again.id, &first.id, sizeof first.id);
    assert_string_equal(again.response, first.response);
    struct answer mine = place_with(b, &spec, NULL, "mine");
    struct answer other = place_with(b, &spec, NULL, "mine");
    assert_int_equal(mine.outcome, DESK_DONE);
    assert_int_equal(other.code, ERR_CONFLICT);
    EVENTUALLY(script_broker_live(b->broker, NULL, LEG_ENTRY, NULL) == 2);
    struct desk_stats stats;
    EVENTUALLY((desk_stats(b->desk, &stats), stats.live == 2 && stats.threads == 2));
}

/* Placed and filled with all of its quantity. */
static void trade(struct bench *b, const struct bracket_spec *spec)
{
    struct answer a = place_with(b, spec, NULL, NULL);
    assert_int_equal(a.outcome, DESK_DONE);
    EVENTUALLY(script_broker_live(b->broker, &a.id, LEG_ENTRY, NULL) == 1);
    script_broker_fill(b->broker, &a.id, LEG_ENTRY, spec->quantity, 100 * ONE);
    EVENTUALLY(status_of(b, &a.id) == BRACKET_CLOSED);
}

static void a_plain_entry_against_a_position_is_sent_as_closing(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    spec.take_profit = spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    trade(b, &spec);
    trade(b, &spec);
    assert_int_equal(script_broker_closing(b->broker), 0);
    spec.side = ORDER_SELL;
    trade(b, &spec);
    assert_int_equal(script_broker_closing(b->broker), 1);
    trade(b, &spec);
    assert_int_equal(script_broker_closing(b->broker), 2);
    assert_int_equal(desk_held(b->desk, "SPY"), 0);
    trade(b, &spec); /* opens a short position */
    assert_int_equal(script_broker_closing(b->broker), 2);
    assert_int_equal(desk_held(b->desk, "SPY"), -10 * ONE);
    spec.side = ORDER_BUY;
    spec.quantity = 11 * ONE; /* more than there is to close */
    trade(b, &spec);
    assert_int_equal(script_broker_closing(b->broker), 2);
}

static void what_closes_is_held_to_no_limit(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    spec.take_profit = spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    trade(b, &spec);
    bench_stop(b);
    b->options.limits = (struct risk_limits){.quantity = 5 * ONE, .notional = ONE};
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_FORBIDDEN);
    spec.side = ORDER_SELL;
    trade(b, &spec);
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_FORBIDDEN);
}

static void the_open_brackets_are_listed_newest_first(void **state)
{
    struct bench *b = *state;
    struct desk_order *open[4];
    struct uuid first = place(b), second = place(b), third = place(b);
    ask(b, &second, desk_cancel);
    EVENTUALLY(status_of(b, &second) == BRACKET_CANCELED);
    const char *const symbols[] = {NULL, "SPY"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(desk_open(b->desk, symbols[i], open, 4), 2);
        struct uuid ids[2] = {desk_order_id(open[0]), desk_order_id(open[1])};
        assert_memory_equal(&ids[0], &third, sizeof third);
        assert_memory_equal(&ids[1], &first, sizeof first);
        desk_unref(open[0]);
        desk_unref(open[1]);
    }
    assert_int_equal(desk_open(b->desk, "QQQ", open, 4), 0);
    assert_int_equal(desk_open(b->desk, NULL, open, 1), 1);
    desk_unref(open[0]);
}

static void limits_refuse_before_anything_is_stored(void **state)
{
    struct bench *b = *state;
    bench_stop(b);
    b->options.limits = (struct risk_limits){.quantity = 25 * ONE};
    b->options.orders_max = 3;
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    struct uuid first = place(b), second = place(b);
    struct bracket_spec spec = bench_terms();
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_FORBIDDEN);
    ask(b, &first, desk_cancel);
    EVENTUALLY(status_of(b, &first) == BRACKET_CANCELED);
    place(b);
    (void)second;
    spec.quantity = ONE;
    EVENTUALLY(place_with(b, &spec, NULL, NULL).outcome == DESK_DONE);
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_BUSY);
}

static void no_thread_no_order(void **state)
{
    struct bench *b = *state;
    bench_stop(b);
    b->options.threads_max = 1;
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    place(b);
    struct bracket_spec spec = bench_terms();
    int64_t batches = memory_store_batches(b->store);
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_UNAVAILABLE);
    assert_true(memory_store_batches(b->store) <= batches + 2);
    assert_int_equal(script_broker_live(b->broker, NULL, LEG_ENTRY, NULL) <= 1, true);
}

static void a_lost_submit_is_asked_for_and_never_repeated(void **state)
{
    struct bench *b = *state;
    script_broker_next_submit(b->broker, OUTCOME_UNKNOWN, REJECT_NONE, true);
    struct uuid id = place(b);
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
    assert_int_equal(script_broker_submits(b->broker), 1);
    script_broker_next_submit(b->broker, OUTCOME_UNKNOWN, REJECT_NONE, false);
    struct uuid lost = place(b);
    EVENTUALLY(script_broker_live(b->broker, &lost, LEG_ENTRY, NULL) == 1);
    /* Only under a new id, once the old one is gone by evidence. */
    assert_int_equal(script_broker_submits(b->broker), 3);
}

static bool stop_is_acknowledged(struct bench *b, const struct uuid *id)
{
    struct desk_view view = view_of(b, id);
    const struct leg_order *o = bracket_live(&view.state, LEG_STOP_LOSS);
    return o && o->status == ORDER_STATUS_NEW;
}

/* The desk goes on while it is looked at: the two are the same between two events. */
static bool view_is_the_fold(struct bench *b, const struct uuid *id)
{
    struct desk_view view = view_of(b, id);
    struct bracket_state folded;
    return memory_store_fold(b->store, id, &folded) &&
           memcmp(&folded, &view.state, sizeof folded) == 0;
}

static void a_restart_goes_on_where_the_log_ends(void **state)
{
    struct bench *b = *state;
    struct uuid working = place(b), open = protect(b);
    EVENTUALLY(status_of(b, &working) == BRACKET_WORKING);
    EVENTUALLY(stop_is_acknowledged(b, &open));
    EVENTUALLY(view_is_the_fold(b, &open));
    struct desk_view before = view_of(b, &open);
    bench_stop(b);
    script_broker_fill(b->broker, &working, LEG_ENTRY, 10 * ONE, 100 * ONE);
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    EVENTUALLY(stop_covers(b, &working, 10 * ONE));
    assert_true(stop_covers(b, &open, 10 * ONE));
    assert_int_equal(view_of(b, &open).leg_count, before.leg_count);
    assert_int_equal(script_broker_submits(b->broker), 4);
}

static void a_restart_does_not_wait_for_the_next_poll(void **state)
{
    struct bench *b = *state;
    struct uuid open = protect(b);
    EVENTUALLY(stop_is_acknowledged(b, &open));
    script_broker_next_submit(b->broker, OUTCOME_UNKNOWN, REJECT_NONE, false);
    struct uuid lost = place(b);
    EVENTUALLY(view_of(b, &lost).tracker.calls == 1);
    bench_stop(b);
    b->options.poll_interval_ns = 10 * TEST_PATIENCE_MS * NS_PER_MS;
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    EVENTUALLY(script_broker_live(b->broker, &lost, LEG_ENTRY, NULL) == 1);
    assert_true(stop_covers(b, &open, 10 * ONE));
}

/* The first listing is asked for before the brackets have their threads. */
static void what_happens_behind_the_first_listing_does_not_wait_for_the_next_poll(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
    bench_stop(b);
    b->options.poll_interval_ns = 10 * TEST_PATIENCE_MS * NS_PER_MS;
    script_broker_fill_behind_listing(b->broker, &id, LEG_ENTRY, 4 * ONE, 100 * ONE);
    bench_start(b);
    EVENTUALLY(stop_covers(b, &id, 4 * ONE));
}

static void the_gate_stays_shut_while_orders_are_in_doubt(void **state)
{
    struct bench *b = *state;
    script_broker_silence(b->broker, true);
    struct uuid id = place(b);
    EVENTUALLY(view_of(b, &id).tracker.calls == 1);
    bench_stop(b);
    bench_start(b);
    const char *why = "";
    assert_false(desk_ready(b->desk, &why));
    assert_true(*why);
    struct bracket_spec spec = bench_terms();
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_UNAVAILABLE);
    script_broker_silence(b->broker, false);
    EVENTUALLY(desk_ready(b->desk, &why));
    assert_string_equal(why, "");
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
}

static void assert_tampered_is_not_started(struct bench *b)
{
    bench_stop(b);
    memory_store_tamper(b->store);
    assert_int_equal(desk_create(&b->options, &b->desk, NULL), ERR_OK);
    assert_int_equal(desk_start(b->desk, NULL), ERR_DATA);
    bench_stop(b);
}

static void a_chain_that_was_tampered_with_is_not_started(void **state)
{
    struct uuid id = place(*state);
    EVENTUALLY(status_of(*state, &id) == BRACKET_WORKING);
    assert_tampered_is_not_started(*state);
}

/* Its clock is where the next one begins. */
static void nor_is_one_of_what_ended_last(void **state)
{
    struct uuid id = place(*state);
    ask(*state, &id, desk_cancel);
    EVENTUALLY(status_of(*state, &id) == BRACKET_CANCELED);
    assert_tampered_is_not_started(*state);
}

static void a_refused_commit_is_tried_again_before_any_call(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
    memory_store_fail(b->store, COMMIT_REFUSED, 1);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(stop_covers(b, &id, 10 * ONE));
    assert_int_equal(atomic_load(&b->failures), 0);
}

static void a_refused_commit_that_nothing_follows_is_tried_again(void **state)
{
    struct bench *b = *state;
    struct bracket_spec spec = bench_terms();
    spec.take_profit = spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    struct uuid id = place_with(b, &spec, NULL, NULL).id;
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
    memory_store_fail(b->store, COMMIT_REFUSED, 2);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 4 * ONE, 100 * ONE);
    EVENTUALLY(desk_held(b->desk, "SPY") == 4 * ONE);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 6 * ONE, 100 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    assert_int_equal(desk_held(b->desk, "SPY"), 10 * ONE);
}

static void an_unknown_commit_stops_everything(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    EVENTUALLY(status_of(b, &id) == BRACKET_WORKING);
    int submits = script_broker_submits(b->broker);
    memory_store_fail(b->store, COMMIT_UNKNOWN, 1000);
    struct bracket_spec spec = bench_terms();
    assert_int_equal(place_with(b, &spec, NULL, NULL).outcome, DESK_UNKNOWN);
    EVENTUALLY(atomic_load(&b->failures) == 1);
    const char *why;
    assert_false(desk_ready(b->desk, &why));
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_UNAVAILABLE);
    assert_int_equal(script_broker_submits(b->broker), submits);
    bench_stop(b);
    memory_store_fail(b->store, COMMIT_STORED, 0);
}

static void the_kill_switch_cancels_entries_and_outlives_a_restart(void **state)
{
    struct bench *b = *state;
    struct uuid working = place(b), open = protect(b);
    assert_int_equal(desk_set_paused(b->desk, true, NULL), ERR_OK);
    EVENTUALLY(script_broker_live(b->broker, &working, LEG_ENTRY, NULL) == 0);
    struct bracket_spec spec = bench_terms();
    assert_int_equal(place_with(b, &spec, NULL, NULL).code, ERR_CONFLICT);
    bench_stop(b);
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    assert_true(desk_paused(b->desk));
    assert_true(stop_covers(b, &open, 10 * ONE));
    assert_int_equal(desk_set_paused(b->desk, false, NULL), ERR_OK);
    EVENTUALLY(script_broker_live(b->broker, &working, LEG_ENTRY, NULL) == 1);
    assert_int_equal(desk_cancel_all(b->desk, false), 2);
    EVENTUALLY(status_of(b, &working) == BRACKET_CANCELED);
}

static void what_was_sold_elsewhere_is_noticed(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    script_broker_trade(b->broker, view_of(b, &id).header.symbol, -10 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    assert_int_equal(view_of(b, &id).state.close_reason, CLOSE_EXTERNAL);
    assert_int_equal(script_broker_live(b->broker, &id, LEG_STOP_LOSS, NULL), 0);
}

struct sum {
    int count;
    int64_t quantity, realized;
};

static void add_position(void *context, const struct desk_position *p)
{
    struct sum *sum = context;
    sum->count++;
    sum->quantity += p->position.quantity;
    sum->realized += p->position.realized;
}

static void positions_are_the_fold_of_the_fills(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    struct sum sum = {0};
    assert_int_equal(desk_positions(b->desk, add_position, &sum, NULL), ERR_OK);
    assert_int_equal(sum.count, 1);
    assert_int_equal(sum.quantity, 10 * ONE);
    script_broker_bust(b->broker, &id, LEG_ENTRY, 3 * ONE);
    EVENTUALLY(
        (sum = (struct sum){0},
         desk_positions(b->desk, add_position, &sum, NULL) == ERR_OK && sum.quantity == 7 * ONE));
    EVENTUALLY(stop_covers(b, &id, 7 * ONE));
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 7 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    bench_stop(b);
    bench_start(b);
    sum = (struct sum){0};
    assert_int_equal(desk_positions(b->desk, add_position, &sum, NULL), ERR_OK);
    assert_int_equal(sum.quantity, 0);
    assert_int_equal(sum.realized, -35 * ONE);
}

/* What has closed leaves the book; what the broker takes back later brings it back. */
static void a_bracket_that_has_left_comes_back_with_late_news(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    EVENTUALLY(script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE) == 10 * ONE);
    EVENTUALLY(stop_covers(b, &id, 10 * ONE));
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    EVENTUALLY(!view_of(b, &id).live);
    script_broker_bust(b->broker, &id, LEG_STOP_LOSS, 4 * ONE);
    EVENTUALLY(view_of(b, &id).live);
    EVENTUALLY(stop_covers(b, &id, 4 * ONE));
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 4 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    EVENTUALLY(!view_of(b, &id).live);
}

/* At a start the book is filled and the threads are started while the first listing comes. */
static void late_news_of_before_a_start_do_not_wait_for_the_next_listing(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b), open = protect(b);
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    bench_stop(b);
    script_broker_bust(b->broker, &id, LEG_STOP_LOSS, 4 * ONE);
    b->options.poll_interval_ns = 10 * TEST_PATIENCE_MS * NS_PER_MS;
    bench_start(b);
    EVENTUALLY(stop_covers(b, &id, 4 * ONE));
    assert_true(stop_covers(b, &open, 10 * ONE));
}

/* Nothing is open that would tell how late it was when the bracket ended. */
static void late_news_of_a_bracket_that_ended_last_are_taken_up_after_a_start(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    script_broker_fill(b->broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    EVENTUALLY(status_of(b, &id) == BRACKET_CLOSED);
    bench_stop(b);
    script_broker_bust(b->broker, &id, LEG_STOP_LOSS, 4 * ONE);
    b->options.poll_interval_ns = 10 * TEST_PATIENCE_MS * NS_PER_MS;
    bench_start(b);
    EVENTUALLY(stop_covers(b, &id, 4 * ONE));
}

static int64_t a_minute_later(const struct clock *clock)
{
    (void)clock;
    return clock_monotonic_ns(clock_real()) + NS_PER_MINUTE;
}

static void add_unprotected(void *sum, const struct desk_position *p)
{
    *(int64_t *)sum += p->unprotected_quantity;
}

static bool take_profit_works(struct bench *b, const struct uuid *id)
{
    struct desk_view view = view_of(b, id);
    const struct leg_order *o = bracket_live(&view.state, LEG_TAKE_PROFIT);
    return o && o->status == ORDER_STATUS_NEW;
}

/* The time of a bracket stands still while no server runs. */
static void an_exit_in_flight_still_covers_after_a_pause(void **state)
{
    struct bench *b = *state;
    struct uuid id = protect(b);
    struct bracket_spec spec = bench_terms();
    desk_quote(b->desk, spec.contract.symbol, 110 * ONE, 110 * ONE + CENT, false, 0);
    EVENTUALLY(take_profit_works(b, &id));
    bench_stop(b);
    struct clock later = *clock_real();
    later.monotonic_ns = a_minute_later;
    b->options.clock = &later;
    bench_start(b);
    int64_t unprotected = 0;
    assert_int_equal(desk_positions(b->desk, add_unprotected, &unprotected, NULL), ERR_OK);
    assert_int_equal(unprotected, 0);
    bench_stop(b);
    b->options.clock = clock_real();
    bench_start(b);
}

/* After a restart with fewer threads than orders. */
static void the_shared_loop_serves_what_has_no_thread(void **state)
{
    struct bench *b = *state;
    struct uuid ids[6];
    for (int i = 0; i < 6; i++)
        ids[i] = place(b);
    bench_stop(b);
    b->options.threads_max = 2;
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    struct desk_stats stats;
    desk_stats(b->desk, &stats);
    assert_int_equal(stats.threads, 2);
    assert_int_equal(stats.shared, 4);
    EVENTUALLY(script_broker_live(b->broker, NULL, LEG_ENTRY, NULL) == 6);
    for (int i = 0; i < 6; i++)
        script_broker_fill(b->broker, &ids[i], LEG_ENTRY, 10 * ONE, 100 * ONE);
    for (int i = 0; i < 6; i++)
        EVENTUALLY(stop_covers(b, &ids[i], 10 * ONE));
    for (int i = 0; i < 6; i++)
        script_broker_fill(b->broker, &ids[i], LEG_STOP_LOSS, 10 * ONE, 95 * ONE);
    EVENTUALLY((desk_stats(b->desk, &stats), stats.live == 0));
}

static void a_thousand_brackets_each_with_its_thread(void **state)
{
    enum { COUNT = 1000 };
    struct bench *b = *state;
    bench_stop(b);
    b->options.poll_interval_ns = 200 * NS_PER_MS;
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
    static struct answer answers[COUNT];
    memset(answers, 0, sizeof answers);
    struct bracket_spec spec = bench_terms();
    struct desk_placement p = {.spec = &spec};
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(desk_place(b->desk, &p, bench_answered, &answers[i], NULL), ERR_OK);
    EVENTUALLY(script_broker_live(b->broker, NULL, LEG_ENTRY, NULL) == COUNT);
    struct desk_stats stats;
    desk_stats(b->desk, &stats);
    assert_int_equal(stats.threads, COUNT);
    for (int i = 0; i < COUNT; i++)
        script_broker_fill(b->broker, &answers[i].id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(script_broker_live(b->broker, NULL, LEG_STOP_LOSS, NULL) == COUNT);
    int64_t start_ns = clock_monotonic_ns(clock_real());
    bench_stop(b);
    assert_true(clock_monotonic_ns(clock_real()) - start_ns < 5 * NS_PER_SECOND);
}

/* ---- the rate -------------------------------------------------------------------------------- */

static void a_fifth_of_the_rate_is_kept_for_protection(void **state)
{
    (void)state;
    struct rate_gate g;
    rate_gate_init(&g, 60, 0); /* one a second, ten at once */
    int queries = 0, protections = 0;
    while (!rate_gate_take(&g, CALL_QUERY, 0))
        queries++;
    while (!rate_gate_take(&g, CALL_PROTECT, 0))
        protections++;
    assert_int_equal(queries, 8);
    assert_int_equal(protections, 2);
    assert_int_equal(rate_gate_take(&g, CALL_PROTECT, 0), NS_PER_SECOND);
    assert_int_equal(rate_gate_take(&g, CALL_PROTECT, NS_PER_SECOND), 0);
    g.waiting[CALL_CANCEL] = 1;
    assert_true(rate_gate_take(&g, CALL_QUERY, 100 * NS_PER_SECOND) > 0);
    assert_int_equal(rate_gate_take(&g, CALL_CANCEL, 100 * NS_PER_SECOND), 0);
    rate_gate_init(&g, 0, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rate_gate_take(&g, CALL_QUOTE, 0), 0);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifth_of_the_rate_is_kept_for_protection),
        WITH_DESK(an_accepted_bracket_is_stored_and_sent_once),
        WITH_DESK(a_life_from_entry_to_stop),
        WITH_DESK(a_quote_at_the_take_profit_closes),
        WITH_DESK(a_cancel_ends_the_entry_and_a_close_flattens),
        WITH_DESK(a_modified_stop_is_replaced),
        WITH_DESK(the_same_key_makes_one_order),
        WITH_DESK(a_plain_entry_against_a_position_is_sent_as_closing),
        WITH_DESK(what_closes_is_held_to_no_limit),
        WITH_DESK(the_open_brackets_are_listed_newest_first),
        WITH_DESK(limits_refuse_before_anything_is_stored),
        WITH_DESK(no_thread_no_order),
        WITH_DESK(a_lost_submit_is_asked_for_and_never_repeated),
        WITH_DESK(a_restart_goes_on_where_the_log_ends),
        WITH_DESK(a_restart_does_not_wait_for_the_next_poll),
        WITH_DESK(what_happens_behind_the_first_listing_does_not_wait_for_the_next_poll),
        WITH_DESK(the_gate_stays_shut_while_orders_are_in_doubt),
        WITH_DESK(a_chain_that_was_tampered_with_is_not_started),
        WITH_DESK(nor_is_one_of_what_ended_last),
        WITH_DESK(a_refused_commit_is_tried_again_before_any_call),
        WITH_DESK(a_refused_commit_that_nothing_follows_is_tried_again),
        WITH_DESK(an_unknown_commit_stops_everything),
        WITH_DESK(the_kill_switch_cancels_entries_and_outlives_a_restart),
        WITH_DESK(what_was_sold_elsewhere_is_noticed),
        WITH_DESK(positions_are_the_fold_of_the_fills),
        WITH_DESK(a_bracket_that_has_left_comes_back_with_late_news),
        WITH_DESK(late_news_of_before_a_start_do_not_wait_for_the_next_listing),
        WITH_DESK(late_news_of_a_bracket_that_ended_last_are_taken_up_after_a_start),
        WITH_DESK(the_shared_loop_serves_what_has_no_thread),
        WITH_DESK(an_exit_in_flight_still_covers_after_a_pause),
        WITH_DESK(a_thousand_brackets_each_with_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
