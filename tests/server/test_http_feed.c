#include "tests/server/http_fixture.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Streams that say what the test tells them:
 *
 *   GET /v1/feed?beat_ms=   what was told while it slept, or sooner; on an api thread when the text
 *                           begins with '!'; "END" ends it, "FAIL" breaks it off
 */

struct stream {
    struct stream *next;
    struct http_request *request;
    struct feeds *feeds;
    struct strbuf told; /* not taken yet */
};

struct feeds {
    struct fixture fixture; /* first: it is the app of its requests too */
    struct stream *streams;
    atomic_int opened, closed, asked, blocked;
};

#define GET_FEED "GET /v1/feed HTTP/1.1\r\n" READER "\r\n"

static struct feeds *feeds_of(struct http_request *r)
{
    return r->app;
}

/* Moves what was told into `out`. */
static void take(struct stream *s, struct strbuf *out)
{
    mutex_lock(&s->feeds->fixture.mutex);
    strbuf_add(out, strbuf_text(&s->told), s->told.length);
    strbuf_clear(&s->told);
    mutex_unlock(&s->feeds->fixture.mutex);
}

static bool must_block(struct stream *s)
{
    mutex_lock(&s->feeds->fixture.mutex);
    bool must = s->told.length > 0 && s->told.data[0] == '!';
    mutex_unlock(&s->feeds->fixture.mutex);
    return must;
}

static enum http_feed_next say(void *context, struct strbuf *out, bool may_block)
{
    struct stream *s = context;
    char name[THREAD_NAME_MAX];
    thread_get_name(name);
    assert_memory_equal(name, may_block ? "api" : "http", 3);
    atomic_fetch_add(&s->feeds->asked, 1);
    if (!may_block && must_block(s))
        return HTTP_FEED_BLOCK;
    atomic_fetch_add(&s->feeds->blocked, may_block);
    take(s, out);
    if (strstr(strbuf_text(out), "FAIL"))
        return HTTP_FEED_FAIL;
    return strstr(strbuf_text(out), "END") ? HTTP_FEED_END : HTTP_FEED_WAIT;
}

static void closed(void *context)
{
    struct stream *s = context;
    struct feeds *f = s->feeds;
    mutex_lock(&f->fixture.mutex);
    struct stream **p = &f->streams;
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    strbuf_release(&s->told);
    mutex_unlock(&f->fixture.mutex);
    atomic_fetch_add(&f->closed, 1);
}

static enum err feed(struct http_request *r, struct http_response *out, struct error *e)
{
    struct feeds *f = feeds_of(r);
    int64_t beat_ms = 60000;
    enum err err = http_query_int(r, "beat_ms", 1, 60000, &beat_ms, e);
    if (err)
        return err;
    struct stream *s = arena_alloc(r->arena, sizeof *s);
    s->request = r;
    s->feeds = f;
    strbuf_init(&s->told, SIZE_MAX / 4);
    mutex_lock(&f->fixture.mutex);
    s->next = f->streams;
    f->streams = s;
    mutex_unlock(&f->fixture.mutex);
    atomic_fetch_add(&f->opened, 1);
    const struct http_feed feed = {
        .next = say, .closed = closed, .context = s, .beat = "beat", .beat_ms = (int)beat_ms};
    strbuf_add_string(&out->body, "hello");
    err = http_respond_feed(out, "text/plain", &feed, e);
    if (!err && http_query(r, "refuse"))
        err = error_set(e, ERR_CONFLICT, "not now");
    return err;
}

/* To every stream, from this thread. */
static void tell(struct feeds *f, const char *text)
{
    mutex_lock(&f->fixture.mutex);
    for (struct stream *s = f->streams; s; s = s->next) {
        strbuf_add_string(&s->told, text);
        http_feed_wake(s->request);
    }
    mutex_unlock(&f->fixture.mutex);
}

/* More than buffers of the kernel hold. */
static void tell_much(struct feeds *f)
{
    enum { MANY = 32 << 20 };
    char *much = malloc(MANY + 1);
    memset(much, 'x', MANY);
    much[MANY] = '\0';
    tell(f, much);
    free(much);
}

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/v1/feed", feed, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getFeed"},
};

