#include "tests/server/http_fixture.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char UPLOAD[] = "POST /v1/upload HTTP/1.1\r\n" READER "Content-Type: text/csv\r\n";

static int set_up(void **state)
{
    fixture_set_up(state);
    fixture_start(*state);
    return 0;
}

/* Bytes whose sum tells of a lost, doubled or misplaced one. */
static char *make_body(size_t size_bytes, char expected[64])
{
    unsigned long long sum = 0;
    char *body = malloc(size_bytes + 1);
    assert_non_null(body);
    for (size_t i = 0; i < size_bytes; i++) {
        body[i] = (char)(i * 2654435761u >> 13);
        sum += (unsigned char)body[i];
    }
    snprintf(expected, 64, "%zu %llu", size_bytes, sum);
    return body;
}

static void bodies_of_any_size_arrive_whole(void **state)
{
    static const size_t sizes[] = {
        0, 1, 8191, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024, 3000000};
    struct fixture *f = *state;
    struct http_client c;
    client_open(&c, f->port);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct http_reply r;
        char expected[64];
        char *body = make_body(sizes[i], expected);
        client_send(&c, "%sContent-Length: %zu\r\n\r\n", UPLOAD, sizes[i]);
        assert_true(client_send_bytes(&c, body, sizes[i]));
        client_read(&c, &r);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, expected);
        reply_release(&r);
        free(body);
    }
    assert_int_equal(atomic_load(&f->uploads_begun), sizeof sizes / sizeof sizes[0]);
    assert_int_equal(atomic_load(&f->uploads_aborted), 0);
    client_close(&c);
}

static void chunked_bodies_arrive_whole(void **state)
{
    static const size_t chunk_sizes[] = {1000, 8192, 300000};
    struct fixture *f = *state;
    struct http_client c;
    client_open(&c, f->port);
    for (size_t i = 0; i < sizeof chunk_sizes / sizeof chunk_sizes[0]; i++) {
        struct http_reply r;
        char expected[64];
        size_t size = 1000000;
        char *body = make_body(size, expected);
        client_send(&c, "%sTransfer-Encoding: chunked\r\n\r\n", UPLOAD);
        for (size_t at = 0; at < size;) {
            size_t n = size - at < chunk_sizes[i] ? size - at : chunk_sizes[i];
            client_send(&c, "%zx\r\n", n);
            assert_true(client_send_bytes(&c, body + at, n));
            client_send(&c, "\r\n");
            at += n;
        }
        client_send(&c, "0\r\n\r\n");
        client_read(&c, &r);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, expected);
        reply_release(&r);
        free(body);
    }
    client_close(&c);
}

static void uploads_run_side_by_side(void **state)
{
    enum { CLIENTS = 24, SIZE = 700000 };
    struct fixture *f = *state;
    struct http_client clients[CLIENTS];
    char expected[64];
    char *body = make_body(SIZE, expected);
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i], f->port);
        client_send(&clients[i], "%sContent-Length: %d\r\n\r\n", UPLOAD, SIZE);
    }
    for (size_t at = 0; at < SIZE; at += 100000)
        for (int i = 0; i < CLIENTS; i++)
            assert_true(client_send_bytes(&clients[i], body + at, 100000));
    for (int i = 0; i < CLIENTS; i++) {
        struct http_reply r;
        client_read(&clients[i], &r);
        assert_string_equal(r.body, expected);
        reply_release(&r);
        client_close(&clients[i]);
    }
    free(body);
}

static void a_sender_that_leaves_has_its_upload_undone(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    char expected[64];
    char *body = make_body(600000, expected);
    client_open(&c, f->port);
    client_send(&c, "%sContent-Length: 1000000\r\n\r\n", UPLOAD);
    assert_true(client_send_bytes(&c, body, 600000));
    assert_true(fixture_reaches(&f->uploads_begun, 1));
    client_close(&c);
    assert_true(fixture_reaches(&f->uploads_aborted, 1));
    assert_int_equal(atomic_load(&f->uploads_done), 0);
    free(body);
}

