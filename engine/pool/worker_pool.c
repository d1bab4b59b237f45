/* The list of runs and everything slow is behind the pool's mutex; the tasks of a run are handed
 * out by its atomic counter, so that a worker takes the mutex twice per visit to a run, not per
 * task. A visit lasts until the run has no more tasks, or, while several runs are active, for one
 * chunk of tasks: then the worker goes to the run that has waited longest.
 *
 * A chunk is a share of what is left, at most CHUNK_MAX: near the end of a run workers take single
 * tasks, so that they end together.
 */
#include "engine/pool/worker_pool.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "base/thread.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CHUNK_MAX = 16,
    CHUNKS_PER_WORKER = 8,
    CACHE_LINE_BYTES = 64,
    WORKER_NICE = 10,
};

/* One worker_pool_run, on its caller's stack. */
struct run {
    worker_task *task;
    void *context;
    int64_t count;
    const _Atomic bool *cancel; /* NULL allowed */
    int32_t workers;

    _Alignas(CACHE_LINE_BYTES) _Atomic int64_t next; /* first task that nobody took */
    _Atomic bool failed;

    /* behind the pool's mutex */
    _Alignas(CACHE_LINE_BYTES) struct run *newer;
    struct run *older;
    bool listed;
    int32_t visitors; /* workers that may still touch the run */
    int64_t done;     /* tasks that returned OK */
    int64_t error_task;
    struct error error; /* code ERR_OK = none */
    struct condition finished;
};

struct worker {
    struct worker_pool *pool;
    int32_t index;
    struct thread thread;
};

struct worker_pool {
    struct mutex mutex;
    struct condition work;       /* a run was listed, or closing */
    struct run *oldest, *newest; /* behind the mutex, as is `closing` */
    bool closing;
    _Atomic int32_t run_count; /* listed ones; written under the mutex */
    int32_t size;
    struct worker workers[];
};

static _Thread_local bool on_worker_thread;

static void list_append(struct worker_pool *p, struct run *r) REQUIRES(p->mutex)
{
    r->newer = NULL;
    r->older = p->newest;
    if (p->newest)
        p->newest->newer = r;
    else
        p->oldest = r;
    p->newest = r;
}

static void list_remove(struct worker_pool *p, struct run *r) REQUIRES(p->mutex)
{
    if (r->older)
        r->older->newer = r->newer;
    else
        p->oldest = r->newer;
    if (r->newer)
        r->newer->older = r->older;
    else
        p->newest = r->older;
}

static bool is_stopped(const struct run *r)
{
    return atomic_load_explicit(&r->failed, memory_order_relaxed) ||
           (r->cancel && atomic_load_explicit(r->cancel, memory_order_relaxed));
}

static bool has_tasks(const struct run *r)
{
    return !is_stopped(r) && atomic_load_explicit(&r->next, memory_order_relaxed) < r->count;
}

static void add_run(struct worker_pool *p, struct run *r) REQUIRES(p->mutex)
{
    list_append(p, r);
    r->listed = true;
    atomic_fetch_add_explicit(&p->run_count, 1, memory_order_relaxed);
}

/* From here on no worker comes to the run any more. */
static void retire_run(struct worker_pool *p, struct run *r) REQUIRES(p->mutex)
{
    if (!r->listed)
        return;
    list_remove(p, r);
    r->listed = false;
    atomic_fetch_sub_explicit(&p->run_count, 1, memory_order_relaxed);
}

static void signal_if_finished(struct run *r)
{
    if (!r->listed && r->visitors == 0)
        condition_signal(&r->finished);
}

/* The run that has waited longest goes to the end of the line. NULL when no run has tasks. */
static struct run *next_run(struct worker_pool *p) REQUIRES(p->mutex)
{
    struct run *r;
    while ((r = p->oldest) != NULL) {
        if (has_tasks(r)) {
            list_remove(p, r);
            list_append(p, r);
            return r;
        }
        retire_run(p, r);
        signal_if_finished(r);
    }
    return NULL;
}

static void record_error(struct worker_pool *p, struct run *r, int64_t task, enum err code,
                         const struct error *error)
{
    atomic_store_explicit(&r->failed, true, memory_order_relaxed);
    mutex_lock(&p->mutex);
    if (r->error.code == ERR_OK || task < r->error_task) {
        r->error_task = task;
        r->error = *error;
        r->error.code = code;
    }
    mutex_unlock(&p->mutex);
}

static int64_t chunk_size(const struct run *r)
{
    int64_t left = r->count - atomic_load_explicit(&r->next, memory_order_relaxed);
    int64_t share = left / ((int64_t)r->workers * CHUNKS_PER_WORKER);
    return share < 1 ? 1 : share > CHUNK_MAX ? CHUNK_MAX : share;
}

