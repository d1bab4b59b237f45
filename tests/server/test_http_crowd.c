#include "tests/server/http_fixture.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Deadlines, and many connections. */

static int64_t now_ms(void)
{
    return clock_monotonic_ns(clock_real()) / NS_PER_MS;
}

/* ---- deadlines ---- */

/* Sends a byte each 20 ms until the connection breaks; returns how long it lived. */
static int64_t drip(struct http_client *c, char byte)
{
    int64_t started_ms = now_ms();
    while (now_ms() - started_ms < 10000 && client_send_bytes(c, &byte, 1) &&
           client_is_silent(c, 20))
        ;
    return now_ms() - started_ms;
}

static void a_head_that_drips_is_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    f->config.head_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /ping HTTP/1.1\r\nHost: ");
    assert_in_range(drip(&c, 'a'), 100, 3000);
    client_read(&c, &r);
    assert_int_equal(r.status, 408);
    assert_true(client_drains(&c));
    reply_release(&r);
    client_close(&c);
}

static void a_request_line_that_drips_is_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    f->config.head_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /");
    assert_in_range(drip(&c, 'a'), 100, 3000);
    client_close(&c);
}

static void a_later_head_that_drips_is_cut_too(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    f->config.head_ms = 200;
    f->config.idle_ms = 400;
    fixture_start(f);
    client_open(&c, f->port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    client_send(&c, "GET /ping HTTP/1.1\r\nHost: ");
    assert_in_range(drip(&c, 'a'), 100, 3000);
    client_close(&c);
}

static void a_body_that_drips_is_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    f->config.body_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 900\r\n\r\n");
    assert_in_range(drip(&c, 'a'), 100, 3000);
    client_read(&c, &r);
    assert_int_equal(r.status, 408);
    reply_release(&r);
    client_close(&c);
}

static void an_idle_connection_is_closed(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    f->config.idle_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    assert_true(client_is_closed(&c));
    client_close(&c);
}

static void a_reader_that_stalls_is_cut(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct strbuf text;
    f->config.response_ms = 200;
    fixture_start(f);
    client_open(&c, f->port);
    client_send(&c, "GET /v1/big?bytes=30000000 HTTP/1.1\r\n" READER "\r\n");
    test_pause_ms(600);
    assert_true(client_drains(&c));
    assert_true(c.count < 30000000);
    strbuf_init(&text, 1 << 20);
    http_server_write_metrics(f->server, &text);
    assert_non_null(strstr(strbuf_text(&text), "bracketd_http_cut_total{deadline=\"response\"} 1"));
    strbuf_release(&text);
    client_close(&c);
}

/* ---- many connections ---- */

static void ask_all(struct http_client *clients, int count, int rounds)
{
    struct http_reply r;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            client_send(&clients[i], "GET /v1/cached HTTP/1.1\r\n" READER "\r\n");
        for (int i = 0; i < count; i++) {
            client_read(&clients[i], &r);
            assert_int_equal(r.status, 200);
            reply_release(&r);
        }
    }
}

/* libmicrohttpd's own polling threads collapse when a wait returns exactly 128 events: to about a
 * thousandth of the rate at 256 clients. Twenty rounds then took seconds. */
static void crowds_are_served_at_once(void **state)
{
    static const int counts[] = {125, 128, 129, 256, 512};
    static struct http_client clients[512];
    struct fixture *f = *state;
    f->config.loop_count = 1;
    fixture_start(f);
    int open = 0;
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        for (; open < counts[k]; open++)
            client_open(&clients[open], f->port);
        int64_t started_ms = now_ms();
        ask_all(clients, open, 20);
        assert_true(now_ms() - started_ms < 8000);
    }
    for (int i = 0; i < open; i++)
        client_close(&clients[i]);
}

/* Connects without waiting; the backlog takes it. */
static int connect_at_once(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    return fd;
}

static int64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / NS_PER_MS;
}

static void at_the_limit_others_wait_and_nothing_spins(void **state)
{
    enum { LIMIT = 20, CROWD = 100 };
    struct fixture *f = *state;
    struct http_client in[LIMIT];
    int waiting[CROWD];
    f->config.loop_count = 1;
    f->config.connection_limit = LIMIT;
    fixture_start(f);
    for (int i = 0; i < LIMIT; i++)
        client_open(&in[i], f->port);
    ask_all(in, LIMIT, 1);
    for (int i = 0; i < CROWD; i++)
        waiting[i] = connect_at_once(f->port);
    int64_t before_ms = cpu_ms();
    test_pause_ms(300);
    assert_true(cpu_ms() - before_ms < 150);
    ask_all(in, LIMIT, 3); /* those inside are served */
    for (int i = 0; i < LIMIT; i++)
        client_close(&in[i]);
    for (int i = 0; i < CROWD; i++)
        close(waiting[i]);
    ask_once(f->port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void it_stops_at_the_limit_with_a_crowd_at_the_door(void **state)
{
    enum { LIMIT = 8, CROWD = 50 };
    struct fixture *f = *state;
    struct http_client in[LIMIT];
    int waiting[CROWD];
    f->config.connection_limit = LIMIT;
    fixture_start(f);
    for (int i = 0; i < LIMIT; i++)
        client_open(&in[i], f->port);
    for (int i = 0; i < CROWD; i++)
        waiting[i] = connect_at_once(f->port);
    int64_t started_ms = now_ms();
    fixture_stop(f);
    assert_true(now_ms() - started_ms < 4000);
    for (int i = 0; i < LIMIT; i++)
        client_close(&in[i]);
    for (int i = 0; i < CROWD; i++)
        close(waiting[i]);
}

static bool all_is_gone(void *context)
{
    struct fixture *f = context;
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    http_server_write_metrics(f->server, &text);
    bool gone = strstr(strbuf_text(&text), "\nbracketd_http_connections 0\n") &&
                strstr(strbuf_text(&text), "\nbracketd_http_requests_in_flight 0\n");
    strbuf_release(&text);
    return gone;
}

static void connections_come_and_go_without_a_leak(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    for (int i = 0; i < 300; i++) {
        struct http_client c;
        client_open(&c, f->port);
        if (i % 3 == 0)
            client_send(&c, "GET /v1/items/1/parts HTTP/1.1\r\n" READER "\r\n");
        else if (i % 3 == 1)
            client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 99\r\n\r\nhalf");
        client_close(&c);
    }
    assert_true(test_wait(all_is_gone, f, 5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
        TEST(a_head_that_drips_is_cut),
        TEST(a_request_line_that_drips_is_cut),
        TEST(a_later_head_that_drips_is_cut_too),
        TEST(a_body_that_drips_is_cut),
        TEST(an_idle_connection_is_closed),
        TEST(a_reader_that_stalls_is_cut),
        TEST(crowds_are_served_at_once),
        TEST(at_the_limit_others_wait_and_nothing_spins),
        TEST(it_stops_at_the_limit_with_a_crowd_at_the_door),
        TEST(connections_come_and_go_without_a_leak),
    };
    return cmocka_run_group_tests_name("http_crowd", tests, NULL, NULL);
}
