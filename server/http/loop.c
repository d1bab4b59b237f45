#include "server/http/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

/* libmicrohttpd's own polling threads are not used. With more than 125 connections on one of them
 * it may wait out its timeout with events pending (when a wait returns exactly as many events as
 * its array holds, 128), and a resume from another thread costs it a wake for each. Here the loop
 * is ours: one wait on a set that holds libmicrohttpd's own epoll set, an eventfd for requests
 * handed back (one wake however many), and lingering sockets; then one MHD_run, which never waits.
 *
 * Its strict mode is off, although we are strict: it would answer a missing Host by itself, and
 * 0.9.75 writes the head of the answers that it makes itself twice. head.c and target.c check what
 * strict mode checks, and more. */

enum {
    EVENTS_PER_TURN = 64,
    LOOP_STACK_BYTES = 512 * 1024,
    STOP_GRACE_MS = 1000, /* for libmicrohttpd to see that sockets were shut */
};

/* ---- connections ---- */

void conn_enter(struct loop *l, struct conn *c, enum conn_phase phase, int ms)
{
    c->phase = phase;
    c->deadline_ns = ms ? l->now_ns + ms * NS_PER_MS : 0;
    c->seen_gone = false;
}

static struct conn *conn_open(struct loop *l, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->fd = fd;
    c->next = l->conns;
    if (c->next)
        c->next->previous = c;
    l->conns = c;
    l->conn_count++;
    conn_enter(l, c, CONN_HEAD, l->shared->config->head_ms);
    metrics_add(&l->metrics.accepted, 1);
    metrics_add(&l->metrics.connections, 1);
    return c;
}

static void conn_close(struct loop *l, struct conn *c)
{
    assert(!c->exchange);
    if (c->previous)
        c->previous->next = c->next;
    else
        l->conns = c->next;
    if (c->next)
        c->next->previous = c->previous;
    l->conn_count--;
    metrics_add(&l->metrics.connections, (uint64_t)-1);
    explicit_bzero(&c->memo, sizeof c->memo);
    free(c);
}

void loop_cut(struct loop *l, struct conn *c)
{
    (void)l;
    c->cut = true;
    c->deadline_ns = 0;
    shutdown(c->fd, SHUT_RDWR);
}

/* ---- libmicrohttpd's callbacks ---- */

static struct conn *conn_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct loop *l = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *socket_context = conn_open(l, fd);
    } else if (*socket_context) {
        struct conn *c = *socket_context;
        if (c->exchange)
            exchange_end(c->exchange);
        conn_close(l, c);
        *socket_context = NULL;
    }
}

/* The request line is there: the only call that comes before the head is complete. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct loop *l = context;
    struct conn *c = conn_of(connection);
    if (!c || c->exchange)
        return NULL;
    conn_enter(l, c, CONN_HEAD, l->shared->config->head_ms);
    return exchange_begin(l, c, connection, target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **request_context)
{
    (void)context;
    (void)connection;
    (void)url;
    struct http_exchange *x = *request_context;
    return x && exchange_advance(x, method, version, upload, upload_bytes) ? MHD_YES : MHD_NO;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct loop *l = context;
    struct http_exchange *x = *request_context;
    (void)code;
    *request_context = NULL;
    if (!x)
        return;
    exchange_end(x);
    struct conn *c = conn_of(connection);
    if (!c->cut && l->drain_deadline_ns)
        loop_cut(l, c); /* its head was sent before the stop, without "Connection: close" */
    else if (!c->cut)
        conn_enter(l, c, CONN_IDLE, l->shared->config->idle_ms);
}

/* Targets are decoded by target.c, from the raw text. */
static size_t leave_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct loop *l)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, l,
                            MHD_OPTION_LISTEN_SOCKET, l->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned int)l->conn_limit, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_BYTES,
                            MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, l, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, l, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
                            MHD_OPTION_END);
}

/* ---- requests handed back ---- */

void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t written = write(l->wake_fd, &one, sizeof one);
    assert(written == sizeof one || errno == EAGAIN); /* full: it is awake */
}

void loop_hand_back(struct loop *l, struct http_exchange *x)
{
    mutex_lock(&l->mutex);
    bool first = !l->done;
    x->next = l->done;
    l->done = x;
    mutex_unlock(&l->mutex);
    if (first)
        loop_wake(l);
}

static void resume_done(struct loop *l)
{
    if (!l->woken)
        return;
    l->woken = false;
    mutex_lock(&l->mutex);
    struct http_exchange *x = l->done;
    l->done = NULL;
    mutex_unlock(&l->mutex);
    while (x) {
        struct http_exchange *next = x->next;
        exchange_resume(x);
        x = next;
    }
}

/* ---- stopping ---- */

