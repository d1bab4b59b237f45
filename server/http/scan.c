#include "server/http/exchange.h"

#include <assert.h>
#include <poll.h>
#include <sys/socket.h>

/* libmicrohttpd's timeouts restart at each byte, so a client may hold a connection forever with a
 * byte a minute. They are off; the scan enforces deadlines that nothing moves, by shutting the
 * socket down under libmicrohttpd, which sees that as a client that left. A suspended connection is
 * not watched by libmicrohttpd at all: the scan polls those for clients that left. */

static void say_too_slow(struct conn *c)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\n"
                                 "Connection: close\r\nContent-Length: 0\r\n\r\n";
    ssize_t sent = send(c->fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* as much as a client gets that is being cut */
}

static void cut_late(struct loop *l, struct conn *c)
{
    static const enum metrics_cut reasons[] = {
        [CONN_HEAD] = CUT_HEAD,
        [CONN_BODY] = CUT_BODY,
        [CONN_RESPONSE] = CUT_RESPONSE,
        [CONN_IDLE] = CUT_IDLE,
    };
    assert(c->phase != CONN_HANDLING);
    if (c->phase == CONN_HEAD || c->phase == CONN_BODY)
        say_too_slow(c);
    metrics_add(&l->metrics.cut[reasons[c->phase]], 1);
    loop_cut(l, c);
}

static bool may_cancel(const struct http_exchange *x)
{
    return x && x->suspended && x->state == EXCHANGE_RUNNING && !x->canceled &&
           atomic_load_explicit(&x->deferred, memory_order_acquire);
}

/* The client's side is closed. Its deferred request is canceled. Otherwise the connection is closed
 * once two scans have found it with nothing left to read: when data and the end come in one event,
 * libmicrohttpd reads the data, takes a short read for the last, and never sees the end. */
static void handle_gone(struct loop *l, struct conn *c)
{
    char byte;
    if (may_cancel(c->exchange)) {
        exchange_cancel(c->exchange, HTTP_CANCEL_CLIENT_GONE);
    } else if (c->exchange && feed_is_asleep(c->exchange)) {
        feed_gone(c->exchange);
    } else if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        if (c->seen_gone)
            loop_cut(l, c);
        c->seen_gone = true;
    }
}

static void look_for_gone(struct loop *l, nfds_t count)
{
    if (count == 0 || poll(l->poll_fds, count, 0) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (l->poll_fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR))
            handle_gone(l, l->poll_conns[i]);
}

/* Nothing is coming from the handler or going to the client. */
static bool waits_for_client(const struct conn *c)
{
    bool suspended = c->exchange && c->exchange->suspended;
    return !c->cut && !suspended &&
           (c->phase == CONN_HEAD || c->phase == CONN_BODY || c->phase == CONN_IDLE);
}

static bool is_asleep(const struct conn *c)
{
    return c->exchange && feed_is_asleep(c->exchange);
}

static void cancel_due(const struct loop *l, struct http_exchange *x, int64_t request_now_ns)
{
    if (l->drain_deadline_ns)
        exchange_cancel(x, HTTP_CANCEL_STOP);
    else if (x->defer_deadline_ns && request_now_ns >= x->defer_deadline_ns)
        exchange_cancel(x, HTTP_CANCEL_DEADLINE);
}

void loop_scan(struct loop *l)
{
    const struct http_config *config = l->shared->config;
    int64_t request_now_ns = clock_monotonic_ns(config->clock);
    nfds_t watched = 0;
    for (struct conn *c = l->conns; c; c = c->next) {
        if (c->deadline_ns && l->now_ns >= c->deadline_ns)
            cut_late(l, c);
        if (is_asleep(c))
            feed_beat(c->exchange);
        bool deferred = may_cancel(c->exchange);
        if (deferred)
            cancel_due(l, c->exchange, request_now_ns);
        if (deferred ? !c->exchange->canceled : waits_for_client(c) || is_asleep(c)) {
            l->poll_conns[watched] = c;
            l->poll_fds[watched++] = (struct pollfd){.fd = c->fd, .events = POLLRDHUP};
        }
    }
    look_for_gone(l, watched);
    lingers_scan(&l->lingers, l->now_ns);
    int interval_ms = l->drain_deadline_ns ? LOOP_STOP_SCAN_MS : config->scan_ms;
    l->next_scan_ns = l->now_ns + interval_ms * NS_PER_MS;
}
