#include "tests/server/http_fixture.h"

#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>

/* One server for all tests of this file; each test has connections of its own. */
static struct fixture fixture;

static int start(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_release(&fixture);
    return 0;
}

static void an_open_route_needs_no_key(void **state)
{
    (void)state;
    ask_once(fixture.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void other_routes_want_a_key_and_say_how(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 401, &r, "GET /v1/items/1 HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_header(&r, "WWW-Authenticate"), "Bearer realm=\"bracketd\"");
    assert_string_equal(reply_header(&r, "Content-Type"), "application/problem+json");
    assert_non_null(strstr(r.body, "\"code\":\"unauthorized\""));
    reply_release(&r);
    client_ask(&c, 401, &r,
               "GET /v1/items/1 HTTP/1.1\r\n" HOST "Authorization: Bearer wrong\r\n\r\n");
    assert_string_equal(reply_header(&r, "WWW-Authenticate"),
                        "Bearer realm=\"bracketd\", error=\"invalid_token\"");
    reply_release(&r);
    client_ask(&c, 200, &r, "GET /v1/items/1 HTTP/1.1\r\n" READER "\r\n");
    assert_non_null(strstr(r.body, "\"key\":\"reader\""));
    reply_release(&r);
    client_close(&c);
}

/* ---- targets ---- */

static void segments_are_decoded_one_by_one(void **state)
{
    (void)state;
    ask_once(fixture.port, 200, "\"params\":{\"id\":\"a/b c+d\"}",
             "GET /v1/items/a%%2Fb%%20c+d HTTP/1.1\r\n" READER "\r\n");
    ask_once(fixture.port, 200, "\"query\":{\"from\":\"a b\",\"plus\":\"+\",\"flag\":\"\"}",
             "GET /v1/items/1?from=a+b&plus=%%2B&flag HTTP/1.1\r\n" READER "\r\n");
    ask_once(fixture.port, 200, "\xc3\xa9", "GET /v1/items/%%C3%%A9 HTTP/1.1\r\n" READER "\r\n");
}

static void bad_targets_are_400(void **state)
{
    static const char *const bad[] = {"/v1/items/%zz",  "/v1/items/%4",    "/v1/items/%00",
                                      "/v1/items/%ff",  "/v1/items/1?a=%", "/v1/items/1?a=1&a=2",
                                      "/v1/items/1?=1", "/v1/items/1#x",   "v1/items/1"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ask_once(fixture.port, 400, "\"code\":\"invalid_request\"",
                 "GET %s HTTP/1.1\r\n" READER "\r\n", bad[i]);
    ask_once(fixture.port, 400, "\"parameter\":\"a\"",
             "GET /v1/items/1?a=1&b=2&a=3 HTTP/1.1\r\n" READER "\r\n");
}

static void a_long_target_is_414(void **state)
{
    char path[LIMIT_URL_BYTES + 100];
    (void)state;
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    ask_once(fixture.port, 414, "\"code\":\"uri_too_long\"", "GET /%s HTTP/1.1\r\n" READER "\r\n",
             path);
}

static void an_absolute_target_works_for_our_hosts(void **state)
{
    (void)state;
    ask_once(fixture.port, 200, "pong", "GET http://localhost:%u/ping HTTP/1.1\r\n" HOST "\r\n",
             fixture.port);
    ask_once(fixture.port, 421, NULL, "GET http://evil.example/ping HTTP/1.1\r\n" HOST "\r\n");
}

/* ---- headers ---- */

static void an_oversized_head_is_431(void **state)
{
    char value[LIMIT_HEADER_BYTES];
    (void)state;
    memset(value, 'a', sizeof value);
    value[sizeof value - 1] = '\0';
    ask_once(fixture.port, 431, NULL, "GET /ping HTTP/1.1\r\n" HOST "X-Long: %s\r\n\r\n", value);
}

/* The answer's head has to fit where the request's head was kept. */
static void a_head_just_below_the_limit_gets_an_answer(void **state)
{
    (void)state;
    for (int size = 6000; size <= LIMIT_HEADER_BYTES; size += 64) {
        char value[LIMIT_HEADER_BYTES + 1];
        struct http_client c;
        struct http_reply r;
        memset(value, 'a', (size_t)size);
        value[size] = '\0';
        client_open(&c, fixture.port);
        client_send(&c, "GET /v1/cached HTTP/1.1\r\n" READER "X-Long: %s\r\n\r\n", value);
        client_read(&c, &r);
        assert_true(r.status == 200 || r.status == 431);
        reply_release(&r);
        client_close(&c);
    }
}

static void too_many_headers_are_431(void **state)
{
    char lines[HTTP_HEADERS_MAX * 8 + 1] = "";
    (void)state;
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        memcpy(lines + i * 8, "A-b: c\r\n", 9);
    ask_once(fixture.port, 431, "\"code\":\"headers_too_large\"",
             "GET /ping HTTP/1.1\r\n" HOST "%s\r\n", lines);
}

static void ambiguous_lengths_are_refused_and_end_the_connection(void **state)
{
    static const char *const bad[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: \r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_client c;
        struct http_reply r;
        client_open(&c, fixture.port);
        client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER "%s\r\nhello", bad[i]);
        client_read(&c, &r);
        if (r.status < 400 || r.status >= 500)
            fail_msg("%s: %s", bad[i], r.head);
        assert_true(client_drains(&c)); /* libmicrohttpd's own refusals have more to say */
        reply_release(&r);
        client_close(&c);
    }
}

static void what_follows_an_ambiguous_length_is_never_a_request(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 400, &r,
               "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 6\r\n"
               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ping HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(r.body, "Content-Length together with Transfer-Encoding"));
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
}