static void begin_stop(struct loop *l)
{
    MHD_socket listening = MHD_quiesce_daemon(l->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
    l->drain_deadline_ns = l->now_ns + l->shared->config->drain_ms * NS_PER_MS;
    for (struct conn *c = l->conns; c; c = c->next) {
        if (c->cut)
            continue;
        if (!c->exchange || c->exchange->state == EXCHANGE_STREAM)
            loop_cut(l, c);
        else
            feed_stop(c->exchange);
    }
    l->next_scan_ns = l->now_ns;
}

static void cut_all(struct loop *l)
{
    l->closing = true;
    for (struct conn *c = l->conns; c; c = c->next)
        if (!c->cut)
            loop_cut(l, c);
}

/* True when nothing is left that MHD_stop_daemon could trip over: it aborts the process when a
 * connection is suspended. */
static bool stop_finished(struct loop *l)
{
    if (!atomic_load_explicit(&l->shared->stopping, memory_order_acquire))
        return false;
    if (!l->drain_deadline_ns)
        begin_stop(l);
    if (!l->closing && l->now_ns >= l->drain_deadline_ns)
        cut_all(l);
    if (l->suspended_count > 0 || l->orphan_count > 0)
        return false;
    return l->conn_count == 0 || l->now_ns >= l->drain_deadline_ns + STOP_GRACE_MS * NS_PER_MS;
}

/* ---- the loop ---- */

static int wait_ms(struct loop *l)
{
    int64_t left_ns = l->next_scan_ns - l->now_ns;
    int ms = left_ns <= 0 ? 0 : (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
    MHD_UNSIGNED_LONG_LONG daemon_ms;
    if (MHD_get_timeout(l->daemon, &daemon_ms) == MHD_YES && daemon_ms < (unsigned)ms)
        ms = (int)daemon_ms;
    return ms;
}

/* Once a turn, the date once a millisecond at most; libmicrohttpd would ask and format it for each
 * answer. */
static void tell_time(struct loop *l)
{
    l->now_ns = clock_monotonic_ns(clock_real());
    if (l->now_ns < l->next_date_ns)
        return;
    l->next_date_ns = l->now_ns + NS_PER_MS;
    int64_t date_s = clock_realtime_ns(l->shared->config->clock) / NS_PER_SECOND;
    if (date_s < 0)
        date_s = 0; /* a clock of a test may show anything */
    if (date_s == l->date_s)
        return;
    l->date_s = date_s;
    http_date_format(date_s, l->date);
}

static void wait_for_events(struct loop *l, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, timeout_ms);
    tell_time(l);
    for (int i = 0; i < count; i++) {
        void *source = events[i].data.ptr;
        if (source == &l->wake_fd) {
            uint64_t wakes;
            ssize_t got = read(l->wake_fd, &wakes, sizeof wakes);
            (void)got;
            l->woken = true;
        } else if (source != l) { /* l itself stands for libmicrohttpd, which always runs */
            lingers_event(&l->lingers, source);
        }
    }
}

static void turn(struct loop *l)
{
    resume_done(l);
    MHD_run(l->daemon);
    if (l->now_ns >= l->next_scan_ns)
        loop_scan(l);
}

static void *loop_thread(void *context)
{
    struct loop *l = context;
    while (!stop_finished(l)) {
        wait_for_events(l, wait_ms(l));
        turn(l);
    }
    MHD_stop_daemon(l->daemon); /* closes what is left, which may leave uploads to undo */
    l->daemon = NULL;
    while (l->orphan_count > 0) {
        wait_for_events(l, LOOP_STOP_SCAN_MS);
        resume_done(l);
    }
    return NULL;
}

/* ---- life cycle ---- */

static bool watch(struct loop *l, int fd, void *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum err open_descriptors(struct loop *l, struct error *e)
{
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd < 0 || l->wake_fd < 0 || !watch(l, l->wake_fd, &l->wake_fd))
        return error_errno(e, ERR_IO, "cannot make an event loop");
    lingers_init(&l->lingers, l->epoll_fd);
    l->daemon = start_daemon(l);
    if (!l->daemon)
        return error_set(e, ERR_IO, "libmicrohttpd did not start");
    l->listen_fd = -1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || !watch(l, info->epoll_fd, l))
        return error_errno(e, ERR_IO, "cannot watch libmicrohttpd");
    return ERR_OK;
}

enum err loop_create(struct loop_shared *shared, int index, int listen_fd, int conn_limit,
                     struct loop **ret, struct error *e)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l) {
        close(listen_fd);
        return error_set(e, ERR_NO_MEMORY, "no memory for an event loop");
    }
    l->shared = shared;
    l->index = index;
    l->listen_fd = listen_fd;
    l->epoll_fd = l->wake_fd = -1;
    l->conn_limit = conn_limit;
    l->date_s = -1;
    mutex_init(&l->mutex, MUTEX_HTTP_LOOP);
    lingers_init(&l->lingers, -1);
    uint64_t seed;
    random_secret(&seed, sizeof seed);
    random_seed(&l->random, seed);
    l->poll_fds = calloc((size_t)conn_limit, sizeof *l->poll_fds);
    l->poll_conns = calloc((size_t)conn_limit, sizeof *l->poll_conns);
    enum err err = ERR_OK;
    if (!l->poll_fds || !l->poll_conns ||
        !metrics_init(&l->metrics, router_route_count(shared->router)))
        err = error_set(e, ERR_NO_MEMORY, "no memory for an event loop");
    if (!err)
        err = open_descriptors(l, e);
    if (err) {
        loop_free(l);
        return err;
    }
    *ret = l;
    return ERR_OK;
}

enum err loop_start(struct loop *l, struct error *e)
{
    char name[16];
    snprintf(name, sizeof name, "http-%d", l->index);
    struct thread_options options = {.name = name, .stack_bytes = LOOP_STACK_BYTES};
    return thread_start(&l->thread, &options, loop_thread, l, e);
}

void loop_join(struct loop *l)
{
    thread_join(&l->thread);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(!l->thread.started && !l->done);
    if (l->daemon)
        MHD_stop_daemon(l->daemon);
    if (l->listen_fd >= 0)
        close(l->listen_fd);
    lingers_release(&l->lingers);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    exchange_free_all(l);
    reply_cache_clear(&l->replies);
    metrics_release(&l->metrics);
    free(l->poll_fds);
    free(l->poll_conns);
    mutex_release(&l->mutex);
    free(l);
}
