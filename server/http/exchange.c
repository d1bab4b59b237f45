#include "server/http/exchange.h"

#include "server/http/target.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

enum {
    ARENA_MAX_BYTES = 16 * 1024 * 1024,
    KEPT_ARENA_BYTES = 64 * 1024, /* a recycled exchange holds no more than this */
    KEPT_BODY_BYTES = 16 * 1024,
    KEPT_EXCHANGES = 256, /* in one loop's free list */
    STREAM_PART_BYTES = 256 * 1024,
    QUERY_OVERHEAD_BYTES = 72, /* what libmicrohttpd keeps beside each parameter */
};

/* ---- life cycle ---- */

static struct http_exchange *take_free(struct loop *l)
{
    struct http_exchange *x = l->free_exchanges;
    if (x) {
        l->free_exchanges = x->next;
        l->free_exchange_count--;
        return x;
    }
    x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->loop = l;
    arena_init(&x->arena, ARENA_MAX_BYTES);
    strbuf_init(&x->body, LIMIT_BODY_BYTES);
    http_response_init(&x->response);
    return x;
}

static void destroy(struct http_exchange *x)
{
    http_response_release(&x->response);
    strbuf_release(&x->body);
    arena_release(&x->arena);
    free(x);
}

static void recycle(struct http_exchange *x)
{
    struct loop *l = x->loop;
    metrics_add(&l->metrics.in_flight, (uint64_t)-1);
    if (l->free_exchange_count >= KEPT_EXCHANGES) {
        destroy(x);
        return;
    }
    http_response_release(&x->response);
    x->response.header_count = 0;
    if (x->arena.used_bytes > KEPT_ARENA_BYTES)
        arena_release(&x->arena);
    else
        arena_clear(&x->arena);
    if (x->body.capacity > KEPT_BODY_BYTES)
        strbuf_release(&x->body);
    else
        strbuf_clear(&x->body);
    x->next = l->free_exchanges;
    l->free_exchanges = x;
    l->free_exchange_count++;
}

void exchange_free_all(struct loop *l)
{
    while (l->free_exchanges) {
        struct http_exchange *x = l->free_exchanges;
        l->free_exchanges = x->next;
        destroy(x);
    }
}

/* The arrays of the request are left as they are: their counts say what is in them. */
static void reset_request(struct http_exchange *x)
{
    struct http_request *r = &x->request;
    r->app = x->loop->shared->config->app;
    r->clock = x->loop->shared->config->clock;
    r->error_style = NULL;
    r->route = NULL;
    r->method = HTTP_METHOD_COUNT;
    r->path = "";
    r->segment_count = r->param_count = r->query_count = r->header_count = 0;
    r->content_type = r->body = "";
    r->body_bytes = 0;
    r->identity.id[0] = '\0';
    r->identity.scopes = 0;
    r->request_id[0] = '\0';
    r->arena = &x->arena;
    r->user = NULL;
}

static void choose_error_style(struct http_exchange *x)
{
    const struct http_error_style *style = x->loop->shared->config->error_style;
    struct http_request *r = &x->request;
    if (style && r->segment_count > 0 && strcmp(r->segments[0], style->segment) == 0)
        r->error_style = style;
}

struct http_exchange *exchange_begin(struct loop *l, struct conn *c,
                                     struct MHD_Connection *connection, const char *target)
{
    struct http_exchange *x = take_free(l);
    if (!x)
        return NULL;
    reset_request(x);
    x->conn = c;
    x->connection = connection;
    x->request.memo = &c->memo;
    x->state = EXCHANGE_HEAD;
    x->route_index = router_route_count(l->shared->router);
    x->started_ns = l->now_ns; /* of this turn: the wait for the loop is part of it */
    x->suspended = x->has_body = x->must_close = x->to_api = x->on_api = false;
    x->stream_begun = x->stream_failed = x->stream_ended = false;
    x->part_sent_bytes = 0;
    x->part_failed = x->feed_ended = x->feed_failed = false;
    atomic_store_explicit(&x->feed_state, 0, memory_order_relaxed);
    atomic_store_explicit(&x->pending, 0, memory_order_relaxed);
    atomic_store_explicit(&x->deferred, false, memory_order_relaxed);
    atomic_store_explicit(&x->handler_returned, false, memory_order_relaxed);
    x->canceled = false;
    x->target_err = target_parse(&x->request, target, &x->authority, &x->target_error);
    choose_error_style(x);
    x->target_bytes = strlen(target) + x->request.query_count * QUERY_OVERHEAD_BYTES;
    c->exchange = x;
    metrics_add(&l->metrics.in_flight, 1);
    return x;
}

