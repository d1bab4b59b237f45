/* GET of a finished job with its key, beside a bare libmicrohttpd handler.
 *
 * Ours is the whole server on a data folder, with a job that has run. Both servers run at once in
 * this process, with the same event loops (one, our own, over libmicrohttpd's epoll set), and are
 * driven in turns by the same generator on the main thread (bench/support/bare_http.h).
 */
#include "base/clock.h"
#include "bench/support/bare_http.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "bench/support/bench_server.h"
#include "bench/support/http_load.h"
#include "engine/bars/demo.h"
#include "server/jobs/job_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15 };
static const int CLIENTS[] = {64, 128, 256, 512};
static const double GOAL_RATIO = 0.85;

#define HEADERS                                                                                    \
    " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"                                 \
    "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"

/* ---- ours ---- */

/* The whole server on a data folder of its own, with one finished job. */
struct ours {
    struct bench_server server;
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
    bench_must(calendar_find("XNYS", &options.calendar, &e), &e);
    bench_must(demo_bars(&options, &bars, &e), &e);
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import import = {
        .symbol = "BENCH", .timeframe = bars->timeframe, .calendar = bars->calendar, .now_ns = 1};
    bench_must(bar_store_import(o->server.app.storage.bar_store, &import, &batch, &result, &e), &e);
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
    bench_must(
        study_spec_decode(text, strlen(text), STUDY_SPEC_BACKTEST, &o->server.arena, &spec, &e),
        &e);
    bench_must(job_service_submit(o->server.app.jobs, &submission, &view, &replayed, &e), &e);
    while (!job_status_is_final(view.status)) {
        struct timespec pause = {.tv_nsec = 1000000};
        struct uuid job = view.id;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        job_view_release(&view);
        bench_must(job_service_get(o->server.app.jobs, &job, &view, &e), &e);
    }
    o->body = view.body;
    uuid_format(&view.id, id);
    snprintf(o->request, sizeof o->request, "GET /v1/backtests/%s" HEADERS, id,
             o->server.app.first_key);
    snprintf(o->offloaded, sizeof o->offloaded, "GET /v1/symbols" HEADERS, o->server.app.first_key);
}

static void ours_start(struct ours *o)
{
    bench_server_start(&o->server, NULL);
    import_bars(o);
    finish_a_job(o);
}

static void ours_stop(struct ours *o)
{
    http_body_unref(o->body);
    bench_server_stop(&o->server);
}

/* ---- turns ---- */

struct comparison {
    struct bench_series bare, ours, ratio, bare_cpu, our_cpu;
};

static void run_round(struct comparison *c, uint16_t bare_port, const struct ours *o, int clients,
                      enum http_load_wait wait)
{
    struct http_measured bare = http_measure(bare_port, clients, o->request, wait);
    struct http_measured ours =
        http_measure(http_server_port(o->server.app.http), clients, o->request, wait);
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
    uint16_t port = http_server_port(o->server.app.http);
    for (int round = 0; round < ROUNDS; round++)
        bench_add(&rate, http_measure(port, CLIENTS[0], o->offloaded, HTTP_LOAD_POLLS).rate);
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
    static struct ours ours;
    size_t body_bytes;
    char title[96];
    allow_descriptors();
    ours_start(&ours);
    const char *body = http_body_text(ours.body, &body_bytes);
    struct bare_http *bare = bare_http_start(200, body, body_bytes, NULL);
    snprintf(title, sizeof title,
             "GET with a key over keep-alive connections, one event loop, %zu bytes of body",
             body_bytes);
    bench_title(title);
    for (size_t i = 0; i < sizeof CLIENTS / sizeof CLIENTS[0]; i++)
        compare(bare_http_port(bare), &ours, CLIENTS[i], HTTP_LOAD_POLLS);
    compare(bare_http_port(bare), &ours, CLIENTS[0], HTTP_LOAD_SLEEPS);
    measure_offloaded(&ours);
    bare_http_stop(bare);
    ours_stop(&ours);
    return 0;
}
