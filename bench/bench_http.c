/* GET of a finished job with its key, beside a bare libmicrohttpd handler.
 *
 * Ours is the whole server on a data folder, with a job that has run. Both servers run at once in
 * this process, with the same event loops (one, our own, over libmicrohttpd's epoll set), and are
 * driven in turns by the same generator on the main thread. The bare handler sends the same bytes
 * of body with one response that was made beforehand, looks at no header, knows no route and no
 * key: the fastest that the library can be asked for.
 */
#include "base/clock.h"
#include "bench/support/bench.h"
#include "bench/support/http_load.h"
#include "engine/bars/demo.h"
#include "server/app.h"
#include "server/http/listen.h"
#include "server/jobs/job_service.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15 };
/* A round is no even part of a second, over which the kernel rations real-time priority. */
static const double POINT_S = 0.17;
static const int CLIENTS[] = {64, 128, 256, 512};
static const double GOAL_RATIO = 0.85;

#define HEADERS                                                                                    \
    " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"                                 \
    "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"

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

static void bare_start(struct bare *b, const char *body, size_t body_bytes)
{
    struct error e;
    int fd;
    check(listen_open("127.0.0.1", 0, 1, &fd, &b->port, &e), &e);
    b->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, bare_answer, b,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 2048u,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_BYTES,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    b->response = MHD_create_response_from_buffer(body_bytes, (void *)body, MHD_RESPMEM_PERSISTENT);
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

/* The whole server on a data folder of its own, with one finished job. */
struct ours {
    char folder[32];
    struct arena arena;
    struct config config;
    struct app app;
    char request[512];
    char offloaded[512];
    struct http_body *body; /* the job's rendering */
};

static void import_bars(struct ours *o)
{
    struct error e;
    struct demo_options options = {.seed = 1,
                                   .from_day = 19724, /* 2024-01-02 */
                                   .to_day = 19732,
                                   .first_price = 100,
                                   .price_decimals = 2};
    const struct bars *bars;
    struct bar_import_result result;
    check(calendar_find("XNYS", &options.calendar, &e), &e);
    check(demo_bars(&options, &bars, &e), &e);
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import import = {
        .symbol = "BENCH", .timeframe = bars->timeframe, .calendar = bars->calendar, .now_ns = 1};
    check(bar_store_import(o->app.storage.bar_store, &import, &batch, &result, &e), &e);
    bars_unref(bars);
}

static void finish_a_job(struct ours *o)
{
    static const char text[] = "{\"rule\": \"close > 1000000\", \"symbols\": [\"BENCH\"]}";
    struct error e;
    struct study_spec spec;
    struct job_submission submission = {.spec = &spec};
    struct job_view view;
    bool replayed;
    char id[UUID_TEXT];
    check(study_spec_decode(text, strlen(text), STUDY_SPEC_BACKTEST, &o->arena, &spec, &e), &e);
    check(job_service_submit(o->app.jobs, &submission, &view, &replayed, &e), &e);
    while (!job_status_is_final(view.status)) {
        struct timespec pause = {.tv_nsec = 1000000};
        struct uuid job = view.id;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        job_view_release(&view);
        check(job_service_get(o->app.jobs, &job, &view, &e), &e);
    }
    o->body = view.body;
    uuid_format(&view.id, id);
    snprintf(o->request, sizeof o->request, "GET /v1/backtests/%s" HEADERS, id, o->app.first_key);
    snprintf(o->offloaded, sizeof o->offloaded, "GET /v1/symbols" HEADERS, o->app.first_key);
}

static void ours_start(struct ours *o)
{
    struct error e;
    bool help;
    snprintf(o->folder, sizeof o->folder, "/tmp/bench-http-XXXXXX");
    if (!mkdtemp(o->folder)) {
        perror("bench_http: folder");
        exit(1);
    }
    const char *const arguments[] = {"--data",         o->folder, "--listen",  "127.0.0.1:0",
                                     "--http-threads", "1",       "--workers", "1"};
    arena_init(&o->arena, 1 << 20);
    check(config_load(8, (char **)arguments, &o->arena, &o->config, &help, &e), &e);
    check(app_start(&o->app, &o->config, clock_real(), &e), &e);
    import_bars(o);
    finish_a_job(o);
}

static void ours_stop(struct ours *o)
{
    static const char *const files[] = {
        "bracketd.db", "bracketd.db-wal", "bracketd.db-shm", "bars.db",      "bars.db-wal",
        "bars.db-shm", "cache.db",        "cache.db-wal",    "cache.db-shm", "bracketd.lock"};
    http_body_unref(o->body);
    app_stop(&o->app);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", o->folder, files[i]);
        unlink(path);
    }
    if (rmdir(o->folder) != 0)
        perror("bench_http: folder");
    arena_release(&o->arena);
}