static int set_up(void **state)
{
    struct feeds *f = test_calloc(1, sizeof *f);
    fixture_init(&f->fixture);
    f->fixture.more = HTTP_ROUTE_TABLE(ROUTES);
    f->fixture.config.app = f;
    *state = f;
    return 0;
}

static void start(struct feeds *f)
{
    fixture_start(&f->fixture);
}

static void open_feed(struct feeds *f, struct http_client *c, const char *request)
{
    int before = atomic_load(&f->opened);
    client_open(c, f->fixture.port);
    client_send(c, "%s", request);
    assert_true(client_hears(c, "hello"));
    assert_int_equal(atomic_load(&f->opened), before + 1);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_is_told_arrives_while_the_answer_stays_open(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, GET_FEED);
    assert_true(client_hears(&c, "\r\n")); /* of the chunk */
    assert_true(client_is_silent(&c, 100));
    tell(f, "one");
    assert_true(client_hears(&c, "one"));
    tell(f, "two");
    assert_true(client_hears(&c, "two"));
    assert_int_equal(atomic_load(&f->closed), 0);
    client_close(&c);
}

static void a_sleeping_stream_is_not_asked(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, GET_FEED);
    test_pause_ms(100);
    int asked = atomic_load(&f->asked);
    test_pause_ms(200);
    assert_int_equal(atomic_load(&f->asked), asked);
    client_close(&c);
}

static void a_stream_that_ends_leaves_its_connection_for_more(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    struct http_reply r;
    start(f);
    open_feed(f, &c, GET_FEED);
    tell(f, "END");
    assert_true(client_hears(&c, "END"));
    assert_true(client_hears(&c, "0\r\n\r\n"));
    assert_true(fixture_reaches(&f->closed, 1));
    client_ask(&c, 200, &r, "GET /ping HTTP/1.1\r\n" HOST "\r\n");
    reply_release(&r);
    client_close(&c);
}

static void what_must_block_is_made_on_an_api_thread(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, GET_FEED);
    tell(f, "!slow");
    assert_true(client_hears(&c, "!slow"));
    assert_true(atomic_load(&f->blocked) >= 1);
    tell(f, "fast");
    assert_true(client_hears(&c, "fast"));
    client_close(&c);
}

static void a_stream_that_fails_is_broken_off(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, GET_FEED);
    tell(f, "!FAIL");
    assert_true(client_drains(&c));
    assert_false(c.count >= 5 && memcmp(c.bytes + c.count - 5, "0\r\n\r\n", 5) == 0);
    assert_true(fixture_reaches(&f->closed, 1));
    client_close(&c);
}

static void beats_come_when_nothing_else_does(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, "GET /v1/feed?beat_ms=30 HTTP/1.1\r\n" READER "\r\n");
    assert_true(client_hears(&c, "beat"));
    assert_true(client_hears(&c, "beat"));
    tell(f, "news");
    assert_true(client_hears(&c, "news"));
    assert_true(client_hears(&c, "beat"));
    client_close(&c);
}

static void a_client_that_leaves_closes_its_stream(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, GET_FEED);
    client_close(&c);
    assert_true(fixture_reaches(&f->closed, 1));
    tell(f, "nobody hears");
}

static void a_reader_that_does_not_read_is_cut(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    f->fixture.config.response_ms = 200;
    start(f);
    open_feed(f, &c, GET_FEED);
    tell_much(f);
    assert_true(fixture_reaches(&f->closed, 1));
    client_close(&c);
}

static void a_refusal_after_the_feed_closes_it(void **state)
{
    struct feeds *f = *state;
    start(f);
    ask_once(f->fixture.port, 409, "not now", "GET /v1/feed?refuse HTTP/1.1\r\n" READER "\r\n");
    assert_int_equal(atomic_load(&f->closed), 1);
}

