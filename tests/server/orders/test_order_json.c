/* A bracket as the API tells it, in the states that events bring about. */
#include "server/orders/order_json.h"

#include "base/json_value.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

#include <string.h>

/* ---- what is told ---------------------------------------------------------------------------- */

/* Of a live bracket, as the desk hands it out. */
static struct desk_view view_of(const struct fixture *f)
{
    struct desk_view view = {
        .header = {.id = f->state.id,
                   .rev = 5,
                   .created_at_ns = START_NS,
                   .updated_at_ns = START_NS + NS_PER_SECOND},
        .state = f->state,
        .clock = f->clock,
        .client_id = {.instance = "t", .incarnation = 1, .bracket = f->state.id},
        .live = true,
        .tracker = {.thread = "trk-7"},
    };
    bracket_exposure(&f->state, f->clock, &f->quote, &view.exposure);
    return view;
}

static const char *text_of(const struct desk_view *view)
{
    static char text[ORDER_JSON_BYTES + 1];
    struct strbuf out;
    struct json_writer w;
    strbuf_init(&out, ORDER_JSON_BYTES);
    json_writer_init(&w, &out);
    order_json_write(view, &w);
    assert_false(strbuf_failed(&out));
    snprintf(text, sizeof text, "%s", strbuf_text(&out));
    strbuf_release(&out);
    return text;
}

static void assert_tells(const struct desk_view *view, const char *what)
{
    const char *text = text_of(view);
    if (!strstr(text, what))
        fail_msg("no %s in %s", what, text);
}

static void assert_bracket_tells(const struct fixture *f, const char *what)
{
    struct desk_view view = view_of(f);
    assert_tells(&view, what);
}

/* The legs one after the other: leg, generation, side, type, status, quantity and what is filled of
 * it, limit and stop price; - for null. */
static void assert_view_legs(const struct desk_view *view, const char *expected)
{
    static const char *const names[] = {
        "side", "type", "status", "quantity", "filled_quantity", "limit_price", "stop_price"};
    struct json_value *order;
    struct strbuf told;
    const char *text = text_of(view);
    assert_int_equal(json_value_parse(text, strlen(text), &order, NULL), ERR_OK);
    strbuf_init(&told, 4096);
    for (const struct json_value *leg = json_value_first(json_value_member(order, "legs")); leg;
         leg = json_value_next(leg)) {
        strbuf_add_format(&told, "%s %d", json_value_member_text(leg, "leg"),
                          (int)json_value_member_int(leg, "generation"));
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            const char *value = json_value_member_text(leg, names[i]);
            strbuf_add_format(&told, " %s", value ? value : "-");
        }
        strbuf_add_string(&told, "\n");
    }
    assert_string_equal(strbuf_text(&told), expected);
    strbuf_release(&told);
    json_value_free(order);
}

static void assert_legs(const struct fixture *f, const char *expected)
{
    struct desk_view view = view_of(f);
    assert_view_legs(&view, expected);
}

static struct fixture begin(void)
{
    struct fixture f;
    const struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&f, &spec);
    return f;
}

/* ---- what was asked -------------------------------------------------------------------------- */

static void a_share_has_nothing_of_an_option(void **state)
{
    (void)state;
    struct fixture f = begin();
    assert_bracket_tells(&f, "\"symbol\":\"SPY\",\"occ_symbol\":null,\"expiry\":null,"
                             "\"strike\":null,\"right\":null,\"multiplier\":1,\"side\":\"buy\","
                             "\"quantity\":\"10\",\"entry\":{\"type\":\"limit\","
                             "\"limit_price\":\"100\",\"stop_price\":null},"
                             "\"time_in_force\":\"day\"");
}

static void an_option_is_told_in_its_parts(void **state)
{
    (void)state;
    struct fixture f = begin();
    f.state.spec.contract = (struct contract){.symbol = "AAPL261218P00187500",
                                              .kind = CONTRACT_OPTION,
                                              .multiplier = 100,
                                              .right = OPTION_PUT,
                                              .expiry_days = 20805,
                                              .strike_milli = 187500,
                                              .cutoff_ns = START_NS};
    assert_bracket_tells(&f, "\"symbol\":\"AAPL\",\"occ_symbol\":\"AAPL261218P00187500\","
                             "\"expiry\":\"2026-12-18\",\"strike\":\"187.5\",\"right\":\"put\","
                             "\"multiplier\":100");
    assert_bracket_tells(&f, "\"flat_time\":null,\"cutoff_time\":\"2026-09-21T14:13:20Z\"");
}

