/* Looking at orders over HTTP, beside a bare libmicrohttpd handler with the same body
 * (bench/support/bare_http.h): one order, a list of a hundred, and both when nothing has changed.
 *
 * Ours is the whole server on a data folder, with a hundred orders that rest at the paper broker.
 */
#include "base/clock.h"
#include "bench/support/bare_http.h"
#include "bench/support/bench.h"
#include "bench/support/bench_server.h"
#include "orders/desk/desk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 11, CLIENTS = 64, ORDERS = 100, ANSWER_BYTES = 1 << 20 };
static const double GOAL_RATIO = 0.85, GOAL_UNCHANGED = 0.95;

struct ours {
    struct bench_server server;
    uint16_t port;
};

static void fail(const char *why)
{
    fprintf(stderr, "bench_order_reads: %s\n", why);
    exit(1);
}

/* ---- one request, for what is measured later ---- */

struct answer {
    char text[ANSWER_BYTES];
    const char *body;
    size_t body_bytes;
};

static void head_of(char out[1024], const struct ours *o, const char *method, const char *path,
                    const char *more)
{
    snprintf(out, 1024,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
             "Accept: application/json\r\nUser-Agent: bench\r\n%s\r\n",
             method, path, o->server.app.first_key, more);
}

static bool is_whole(struct answer *a, size_t count)
{
    const char *end = count ? strstr(a->text, "\r\n\r\n") : NULL;
    const char *length = end ? strstr(a->text, "Content-Length: ") : NULL;
    if (!length)
        return false;
    a->body = end + 4;
    a->body_bytes = strtoul(length + strlen("Content-Length: "), NULL, 10);
    return (size_t)(a->body - a->text) + a->body_bytes <= count;
}

static void ask(const struct ours *o, const char *request, struct answer *ret)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(o->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    size_t count = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, request, strlen(request)) != (ssize_t)strlen(request))
        fail("cannot ask");
    while (!is_whole(ret, count) &&
           (n = read(fd, ret->text + count, sizeof ret->text - 1 - count)) > 0) {
        count += (size_t)n;
        ret->text[count] = '\0';
    }
    close(fd);
    if (strncmp(ret->text, "HTTP/1.1 20", 11) != 0)
        fail(ret->text);
}

/* The value of `name: ...` in the head or of "name":"..." in the body. */
static void value_of(const struct answer *a, const char *before, const char *end, char out[80])
{
    const char *p = strstr(a->text, before);
    if (!p)
        fail(before);
    p += strlen(before);
    snprintf(out, 80, "%.*s", (int)strcspn(p, end), p);
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* ---- the server ---- */

static void place(const struct ours *o, struct answer *scratch)
{
    static const char body[] =
        "{\"occ_symbol\":\"BENCH301220C00100000\",\"side\":\"buy\",\"quantity\":1,"
        "\"entry\":{\"type\":\"limit\",\"limit_price\":\"1\"},"
        "\"take_profit\":{\"limit_price\":\"2\"},\"stop_loss\":{\"stop_price\":\"0.5\"}}";
    char head[1024], request[2048], more[128];
    snprintf(more, sizeof more, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
             strlen(body));
    head_of(head, o, "POST", "/v1/orders", more);
    snprintf(request, sizeof request, "%s%s", head, body);
    ask(o, request, scratch);
}

/* Until it has left the desk, ten seconds after its end. */
static void await_end(const struct ours *o, const char *id)
{
    struct uuid uuid;
    struct desk_order *order;
    if (!uuid_parse(id, strlen(id), &uuid))
        fail(id);
    while ((order = desk_find(o->server.app.desk, &uuid))) {
        desk_unref(order);
        pause_ms(200);
    }
}

/* Until the log of events stands still. */
static void settle(const struct ours *o)
{
    int64_t before = -1;
    struct desk_stats s = {.sequence = 0};
    while (s.sequence != before) {
        before = s.sequence;
        pause_ms(1500);
        desk_stats(o->server.app.desk, &s);
    }
}

static void ours_start(struct ours *o, struct answer *scratch)
{
    static const char *const arguments[] = {"--market-hours", "24x7", NULL};
    bench_server_start(&o->server, arguments);
    o->port = http_server_port(o->server.app.http);
    while (!desk_ready(o->server.app.desk, NULL))
        pause_ms(10);
    for (int i = 0; i < ORDERS; i++)
        place(o, scratch);
    settle(o);
}

/* ---- beside bare ---- */

static void compare(const struct ours *o, const char *name, const char *request,
                    struct bare_http *bare, double goal)
{
    struct bench_series plain = {0}, own = {0}, ratio = {0}, plain_cpu = {0}, own_cpu = {0};
    char line[96];
    for (int round = 0; round < ROUNDS; round++) {
        struct http_measured a =
            http_measure(bare_http_port(bare), CLIENTS, request, HTTP_LOAD_POLLS);
        struct http_measured b = http_measure(o->port, CLIENTS, request, HTTP_LOAD_POLLS);
        bench_add(&plain, a.rate);
        bench_add(&own, b.rate);
        bench_add(&ratio, b.rate / a.rate);
        bench_add(&plain_cpu, a.cpu_us);
        bench_add(&own_cpu, b.cpu_us);
    }
    snprintf(line, sizeof line, "%s, bare libmicrohttpd", name);
    bench_report(line, " requests/s", &plain, NULL, NULL);
    bench_report(name, " requests/s", &own, &plain, "bare");
    bench_report_goal("  beside bare right after it", "x", &ratio, NULL, NULL, goal, true);
    bench_report("  processor time of bare", " us/request", &plain_cpu, NULL, NULL);
    bench_report("  processor time of ours", " us/request", &own_cpu, &plain_cpu, "bare");
}

static void measure(const struct ours *o, const char *name, const char *path,
                    struct answer *scratch)
{
    char request[1024], etag[80], more[128], line[96];
    head_of(request, o, "GET", path, "");
    ask(o, request, scratch);
    snprintf(line, sizeof line, "%s, %zu bytes", name, scratch->body_bytes);
    struct bare_http *bare = bare_http_start(200, scratch->body, scratch->body_bytes, NULL);
    compare(o, line, request, bare, GOAL_RATIO);
    bare_http_stop(bare);

    value_of(scratch, "ETag: ", "\r", etag);
    snprintf(more, sizeof more, "If-None-Match: %s\r\n", etag);
    head_of(request, o, "GET", path, more);
    snprintf(line, sizeof line, "%s, 304", name);
    bare = bare_http_start(304, "", 0, NULL);
    compare(o, line, request, bare, GOAL_UNCHANGED);
    bare_http_stop(bare);
}

int main(void)
{
    static struct ours ours;
    static struct answer scratch;
    char path[128], id[80], request[1024];
    ours_start(&ours, &scratch);
    bench_title("Looking at orders over keep-alive connections, one event loop, 64 clients");
    head_of(request, &ours, "GET", "/v1/orders?limit=1", "");
    ask(&ours, request, &scratch);
    value_of(&scratch, "{\"id\":\"", "\"", id);
    /* One that has left the desk: what is told of a live one changes length as it is polled. */
    snprintf(path, sizeof path, "/v1/orders/%s", id);
    head_of(request, &ours, "DELETE", path, "");
    ask(&ours, request, &scratch);
    await_end(&ours, id);
    measure(&ours, "GET of an order", path, &scratch);
    measure(&ours, "GET of a list of 100", "/v1/orders", &scratch);
    bench_server_stop(&ours.server);
    return 0;
}
