/* Backtest jobs from acceptance to result: queue, run, store, resume.
 *
 * A job is durable before it is accepted. Threads `job-N` take jobs in fair order (job_queue.h) and
 * run each on the worker pool (job_runner.h), which jobs under way at the same time share in turn
 * and nothing else. After a restart, unfinished jobs are taken up again from their stored shards. A
 * cancel takes effect within 100 ms.
 *
 * What is in memory: every unfinished job, and the renderings of the finished ones asked for last.
 * So polling never touches the database: job_service_peek is for loop threads. All calls from any
 * thread but workers.
 */
#ifndef SERVER_JOBS_JOB_SERVICE_H
#define SERVER_JOBS_JOB_SERVICE_H

#include "base/clock.h"
#include "db/job_repo.h"
#include "db/storage.h"
#include "engine/pool/worker_pool.h"
#include "server/http/response.h"
#include "server/jobs/study_spec.h"

struct job_service;

/* A job has changed its status (accepted, begun, ended), or a finished one was removed. */
struct job_news {
    struct uuid id;
    enum job_status status;
    bool removed; /* then the rest says nothing */
    struct job_progress progress;
    double eta_s; /* NaN = unknown */
};
struct job_listener {
    void *context;
    /* Once per change, in their order; under the service's lock, so it may only take note. NULL =
     * not wanted. */
    void (*changed)(void *context, const struct job_news *news);
};

struct job_service_options {
    int32_t threads; /* jobs under way at the same time, 1..LIMIT_JOB_THREADS */
    struct job_listener listener;
};

/* Takes up what an earlier process left unfinished, and starts the threads. The storage, the pool
 * and the clock are borrowed until job_service_free. */
enum err job_service_create(struct storage *storage, struct worker_pool *pool,
                            const struct clock *clock, const struct job_service_options *options,
                            struct job_service **ret, struct error *e);
/* Interrupts the jobs under way (they stay unfinished and resume at the next start), then joins.
 * Watchers must be gone: the HTTP server stops first. NULL is fine. */
void job_service_free(struct job_service *s);

/* What is asked for, and under which idempotency key. */
struct job_submission {
    const struct study_spec *spec; /* checked: its symbols and its rule are good */
    int64_t cost;                  /* its estimate (study_cost.h) */
    struct uuid key_id;
    const char *idempotency_key; /* NULL = none */
    unsigned char body_sha256[SHA256_BYTES];
};

/* What a job looks like now. */
struct job_view {
    struct uuid id;
    enum job_status status;
    struct http_body *body; /* its JSON with its ETag; one reference, the caller's */
};
void job_view_release(struct job_view *v); /* a zeroed one is fine */

/* Was the submission's idempotency key used before? Then *ret is the job it made. The spec is not
 * looked at. ERR_IDEMPOTENCY for another body, ERR_NOT_FOUND when the job was removed. Blocks. */
enum err job_service_find_replay(struct job_service *s, const struct job_submission *submission,
                                 struct job_view *ret, bool *ret_found, struct error *e);
/* Stores and queues a job. When its idempotency key came in meanwhile: the job of the first time,
 * and *ret_replayed. ERR_BUSY when the queue is full, ERR_IDEMPOTENCY, ERR_NOT_FOUND as above.
 * Blocks. */
enum err job_service_submit(struct job_service *s, const struct job_submission *submission,
                            struct job_view *ret, bool *ret_replayed, struct error *e);

/* From memory alone; false when it is not there (job_service_get may know it). */
bool job_service_peek(struct job_service *s, const struct uuid *id, struct job_view *ret);
/* From memory or the database. ERR_NOT_FOUND. Blocks. */
enum err job_service_get(struct job_service *s, const struct uuid *id, struct job_view *ret,
                         struct error *e);

/* The jobs under way, running ones first, with their progress as of now: at most `max`. */
size_t job_service_under_way(struct job_service *s, struct job_news *out, size_t max);

/* Gives a job in any state a name or notes, or takes them away; *ret is the job then.
 * ERR_NOT_FOUND. Blocks. */
enum err job_service_label(struct job_service *s, const struct uuid *id,
                           const struct job_label *label, struct job_view *ret, struct error *e);

/* Asks a job to end (*ret_removed false; it is canceled within 100 ms), or removes a finished one.
 * ERR_NOT_FOUND. Blocks. */
enum err job_service_cancel_or_remove(struct job_service *s, const struct uuid *id,
                                      bool *ret_removed, struct error *e);

/* To be told, once, that a job has ended. The watch is the caller's and must live until `ended` was
 * called or job_service_unwatch returned true. `ended` runs on the thread that ended
 * the job, without locks. */
struct job_watch {
    void (*ended)(struct job_watch *w);
    struct uuid id;
    struct job_watch *next, *prev; /* private */
};
/* False when the job is not under way: nothing was registered. */
bool job_service_watch(struct job_service *s, const struct uuid *id, struct job_watch *w);
/* True when it was still registered: `ended` will not be called. */
bool job_service_unwatch(struct job_service *s, struct job_watch *w);

/* Writes a job's JSON: of a stored row whose result is the outcome of job_run. `summary` leaves the
 * outcome out. eta_s NaN = unknown. */
void job_write(struct json_writer *w, const struct job_row *row, bool summary, double eta_s);
/* The member `progress` alone. */
void job_write_progress(struct json_writer *w, const struct job_progress *p, double eta_s);

struct job_service_stats {
    int64_t queued, running, watched;
    int64_t succeeded, failed, canceled; /* since the start */
};
struct job_service_stats job_service_stats(struct job_service *s);

#endif
