/* Stores the shards of a running job as they are proved: a few at a time, each batch one
 * transaction with the job's progress, so that many small shards do not wait for the disk one by
 * one. Their results go to the cache first, from which the job goes on after a restart; what a
 * crash takes is the last batch.
 */
#ifndef SERVER_JOBS_SHARD_SINK_H
#define SERVER_JOBS_SHARD_SINK_H

#include "base/clock.h"
#include "db/job_repo.h"
#include "db/storage.h"
#include "server/jobs/study_task.h"

struct shard_sink;

/* All arguments are borrowed until shard_sink_free. */
enum err shard_sink_create(struct storage *storage, const struct clock *clock,
                           const struct uuid *job_id, struct study_task *task,
                           struct shard_sink **ret, struct error *e);
void shard_sink_free(struct shard_sink *s); /* drops what was not flushed; NULL is fine */

/* The first `count` shards are stored already, by an earlier run of the job on the same data. */
void shard_sink_skip(struct shard_sink *s, int64_t count);

/* For study_run. */
struct study_sink shard_sink_study(struct shard_sink *s);
struct job_progress shard_sink_progress(const struct shard_sink *s);
/* Did a shard fail for good? It is stored with its error. */
bool shard_sink_has_failed(const struct shard_sink *s);
/* Stores what is held back. Blocks until it is on disk. */
enum err shard_sink_flush(struct shard_sink *s, struct error *e);

#endif
