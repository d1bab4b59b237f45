#include "orders/desk/draft_pool.h"

enum { KEPT_AT_REST = 4 };

void draft_pool_init(struct draft_pool *p)
{
    *p = (struct draft_pool){.free = NULL};
    mutex_init(&p->mutex, MUTEX_DRAFTS);
}

static void free_all(struct draft *d)
{
    while (d) {
        struct draft *next = d->next;
        draft_free(d);
        d = next;
    }
}

void draft_pool_release(struct draft_pool *p)
{
    free_all(p->free);
    mutex_release(&p->mutex);
}

static void link_used(struct draft_pool *p, struct draft *d) REQUIRES(p->mutex)
{
    d->previous = NULL;
    d->next = p->used;
    if (p->used)
        p->used->previous = d;
    p->used = d;
}

static void unlink_used(struct draft_pool *p, struct draft *d) REQUIRES(p->mutex)
{
    if (d->previous)
        d->previous->next = d->next;
    else
        p->used = d->next;
    if (d->next)
        d->next->previous = d->previous;
}

struct draft *draft_pool_lease(struct draft_pool *p)
{
    mutex_lock(&p->mutex);
    struct draft *d = p->free;
    if (d) {
        p->free = d->next;
        p->free_count--;
        if (p->free_count < p->idle_count)
            p->idle_count = p->free_count;
        link_used(p, d);
    }
    mutex_unlock(&p->mutex);
    if (d)
        return d;
    d = draft_create();
    if (!d)
        return NULL;
    mutex_lock(&p->mutex);
    link_used(p, d);
    mutex_unlock(&p->mutex);
    return d;
}

void draft_pool_return(struct draft_pool *p, struct draft *d)
{
    atomic_store(&d->turn_began_ns, 0);
    mutex_lock(&p->mutex);
    unlink_used(p, d);
    d->next = p->free;
    p->free = d;
    p->free_count++;
    mutex_unlock(&p->mutex);
}

void draft_pool_trim(struct draft_pool *p)
{
    struct draft *unused = NULL;
    mutex_lock(&p->mutex);
    for (; p->idle_count > KEPT_AT_REST; p->idle_count--) {
        struct draft *d = p->free;
        p->free = d->next;
        p->free_count--;
        d->next = unused;
        unused = d;
    }
    p->idle_count = p->free_count;
    mutex_unlock(&p->mutex);
    free_all(unused);
}

void draft_pool_each_older(struct draft_pool *p, int64_t ns,
                           void (*visit)(void *context, void *user), void *context)
{
    mutex_lock(&p->mutex);
    for (struct draft *d = p->used; d; d = d->next) {
        int64_t began_ns = atomic_load(&d->turn_began_ns);
        if (began_ns && began_ns < ns)
            visit(context, atomic_load(&d->user));
    }
    mutex_unlock(&p->mutex);
}

static void count_one(void *count, void *user)
{
    (void)user;
    ++*(int64_t *)count;
}

int64_t draft_pool_count_older(struct draft_pool *p, int64_t ns)
{
    int64_t count = 0;
    draft_pool_each_older(p, ns, count_one, &count);
    return count;
}