/* Returns how many tasks were done. */
static int64_t visit(struct worker_pool *p, struct run *r, int32_t worker)
{
    int64_t done = 0;
    struct error error = {0};
    do {
        int64_t chunk = chunk_size(r);
        int64_t task = atomic_fetch_add_explicit(&r->next, chunk, memory_order_relaxed);
        int64_t end = task + chunk < r->count ? task + chunk : r->count;
        if (task >= end)
            break;
        for (; task < end; task++) {
            if (is_stopped(r))
                return done;
            enum err code = r->task(r->context, task, worker, &error);
            if (code != ERR_OK) {
                record_error(p, r, task, code, &error);
                return done;
            }
            done++;
        }
    } while (atomic_load_explicit(&p->run_count, memory_order_relaxed) == 1);
    return done;
}

static void *work(void *context)
{
    struct worker *w = context;
    struct worker_pool *p = w->pool;
    on_worker_thread = true;
    mutex_lock(&p->mutex);
    for (;;) {
        struct run *r = next_run(p);
        if (!r && p->closing)
            break;
        if (!r) {
            condition_wait(&p->work, &p->mutex);
            continue;
        }
        r->visitors++;
        mutex_unlock(&p->mutex);
        int64_t done = visit(p, r, w->index);
        mutex_lock(&p->mutex);
        r->done += done;
        r->visitors--;
        if (!has_tasks(r))
            retire_run(p, r);
        signal_if_finished(r);
    }
    mutex_unlock(&p->mutex);
    return NULL;
}

enum err worker_pool_create(int32_t workers, bool low_priority, struct worker_pool **ret,
                            struct error *e)
{
    if (workers < 1 || workers > LIMIT_WORKERS)
        return error_set(e, ERR_INVALID, "workers must be 1 to %d, not %d", LIMIT_WORKERS,
                         (int)workers);
    struct worker_pool *p = calloc(1, sizeof *p + (size_t)workers * sizeof p->workers[0]);
    if (!p)
        return error_set(e, ERR_NO_MEMORY, "no memory for the worker pool");
    mutex_init(&p->mutex, MUTEX_POOL);
    condition_init(&p->work);
    p->size = workers;
    for (int32_t i = 0; i < workers; i++) {
        struct worker *w = &p->workers[i];
        *w = (struct worker){.pool = p, .index = i};
        char name[24];
        snprintf(name, sizeof name, "worker-%d", (int)i);
        struct thread_options options = {.name = name, .nice = low_priority ? WORKER_NICE : 0};
        enum err code = thread_start(&w->thread, &options, work, w, e);
        if (code != ERR_OK) {
            worker_pool_free(p);
            return code;
        }
    }
    *ret = p;
    return ERR_OK;
}

void worker_pool_free(struct worker_pool *p)
{
    if (!p)
        return;
    assert(!on_worker_thread);
    mutex_lock(&p->mutex);
    p->closing = true;
    condition_broadcast(&p->work);
    mutex_unlock(&p->mutex);
    for (int32_t i = 0; i < p->size; i++)
        thread_join(&p->workers[i].thread);
    condition_release(&p->work);
    mutex_release(&p->mutex);
    free(p);
}

void worker_pool_notice_cancel(struct worker_pool *p)
{
    mutex_lock(&p->mutex);
    for (struct run *r = p->oldest, *newer; r; r = newer) {
        newer = r->newer;
        if (!is_stopped(r))
            continue;
        retire_run(p, r);
        signal_if_finished(r);
    }
    mutex_unlock(&p->mutex);
}

int32_t worker_pool_size(const struct worker_pool *p)
{
    return p->size;
}

static enum err outcome(const struct run *r, struct error *e)
{
    if (r->error.code != ERR_OK) {
        if (e)
            *e = r->error;
        return r->error.code;
    }
    if (r->done < r->count)
        return error_set(e, ERR_CANCELED, "canceled");
    return ERR_OK;
}

enum err worker_pool_run(struct worker_pool *p, worker_task *task, void *context, int64_t count,
                         const _Atomic bool *cancel, struct error *e)
{
    assert(!on_worker_thread); /* it would wait for itself */
    assert(count >= 0);
    may_block("worker_pool_run");
    struct run r = {
        .task = task, .context = context, .count = count, .cancel = cancel, .workers = p->size};
    if (count == 0)
        return ERR_OK;
    condition_init(&r.finished);
    mutex_lock(&p->mutex);
    assert(!p->closing);
    add_run(p, &r);
    if (is_stopped(&r)) /* canceled before anyone could notice it here */
        retire_run(p, &r);
    if (count == 1)
        condition_signal(&p->work);
    else
        condition_broadcast(&p->work);
    while (r.listed || r.visitors > 0)
        condition_wait(&r.finished, &p->mutex);
    mutex_unlock(&p->mutex);
    condition_release(&r.finished);
    return outcome(&r, e);
}
