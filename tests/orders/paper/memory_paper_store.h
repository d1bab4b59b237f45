/* A store of the paper broker in memory, with a thread of its own that "commits": it can be held
 * up, be busy, and fail. What it has stored survives the broker.
 */
#ifndef TESTS_ORDERS_PAPER_MEMORY_PAPER_STORE_H
#define TESTS_ORDERS_PAPER_MEMORY_PAPER_STORE_H

#include "orders/paper/paper_store.h"

struct memory_paper_store;

struct memory_paper_store *memory_paper_store_create(void);
void memory_paper_store_free(struct memory_paper_store *m); /* the broker must be gone */
struct paper_store *memory_paper_store_face(struct memory_paper_store *m);

/* While held, what comes is taken but not stored. */
void memory_paper_store_hold(struct memory_paper_store *m, bool hold);
/* The next `count` submits are answered with BUSY. */
void memory_paper_store_be_busy(struct memory_paper_store *m, int count);
/* From now on each commit ends like this; OK = as before. */
void memory_paper_store_fail(struct memory_paper_store *m, enum err code);

size_t memory_paper_store_events(struct memory_paper_store *m);  /* stored */
size_t memory_paper_store_commits(struct memory_paper_store *m); /* submits that were stored */
/* How many orders have the id. */
int memory_paper_store_count(struct memory_paper_store *m, const char *client_id);
/* Each stored event, in order. */
void memory_paper_store_each(struct memory_paper_store *m,
                             void (*visit)(void *context, const struct paper_event *event),
                             void *context);

#endif
