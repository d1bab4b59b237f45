/* One job from request to result, on the calling thread with the workers of the pool: plan, take
 * what is in the cache of shards, run the rest while storing it, render. A job that goes on after a
 * restart finds its own shards in that cache. When an import changed the bars meanwhile, or
 * something but a shard failed that may pass, it is planned again and goes on likewise; after
 * LIMIT_JOB_PLANS or LIMIT_SHARD_ATTEMPTS the error is the job's. A shard has its attempts of its
 * own (study.h).
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
