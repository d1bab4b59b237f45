#include "server/http/exchange.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

/* The body moves into the response; out->body and out->shared are empty afterwards. A body in parts
 * stays where it is. */
static struct MHD_Response *make_response(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    size_t size_bytes = 0;
    if (out->shared) {
        struct MHD_Response *m = reply_from_shared(out->shared);
        if (m)
            out->shared = NULL;
        return m;
    }
    if (out->produce)
        return parts_response(x);
    if (out->feed.next)
        return feed_response(x);
    if (out->body.length == 0)
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    char *bytes = strbuf_take(&out->body, &size_bytes);
    struct MHD_Response *m =
        MHD_create_response_from_buffer(size_bytes, bytes, MHD_RESPMEM_MUST_FREE);
    if (!m)
        free(bytes);
    return m;
}

static bool add(struct MHD_Response *m, const char *name, const char *value)
{
    return MHD_add_response_header(m, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *m, const struct http_exchange *x)
{
    const struct http_response *out = &x->response;
    bool closing =
        x->must_close || atomic_load_explicit(&x->loop->shared->stopping, memory_order_relaxed);
    /* First: it makes libmicrohttpd 0.9.75 forget that there is a Date, and add its own. */
    bool ok = !closing || add(m, "Connection", "close");
    ok = ok && reply_add_common(m, x->request.request_id, x->loop->date,
                                out->cache_control ? out->cache_control : "no-store");
    if (out->content_type)
        ok = ok && add(m, "Content-Type", out->content_type);
    if (out->etag[0])
        ok = ok && add(m, "ETag", out->etag);
    for (size_t i = 0; i < out->header_count; i++)
        ok = ok && add(m, out->headers[i].name, out->headers[i].value);
    return ok;
}

/* A 200 that the client has already becomes a 304. */
static void apply_condition(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    if (out->status != 200 || !out->etag[0] || !http_request_matches_etag(&x->request, out->etag))
        return;
    char etag[HTTP_ETAG_MAX];
    const char *cache_control = out->cache_control;
    memcpy(etag, out->etag, sizeof etag);
    http_response_drop_body(out);
    http_respond_empty(out, 304);
    out->cache_control = cache_control;
    memcpy(out->etag, etag, sizeof etag);
}

static void count(struct http_exchange *x)
{
    int64_t took_ns = clock_monotonic_ns(clock_real()) - x->started_ns;
    metrics_count(&x->loop->metrics, x->route_index, x->response.status, took_ns);
    if (x->loop->shared->config->access_log)
        log_event(LOG_DEBUG, "request", LOG_TEXT("request_id", x->request.request_id),
                  LOG_TEXT("method", x->request.method < HTTP_METHOD_COUNT
                                         ? http_method_name(x->request.method)
                                         : "?"),
                  LOG_TEXT("path", x->request.path), LOG_INT("status", x->response.status),
                  LOG_INT("took_us", took_ns / NS_PER_US), LOG_TEXT("key", x->request.identity.id));
}

/* Nothing about this answer differs from the last one of the same body or tag, but id and date. */
static bool is_repeatable(const struct http_exchange *x)
{
    const struct http_response *out = &x->response;
    bool kept = out->status == 304 ? out->etag[0] && !out->content_type
                                   : out->status == 200 && out->shared &&
                                         out->shared->size_bytes <= REPLY_CACHE_BODY_BYTES;
    return kept && out->header_count == 0 && !out->cache_control && x->made_request_id &&
           !x->must_close &&
           !atomic_load_explicit(&x->loop->shared->stopping, memory_order_relaxed);
}

static struct MHD_Response *kept_response(struct http_exchange *x)
{
    struct reply_cache *cache = &x->loop->replies;
    const struct http_response *out = &x->response;
    const char *id = x->request.request_id, *date = x->loop->date;
    return out->status == 304 ? reply_cache_get_unchanged(cache, out->etag, id, date)
                              : reply_cache_get(cache, out->shared, id, date);
}

static bool queue(struct http_exchange *x, struct MHD_Response *m)
{
    return MHD_queue_response(x->connection, (unsigned)x->response.status, m) == MHD_YES;
}

bool exchange_reply(struct http_exchange *x)
{
    apply_condition(x);
    x->state = EXCHANGE_SENDING;
    conn_enter(x->loop, x->conn, CONN_RESPONSE, x->loop->shared->config->response_ms);
    count(x);
    if (is_repeatable(x)) {
        struct MHD_Response *kept = kept_response(x);
        return kept && queue(x, kept);
    }
    struct MHD_Response *m = make_response(x);
    if (!m)
        return false;
    bool ok = add_headers(m, x) && queue(x, m);
    MHD_destroy_response(m);
    return ok;
}

void exchange_reply_raw(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    strbuf_add_format(
        &text,
        "HTTP/1.1 %d %s\r\nDate: %s\r\nX-Request-Id: %s\r\nX-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\nContent-Type: %s\r\n"
        "Content-Length: %zu\r\n",
        out->status, MHD_get_reason_phrase_for((unsigned)out->status), x->loop->date,
        x->request.request_id, out->content_type, out->body.length);
    for (size_t i = 0; i < out->header_count; i++)
        strbuf_add_format(&text, "%s: %s\r\n", out->headers[i].name, out->headers[i].value);
    strbuf_add_string(&text, "\r\n");
    strbuf_add(&text, out->body.data, out->body.length);
    if (!strbuf_failed(&text)) {
        ssize_t sent = send(x->conn->fd, text.data, text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* a client that reads nothing gets nothing */
    }
    strbuf_release(&text);
    count(x);
}
