#include "server/http/metrics.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t BUCKETS_NS[METRICS_BUCKETS] = {
    100 * NS_PER_US,   250 * NS_PER_US,  500 * NS_PER_US,   1 * NS_PER_MS,
    2500 * NS_PER_US,  5 * NS_PER_MS,    10 * NS_PER_MS,    25 * NS_PER_MS,
    50 * NS_PER_MS,    100 * NS_PER_MS,  250 * NS_PER_MS,   500 * NS_PER_MS,
    1 * NS_PER_SECOND, 2500 * NS_PER_MS, 5 * NS_PER_SECOND, 10 * NS_PER_SECOND,
};

static const char UNMATCHED[] = "none";

bool metrics_init(struct metrics *m, size_t route_count)
{
    *m = (struct metrics){.route_count = route_count};
    m->routes = calloc(route_count + 1, sizeof *m->routes);
    return m->routes != NULL;
}

void metrics_release(struct metrics *m)
{
    free(m->routes);
    m->routes = NULL;
}

void metrics_count(struct metrics *m, size_t route, int status, int64_t took_ns)
{
    struct metrics_route *r = &m->routes[route];
    int class = status / 100 - 2;
    metrics_add(&r->by_class[class < 0 || class >= METRICS_CLASSES ? METRICS_CLASSES - 1 : class],
                1);
    int bucket = 0;
    while (bucket < METRICS_BUCKETS && took_ns > BUCKETS_NS[bucket])
        bucket++;
    metrics_add(&r->by_bucket[bucket], 1);
    metrics_add(&r->total_ns, took_ns > 0 ? (uint64_t)took_ns : 0);
}

/* The sum of one route over all loops. */
struct route_sum {
    uint64_t by_class[METRICS_CLASSES];
    uint64_t by_bucket[METRICS_BUCKETS + 1];
    uint64_t total_ns, count;
};

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct route_sum sum_route(const struct metrics *const *blocks, size_t count, size_t route)
{
    struct route_sum sum = {0};
    for (size_t b = 0; b < count; b++) {
        const struct metrics_route *r = &blocks[b]->routes[route];
        for (int c = 0; c < METRICS_CLASSES; c++)
            sum.by_class[c] += load(&r->by_class[c]);
        for (int k = 0; k <= METRICS_BUCKETS; k++) {
            sum.by_bucket[k] += load(&r->by_bucket[k]);
            sum.count += load(&r->by_bucket[k]);
        }
        sum.total_ns += load(&r->total_ns);
    }
    return sum;
}

static const char *operation(const struct router *router, size_t route)
{
    return route < router_route_count(router) ? router_route(router, route)->operation_id
                                              : UNMATCHED;
}

static void write_requests(struct strbuf *out, const struct metrics *const *blocks, size_t count,
                           const struct router *router)
{
    strbuf_add_string(out, "# HELP bracketd_http_requests_total Requests answered.\n"
                           "# TYPE bracketd_http_requests_total counter\n");
    for (size_t route = 0; route <= router_route_count(router); route++) {
        struct route_sum sum = sum_route(blocks, count, route);
        for (int c = 0; c < METRICS_CLASSES; c++)
            if (sum.by_class[c])
                strbuf_add_format(out,
                                  "bracketd_http_requests_total{operation=\"%s\",status=\"%dxx\"}"
                                  " %" PRIu64 "\n",
                                  operation(router, route), c + 2, sum.by_class[c]);
    }
}

static void write_histogram(struct strbuf *out, const char *name, const struct route_sum *sum)
{
    static const char metric[] = "bracketd_http_request_duration_seconds";
    uint64_t running = 0;
    for (int k = 0; k < METRICS_BUCKETS; k++) {
        running += sum->by_bucket[k];
        strbuf_add_format(out, "%s_bucket{operation=\"%s\",le=\"%g\"} %" PRIu64 "\n", metric, name,
                          (double)BUCKETS_NS[k] / NS_PER_SECOND, running);
    }
    strbuf_add_format(out, "%s_bucket{operation=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", metric, name,
                      sum->count);
    strbuf_add_format(out, "%s_sum{operation=\"%s\"} %.9f\n", metric, name,
                      (double)sum->total_ns / NS_PER_SECOND);
    strbuf_add_format(out, "%s_count{operation=\"%s\"} %" PRIu64 "\n", metric, name, sum->count);
}

static void write_durations(struct strbuf *out, const struct metrics *const *blocks, size_t count,
                            const struct router *router)
{
    strbuf_add_string(out, "# HELP bracketd_http_request_duration_seconds "
                           "From the request line to the answer being handed over.\n"
                           "# TYPE bracketd_http_request_duration_seconds histogram\n");
    for (size_t route = 0; route <= router_route_count(router); route++) {
        struct route_sum sum = sum_route(blocks, count, route);
        if (sum.count)
            write_histogram(out, operation(router, route), &sum);
    }
}

static void write_one(struct strbuf *out, const char *name, const char *type, const char *help,
                      uint64_t value)
{
    strbuf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type,
                      name, value);
}

static void write_cuts(struct strbuf *out, const uint64_t cut[CUT_COUNT])
{
    static const char *const names[CUT_COUNT] = {"head", "body", "response", "idle"};
    strbuf_add_string(out, "# HELP bracketd_http_cut_total Connections closed at a deadline.\n"
                           "# TYPE bracketd_http_cut_total counter\n");
    for (int c = 0; c < CUT_COUNT; c++)
        strbuf_add_format(out, "bracketd_http_cut_total{deadline=\"%s\"} %" PRIu64 "\n", names[c],
                          cut[c]);
}

void metrics_write(struct strbuf *out, const struct metrics *const *blocks, size_t count,
                   const struct router *router, size_t offload_waiting)
{
    uint64_t accepted = 0, connections = 0, in_flight = 0, cut[CUT_COUNT] = {0};
    for (size_t b = 0; b < count; b++) {
        accepted += load(&blocks[b]->accepted);
        connections += load(&blocks[b]->connections);
        in_flight += load(&blocks[b]->in_flight);
        for (int c = 0; c < CUT_COUNT; c++)
            cut[c] += load(&blocks[b]->cut[c]);
    }
    write_requests(out, blocks, count, router);
    write_durations(out, blocks, count, router);
    write_one(out, "bracketd_http_accepted_total", "counter", "Connections accepted.", accepted);
    write_one(out, "bracketd_http_connections", "gauge", "Connections open.", connections);
    write_one(out, "bracketd_http_requests_in_flight", "gauge", "Requests under way.", in_flight);
    write_one(out, "bracketd_http_offload_waiting", "gauge", "Requests waiting for a thread.",
              offload_waiting);
    write_cuts(out, cut);
}