static void http_1_1_needs_one_host(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 400, &r, "GET /ping HTTP/1.1\r\n\r\n");
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
    client_open(&c, fixture.port);
    client_ask(&c, 400, &r, "GET /ping HTTP/1.1\r\n" HOST HOST "\r\n");
    assert_non_null(strstr(r.body, "more than one Host"));
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
    ask_once(fixture.port, 200, "pong", "GET /ping HTTP/1.0\r\n\r\n");
}

static void a_foreign_host_is_421(void **state)
{
    (void)state;
    ask_once(fixture.port, 421, "\"code\":\"misdirected_request\"",
             "GET /ping HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    ask_once(fixture.port, 421, NULL, "GET /ping HTTP/1.1\r\nHost: localhost.evil\r\n\r\n");
    ask_once(fixture.port, 421, NULL, "GET /ping HTTP/1.1\r\nHost: \r\n\r\n");
    ask_once(fixture.port, 200, NULL, "GET /ping HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
             fixture.port);
    ask_once(fixture.port, 200, NULL, "GET /ping HTTP/1.1\r\nHost: [::1]:%u\r\n\r\n", fixture.port);
    ask_once(fixture.port, 200, NULL, "GET /ping HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n");
}

static void malformed_heads_are_refused_and_the_server_lives(void **state)
{
    static const char *const bad[] = {"\x01\x02\x03\r\n\r\n",
                                      "GET\r\n\r\n",
                                      "GET /ping\r\n\r\n",
                                      "GET /ping HTTP/9.9\r\n" HOST "\r\n",
                                      "GET /ping HTTP/1.1\r\nno colon\r\n\r\n",
                                      "GET /ping HTTP/1.1\r\n: empty\r\n\r\n",
                                      "GET  /ping  HTTP/1.1\r\n" HOST "\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_client c;
        client_open(&c, fixture.port);
        client_send(&c, "%s", bad[i]);
        shutdown(c.fd, SHUT_WR);
        while (recv(c.fd, (char[512]){0}, 512, 0) > 0)
            ;
        client_close(&c);
    }
    ask_once(fixture.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void the_request_id_is_echoed_or_made(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "X-Request-Id: my-id_1.2\r\n\r\n");
    assert_string_equal(reply_header(&r, "X-Request-Id"), "my-id_1.2");
    reply_release(&r);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "X-Request-Id: with space\r\n\r\n");
    assert_int_equal(strlen(reply_header(&r, "X-Request-Id")), 32);
    reply_release(&r);
    client_ask(&c, 404, &r, "GET /none HTTP/1.1\r\n" HOST "X-Request-Id: lost\r\n\r\n");
    assert_non_null(strstr(r.body, "\"request_id\":\"lost\""));
    reply_release(&r);
    client_close(&c);
}

static void answers_carry_the_protective_headers(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_header(&r, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(reply_header(&r, "Cache-Control"), "no-store");
    assert_null(reply_header(&r, "Server"));
    reply_release(&r);
    client_close(&c);
}

/* ---- routes ---- */

static void a_literal_beats_a_parameter(void **state)
{
    (void)state;
    ask_once(fixture.port, 200, "\"operation\":\"getSpecial\"",
             "GET /v1/items/special HTTP/1.1\r\n" READER "\r\n");
    ask_once(fixture.port, 200, "parts of special",
             "GET /v1/items/special/parts HTTP/1.1\r\n" READER "\r\n");
}

static void unknown_paths_are_404(void **state)
{
    static const char *const unknown[] = {
        "/",           "/v1",    "/v1/items/", "/v1//items/1", "/v1/items/1/",
        "/v1/nothing", "/ping/", "//ping"};
    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ask_once(fixture.port, 404, "\"code\":\"not_found\"", "GET %s HTTP/1.1\r\n" READER "\r\n",
                 unknown[i]);
}

static void a_wrong_method_is_405_with_allow(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 405, &r, "PUT /v1/items/1 HTTP/1.1\r\n" READER "Content-Length: 2\r\n\r\nhi");
    assert_string_equal(reply_header(&r, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    reply_release(&r);
    client_ask(&c, 405, &r, "BREW /ping HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_header(&r, "Allow"), "GET, HEAD, OPTIONS");
    reply_release(&r);
    client_ask(&c, 405, &r, "get /ping HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    client_close(&c);
}

static void options_lists_the_methods(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 204, &r, "OPTIONS /v1/items HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply_header(&r, "Allow"), "POST, OPTIONS");
    reply_release(&r);
    client_ask(&c, 204, &r, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    client_close(&c);
}

static void head_answers_as_get_without_the_body(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_send(&c, "HEAD /ping HTTP/1.1\r\n" HOST "\r\n");
    client_read_head(&c, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Content-Length"), "4");
    reply_release(&r);
    client_send(&c, "HEAD /none HTTP/1.1\r\n" HOST "\r\n");
    client_read_head(&c, &r);
    assert_int_equal(r.status, 404);
    reply_release(&r);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(r.body, "pong");
    reply_release(&r);
    client_close(&c);
}

static void a_scope_that_is_missing_is_403_by_name(void **state)
{
    (void)state;
    ask_once(fixture.port, 403, "this needs scope admin",
             "DELETE /v1/items/1 HTTP/1.1\r\n" READER "\r\n");
    ask_once(fixture.port, 204, NULL, "DELETE /v1/items/1 HTTP/1.1\r\n" ADMIN "\r\n");
}

/* ---- conditions ---- */

static void a_known_tag_is_304(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 200, &r, "GET /v1/cached HTTP/1.1\r\n" READER "\r\n");
    assert_string_equal(reply_header(&r, "ETag"), "\"7-1\"");
    assert_string_equal(r.body, "{\"cached\":true}");
    reply_release(&r);
    static const char *const known[] = {"\"7-1\"", "*", "\"a\", \"7-1\"", "W/\"7-1\", \"7-1\""};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        client_ask(&c, 304, &r, "GET /v1/cached HTTP/1.1\r\n" READER "If-None-Match: %s\r\n\r\n",
                   known[i]);
        assert_string_equal(reply_header(&r, "ETag"), "\"7-1\"");
        reply_release(&r);
    }
    static const char *const unknown[] = {"\"7-2\"", "W/\"7-1\"", "7-1", "\"7-1", ""};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        client_ask(&c, 200, &r, "GET /v1/cached HTTP/1.1\r\n" READER "If-None-Match: %s\r\n\r\n",
                   unknown[i]);
        reply_release(&r);
    }
    client_close(&c);
}

/* Answers that are kept ready are not the same answer. */
static void each_304_has_a_request_id_of_its_own(void **state)
{
    struct http_client c;
    struct http_reply r;
    char before[80] = "";
    (void)state;
    client_open(&c, fixture.port);
    for (int i = 0; i < 6; i++) {
        const char *own = i == 3 ? "X-Request-Id: mine\r\n" : "";
        client_ask(&c, 304, &r,
                   "GET /v1/cached HTTP/1.1\r\n" READER "%sIf-None-Match: \"7-1\"\r\n\r\n", own);
        const char *id = reply_header(&r, "X-Request-Id");
        assert_string_not_equal(id, before);
        if (i == 3)
            assert_string_equal(id, "mine");
        snprintf(before, sizeof before, "%s", id);
        assert_string_equal(reply_header(&r, "ETag"), "\"7-1\"");
        assert_string_equal(reply_header(&r, "Cache-Control"), "no-store");
        assert_null(reply_header(&r, "Content-Type"));
        reply_release(&r);
    }
    client_close(&c);
}

/* ---- bodies ---- */

static void a_body_is_read_and_answered(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 201, &r,
               "POST /v1/items HTTP/1.1\r\n" READER "Content-Type: Application/JSON; "
               "charset=utf-8\r\nContent-Length: 8\r\n\r\n{\"a\": 1}");
    assert_string_equal(r.body, "{\"a\": 1}");
    assert_string_equal(reply_header(&r, "Location"), "/v1/items/8");
    reply_release(&r);
    client_ask(&c, 201, &r,
               "POST /v1/items HTTP/1.1\r\n" READER
               "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n5\r\n\": 1}\r\n0\r\n\r\n");
    assert_string_equal(r.body, "{\"a\": 1}");
    reply_release(&r);
    client_ask(&c, 400, &r, "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 0\r\n\r\n");
    assert_non_null(
        strstr(r.body, "\"errors\":[{\"pointer\":\"/name\",\"detail\":\"a name is needed\"}]"));
    reply_release(&r);
    client_close(&c);
}

static void the_connection_lives_on_after_refused_bodies(void **state)
{
    struct http_client c;
    struct http_reply r;
    char body[2000];
    (void)state;
    memset(body, 'x', sizeof body);
    client_open(&c, fixture.port);
    for (int i = 0; i < 3; i++) {
        client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 2000\r\n\r\n");
        client_send_bytes(&c, body, sizeof body);
        client_read(&c, &r);
        assert_int_equal(r.status, 413);
        reply_release(&r);
        client_ask(&c, 415, &r,
                   "POST /v1/items HTTP/1.1\r\n" READER
                   "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
        reply_release(&r);
        client_ask(&c, 404, &r,
                   "POST /v1/none HTTP/1.1\r\n" READER "Content-Length: 5\r\n\r\nhello");
        reply_release(&r);
        client_ask(&c, 401, &r,
                   "POST /v1/items HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
        reply_release(&r);
        client_ask(&c, 400, &r,
                   "GET /v1/items/1 HTTP/1.1\r\n" READER "Content-Length: 5\r\n\r\nhello");
        reply_release(&r);
        client_ask(&c, 201, &r, "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 2\r\n\r\n{}");
        reply_release(&r);
    }
    client_close(&c);
}

static void a_chunked_body_over_the_limit_is_413(void **state)
{
    struct http_client c;
    struct http_reply r;
    char chunk[600];
    (void)state;
    memset(chunk, 'x', sizeof chunk);
    client_open(&c, fixture.port);
    client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 2; i++) {
        client_send(&c, "258\r\n");
        client_send_bytes(&c, chunk, sizeof chunk);
        client_send(&c, "\r\n");
    }
    client_read(&c, &r);
    assert_int_equal(r.status, 413);
    assert_string_equal(reply_header(&r, "Connection"), "close");
    assert_non_null(strstr(r.body, "\"code\":\"too_large\""));
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
}

/* Closing on a sender would reset the connection and take the answer with it. */
static void a_refusal_reaches_a_client_that_is_still_sending(void **state)
{
    static char block[256 * 1024];
    (void)state;
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 10; i++) {
        struct http_client c;
        struct http_reply r;
        client_open(&c, fixture.port);
        client_send(&c, "POST /v1/items HTTP/1.1\r\n" HOST "Content-Length: 4194304\r\n\r\n");
        for (int k = 0; k < 16; k++)
            assert_true(client_send_bytes(&c, block, sizeof block));
        client_read(&c, &r);
        assert_int_equal(r.status, 401);
        reply_release(&r);
        client_close(&c);
    }
}

static void who_asks_first_is_refused_before_the_body(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 413, &r,
               "POST /v1/items HTTP/1.1\r\n" READER
               "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    reply_release(&r);
    assert_true(client_is_closed(&c));
    client_close(&c);

    client_open(&c, fixture.port);
    client_send(&c, "POST /v1/items HTTP/1.1\r\n" READER
                    "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    client_read(&c, &r);
    assert_int_equal(r.status, 100);
    reply_release(&r);
    client_ask(&c, 201, &r, "{}");
    reply_release(&r);
    client_close(&c);
}

/* ---- connections ---- */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_send(&c, "GET /v1/items/1/parts HTTP/1.1\r\n" READER "\r\n"
                    "GET /v1/items/2 HTTP/1.1\r\n" READER "\r\n"
                    "POST /v1/items HTTP/1.1\r\n" READER "Content-Length: 2\r\n\r\n{}"
                    "GET /v1/items/4/parts HTTP/1.1\r\n" READER "\r\n");
    static const char *const parts[] = {"parts of 1", "\"id\":\"2\"", "{}", "parts of 4"};
    for (int i = 0; i < 4; i++) {
        client_read(&c, &r);
        assert_non_null(strstr(r.body, parts[i]));
        reply_release(&r);
    }
    client_close(&c);
}

static void a_head_may_come_byte_by_byte(void **state)
{
    static const char request[] = "GET /v1/items/1?a=b HTTP/1.1\r\n" READER "\r\n";
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    for (size_t i = 0; i < sizeof request - 1; i++)
        client_send_bytes(&c, &request[i], 1);
    client_read(&c, &r);
    assert_int_equal(r.status, 200);
    reply_release(&r);
    client_close(&c);
}

/* What waits in the connection's memory must not take the room of the answers. */
static void many_pipelined_requests_are_answered(void **state)
{
    struct http_client c;
    struct http_reply r;
    static char text[64 * 1024];
    size_t used = 0;
    (void)state;
    for (int i = 0; i < 500; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "GET /v1/items/%d HTTP/1.1\r\n" READER "\r\n", i);
    client_open(&c, fixture.port);
    assert_true(client_send_bytes(&c, text, used));
    for (int i = 0; i < 500; i++) {
        char expected[32];
        client_read(&c, &r);
        snprintf(expected, sizeof expected, "\"id\":\"%d\"", i);
        assert_non_null(strstr(r.body, expected));
        reply_release(&r);
    }
    client_close(&c);
}

static void http_1_0_closes_after_the_answer(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 200, &r, "GET /ping HTTP/1.0\r\n\r\n");
    assert_true(client_is_closed(&c));
    reply_release(&r);
    client_close(&c);
}

static void an_internal_error_tells_nothing_of_the_inside(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 500, &r, "GET /v1/failing HTTP/1.1\r\n" READER "\r\n");
    assert_null(strstr(r.body, "secret"));
    assert_null(strstr(r.body, "half an answer"));
    assert_non_null(strstr(r.body, "\"code\":\"internal\""));
    reply_release(&r);
    client_close(&c);
}

static void a_large_answer_arrives_whole(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 200, &r, "GET /v1/big?bytes=5000000 HTTP/1.1\r\n" READER "\r\n");
    assert_int_equal(r.body_bytes, 5000000);
    assert_int_equal(strspn(r.body, "x"), 5000000);
    reply_release(&r);
    client_close(&c);
}