static void a_refusal_at_the_begin_reaches_the_sender(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    char expected[64];
    char *body = make_body(2000000, expected);
    atomic_store(&f->fail_begin, 1);
    client_open(&c, f->port);
    client_send(&c, "%sContent-Length: 2000000\r\n\r\n", UPLOAD);
    client_send_bytes(&c, body, 2000000);
    client_read(&c, &r);
    assert_int_equal(r.status, 409);
    assert_non_null(strstr(r.body, "no upload now"));
    reply_release(&r);
    client_close(&c);
    /* A small one is whole before it is looked at: the connection lives on. */
    client_open(&c, f->port);
    for (int i = 0; i < 2; i++) {
        client_ask(&c, 409, &r, "%sContent-Length: 5\r\n\r\nhello", UPLOAD);
        reply_release(&r);
    }
    client_close(&c);
    assert_int_equal(atomic_load(&f->uploads_aborted), 0);
    free(body);
}

static void a_bad_part_ends_the_upload_with_its_place(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    struct http_reply r;
    char expected[64];
    char *body = make_body(2000000, expected);
    atomic_store(&f->fail_chunk, 1);
    client_open(&c, f->port);
    client_send(&c, "%sContent-Length: 2000000\r\n\r\n", UPLOAD);
    client_send_bytes(&c, body, 2000000);
    client_read(&c, &r);
    assert_int_equal(r.status, 422);
    assert_non_null(strstr(r.body, "\"line\":3,\"column\":7"));
    assert_string_equal(reply_header(&r, "Connection"), "close");
    reply_release(&r);
    client_close(&c);
    assert_int_equal(atomic_load(&f->uploads_aborted), 1);
    assert_int_equal(atomic_load(&f->uploads_done), 0);
    free(body);
}

static void other_media_types_are_415(void **state)
{
    struct fixture *f = *state;
    ask_once(f->port, 415, "expected text/csv, application/gzip",
             "POST /v1/upload HTTP/1.1\r\n" READER
             "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(atomic_load(&f->uploads_begun), 0);
}

static void a_slow_upload_is_cut_and_undone(void **state)
{
    struct fixture *f = *state, other;
    struct http_client c;
    (void)f;
    fixture_init(&other);
    other.config.stream_ms = 300;
    fixture_start(&other);
    char expected[64];
    char *body = make_body(300000, expected);
    client_open(&c, other.port);
    client_send(&c, "%sContent-Length: 1000000\r\n\r\n", UPLOAD);
    assert_true(client_send_bytes(&c, body, 300000));
    for (int i = 0; i < 100 && client_send_bytes(&c, "x", 1); i++)
        test_pause_ms(10);
    assert_true(client_drains(&c));
    client_close(&c);
    assert_true(fixture_reaches(&other.uploads_aborted, 1));
    fixture_release(&other);
    free(body);
}

static void stop_undoes_uploads(void **state)
{
    struct fixture *f = *state;
    struct http_client c;
    char expected[64];
    char *body = make_body(600000, expected);
    client_open(&c, f->port);
    client_send(&c, "%sContent-Length: 1000000\r\n\r\n", UPLOAD);
    assert_true(client_send_bytes(&c, body, 600000));
    assert_true(fixture_reaches(&f->uploads_begun, 1));
    fixture_stop(f);
    assert_int_equal(atomic_load(&f->uploads_aborted), 1);
    client_close(&c);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
        TEST(bodies_of_any_size_arrive_whole),
        TEST(chunked_bodies_arrive_whole),
        TEST(uploads_run_side_by_side),
        TEST(a_sender_that_leaves_has_its_upload_undone),
        TEST(a_refusal_at_the_begin_reaches_the_sender),
        TEST(a_bad_part_ends_the_upload_with_its_place),
        TEST(other_media_types_are_415),
        TEST(a_slow_upload_is_cut_and_undone),
        TEST(stop_undoes_uploads),
    };
    return cmocka_run_group_tests_name("http_stream", tests, NULL, NULL);
}
