#include "server/jobs/job_service_state.h"

#include <assert.h>
#include <stdlib.h>

/* ---- life ---------------------------------------------------------------------------------------
 */

static enum err take_up(struct job_service *s, struct error *e)
{
    struct arena arena;
    struct db_read reader = {0};
    struct job_rows rows = {0};
    arena_init(&arena, (size_t)64 << 20);
    enum err err = readers_lease(s->storage->readers, &reader, e);
    if (!err)
        err = job_repo_unfinished(&reader, &arena, &rows, e);
    readers_return(s->storage->readers, &reader);
    mutex_lock(&s->mutex);
    for (size_t i = 0; !err && i < rows.count; i++) {
        struct job *job = job_create(&rows.items[i]);
        if (!job) {
            err = error_set(e, ERR_NO_MEMORY, "out of memory for the jobs");
        } else {
            job_table_add(&s->table, job);
            job_queue_push(&s->queue, job);
        }
    }
    mutex_unlock(&s->mutex);
    arena_release(&arena);
    return err;
}

enum err job_service_create(struct storage *storage, struct worker_pool *pool,
                            const struct clock *clock, const struct job_service_options *options,
                            struct job_service **ret, struct error *e)
{
    assert(options->threads >= 1 && options->threads <= LIMIT_JOB_THREADS);
    struct job_service *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the jobs");
    s->storage = storage;
    s->pool = pool;
    s->clock = clock;
    s->listener = options->listener;
    mutex_init(&s->mutex, MUTEX_JOBS);
    condition_init(&s->wake);
    enum err err = take_up(s, e);
    if (!err)
        err = job_threads_start(s, options->threads, e);
    if (err) {
        job_service_free(s);
        return err;
    }
    *ret = s;
    return ERR_OK;
}

void job_service_free(struct job_service *s)
{
    if (!s)
        return;
    assert(!s->watches);
    job_threads_stop(s);
    job_table_release(&s->table);
    condition_release(&s->wake);
    mutex_release(&s->mutex);
    free(s);
}

/* ---- looking ------------------------------------------------------------------------------------
 */

bool job_service_peek(struct job_service *s, const struct uuid *id, struct job_view *ret)
{
    mutex_lock(&s->mutex);
    struct job *job = job_table_find(&s->table, id);
    if (job)
        job_view_of(s, job, ret);
    mutex_unlock(&s->mutex);
    return job != NULL;
}

enum err job_service_get(struct job_service *s, const struct uuid *id, struct job_view *ret,
                         struct error *e)
{
    if (job_service_peek(s, id, ret))
        return ret->body ? ERR_OK : error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    struct arena arena;
    struct job_row row;
    struct http_body *body;
    mutex_lock(&s->mutex);
    int64_t labelings = s->labelings;
    mutex_unlock(&s->mutex);
    arena_init(&arena, JOB_BODY_BYTES_MAX);
    enum err err = job_load_view(s, id, &arena, &row, &body, e);
    struct job *job = err ? NULL : job_create(&row);
    if (!err && !job) {
        http_body_unref(body);
        err = error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    }
    if (!err) {
        *ret = (struct job_view){.id = row.id, .status = row.status, .body = http_body_ref(body)};
        mutex_lock(&s->mutex);
        if (!job_table_find(&s->table, id) && job_status_is_final(row.status) &&
            s->labelings == labelings) {
            job_table_finish(&s->table, job, body);
            job = NULL;
            body = NULL;
        }
        mutex_unlock(&s->mutex);
        http_body_unref(body);
        job_free(job);
    }
    arena_release(&arena);
    return err;
}

void job_tell(struct job_service *s, const struct job *job)
{
    mutex_assert_held(&s->mutex);
    const struct job_news news = {
        .id = job->row.id, .status = job->row.status, .progress = job->row.progress, .eta_s = NAN};
    if (s->listener.changed)
        s->listener.changed(s->listener.context, &news);
}

static size_t add_under_way(struct job_service *s, enum job_status status, struct job_news *out,
                            size_t count, size_t max)
{
    struct job *job, *next;
    HASH_ITER (hh, s->table.by_id, job, next) {
        if (count >= max || job->row.status != status)
            continue;
        double eta_s = job_refresh_progress(s, job);
        out[count++] = (struct job_news){
            .id = job->row.id, .status = status, .progress = job->row.progress, .eta_s = eta_s};
    }
    return count;
}

size_t job_service_under_way(struct job_service *s, struct job_news *out, size_t max)
{
    mutex_lock(&s->mutex);
    size_t count = add_under_way(s, JOB_RUNNING, out, 0, max);
    count = add_under_way(s, JOB_QUEUED, out, count, max);
    mutex_unlock(&s->mutex);
    return count;
}

/* ---- cancel and remove --------------------------------------------------------------------------
 */

static enum err remove_work(struct db_write *w, void *context, struct error *e)
{
    return job_repo_delete(w, context, e);
}

static enum err remove_finished(struct job_service *s, const struct uuid *id, struct error *e)
{
    struct uuid copy = *id;
    enum err err = writer_call(s->storage->writer, remove_work, &copy, e);
    if (err)
        return err;
    mutex_lock(&s->mutex);
    struct job *job = job_table_find(&s->table, id);
    const struct job_news gone = {.id = *id, .status = JOB_CANCELED, .removed = true};
    if (s->listener.changed)
        s->listener.changed(s->listener.context, &gone);
    if (job && job->final_body)
        job_table_forget(&s->table, job);
    mutex_unlock(&s->mutex);
    return ERR_OK;
}

enum err job_service_cancel_or_remove(struct job_service *s, const struct uuid *id,
                                      bool *ret_removed, struct error *e)
{
    mutex_lock(&s->mutex);
    struct job *job = job_table_find(&s->table, id);
    bool under_way = job && !job->final_body;
    bool queued = under_way && job->row.status == JOB_QUEUED && !job->canceling;
    if (under_way) {
        job->canceling = true;
        job->cancel = true;
    }
    if (queued)
        job_queue_remove(&s->queue, job);
    mutex_unlock(&s->mutex);

    *ret_removed = !under_way;
    if (queued)
        job_end(s, job, JOB_CANCELED, &job->row.progress, NULL, NULL);
    else if (under_way)
        worker_pool_notice_cancel(s->pool);
    return under_way ? ERR_OK : remove_finished(s, id, e);
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

struct job_service_stats job_service_stats(struct job_service *s)
{
    mutex_lock(&s->mutex);
    struct job_service_stats stats = s->stats;
    stats.queued = s->queue.count;
    for (int32_t i = 0; i < s->runner_count; i++)
        stats.running += s->runners[i].job != NULL;
    mutex_unlock(&s->mutex);
    return stats;
}
