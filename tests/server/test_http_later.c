#include "tests/server/http_fixture.h"

#include "base/thread.h"
#include "tests/support/test.h"

#include <string.h>

static const char LATER[] = "GET /v1/later HTTP/1.1\r\n" READER "\r\n";
static const char LATER_INLINE[] = "GET /v1/later-inline HTTP/1.1\r\n" READER "\r\n";

static int tear_down(void **state)
{
    fixture_open_gate(*state);
    return fixture_tear_down(state);
}

static void another_thread_completes_it(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    for (int i = 0; i < 20; i++) {
        client_send(&c, "%s", i % 2 ? LATER : LATER_INLINE);
        assert_true(fixture_waits_for(f, 1));
        fixture_complete(f, "done");
        client_read(&c, &r);
        assert_string_equal(r.body, "done");
        reply_release(&r);
    }
    client_close(&c);
}

static void a_handler_may_complete_before_it_returns(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (int i = 0; i < 20; i++)
        ask_once(f->port, 200, "at once", "GET /v1/at-once HTTP/1.1\r\n" READER "\r\n");
}

/* The state of a request that moved must not reach the next one, which takes over its memory. */
static void a_handler_that_would_block_moves_and_the_next_one_does_not(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    for (int i = 0; i < 20; i++) {
        bool move = i % 3 == 0;
        client_ask(&c, 200, &r, "GET /v1/moving%s HTTP/1.1\r\n" READER "\r\n", move ? "?move" : "");
        assert_string_equal(r.body, move ? "api" : "htt");
        reply_release(&r);
    }
    client_close(&c);
}

static void many_are_completed_by_one_wake(void **state)
{
    enum { CLIENTS = 200 };
    struct fixture *f = *state;
    static struct http_client clients[CLIENTS];
    struct http_reply r;
    fixture_start(f);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            if (round == 0)
                client_open(&clients[i], f->port);
            client_send(&clients[i], "%s", i % 2 ? LATER : LATER_INLINE);
        }
        assert_true(fixture_waits_for(f, CLIENTS));
        fixture_complete(f, "all");
        for (int i = 0; i < CLIENTS; i++) {
            client_read(&clients[i], &r);
            assert_string_equal(r.body, "all");
            reply_release(&r);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
}

static void the_deadline_calls_cancel(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    ask_once(f->port, 200, "deadline", "GET /v1/later?deadline_ms=50 HTTP/1.1\r\n" READER "\r\n");
    assert_int_equal(atomic_load(&f->canceled[HTTP_CANCEL_DEADLINE]), 1);
}

