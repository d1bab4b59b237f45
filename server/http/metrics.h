/* Counters of the server. Each loop has its own block that it alone writes, with plain atomic
 * stores, so that counting costs no locked instruction; a reader sums the blocks.
 */
#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include "base/strbuf.h"
#include "server/http/router.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    METRICS_CLASSES = 4,
    METRICS_BUCKETS = 16
}; /* 2xx..5xx; the last bucket is followed by +Inf */

/* What closed a connection before its time. */
enum metrics_cut { CUT_HEAD, CUT_BODY, CUT_RESPONSE, CUT_IDLE, CUT_COUNT };

struct metrics_route {
    _Atomic uint64_t by_class[METRICS_CLASSES];
    _Atomic uint64_t by_bucket[METRICS_BUCKETS + 1];
    _Atomic uint64_t total_ns;
};

struct metrics {
    size_t route_count; /* routes, and one for what matched none */
    struct metrics_route *routes;
    _Atomic uint64_t accepted;
    _Atomic uint64_t connections;
    _Atomic uint64_t in_flight;
    _Atomic uint64_t cut[CUT_COUNT];
};

/* False when memory is out. */
bool metrics_init(struct metrics *m, size_t route_count);
void metrics_release(struct metrics *m);

static inline void metrics_add(_Atomic uint64_t *counter, uint64_t by)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

/* `route` is its index, or route_count for none. */
void metrics_count(struct metrics *m, size_t route, int status, int64_t took_ns);

/* Prometheus text of the sum of `count` blocks. Routes that were never asked are left out. */
void metrics_write(struct strbuf *out, const struct metrics *const *blocks, size_t count,
                   const struct router *router, size_t offload_waiting);

#endif
