/* The HTTP server: event loops over libmicrohttpd, routes to handlers, and nothing about resources.
 *
 * Threads: `http-N` (one loop and one listening socket each; they never block) and `api-N`
 * (handlers that may block). All are started by http_server_start and joined by http_server_stop.
 *
 * Refused before any handler runs, as application/problem+json (or as config.error_style says):
 * malformed targets and escapes (400), ambiguous lengths (400, connection closed), a missing key
 * (401), a missing scope (403), unknown paths (404) and methods (405 with Allow), a Host that is
 * not ours (421), too much body (413), target (414) or headers (431), other media types (415), a
 * full queue (503 with Retry-After). What libmicrohttpd itself finds malformed (a bad request line,
 * a header without a colon) is answered by it with 4xx and a short HTML text.
 */
#ifndef SERVER_HTTP_SERVER_H
#define SERVER_HTTP_SERVER_H

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checks the key of a request to a route that is not open. `token` is what follows "Bearer ", or
 * NULL without such a header; `r` gives other headers. On a loop thread, for each request: memory
 * only, in constant time for the secret. ERR_UNAUTHORIZED becomes a 401 with WWW-Authenticate. */
typedef enum err (*http_authenticate)(void *app, const struct http_request *r, const char *token,
                                      struct http_identity *ret_identity, struct error *e);

struct http_config {
    const char *host; /* numeric address to bind, "127.0.0.1" or "::1" */
    uint16_t port;    /* 0 = any free one; see http_server_port */
    int loop_count;   /* 1..LIMIT_HTTP_THREADS */
    int api_thread_count;
    size_t offload_queue_limit;
    int connection_limit;          /* over all loops; cut to what RLIMIT_NOFILE allows */
    const char *const *host_names; /* allowed in Host beside localhost, 127.0.0.1, [::1] and `host`;
                                      "name" (any port) or "name:port" */
    size_t host_name_count;
    const char *const *scope_names; /* of each scope bit, for refusals; may be fewer than bits */
    int scope_name_count;
    const struct http_error_style *error_style; /* below its segment; NULL = RFC 9457 everywhere */
    http_authenticate authenticate;             /* NULL: routes that need a key answer 401 */
    void *app;                                  /* http_request.app */
    const struct clock *clock;
    bool access_log; /* one debug line a request */

    /* Absolute, not restarted by progress; enforced every scan_ms. */
    int head_ms; /* from accept, or from the request line of a later request, to the end of the head
                  */
    int body_ms; /* the whole body */
    int stream_ms;   /* the whole body of a streamed request */
    int response_ms; /* the answer, until the reader has drained it */
    int idle_ms;     /* between two requests */
    int scan_ms;
    int drain_ms; /* at stop: what is under way may finish for so long */
};
/* limits.h's numbers, 127.0.0.1:8080, one loop and four api threads. */
void http_config_defaults(struct http_config *config);

struct http_server;

/* Checks the configuration and the routes and builds the route index; a broken route table is a bug
 * of ours and aborts. `config` and `tables` are copied, what they point to is borrowed until free.
 */
enum err http_server_create(const struct http_config *config, const struct http_route_table *tables,
                            size_t table_count, struct http_server **ret_server, struct error *e);
/* Binds (ERR_CONFLICT when another process has the port), then starts all threads. */
enum err http_server_start(struct http_server *s, struct error *e);
/* Refuses new connections, cancels deferred requests, aborts uploads, lets the rest finish for
 * drain_ms, then closes everything and joins the threads. Waits for handlers that are running. */
void http_server_stop(struct http_server *s);
void http_server_free(struct http_server *s); /* NULL is fine; stopped or never started */

uint16_t http_server_port(const struct http_server *s); /* the bound one, after start */

/* Prometheus text: requests by operation and status class, latency histogram, connections, in
 * flight. From any thread. */
void http_server_write_metrics(const struct http_server *s, struct strbuf *out);

#endif
