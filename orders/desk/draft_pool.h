/* The drafts of a desk: those that nobody uses, and those under way. Any thread. */
#ifndef ORDERS_DESK_DRAFT_POOL_H
#define ORDERS_DESK_DRAFT_POOL_H

#include "base/mutex.h"
#include "orders/desk/draft.h"

struct draft_pool {
    struct mutex mutex; /* DRAFTS */
    struct draft *free, *used;
    int32_t free_count;
    int32_t idle_count; /* the fewest that were free since the last trim: nobody needed these */
};

void draft_pool_init(struct draft_pool *p);
void draft_pool_release(struct draft_pool *p); /* all are back */

/* NULL without memory. */
struct draft *draft_pool_lease(struct draft_pool *p);
void draft_pool_return(struct draft_pool *p, struct draft *d);

/* Now and then: lets go of what was not needed since the last time, but for a few. */
void draft_pool_trim(struct draft_pool *p);
/* How many are in a turn that began before `ns` (draft.h: turn_began_ns). */
int64_t draft_pool_count_older(struct draft_pool *p, int64_t ns);
/* The users of those, under the pool's lock. */
void draft_pool_each_older(struct draft_pool *p, int64_t ns,
                           void (*visit)(void *context, void *user), void *context);

#endif
