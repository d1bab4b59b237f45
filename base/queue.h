/* A bounded queue of pointers between threads: many producers, many consumers, first in first out.
 * Full means a refusal (ERR_BUSY), never growth. Items are borrowed: the queue never frees them.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include "base/error.h"
#include "base/mutex.h"

struct queue {
    struct mutex mutex;
    struct condition not_empty;
    void **items; /* ring */
    size_t capacity, head, count;
    bool closed;
};

enum err queue_init(struct queue *q, size_t capacity, enum mutex_rank rank, struct error *e);
void queue_release(struct queue *q);
/* ERR_BUSY when full, ERR_UNAVAILABLE when closed; never waits. */
enum err queue_push(struct queue *q, void *item, struct error *e);
/* Waits for at least one item, then takes up to `max`. Returns how many; 0 only when the queue is
 * closed and empty. */
size_t queue_pop(struct queue *q, void **ret_items, size_t max);
/* No more pushes; consumers drain what is there, then get 0. */
void queue_close(struct queue *q);
size_t queue_count(struct queue *q);

#endif
