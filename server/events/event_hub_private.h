/* What the files of the hub share: event_hub.c (life, the thread), event_streams.c
 * (who reads) and event_wait.c (waiting polls). Private to them.
 */
#ifndef SERVER_EVENTS_EVENT_HUB_PRIVATE_H
#define SERVER_EVENTS_EVENT_HUB_PRIVATE_H

#include "base/mutex.h"
#include "base/thread.h"
#include "server/events/event_hub.h"
#include "server/events/event_ring.h"
#include "server/events/job_notes.h"

#include <stdatomic.h>

enum { WAIT_BUCKETS = 1024 };

/* Waits that are due, and those that are not. */
struct wait_lists {
    struct event_wait *by_order[WAIT_BUCKETS]; /* by the id's last bytes */
    struct event_wait *any;
    struct event_wait *due;
    int64_t count;       /* of all */
    int64_t next_any_ns; /* monotonic: those of any order are looked at again */
    bool any_noticed;    /* the thread knows that some of them are due */
};

struct event_hub {
    struct order_store *store;
    struct desk *desk;
    struct job_service *jobs;
    struct thread thread;
    atomic_llong told;  /* sequence of the newest event */
    struct mutex mutex; /* EVENTS; guards what follows */
    struct condition changed;
    bool idle; /* the thread waits without an end that is near: signal it */
    bool stopping;
    struct event_subscriber *subscribers;
    int32_t order_streams, job_streams;
    struct event_ring ring; /* newest = told while it is followed */
    struct job_notes notes;
    int64_t notes_woken;      /* notes.changes that the streams were woken for */
    int64_t next_progress_ns; /* monotonic */
    struct wait_lists waits;
    struct event_hub_stats stats;
};

/* Under the lock: the thread has something to do. */
void event_hub_nudge(struct event_hub *hub);

/* event_streams.c, under the lock: each of them has a look. */
void event_streams_wake(struct event_hub *hub);

/* ---- event_wait.c: all under the lock but the last ------------------------------------------- */

/* A commit of an order was told. */
void event_waits_note(struct event_hub *hub, const struct uuid *order_id);
/* Takes what is due at `now_ns` out of the lists. */
struct event_wait *event_waits_take(struct event_hub *hub, int64_t now_ns);
/* When the next ones are due though nothing is told: INT64_MAX = never. */
int64_t event_waits_deadline(struct event_hub *hub);
/* Without the lock: calls them. */
void event_waits_call(struct event_wait *taken);

#endif
