#include "server/http/response_internal.h"

#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char PROBLEM_TYPE[] = "application/problem+json";
static const char RETRY_AFTER_SECONDS[] = "1";

/* ---- shared bodies ---- */

struct http_body *http_body_create(struct strbuf *bytes, const char *content_type, const char *etag)
{
    assert(strlen(etag) < HTTP_ETAG_MAX);
    if (strbuf_failed(bytes))
        return NULL;
    struct http_body *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    assert(strlen(content_type) < sizeof b->content_type);
    atomic_init(&b->references, 1);
    snprintf(b->etag, sizeof b->etag, "%s", etag);
    snprintf(b->content_type, sizeof b->content_type, "%s", content_type);
    b->bytes = strbuf_take(bytes, &b->size_bytes);
    return b;
}

struct http_body *http_body_ref(struct http_body *b)
{
    atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
    return b;
}

void http_body_unref(struct http_body *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    free(b->bytes);
    free(b);
}

const char *http_body_etag(const struct http_body *b)
{
    return b->etag;
}

const char *http_body_text(const struct http_body *b, size_t *ret_size_bytes)
{
    *ret_size_bytes = b->size_bytes;
    return b->bytes ? b->bytes : "";
}

/* ---- life cycle ---- */

void http_response_init(struct http_response *out)
{
    out->status = 200;
    out->content_type = NULL;
    out->cache_control = NULL;
    out->etag[0] = '\0';
    strbuf_init(&out->body, SIZE_MAX / 4);
    out->produce = NULL;
    out->produce_context = NULL;
    out->feed.next = NULL;
    out->shared = NULL;
    out->header_count = 0;
}

void http_response_drop_body(struct http_response *out)
{
    size_t header_count = out->header_count;
    http_response_release(out);
    out->header_count = header_count;
}

void http_response_release(struct http_response *out)
{
    if (out->feed.next)
        out->feed.closed(out->feed.context);
    strbuf_release(&out->body);
    http_body_unref(out->shared);
    http_response_init(out);
}

/* ---- what handlers call ---- */

void http_add_header(struct http_request *r, struct http_response *out, const char *name,
                     const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof text);
    assert(out->header_count < HTTP_RESPONSE_HEADERS_MAX);
    char *value = arena_strdup(r->arena, text);
    if (value) /* without memory the answer goes without it */
        out->headers[out->header_count++] = (struct http_field){name, value};
}

void http_set_etag(struct http_response *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out->etag, sizeof out->etag, format, arguments);
    va_end(arguments);
    assert(length >= 2 && (size_t)length < sizeof out->etag && out->etag[0] == '"');
}

enum err http_respond_json(struct http_response *out, int status, struct error *e)
{
    return http_respond_text(out, status, "application/json", e);
}

enum err http_respond_text(struct http_response *out, int status, const char *content_type,
                           struct error *e)
{
    if (strbuf_failed(&out->body))
        return error_set(e, ERR_NO_MEMORY, "no memory for the answer");
    out->status = status;
    out->content_type = content_type;
    return ERR_OK;
}

enum err http_respond_parts(struct http_response *out, const char *content_type,
                            http_produce produce, void *context, struct error *e)
{
    bool more = false;
    enum err err = produce(context, &out->body, &more, e);
    if (!err)
        err = http_respond_text(out, 200, content_type, e);
    if (!err && more) {
        out->produce = produce;
        out->produce_context = context;
    }
    return err;
}

enum err http_respond_feed(struct http_response *out, const char *content_type,
                           const struct http_feed *feed, struct error *e)
{
    assert(feed->next && feed->closed && feed->beat_ms > 0);
    out->feed = *feed;
    return http_respond_text(out, 200, content_type, e);
}

void http_respond_shared(struct http_response *out, int status, struct http_body *body)
{
    assert(!out->shared);
    out->status = status;
    out->shared = http_body_ref(body);
    out->content_type = body->content_type;
    memcpy(out->etag, body->etag, sizeof out->etag);
}

void http_respond_empty(struct http_response *out, int status)
{
    out->status = status;
    out->content_type = NULL;
}

bool http_respond_not_modified(struct http_request *r, struct http_response *out, const char *etag)
{
    size_t length = strlen(etag);
    assert(length < sizeof out->etag);
    if (!http_request_matches_etag(r, etag))
        return false;
    http_respond_empty(out, 304);
    memcpy(out->etag, etag, length + 1);
    return true;
}

void http_respond_problem(struct http_request *r, struct http_response *out, const struct error *e,
                          const struct http_problem_detail *details, size_t detail_count)
{
    const struct http_error_style *style = r->error_style;
    http_response_drop_body(out);
    out->status = style ? style->status(e) : err_http_status(e->code);
    out->content_type = style ? style->content_type : PROBLEM_TYPE;
    if (style)
        style->write(e, &out->body);
    else
        http_problem_write(&out->body, e, r->request_id, details, detail_count);
    if (strbuf_failed(&out->body))
        http_response_drop_body(out), out->status = 503;
}

/* ---- errors of handlers and refusals ---- */

static bool has_header(const struct http_response *out, const char *name)
{
    for (size_t i = 0; i < out->header_count; i++)
        if (strcasecmp(out->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_static_header(struct http_response *out, const char *name, const char *value)
{
    if (!has_header(out, name) && out->header_count < HTTP_RESPONSE_HEADERS_MAX)
        out->headers[out->header_count++] = (struct http_field){name, value};
}

static const char *challenge(const struct http_request *r)
{
    return http_header(r, "Authorization") ? "Bearer realm=\"bracketd\", error=\"invalid_token\""
                                           : "Bearer realm=\"bracketd\"";
}

void http_respond_error(struct http_request *r, struct http_response *out, const struct error *e)
{
    assert(e->code != ERR_OK);
    struct error shown = *e;
    if (e->code == ERR_INTERNAL || e->code == ERR_IO) {
        log_event(LOG_ERROR, "request_failed", LOG_TEXT("request_id", r->request_id),
                  LOG_TEXT("operation", r->route ? r->route->operation_id : ""),
                  LOG_TEXT("detail", e->message));
        error_set(&shown, e->code, "the server failed; its log tells more under this request_id");
    }
    if (e->code == ERR_UNAUTHORIZED)
        add_static_header(out, "WWW-Authenticate", challenge(r));
    if (e->code == ERR_BUSY || e->code == ERR_UNAVAILABLE || e->code == ERR_NO_MEMORY)
        add_static_header(out, "Retry-After", RETRY_AFTER_SECONDS);
    http_respond_problem(r, out, &shown, NULL, 0);
}
