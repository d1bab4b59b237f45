/* The event hub: whoever watches orders and jobs over HTTP (streams, long polls) is woken here.
 *
 * Told of every commit of the desk (event_hub_order, on the store's thread) and of every job's
 * change, it only takes note. Its own thread `events` does the rest, at most once in
 * EVENT_ROUND_MS: it reads what is new from the log, renders each event once for all streams into a
 * ring, wakes the streams, and answers the polls that have something to tell. With nobody watching
 * it does nothing at all.
 *
 * What is told of orders is what is in the log, in its order, by its sequence: a stream that is too
 * far behind for the ring is served from the log, so it neither misses nor repeats an event, across
 * restarts too. Jobs are not in that log: of each job only the newest state is kept, and a stream
 * is told of those that changed since it looked last.
 *
 * Threads: any, unless said otherwise. Nothing here blocks, but where it is said.
 */
#ifndef SERVER_EVENTS_EVENT_HUB_H
#define SERVER_EVENTS_EVENT_HUB_H

#include "base/strbuf.h"
#include "orders/desk/desk.h"
#include "server/jobs/job_service.h"

struct event_hub;

enum { EVENT_ROUND_MS = 5, EVENT_ANY_WAIT_MS = 50, EVENT_PROGRESS_MS = 500 };

/* ---- life ------------------------------------------------------------------------------------ */

/* Before the desk and the jobs, which tell it. The store is borrowed until event_hub_free. Blocks.
 */
enum err event_hub_create(struct order_store *store, struct event_hub **ret, struct error *e);
/* Starts the thread; from here on streams and waits may come. Both are borrowed until
 * event_hub_stop. */
enum err event_hub_start(struct event_hub *hub, struct desk *desk, struct job_service *jobs,
                         struct error *e);
/* After the HTTP server has stopped, before the desk and the jobs are freed; they may still tell
 * it. NULL and a hub that was never started are fine. */
void event_hub_stop(struct event_hub *hub);
void event_hub_free(struct event_hub *hub); /* after the desk and the jobs; NULL is fine */

/* ---- being told ------------------------------------------------------------------------------ */

/* For desk_listener.committed. */
void event_hub_order(struct event_hub *hub, const struct desk_news *news);
/* For job_listener.changed; the context is the hub. */
void event_hub_job(void *context, const struct job_news *news);

/* The sequence of the newest event that was told: whoever reads the store after asking sees at
 * least that. */
int64_t event_hub_sequence(struct event_hub *hub);

/* ---- streams --------------------------------------------------------------------------------- */

struct event_filter {
    bool orders, jobs;
    bool has_order_id; /* events of one order alone */
    struct uuid order_id;
};

/* What a stream has told so far. */
struct event_place {
    int64_t sequence;   /* of the newest event of an order */
    int64_t job_change; /* counts within this hub's life */
};

/* The subscriber's own memory, until event_hub_unsubscribe has returned. */
struct event_subscriber {
    /* Something may be new. Under the hub's lock: it must only wake. */
    void (*wake)(struct event_subscriber *s);
    struct event_filter filter;
    struct event_subscriber *next, *prev; /* private */
};

/* BUSY with LIMIT_EVENT_STREAMS subscribers. *ret_place: from here on, with the jobs under way once
 * as they are. */
enum err event_hub_subscribe(struct event_hub *hub, struct event_subscriber *s,
                             struct event_place *ret_place, struct error *e);
void event_hub_unsubscribe(struct event_hub *hub, struct event_subscriber *s);
/* Each stream looks again whether it may go on: a key was revoked. */
void event_hub_wake(struct event_hub *hub);

enum event_read {
    EVENT_READ_ALL,    /* nothing more: it will be woken */
    EVENT_READ_MORE,   /* there is more: call again */
    EVENT_READ_BEHIND, /* the ring does not reach back that far: event_hub_read_log */
};
/* Appends what is new since *place, as server-sent events, some 32 KiB at a time, and moves the
 * place on. */
enum event_read event_hub_read(struct event_hub *hub, const struct event_filter *filter,
                               struct event_place *place, struct strbuf *out);
/* The same for the orders' events, a page from the log; then event_hub_read again. Blocks. */
enum err event_hub_read_log(struct event_hub *hub, const struct event_filter *filter,
                            struct event_place *place, struct strbuf *out, struct error *e);

/* ---- waits ----------------------------------------------------------------------------------- */

/* Somebody who wants to look again once an order has changed. The waiter's own memory, until `due`
 * is called or event_hub_unwait returned true.
 *
 * `due` is called once for each event_hub_wait, on the hub's thread, without locks; it may read the
 * store, shortly, and may wait again. */
struct event_wait {
    void (*due)(struct event_wait *w);
    bool has_order_id; /* a change of one order; else of any */
    struct uuid order_id;
    int64_t since; /* of any: due as soon as the sequence is beyond; at most once in
                      EVENT_ANY_WAIT_MS */
    bool expired;  /* for `due`: event_hub_expire was called */
    /* private */
    int state;
    bool late;
    struct event_wait *next, *prev;
};

/* For a change of one order: look again after this call, as it may have changed before. */
void event_hub_wait(struct event_hub *hub, struct event_wait *w);
/* True when it was waiting: `due` will not be called. */
bool event_hub_unwait(struct event_hub *hub, struct event_wait *w);
/* The deadline has come, or nobody waits for the answer any more: `due` is called soon, or, when it
 * runs already, as soon as it waits again. */
void event_hub_expire(struct event_hub *hub, struct event_wait *w);

/* ---- figures --------------------------------------------------------------------------------- */

struct event_hub_stats {
    int64_t streams, waits; /* now */
    int64_t told;           /* news of the desk, ever */
    int64_t rounds;         /* of the thread that found something to do, ever */
    int64_t log_reads;      /* of streams that were behind, ever */
};
void event_hub_stats(struct event_hub *hub, struct event_hub_stats *ret);

#endif