void exchange_end(struct http_exchange *x)
{
    struct loop *l = x->loop;
    assert(!x->suspended);
    if (x->must_close && !x->conn->cut)
        lingers_add(&l->lingers, x->conn->fd, l->now_ns);
    x->conn->exchange = NULL;
    x->conn = NULL;
    x->connection = NULL;
    x->request.memo = NULL;
    if (!x->stream_begun || x->stream_ended || x->stream_failed) {
        recycle(x);
        return;
    }
    l->orphan_count++;
    x->job = JOB_ABORT;
    offload_push_admitted(l->shared->offload, &x->item, false);
}

void exchange_refuse(struct http_exchange *x, const struct error *e)
{
    http_respond_error(&x->request, &x->response, e);
    x->state = EXCHANGE_DISCARD;
}

/* ---- to another thread and back ---- */

void exchange_suspend(struct http_exchange *x)
{
    x->suspended = true;
    x->loop->suspended_count++;
    MHD_suspend_connection(x->connection);
}

void exchange_resume(struct http_exchange *x)
{
    struct loop *l = x->loop;
    if (!x->connection) {
        l->orphan_count--;
        recycle(x);
        return;
    }
    assert(x->suspended);
    x->suspended = false;
    l->suspended_count--;
    if (x->state == EXCHANGE_RUNNING)
        x->state = EXCHANGE_ANSWER;
    if (x->state == EXCHANGE_SENDING && !x->conn->cut)
        conn_enter(l, x->conn, CONN_RESPONSE, l->shared->config->response_ms);
    MHD_resume_connection(x->connection);
}

static void run_handler(struct http_exchange *x)
{
    struct error e;
    error_clear(&e);
    enum err err = x->request.route->handler(&x->request, &x->response, &e);
    if (err) {
        assert(!atomic_load(&x->deferred)); /* it would be answered twice */
        e.code = err;
        http_respond_error(&x->request, &x->response, &e);
    }
}

/* The handler returned. True when the answer is complete, false when somebody owes it. */
static bool handler_done(struct http_exchange *x)
{
    if (!atomic_load_explicit(&x->deferred, memory_order_relaxed))
        return true; /* nobody else knows of the request */
    atomic_store_explicit(&x->handler_returned, true, memory_order_release);
    return exchange_release(x);
}

/* Gives what has come in to the stream. False when it refused; the answer then says why. */
static bool feed_stream(struct http_exchange *x)
{
    const struct http_stream *stream = x->request.route->stream;
    struct error e = {0};
    enum err err = ERR_OK;
    if (!x->stream_begun) {
        err = stream->begin(&x->request, &e);
        x->stream_begun = !err;
    }
    if (!err && x->body.length > 0) {
        err = stream->chunk(&x->request, x->body.data, x->body.length, &e);
        if (err)
            stream->abort(&x->request);
    }
    strbuf_clear(&x->body);
    if (!err)
        return true;
    x->stream_failed = true;
    e.code = err;
    http_respond_error(&x->request, &x->response, &e);
    return false;
}

void exchange_run(struct offload_item *item)
{
    struct http_exchange *x =
        (struct http_exchange *)((char *)item - offsetof(struct http_exchange, item));
    struct loop *l = x->loop;
    bool hand_back = true;
    switch (x->job) {
    case JOB_CHUNK:
        feed_stream(x);
        break;
    case JOB_HANDLER:
        if (x->request.route->stream && !feed_stream(x))
            break;
        x->stream_ended = true;
        run_handler(x);
        hand_back = handler_done(x);
        break;
    case JOB_ABORT:
        x->request.route->stream->abort(&x->request);
        break;
    case JOB_PART:
        parts_make(x);
        break;
    case JOB_FEED:
        feed_make(x);
        break;
    }
    if (hand_back)
        loop_hand_back(l, x);
}

/* ---- libmicrohttpd's calls ---- */

static void begin_running(struct http_exchange *x)
{
    x->state = EXCHANGE_RUNNING;
    x->job = JOB_HANDLER;
    atomic_store_explicit(&x->pending, 1, memory_order_relaxed);
    conn_enter(x->loop, x->conn, CONN_HANDLING, 0);
}

static bool refuse_full(struct http_exchange *x)
{
    struct error e;
    error_set(&e, ERR_UNAVAILABLE, "too many requests are waiting, try again soon");
    exchange_refuse(x, &e);
    return exchange_reply(x);
}

