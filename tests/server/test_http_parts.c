#include "tests/server/http_fixture.h"

#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>

#define GET_MADE "GET /v1/made?parts=%d&bytes=%d HTTP/1.1\r\n" READER

static void assert_made(const struct http_reply *r, int parts, int bytes)
{
    static char expected[1 << 20];
    assert_int_equal(r->body_bytes, (size_t)parts * (size_t)bytes);
    for (int i = 0; i < parts; i++) {
        memset(expected, 'a' + i % 26, (size_t)bytes);
        assert_memory_equal(r->body + (size_t)i * (size_t)bytes, expected, (size_t)bytes);
    }
}

static void parts_of_any_size_arrive_whole_and_in_order(void **state)
{
    static const int shapes[][2] = {{2, 1},     {3, 100},  {26, 5000},   {2, 8191},
                                    {2, 8192},  {2, 8193}, {5, 300000},  {40, 262144},
                                    {1000, 17}, {3, 0},    {1, 1000000}, {1, 0}};
    struct fixture *f = *state;
    struct http_client c;
    fixture_start(f);
    client_open(&c, f->port);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct http_reply r;
        int parts = shapes[i][0], bytes = shapes[i][1];
        client_ask(&c, 200, &r, GET_MADE "\r\n", parts, bytes);
        assert_made(&r, parts, bytes);
        assert_string_equal(reply_header(&r, "Content-Type"), "text/plain");
        assert_true(parts == 1 ? reply_header(&r, "Content-Length") != NULL
                               : reply_header(&r, "Transfer-Encoding") != NULL);
        reply_release(&r);
    }
    client_close(&c);
}

static void a_client_of_http_1_0_gets_the_parts_unchunked(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/made?parts=30&bytes=10000 HTTP/1.0\r\n" READER "\r\n");
    assert_true(client_drains(&c));
    assert_true(c.count > 300000);
    assert_memory_equal(c.bytes + c.count - 10000, "dddddddd", 8);
    assert_null(memmem(c.bytes, c.count, "chunked", 7));
    client_close(&c);
}

static void head_shows_the_head_alone_and_closes(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "HEAD /v1/made?parts=9&bytes=1000 HTTP/1.1\r\n" READER "\r\n");
    client_read_head(&c, &r);
    assert_int_equal(r.status, 200);
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
}

static void an_error_of_the_first_part_is_a_problem(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    ask_once(f->port, 409, "no such part",
             "GET /v1/made?parts=9&bytes=10&fail=1 HTTP/1.1\r\n" READER "\r\n");
}

static void an_error_of_a_later_part_breaks_the_body_off(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/made?parts=9&bytes=10&fail=4 HTTP/1.1\r\n" READER "\r\n");
    assert_false(client_read_broken(&c, &r));
    assert_int_equal(r.status, 200);
    assert_made(&r, 3, 10);
    assert_true(client_drains(&c));
    reply_release(&r);
    client_close(&c);
}

static bool settles(void *context)
{
    struct fixture *f = context;
    int before = atomic_load(&f->parts_made);
    test_pause_ms(50);
    return before > 0 && atomic_load(&f->parts_made) == before;
}

/* What the kernel's buffers hold is made, and a part more. */
static void parts_are_made_as_the_client_reads(void **state)
{
    enum { PARTS = 400, BYTES = 100000 };
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, GET_MADE "\r\n", PARTS, BYTES);
    assert_true(test_wait(settles, f, 10000));
    assert_true(atomic_load(&f->parts_made) < PARTS / 2);
    client_read(&c, &r);
    assert_made(&r, PARTS, BYTES);
    assert_int_equal(atomic_load(&f->parts_made), PARTS);
    reply_release(&r);
    client_close(&c);
}

static void a_client_that_leaves_ends_the_making(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    fixture_start(f);
    for (int i = 0; i < 20; i++) {
        client_open(&c, f->port);
        client_send(&c, GET_MADE "\r\n", 1 << 20, 100000);
        assert_true(fixture_reaches(&f->parts_made, 1));
        client_close(&c);
    }
    assert_true(test_wait(settles, f, 10000));
    assert_true(atomic_load(&f->parts_made) < 20 * 1000);
    ask_once(f->port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void a_client_that_stops_reading_is_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    f->config.response_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, GET_MADE "\r\n", 1 << 20, 100000);
    assert_true(test_wait(settles, f, 10000));
    test_pause_ms(500);
    assert_true(client_drains(&c));
    client_close(&c);
}

/* Longer than response_ms in all, a part at a time within it. */
static void a_client_that_goes_on_reading_is_not_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    f->config.response_ms = 400;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, GET_MADE "\r\n", 2, 5);
    client_read(&c, &r);
    reply_release(&r);
    int window = 64 * 1024;
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
    client_send(&c, GET_MADE "\r\n", 100, 100000);
    size_t received = 0, before = 0;
    for (int turn = 0; turn < 80 && received < 100 * 100000; turn++) {
        static char bytes[200000];
        ssize_t n;
        test_pause_ms(15);
        while (received - before < sizeof bytes &&
               (n = recv(c.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
            received += (size_t)n;
        before = received;
    }
    assert_true(received >= 100 * 100000);
    client_close(&c);
}

static void many_clients_get_their_own_parts(void **state)
{
    enum { CLIENTS = 200 };
    struct fixture *f = *state;
    static struct http_client clients[CLIENTS];
    fixture_start(f);
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i], f->port);
        client_send(&clients[i], GET_MADE "\r\n", 2 + i % 7, 1000 + i);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct http_reply r;
        client_read(&clients[i], &r);
        assert_made(&r, 2 + i % 7, 1000 + i);
        reply_release(&r);
        client_close(&clients[i]);
    }
}

static void a_stop_breaks_endless_answers_off(void **state)
{
    struct fixture *f = *state;
    struct http_client reading, silent;
    f->config.drain_ms = 200;
    fixture_start(f);
    client_open(&reading, f->port);
    client_open(&silent, f->port);
    client_send(&reading, GET_MADE "\r\n", 1 << 20, 100);
    client_send(&silent, GET_MADE "\r\n", 1 << 20, 100000);
    assert_true(fixture_reaches(&f->parts_made, 10));
    fixture_stop(f);
    client_close(&reading);
    client_close(&silent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parts_of_any_size_arrive_whole_and_in_order),
        TEST(a_client_of_http_1_0_gets_the_parts_unchunked),
        TEST(head_shows_the_head_alone_and_closes),
        TEST(an_error_of_the_first_part_is_a_problem),
        TEST(an_error_of_a_later_part_breaks_the_body_off),
        TEST(parts_are_made_as_the_client_reads),
        TEST(a_client_that_leaves_ends_the_making),
        TEST(a_client_that_stops_reading_is_cut),
        TEST(a_client_that_goes_on_reading_is_not_cut),
        TEST(many_clients_get_their_own_parts),
        TEST(a_stop_breaks_endless_answers_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
