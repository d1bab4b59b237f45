/* One job from request to result, on the calling thread with the workers of the pool: plan, restore
 * the shards of an earlier run, run the rest while storing them, render. When an import changed the
 * bars meanwhile, or something failed that may pass, it is planned again and goes on from what is
 * stored and still true; after LIMIT_JOB_PLANS or LIMIT_SHARD_ATTEMPTS the error is the job's.
 */
#ifndef SERVER_JOBS_JOB_RUNNER_H
#define SERVER_JOBS_JOB_RUNNER_H

#include "base/clock.h"
#include "db/job_repo.h"
#include "db/storage.h"
#include "server/jobs/study_task.h"

struct job_run {
    struct storage *storage;
    struct worker_pool *pool;
    const struct clock *clock;
    const struct uuid *id;
    const char *request; /* as stored */
    const _Atomic bool *cancel;
    /* The study whose progress may be read from other threads: called with it each time it is
     * planned, and with NULL before it goes. */
    void (*watch_study)(void *context, struct study *study);
    void *context;
};

/* On success *ret_outcome (free with free()) is the JSON object {"result": ..., "timing": ...}. On
 * any end *ret_progress says how far it came. ERR_CANCELED when *cancel turned true; stored shards
 * stay. */
enum err job_run(const struct job_run *run, char **ret_outcome, struct job_progress *ret_progress,
                 struct error *e);

#endif
