#include "server/alpaca/alpaca_order.h"

#include "base/json_value.h"
#include "orders/event_chain.h"
#include "server/alpaca/alpaca_id.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

#include <string.h>

static struct order_header header;

static int set_up(void **state)
{
    (void)state;
    memset(&header, 0, sizeof header);
    header.id = uuid_make(clock_real());
    header.created_at_ns = START_NS - 1;
    header.updated_at_ns = START_NS + NS_PER_SECOND;
    return 0;
}

static struct alpaca_group group_of(const struct fixture *f)
{
    struct alpaca_group g;
    alpaca_group_make(&header, &f->state, &g);
    return g;
}

static const struct alpaca_order *leg_of(const struct alpaca_group *g, enum leg leg)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->orders[i].leg == leg)
            return &g->orders[i];
    fail_msg("no %s", leg_name(leg));
    return NULL;
}

static void status_is(const struct fixture *f, enum leg leg, const char *status)
{
    struct alpaca_group g = group_of(f);
    assert_string_equal(alpaca_status_name(leg_of(&g, leg)->status), status);
}

static void a_bracket_waits_with_held_legs(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.order_class, ALPACA_CLASS_BRACKET);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.leg_count, 2);
    status_is(&f, LEG_ENTRY, "accepted");
    status_is(&f, LEG_TAKE_PROFIT, "held");
    status_is(&f, LEG_STOP_LOSS, "held");
    assert_memory_equal(&g.orders[0].id, &header.id, sizeof header.id);
    assert_int_equal(g.orders[0].type, ALPACA_TYPE_LIMIT);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->type, ALPACA_TYPE_STOP);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->side, ORDER_SELL);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->stop_price, 95 * ONE);
    assert_int_equal(leg_of(&g, LEG_TAKE_PROFIT)->limit_price, 110 * ONE);
    assert_int_equal(leg_of(&g, LEG_TAKE_PROFIT)->quantity, 10 * ONE);
    assert_true(alpaca_group_open(&g));
}

static void an_entry_goes_through_alpacas_statuses(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    int32_t generation = fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    status_is(&f, LEG_ENTRY, "pending_new");
    fixture_submit_outcome(&f, LEG_ENTRY, generation, OUTCOME_UNKNOWN, REJECT_NONE);
    status_is(&f, LEG_ENTRY, "pending_new");
    fixture_report(&f, LEG_ENTRY, generation, ORDER_STATUS_NEW, 0, 0);
    status_is(&f, LEG_ENTRY, "new");
    fixture_report(&f, LEG_ENTRY, generation, ORDER_STATUS_NEW, 4 * ONE, 99 * ONE);
    status_is(&f, LEG_ENTRY, "partially_filled");
    fixture_report(&f, LEG_ENTRY, generation, ORDER_STATUS_FILLED, 10 * ONE, 99 * ONE);
    status_is(&f, LEG_ENTRY, "filled");
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.orders[0].filled, 10 * ONE);
    assert_int_equal(g.orders[0].average_price, 99 * ONE);
}

static void a_filled_stop_closes_the_group(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    status_is(&f, LEG_ENTRY, "filled");
    status_is(&f, LEG_STOP_LOSS, "new");
    status_is(&f, LEG_TAKE_PROFIT, "held");
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 94 * ONE);
    fixture_status_is(&f, BRACKET_CLOSED);
    status_is(&f, LEG_STOP_LOSS, "filled");
    status_is(&f, LEG_TAKE_PROFIT, "canceled");
    struct alpaca_group g = group_of(&f);
    assert_false(alpaca_group_open(&g));
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->average_price, 94 * ONE);
}

static void a_cancel_ends_entry_and_legs(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    status_is(&f, LEG_ENTRY, "pending_cancel");
    fixture_cancel(&f, LEG_ENTRY, 0, 0);
    status_is(&f, LEG_ENTRY, "canceled");
    status_is(&f, LEG_TAKE_PROFIT, "canceled");
    status_is(&f, LEG_STOP_LOSS, "canceled");
}

static void an_entry_that_was_canceled_half_filled_keeps_its_fill(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    struct alpaca_group g = group_of(&f);
    status_is(&f, LEG_ENTRY, "canceled");
    assert_int_equal(g.orders[0].filled, 4 * ONE);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->quantity, 4 * ONE);
    assert_int_equal(leg_of(&g, LEG_TAKE_PROFIT)->quantity, 4 * ONE);
    status_is(&f, LEG_STOP_LOSS, "new");
}

