/* Jobs that wait for a runner, in fair order: the keys (who asked) take turns, and the jobs of one
 * key are first in, first out. So one user's fifty jobs do not stand before another's one.
 *
 * A queue inside the jobs: nothing is allocated. No locks of its own: the service's mutex covers
 * it.
 */
#ifndef SERVER_JOBS_JOB_QUEUE_H
#define SERVER_JOBS_JOB_QUEUE_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct job;

/* Zero bytes are the empty queue. */
struct job_queue {
    struct job *turns; /* the first job of each key; the key whose turn is next comes first */
    int64_t count;
};

/* Behind the other jobs of its key; a key that had none waiting gets the last turn. */
void job_queue_push(struct job_queue *q, struct job *job);
/* Takes the first job of the first key that may run one now, and gives that key the last turn. Keys
 * that may not keep theirs. NULL when there is none. */
typedef bool job_queue_may_run(void *context, const struct uuid *key);
struct job *job_queue_pop(struct job_queue *q, job_queue_may_run *may_run, void *context);
/* Takes a waiting job out. */
void job_queue_remove(struct job_queue *q, struct job *job);

#endif