static void a_second_server_on_the_port_is_refused(void **state)
{
    struct fixture second;
    struct error e = {0};
    (void)state;
    fixture_init(&second);
    second.config.port = fixture.port;
    assert_int_equal(http_server_create(&second.config, NULL, 0, &second.server, &e), ERR_OK);
    assert_int_equal(http_server_start(second.server, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "cannot listen on 127.0.0.1 port"));
    fixture_release(&second);
    ask_once(fixture.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
}

static void the_metrics_count_what_was_answered(void **state)
{
    struct strbuf text;
    (void)state;
    ask_once(fixture.port, 200, "pong", "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    strbuf_init(&text, 1 << 20);
    http_server_write_metrics(fixture.server, &text);
    assert_false(strbuf_failed(&text));
    assert_non_null(
        strstr(text.data, "bracketd_http_requests_total{operation=\"ping\",status=\"2xx\"}"));
    assert_non_null(
        strstr(text.data, "bracketd_http_requests_total{operation=\"none\",status=\"4xx\"}"));
    assert_non_null(
        strstr(text.data,
               "bracketd_http_request_duration_seconds_bucket{operation=\"ping\",le=\"+Inf\"}"));
    strbuf_release(&text);
}

static void errors_have_another_style_below_its_segment_alone(void **state)
{
    struct http_client c;
    struct http_reply r;
    (void)state;
    client_open(&c, fixture.port);
    client_ask(&c, 410, &r, "GET /other/nothing HTTP/1.1\r\n" READER "\r\n");
    assert_string_equal(r.body, "other: no resource at '/other/nothing'");
    assert_string_equal(reply_header(&r, "Content-Type"), "text/plain");
    reply_release(&r);
    client_ask(&c, 401, &r, "GET /other/failing HTTP/1.1\r\n" HOST "\r\n");
    assert_memory_equal(r.body, "other: ", 7);
    assert_non_null(reply_header(&r, "WWW-Authenticate"));
    reply_release(&r);
    client_ask(&c, 405, &r, "PUT /other/failing HTTP/1.1\r\n" READER "\r\n");
    assert_memory_equal(r.body, "other: ", 7);
    reply_release(&r);
    client_ask(&c, 500, &r, "GET /other/failing HTTP/1.1\r\n" READER "\r\n");
    assert_memory_equal(r.body, "other: the server failed", 24);
    reply_release(&r);
    client_ask(&c, 404, &r, "GET /others/failing HTTP/1.1\r\n" READER "\r\n");
    assert_string_equal(reply_header(&r, "Content-Type"), "application/problem+json");
    reply_release(&r);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_route_needs_no_key),
        cmocka_unit_test(other_routes_want_a_key_and_say_how),
        cmocka_unit_test(segments_are_decoded_one_by_one),
        cmocka_unit_test(bad_targets_are_400),
        cmocka_unit_test(a_long_target_is_414),
        cmocka_unit_test(an_absolute_target_works_for_our_hosts),
        cmocka_unit_test(an_oversized_head_is_431),
        cmocka_unit_test(a_head_just_below_the_limit_gets_an_answer),
        cmocka_unit_test(too_many_headers_are_431),
        cmocka_unit_test(ambiguous_lengths_are_refused_and_end_the_connection),
        cmocka_unit_test(what_follows_an_ambiguous_length_is_never_a_request),
        cmocka_unit_test(http_1_1_needs_one_host),
        cmocka_unit_test(a_foreign_host_is_421),
        cmocka_unit_test(malformed_heads_are_refused_and_the_server_lives),
        cmocka_unit_test(the_request_id_is_echoed_or_made),
        cmocka_unit_test(answers_carry_the_protective_headers),
        cmocka_unit_test(a_literal_beats_a_parameter),
        cmocka_unit_test(unknown_paths_are_404),
        cmocka_unit_test(a_wrong_method_is_405_with_allow),
        cmocka_unit_test(options_lists_the_methods),
        cmocka_unit_test(head_answers_as_get_without_the_body),
        cmocka_unit_test(a_scope_that_is_missing_is_403_by_name),
        cmocka_unit_test(a_known_tag_is_304),
        cmocka_unit_test(each_304_has_a_request_id_of_its_own),
        cmocka_unit_test(a_body_is_read_and_answered),
        cmocka_unit_test(the_connection_lives_on_after_refused_bodies),
        cmocka_unit_test(a_chunked_body_over_the_limit_is_413),
        cmocka_unit_test(a_refusal_reaches_a_client_that_is_still_sending),
        cmocka_unit_test(who_asks_first_is_refused_before_the_body),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_head_may_come_byte_by_byte),
        cmocka_unit_test(many_pipelined_requests_are_answered),
        cmocka_unit_test(http_1_0_closes_after_the_answer),
        cmocka_unit_test(an_internal_error_tells_nothing_of_the_inside),
        cmocka_unit_test(errors_have_another_style_below_its_segment_alone),
        cmocka_unit_test(a_large_answer_arrives_whole),
        cmocka_unit_test(a_second_server_on_the_port_is_refused),
        cmocka_unit_test(the_metrics_count_what_was_answered),
    };
    return cmocka_run_group_tests_name("http_server", tests, start, stop);
}
