/* Durable POST /v1/orders a second: the whole server on a data folder with the paper broker, each
 * order with an idempotency key and a thread of its own, answered once it is on disk. In the same
 * run, right after each: bare group commits of SQLite, rows of the same bytes, as many in flight,
 * asked for by a thread with a semaphore. For information, how much of the way from there is HTTP:
 * a bare server that stores such a row by our writer and then answers as many bytes, asked by the
 * same generator.
 *
 * The server, its broker and the generator share the machine: the orders are also sent to the
 * broker, which commits them, while more are taken. A server of its own for each row, so that none
 * begins with what the row before has left.
 */
#include "bench/support/bare_http.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "bench/support/bench_commits.h"
#include "bench/support/bench_desk.h"
#include "bench/support/bench_process.h"
#include "bench/support/bench_server.h"
#include "bench/support/http_load.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 7, REQUEST_BYTES = 2048, READY_LOOK_MS = 10, ANSWER_BYTES = 1900, CREATED = 201 };
static const double ROUND_S = 0.2;
static const int CLIENTS[] = {1, 16, 64};
/* Of the prototypes. */
static const double GOAL_RATIO = 0.6;

#define ORDER                                                                                      \
    "{\"occ_symbol\":\"BENCH301220C00100000\",\"side\":\"buy\",\"quantity\":1,"                    \
    "\"entry\":{\"type\":\"limit\",\"limit_price\":\"1\"},"                                        \
    "\"take_profit\":{\"limit_price\":\"2\"},\"stop_loss\":{\"stop_price\":\"0.5\"}}"

static void post_request(const struct bench_server *s, char out[REQUEST_BYTES])
{
    snprintf(out, REQUEST_BYTES,
             "POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
             "Accept: application/json\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n"
             "Idempotency-Key: bench-" HTTP_LOAD_NUMBER "\r\nContent-Length: %zu\r\n\r\n%s",
             s->app.first_key, strlen(ORDER), ORDER);
}

static void start(struct bench_server *s)
{
    static const char *const arguments[] = {"--market-hours", "24x7", "--paper-cash", "100000000",
                                            NULL};
    bench_server_start(s, arguments);
    while (!desk_ready(s->app.desk, NULL))
        bench_rest(READY_LOOK_MS * NS_PER_MS);
}

struct posting {
    struct bench_series bare, http, ours, ratio;
};

static double post_to_bare(int clients, size_t row_bytes, const char *request)
{
    static const char answer[ANSWER_BYTES];
    struct bare_store *store = bare_store_open(row_bytes);
    struct bare_http *http = bare_http_start(CREATED, answer, sizeof answer, store);
    struct http_load *load = http_load_open(bare_http_port(http), clients, request);
    double rate = http_load_run(load, ROUND_S, HTTP_LOAD_SLEEPS);
    http_load_close(load);
    bare_http_stop(http);
    bare_store_close(store);
    return rate;
}

static void run_round(struct bench_server *s, struct http_load *load, int clients,
                      const char *request, struct posting *ret)
{
    double rate = http_load_run(load, ROUND_S, HTTP_LOAD_SLEEPS);
    size_t row_bytes = bench_order_row_bytes(s->app.order_store, ANSWER_BYTES);
    double bare = bench_commits((int32_t)(rate * ROUND_S), row_bytes, clients);
    bench_add(&ret->ours, rate);
    bench_add(&ret->bare, bare);
    bench_add(&ret->http, post_to_bare(clients, row_bytes, request));
    bench_add(&ret->ratio, rate / bare);
}

static void measure(int clients)
{
    static struct bench_server server;
    struct posting posting = {.bare = {.count = 0}};
    char request[REQUEST_BYTES], name[96];
    start(&server);
    post_request(&server, request);
    struct http_load *load = http_load_open(http_server_port(server.app.http), clients, request);
    http_load_run(load, ROUND_S, HTTP_LOAD_SLEEPS); /* warm */
    for (int i = 0; i < ROUNDS; i++)
        run_round(&server, load, clients, request, &posting);
    http_load_close(load);
    bench_server_stop(&server);
    snprintf(name, sizeof name, "bare group commits of SQLite, %d in flight", clients);
    bench_report(name, " rows/s", &posting.bare, NULL, NULL);
    snprintf(name, sizeof name, "bare POST that stores a row, %d client%s", clients,
             clients > 1 ? "s" : "");
    bench_report(name, " rows/s", &posting.http, &posting.bare, "bare");
    snprintf(name, sizeof name, "POST /v1/orders, %d client%s", clients, clients > 1 ? "s" : "");
    bench_report(name, " orders/s", &posting.ours, &posting.bare, "bare");
    bench_report_goal("  beside bare right after it", "x", &posting.ratio, NULL, NULL, GOAL_RATIO,
                      true);
}

int main(void)
{
    bench_title("Durable POST /v1/orders with an idempotency key, one event loop");
    for (size_t i = 0; i < sizeof CLIENTS / sizeof CLIENTS[0]; i++)
        measure(CLIENTS[i]);
    return 0;
}
