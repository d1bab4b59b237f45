/* The runners: threads `job-N`, each with one job at a time, all on the one pool of workers, which
 * their runs share in turn. So a short job is not behind the long ones, only beside them.
 *
 * One runner is kept for whoever has none: of N, the jobs of one key take N - 1 at most.
 */
#include "server/jobs/job_service_state.h"

#include "server/jobs/job_runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNNER_NICE = 10 }; /* as the workers: nothing waits for a backtest */

struct run_context {
    struct job_service *service;
    struct job *job;
};

static void watch_study(void *context, struct study *study)
{
    struct run_context *c = context;
    mutex_lock(&c->service->mutex);
    job_watch_study(c->service, c->job, study);
    mutex_unlock(&c->service->mutex);
}

static void run_one(struct job_service *s, struct job *job)
{
    struct run_context context = {.service = s, .job = job};
    struct job_run run = {.storage = s->storage,
                          .pool = s->pool,
                          .clock = s->clock,
                          .id = &job->row.id,
                          .request = job->row.request,
                          .cancel = &job->cancel,
                          .watch_study = watch_study,
                          .context = &context};
    char *outcome = NULL;
    struct job_progress progress;
    struct error e = {0};
    enum err err = job_run(&run, &outcome, &progress, &e);
    if (!err)
        job_end(s, job, JOB_SUCCEEDED, &progress, outcome, NULL);
    else if (err != ERR_CANCELED)
        job_end(s, job, JOB_FAILED, &progress, NULL, &e);
    else if (job->canceling)
        job_end(s, job, JOB_CANCELED, &progress, NULL, NULL);
    /* Else the server stops: the job stays as it is on disk, and in memory until
     * job_service_free. */
    free(outcome);
}

/* Under the mutex. */
static bool may_run(void *context, const struct uuid *key)
{
    const struct job_service *s = context;
    int32_t running = 0;
    for (int32_t i = 0; i < s->runner_count; i++) {
        const struct job *job = s->runners[i].job;
        running += job && memcmp(&job->row.key_id, key, sizeof(*key)) == 0;
    }
    return running == 0 || running < s->runner_count - 1;
}

/* The next job to run; NULL when the service stops. */
static struct job *next_job(struct job_runner *r)
{
    struct job_service *s = r->service;
    struct job *job = NULL;
    mutex_lock(&s->mutex);
    while (!s->stopping && !(job = job_queue_pop(&s->queue, may_run, s)))
        condition_wait(&s->wake, &s->mutex);
    if (job) {
        r->job = job;
        job->row.status = JOB_RUNNING;
        job->row.rev++;
        if (!job->row.started_at_ns)
            job->row.started_at_ns = clock_realtime_ns(s->clock);
        job_tell(s, job);
    }
    mutex_unlock(&s->mutex);
    return job;
}

static void *run_jobs(void *context)
{
    struct job_runner *r = context;
    for (struct job *job; (job = next_job(r));)
        run_one(r->service, job);
    return NULL;
}

enum err job_threads_start(struct job_service *s, int32_t count, struct error *e)
{
    enum err err = ERR_OK;
    s->runner_count = count;
    for (int32_t i = 0; !err && i < count; i++) {
        char name[THREAD_NAME_MAX];
        struct job_runner *r = &s->runners[i];
        r->service = s;
        snprintf(name, sizeof(name), "job-%d", (int)i);
        err = thread_start(&r->thread, &(struct thread_options){.name = name, .nice = RUNNER_NICE},
                           run_jobs, r, e);
    }
    return err;
}

void job_threads_stop(struct job_service *s)
{
    mutex_lock(&s->mutex);
    s->stopping = true;
    for (int32_t i = 0; i < s->runner_count; i++)
        if (s->runners[i].job)
            s->runners[i].job->cancel = true;
    condition_broadcast(&s->wake);
    mutex_unlock(&s->mutex);
    worker_pool_notice_cancel(s->pool);
    for (int32_t i = 0; i < s->runner_count; i++)
        thread_join(&s->runners[i].thread);
}
