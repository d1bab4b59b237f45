/* Requests that wait for a callback, against clients that leave, deadlines and the server's stop:
 * who takes the request answers it, and exactly one does. */
#include "tests/server/http_fixture.h"

#include "base/limits.h"
#include "base/thread.h"
#include "server/orders/order_wait.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { WAITS_MAX = 256, ANSWER_S = LIMIT_ORDER_ANSWER_SECONDS };

struct rig {
    struct fixture http; /* first: what a handler gets as its app */
    struct manual_clock clock;
    struct order_wait *waits[WAITS_MAX]; /* behind http.mutex; NULL once called back */
    atomic_int begun, refused;
};

/* ---- a handler that waits -------------------------------------------------------------------- */

/* Counts, so that a test knows that a wait was given up. */
static void refuse_plainly(struct http_request *r, struct http_response *out, const struct error *e)
{
    struct rig *rig = r->app;
    strbuf_add_format(&out->body, "refused: %s", e->message);
    http_respond_text(out, err_http_status(e->code), "text/plain", NULL);
    atomic_fetch_add(&rig->refused, 1);
}

/* ?patient, ?problem: errors are told as a problem. */
static enum err wait_here(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)out;
    struct rig *rig = r->app;
    const struct order_waiting waiting = {
        .refuse = http_query(r, "problem") ? NULL : refuse_plainly,
        .patient = http_query(r, "patient") != NULL,
        .context = rig,
    };
    struct order_wait *wait;
    enum err err = order_wait_begin(r, &waiting, &wait, e);
    if (err != ERR_OK)
        return err;
    mutex_lock(&rig->http.mutex);
    rig->waits[atomic_load(&rig->begun)] = wait;
    atomic_fetch_add(&rig->begun, 1);
    mutex_unlock(&rig->http.mutex);
    return ERR_OK;
}

/* Finds out that no callback will come. */
static enum err drop_here(struct http_request *r, struct http_response *out, struct error *e)
{
    const struct order_waiting waiting = {.refuse = refuse_plainly};
    struct order_wait *wait;
    enum err err = order_wait_begin(r, &waiting, &wait, e);
    if (err != ERR_OK)
        return err;
    order_wait_drop(wait);
    if (http_query(r, "fail"))
        return error_set(e, ERR_BUSY, "no room");
    strbuf_add_string(&out->body, "at once");
    return http_respond_text(out, 200, "text/plain", e);
}

