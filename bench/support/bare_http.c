#include "bench/support/bare_http.h"

#include "base/limits.h"
#include "bench/support/bench.h"
#include "server/http/listen.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* A round is no even part of a second, over which the kernel rations real-time priority. */
static const double POINT_S = 0.17;

struct bare_http {
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
    int status;
    uint16_t port;
    int wake_fd;
    atomic_bool stop;
    pthread_t thread;
    struct bare_store *store;     /* NULL = none */
    _Atomic(struct post *) ready; /* stored, to be answered */
};

/* A request that waits for its row. */
struct post {
    struct bare_http *http;
    struct MHD_Connection *connection;
    struct post *next;
};

static void wake(struct bare_http *b)
{
    uint64_t one = 1;
    if (write(b->wake_fd, &one, sizeof one) != sizeof one)
        perror("bench: wake");
}

/* On the writer's thread: one wake for all that are stored before the loop looks. */
static void row_is_stored(void *context)
{
    struct post *p = context;
    struct bare_http *b = p->http;
    struct post *first = atomic_load(&b->ready);
    do
        p->next = first;
    while (!atomic_compare_exchange_weak(&b->ready, &first, p));
    if (!first)
        wake(b);
}

static void resume_ready(struct bare_http *b)
{
    struct post *p = atomic_exchange(&b->ready, NULL);
    while (p) {
        struct post *next = p->next;
        MHD_resume_connection(p->connection);
        free(p);
        p = next;
    }
}

static enum MHD_Result store_first(struct bare_http *b, struct MHD_Connection *connection)
{
    struct post *p = malloc(sizeof *p);
    if (!p)
        return MHD_NO;
    *p = (struct post){.http = b, .connection = connection};
    MHD_suspend_connection(connection);
    bare_store_put(b->store, row_is_stored, p);
    return MHD_YES;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
    static int seen, storing;
    struct bare_http *b = context;
    (void)url, (void)method, (void)version, (void)upload;
    if (!*request || *upload_bytes > 0) {
        *request = &seen;
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (b->store && *request == &seen) {
        *request = &storing;
        return store_first(b, connection);
    }
    return MHD_queue_response(connection, (unsigned)b->status, b->response);
}

static void *run_loop(void *context)
{
    struct bare_http *b = context;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD,
              MHD_get_daemon_info(b->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, &event);
    event.data.ptr = b;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, b->wake_fd, &event);
    while (!atomic_load(&b->stop)) {
        struct epoll_event events[4];
        MHD_UNSIGNED_LONG_LONG timeout_ms = 250;
        if (MHD_get_timeout(b->daemon, &timeout_ms) != MHD_YES || timeout_ms > 250)
            timeout_ms = 250;
        int count = epoll_wait(epoll_fd, events, 4, (int)timeout_ms);
        for (int i = 0; i < count; i++) {
            uint64_t wakes;
            if (events[i].data.ptr == b && read(b->wake_fd, &wakes, sizeof wakes) > 0)
                resume_ready(b);
        }
        MHD_run(b->daemon);
    }
    close(epoll_fd);
    return NULL;
}

static void fail(const char *why)
{
    fprintf(stderr, "bench: the bare server did not start: %s\n", why);
    exit(1);
}

struct bare_http *bare_http_start(int status, const char *body, size_t body_bytes,
                                  struct bare_store *store)
{
    struct error e;
    int fd;
    struct bare_http *b = calloc(1, sizeof *b);
    if (!b)
        fail("no memory");
    b->status = status;
    b->store = store;
    if (listen_open("127.0.0.1", 0, 1, &fd, &b->port, &e) != ERR_OK)
        fail(e.message);
    unsigned flags = MHD_USE_EPOLL | (store ? MHD_ALLOW_SUSPEND_RESUME : 0);
    b->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, b, MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, 2048u,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_BYTES,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    b->response = MHD_create_response_from_buffer(body_bytes, (void *)body, MHD_RESPMEM_PERSISTENT);
    b->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!b->daemon || !b->response || b->wake_fd < 0 ||
        MHD_add_response_header(b->response, "Content-Type", "application/json") != MHD_YES ||
        pthread_create(&b->thread, NULL, run_loop, b) != 0)
        fail("libmicrohttpd refuses");
    return b;
}

uint16_t bare_http_port(const struct bare_http *b)
{
    return b->port;
}

void bare_http_stop(struct bare_http *b)
{
    atomic_store(&b->stop, true);
    wake(b);
    pthread_join(b->thread, NULL);
    MHD_stop_daemon(b->daemon);
    MHD_destroy_response(b->response);
    close(b->wake_fd);
    free(b);
}

/* ---- measuring ---- */

static double seconds_of(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* Of all threads but this one, which is the generator; the other server idles. */
static double server_cpu_s(void)
{
    return seconds_of(RUSAGE_SELF) - seconds_of(RUSAGE_THREAD);
}

struct http_measured http_measure(uint16_t port, int clients, const char *request,
                                  enum http_load_wait wait)
{
    struct http_load *load = http_load_open(port, clients, request);
    http_load_run(load, POINT_S / 5, wait); /* warm */
    double begin_s = bench_now_s(), cpu_s = server_cpu_s();
    double rate = http_load_run(load, POINT_S, wait);
    double answers = rate * (bench_now_s() - begin_s);
    struct http_measured m = {rate, (server_cpu_s() - cpu_s) * 1e6 / answers};
    http_load_close(load);
    return m;
}
