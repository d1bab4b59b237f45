/* Answers that stay open and are fed from outside (server-sent events).
 *
 * libmicrohttpd asks for the next bytes on the loop. What is in memory is given at once; when there
 * is nothing, the connection is suspended, asleep: it costs no thread, no polling and one part of
 * memory. Whoever has news wakes it from any thread, by one atomic exchange; only the wake that
 * finds it asleep hands it back to its loop, so that a thousand wakes of a busy stream are one.
 * What has to be read from disk first is made on an api thread, like a part of a long answer.
 *
 *   RUNNING -> ASLEEP      by the loop, when there was nothing to send
 *   ASLEEP -> WOKEN        by a wake, which hands it back; RUNNING -> WOKEN: looked at again
 *   WOKEN, ASLEEP -> RUNNING  by the loop (ASLEEP: for a beat, a client that left, the stop)
 */
#include "server/http/exchange.h"

#include <assert.h>
#include <string.h>
#include <sys/types.h>

#include <microhttpd.h>

enum { FEED_RUNNING, FEED_ASLEEP, FEED_WOKEN };

/* Memory of each open stream in libmicrohttpd. */
enum { BLOCK_BYTES = 4 * 1024 };

/* ---- sleeping and waking --------------------------------------------------------------------- */

void http_feed_wake(struct http_request *r)
{
    struct http_exchange *x = (struct http_exchange *)r; /* its first member */
    if (atomic_exchange_explicit(&x->feed_state, FEED_WOKEN, memory_order_acq_rel) == FEED_ASLEEP)
        loop_hand_back(x->loop, x);
}

/* False when a wake came in between. */
static bool fall_asleep(struct http_exchange *x)
{
    int expected = FEED_RUNNING;
    if (!atomic_compare_exchange_strong_explicit(&x->feed_state, &expected, FEED_ASLEEP,
                                                 memory_order_acq_rel, memory_order_acquire))
        return false;
    conn_enter(x->loop, x->conn, CONN_HANDLING, 0);
    exchange_suspend(x);
    return true;
}

/* The state alone says that it is a feed: the answer itself may be in the hands of an api thread.
 */
bool feed_is_asleep(const struct http_exchange *x)
{
    return x->suspended &&
           atomic_load_explicit(&x->feed_state, memory_order_acquire) == FEED_ASLEEP;
}

/* On the loop. Nothing when a wake has handed it back already. */
static void rouse(struct http_exchange *x)
{
    int expected = FEED_ASLEEP;
    if (atomic_compare_exchange_strong_explicit(&x->feed_state, &expected, FEED_RUNNING,
                                                memory_order_acq_rel, memory_order_acquire))
        exchange_resume(x);
}

void feed_beat(struct http_exchange *x)
{
    if (x->loop->now_ns >= x->feed_beat_ns)
        rouse(x);
}

void feed_gone(struct http_exchange *x)
{
    loop_cut(x->loop, x->conn);
    rouse(x);
}

void feed_stop(struct http_exchange *x)
{
    if (feed_is_asleep(x))
        rouse(x);
    else if (!x->suspended && x->response.feed.next)
        conn_enter(x->loop, x->conn, CONN_RESPONSE, FEED_STOP_MS);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void note_next(struct http_exchange *x, enum http_feed_next next)
{
    x->feed_failed = strbuf_failed(&x->response.body) || next == HTTP_FEED_FAIL;
    x->feed_ended = next == HTTP_FEED_END;
}

/* On the loop: asks for what comes next. True when the connection was suspended. */
static bool ask(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    atomic_store_explicit(&x->feed_state, FEED_RUNNING, memory_order_release);
    strbuf_clear(&out->body);
    x->part_sent_bytes = 0;
    conn_enter(x->loop, x->conn, CONN_RESPONSE, x->loop->shared->config->response_ms);
    enum http_feed_next next = out->feed.next(out->feed.context, &out->body, false);
    note_next(x, next);
    if (next == HTTP_FEED_BLOCK) {
        x->job = JOB_FEED;
        conn_enter(x->loop, x->conn, CONN_HANDLING, 0);
        offload_push_admitted(x->loop->shared->offload, &x->item, false);
        exchange_suspend(x);
        return true;
    }
    if (next != HTTP_FEED_WAIT || out->body.length > 0)
        return false;
    if (x->loop->now_ns >= x->feed_beat_ns) {
        strbuf_add_string(&out->body, out->feed.beat);
        return false;
    }
    return fall_asleep(x);
}

void feed_make(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    enum http_feed_next next = out->feed.next(out->feed.context, &out->body, true);
    assert(next != HTTP_FEED_BLOCK);
    note_next(x, next);
}

static ssize_t give(struct http_exchange *x, char *out, size_t max_bytes)
{
    const struct strbuf *part = &x->response.body;
    size_t left = part->length - x->part_sent_bytes;
    size_t given = left < max_bytes ? left : max_bytes;
    memcpy(out, part->data + x->part_sent_bytes, given);
    x->part_sent_bytes += given;
    x->feed_beat_ns = x->loop->now_ns + x->response.feed.beat_ms * NS_PER_MS;
    return (ssize_t)given;
}

static ssize_t give_bytes(void *context, uint64_t position, char *out, size_t max_bytes)
{
    (void)position;
    struct http_exchange *x = context;
    for (;;) {
        if (x->conn->cut || x->feed_failed)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (x->part_sent_bytes < x->response.body.length)
            return give(x, out, max_bytes);
        if (x->feed_ended || x->loop->drain_deadline_ns)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (ask(x))
            return 0;
    }
}

struct MHD_Response *feed_response(struct http_exchange *x)
{
    x->feed_beat_ns = x->loop->now_ns + x->response.feed.beat_ms * NS_PER_MS;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, give_bytes, x, NULL);
}
