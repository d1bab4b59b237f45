/* Routes: what the program answers to, as data. Each resource file ends in one array of these; the
 * server is handed all of them at its start, and a test compares them with openapi.yaml.
 *
 * A pattern is "/v1/backtests/{id}/fires": literal segments and parameters in braces. Where both
 * fit, the literal wins. A trailing slash is another path and is not found. HEAD (for every GET)
 * and OPTIONS are answered without a row of their own.
 */
#ifndef SERVER_HTTP_ROUTE_H
#define SERVER_HTTP_ROUTE_H

#include "base/error.h"
#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

struct http_request;
struct http_response;

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT,
};
const char *http_method_name(enum http_method method);

/* Answers one request: fills *out and returns ERR_OK, or returns an error, which becomes a problem
 * answer by its code (whatever is in *out is dropped then, its extra headers apart). It may also
 * answer later: see http_request_defer. Runs on an `api-N` thread, where it may block; with
 * HTTP_ROUTE_INLINE on a loop thread, where it must not. No lock is held. */
typedef enum err (*http_handler)(struct http_request *r, struct http_response *out,
                                 struct error *e);

/* Takes a body as it comes in, for bodies without a limit on size. All calls run on `api-N`
 * threads, one after the other for one request; the sender is held back meanwhile. The handler runs
 * after the last chunk. After a begin that succeeded exactly one of the two happens: the handler is
 * called, or `abort` (the client vanished, was too slow, chunk failed, the server stops). */
struct http_stream {
    enum err (*begin)(struct http_request *r, struct error *e);
    enum err (*chunk)(struct http_request *r, const void *bytes, size_t size_bytes,
                      struct error *e);
    void (*abort)(struct http_request *r);
};

enum http_route_flags {
    HTTP_ROUTE_OPEN = 1,   /* no key needed */
    HTTP_ROUTE_INLINE = 2, /* runs on the loop: microseconds, memory only, never blocks */
    HTTP_ROUTE_LONG = 4,   /* may take seconds: never more than half of the api threads at once */
};

struct http_route {
    enum http_method method; /* GET, POST, PUT, PATCH or DELETE */
    const char *pattern;
    http_handler handler;
    uint32_t scope; /* bits that the key must all have; 0 = any valid key */
    uint32_t flags;
    size_t max_body_bytes; /* LIMIT_BODY_BYTES, or 0: a body is refused; no meaning with stream */
    const char *content_types;        /* "application/json, text/plain"; NULL = any; a request that
                                         names none is taken as the first */
    const struct http_stream *stream; /* NULL = the whole body in memory. Implies LONG */
    const char *operation_id;         /* as in openapi.yaml; unique; labels the metrics */
};

struct http_route_table {
    const struct http_route *routes;
    size_t count;
};
#define HTTP_ROUTE_TABLE(array)                                                                    \
    ((struct http_route_table){.routes = (array), .count = sizeof(array) / sizeof((array)[0])})

/* Every route of all tables, in order. */
void http_routes_each(const struct http_route_table *tables, size_t table_count,
                      void (*fn)(const struct http_route *route, void *context), void *context);

#endif
