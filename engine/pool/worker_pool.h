/* A persistent pool of worker threads that run numbered tasks of many runs at once.
 *
 * A run is a function and a count; workers take task numbers from the run's atomic counter, so a
 * task costs nanoseconds to hand out. Runs that are active at the same time share the workers in
 * turn. Cancel: no task of the run starts any more; those under way see *cancel and come back. The
 * caller of pool_run waits until every started task has returned, so its context may live on its
 * stack.
 */
#ifndef ENGINE_WORKER_POOL_H
#define ENGINE_WORKER_POOL_H

#include "base/error.h"

struct worker_pool;

/* workers 1..LIMIT_WORKERS threads named worker-N, at nice 10 when `low_priority`. */
enum err worker_pool_create(int32_t workers, bool low_priority, struct worker_pool **ret,
                            struct error *e);
void worker_pool_free(struct worker_pool *p); /* waits for runs; no new ones may start */
int32_t worker_pool_size(const struct worker_pool *p);

/* Called without locks on a worker thread; `worker` is 0..size-1, stable for the thread, so that
 * the context may hold one scratch per worker. An error cancels the run. */
typedef enum err worker_task(void *context, int64_t task, int32_t worker, struct error *e);

/* Runs tasks 0..count-1 and waits. The first error by task number that was seen is returned;
 * ERR_CANCELED when *cancel (NULL allowed) turned true before all were done. Any thread but a
 * worker; several at once. */
enum err worker_pool_run(struct worker_pool *p, worker_task *task, void *context, int64_t count,
                         const _Atomic bool *cancel, struct error *e);

/* For whoever turned a *cancel true: its run ends as soon as its tasks under way come back, instead
 * of when a worker that is busy with other runs would next have come by. Any thread. */
void worker_pool_notice_cancel(struct worker_pool *p);

#endif
