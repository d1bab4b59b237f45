/* Closing a connection whose sender is still sending: closing at once would make the kernel reset
 * it, and the answer would be lost with the reset. A duplicate of the socket is kept instead, what
 * still comes in is thrown away, and it is closed when the sender stops, or after a short while.
 *
 * Belongs to one loop; no other thread calls it.
 */
#ifndef SERVER_HTTP_LINGER_H
#define SERVER_HTTP_LINGER_H

#include <stddef.h>
#include <stdint.h>

enum { LINGER_SLOTS = 64, LINGER_READ_BYTES = 64 * 1024 };

struct linger_slot {
    int fd; /* -1: free */
    size_t drained_bytes;
    int64_t deadline_ns;
};

struct lingers {
    int epoll_fd; /* borrowed; slots are registered in it with their own address */
    struct linger_slot slots[LINGER_SLOTS];
    char unread[LINGER_READ_BYTES]; /* where a read would put what MSG_TRUNC throws away */
};

void lingers_init(struct lingers *l, int epoll_fd);
void lingers_release(struct lingers *l);

/* Keeps a duplicate of `fd` alive and ends our side. Without a free slot nothing is kept. */
void lingers_add(struct lingers *l, int fd, int64_t now_ns);
/* An event whose data is this address, inside l->slots. */
void lingers_event(struct lingers *l, void *address);
void lingers_scan(struct lingers *l, int64_t now_ns);

#endif
