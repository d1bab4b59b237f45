#include "base/clock.h"
#include "base/thread.h"
#include "server/cli/answer.h"
#include "server/cli/api_client.h"
#include "tests/server/http_fixture.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000 };

struct setting {
    struct fixture server;
    struct api_client *client; /* with the key "admin" */
    struct api_response response;
    struct error e;
};

static void url_of(uint16_t port, char out[64])
{
    snprintf(out, 64, "http://127.0.0.1:%u/", port);
}

static int set_up(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    char url[64];
    fixture_init(&s->server);
    fixture_start(&s->server);
    url_of(s->server.port, url);
    assert_int_equal(api_client_create(url, "admin", &s->client, NULL), ERR_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *s = *state;
    api_response_release(&s->response);
    api_client_free(s->client);
    fixture_release(&s->server);
    free(s);
    return 0;
}

static enum err ask(struct setting *s, const char *method, const char *target, const char *body)
{
    struct answer_request request = {
        .method = method, .target = target, .body = body, .timeout_ms = TIMEOUT_MS};
    api_response_release(&s->response);
    return answer_ask(s->client, &request, &s->response, &s->e);
}

static void what_is_asked_arrives(void **state)
{
    struct setting *s = *state;
    assert_int_equal(ask(s, "GET", "/v1/items/a%2Fb?x=1%202", NULL), ERR_OK);
    assert_int_equal(s->response.status, 200);
    assert_non_null(strstr(strbuf_text(&s->response.body), "\"id\":\"a/b\""));
    assert_non_null(strstr(strbuf_text(&s->response.body), "\"x\":\"1 2\""));
    assert_non_null(strstr(strbuf_text(&s->response.body), "\"key\":\"admin\""));

    assert_int_equal(ask(s, "POST", "/v1/items", "{\"name\":\"one\"}"), ERR_OK);
    assert_int_equal(s->response.status, 201);
    assert_string_equal(strbuf_text(&s->response.body), "{\"name\":\"one\"}");

    assert_int_equal(ask(s, "DELETE", "/v1/items/one", NULL), ERR_OK);
    assert_int_equal(s->response.status, 204);
    assert_int_equal(s->response.body.length, 0);
}

static void a_refusal_comes_back_as_its_error(void **state)
{
    struct setting *s = *state;
    assert_int_equal(ask(s, "GET", "/v1/nothing", NULL), ERR_NOT_FOUND);
    assert_int_equal(s->e.code, ERR_NOT_FOUND);
    assert_int_equal(s->response.status, 404);

    assert_int_equal(ask(s, "POST", "/v1/items", ""), ERR_INVALID);
    assert_string_equal(s->e.pointer, "/name");
    assert_string_equal(s->e.message, "a name is needed");
}

static void a_fault_of_the_server_names_the_request(void **state)
{
    struct setting *s = *state;
    assert_int_equal(ask(s, "GET", "/v1/failing", NULL), ERR_INTERNAL);
    assert_non_null(strstr(s->e.message, "status 500, request "));
}

static void a_wrong_key_is_refused(void **state)
{
    struct setting *s = *state;
    char url[64];
    api_client_free(s->client);
    url_of(s->server.port, url);
    assert_int_equal(api_client_create(url, "nobody", &s->client, NULL), ERR_OK);
    assert_int_equal(ask(s, "GET", "/v1/items/1", NULL), ERR_UNAUTHORIZED);
    api_client_free(s->client);
    assert_int_equal(api_client_create(url, NULL, &s->client, NULL), ERR_OK);
    assert_int_equal(ask(s, "GET", "/v1/items/1", NULL), ERR_UNAUTHORIZED);
    assert_int_equal(ask(s, "GET", "/ping", NULL), ERR_OK);
}

static void count_calls(void *context, int64_t bytes_done, int64_t bytes_total)
{
    int64_t *last = context;
    assert_true(bytes_done > *last && bytes_done <= bytes_total);
    *last = bytes_done;
}

static void a_file_is_sent_whole(void **state)
{
    enum { SIZE = 3000001 };
    struct setting *s = *state;
    char name[] = "/tmp/bracketd-test-XXXXXX", expected[64];
    unsigned char *bytes = malloc(SIZE);
    uint64_t sum = 0;
    int64_t last = 0;
    int fd = mkstemp(name);
    assert_true(fd >= 0 && bytes);
    unlink(name);
    for (int i = 0; i < SIZE; i++)
        sum += bytes[i] = (unsigned char)(i * 7 + i / 251);
    assert_int_equal(write(fd, bytes, SIZE), SIZE);
    struct api_request request = {.method = "POST",
                                  .target = "/v1/upload",
                                  .content_type = "text/csv",
                                  .from_file = true,
                                  .fd = fd,
                                  .file_bytes = SIZE,
                                  .timeout_ms = TIMEOUT_MS,
                                  .on_sent = count_calls,
                                  .context = &last};
    assert_int_equal(api_client_send(s->client, &request, &s->response, &s->e), ERR_OK);
    snprintf(expected, sizeof(expected), "%d %llu", SIZE, (unsigned long long)sum);
    assert_string_equal(strbuf_text(&s->response.body), expected);
    assert_int_equal(last, SIZE);

    /* A file that is shorter than it was said to be is not passed off as whole. */
    api_response_release(&s->response);
    request.file_bytes = SIZE + 10;
    request.on_sent = NULL;
    assert_int_equal(api_client_send(s->client, &request, &s->response, &s->e), ERR_IO);
    free(bytes);
    close(fd);
}

static void a_late_answer_is_a_timeout(void **state)
{
    struct setting *s = *state;
    struct api_request request = {.method = "GET", .target = "/v1/later", .timeout_ms = 150};
    assert_int_equal(api_client_send(s->client, &request, &s->response, &s->e), ERR_TIMEOUT);
    assert_int_equal(s->response.status, 0);
}

struct canceler {
    struct thread thread;
    struct fixture *server;
    _Atomic bool flag;
};

static void *cancel_when_asked(void *context)
{
    struct canceler *c = context;
    fixture_waits_for(c->server, 1);
    c->flag = true;
    return NULL;
}

static void a_cancel_ends_the_wait(void **state)
{
    struct setting *s = *state;
    struct canceler canceler = {.server = &s->server};
    struct api_request request = {
        .method = "GET", .target = "/v1/later", .timeout_ms = 60000, .cancel = &canceler.flag};
    thread_start(&canceler.thread, &(struct thread_options){.name = "canceler"}, cancel_when_asked,
                 &canceler, NULL);
    int64_t begun_ns = clock_monotonic_ns(clock_real());
    assert_int_equal(api_client_send(s->client, &request, &s->response, &s->e), ERR_CANCELED);
    assert_true(clock_monotonic_ns(clock_real()) - begun_ns < 20 * NS_PER_SECOND);
    thread_join(&canceler.thread);
}

/* ---- a peer that takes connections, reads, and hangs up without a word ---- */

struct peer {
    struct thread thread;
    int listener;
    uint16_t port;
    int connections;
    _Atomic bool end;
};

static void *peer_main(void *context)
{
    struct peer *p = context;
    char bytes[4096];
    while (!p->end) {
        struct pollfd ready = {.fd = p->listener, .events = POLLIN};
        if (poll(&ready, 1, 20) <= 0)
            continue;
        int fd = accept(p->listener, NULL, NULL);
        p->connections++;
        if (read(fd, bytes, sizeof(bytes)) < 0)
            p->connections += 100;
        close(fd);
    }
    return NULL;
}

static void what_changes_state_is_sent_once(void **state)
{
    struct peer peer = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    struct api_client *client;
    struct api_response response;
    struct error e;
    char url[64];
    (void)state;
    assert_int_equal(bind(peer.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(peer.listener, 8), 0);
    assert_int_equal(getsockname(peer.listener, (struct sockaddr *)&address, &size), 0);
    url_of(ntohs(address.sin_port), url);
    thread_start(&peer.thread, &(struct thread_options){.name = "peer"}, peer_main, &peer, NULL);
    assert_int_equal(api_client_create(url, NULL, &client, NULL), ERR_OK);
    struct api_request request = {.method = "POST",
                                  .target = "/v1/backtests",
                                  .body = "{}",
                                  .body_bytes = 2,
                                  .timeout_ms = TIMEOUT_MS};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(api_client_send(client, &request, &response, &e), ERR_UNAVAILABLE);
        api_response_release(&response);
    }
    peer.end = true;
    thread_join(&peer.thread);
    assert_int_equal(peer.connections, 3);
    close(peer.listener);

    /* Nobody listens there any more. */
    assert_int_equal(api_client_send(client, &request, &response, &e), ERR_UNAVAILABLE);
    assert_non_null(strstr(e.message, "no answer from http://127.0.0.1:"));
    api_response_release(&response);
    api_client_free(client);
}

static void what_is_no_url_or_key_is_refused(void **state)
{
    static const char *const urls[] = {"",
                                       "127.0.0.1:8080",
                                       "ftp://host/",
                                       "http://",
                                       "http://user@host/",
                                       "http://host/?a=b",
                                       "http://host/#top",
                                       "http://ho st/"};
    static const char *const keys[] = {"", "two words", "line\nbreak", "\xc3\xa9"};
    struct api_client *client = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        assert_int_equal(api_client_create(urls[i], NULL, &client, NULL), ERR_INVALID);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_int_equal(api_client_create("http://host", keys[i], &client, NULL), ERR_INVALID);
    assert_null(client);
}

static void texts_are_escaped_for_targets(void **state)
{
    struct strbuf target;
    (void)state;
    strbuf_init(&target, 1000);
    strbuf_add_string(&target, "/v1/bars/");
    url_add_escaped(&target, "BRK/B^=:\xc3\xa9 %");
    url_add_query(&target, "timezone", "America/New_York");
    url_add_query(&target, "a&b", "c=d+e");
    assert_string_equal(strbuf_text(&target),
                        "/v1/bars/BRK%2FB%5E%3D%3A%C3%A9%20%25?timezone=America%2FNew_York"
                        "&a%26b=c%3Dd%2Be");
    strbuf_release(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_asked_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_comes_back_as_its_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fault_of_the_server_names_the_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_key_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_sent_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_is_a_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancel_ends_the_wait, set_up, tear_down),
        cmocka_unit_test(what_changes_state_is_sent_once),
        cmocka_unit_test(what_is_no_url_or_key_is_refused),
        cmocka_unit_test(texts_are_escaped_for_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
