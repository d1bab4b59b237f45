/* A job is durable before it is accepted, together with its idempotency key. */
#include "server/jobs/job_service_state.h"

#include "db/idempotency_repo.h"

#include <stdlib.h>

struct acceptance {
    const struct job_submission *submission;
    const struct job_row *row;
    const char *response;
};

static enum err accept_work(struct db_write *w, void *context, struct error *e)
{
    struct acceptance *a = context;
    enum err err = job_repo_create(w, a->row, e);
    if (err || !a->submission->idempotency_key)
        return err;
    struct idempotency_row row = {.status = 202,
                                  .response = a->response,
                                  .resource_id = a->row->id,
                                  .created_at_ns = a->row->created_at_ns};
    return idempotency_repo_put(w, &a->submission->key_id, a->submission->idempotency_key,
                                a->submission->body_sha256, &row, e);
}

enum err job_service_find_replay(struct job_service *s, const struct job_submission *submission,
                                 struct job_view *ret, bool *ret_found, struct error *e)
{
    struct arena arena;
    struct db_read reader = {0};
    struct idempotency_row row;
    *ret_found = false;
    if (!submission->idempotency_key)
        return ERR_OK;
    arena_init(&arena, 1 << 20);
    enum err err = readers_lease(s->storage->readers, &reader, e);
    if (!err)
        err = idempotency_repo_find(&reader, &submission->key_id, submission->idempotency_key,
                                    submission->body_sha256, &arena, ret_found, &row, e);
    readers_return(s->storage->readers, &reader);
    arena_release(&arena);
    if (!err && *ret_found)
        err = job_service_get(s, &row.resource_id, ret, e);
    return err;
}

/* What is asked; name and notes are the job's, and may change. */
static char *encode_request(const struct study_spec *spec)
{
    struct study_spec question = *spec;
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, 2 * LIMIT_BODY_BYTES);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    question.name = question.notes = NULL;
    study_spec_encode(&question, STUDY_SPEC_BACKTEST, &w);
    json_end_object(&w);
    return strbuf_take(&text, &(size_t){0});
}

/* A place in the queue, taken before the job is stored so that an accepted job always fits. */
static enum err reserve_place(struct job_service *s, struct error *e)
{
    enum err err = ERR_OK;
    mutex_lock(&s->mutex);
    if (s->queue.count + s->reserved >= LIMIT_JOBS_QUEUED)
        err = ERR_BUSY;
    else
        s->reserved++;
    mutex_unlock(&s->mutex);
    return err ? error_set(e, err, "%d jobs wait already, try again later", LIMIT_JOBS_QUEUED)
               : err;
}

static enum err store_and_queue(struct job_service *s, const struct job_submission *submission,
                                const struct job_row *row, struct job_view *ret, struct error *e)
{
    struct acceptance a = {.submission = submission, .row = row, .response = ""};
    struct job *job = job_create(row);
    if (!job)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    enum err err = reserve_place(s, e);
    if (!err) {
        err = writer_call(s->storage->writer, accept_work, &a, e);
        mutex_lock(&s->mutex);
        s->reserved--;
        if (!err) {
            job_table_add(&s->table, job);
            job_queue_push(&s->queue, job);
            job_view_of(s, job, ret);
            job_tell(s, job);
            condition_broadcast(&s->wake);
        }
        mutex_unlock(&s->mutex);
    }
    if (err)
        job_free(job);
    return err;
}

enum err job_service_submit(struct job_service *s, const struct job_submission *submission,
                            struct job_view *ret, bool *ret_replayed, struct error *e)
{
    *ret_replayed = false;
    enum err err = disk_guard_check(s->storage->disk, e);
    if (err)
        return err;
    char *request = encode_request(submission->spec);
    struct job_row row = {.id = uuid_make(s->clock),
                          .kind = "backtest",
                          .status = JOB_QUEUED,
                          .name = submission->spec->name,
                          .notes = submission->spec->notes,
                          .key_id = submission->key_id,
                          .request = request,
                          .created_at_ns = clock_realtime_ns(s->clock),
                          .cost = submission->cost,
                          .engine_version = STUDY_ENGINE_VERSION,
                          .rev = 1};
    err = request ? store_and_queue(s, submission, &row, ret, e)
                  : error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    free(request);
    /* Two at once with one key: the one that came second finds the first's job. */
    if (err == ERR_CONFLICT && submission->idempotency_key)
        err = job_service_find_replay(s, submission, ret, ret_replayed, e);
    return err;
}