/* ---- turns ---- */

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

struct measured {
    double rate;   /* answers per second */
    double cpu_us; /* that the server takes for one */
};

static struct measured measure(uint16_t port, int clients, const char *request,
                               enum http_load_wait wait)
{
    struct http_load *load = http_load_open(port, clients, request);
    http_load_run(load, POINT_S / 5, wait); /* warm */
    double begin_s = bench_now_s(), cpu_s = server_cpu_s();
    double rate = http_load_run(load, POINT_S, wait);
    double answers = rate * (bench_now_s() - begin_s);
    struct measured m = {rate, (server_cpu_s() - cpu_s) * 1e6 / answers};
    http_load_close(load);
    return m;
}

struct comparison {
    struct bench_series bare, ours, ratio, bare_cpu, our_cpu;
};

static void run_round(struct comparison *c, uint16_t bare_port, const struct ours *o, int clients,
                      enum http_load_wait wait)
{
    struct measured bare = measure(bare_port, clients, o->request, wait);
    struct measured ours = measure(http_server_port(o->app.http), clients, o->request, wait);
    bench_add(&c->bare, bare.rate);
    bench_add(&c->ours, ours.rate);
    bench_add(&c->ratio, ours.rate / bare.rate);
    bench_add(&c->bare_cpu, bare.cpu_us);
    bench_add(&c->our_cpu, ours.cpu_us);
}

static void report(const struct comparison *c, int clients, enum http_load_wait wait)
{
    char name[64];
    const char *how = wait == HTTP_LOAD_SLEEPS ? " that sleep" : "";
    snprintf(name, sizeof name, "bare libmicrohttpd, %d clients%s", clients, how);
    bench_report(name, " requests/s", &c->bare, NULL, NULL);
    snprintf(name, sizeof name, "GET of a finished job, %d clients%s", clients, how);
    bench_report(name, " requests/s", &c->ours, &c->bare, "bare");
    if (wait == HTTP_LOAD_SLEEPS)
        bench_report("  beside bare right after it", "x", &c->ratio, NULL, NULL);
    else
        bench_report_goal("  beside bare right after it", "x", &c->ratio, NULL, NULL, GOAL_RATIO,
                          true);
    bench_report("  processor time of bare", " us/request", &c->bare_cpu, NULL, NULL);
    bench_report("  processor time of the job", " us/request", &c->our_cpu, &c->bare_cpu, "bare");
}

static void compare(uint16_t bare_port, const struct ours *o, int clients, enum http_load_wait wait)
{
    struct comparison c = {0};
    for (int round = 0; round < ROUNDS; round++)
        run_round(&c, bare_port, o, clients, wait);
    report(&c, clients, wait);
}

static void measure_offloaded(const struct ours *o)
{
    struct bench_series rate = {0};
    uint16_t port = http_server_port(o->app.http);
    for (int round = 0; round < ROUNDS; round++)
        bench_add(&rate, measure(port, CLIENTS[0], o->offloaded, HTTP_LOAD_POLLS).rate);
    bench_report("GET /v1/symbols, on an api thread", " requests/s", &rate, NULL, NULL);
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
    static struct ours ours;
    size_t body_bytes;
    char title[96];
    allow_descriptors();
    ours_start(&ours);
    const char *body = http_body_text(ours.body, &body_bytes);
    bare_start(&bare, body, body_bytes);
    snprintf(title, sizeof title,
             "GET with a key over keep-alive connections, one event loop, %zu bytes of body",
             body_bytes);
    bench_title(title);
    for (size_t i = 0; i < sizeof CLIENTS / sizeof CLIENTS[0]; i++)
        compare(bare.port, &ours, CLIENTS[i], HTTP_LOAD_POLLS);
    compare(bare.port, &ours, CLIENTS[0], HTTP_LOAD_SLEEPS);
    measure_offloaded(&ours);
    bare_stop(&bare);
    ours_stop(&ours);
    return 0;
}
