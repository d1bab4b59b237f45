#include "server/http/linger.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAIN_MAX_BYTES = 16 * 1024 * 1024, READS_PER_EVENT = 16 };
static const int64_t LINGER_NS = 2 * NS_PER_SECOND;

void lingers_init(struct lingers *l, int epoll_fd)
{
    l->epoll_fd = epoll_fd;
    for (int i = 0; i < LINGER_SLOTS; i++)
        l->slots[i].fd = -1;
}

static void drop(struct lingers *l, struct linger_slot *slot)
{
    if (slot->fd < 0)
        return;
    /* A duplicate leaves the set by itself only when the last one is closed. */
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, slot->fd, NULL);
    close(slot->fd);
    slot->fd = -1;
}

void lingers_release(struct lingers *l)
{
    for (int i = 0; i < LINGER_SLOTS; i++)
        drop(l, &l->slots[i]);
}

static struct linger_slot *free_slot(struct lingers *l)
{
    for (int i = 0; i < LINGER_SLOTS; i++)
        if (l->slots[i].fd < 0)
            return &l->slots[i];
    return NULL;
}

void lingers_add(struct lingers *l, int fd, int64_t now_ns)
{
    struct linger_slot *slot = free_slot(l);
    if (!slot)
        return;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = slot};
    shutdown(copy, SHUT_WR);
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, copy, &event) != 0) {
        close(copy);
        return;
    }
    *slot = (struct linger_slot){.fd = copy, .deadline_ns = now_ns + LINGER_NS};
}

void lingers_event(struct lingers *l, void *address)
{
    struct linger_slot *slot = address;
    for (int i = 0; i < READS_PER_EVENT && slot->fd >= 0; i++) {
        /* MSG_TRUNC: TCP throws the bytes away itself, and no page of the buffer is ever touched.
         */
        ssize_t n = recv(slot->fd, l->unread, LINGER_READ_BYTES, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0)
            slot->drained_bytes += (size_t)n;
        if (n <= 0 || slot->drained_bytes > DRAIN_MAX_BYTES)
            drop(l, slot);
    }
}

void lingers_scan(struct lingers *l, int64_t now_ns)
{
    for (int i = 0; i < LINGER_SLOTS; i++)
        if (l->slots[i].fd >= 0 && now_ns >= l->slots[i].deadline_ns)
            drop(l, &l->slots[i]);
}
