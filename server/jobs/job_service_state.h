/* The inside of the job service, shared by job_service.c (life, looking, cancel), job_submit.c
 * (acceptance), job_threads.c (the runners), job_end.c (the end and who waits for it),
 * job_label.c (names and notes) and job_view.c (renderings). Private to them.
 *
 * One mutex covers the table, the queue, the watchers and the fields of jobs in memory. Whatever
 * takes time (the database, a study, the rendering of a result) happens outside it. A job that has
 * left the queue belongs to the thread that took it out, the only one that moves it on: what that
 * thread read of it stays true.
 */
#ifndef SERVER_JOBS_JOB_SERVICE_STATE_H
#define SERVER_JOBS_JOB_SERVICE_STATE_H

#include "base/limits.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "server/jobs/job_service.h"
#include "server/jobs/job_table.h"

#include <math.h>

enum { JOB_BODY_BYTES_MAX = 300 << 20 };

/* One thread that runs jobs. */
struct job_runner {
    struct job_service *service;
    struct thread thread;
    struct job *job; /* behind the mutex: what it runs, NULL = nothing */
};

struct job_service {
    struct storage *storage;
    struct worker_pool *pool;
    const struct clock *clock;
    struct job_listener listener;
    struct mutex mutex;
    struct condition wake; /* a job was queued or has ended, or stopping */
    struct job_table table;
    struct job_queue queue;
    int64_t reserved; /* places of jobs that are being stored */
    struct job_watch *watches;
    struct job_service_stats stats;
    int64_t labelings; /* names and notes given: a rendering begun before the last may be stale */
    bool stopping;
    int32_t runner_count;
    struct job_runner runners[LIMIT_JOB_THREADS];
};

/* job_threads.c: starts and ends the runners. Stopping interrupts what they run. */
enum err job_threads_start(struct job_service *s, int32_t count, struct error *e);
void job_threads_stop(struct job_service *s);

/* job_end.c: stores the end, then shows it and tells the watchers: a client never sees a result
 * that a crash could take back. The job has left the queue; it is not the caller's any more. */
void job_end(struct job_service *s, struct job *job, enum job_status status,
             const struct job_progress *progress, const char *result, const struct error *why);

/* Under the mutex: tells the listener of the status it has now. */
void job_tell(struct job_service *s, const struct job *job);

/* job_view.c */

/* Under the mutex: what a job looks like now; body NULL = out of memory. */
void job_view_of(struct job_service *s, struct job *job, struct job_view *ret);
/* Under the mutex: takes the live progress of its study, and when it will be done at this pace, NaN
 * = unknown. */
double job_refresh_progress(struct job_service *s, struct job *job);
/* Under the mutex: the job runs `study` from now on; NULL = it does no more. */
void job_watch_study(struct job_service *s, struct job *job, struct study *study);
/* Reads a stored job and renders it. Blocks. */
enum err job_load_view(struct job_service *s, const struct uuid *id, struct arena *arena,
                       struct job_row *ret_row, struct http_body **ret_body, struct error *e);

#endif