static void a_client_that_leaves_calls_cancel(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "%s", LATER);
    assert_true(fixture_waits_for(f, 1));
    client_close(&c);
    assert_true(fixture_reaches(&f->canceled[HTTP_CANCEL_CLIENT_GONE], 1));
    assert_int_equal(fixture_waiting(f), 0);
    ask_once(f->port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void cancel_is_called_once_however_long_it_takes(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    f->deaf = true;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/later?deadline_ms=20 HTTP/1.1\r\n" READER "\r\n");
    assert_true(fixture_reaches(&f->canceled[HTTP_CANCEL_DEADLINE], 1));
    client_close(&c);
    test_pause_ms(100);
    assert_int_equal(atomic_load(&f->canceled[HTTP_CANCEL_DEADLINE]), 1);
    assert_int_equal(atomic_load(&f->canceled[HTTP_CANCEL_CLIENT_GONE]), 0);
    fixture_complete(f, "too late"); /* to nobody, which is fine */
    ask_once(f->port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

/* Cancels and completions at the same time: each request is answered by exactly one of them. */
static void *complete_all_the_time(void *context)
{
    struct fixture *f = context;
    while (atomic_load(&f->handled) == 0) {
        fixture_complete(f, "completed");
        test_pause_ms(1);
    }
    return NULL;
}

static void completion_and_cancel_may_race(void **state)
{
    struct fixture *f = *state;
    struct thread completer = {0};
    f->config.scan_ms = 1;
    fixture_start(f);
    struct thread_options options = {.name = "completer"};
    assert_int_equal(thread_start(&completer, &options, complete_all_the_time, f, NULL), ERR_OK);
    for (int i = 0; i < 200; i++) {
        struct http_client c;
        struct http_reply r;
        client_open(&c, f->port);
        client_send(&c, "GET /v1/later?deadline_ms=1 HTTP/1.1\r\n" READER "\r\n");
        if (i % 4 != 0) {
            client_read(&c, &r);
            assert_int_equal(r.status, 200);
            reply_release(&r);
        }
        client_close(&c);
    }
    atomic_store(&f->handled, 1);
    thread_join(&completer);
}

/* ---- the queue of the api threads ---- */

static void a_full_queue_is_503_with_retry_after(void **state)
{
    struct fixture *f = *state;
    struct http_client busy[3], c;
    struct http_reply r;
    f->config.loop_count = 1;
    f->config.api_thread_count = 1;
    f->config.offload_queue_limit = 2;
    fixture_start(f);
    for (int i = 0; i < 3; i++) {
        client_open(&busy[i], f->port);
        client_send(&busy[i], "GET /v1/blocking HTTP/1.1\r\n" READER "\r\n");
        assert_true(fixture_reaches(&f->blocked, 1)); /* the first one runs, the others wait */
    }
    client_open(&c, f->port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n"); /* inline: not held up */
    reply_release(&r);
    test_pause_ms(50);
    client_ask(&c, 503, &r, "GET /v1/items/1/parts HTTP/1.1\r\n" READER "\r\n");
    assert_string_equal(reply_header(&r, "Retry-After"), "1");
    assert_non_null(strstr(r.body, "\"code\":\"unavailable\""));
    reply_release(&r);
    fixture_open_gate(f);
    for (int i = 0; i < 3; i++) {
        client_read(&busy[i], &r);
        assert_string_equal(r.body, "through");
        reply_release(&r);
        client_close(&busy[i]);
    }
    client_ask(&c, 200, &r, "GET /v1/items/1/parts HTTP/1.1\r\n" READER "\r\n");
    reply_release(&r);
    client_close(&c);
}

/* ---- stopping ---- */

static void stop_lets_a_running_handler_finish(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/blocking HTTP/1.1\r\n" READER "\r\n");
    assert_true(fixture_reaches(&f->blocked, 1));
    fixture_open_gate(f);
    fixture_stop(f);
    client_read(&c, &r);
    assert_string_equal(r.body, "through");
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
}

static void *stop_server(void *context)
{
    fixture_stop(context);
    return NULL;
}

static void stop_waits_for_a_handler_beyond_the_drain(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct thread stopper = {0};
    f->config.drain_ms = 20;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/blocking HTTP/1.1\r\n" READER "\r\n");
    assert_true(fixture_reaches(&f->blocked, 1));
    struct thread_options options = {.name = "stopper"};
    assert_int_equal(thread_start(&stopper, &options, stop_server, f, NULL), ERR_OK);
    assert_true(client_is_closed(&c)); /* the client is let go, the handler still runs */
    fixture_open_gate(f);
    thread_join(&stopper);
    client_close(&c);
}

static void stop_cancels_deferred_requests(void **state)
{
    struct fixture *f = *state;
    struct http_client c[2];
    struct http_reply r;
    fixture_start(f);
    for (int i = 0; i < 2; i++) {
        client_open(&c[i], f->port);
        client_send(&c[i], "%s", i ? LATER : LATER_INLINE);
    }
    assert_true(fixture_waits_for(f, 2));
    fixture_stop(f);
    assert_int_equal(atomic_load(&f->canceled[HTTP_CANCEL_STOP]), 2);
    for (int i = 0; i < 2; i++) {
        client_read(&c[i], &r);
        assert_string_equal(r.body, "stop");
        assert_string_equal(reply_header(&r, "Connection"), "close");
        reply_release(&r);
        client_close(&c[i]);
    }
}

static void stop_ends_idle_connections_and_frees_the_port(void **state)
{
    struct fixture *f = *state, second;
    struct http_client idle, fresh;
    struct http_reply r;
    fixture_start(f);
    client_open(&fresh, f->port);
    client_open(&idle, f->port);
    client_ask(&idle, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    fixture_stop(f);
    assert_true(client_is_closed(&idle));
    client_close(&idle);
    client_close(&fresh);
    fixture_init(&second);
    second.config.port = f->port;
    fixture_start(&second);
    ask_once(second.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    fixture_release(&second);
}

static void a_server_that_never_started_is_freed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(http_server_create(&f->config, NULL, 0, &f->server, NULL), ERR_OK);
    http_server_stop(f->server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, tear_down)
        TEST(another_thread_completes_it),
        TEST(a_handler_may_complete_before_it_returns),
        TEST(a_handler_that_would_block_moves_and_the_next_one_does_not),
        TEST(many_are_completed_by_one_wake),
        TEST(the_deadline_calls_cancel),
        TEST(a_client_that_leaves_calls_cancel),
        TEST(cancel_is_called_once_however_long_it_takes),
        TEST(completion_and_cancel_may_race),
        TEST(a_full_queue_is_503_with_retry_after),
        TEST(stop_lets_a_running_handler_finish),
        TEST(stop_waits_for_a_handler_beyond_the_drain),
        TEST(stop_cancels_deferred_requests),
        TEST(stop_ends_idle_connections_and_frees_the_port),
        TEST(a_server_that_never_started_is_freed),
    };
    return cmocka_run_group_tests_name("http_later", tests, NULL, NULL);
}