static void exits_have_the_names_of_the_request(void **state)
{
    (void)state;
    static const struct {
        struct exit_terms take_profit, stop_loss;
        const char *told;
    } cases[] = {
        {{.kind = EXIT_PRICE, .value = 110 * ONE},
         {.kind = EXIT_PRICE, .value = 95 * ONE, .limit_price = 94 * ONE},
         "\"take_profit\":{\"limit_price\":\"110\"},"
         "\"stop_loss\":{\"stop_price\":\"95\",\"limit_price\":\"94\"}"},
        {{.kind = EXIT_PERCENT, .value = 50 * ONE},
         {.kind = EXIT_OFFSET, .value = ONE / 2},
         "\"take_profit\":{\"percent\":\"50\"},\"stop_loss\":{\"offset\":\"0.5\"}"},
        {{.kind = EXIT_NONE},
         {.kind = EXIT_TRAIL_PERCENT, .value = ONE},
         "\"take_profit\":null,\"stop_loss\":{\"trail_percent\":\"1\"}"},
        {{.kind = EXIT_OFFSET, .value = 5 * ONE},
         {.kind = EXIT_TRAIL_PRICE, .value = 2 * ONE},
         "\"take_profit\":{\"offset\":\"5\"},\"stop_loss\":{\"trail_price\":\"2\"}"},
        {{.kind = EXIT_NONE}, {.kind = EXIT_NONE}, "\"take_profit\":null,\"stop_loss\":null"},
    };
    struct fixture f = begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.state.spec.take_profit = cases[i].take_profit;
        f.state.spec.stop_loss = cases[i].stop_loss;
        assert_bracket_tells(&f, cases[i].told);
    }
}

static void times_and_durations_are_text(void **state)
{
    (void)state;
    struct fixture f = begin();
    f.state.spec.flat_ns = START_NS + NS_PER_MINUTE;
    assert_bracket_tells(&f, "\"take_profit_ttl\":\"10s\",\"quote_max_age\":\"5s\","
                             "\"flat_time\":\"2026-09-21T14:14:20Z\",\"cutoff_time\":null");
    assert_bracket_tells(&f, "\"created_at\":\"2026-09-21T14:13:20Z\","
                             "\"updated_at\":\"2026-09-21T14:13:21Z\"}");
}

/* ---- legs ------------------------------------------------------------------------------------ */

static void what_waits_for_its_time_is_held(void **state)
{
    (void)state;
    struct fixture f = begin();
    assert_bracket_tells(&f, "\"status\":\"submitting\",\"close_reason\":null,\"closing\":null,"
                             "\"filled_quantity\":\"0\",\"average_fill_price\":null,"
                             "\"open_quantity\":\"0\"");
    assert_legs(&f, "entry 0 buy limit held 10 0 100 -\n"
                    "take_profit 0 sell limit held 10 0 110 -\n"
                    "stop_loss 0 sell stop held 10 0 - 95\n");
    fixture_place(&f, LEG_ENTRY);
    assert_legs(&f, "entry 1 buy limit new 10 0 100 -\n"
                    "take_profit 0 sell limit held 10 0 110 -\n"
                    "stop_loss 0 sell stop held 10 0 - 95\n");
}

static void an_order_has_its_names_as_far_as_they_are_known(void **state)
{
    (void)state;
    struct fixture f = begin();
    char id[CLIENT_ID_TEXT], expected[256];
    fixture_place(&f, LEG_ENTRY);
    struct desk_view view = view_of(&f);
    struct client_id name = view.client_id;
    name.leg = LEG_ENTRY;
    name.generation = 1;
    assert_true(client_id_format(&name, id));
    snprintf(expected, sizeof expected,
             "\"broker_order_id\":null,\"client_order_id\":\"%s\",\"side\":\"buy\"", id);
    assert_tells(&view, expected);
    /* Of another generation: not this one's. */
    view.leg_count = 2;
    view.legs[0] = (struct desk_leg){LEG_ENTRY, 2, "b-8"};
    view.legs[1] = (struct desk_leg){LEG_ENTRY, 1, "b-7"};
    assert_tells(&view, "\"generation\":1,\"broker_order_id\":\"b-7\"");
    assert_tells(&view, "\"generation\":0,\"broker_order_id\":null,\"client_order_id\":null");
}