static void a_client_of_http_1_0_gets_it_unchunked(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    start(f);
    open_feed(f, &c, "GET /v1/feed HTTP/1.0\r\n" READER "\r\n");
    tell(f, "news");
    assert_true(client_hears(&c, "news"));
    tell(f, "END");
    assert_true(client_hears(&c, "END"));
    assert_true(client_is_closed(&c));
    client_close(&c);
}

static void a_stop_ends_every_stream_cleanly_and_soon(void **state)
{
    enum { CLIENTS = 50 };
    struct feeds *f = *state;
    struct http_client c[CLIENTS];
    f->fixture.config.drain_ms = 30000;
    start(f);
    for (int i = 0; i < CLIENTS; i++)
        open_feed(f, &c[i], GET_FEED);
    int64_t begin_ns = clock_monotonic_ns(clock_real());
    fixture_stop(&f->fixture);
    assert_true(clock_monotonic_ns(clock_real()) - begin_ns < 10 * NS_PER_SECOND);
    assert_int_equal(atomic_load(&f->closed), CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(client_hears(&c[i], "0\r\n\r\n"));
        assert_true(client_is_closed(&c[i]));
        client_close(&c[i]);
    }
}

static void a_stop_does_not_wait_for_a_reader_that_does_not_read(void **state)
{
    struct feeds *f = *state;
    struct http_client c;
    f->fixture.config.drain_ms = 30000;
    start(f);
    open_feed(f, &c, GET_FEED);
    tell_much(f);
    test_pause_ms(100);
    int64_t begin_ns = clock_monotonic_ns(clock_real());
    fixture_stop(&f->fixture);
    assert_true(clock_monotonic_ns(clock_real()) - begin_ns < 10 * NS_PER_SECOND);
    assert_int_equal(atomic_load(&f->closed), 1);
    client_close(&c);
}

/* ---- many threads ---- */

enum { TELLERS = 3, TELLS = 400, LISTENERS = 8 };

static void *tell_on(void *context)
{
    for (int i = 0; i < TELLS; i++)
        tell(context, i % 50 == 49 ? "!" : ".");
    return NULL;
}

static void nothing_that_is_told_by_many_threads_is_lost(void **state)
{
    struct feeds *f = *state;
    struct http_client c[LISTENERS];
    struct thread threads[TELLERS] = {0};
    start(f);
    for (int i = 0; i < LISTENERS; i++) {
        client_open(&c[i], f->fixture.port);
        client_send(&c[i], GET_FEED);
    }
    assert_true(fixture_reaches(&f->opened, LISTENERS));
    for (int i = 0; i < TELLERS; i++)
        assert_int_equal(
            thread_start(&threads[i], &(struct thread_options){.name = "teller"}, tell_on, f, NULL),
            ERR_OK);
    for (int i = 0; i < TELLERS; i++)
        thread_join(&threads[i]);
    tell(f, "END");
    for (int i = 0; i < LISTENERS; i++) {
        struct http_reply r;
        client_read(&c[i], &r);
        assert_int_equal(r.body_bytes, strlen("hello") + TELLERS * TELLS + strlen("END"));
        reply_release(&r);
        client_close(&c[i]);
    }
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(what_is_told_arrives_while_the_answer_stays_open),
        WITH_SERVER(a_sleeping_stream_is_not_asked),
        WITH_SERVER(a_stream_that_ends_leaves_its_connection_for_more),
        WITH_SERVER(what_must_block_is_made_on_an_api_thread),
        WITH_SERVER(a_stream_that_fails_is_broken_off),
        WITH_SERVER(beats_come_when_nothing_else_does),
        WITH_SERVER(a_client_that_leaves_closes_its_stream),
        WITH_SERVER(a_reader_that_does_not_read_is_cut),
        WITH_SERVER(a_refusal_after_the_feed_closes_it),
        WITH_SERVER(a_client_of_http_1_0_gets_it_unchunked),
        WITH_SERVER(a_stop_ends_every_stream_cleanly_and_soon),
        WITH_SERVER(a_stop_does_not_wait_for_a_reader_that_does_not_read),
        WITH_SERVER(nothing_that_is_told_by_many_threads_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
