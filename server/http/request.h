/* One request, as a handler sees it.
 *
 * Everything here belongs to the server and lives until the answer is on its way: until the handler
 * returns, or, after http_request_defer, until http_request_complete. One thread at a time uses it.
 * All texts are percent-decoded, NUL-terminated and valid UTF-8 without NUL.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "server/http/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_IDENTITY_ID_MAX = 64, HTTP_HEADERS_MAX = 64, HTTP_MEMO_BYTES = 192 };

/* Who asks. The server only compares scopes with the route's; the rest is the authenticator's. */
struct http_identity {
    char id[HTTP_IDENTITY_ID_MAX];
    uint32_t scopes;
    /* What its orders may come to, each and all that are open; cash at 1e-6, 0 = no limit. */
    int64_t max_order_notional, max_open_notional;
};

/* What the authenticator remembers of a connection, so that a key which comes with each request is
 * known again: zeros at first, and wiped at the end. */
struct http_memo {
    _Alignas(int64_t) unsigned char bytes[HTTP_MEMO_BYTES];
};

/* A named text: query parameter, path parameter or header. */
struct http_field {
    const char *name;
    const char *value;
};

struct http_request {
    void *app; /* http_config.context */
    const struct clock *clock;
    const struct http_error_style *error_style; /* of its path; NULL = RFC 9457 */
    const struct http_route *route;
    enum http_method
        method;       /* HTTP_HEAD too: answer as to GET, the body is left out by the server */
    const char *path; /* as sent, without the query; for logs and Location */
    const char *segments[LIMIT_PATH_SEGMENTS];
    size_t segment_count;
    struct http_field params[LIMIT_PATH_SEGMENTS]; /* {id} -> its value */
    size_t param_count;
    struct http_field query[LIMIT_QUERY_PARAMETERS]; /* in the order sent; names are unique */
    size_t query_count;
    struct http_field headers[HTTP_HEADERS_MAX];
    size_t header_count;
    const char *content_type; /* media type alone, lower case, without parameters; "" if none */
    const char *body; /* whole body, NUL-terminated beyond body_bytes; "" if none or streamed */
    size_t body_bytes;
    struct http_identity identity; /* empty id on open routes */
    struct http_memo *memo;        /* for the authenticator alone */
    char request_id[LIMIT_REQUEST_ID_BYTES + 1];
    struct arena *arena; /* freed whole with the request */
    void *user;          /* the handler's own, NULL at first; e.g. between stream calls */
};

/* Value of a {parameter} of the pattern; it must be in the pattern (asserted). */
const char *http_param(const struct http_request *r, const char *name);
/* First header of that name (case-insensitive), or NULL. */
const char *http_header(const struct http_request *r, const char *name);
/* The same from index *at on, which moves behind it: each header of that name in turn. */
const char *http_next_header(const struct http_request *r, const char *name, size_t *at);

/* ---- query parameters -------------------------------------------------------------------------
 * Form decoding: %XX and + (a space). A name given twice was refused before the handler ran. The
 * typed helpers leave *ret as it is when the parameter is absent, so put the default there first.
 * Errors are ERR_INVALID with pointer "?name", which becomes {"parameter": "name"} in the answer.
 */
const char *http_query(const struct http_request *r, const char *name); /* NULL when absent */
enum err http_query_int(const struct http_request *r, const char *name, int64_t min, int64_t max,
                        int64_t *ret, struct error *e);
enum err http_query_number(const struct http_request *r, const char *name, double min, double max,
                           double *ret, struct error *e);
/* "true", "false", "1", "0"; a name without a value ("?dry_run") is true. */
enum err http_query_bool(const struct http_request *r, const char *name, bool *ret,
                         struct error *e);
/* Index into `names` (NULL-terminated); the refusal lists them. */
enum err http_query_enum(const struct http_request *r, const char *name, const char *const *names,
                         int *ret, struct error *e);
/* A text of 1..max_bytes bytes. */
enum err http_query_text(const struct http_request *r, const char *name, size_t max_bytes,
                         const char **ret, struct error *e);

struct http_when {
    bool given;
    bool is_date; /* "2024-01-02": `days` is set, and the caller decides in which zone it begins */
    int32_t days; /* since 1970-01-01 */
    int64_t ns;   /* otherwise: UTC */
};
/* RFC 3339 or a date. An unescaped + of an offset arrives as a space and is understood. */
enum err http_query_when(const struct http_request *r, const char *name, struct http_when *ret,
                         struct error *e);
/* Refuses any parameter that is not in `names` (NULL-terminated), naming the nearest that is. */
enum err http_query_only(const struct http_request *r, const char *const *names, struct error *e);

/* ---- conditions and formats -------------------------------------------------------------------
 */

/* Seconds to wait by `?wait=N` or, without it, `Prefer: wait=N`: 0..LIMIT_WAIT_SECONDS; longer is
 * cut; 0 when neither is given. */
enum err http_request_wait(const struct http_request *r, int64_t *ret_seconds, struct error *e);

/* Picks among `types` (NULL-terminated media types, the default first) by ?format= (json, csv,
 * ndjson, html, text) or else by Accept with its q-values. ERR_NOT_ACCEPTABLE when nothing fits. */
enum err http_negotiate(const struct http_request *r, const char *const *types, int *ret_index,
                        struct error *e);

/* If-None-Match against a strong entity tag ("\"17-3\"", with its quotes): lists and * are known,
 * weak tags never match. Only for GET and HEAD, otherwise false. */
bool http_request_matches_etag(const struct http_request *r, const char *etag);

/* ---- when memory does not know -----------------------------------------------------------------
 * A handler of an inline route that would have to block calls http_request_move_to_api and returns
 * ERR_OK: it then runs once more, from its start, on an api thread. */
void http_request_move_to_api(struct http_request *r);
bool http_request_on_api(const struct http_request *r);

/* ---- answering later ---------------------------------------------------------------------------
 * A handler that calls http_request_defer answers after it has returned (it then returns ERR_OK):
 * some thread fills http_request_response(r) and calls http_request_complete(r), exactly once. From
 * then on r is gone for it.
 *
 * `cancel` is called at most once, on the loop thread (so it must be short and must not block),
 * when the deadline passes, the client vanishes or the server stops. It does not end the request:
 * it makes sure that somebody completes it soon, and may do so itself. It is never called after the
 * loop saw the completion, but it may run while another thread is about to complete; the usual form
 * is a list of waiters under a lock, and whoever takes the waiter out of the list completes it.
 * `context` must live as long as the request: take it from the request's arena. */
enum http_cancel { HTTP_CANCEL_DEADLINE, HTTP_CANCEL_CLIENT_GONE, HTTP_CANCEL_STOP };
typedef void (*http_cancel_fn)(struct http_request *r, enum http_cancel why, void *context);

/* deadline_ns: monotonic, of r->clock; 0 = none. It is looked at every http_config.scan_ms. */
void http_request_defer(struct http_request *r, int64_t deadline_ns, http_cancel_fn cancel,
                        void *context);
/* Takes the deferral back, for a handler that finds out that it can answer at once after all. Only
 * before it returns, and only when nobody else holds the request any more. */
void http_request_undefer(struct http_request *r);
struct http_response *http_request_response(struct http_request *r);
void http_request_complete(struct http_request *r);
/* Completes with a problem answer. */
void http_request_fail(struct http_request *r, const struct error *e);

#endif