static void exits_stand_for_what_is_open(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 4 * ONE, 99 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    assert_legs(&f, "entry 1 buy limit partially_filled 10 4 100 -\n"
                    "take_profit 0 sell limit held 4 0 110 -\n"
                    "stop_loss 1 sell stop new 4 0 - 95\n");
    assert_bracket_tells(&f, "\"status\":\"protecting\"");
    assert_bracket_tells(&f, "\"filled_quantity\":\"4\",\"average_fill_price\":\"99\","
                             "\"open_quantity\":\"4\",\"unprotected_quantity\":\"0\"");
}

static void what_was_taken_back_is_not_filled(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 4 * ONE, 99 * ONE);
    struct order_event e = fixture_event(&f, EVENT_REPORT);
    e.leg = LEG_ENTRY;
    e.generation = 1;
    e.status = ORDER_STATUS_NEW;
    e.quantity = 10 * ONE;
    e.filled = 4 * ONE;
    e.filled_value = order_value(4 * ONE, 99 * ONE);
    e.busted = ONE;
    e.busted_value = order_value(ONE, 96 * ONE);
    e.from_ns = f.clock.steady_ns;
    fixture_step(&f, &e);
    assert_bracket_tells(&f, "\"status\":\"partially_filled\",\"quantity\":\"10\","
                             "\"filled_quantity\":\"3\",\"average_fill_price\":\"100\"");
}

static void an_entry_that_ended_is_not_held(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_enter(&f, 4 * ONE, 100 * ONE);
    fixture_place(&f, LEG_STOP_LOSS);
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    fixture_cancel(&f, LEG_ENTRY, 4 * ONE, 100 * ONE);
    assert_legs(&f, "entry 1 buy limit canceled 10 4 100 -\n"
                    "take_profit 0 sell limit held 4 0 110 -\n"
                    "stop_loss 1 sell stop new 4 0 - 95\n");
}

static void what_never_came_to_be_is_canceled(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_simple(&f, EVENT_CANCEL_REQUESTED);
    assert_bracket_tells(&f, "\"status\":\"canceled\"");
    assert_legs(&f, "entry 0 buy limit canceled 10 0 100 -\n"
                    "take_profit 0 sell limit canceled 10 0 110 -\n"
                    "stop_loss 0 sell stop canceled 10 0 - 95\n");
}

static void a_held_position_has_no_entry_leg(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.adopts_position = 1;
    spec.entry_type = ORDER_TYPE_MARKET;
    spec.limit_price = 0;
    bracket_fixture_init(&f, &spec);
    assert_bracket_tells(&f, "\"entry\":{\"type\":\"held\",\"limit_price\":null,"
                             "\"stop_price\":null}");
    fixture_place(&f, LEG_STOP_LOSS);
    assert_legs(&f, "take_profit 0 sell limit held 10 0 110 -\n"
                    "stop_loss 1 sell stop new 10 0 - 95\n");
}

static void a_stop_limit_that_waits_has_both_prices(void **state)
{
    (void)state;
    struct fixture f;
    struct bracket_spec spec = fixture_spec();
    spec.stop_loss.limit_price = 94 * ONE;
    spec.take_profit.kind = EXIT_NONE;
    spec.take_profit.value = 0;
    bracket_fixture_init(&f, &spec);
    assert_legs(&f, "entry 0 buy limit held 10 0 100 -\n"
                    "stop_loss 0 sell stop_limit held 10 0 94 95\n");
}

static void legs_stand_by_generation_wherever_they_are_kept(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    struct leg_order entry = *fixture_order(&f, LEG_ENTRY, 1);
    struct leg_order stop = *fixture_order(&f, LEG_STOP_LOSS, 1);
    memset(f.state.orders, 0, sizeof f.state.orders);
    f.state.orders[9] = stop;
    f.state.orders[5] = entry;
    stop.generation = 3;
    f.state.orders[0] = stop;
    stop.generation = 2;
    f.state.orders[11] = stop;
    f.state.orders[9].status = f.state.orders[11].status = ORDER_STATUS_CANCELED;
    assert_legs(&f, "entry 1 buy limit filled 10 10 100 -\n"
                    "take_profit 0 sell limit held 10 0 110 -\n"
                    "stop_loss 1 sell stop canceled 10 0 - 95\n"
                    "stop_loss 2 sell stop canceled 10 0 - 95\n"
                    "stop_loss 3 sell stop new 10 0 - 95\n");
}

