/* Kept renderings of orders, on a desk with a store and a broker of the tests'. The clock that says
 * how old a rendering is belongs to the test. */
#include "server/orders/order_bodies.h"

#include "base/thread.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    struct bench bench;
    struct manual_clock clock;
    struct order_bodies *bodies;
};

static struct order_bodies *bodies_of(struct rig *rig, size_t limit_bytes)
{
    struct order_bodies *bodies;
    assert_int_equal(
        order_bodies_create(rig->bench.desk, &rig->clock.clock, limit_bytes, &bodies, NULL),
        ERR_OK);
    return bodies;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    bench_init(&rig->bench);
    bench_open(&rig->bench);
    manual_clock_init(&rig->clock, START_NS);
    rig->bodies = bodies_of(rig, 0);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    order_bodies_free(rig->bodies);
    bench_release(&rig->bench);
    free(rig);
    return 0;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static enum bracket_status status_of(struct rig *rig, const struct uuid *id)
{
    struct desk_view view;
    assert_int_equal(desk_load(rig->bench.desk, id, &view, NULL), ERR_OK);
    return view.state.status;
}

/* Rests at the broker, which has said so: nothing moves it now but the test. */
static struct uuid place(struct rig *rig)
{
    const struct bracket_spec spec = bench_terms();
    const struct desk_placement placement = {.spec = &spec};
    struct answer a = bench_place(&rig->bench, &placement);
    assert_int_equal(a.outcome, DESK_DONE);
    EVENTUALLY(status_of(rig, &a.id) == BRACKET_WORKING);
    return a.id;
}

static void cancel(struct rig *rig, const struct uuid *id)
{
    struct desk_order *o = desk_find(rig->bench.desk, id);
    assert_non_null(o);
    assert_int_equal(desk_cancel(o, 0, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
}

static bool is_live(struct rig *rig, const struct uuid *id)
{
    struct desk_order *o = desk_find(rig->bench.desk, id);
    desk_unref(o);
    return o != NULL;
}

/* Canceled, and not in the book any more. */
static struct uuid place_and_end(struct rig *rig)
{
    struct uuid id = place(rig);
    cancel(rig, &id);
    EVENTUALLY(!is_live(rig, &id));
    return id;
}

/* ---- renderings ------------------------------------------------------------------------------ */

static struct http_body *get(struct order_bodies *bodies, const struct uuid *id)
{
    struct http_body *body = NULL;
    assert_int_equal(order_bodies_get(bodies, id, &body, NULL), ERR_OK);
    return body;
}

/* What memory tells of it. */
static struct http_body *peek(struct rig *rig, const struct uuid *id)
{
    struct http_body *body = NULL;
    struct desk_order *o = desk_find(rig->bench.desk, id);
    if (!o)
        return order_bodies_ended(rig->bodies, id);
    assert_int_equal(order_bodies_live(rig->bodies, o, &body, NULL), ERR_OK);
    desk_unref(o);
    return body;
}

static bool tells(const struct http_body *body, const char *what)
{
    size_t size_bytes;
    return strstr(http_body_text(body, &size_bytes), what) != NULL;
}

/* Whether who asks now is told what `body` is, and not a new one. */
static bool is_kept(struct order_bodies *bodies, const struct uuid *id,
                    const struct http_body *body)
{
    struct http_body *now = get(bodies, id);
    bool same = now == body;
    http_body_unref(now);
    return same;
}

static void a_live_order_is_rendered_once_for_all_who_ask(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place(rig);
    struct http_body *first = get(rig->bodies, &id), *live = NULL, *peeked = peek(rig, &id);
    struct desk_order *o = desk_find(rig->bench.desk, &id);
    assert_int_equal(order_bodies_live(rig->bodies, o, &live, NULL), ERR_OK);
    assert_ptr_equal(first, live);
    assert_ptr_equal(first, peeked);
    char etag[HTTP_ETAG_MAX], text[UUID_TEXT];
    order_etag(desk_rev(o), etag);
    uuid_format(&id, text);
    assert_string_equal(http_body_etag(first), etag);
    assert_true(tells(first, text) && tells(first, "\"status\":\"working\""));
    desk_unref(o);
    http_body_unref(first);
    http_body_unref(live);
    http_body_unref(peeked);
}

static void a_new_revision_is_a_new_rendering_under_a_new_tag(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place(rig);
    struct http_body *before = get(rig->bodies, &id);
    script_broker_fill(rig->bench.broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(status_of(rig, &id) == BRACKET_PROTECTING);
    struct http_body *after = get(rig->bodies, &id);
    assert_ptr_not_equal(before, after);
    assert_string_not_equal(http_body_etag(before), http_body_etag(after));
    assert_true(tells(after, "\"status\":\"protecting\""));
    assert_true(tells(before, "\"status\":\"working\"")); /* what was handed out stays as it was */
    http_body_unref(before);
    http_body_unref(after);
}

static void after_a_second_it_is_made_anew_under_the_same_tag(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place(rig);
    struct http_body *first = get(rig->bodies, &id);
    manual_clock_advance(&rig->clock, NS_PER_SECOND - 1);
    assert_true(is_kept(rig->bodies, &id, first));
    manual_clock_advance(&rig->clock, 1);
    struct http_body *second = get(rig->bodies, &id);
    assert_ptr_not_equal(first, second);
    assert_string_equal(http_body_etag(first), http_body_etag(second));
    /* Counted from the rendering, and not from the look before. */
    manual_clock_advance(&rig->clock, NS_PER_SECOND - 1);
    assert_true(is_kept(rig->bodies, &id, second));
    http_body_unref(first);
    http_body_unref(second);
}

static void what_has_ended_is_told_from_the_store_once_and_then_kept(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place(rig);
    cancel(rig, &id);
    EVENTUALLY(status_of(rig, &id) == BRACKET_CANCELED);
    struct http_body *live = get(rig->bodies, &id);
    EVENTUALLY(!is_live(rig, &id));
    /* Made while it lived, which may be before its end. */
    assert_null(peek(rig, &id));
    struct http_body *ended = get(rig->bodies, &id);
    assert_ptr_not_equal(live, ended);
    assert_true(tells(ended, "\"status\":\"canceled\"") && tells(ended, "\"tracker\":null"));
    manual_clock_advance(&rig->clock, 24 * 60 * NS_PER_MINUTE);
    struct http_body *later = peek(rig, &id);
    assert_ptr_equal(later, ended);
    http_body_unref(live);
    http_body_unref(ended);
    http_body_unref(later);
}

/* Late news of the broker may change what has ended, and who asks may miss all of it. */
static void what_came_back_and_ended_again_is_told_anew(void **state)
{
    struct rig *rig = *state;
    struct script_broker *broker = rig->bench.broker;
    struct uuid id = place(rig);
    EVENTUALLY(script_broker_fill(broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE) == 10 * ONE);
    EVENTUALLY(script_broker_fill(broker, &id, LEG_STOP_LOSS, 10 * ONE, 95 * ONE) == 10 * ONE);
    EVENTUALLY(status_of(rig, &id) == BRACKET_CLOSED && !is_live(rig, &id));
    struct http_body *ended = get(rig->bodies, &id);
    script_broker_bust(broker, &id, LEG_STOP_LOSS, 4 * ONE);
    EVENTUALLY(script_broker_fill(broker, &id, LEG_STOP_LOSS, 4 * ONE, 90 * ONE) == 4 * ONE);
    EVENTUALLY(status_of(rig, &id) == BRACKET_CLOSED && !is_live(rig, &id));
    struct http_body *again = get(rig->bodies, &id);
    assert_ptr_not_equal(ended, again);
    assert_string_not_equal(http_body_etag(ended), http_body_etag(again));
    http_body_unref(ended);
    http_body_unref(again);
}

static void an_order_that_never_was_is_not_found(void **state)
{
    struct rig *rig = *state;
    const struct uuid id = {{9}};
    struct http_body *body = NULL;
    assert_null(peek(rig, &id));
    assert_int_equal(order_bodies_get(rig->bodies, &id, &body, NULL), ERR_NOT_FOUND);
    assert_null(body);
}

static void a_broken_chain_is_refused_and_not_kept(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place_and_end(rig);
    struct http_body *body = NULL;
    memory_store_tamper(rig->bench.store);
    assert_int_equal(order_bodies_get(rig->bodies, &id, &body, NULL), ERR_DATA);
    assert_null(body);
    assert_null(peek(rig, &id));
}

/* ---- room ------------------------------------------------------------------------------------ */

static void the_one_not_asked_for_the_longest_goes_first(void **state)
{
    enum { ORDERS = 4 };
    struct rig *rig = *state;
    struct uuid ids[ORDERS];
    struct http_body *bodies[ORDERS];
    size_t size_bytes;
    for (int i = 0; i < ORDERS; i++)
        ids[i] = place(rig);
    struct http_body *sample = get(rig->bodies, &ids[0]);
    http_body_text(sample, &size_bytes);
    http_body_unref(sample);
    struct order_bodies *small = bodies_of(rig, 3 * size_bytes + 2 * size_bytes / 3);
    for (int i = 0; i < ORDERS - 1; i++)
        bodies[i] = get(small, &ids[i]);
    assert_true(is_kept(small, &ids[0], bodies[0])); /* asked for again */
    bodies[3] = get(small, &ids[3]);
    assert_true(is_kept(small, &ids[0], bodies[0]));
    assert_true(is_kept(small, &ids[2], bodies[2]));
    assert_true(is_kept(small, &ids[3], bodies[3]));
    assert_false(is_kept(small, &ids[1], bodies[1]));
    order_bodies_free(small);
    for (int i = 0; i < ORDERS; i++) {
        assert_true(tells(bodies[i], "\"status\":\"working\"")); /* lives on with who holds it */
        http_body_unref(bodies[i]);
    }
}

static void what_is_larger_than_all_the_room_is_told_and_not_kept(void **state)
{
    struct rig *rig = *state;
    struct uuid id = place(rig);
    struct order_bodies *none = bodies_of(rig, 1);
    struct http_body *body = get(none, &id);
    assert_false(is_kept(none, &id, body));
    order_bodies_free(none);
    http_body_unref(body);
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { ASKERS = 4, ASKED = 6, ROUNDS = 300 };

struct asker {
    struct order_bodies *bodies;
    const struct uuid *ids;
    struct manual_clock *clock;
    bool wrong;
};

static void *ask_for_all(void *context)
{
    struct asker *a = context;
    for (int i = 0; i < ROUNDS * ASKED && !a->wrong; i++) {
        const struct uuid *id = &a->ids[i % ASKED];
        struct http_body *body = NULL;
        char text[UUID_TEXT];
        uuid_format(id, text);
        a->wrong = order_bodies_get(a->bodies, id, &body, NULL) != ERR_OK || !tells(body, text);
        http_body_unref(body);
        if (i % 16 == 0)
            manual_clock_advance(a->clock, NS_PER_SECOND / 2);
    }
    return NULL;
}

/* With room for half of them, while they grow old: keeping, evicting and taking meet. */
static void many_may_ask_at_once(void **state)
{
    struct rig *rig = *state;
    struct uuid ids[ASKED];
    struct thread threads[ASKERS];
    struct asker askers[ASKERS];
    size_t size_bytes;
    for (int i = 0; i < ASKED; i++)
        ids[i] = place(rig);
    struct http_body *sample = get(rig->bodies, &ids[0]);
    http_body_text(sample, &size_bytes);
    http_body_unref(sample);
    struct order_bodies *small = bodies_of(rig, ASKED * size_bytes / 2);
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){small, ids, &rig->clock, false};
        assert_int_equal(thread_start(&threads[i], &(struct thread_options){.name = "asker"},
                                      ask_for_all, &askers[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < ASKERS; i++)
        thread_join(&threads[i]);
    order_bodies_free(small);
    for (int i = 0; i < ASKERS; i++)
        assert_false(askers[i].wrong);
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void a_tag_is_the_revision_in_quotes(void **state)
{
    (void)state;
    char etag[HTTP_ETAG_MAX];
    int64_t rev = 0;
    order_etag(17, etag);
    assert_string_equal(etag, "\"17\"");
    assert_true(order_etag_parse(etag, &rev));
    assert_int_equal(rev, 17);
    order_etag(INT64_MAX, etag);
    assert_true(order_etag_parse(etag, &rev));
    assert_true(rev == INT64_MAX);
}

static void what_is_no_tag_of_ours_is_told_apart(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",       "\"",      "\"\"",    "17",      "\"17",     "17\"",     "\"0\"", "\"-1\"",
        "\"+1\"", "\"017\"", "\" 17\"", "\"17 \"", "\"17-3\"", "W/\"17\"", "*",
    };
    int64_t rev = -1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (order_etag_parse(others[i], &rev))
            fail_msg("%s is taken for one", others[i]);
    assert_int_equal(rev, -1);
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_live_order_is_rendered_once_for_all_who_ask),
        WITH_DESK(a_new_revision_is_a_new_rendering_under_a_new_tag),
        WITH_DESK(after_a_second_it_is_made_anew_under_the_same_tag),
        WITH_DESK(what_has_ended_is_told_from_the_store_once_and_then_kept),
        WITH_DESK(what_came_back_and_ended_again_is_told_anew),
        WITH_DESK(an_order_that_never_was_is_not_found),
        WITH_DESK(a_broken_chain_is_refused_and_not_kept),
        WITH_DESK(the_one_not_asked_for_the_longest_goes_first),
        WITH_DESK(what_is_larger_than_all_the_room_is_told_and_not_kept),
        WITH_DESK(many_may_ask_at_once),
        cmocka_unit_test(a_tag_is_the_revision_in_quotes),
        cmocka_unit_test(what_is_no_tag_of_ours_is_told_apart),
    };
    return cmocka_run_group_tests_name("order_bodies", tests, NULL, NULL);
}
