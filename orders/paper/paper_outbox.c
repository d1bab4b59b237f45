#include "orders/paper/paper_outbox.h"

#include "base/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_EVENTS_MIN = 32 };

static void free_batches(struct paper_batch *batch)
{
    while (batch) {
        struct paper_batch *next = batch->next;
        free(batch->events);
        free(batch);
        batch = next;
    }
}

void paper_outbox_init(struct paper_outbox *o)
{
    *o = (struct paper_outbox){.number = 0};
}

void paper_outbox_release(struct paper_outbox *o)
{
    free_batches(o->first);
    free_batches(o->under_way);
    free_batches(o->stored);
    free_batches(o->spare);
    *o = (struct paper_outbox){.number = 0};
}

/* ---- filling --------------------------------------------------------------------------------- */

static bool start_batch(struct paper_outbox *o)
{
    struct paper_batch *batch = o->spare;
    if (batch)
        o->spare = batch->next;
    else if (!(batch = calloc(1, sizeof *batch)))
        return false;
    batch->next = NULL;
    batch->number = ++o->number;
    if (o->last)
        o->last->next = batch;
    else
        o->first = batch;
    o->last = batch;
    o->waiting++;
    return true;
}

static bool grow(struct paper_batch *batch, size_t count)
{
    size_t capacity = batch->capacity ? batch->capacity : BATCH_EVENTS_MIN;
    while (capacity < count)
        capacity *= 2;
    struct paper_event *events = realloc(batch->events, capacity * sizeof *events);
    if (!events)
        return false;
    batch->events = events;
    batch->capacity = capacity;
    return true;
}

bool paper_outbox_room(struct paper_outbox *o, size_t count)
{
    bool full = !o->last || o->last->count >= LIMIT_PAPER_BATCH;
    if (full && !start_batch(o))
        return false;
    size_t needed = o->last->count + count;
    return needed <= o->last->capacity || grow(o->last, needed);
}

struct paper_event *paper_outbox_add(struct paper_outbox *o)
{
    assert(o->last && o->last->count < o->last->capacity);
    struct paper_event *event = &o->last->events[o->last->count++];
    memset(event, 0, sizeof *event);
    return event;
}

/* ---- storing --------------------------------------------------------------------------------- */

bool paper_outbox_empty(const struct paper_outbox *o)
{
    return !o->under_way && !o->stored && !paper_outbox_waits(o);
}

bool paper_outbox_waits(const struct paper_outbox *o)
{
    return !o->under_way && o->first && o->first->count > 0;
}

struct paper_batch *paper_outbox_take(struct paper_outbox *o)
{
    struct paper_batch *batch = o->first;
    if (!paper_outbox_waits(o))
        return NULL;
    o->first = batch->next;
    if (!o->first)
        o->last = NULL;
    batch->next = NULL;
    o->under_way = batch;
    o->waiting--;
    return batch;
}

void paper_outbox_put_back(struct paper_outbox *o)
{
    struct paper_batch *batch = o->under_way;
    o->under_way = NULL;
    batch->next = o->first;
    o->first = batch;
    if (!o->last)
        o->last = batch;
    o->waiting++;
}

static struct paper_waiter *take_waiters(struct paper_batch *batch)
{
    struct paper_waiter *waiters = batch->waiters;
    batch->waiters = NULL;
    return waiters;
}

struct paper_waiter *paper_outbox_stored(struct paper_outbox *o)
{
    struct paper_batch *batch = o->under_way;
    o->under_way = NULL;
    o->stored_number = batch->number;
    batch->next = o->stored;
    o->stored = batch;
    return take_waiters(batch);
}

static void append(struct paper_waiter **list, struct paper_waiter *more)
{
    while (*list)
        list = &(*list)->next;
    *list = more;
}

struct paper_waiter *paper_outbox_failed(struct paper_outbox *o)
{
    struct paper_waiter *all = NULL;
    if (o->under_way)
        append(&all, take_waiters(o->under_way));
    for (struct paper_batch *batch = o->first; batch; batch = batch->next)
        append(&all, take_waiters(batch));
    return all;
}

struct paper_batch *paper_outbox_news(struct paper_outbox *o)
{
    struct paper_batch *oldest = NULL;
    while (o->stored) {
        struct paper_batch *batch = o->stored;
        o->stored = batch->next;
        batch->next = oldest;
        oldest = batch;
    }
    return oldest;
}

void paper_outbox_recycle(struct paper_outbox *o, struct paper_batch *batches)
{
    while (batches) {
        struct paper_batch *batch = batches;
        batches = batch->next;
        batch->count = 0;
        batch->next = NULL;
        if (o->spare)
            free_batches(batch);
        else
            o->spare = batch;
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static struct paper_batch *batch_of(struct paper_outbox *o, int64_t number)
{
    if (o->under_way && o->under_way->number == number)
        return o->under_way;
    struct paper_batch *batch = o->first;
    while (batch && batch->number != number)
        batch = batch->next;
    return batch;
}

bool paper_outbox_wait(struct paper_outbox *o, int64_t number, struct paper_waiter *waiter)
{
    if (number == o->number && o->last && o->last->count == 0)
        number--; /* it was begun for what then did not happen */
    struct paper_batch *batch = number > o->stored_number ? batch_of(o, number) : NULL;
    if (!batch)
        return false;
    waiter->next = batch->waiters;
    waiter->batch = number;
    batch->waiters = waiter;
    return true;
}

bool paper_outbox_give_up(struct paper_outbox *o, struct paper_waiter *waiter)
{
    struct paper_batch *batch = batch_of(o, waiter->batch);
    struct paper_waiter **link = batch ? &batch->waiters : NULL;
    while (link && *link && *link != waiter)
        link = &(*link)->next;
    bool found = link && *link;
    if (found)
        *link = waiter->next;
    return found;
}

/* A waiter may be gone as soon as it is awake. */
void paper_waiters_wake(struct paper_waiter *waiters, bool stored)
{
    while (waiters) {
        struct paper_waiter *next = waiters->next;
        waiters->stored = stored;
        parker_wake(&waiters->parker);
        waiters = next;
    }
}