/* ---- where it stands ------------------------------------------------------------------------- */

static void what_closes_and_what_closed_it_is_told(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    struct fixture manual = f;
    fixture_simple(&manual, EVENT_CLOSE_REQUESTED);
    assert_bracket_tells(&manual, "\"status\":\"closing\",\"close_reason\":null,"
                                  "\"closing\":\"manual\"");
    assert_legs(&manual, "entry 1 buy limit filled 10 10 100 -\n"
                         "take_profit 0 sell limit canceled 10 0 110 -\n"
                         "stop_loss 1 sell stop new 10 0 - 95\n");
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_FILLED, 10 * ONE, 94 * ONE);
    assert_bracket_tells(&f, "\"status\":\"closed\",\"close_reason\":\"stop_loss\"");
    assert_bracket_tells(&f, "\"open_quantity\":\"0\",\"unprotected_quantity\":\"0\","
                             "\"unprotected_since\":null,\"unprotected_reason\":null,"
                             "\"realized_pnl\":\"-60\"");
}

static void what_nobody_may_overlook_is_an_alarm(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    assert_bracket_tells(&f, "\"alarms\":[],\"reviewed\":[]");
    fixture_report(&f, LEG_STOP_LOSS, 1, ORDER_STATUS_CANCELED, 0, 0);
    fixture_pass(&f, BRACKET_GRACE_MS / 1000 + 1);
    assert_bracket_tells(&f, "\"status\":\"unprotected\"");
    assert_bracket_tells(&f, "\"unprotected_quantity\":\"10\",\"unprotected_since\":\"20");
    assert_bracket_tells(&f, "\"unprotected_reason\":\"no_exit\"");
    assert_bracket_tells(&f, "\"alarms\":[\"unprotected\"],\"reviewed\":[]");
}

static void a_reason_that_a_person_has_seen_is_no_alarm(void **state)
{
    (void)state;
    struct fixture f = begin();
    fixture_protect(&f);
    fixture_report(&f, LEG_STOP_LOSS, 4, ORDER_STATUS_NEW, 0, 0);
    assert_bracket_tells(&f, "\"alarms\":[\"stray\"],\"reviewed\":[]");
    fixture_simple(&f, EVENT_REVIEWED);
    assert_bracket_tells(&f, "\"alarms\":[],\"reviewed\":[\"stray\"]");
}

static void the_tracker_is_told_of_a_live_bracket_alone(void **state)
{
    (void)state;
    struct fixture f = begin();
    struct desk_view view = view_of(&f);
    assert_tells(&view, "\"tracker\":{\"thread\":\"trk-7\",\"polls\":0,\"last_poll_at\":null,"
                        "\"next_poll_at\":null,\"snapshot_age_ms\":null,\"broker_calls\":0,"
                        "\"stuck\":false,\"commit_refused\":null}");
    view.tracker.polls = 3;
    view.tracker.calls = 2;
    view.tracker.last_poll_at_ns = START_NS;
    view.tracker.next_wake_at_ns = START_NS + NS_PER_SECOND;
    view.tracker.snapshot_age_ns = 12 * NS_PER_MS + NS_PER_MS / 2;
    view.tracker.stuck = true;
    assert_tells(&view, "\"tracker\":{\"thread\":\"trk-7\",\"polls\":3,"
                        "\"last_poll_at\":\"2026-09-21T14:13:20Z\","
                        "\"next_poll_at\":\"2026-09-21T14:13:21Z\",\"snapshot_age_ms\":12,"
                        "\"broker_calls\":2,\"stuck\":true,\"commit_refused\":null}");
    assert_tells(&view, "\"alarms\":[\"stuck\"]");
    view.tracker.stuck = false;
    view.tracker.commit_refusals = 7;
    view.tracker.commit_error = ERR_DISK_FULL;
    view.tracker.commit_refused_since_ns = START_NS;
    assert_tells(&view, "\"commit_refused\":{\"count\":7,\"since\":\"2026-09-21T14:13:20Z\","
                        "\"code\":\"disk_full\"}}");
    assert_tells(&view, "\"alarms\":[\"commit_refused\"]");
    view.live = false;
    assert_tells(&view, "\"tracker\":null");
    assert_tells(&view, "\"alarms\":[]");
}

