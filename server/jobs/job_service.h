/* Backtest jobs from acceptance to result: queue, run, store, resume.
 *
 * A job is durable before it is accepted. One thread, `jobs`, takes jobs in order of acceptance,
 * plans and runs each on the worker pool, stores every proved shard, merges, renders and finishes.
 * After a restart, unfinished jobs are taken up again from their stored shards. A cancel takes
 * effect within 100 ms.
 */
#ifndef SERVER_JOBS_JOB_SERVICE_H
#define SERVER_JOBS_JOB_SERVICE_H

#include "base/clock.h"
#include "db/storage.h"
#include "engine/worker_pool.h"

struct job_service;

/* Takes up what an earlier process left unfinished, and starts the thread. All arguments are
 * borrowed until job_service_free. */
enum err job_service_create(struct storage *storage, struct worker_pool *pool,
                            const struct clock *clock, struct job_service **ret, struct error *e);
/* Interrupts the job under way (it stays unfinished and resumes at the next start), then joins.
 * Waiters have been answered before: the HTTP server stops first. NULL is fine. */
void job_service_free(struct job_service *s);

#endif