static void a_rejected_entry_is_rejected(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    int32_t generation = fixture_intend(&f, ACTION_SUBMIT, LEG_ENTRY);
    fixture_submit_outcome(&f, LEG_ENTRY, generation, OUTCOME_REJECTED, REJECT_OTHER);
    status_is(&f, LEG_ENTRY, "rejected");
    status_is(&f, LEG_STOP_LOSS, "canceled");
}

static void an_entry_under_replacement_is_pending_replace(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_place(&f, LEG_ENTRY);
    struct order_event e = fixture_event(&f, EVENT_MODIFIED);
    e.spec = spec;
    e.spec.limit_price = 99 * ONE;
    fixture_step(&f, &e);
    fixture_intend(&f, ACTION_CANCEL, LEG_ENTRY);
    status_is(&f, LEG_ENTRY, "pending_replace");
    fixture_report(&f, LEG_ENTRY, 1, ORDER_STATUS_CANCELED, 0, 0);
    status_is(&f, LEG_ENTRY, "pending_replace");
    fixture_place(&f, LEG_ENTRY);
    status_is(&f, LEG_ENTRY, "new");
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.orders[0].limit_price, 99 * ONE);
}

static void a_close_shows_as_an_order_of_its_own(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    fixture_protect(&f);
    fixture_simple(&f, EVENT_CLOSE_REQUESTED);
    fixture_cancel(&f, LEG_STOP_LOSS, 0, 0);
    int32_t generation = fixture_place(&f, LEG_EXIT);
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.count, 4);
    assert_int_equal(g.leg_count, 2);
    assert_int_equal(g.orders[3].type, ALPACA_TYPE_MARKET);
    status_is(&f, LEG_EXIT, "new");
    fixture_report(&f, LEG_EXIT, generation, ORDER_STATUS_FILLED, 10 * ONE, 101 * ONE);
    status_is(&f, LEG_EXIT, "filled");
    status_is(&f, LEG_STOP_LOSS, "canceled");
}

static void a_stop_that_is_passed_while_it_is_replaced_fills_nevertheless(void **state)
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
    status_is(&f, LEG_STOP_LOSS, "held");
    fixture_quote(&f, 96 * ONE, 97 * ONE); /* through the level, with no stop at the broker */
    int32_t generation = fixture_place(&f, LEG_EXIT);
    status_is(&f, LEG_STOP_LOSS, "new");
    fixture_report(&f, LEG_EXIT, generation, ORDER_STATUS_FILLED, 10 * ONE, 96 * ONE);
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.count, 3);
    status_is(&f, LEG_STOP_LOSS, "filled");
    status_is(&f, LEG_TAKE_PROFIT, "canceled");
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->filled, 10 * ONE);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->quantity, 10 * ONE);
    assert_int_equal(leg_of(&g, LEG_STOP_LOSS)->average_price, 96 * ONE);
}

static void a_held_position_is_an_oco_with_the_stop_as_its_leg(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    bracket_fixture_init(&f, &spec);
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.order_class, ALPACA_CLASS_OCO);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.orders[0].leg, LEG_TAKE_PROFIT);
    assert_memory_equal(&g.orders[0].id, &header.id, sizeof header.id);
    assert_int_equal(g.orders[0].side, ORDER_SELL);
    status_is(&f, LEG_TAKE_PROFIT, "accepted");
    status_is(&f, LEG_STOP_LOSS, "held");
}

static void a_trailing_guard_is_a_simple_order(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.limit_price = 0;
    spec.take_profit = (struct exit_terms){.kind = EXIT_NONE};
    spec.stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PERCENT, .value = 2 * ONE};
    bracket_fixture_init(&f, &spec);
    fixture_quote(&f, 100 * ONE, 101 * ONE);
    struct alpaca_group g = group_of(&f);
    assert_int_equal(g.order_class, ALPACA_CLASS_SIMPLE);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.orders[0].type, ALPACA_TYPE_TRAILING_STOP);
    assert_int_equal(g.orders[0].trail_percent, 2 * ONE);
    assert_int_equal(g.orders[0].high_water_mark, 100 * ONE);
    assert_int_equal(g.orders[0].stop_price, 98 * ONE);
}

/* ---- times ----------------------------------------------------------------------------------- */

enum { EVENTS_MAX = 16 };

struct log {
    struct fixture f;
    struct stored_order stored;
    struct order_record records[EVENTS_MAX];
    unsigned char bodies[EVENTS_MAX][ORDER_EVENT_BYTES_MAX];
};

