/* An order store in memory with a thread of its own: what db/order_store.h does, without a disk. It
 * outlives desks, so that a test can restart one over it.
 */
#ifndef TESTS_ORDERS_DESK_MEMORY_STORE_H
#define TESTS_ORDERS_DESK_MEMORY_STORE_H

#include "orders/order_store.h"

struct memory_store;

struct memory_store *memory_store_create(void);
void memory_store_free(struct memory_store *s);
struct order_store *memory_store_of(struct memory_store *s);

/* The next batches end like this instead, `count` times; UNKNOWN writes nothing either. */
void memory_store_fail(struct memory_store *s, enum order_commit_outcome outcome, int count);

/* Nothing is written while it is held; what is submitted waits. */
void memory_store_hold(struct memory_store *s, bool held);
int memory_store_waiting(struct memory_store *s);

/* The kill switch cannot be stored, for want of room. */
void memory_store_refuse_pause(struct memory_store *s, bool refuse);

int64_t memory_store_events(struct memory_store *s);
int64_t memory_store_batches(struct memory_store *s);
/* Flips a bit in the newest event of the first bracket. */
void memory_store_tamper(struct memory_store *s);
/* Takes the same brackets, byte for byte. */
bool memory_store_fold(struct memory_store *s, const struct uuid *id, struct bracket_state *ret);

#endif