/* The request is complete: runs its handler here, or sends it to an api thread. */
static bool dispatch(struct http_exchange *x)
{
    const struct http_route *route = x->request.route;
    begin_running(x);
    if (route->flags & HTTP_ROUTE_INLINE) {
        run_handler(x);
        if (!x->to_api) {
            if (handler_done(x))
                return exchange_reply(x);
            exchange_suspend(x);
            return true;
        }
    }
    x->on_api = true;
    if (!offload_push(x->loop->shared->offload, &x->item, route->flags & HTTP_ROUTE_LONG))
        return refuse_full(x);
    exchange_suspend(x);
    return true;
}

/* In the middle of a body libmicrohttpd takes no answer: it goes out past it, and the connection
 * ends. */
static bool answer_and_close(struct http_exchange *x)
{
    exchange_reply_raw(x);
    x->must_close = true;
    return false;
}

static bool take_body(struct http_exchange *x, const char *upload, size_t *upload_bytes)
{
    if (*upload_bytes == 0) {
        x->request.body = strbuf_text(&x->body);
        x->request.body_bytes = x->body.length;
        return dispatch(x);
    }
    struct error e;
    size_t limit = x->request.route->max_body_bytes;
    if (*upload_bytes > limit - x->body.length) {
        error_set(&e, ERR_TOO_LARGE, "the body is larger than %zu bytes", limit);
        exchange_refuse(x, &e);
        return answer_and_close(x);
    }
    strbuf_add(&x->body, upload, *upload_bytes);
    if (strbuf_failed(&x->body)) {
        error_set(&e, ERR_NO_MEMORY, "no memory for the body");
        exchange_refuse(x, &e);
        return answer_and_close(x);
    }
    *upload_bytes = 0;
    return true;
}

static bool take_stream(struct http_exchange *x, const char *upload, size_t *upload_bytes)
{
    struct offload *offload = x->loop->shared->offload;
    if (x->stream_failed)
        return answer_and_close(x);
    if (*upload_bytes == 0) {
        begin_running(x);
        offload_push_admitted(offload, &x->item, true);
        exchange_suspend(x);
        return true;
    }
    size_t room = STREAM_PART_BYTES - x->body.length;
    size_t taken = *upload_bytes < room ? *upload_bytes : room;
    strbuf_add(&x->body, upload, taken);
    if (strbuf_failed(&x->body)) {
        struct error e;
        error_set(&e, ERR_NO_MEMORY, "no memory for the body");
        exchange_refuse(x, &e);
        return answer_and_close(x);
    }
    *upload_bytes -= taken;
    if (x->body.length == STREAM_PART_BYTES) {
        x->job = JOB_CHUNK;
        offload_push_admitted(offload, &x->item, false);
        exchange_suspend(x);
    }
    return true;
}

static bool discard(struct http_exchange *x, size_t *upload_bytes)
{
    if (*upload_bytes == 0)
        return exchange_reply(x);
    *upload_bytes = 0;
    return true;
}

static bool begin_body(struct http_exchange *x)
{
    const struct http_config *config = x->loop->shared->config;
    if (x->has_body)
        conn_enter(x->loop, x->conn, CONN_BODY,
                   x->state == EXCHANGE_STREAM ? config->stream_ms : config->body_ms);
    if (x->state != EXCHANGE_DISCARD || !x->must_close)
        return true;
    if (x->response.status == 431)
        return answer_and_close(x); /* libmicrohttpd has no memory left for an answer */
    /* An answer before the body makes libmicrohttpd close the connection behind it. */
    return exchange_reply(x);
}

bool exchange_advance(struct http_exchange *x, const char *method, const char *version,
                      const char *upload, size_t *upload_bytes)
{
    if (x->conn->cut)
        return false;
    /* Of a chunked body that lies ready, libmicrohttpd offers the next part although the connection
     * was suspended over the last one. It is not taken, and offered again later. */
    if (x->suspended)
        return true;
    switch (x->state) {
    case EXCHANGE_HEAD:
        exchange_check_head(x, method, version);
        return begin_body(x);
    case EXCHANGE_BODY:
        return take_body(x, upload, upload_bytes);
    case EXCHANGE_STREAM:
        return take_stream(x, upload, upload_bytes);
    case EXCHANGE_DISCARD:
        return discard(x, upload_bytes);
    case EXCHANGE_ANSWER:
        return exchange_reply(x);
    case EXCHANGE_RUNNING:
    case EXCHANGE_SENDING:
        break;
    }
    assert(!"no call is expected while a handler runs or an answer is sent");
    return false;
}