/* Each event a second after the one before. */
static void add(struct log *log, const struct order_event *event)
{
    size_t at = log->stored.record_count++;
    struct order_record *r = &log->records[at];
    assert_true(at < EVENTS_MAX);
    r->seq = ++log->stored.header.rev;
    r->at_ns = START_NS + (int64_t)at * NS_PER_SECOND;
    r->body = log->bodies[at];
    r->body_bytes = order_event_encode(event, log->bodies[at]);
    memcpy(r->prev_hash, log->stored.header.head, SHA256_BYTES);
    event_chain_add(log->stored.header.head, &log->stored.header.id, r->seq, r->body,
                    r->body_bytes);
    fixture_step(&log->f, event);
}

static void add_submit(struct log *log, enum leg leg)
{
    struct bracket_action action = *fixture_action(&log->f, ACTION_SUBMIT, leg);
    struct order_event e;
    assert_true(bracket_action_intent(&action, log->f.clock, &e));
    add(log, &e);
    e = fixture_event(&log->f, EVENT_SUBMIT_OUTCOME);
    e.leg = leg;
    e.generation = action.generation;
    e.outcome = OUTCOME_OK;
    add(log, &e);
}

static void add_fill(struct log *log, enum leg leg, int64_t price)
{
    struct order_event e = fixture_event(&log->f, EVENT_REPORT);
    e.leg = leg;
    e.generation = 1;
    e.status = ORDER_STATUS_FILLED;
    e.quantity = e.filled = 10 * ONE;
    e.filled_value = order_value(e.filled, price);
    add(log, &e);
}

static struct log *bracket_log(void)
{
    static struct log log;
    struct bracket_spec spec = fixture_spec();
    memset(&log, 0, sizeof log);
    log.stored.header = header;
    log.stored.records = log.records;
    bracket_fixture_init(&log.f, &spec);
    bracket_state_init(&log.f.state);
    struct order_event e = fixture_event(&log.f, EVENT_ACCEPTED);
    e.id = header.id;
    e.spec = spec;
    add(&log, &e);                           /* 0 */
    add_submit(&log, LEG_ENTRY);             /* 1, 2 */
    add_fill(&log, LEG_ENTRY, 100 * ONE);    /* 3 */
    add_submit(&log, LEG_STOP_LOSS);         /* 4, 5 */
    add_fill(&log, LEG_STOP_LOSS, 94 * ONE); /* 6 */
    return &log;
}

static int64_t at_second(int64_t second)
{
    return START_NS + second * NS_PER_SECOND;
}

static void times_are_those_of_the_events(void **state)
{
    (void)state;
    struct log *log = bracket_log();
    struct alpaca_group g;
    struct bracket_state folded;
    assert_int_equal(alpaca_group_fold(&log->stored, &g, &folded, NULL), ERR_OK);
    assert_int_equal(folded.status, BRACKET_CLOSED);
    const struct alpaca_order *entry = leg_of(&g, LEG_ENTRY), *stop = leg_of(&g, LEG_STOP_LOSS);
    assert_int_equal(entry->created_ns, header.created_at_ns);
    assert_int_equal(entry->filled_ns, at_second(3));
    assert_int_equal(entry->updated_ns, at_second(3));
    assert_int_equal(entry->canceled_ns, 0);
    assert_int_equal(stop->created_ns, header.created_at_ns);
    assert_int_equal(stop->filled_ns, at_second(6));
    const struct alpaca_order *profit = leg_of(&g, LEG_TAKE_PROFIT);
    assert_int_equal(profit->canceled_ns, at_second(6));
    assert_int_equal(profit->filled_ns, 0);
}

static void a_leg_that_the_terms_have_no_longer_stays_canceled(void **state)
{
    (void)state;
    struct log *log = bracket_log();
    struct alpaca_group g;
    /* After the entry's fill, instead of the stop: the terms without exits. */
    log->stored.record_count = 4;
    log->stored.header.rev = 4;
    memcpy(log->stored.header.head, log->records[4].prev_hash, SHA256_BYTES);
    struct order_event e = fixture_event(&log->f, EVENT_MODIFIED);
    e.spec = fixture_spec();
    e.spec.take_profit = e.spec.stop_loss = (struct exit_terms){.kind = EXIT_NONE};
    add(log, &e); /* 4 */
    assert_int_equal(alpaca_group_fold(&log->stored, &g, NULL, NULL), ERR_OK);
    assert_int_equal(g.order_class, ALPACA_CLASS_BRACKET);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.leg_count, 2);
    assert_int_equal(g.orders[1].leg, LEG_TAKE_PROFIT);
    assert_int_equal(g.orders[2].leg, LEG_STOP_LOSS);
    assert_int_equal(g.orders[2].status, ALPACA_CANCELED);
    assert_int_equal(g.orders[2].canceled_ns, at_second(4));
    assert_int_equal(g.orders[2].created_ns, header.created_at_ns);
}

