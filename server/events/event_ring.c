#include "server/events/event_ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct ring_event *at(struct event_ring *r, size_t index)
{
    return &r->events[(r->first + index) % LIMIT_EVENT_RING];
}

static const struct ring_event *look_at(const struct event_ring *r, size_t index)
{
    return &r->events[(r->first + index) % LIMIT_EVENT_RING];
}

void event_ring_reset(struct event_ring *r, int64_t sequence)
{
    for (size_t i = 0; i < r->count; i++)
        free(at(r, i)->text);
    r->first = r->count = 0;
    r->floor = r->newest = sequence;
}

void event_ring_add(struct event_ring *r, const struct ring_event *event)
{
    assert(event->sequence > r->newest);
    if (r->count == LIMIT_EVENT_RING) {
        struct ring_event *oldest = at(r, 0);
        r->floor = oldest->sequence;
        free(oldest->text);
        r->first = (r->first + 1) % LIMIT_EVENT_RING;
        r->count--;
    }
    *at(r, r->count++) = *event;
    r->newest = event->sequence;
}

void event_ring_advance(struct event_ring *r, int64_t sequence)
{
    if (sequence > r->newest)
        r->newest = sequence;
}

/* The first event behind `sequence`. */
static size_t find(const struct event_ring *r, int64_t sequence)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (look_at(r, middle)->sequence <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool event_ring_read(const struct event_ring *r, const struct uuid *order_id, size_t max_bytes,
                     int64_t *sequence, struct strbuf *out)
{
    assert(*sequence >= r->floor);
    for (size_t i = find(r, *sequence); i < r->count; i++) {
        const struct ring_event *event = look_at(r, i);
        if (out->length >= max_bytes)
            return true;
        if (!order_id || memcmp(order_id, &event->order_id, sizeof *order_id) == 0)
            strbuf_add(out, event->text, event->length);
        *sequence = event->sequence;
    }
    if (*sequence < r->newest)
        *sequence = r->newest;
    return false;
}
