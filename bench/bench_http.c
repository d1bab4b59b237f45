/* GET of a finished rendering with a bearer key, beside a bare libmicrohttpd handler.
 *
 * Both servers run at once in this process, with the same event loops (one, our own, over
 * libmicrohttpd's epoll set), and are driven in turns by the same generator on the main thread. The
 * bare handler sends the same bytes of body with one response that was made beforehand, looks at no
 * header, knows no route and no key: the fastest that the library can be asked for.
 */
#include "base/clock.h"
#include "bench/support/bench.h"
#include "bench/support/http_load.h"
#include "server/http/listen.h"
#include "server/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ROUNDS = 7, BODY_BYTES = 2048 };
static const double POINT_S = 0.25;
static const int CLIENTS[] = {64, 128, 256, 512};
static const double GOAL_RATIO = 0.85;

#define HEADERS                                                                                    \
    " HTTP/1.1\r\nHost: 127.0.0.1\r\n"                                                             \
    "Authorization: Bearer bk_0123456789abcdef0123456789abcdef\r\n"                                \
    "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"
#define ID "0190163d-8694-739b-aea5-966c26f8ad91"
static const char INLINE[] = "GET /v1/backtests/" ID HEADERS;
static const char OFFLOADED[] = "GET /v1/backtests/" ID "/fires" HEADERS;

static char body_text[BODY_BYTES];

static void check(enum err err, const struct error *e)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "bench_http: %s\n", e->message);
    exit(1);
}

/* ---- bare ---- */

struct bare {
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
    uint16_t port;
    int wake_fd;
    atomic_bool stop;
    pthread_t thread;
};

static enum MHD_Result bare_answer(void *context, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *upload, size_t *upload_bytes, void **request)
{
    static int seen;
    struct bare *b = context;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_bytes;
    if (!*request) {
        *request = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, b->response);
}

static void *bare_loop(void *context)
{
    struct bare *b = context;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD,
              MHD_get_daemon_info(b->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, &event);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, b->wake_fd, &event);
    while (!atomic_load(&b->stop)) {
        struct epoll_event events[4];
        MHD_UNSIGNED_LONG_LONG timeout_ms = 250;
        if (MHD_get_timeout(b->daemon, &timeout_ms) != MHD_YES || timeout_ms > 250)
            timeout_ms = 250;
        epoll_wait(epoll_fd, events, 4, (int)timeout_ms);
        MHD_run(b->daemon);
    }
    close(epoll_fd);
    return NULL;
}

static void bare_start(struct bare *b)
{
    struct error e;
    int fd;
    check(listen_open("127.0.0.1", 0, 1, &fd, &b->port, &e), &e);
    b->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, bare_answer, b,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 2048u,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_BYTES,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    b->response = MHD_create_response_from_buffer(BODY_BYTES, body_text, MHD_RESPMEM_PERSISTENT);
    b->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!b->daemon || !b->response || b->wake_fd < 0 ||
        MHD_add_response_header(b->response, "Content-Type", "application/json") != MHD_YES ||
        pthread_create(&b->thread, NULL, bare_loop, b) != 0) {
        fprintf(stderr, "bench_http: the bare server did not start\n");
        exit(1);
    }
}

static void bare_stop(struct bare *b)
{
    uint64_t one = 1;
    atomic_store(&b->stop, true);
    if (write(b->wake_fd, &one, sizeof one) != sizeof one)
        perror("bench_http: wake");
    pthread_join(b->thread, NULL);
    MHD_stop_daemon(b->daemon);
    MHD_destroy_response(b->response);
    close(b->wake_fd);
}

/* ---- ours ---- */

struct app {
    struct http_body *body;
};

static enum err get_job(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    (void)e;
    http_param(r, "id");
    if (!http_respond_not_modified(r, out, http_body_etag(app->body)))
        http_respond_shared(out, 200, app->body);
    return ERR_OK;
}

static enum err authenticate(void *app, const struct http_request *r, const char *token,
                             struct http_identity *ret_identity, struct error *e)
{
    static const char key[] = "bk_0123456789abcdef0123456789abcdef";
    unsigned char differs = 0;
    (void)app, (void)r;
    if (!token || strlen(token) != sizeof key - 1)
        return error_set(e, ERR_UNAUTHORIZED, "no key");
    for (size_t i = 0; i < sizeof key - 1; i++)
        differs |= (unsigned char)(token[i] ^ key[i]);
    if (differs)
        return error_set(e, ERR_UNAUTHORIZED, "not the key");
    memcpy(ret_identity->id, "bench", 6);
    ret_identity->scopes = 1;
    return ERR_OK;
}

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/v1/backtests", get_job, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "list"},
    {HTTP_GET, "/v1/symbols", get_job, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "symbols"},
    {HTTP_GET, "/v1/backtests/{id}", get_job, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getJob"},
    {HTTP_GET, "/v1/backtests/{id}/fires", get_job, 1, 0, 0, NULL, NULL, "fires"},
};

static struct http_server *start_server(struct app *app)
{
    const struct http_route_table tables[] = {HTTP_ROUTE_TABLE(ROUTES)};
    struct http_config config;
    struct http_server *s;
    struct error e;
    struct strbuf bytes;
    strbuf_init(&bytes, BODY_BYTES);
    strbuf_add(&bytes, body_text, BODY_BYTES);
    app->body = http_body_create(&bytes, "application/json", "\"0190163d-17\"");
    http_config_defaults(&config);
    config.port = 0;
    config.authenticate = authenticate;
    config.app = app;
    check(http_server_create(&config, tables, 1, &s, &e), &e);
    check(http_server_start(s, &e), &e);
    return s;
}

/* ---- turns ---- */

static double measure(uint16_t port, int clients, const char *request)
{
    struct http_load *load = http_load_open(port, clients, request);
    http_load_run(load, POINT_S / 5); /* warm */
    double rate = http_load_run(load, POINT_S);
    http_load_close(load);
    return rate;
}

static void compare(uint16_t bare_port, uint16_t our_port, int clients)
{
    struct bench_series bare = {0}, ours = {0}, offloaded = {0};
    char name[64];
    for (int round = 0; round < ROUNDS; round++) {
        bench_add(&bare, measure(bare_port, clients, INLINE));
        bench_add(&ours, measure(our_port, clients, INLINE));
        if (clients == CLIENTS[0])
            bench_add(&offloaded, measure(our_port, clients, OFFLOADED));
    }
    snprintf(name, sizeof name, "bare libmicrohttpd, %d clients", clients);
    bench_report(name, " requests/s", &bare, NULL, NULL);
    snprintf(name, sizeof name, "GET of a finished job, %d clients", clients);
    bench_report_goal(name, " requests/s", &ours, &bare, "bare", GOAL_RATIO * bench_median(&bare),
                      true);
    if (offloaded.count > 0)
        bench_report("the same through an api thread", " requests/s", &offloaded, &bare, "bare");
}

static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 8192) {
        limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(void)
{
    struct bare bare = {0};
    struct app app = {0};
    memset(body_text, 'x', sizeof body_text);
    allow_descriptors();
    bare_start(&bare);
    struct http_server *server = start_server(&app);
    bench_title("GET with a key over keep-alive connections, one event loop, 2 KiB of body");
    for (size_t i = 0; i < sizeof CLIENTS / sizeof CLIENTS[0]; i++)
        compare(bare.port, http_server_port(server), CLIENTS[i]);
    http_server_stop(server);
    http_server_free(server);
    http_body_unref(app.body);
    bare_stop(&bare);
    return 0;
}
