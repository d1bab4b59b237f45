#include "server/http/offload.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "base/thread.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { API_STACK_BYTES = 1024 * 1024, API_THREADS_MAX = 64 };

struct list {
    struct offload_item *first, *last;
};

struct offload {
    void (*run)(struct offload_item *item);
    struct mutex mutex; /* guards the queue, so that each item is run by one thread */
    struct condition changed;
    /* under mutex */
    struct list quick;
    struct list lengthy;
    uint64_t next_sequence;
    size_t waiting; /* counted items */
    int long_running;
    bool closed;
    /* fixed */
    size_t queue_limit;
    int long_limit;
    int thread_count;
    struct thread threads[API_THREADS_MAX];
};

static void append(struct list *list, struct offload_item *item)
{
    item->next = NULL;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
}

static struct offload_item *take_first(struct list *list)
{
    struct offload_item *item = list->first;
    list->first = item->next;
    if (!list->first)
        list->last = NULL;
    return item;
}

/* The oldest item that may run now, or NULL. */
static struct offload_item *take(struct offload *o) REQUIRES(o->mutex)
{
    bool may_long = o->lengthy.first && o->long_running < o->long_limit;
    struct list *list = &o->quick;
    if (may_long && (!o->quick.first || o->lengthy.first->sequence < o->quick.first->sequence))
        list = &o->lengthy;
    if (!list->first)
        return NULL;
    struct offload_item *item = take_first(list);
    o->waiting -= item->counted;
    o->long_running += item->is_long;
    return item;
}

static void *api_thread(void *context)
{
    struct offload *o = context;
    mutex_lock(&o->mutex);
    for (;;) {
        struct offload_item *item = take(o);
        if (!item) {
            if (o->closed && !o->quick.first && !o->lengthy.first)
                break;
            condition_wait(&o->changed, &o->mutex);
            continue;
        }
        bool was_long = item->is_long;
        mutex_unlock(&o->mutex);
        o->run(item); /* the item is not ours afterwards */
        mutex_lock(&o->mutex);
        o->long_running -= was_long;
        if (was_long && o->lengthy.first)
            condition_signal(&o->changed);
    }
    /* A thread that waits behind the limit on long work must see the end too. */
    condition_broadcast(&o->changed);
    mutex_unlock(&o->mutex);
    return NULL;
}

enum err offload_create(int thread_count, size_t queue_limit,
                        void (*run)(struct offload_item *item), struct offload **ret,
                        struct error *e)
{
    assert(thread_count >= 1 && thread_count <= API_THREADS_MAX);
    struct offload *o = calloc(1, sizeof *o);
    if (!o)
        return error_set(e, ERR_NO_MEMORY, "no memory for the api threads");
    o->run = run;
    o->queue_limit = queue_limit;
    o->long_limit = thread_count > 1 ? thread_count / 2 : 1;
    mutex_init(&o->mutex, MUTEX_OFFLOAD);
    condition_init(&o->changed);
    for (; o->thread_count < thread_count; o->thread_count++) {
        char name[16];
        snprintf(name, sizeof name, "api-%d", o->thread_count);
        struct thread_options options = {.name = name, .stack_bytes = API_STACK_BYTES};
        enum err err = thread_start(&o->threads[o->thread_count], &options, api_thread, o, e);
        if (err) {
            offload_free(o);
            return err;
        }
    }
    *ret = o;
    return ERR_OK;
}

void offload_free(struct offload *o)
{
    if (!o)
        return;
    mutex_lock(&o->mutex);
    o->closed = true;
    condition_broadcast(&o->changed);
    mutex_unlock(&o->mutex);
    for (int i = 0; i < o->thread_count; i++)
        thread_join(&o->threads[i]);
    condition_release(&o->changed);
    mutex_release(&o->mutex);
    free(o);
}

static bool push(struct offload *o, struct offload_item *item, bool is_long, bool counted)
{
    mutex_lock(&o->mutex);
    assert(!o->closed);
    bool fits = !counted || o->waiting < o->queue_limit;
    if (fits) {
        item->sequence = o->next_sequence++;
        item->is_long = is_long;
        item->counted = counted;
        o->waiting += counted;
        append(is_long ? &o->lengthy : &o->quick, item);
        condition_signal(&o->changed);
    }
    mutex_unlock(&o->mutex);
    return fits;
}

bool offload_push(struct offload *o, struct offload_item *item, bool is_long)
{
    return push(o, item, is_long, true);
}

void offload_push_admitted(struct offload *o, struct offload_item *item, bool is_long)
{
    push(o, item, is_long, false);
}

bool offload_is_full(struct offload *o)
{
    return offload_waiting(o) >= o->queue_limit;
}

size_t offload_waiting(struct offload *o)
{
    mutex_lock(&o->mutex);
    size_t waiting = o->waiting;
    mutex_unlock(&o->mutex);
    return waiting;
}
