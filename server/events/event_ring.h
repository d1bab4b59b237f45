/* The newest events of orders, each rendered once for all streams.
 *
 * Invariant: it holds every event of the log with floor < sequence <= newest, ascending. Not thread
 * safe: the hub's lock covers it.
 */
#ifndef SERVER_EVENTS_EVENT_RING_H
#define SERVER_EVENTS_EVENT_RING_H

#include "base/limits.h"
#include "base/strbuf.h"
#include "base/uuid.h"

#include <stdint.h>

struct ring_event {
    int64_t sequence;
    struct uuid order_id;
    char *text; /* owned */
    size_t length;
};

struct event_ring {
    int64_t floor, newest;
    size_t first, count;
    struct ring_event events[LIMIT_EVENT_RING];
};

/* Empties it: it goes on behind `sequence`. A zeroed ring is empty. */
void event_ring_reset(struct event_ring *r, int64_t sequence);
/* sequence > newest. Takes the text over; the oldest event goes when it is full. */
void event_ring_add(struct event_ring *r, const struct ring_event *event);
/* There are no more events up to here. */
void event_ring_advance(struct event_ring *r, int64_t sequence);

/* Appends the texts of what comes behind *sequence (>= floor, asserted), of one order or of all
 * (NULL), until `out` has max_bytes; moves *sequence on. True when there is more. */
bool event_ring_read(const struct event_ring *r, const struct uuid *order_id, size_t max_bytes,
                     int64_t *sequence, struct strbuf *out);

#endif