/* ---- room ------------------------------------------------------------------------------------ */

static void fill_text(char *text, size_t size_bytes)
{
    memset(text, 'x', size_bytes - 1);
    text[size_bytes - 1] = '\0';
}

/* Every place taken, every number as long as it gets, every reason to look at it. */
static void the_longest_order_has_room(void **state)
{
    (void)state;
    struct fixture f = begin();
    f.state.spec.limit_price = f.state.spec.stop_price = INT64_MAX;
    f.state.spec.take_profit.value = f.state.spec.stop_loss.value = INT64_MAX;
    f.state.spec.stop_loss.limit_price = INT64_MAX;
    f.state.spec.flat_ns = f.state.spec.contract.cutoff_ns = START_NS + 1;
    f.state.review = UINT32_MAX;
    struct desk_view view = view_of(&f);
    view.header.rev = INT64_MAX;
    fill_text(view.header.client_order_id, sizeof view.header.client_order_id);
    memset(view.client_id.instance, 'z', sizeof view.client_id.instance - 1);
    fill_text(view.tracker.thread, sizeof view.tracker.thread);
    view.tracker.polls = view.tracker.calls = INT64_MAX;
    view.tracker.last_poll_at_ns = view.tracker.next_wake_at_ns = START_NS + 1;
    view.leg_count = BRACKET_ORDERS_MAX;
    for (int i = 0; i < BRACKET_ORDERS_MAX; i++) {
        int32_t generation = CLIENT_ID_GENERATION_MAX - i;
        view.state.orders[i] = (struct leg_order){.leg = LEG_TAKE_PROFIT,
                                                  .generation = generation,
                                                  .status = ORDER_STATUS_PARTIALLY_FILLED,
                                                  .type = ORDER_TYPE_STOP_LIMIT,
                                                  .quantity = INT64_MAX,
                                                  .filled = INT64_MAX - 1,
                                                  .filled_value = INT64_MAX,
                                                  .limit_price = INT64_MAX,
                                                  .stop_price = INT64_MAX};
        view.legs[i].leg = LEG_TAKE_PROFIT;
        view.legs[i].generation = generation;
        fill_text(view.legs[i].broker_order_id, sizeof view.legs[i].broker_order_id);
    }
    assert_tells(&view, "\"generation\":9999988,\"broker_order_id\":\"xxx");
    assert_tells(&view, "\"updated_at\":\"2026-09-21T14:13:21Z\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_has_nothing_of_an_option),
        cmocka_unit_test(an_option_is_told_in_its_parts),
        cmocka_unit_test(exits_have_the_names_of_the_request),
        cmocka_unit_test(times_and_durations_are_text),
        cmocka_unit_test(what_waits_for_its_time_is_held),
        cmocka_unit_test(an_order_has_its_names_as_far_as_they_are_known),
        cmocka_unit_test(exits_stand_for_what_is_open),
        cmocka_unit_test(what_was_taken_back_is_not_filled),
        cmocka_unit_test(an_entry_that_ended_is_not_held),
        cmocka_unit_test(what_never_came_to_be_is_canceled),
        cmocka_unit_test(a_held_position_has_no_entry_leg),
        cmocka_unit_test(a_stop_limit_that_waits_has_both_prices),
        cmocka_unit_test(legs_stand_by_generation_wherever_they_are_kept),
        cmocka_unit_test(what_closes_and_what_closed_it_is_told),
        cmocka_unit_test(what_nobody_may_overlook_is_an_alarm),
        cmocka_unit_test(a_reason_that_a_person_has_seen_is_no_alarm),
        cmocka_unit_test(the_tracker_is_told_of_a_live_bracket_alone),
        cmocka_unit_test(the_longest_order_has_room),
    };
    return cmocka_run_group_tests_name("order_json", tests, NULL, NULL);
}
