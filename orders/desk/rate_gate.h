/* A token bucket with priorities: who may call the broker now.
 *
 * Lower priorities wait while a higher one waits, and a fifth of the bucket is kept for protection,
 * so that a stop can always be sent at once. The bucket holds ten seconds' worth of calls, five at
 * least. Pure arithmetic; the caller serializes.
 */
#ifndef ORDERS_DESK_RATE_GATE_H
#define ORDERS_DESK_RATE_GATE_H

#include <stdint.h>

/* High to low. */
enum call_priority {
    CALL_PROTECT, /* an exit, or the cancel that makes room for one */
    CALL_CANCEL,  /* of an entry; and what an exit waits to know */
    CALL_SUBMIT,  /* an entry */
    CALL_LIST, /* of all orders: it answers for every bracket, so it comes before their questions */
    CALL_QUERY,
    CALL_QUOTE,
    CALL_PRIORITY_COUNT
};

struct rate_gate {
    int64_t cost_ns;     /* time in which one token comes; 0 = no limit */
    int64_t capacity_ns; /* the full bucket, as time */
    int64_t balance_ns;
    int64_t refilled_ns;                  /* monotonic */
    int32_t waiting[CALL_PRIORITY_COUNT]; /* kept by the caller */
};

/* calls_per_minute 0 = no limit. Full at first. */
void rate_gate_init(struct rate_gate *g, int32_t calls_per_minute, int64_t now_ns);
/* 0: a token was taken. Else ns after which to ask again, above 0. */
int64_t rate_gate_take(struct rate_gate *g, enum call_priority priority, int64_t now_ns);

#endif
