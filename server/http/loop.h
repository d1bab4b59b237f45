/* One event loop: a thread `http-N`, a libmicrohttpd daemon without a thread of its own, a
 * listening socket, and the connections on it. Everything here belongs to that thread, save what is
 * said to be shared.
 */
#ifndef SERVER_HTTP_LOOP_H
#define SERVER_HTTP_LOOP_H

#include "base/mutex.h"
#include "base/random.h"
#include "base/thread.h"
#include "server/http/hosts.h"
#include "server/http/linger.h"
#include "server/http/metrics.h"
#include "server/http/offload.h"
#include "server/http/reply_cache.h"
#include "server/http/router.h"
#include "server/http/server.h"

#include <poll.h>
#include <stdatomic.h>

struct MHD_Daemon;
struct http_exchange;

/* What all loops of a server share; fixed while they run, but for the atomics. */
struct loop_shared {
    const struct http_config *config;
    const struct router *router;
    const struct hosts *hosts;
    struct offload *offload;
    atomic_bool stopping;
};

/* What a connection is waiting for; each has its own deadline. */
enum conn_phase {
    CONN_HEAD,     /* of the first request, or of one whose request line is there */
    CONN_BODY,     /* the client's body */
    CONN_HANDLING, /* the handler; no deadline of the connection's own */
    CONN_RESPONSE, /* the client's reading of the answer */
    CONN_IDLE,     /* the next request */
};

struct conn {
    struct conn *next, *previous;
    int fd;
    enum conn_phase phase;
    int64_t deadline_ns;            /* 0 = none */
    bool seen_gone;                 /* by the last scan: the client closed its side */
    bool cut;                       /* shut down by us; libmicrohttpd closes it at its next look */
    struct http_exchange *exchange; /* the request under way, or NULL */
    struct http_memo memo;
};

struct loop {
    struct loop_shared *shared;
    int index;
    struct thread thread;
    struct MHD_Daemon *daemon;
    int listen_fd; /* -1 once libmicrohttpd or the stop has closed it */
    int epoll_fd;  /* ours: libmicrohttpd's set, wake_fd and the lingers */
    int wake_fd;
    bool woken;         /* something may have been handed back */
    struct conn *conns; /* list */
    struct http_exchange *free_exchanges;
    int free_exchange_count;
    int suspended_count; /* requests that some handler or upload holds */
    int orphan_count;    /* aborted uploads that are being undone */
    int64_t now_ns;      /* of this turn, monotonic */
    int64_t next_scan_ns;
    int64_t drain_deadline_ns; /* 0 until the stop begins */
    bool closing;              /* the stop gave up waiting */
    struct pollfd *poll_fds; /* room for every connection; those of deferred requests, at a scan */
    struct conn **poll_conns;
    int conn_limit;
    int conn_count;
    struct random random; /* request ids */
    struct lingers lingers;
    struct reply_cache replies;
    int64_t date_s;       /* the second that `date` tells */
    int64_t next_date_ns; /* when to look at the clock again */
    char date[HTTP_DATE_BYTES];
    struct metrics metrics; /* written by the loop alone, read by anyone */
    struct mutex mutex;     /* guards done, so that api threads can hand requests back */
    struct http_exchange *done;
};

enum err loop_create(struct loop_shared *shared, int index, int listen_fd, int conn_limit,
                     struct loop **ret, struct error *e);
enum err loop_start(struct loop *l, struct error *e);
/* Makes the loop look at shared->stopping and at its done list. From any thread. */
void loop_wake(struct loop *l);
void loop_join(struct loop *l);
void loop_free(struct loop *l);

/* Hands an exchange back to its loop. From any thread, with locks below HTTP_LOOP held. */
void loop_hand_back(struct loop *l, struct http_exchange *x);

/* The connection waits for something else from now on; ms = 0: without a deadline. */
void conn_enter(struct loop *l, struct conn *c, enum conn_phase phase, int ms);

/* Enforces deadlines, cancels deferred requests that are due, and finds clients that left; sets the
 * time of the next scan (scan.c). */
enum { LOOP_STOP_SCAN_MS = 10 };
void loop_scan(struct loop *l);

/* Ends a connection: both directions are shut, libmicrohttpd notices. */
void loop_cut(struct loop *l, struct conn *c);

#endif
