#include "base/queue.h"

#include <assert.h>
#include <stdlib.h>

enum err queue_init(struct queue *q, size_t capacity, enum mutex_rank rank, struct error *e)
{
    assert(capacity > 0);
    void **items = calloc(capacity, sizeof *items);
    if (!items)
        return error_set(e, ERR_NO_MEMORY, "no memory for a queue of %zu items", capacity);
    *q = (struct queue){.items = items, .capacity = capacity};
    mutex_init(&q->mutex, rank);
    condition_init(&q->not_empty);
    return ERR_OK;
}

void queue_release(struct queue *q)
{
    if (!q->items)
        return;
    condition_release(&q->not_empty);
    mutex_release(&q->mutex);
    free(q->items);
    q->items = NULL;
}

enum err queue_push(struct queue *q, void *item, struct error *e)
{
    mutex_lock(&q->mutex);
    bool closed = q->closed;
    bool full = q->count == q->capacity;
    if (!closed && !full) {
        q->items[(q->head + q->count) % q->capacity] = item;
        q->count++;
        condition_signal(&q->not_empty);
    }
    mutex_unlock(&q->mutex);

    if (closed)
        return error_set(e, ERR_UNAVAILABLE, "the queue is closed");
    if (full)
        return error_set(e, ERR_BUSY, "the queue is full (%zu items)", q->capacity);
    return ERR_OK;
}

size_t queue_pop(struct queue *q, void **ret_items, size_t max)
{
    assert(max > 0);
    may_block("queue_pop");
    mutex_lock(&q->mutex);
    while (q->count == 0 && !q->closed)
        condition_wait(&q->not_empty, &q->mutex);
    size_t taken = q->count < max ? q->count : max;
    for (size_t i = 0; i < taken; i++)
        ret_items[i] = q->items[(q->head + i) % q->capacity];
    q->head = (q->head + taken) % q->capacity;
    q->count -= taken;
    mutex_unlock(&q->mutex);
    return taken;
}

void queue_close(struct queue *q)
{
    mutex_lock(&q->mutex);
    q->closed = true;
    condition_broadcast(&q->not_empty);
    mutex_unlock(&q->mutex);
}

size_t queue_count(struct queue *q)
{
    mutex_lock(&q->mutex);
    size_t count = q->count;
    mutex_unlock(&q->mutex);
    return count;
}
