/* The end of a job, and who waits for it. */
#include "server/jobs/job_service_state.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- watchers -----------------------------------------------------------------------------------
 */

bool job_service_watch(struct job_service *s, const struct uuid *id, struct job_watch *w)
{
    mutex_lock(&s->mutex);
    struct job *job = job_table_find(&s->table, id);
    bool under_way = job && !job->final_body;
    if (under_way) {
        w->id = *id;
        DL_APPEND(s->watches, w);
        s->stats.watched++;
    }
    mutex_unlock(&s->mutex);
    return under_way;
}

/* Under the mutex. */
static bool is_watching(const struct job_service *s, const struct job_watch *w)
{
    const struct job_watch *other;
    DL_FOREACH(s->watches, other)
    if (other == w)
        return true;
    return false;
}

bool job_service_unwatch(struct job_service *s, struct job_watch *w)
{
    mutex_lock(&s->mutex);
    bool was = is_watching(s, w);
    if (was) {
        DL_DELETE(s->watches, w);
        s->stats.watched--;
    }
    mutex_unlock(&s->mutex);
    return was;
}

/* Under the mutex: takes the watchers of a job out of the list, as a list of its own. */
static struct job_watch *take_watches(struct job_service *s, const struct uuid *id)
{
    struct job_watch *taken = NULL, *w, *next;
    DL_FOREACH_SAFE(s->watches, w, next)
    {
        if (memcmp(&w->id, id, sizeof(*id)) != 0)
            continue;
        DL_DELETE(s->watches, w);
        DL_APPEND(taken, w);
        s->stats.watched--;
    }
    return taken;
}

static void tell_watches(struct job_watch *taken)
{
    struct job_watch *w, *next;
    DL_FOREACH_SAFE(taken, w, next)
    {
        DL_DELETE(taken, w);
        w->ended(w);
    }
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static enum err finish_work(struct db_write *w, void *context, struct error *e)
{
    const struct job_row *end = context;
    return job_repo_finish(w, &end->id, end->status, end->finished_at_ns, &end->progress,
                           end->result, end->error, e);
}

static char *error_json(const struct error *e)
{
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, 8192);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    json_member_string(&w, "code", err_slug(e->code));
    json_member_string(&w, "detail", e->message);
    json_end_object(&w);
    return strbuf_take(&text, &(size_t){0});
}

/* Under the mutex, which it leaves meanwhile: the ended job's rendering from what is on disk, so
 * that it is the same after a restart. Once more when a job was labeled meanwhile. NULL on error.
 */
static struct http_body *load_ended(struct job_service *s, const struct uuid *id, struct error *e)
    REQUIRES(s->mutex)
{
    struct http_body *body;
    int64_t labelings;
    do {
        struct arena arena;
        struct job_row stored;
        labelings = s->labelings;
        mutex_unlock(&s->mutex);
        arena_init(&arena, JOB_BODY_BYTES_MAX);
        if (job_load_view(s, id, &arena, &stored, &body, e))
            body = NULL;
        arena_release(&arena);
        mutex_lock(&s->mutex);
        if (labelings != s->labelings)
            http_body_unref(body);
    } while (labelings != s->labelings);
    return body;
}

static void count_end(struct job_service *s, enum job_status status)
{
    s->stats.succeeded += status == JOB_SUCCEEDED;
    s->stats.failed += status == JOB_FAILED;
    s->stats.canceled += status == JOB_CANCELED;
}

/* Under the mutex: the runner of the job is free, and so is its key's place. */
static void free_runner(struct job_service *s, const struct job *job)
{
    for (int32_t i = 0; i < s->runner_count; i++)
        if (s->runners[i].job == job)
            s->runners[i].job = NULL;
    condition_broadcast(&s->wake);
}

void job_end(struct job_service *s, struct job *job, enum job_status status,
             const struct job_progress *progress, const char *result, const struct error *why)
{
    char *error = why ? error_json(why) : NULL;
    struct error e;
    struct http_body *body = NULL;
    struct job_row end = {.id = job->row.id,
                          .status = status,
                          .finished_at_ns = clock_realtime_ns(s->clock),
                          .progress = *progress,
                          .result = result,
                          .error = error};
    enum err err = writer_call(s->storage->writer, finish_work, &end, &e);

    mutex_lock(&s->mutex);
    if (!err)
        body = load_ended(s, &end.id, &e);
    if (!body)
        log_event(LOG_ERROR, "job_not_stored", LOG_TEXT("detail", e.message));
    free_runner(s, job);
    count_end(s, status);
    struct job_watch *watches = take_watches(s, &job->row.id);
    job->row.status = status;
    job->row.progress = *progress;
    if (body) {
        job_tell(s, job);
        job_table_finish(&s->table, job, body);
    } else { /* It stays unfinished on disk and is taken up at the next start. */
        job_table_drop(&s->table, job);
    }
    mutex_unlock(&s->mutex);
    free(error);
    tell_watches(watches);
}
