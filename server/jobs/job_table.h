/* The jobs in memory: unfinished ones, and renderings of finished ones up to a limit. No locks of
 * its own: the service's mutex covers it.
 */
#ifndef SERVER_JOBS_JOB_TABLE_H
#define SERVER_JOBS_JOB_TABLE_H

#include "engine/study/study.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/job_service.h"

#include <uthash.h>

struct job {
    /* as stored; strings are owned */
    struct job_row row;
    /* bookkeeping */
    _Atomic bool cancel;
    bool canceling;               /* a user asked for it */
    int64_t label_rev;            /* stored rev of the name and notes in row; 0 = the first ones */
    struct study *study;          /* while it runs: live progress */
    int64_t study_since_ns;       /* monotonic */
    struct http_body *final_body; /* finished jobs: their rendering */
    struct job *next, *prev;      /* in the queue, or by recency of the finished */
    struct job *followers;        /* in the queue: the key's jobs after this one */
    UT_hash_handle hh;            /* by row.id */
};

struct job_table {
    struct job *by_id;
    struct job *finished; /* least recently asked for first */
    size_t finished_bytes, finished_count;
};

struct job *job_table_find(struct job_table *t, const struct uuid *id);
/* Copies the row's strings (result and error are left out). NULL when memory is out. In no table
 * yet. */
struct job *job_create(const struct job_row *row);
void job_free(struct job *job); /* not in the table; NULL is fine */

/* An unfinished job. */
void job_table_add(struct job_table *t, struct job *job);
/* Takes an unfinished job out and frees it. */
void job_table_drop(struct job_table *t, struct job *job);

/* A job that has ended, with its rendering (takes the reference); the ones asked for longest ago go
 * when there are too many. */
void job_table_finish(struct job_table *t, struct job *job, struct http_body *body);
/* Moves a finished job to the recent end. */
void job_table_touch(struct job_table *t, struct job *job);
/* Takes a finished job out and frees it. */
void job_table_forget(struct job_table *t, struct job *job);
void job_table_release(struct job_table *t);

#endif
