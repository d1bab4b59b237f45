/* Events on their way to the store: batches, stored one after the other. Private to the folder.
 *
 * Whatever gathers while one batch is being stored is the next, so many callers share one item of
 * the writer. A batch is cut only between steps: the events of one step are stored together.
 * Batches are numbered from 1. The caller serializes the calls.
 */
#ifndef ORDERS_PAPER_PAPER_OUTBOX_H
#define ORDERS_PAPER_PAPER_OUTBOX_H

#include "base/parker.h"
#include "orders/paper/paper_store.h"

/* Waits for a batch; on the waiting thread's stack. */
struct paper_waiter {
    struct paper_waiter *next;
    struct parker parker;
    int64_t batch; /* its number */
    bool stored;   /* written before the wake */
};

struct paper_batch {
    struct paper_batch *next;
    int64_t number;
    struct paper_waiter *waiters;
    size_t count, capacity;
    struct paper_event *events;
};

struct paper_outbox {
    struct paper_batch *first, *last; /* to be stored; the last may still grow */
    struct paper_batch *under_way;
    struct paper_batch *stored; /* of which nobody has been told yet, newest first */
    struct paper_batch *spare;  /* empty, for the next one */
    int64_t number;             /* of the newest batch */
    int64_t stored_number;
    int64_t waiting; /* batches to be stored */
};

void paper_outbox_init(struct paper_outbox *o);
void paper_outbox_release(struct paper_outbox *o);

/* Room for the events of one step; false when there is no memory. Without it nothing may happen.
 */
bool paper_outbox_room(struct paper_outbox *o, size_t count);
/* Within the room; zeroed. The number of its batch is o->number. */
struct paper_event *paper_outbox_add(struct paper_outbox *o);

/* Whatever was added is stored, and was told. */
bool paper_outbox_empty(const struct paper_outbox *o);
/* Whether a batch waits that could be taken. */
bool paper_outbox_waits(const struct paper_outbox *o);
/* The next batch, now under way, or NULL: none waits, or one is under way. */
struct paper_batch *paper_outbox_take(struct paper_outbox *o);
/* It was not taken on: it waits again. */
void paper_outbox_put_back(struct paper_outbox *o);
/* The one under way is stored. Returns those who wait for it. */
struct paper_waiter *paper_outbox_stored(struct paper_outbox *o);
/* Nothing more will be stored. Returns all who wait. */
struct paper_waiter *paper_outbox_failed(struct paper_outbox *o);
/* The batches of which nobody has been told, oldest first; to be given back by _recycle. */
struct paper_batch *paper_outbox_news(struct paper_outbox *o);
void paper_outbox_recycle(struct paper_outbox *o, struct paper_batch *batches);

/* Adds one who waits for a batch; false when it is stored already. */
bool paper_outbox_wait(struct paper_outbox *o, int64_t number, struct paper_waiter *waiter);
/* The waiter gives up; false when somebody is about to wake it. */
bool paper_outbox_give_up(struct paper_outbox *o, struct paper_waiter *waiter);
/* Wakes them. */
void paper_waiters_wake(struct paper_waiter *waiters, bool stored);

#endif
