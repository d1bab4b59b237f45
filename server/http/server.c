#include "server/http/server.h"

#include "server/http/exchange.h"
#include "server/http/listen.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    RESERVED_DESCRIPTORS = 128, /* for files, databases and what the loops need */
    DEFAULT_API_THREADS = 4,
    API_THREADS_MAX = 64,
    DEFAULT_SCAN_MS = 250,
    DEFAULT_DRAIN_MS = 5000,
};

struct http_server {
    struct http_config config;
    struct router *router;
    struct hosts hosts;
    struct loop_shared shared;
    struct loop *loops[LIMIT_HTTP_THREADS];
    int loop_count; /* created */
    uint16_t port;
    bool running;
};

void http_config_defaults(struct http_config *config)
{
    *config = (struct http_config){
        .host = "127.0.0.1",
        .port = 8080,
        .loop_count = 1,
        .api_thread_count = DEFAULT_API_THREADS,
        .offload_queue_limit = LIMIT_OFFLOAD_QUEUE,
        .connection_limit = LIMIT_CONNECTIONS,
        .clock = clock_real(),
        .head_ms = LIMIT_REQUEST_HEAD_SECONDS * 1000,
        .body_ms = LIMIT_REQUEST_BODY_SECONDS * 1000,
        .stream_ms = LIMIT_IMPORT_SECONDS * 1000,
        .response_ms = LIMIT_RESPONSE_SECONDS * 1000,
        .idle_ms = LIMIT_IDLE_SECONDS * 1000,
        .scan_ms = DEFAULT_SCAN_MS,
        .drain_ms = DEFAULT_DRAIN_MS,
    };
}

static enum err check_config(const struct http_config *c, struct error *e)
{
    if (c->loop_count < 1 || c->loop_count > LIMIT_HTTP_THREADS)
        return error_set(e, ERR_INVALID, "HTTP threads: expected 1..%d, got %d", LIMIT_HTTP_THREADS,
                         c->loop_count);
    if (c->api_thread_count < 1 || c->api_thread_count > API_THREADS_MAX)
        return error_set(e, ERR_INVALID, "API threads: expected 1..%d, got %d", API_THREADS_MAX,
                         c->api_thread_count);
    if (c->connection_limit < c->loop_count)
        return error_set(e, ERR_INVALID, "connections: expected at least %d, got %d", c->loop_count,
                         c->connection_limit);
    assert(c->host && c->clock && c->scan_ms > 0 && c->drain_ms >= 0 && c->head_ms > 0 &&
           c->body_ms > 0 && c->stream_ms > 0 && c->response_ms > 0 && c->idle_ms > 0);
    return ERR_OK;
}

enum err http_server_create(const struct http_config *config, const struct http_route_table *tables,
                            size_t table_count, struct http_server **ret_server, struct error *e)
{
    enum err err = check_config(config, e);
    if (err)
        return err;
    struct http_server *s = calloc(1, sizeof *s);
    struct router *router = s ? router_create(tables, table_count) : NULL;
    if (!router) {
        free(s);
        return error_set(e, ERR_NO_MEMORY, "no memory for the HTTP server");
    }
    s->config = *config;
    s->router = router;
    s->hosts = (struct hosts){config->host, config->host_names, config->host_name_count};
    s->shared.config = &s->config;
    s->shared.router = router;
    s->shared.hosts = &s->hosts;
    *ret_server = s;
    return ERR_OK;
}

/* Accepting at the limit of descriptors fails again and again without rest: the limit on
 * connections stays below it, after the soft limit was raised as far as it may. */
static enum err fit_connection_limit(struct http_server *s, struct error *e)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_errno(e, ERR_IO, "cannot tell the limit of open files");
    rlim_t wanted = (rlim_t)s->config.connection_limit + RESERVED_DESCRIPTORS;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = {limit.rlim_max < wanted ? limit.rlim_max : wanted, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (limit.rlim_cur >= wanted)
        return ERR_OK;
    if (limit.rlim_cur < RESERVED_DESCRIPTORS + (rlim_t)s->config.loop_count)
        return error_set(e, ERR_UNAVAILABLE, "too few open files are allowed: %llu (ulimit -n)",
                         (unsigned long long)limit.rlim_cur);
    s->config.connection_limit = (int)(limit.rlim_cur - RESERVED_DESCRIPTORS);
    return ERR_OK;
}

static enum err create_loops(struct http_server *s, struct error *e)
{
    int fds[LIMIT_HTTP_THREADS];
    int count = s->config.loop_count;
    int limit_each = (s->config.connection_limit + count - 1) / count;
    enum err err = listen_open(s->config.host, s->config.port, count, fds, &s->port, e);
    if (err)
        return err;
    for (int i = 0; i < count; i++) {
        if (err) {
            close(fds[i]);
            continue;
        }
        err = loop_create(&s->shared, i, fds[i], limit_each, &s->loops[i], e);
        s->loop_count += !err;
    }
    return err;
}

/* Loops that run are told to end; those that never started end at once. */
static void stop_loops(struct http_server *s)
{
    atomic_store_explicit(&s->shared.stopping, true, memory_order_release);
    for (int i = 0; i < s->loop_count; i++)
        loop_wake(s->loops[i]);
    for (int i = 0; i < s->loop_count; i++)
        loop_join(s->loops[i]);
    offload_free(s->shared.offload);
    s->shared.offload = NULL;
}

enum err http_server_start(struct http_server *s, struct error *e)
{
    assert(!s->running && s->loop_count == 0);
    enum err err = fit_connection_limit(s, e);
    if (!err)
        err = offload_create(s->config.api_thread_count, s->config.offload_queue_limit,
                             exchange_run, &s->shared.offload, e);
    if (!err)
        err = create_loops(s, e);
    for (int i = 0; i < s->loop_count && !err; i++)
        err = loop_start(s->loops[i], e);
    s->running = !err;
    if (err)
        stop_loops(s);
    return err;
}

void http_server_stop(struct http_server *s)
{
    may_block("http_server_stop");
    if (!s->running)
        return;
    stop_loops(s);
    s->running = false;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    assert(!s->running);
    for (int i = 0; i < s->loop_count; i++)
        loop_free(s->loops[i]);
    router_free(s->router);
    free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_write_metrics(const struct http_server *s, struct strbuf *out)
{
    const struct metrics *blocks[LIMIT_HTTP_THREADS];
    for (int i = 0; i < s->loop_count; i++)
        blocks[i] = &s->loops[i]->metrics;
    metrics_write(out, blocks, (size_t)s->loop_count, s->router,
                  s->shared.offload ? offload_waiting(s->shared.offload) : 0);
}
