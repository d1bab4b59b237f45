/* One request and its answer, from the request line until the answer is sent: the state behind a
 * struct http_request.
 *
 * Life: taken at the request line (exchange_begin), fed by libmicrohttpd's calls
 * (exchange_advance), perhaps handed to an api thread and back (the connection is suspended
 * meanwhile, so libmicrohttpd leaves it alone), ended when the answer is sent or the connection
 * lost (exchange_end), then recycled.
 *
 *   HEAD -> BODY | STREAM | DISCARD         by the checks on the head
 *   BODY | STREAM -> RUNNING -> ANSWER      the handler, inline or on an api thread
 *   DISCARD -> ANSWER                       a refusal, after the rest of a small body was read
 *   ANSWER -> SENDING
 *
 * An answer in parts goes to an api thread and back once more for each of them, in SENDING; one
 * that stays open (feed.c) is suspended in SENDING while it has nothing to say.
 *
 * Threads: the loop's, except that between loop -> offload_push and loop_hand_back the request
 * belongs to the api thread, and after http_request_defer to whoever completes it.
 */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include "server/http/loop.h"
#include "server/http/response_internal.h"

struct MHD_Connection;

enum exchange_state {
    EXCHANGE_HEAD,
    EXCHANGE_BODY,
    EXCHANGE_STREAM,
    EXCHANGE_DISCARD,
    EXCHANGE_RUNNING,
    EXCHANGE_ANSWER,
    EXCHANGE_SENDING,
};

/* What an api thread is to do. */
enum exchange_job {
    JOB_CHUNK,   /* begin if not begun, then a part of the body */
    JOB_HANDLER, /* the rest of the body, then the handler */
    JOB_ABORT,   /* undo an upload that lost its sender */
    JOB_PART,    /* the next part of the answer */
    JOB_FEED,    /* the same of one that stays open */
};

struct http_exchange {
    struct http_request request;   /* first: handlers hold a pointer to it */
    struct http_response response; /* the answer, once state is ANSWER */
    struct offload_item item;      /* while queued */
    struct http_exchange *next;    /* in the free list or the done list */
    struct loop *loop;
    struct conn *conn;                 /* NULL for an orphan */
    struct MHD_Connection *connection; /* NULL for an orphan */
    struct arena arena;
    struct strbuf body; /* whole, or the next part of a stream */
    enum exchange_state state;
    enum exchange_job job;
    enum err target_err; /* found at the request line, told at the head */
    struct error target_error;
    size_t target_bytes;   /* of the connection's memory, about */
    const char *authority; /* of an absolute target, or NULL */
    size_t route_index;
    int64_t started_ns;
    bool suspended;
    bool made_request_id; /* by us, not by the client */
    bool has_body;        /* a body was announced */
    bool must_close;      /* after the answer, with what is still coming in drained */
    /* streams: written by the thread that holds the request */
    bool stream_begun, stream_failed, stream_ended;
    bool to_api, on_api; /* an inline handler asked for an api thread; it runs on one */
    /* answers in parts (parts.c) */
    size_t part_sent_bytes; /* of response.body */
    bool part_failed;
    /* answers that stay open (feed.c), with part_sent_bytes */
    atomic_int feed_state;
    bool feed_ended, feed_failed;
    int64_t feed_beat_ns;
    /* answering later */
    atomic_int pending;   /* 1 for the handler that runs, 1 for a deferred answer */
    atomic_bool deferred; /* set last: publishes the three below */
    atomic_bool handler_returned;
    int64_t defer_deadline_ns;
    http_cancel_fn cancel;
    void *cancel_context;
    bool canceled; /* loop only */
};

/* The request line is there. NULL when memory is out. */
struct http_exchange *exchange_begin(struct loop *l, struct conn *c,
                                     struct MHD_Connection *connection, const char *target);

/* libmicrohttpd's handler call: false closes the connection without an answer. */
bool exchange_advance(struct http_exchange *x, const char *method, const char *version,
                      const char *upload, size_t *upload_bytes);

/* Checks the head and leaves x in BODY, STREAM or DISCARD, there with must_close set when the rest
 * of the request is not waited for (head.c). */
void exchange_check_head(struct http_exchange *x, const char *method, const char *version);
/* Puts the refusal *e in the response and the exchange in DISCARD. */
void exchange_refuse(struct http_exchange *x, const struct error *e);

/* Queues x->response with libmicrohttpd (reply.c). */
bool exchange_reply(struct http_exchange *x);
/* Writes x->response to the socket past libmicrohttpd, which takes no answer while a body is
 * coming in; the connection must be closed next. */
void exchange_reply_raw(struct http_exchange *x);

/* libmicrohttpd's response whose body is made in parts. NULL when memory is out. */
struct MHD_Response *parts_response(struct http_exchange *x);
/* On an api thread: the next part. */
void parts_make(struct http_exchange *x);

/* Of an answer that stays open. NULL when memory is out. */
struct MHD_Response *feed_response(struct http_exchange *x);
/* On an api thread: what has to be read first. */
void feed_make(struct http_exchange *x);
/* It has nothing to say and waits to be woken. */
bool feed_is_asleep(const struct http_exchange *x);
/* On the loop, asleep: sends a beat if it is time; ends because its client left. */
void feed_beat(struct http_exchange *x);
void feed_gone(struct http_exchange *x);
/* On the loop: the server stops; one that is being sent has FEED_STOP_MS to be read. */
enum { FEED_STOP_MS = 300 };
void feed_stop(struct http_exchange *x);

/* Takes the connection out of libmicrohttpd's hands until exchange_resume. On the loop, after the
 * push: what comes back is looked at only later. */
void exchange_suspend(struct http_exchange *x);

/* An api thread runs what was queued. */
void exchange_run(struct offload_item *item);

/* Back from another thread: resumed, or recycled when its connection is gone. */
void exchange_resume(struct http_exchange *x);

/* libmicrohttpd is done with the request. */
void exchange_end(struct http_exchange *x);

/* One of the parties to an answer is done with it. True for the last one (later.c). */
bool exchange_release(struct http_exchange *x);

/* Tells the one who holds a deferred answer to hurry; nothing when it was told, has not been
 * deferred, or its handler still runs. */
void exchange_cancel(struct http_exchange *x, enum http_cancel why);

void exchange_free_all(struct loop *l); /* the free list */

#endif