static void a_broken_chain_is_told(void **state)
{
    (void)state;
    struct log *log = bracket_log();
    struct alpaca_group g;
    log->bodies[2][3] ^= 1;
    assert_int_equal(alpaca_group_fold(&log->stored, &g, NULL, NULL), ERR_DATA);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static struct json_value *written(const struct alpaca_group *g, const struct alpaca_order *o,
                                  bool nested)
{
    struct strbuf out;
    struct json_writer w;
    struct json_value *v;
    strbuf_init(&out, 1 << 16);
    json_writer_init(&w, &out);
    alpaca_order_write(g, o, nested, &w);
    assert_int_equal(json_value_parse(strbuf_text(&out), out.length, &v, NULL), ERR_OK);
    strbuf_release(&out);
    return v;
}

static void text_is(const struct json_value *v, const char *name, const char *text)
{
    const char *found = json_value_member_text(v, name);
    if (!found || strcmp(found, text) != 0)
        fail_msg("%s is %s", name, found ? found : "no text");
}

static void an_order_reads_as_alpacas(void **state)
{
    (void)state;
    struct log *log = bracket_log();
    struct alpaca_group g;
    char id[UUID_TEXT];
    snprintf(log->stored.header.client_order_id, sizeof log->stored.header.client_order_id, "mine");
    assert_int_equal(alpaca_group_fold(&log->stored, &g, NULL, NULL), ERR_OK);
    struct json_value *v = written(&g, &g.orders[0], true);
    uuid_format(&header.id, id);
    text_is(v, "id", id);
    text_is(v, "client_order_id", "mine");
    text_is(v, "symbol", "SPY");
    text_is(v, "asset_class", "us_equity");
    text_is(v, "qty", "10");
    text_is(v, "filled_qty", "10");
    text_is(v, "filled_avg_price", "100");
    text_is(v, "order_class", "bracket");
    text_is(v, "type", "limit");
    text_is(v, "order_type", "limit");
    text_is(v, "status", "filled");
    text_is(v, "position_intent", "buy_to_open");
    const struct json_value *leg = json_value_first(json_value_member(v, "legs"));
    text_is(leg, "status", "canceled");
    text_is(leg, "type", "limit");
    text_is(leg, "client_order_id", json_value_member_text(leg, "id"));
    leg = json_value_next(leg);
    text_is(leg, "status", "filled");
    text_is(leg, "stop_price", "95");
    text_is(leg, "side", "sell");
    assert_null(json_value_next(leg));
    json_value_free(v);
}

static void legs_are_null_unless_they_are_asked_for(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    struct alpaca_group g = group_of(&f);
    struct json_value *v = written(&g, &g.orders[0], false);
    assert_non_null(json_value_member(v, "legs"));
    assert_int_equal(json_value_count(json_value_member(v, "legs")), 0);
    assert_null(json_value_member_text(v, "filled_avg_price"));
    json_value_free(v);
    v = written(&g, &g.orders[1], true);
    assert_int_equal(json_value_count(json_value_member(v, "legs")), 0);
    json_value_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_bracket_waits_with_held_legs, set_up),
        cmocka_unit_test_setup(an_entry_goes_through_alpacas_statuses, set_up),
        cmocka_unit_test_setup(a_filled_stop_closes_the_group, set_up),
        cmocka_unit_test_setup(a_cancel_ends_entry_and_legs, set_up),
        cmocka_unit_test_setup(an_entry_that_was_canceled_half_filled_keeps_its_fill, set_up),
        cmocka_unit_test_setup(a_rejected_entry_is_rejected, set_up),
        cmocka_unit_test_setup(an_entry_under_replacement_is_pending_replace, set_up),
        cmocka_unit_test_setup(a_close_shows_as_an_order_of_its_own, set_up),
        cmocka_unit_test_setup(a_stop_that_is_passed_while_it_is_replaced_fills_nevertheless,
                               set_up),
        cmocka_unit_test_setup(a_held_position_is_an_oco_with_the_stop_as_its_leg, set_up),
        cmocka_unit_test_setup(a_trailing_guard_is_a_simple_order, set_up),
        cmocka_unit_test_setup(times_are_those_of_the_events, set_up),
        cmocka_unit_test_setup(a_leg_that_the_terms_have_no_longer_stays_canceled, set_up),
        cmocka_unit_test_setup(a_broken_chain_is_told, set_up),
        cmocka_unit_test_setup(an_order_reads_as_alpacas, set_up),
        cmocka_unit_test_setup(legs_are_null_unless_they_are_asked_for, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
