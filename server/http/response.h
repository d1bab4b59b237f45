/* What a handler answers. It fills a `struct http_response` that the server owns; nothing is sent
 * before the handler returns (or completes).
 *
 * The server adds by itself: Content-Length, Date, X-Request-Id, X-Content-Type-Options,
 * Cache-Control (no-store unless set), and turns a 200 to GET or HEAD whose ETag matches
 * If-None-Match into a 304.
 */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include "base/error.h"
#include "base/strbuf.h"
#include "server/http/request.h"

#include <stdint.h>

enum { HTTP_ETAG_MAX = 80, HTTP_RESPONSE_HEADERS_MAX = 8 };

/* A finished rendering, immutable and shared between answers and threads: a job keeps the one of
 * its current revision, each GET takes a reference. Safe from any thread. */
struct http_body;
/* Takes the bytes out of `bytes` (which is empty afterwards). etag: "" or a strong tag with its
 * quotes, shorter than HTTP_ETAG_MAX. NULL when memory is out or `bytes` had failed. */
struct http_body *http_body_create(struct strbuf *bytes, const char *content_type,
                                   const char *etag);
struct http_body *http_body_ref(struct http_body *b);
void http_body_unref(struct http_body *b); /* NULL is fine */
const char *http_body_etag(const struct http_body *b);
const char *http_body_text(const struct http_body *b, size_t *ret_size_bytes);

/* Makes the next part of an answer that is too large to be whole in memory: appends to `out`, some
 * HTTP_PART_BYTES at a time (nothing is fine too), and tells whether there is more. Runs on `api-N`
 * threads, one call after the other, and may block; between calls the client takes its time, so
 * nothing that others need (a lease of a database connection) may be held across them. */
typedef enum err (*http_produce)(void *context, struct strbuf *out, bool *ret_more,
                                 struct error *e);
enum { HTTP_PART_BYTES = 256 * 1024 };

/* What a feed has to say to being asked. */
enum http_feed_next {
    HTTP_FEED_WAIT,  /* that was all: ask again after the next wake */
    HTTP_FEED_MORE,  /* ask again once this is sent */
    HTTP_FEED_BLOCK, /* ask again on a thread that may block; what was appended stays */
    HTTP_FEED_END,   /* the answer is complete */
    HTTP_FEED_FAIL,  /* the connection is broken off */
};

/* An answer that stays open: what it sends comes from outside, in its own time.
 *
 * `next` appends to `out` what there is to send, some HTTP_PART_BYTES at most. It runs on the loop
 * (may_block false: memory only, microseconds), and on an api thread after HTTP_FEED_BLOCK. One
 * call at a time; each part has config.response_ms to be read. Between calls the stream holds no
 * thread. */
struct http_feed {
    enum http_feed_next (*next)(void *context, struct strbuf *out, bool may_block);
    /* Once, when the answer has ended or its client is gone: no wake may come after it. Must not
     * block. */
    void (*closed)(void *context);
    void *context; /* borrowed: from the arena */
    /* Sent after beat_ms without anything else, so that a client which is gone is noticed. */
    const char *beat;
    int beat_ms;
};

struct http_response {
    int status;                /* 200 unless set */
    const char *content_type;  /* static or from the arena */
    const char *cache_control; /* NULL = no-store */
    char etag[HTTP_ETAG_MAX];  /* "" or with its quotes */
    struct strbuf body;        /* owned; ready to be appended to, no limit but memory */
    http_produce produce;      /* NULL, or makes what follows the body */
    void *produce_context;     /* borrowed: from the arena */
    struct http_feed feed;     /* `next` NULL = none; what follows the body */
    struct http_body *shared;  /* instead of body: one reference, owned */
    struct http_field headers[HTTP_RESPONSE_HEADERS_MAX]; /* borrowed: static or from the arena */
    size_t header_count;
};

/* An extra header; value printed into the request's arena. Not for the headers the server adds. */
void http_add_header(struct http_request *r, struct http_response *out, const char *name,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void http_set_etag(struct http_response *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The body was written to out->body: application/json, with this status. ERR_NO_MEMORY if it
 * failed. */
enum err http_respond_json(struct http_response *out, int status, struct error *e);
/* Another type; `content_type` is borrowed: static or from the arena. */
enum err http_respond_text(struct http_response *out, int status, const char *content_type,
                           struct error *e);
/* An answer in parts: calls `produce` for the first one. When it is all, it becomes an ordinary
 * body. Otherwise the rest is made as the client reads, and sent chunked; each part has
 * config.response_ms to be read. `context` must live as long as the request: take it from the
 * request's arena. An error of the first part is returned; one of a later part is logged and breaks
 * the connection off, which the client sees as a body without its end. Only from an api thread. */
enum err http_respond_parts(struct http_response *out, const char *content_type,
                            http_produce produce, void *context, struct error *e);
/* A 200 that stays open: what was written to out->body, then what the feed brings, sent chunked.
 * At the server's stop it ends as if the feed had. Not for HEAD. `feed` is copied; from here on
 * feed->closed will be called. */
enum err http_respond_feed(struct http_response *out, const char *content_type,
                           const struct http_feed *feed, struct error *e);
/* The feed of r's answer has something to send. From any thread between the handler's beginning and
 * the end of feed->closed, with locks below HTTP_LOOP held. */
void http_feed_wake(struct http_request *r);
/* A shared rendering with its type and tag; takes one more reference of its own. */
void http_respond_shared(struct http_response *out, int status, struct http_body *body);
void http_respond_empty(struct http_response *out, int status);
/* True when If-None-Match names this tag: the answer is then a 304 and the handler is done. Before
 * rendering anything. */
bool http_respond_not_modified(struct http_request *r, struct http_response *out, const char *etag);

/* A problem answer with several details, for refusals that list more than one place (an import's
 * bad rows). A handler with a single error just returns it. */
struct http_problem_detail {
    const char *pointer; /* JSON pointer, "?name" for a query parameter, or NULL */
    int64_t line;        /* 0 = none */
    int32_t column;
    const char *detail;
};
void http_respond_problem(struct http_request *r, struct http_response *out, const struct error *e,
                          const struct http_problem_detail *details, size_t detail_count);

/* How refusals read below one first segment of the path, those of the server itself included: for
 * an API whose clients expect another form than a problem object. */
struct http_error_style {
    const char *segment; /* "v2" */
    const char *content_type;
    int (*status)(const struct error *e); /* 400..599 */
    void (*write)(const struct error *e, struct strbuf *out);
};

/* Writes the problem object (RFC 9457) of `e`:
 *   {"type": "urn:bracketd:problem:<code>", "title", "status", "detail", "code", "request_id",
 *    "errors": [{"pointer" or "parameter", "line", "column", "detail"}], "line", "column"}
 * errors, line and column only when there are any. */
void http_problem_write(struct strbuf *out, const struct error *e, const char *request_id,
                        const struct http_problem_detail *details, size_t detail_count);

#endif