static const struct http_route WAITING[] = {
    {HTTP_GET, "/v1/waits", wait_here, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getWaits"},
    {HTTP_GET, "/v1/api-waits", wait_here, 1, 0, 0, NULL, NULL, "getApiWaits"},
    {HTTP_GET, "/v1/drops", drop_here, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getDrops"},
    {HTTP_GET, "/v1/api-drops", drop_here, 1, 0, 0, NULL, NULL, "getApiDrops"},
};

/* ---- the other side -------------------------------------------------------------------------- */

/* As the desk's callback, once per wait and on any thread: false when the request was answered
 * already. */
static bool call_back(struct rig *rig, int index, const char *text)
{
    mutex_lock(&rig->http.mutex);
    struct order_wait *wait = rig->waits[index];
    rig->waits[index] = NULL;
    mutex_unlock(&rig->http.mutex);
    if (!wait || order_wait_of(wait)->context != rig)
        abort(); /* cmocka's checks are for the test's own thread */
    struct http_request *r = order_wait_take(wait);
    if (!r)
        return false;
    struct http_response *out = http_request_response(r);
    strbuf_add_string(&out->body, text);
    http_respond_text(out, 200, "text/plain", NULL);
    http_request_complete(r);
    return true;
}

static int set_up(void **state)
{
    struct rig *rig = test_calloc(1, sizeof *rig);
    fixture_init(&rig->http);
    manual_clock_init(&rig->clock, 1000 * NS_PER_SECOND);
    rig->http.config.clock = &rig->clock.clock;
    rig->http.more = HTTP_ROUTE_TABLE(WAITING);
    *state = rig;
    return 0;
}

/* What no test called back is called back now, by when its request is long gone. */
static int tear_down(void **state)
{
    struct rig *rig = *state;
    fixture_stop(&rig->http);
    for (int i = 0; i < atomic_load(&rig->begun); i++)
        if (rig->waits[i])
            assert_false(call_back(rig, i, "too late"));
    fixture_release(&rig->http);
    test_free(rig);
    return 0;
}

static void ask(struct rig *rig, struct http_client *c, const char *path)
{
    int before = atomic_load(&rig->begun);
    client_open(c, rig->http.port);
    client_send(c, "GET %s HTTP/1.1\r\n" READER "\r\n", path);
    assert_true(fixture_reaches(&rig->begun, before + 1));
}

static void hear(struct http_client *c, int status, const char *contains)
{
    struct http_reply r;
    client_read(c, &r);
    assert_int_equal(r.status, status);
    if (!strstr(r.body, contains))
        fail_msg("no \"%s\" in %s", contains, r.body);
    reply_release(&r);
    client_close(c);
}

/* ---- one wait -------------------------------------------------------------------------------- */

static void the_callback_answers(void **state)
{
    struct rig *rig = *state;
    struct http_client c;
    fixture_start(&rig->http);
    for (int i = 0; i < 20; i++) {
        ask(rig, &c, i % 2 ? "/v1/waits" : "/v1/api-waits");
        assert_true(call_back(rig, i, "done"));
        hear(&c, 200, "done");
    }
    assert_int_equal(atomic_load(&rig->refused), 0);
}

static void a_wait_that_is_dropped_leaves_the_answer_to_the_handler(void **state)
{
    struct rig *rig = *state;
    fixture_start(&rig->http);
    for (int i = 0; i < 10; i++) {
        const char *path = i % 2 ? "/v1/drops" : "/v1/api-drops";
        ask_once(rig->http.port, 200, "at once", "GET %s HTTP/1.1\r\n" READER "\r\n", path);
        ask_once(rig->http.port, 429, "no room", "GET %s?fail HTTP/1.1\r\n" READER "\r\n", path);
    }
    assert_int_equal(atomic_load(&rig->refused), 0);
}

static void past_the_deadline_the_outcome_is_unknown(void **state)
{
    struct rig *rig = *state;
    struct http_client c;
    fixture_start(&rig->http);
    ask(rig, &c, "/v1/waits");
    manual_clock_advance(&rig->clock, ANSWER_S * NS_PER_SECOND - 1);
    assert_true(client_is_silent(&c, 10 * rig->http.config.scan_ms));
    manual_clock_advance(&rig->clock, 1);
    hear(&c, 500, "refused: the answer took too long, so it is not known whether this happened");
    assert_false(call_back(rig, 0, "too late"));
}

static void without_a_style_of_its_own_a_refusal_is_a_problem(void **state)
{
    struct rig *rig = *state;
    struct http_client c;
    fixture_start(&rig->http);
    ask(rig, &c, "/v1/waits?problem");
    manual_clock_advance(&rig->clock, ANSWER_S * NS_PER_SECOND);
    hear(&c, 500, "\"code\":\"outcome_unknown\"");
    assert_false(call_back(rig, 0, "too late"));
}

static void the_callback_for_a_client_that_left_finds_nobody(void **state)
{
    struct rig *rig = *state;
    struct http_client c;
    fixture_start(&rig->http);
    ask(rig, &c, "/v1/waits?patient");
    client_close(&c);
    assert_true(fixture_reaches(&rig->refused, 1));
    assert_false(call_back(rig, 0, "to nobody"));
    ask_once(rig->http.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

/* ---- many ------------------------------------------------------------------------------------ */

static void *call_back_once_the_other_was_refused(void *context)
{
    struct rig *rig = context;
    if (fixture_reaches(&rig->refused, 1))
        call_back(rig, 1, "done");
    return NULL;
}

static void at_the_stop_only_the_patient_wait_on(void **state)
{
    struct rig *rig = *state;
    struct http_client hasty, patient;
    struct thread desk = {0};
    rig->http.config.drain_ms = 10000;
    fixture_start(&rig->http);
    ask(rig, &hasty, "/v1/waits");
    ask(rig, &patient, "/v1/waits?patient");
    assert_int_equal(thread_start(&desk, &(struct thread_options){.name = "desk"},
                                  call_back_once_the_other_was_refused, rig, NULL),
                     ERR_OK);
    fixture_stop(&rig->http);
    thread_join(&desk);
    hear(&hasty, 500, "the server stops");
    hear(&patient, 200, "done");
    assert_false(call_back(rig, 0, "too late"));
}

static void each_of_many_is_answered_by_its_own_callback(void **state)
{
    enum { CLIENTS = 100 };
    struct rig *rig = *state;
    static struct http_client clients[CLIENTS];
    char text[32];
    fixture_start(&rig->http);
    for (int i = 0; i < CLIENTS; i++)
        ask(rig, &clients[i], i % 2 ? "/v1/waits" : "/v1/api-waits");
    for (int i = CLIENTS - 1; i >= 0; i--) {
        snprintf(text, sizeof text, "number %d.", i);
        assert_true(call_back(rig, i, text));
    }
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(text, sizeof text, "number %d.", i);
        hear(&clients[i], 200, text);
    }
}

/* Callbacks while the loops find the deadline passed: whoever comes first answers, and what both
 * sides count adds up. */
static void callbacks_and_the_deadline_may_race(void **state)
{
    enum { CLIENTS = 64, ROUNDS = 4 };
    struct rig *rig = *state;
    static struct http_client clients[CLIENTS];
    int answered = 0, done = 0;
    rig->http.config.scan_ms = 1;
    fixture_start(&rig->http);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++)
            ask(rig, &clients[i], "/v1/waits");
        manual_clock_advance(&rig->clock, ANSWER_S * NS_PER_SECOND);
        for (int i = 0; i < CLIENTS; i++)
            answered += call_back(rig, round * CLIENTS + i, "done");
        for (int i = 0; i < CLIENTS; i++) {
            struct http_reply r;
            client_read(&clients[i], &r);
            done += r.status == 200;
            assert_true(r.status == 200 || r.status == 500);
            reply_release(&r);
            client_close(&clients[i]);
        }
    }
    assert_int_equal(done, answered);
    assert_int_equal(done + atomic_load(&rig->refused), ROUNDS * CLIENTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_callback_answers),
        TEST(a_wait_that_is_dropped_leaves_the_answer_to_the_handler),
        TEST(past_the_deadline_the_outcome_is_unknown),
        TEST(without_a_style_of_its_own_a_refusal_is_a_problem),
        TEST(the_callback_for_a_client_that_left_finds_nobody),
        TEST(at_the_stop_only_the_patient_wait_on),
        TEST(each_of_many_is_answered_by_its_own_callback),
        TEST(callbacks_and_the_deadline_may_race),
    };
    return cmocka_run_group_tests_name("order_wait", tests, NULL, NULL);
}
