/* The `api-N` threads: they run what may block, so that the loops never do.
 *
 * One queue in the order of arrival, with a limit on requests that wait; work of requests that were
 * already admitted (the next piece of an upload, its undoing) is always taken, and bounded by the
 * number of connections. Long work never holds more than half of the threads, so that short
 * requests get through however many imports run.
 */
#ifndef SERVER_HTTP_OFFLOAD_H
#define SERVER_HTTP_OFFLOAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what is queued; owned by the queue from push until `run`. */
struct offload_item {
    struct offload_item *next;
    uint64_t sequence;
    bool is_long;
    bool counted; /* against the limit */
};

struct offload;

/* `run` is called on an api thread, without a lock. */
enum err offload_create(int thread_count, size_t queue_limit,
                        void (*run)(struct offload_item *item), struct offload **ret,
                        struct error *e);
/* Runs what is queued, then joins. No more pushes from then on. */
void offload_free(struct offload *o);

/* False when the limit is reached. From any thread. */
bool offload_push(struct offload *o, struct offload_item *item, bool is_long);
/* Not against the limit. */
void offload_push_admitted(struct offload *o, struct offload_item *item, bool is_long);
bool offload_is_full(struct offload *o);
size_t offload_waiting(struct offload *o);

#endif
