#include "server/jobs/job_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { FINISHED_MAX = 512 };
#define FINISHED_BYTES_MAX ((size_t)128 << 20)

struct job *job_table_find(struct job_table *t, const struct uuid *id)
{
    struct job *job;
    HASH_FIND(hh, t->by_id, id, sizeof(*id), job);
    return job;
}

struct job *job_create(const struct job_row *row)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->row = *row;
    job->row.result = job->row.error = NULL;
    job->row.name = row->name ? strdup(row->name) : NULL;
    job->row.notes = row->notes ? strdup(row->notes) : NULL;
    job->row.request = strdup(row->request);
    job->row.kind = "backtest";
    job->row.engine_version = STUDY_ENGINE_VERSION;
    if (!job->row.request || (row->name && !job->row.name) || (row->notes && !job->row.notes)) {
        job_free(job);
        return NULL;
    }
    return job;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    http_body_unref(job->final_body);
    free((char *)job->row.name);
    free((char *)job->row.notes);
    free((char *)job->row.request);
    free(job);
}

void job_table_add(struct job_table *t, struct job *job)
{
    HASH_ADD(hh, t->by_id, row.id, sizeof(job->row.id), job);
}

void job_table_drop(struct job_table *t, struct job *job)
{
    assert(!job->final_body);
    HASH_DEL(t->by_id, job);
    job_free(job);
}

static size_t body_bytes(const struct job *job)
{
    size_t size_bytes;
    http_body_text(job->final_body, &size_bytes);
    return size_bytes;
}

void job_table_forget(struct job_table *t, struct job *job)
{
    assert(job->final_body);
    DL_DELETE(t->finished, job);
    HASH_DEL(t->by_id, job);
    t->finished_count--;
    t->finished_bytes -= body_bytes(job);
    job_free(job);
}

void job_table_finish(struct job_table *t, struct job *job, struct http_body *body)
{
    job->final_body = body;
    if (!job_table_find(t, &job->row.id))
        HASH_ADD(hh, t->by_id, row.id, sizeof(job->row.id), job);
    DL_APPEND(t->finished, job);
    t->finished_count++;
    t->finished_bytes += body_bytes(job);
    while (t->finished != job &&
           (t->finished_count > FINISHED_MAX || t->finished_bytes > FINISHED_BYTES_MAX))
        job_table_forget(t, t->finished);
}

void job_table_touch(struct job_table *t, struct job *job)
{
    DL_DELETE(t->finished, job);
    DL_APPEND(t->finished, job);
}

void job_table_release(struct job_table *t)
{
    struct job *job, *next;
    HASH_ITER (hh, t->by_id, job, next) {
        HASH_DEL(t->by_id, job);
        job_free(job);
    }
}
