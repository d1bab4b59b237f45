/* One mutex covers the table, the queue, the watchers and the fields of jobs in memory. Whatever
 * takes time (the database, a study, a rendering of a result) happens outside it; the jobs thread
 * is the only one that moves a job from running on, so what it read stays true.
 *
 * Jobs run one after the other, each on all workers: a job that runs alone is done soonest, and the
 * order is the order of acceptance. Checks do not come through here, they share the pool in turn.
 */
#include "server/jobs/job_service.h"

#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "db/idempotency_repo.h"
#include "server/jobs/job_runner.h"
#include "server/jobs/job_table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { JOB_BODY_BYTES_MAX = 300 << 20 };

struct job_service {
    struct storage *storage;
    struct worker_pool *pool;
    const struct clock *clock;
    struct thread thread;
    struct mutex mutex;
    struct condition wake;
    struct job_table table;
    struct job *running;
    struct job_watch *watches;
    struct job_service_stats stats;
    bool stopping;
};

void job_view_release(struct job_view *v)
{
    http_body_unref(v->body);
    v->body = NULL;
}

/* ---- renderings ---------------------------------------------------------------------------------
 */

/* The tag grows with every change that a client can see: of the row, and of the progress. */
static struct http_body *render(const struct job_row *row, double eta_s)
{
    struct strbuf text;
    struct json_writer w;
    char etag[HTTP_ETAG_MAX];
    snprintf(etag, sizeof(etag), "\"%lld-%lld\"", (long long)row->rev,
             (long long)row->progress.shards_done);
    strbuf_init(&text, JOB_BODY_BYTES_MAX);
    json_writer_init(&w, &text);
    job_write(&w, row, false, eta_s);
    struct http_body *body = http_body_create(&text, "application/json", etag);
    strbuf_release(&text);
    return body;
}

/* Under the mutex: live progress of the running job, and when it will be done at this pace. */
static double refresh_progress(struct job_service *s, struct job *job)
{
    if (!job->study)
        return NAN;
    struct study_progress p;
    study_progress(job->study, &p);
    job->row.progress = (struct job_progress){.shards_done = p.shards_done,
                                              .shards_total = p.shards_total,
                                              .bars_done = p.bars_done,
                                              .bars_total = p.bars_total};
    double done = (double)(p.bars_done - job->study_bars_before);
    double elapsed_s = (double)(clock_monotonic_ns(s->clock) - job->study_since_ns) / 1e9;
    return done > 0 ? elapsed_s / done * (double)(p.bars_total - p.bars_done) : NAN;
}

/* Under the mutex. */
static void view_of(struct job_service *s, struct job *job, struct job_view *ret)
{
    ret->id = job->row.id;
    ret->status = job->row.status;
    if (job->final_body) {
        job_table_touch(&s->table, job);
        ret->body = http_body_ref(job->final_body);
        return;
    }
    double eta_s = refresh_progress(s, job);
    ret->body = render(&job->row, eta_s);
}

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

/* ---- the end of a job ---------------------------------------------------------------------------
 */

struct ending {
    struct job_row row; /* as it will be stored; result and error borrowed */
};

static enum err finish_work(struct db_write *w, void *context, struct error *e)
{
    struct ending *end = context;
    return job_repo_finish(w, &end->row.id, end->row.status, end->row.finished_at_ns,
                           &end->row.progress, end->row.result, end->row.error, e);
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

static void count_end(struct job_service *s, enum job_status status)
{
    s->stats.succeeded += status == JOB_SUCCEEDED;
    s->stats.failed += status == JOB_FAILED;
    s->stats.canceled += status == JOB_CANCELED;
}

/* Reads a stored job and renders it. */
static enum err load_view(struct job_service *s, const struct uuid *id, struct arena *arena,
                          struct job_row *ret_row, struct http_body **ret_body, struct error *e)
{
    struct db_read reader = {0};
    enum err err = readers_lease(s->storage->readers, &reader, e);
    if (!err)
        err = job_repo_find(&reader, id, arena, ret_row, e);
    readers_return(s->storage->readers, &reader);
    if (err)
        return err;
    *ret_body = render(ret_row, NAN);
    return *ret_body ? ERR_OK : error_set(e, ERR_NO_MEMORY, "out of memory for a job");
}

/* Stores the end, then shows it: a client never sees a result that a crash could take back. `job`
 * has left the queue and nobody else changes it. */
static void end_job(struct job_service *s, struct job *job, enum job_status status,
                    const struct job_progress *progress, const char *result,
                    const struct error *why)
{
    struct ending end = {.row = job->row};
    char *error = why ? error_json(why) : NULL;
    struct error e;
    struct http_body *body = NULL;
    end.row.status = status;
    end.row.finished_at_ns = clock_realtime_ns(s->clock);
    end.row.progress = *progress;
    end.row.result = result;
    end.row.error = error;
    enum err err = writer_call(s->storage->writer, finish_work, &end, &e);
    if (!err) {
        struct arena arena;
        struct job_row row;
        arena_init(&arena, JOB_BODY_BYTES_MAX);
        err = load_view(s, &job->row.id, &arena, &row, &body, &e);
        arena_release(&arena);
    }
    if (err)
        log_event(LOG_ERROR, "job_not_stored", LOG_TEXT("detail", e.message));

    mutex_lock(&s->mutex);
    if (s->running == job)
        s->running = NULL;
    count_end(s, status);
    struct job_watch *watches = take_watches(s, &job->row.id);
    job->row.status = status;
    if (body) {
        job_table_finish(&s->table, job, body);
    } else {
        /* It stays unfinished on disk and is taken up at the next start. */
        HASH_DEL(s->table.by_id, job);
        job_free(job);
    }
    mutex_unlock(&s->mutex);
    free(error);
    tell_watches(watches);
}

/* ---- the jobs thread ----------------------------------------------------------------------------
 */

struct run_context {
    struct job_service *service;
    struct job *job;
};

static void watch_study(void *context, struct study *study)
{
    struct run_context *c = context;
    mutex_lock(&c->service->mutex);
    if (!study)
        refresh_progress(c->service, c->job);
    c->job->study = study;
    if (study) {
        struct study_progress p;
        study_progress(study, &p);
        c->job->study_bars_before = p.bars_done;
        c->job->study_since_ns = clock_monotonic_ns(c->service->clock);
    }
    mutex_unlock(&c->service->mutex);
}

static void run_one(struct job_service *s, struct job *job)
{
    struct run_context context = {.service = s, .job = job};
    struct job_run run = {.storage = s->storage,
                          .pool = s->pool,
                          .clock = s->clock,
                          .id = &job->row.id,
                          .request = job->row.request,
                          .cancel = &job->cancel,
                          .watch_study = watch_study,
                          .context = &context};
    char *outcome = NULL;
    struct job_progress progress;
    struct error e = {0};
    enum err err = job_run(&run, &outcome, &progress, &e);
    if (!err) {
        end_job(s, job, JOB_SUCCEEDED, &progress, outcome, NULL);
    } else if (err == ERR_CANCELED && !job->canceling) {
        /* The server stops: the job stays as it is on disk, and in memory until job_service_free.
         */
        mutex_lock(&s->mutex);
        s->running = NULL;
        mutex_unlock(&s->mutex);
    } else {
        end_job(s, job, err == ERR_CANCELED ? JOB_CANCELED : JOB_FAILED, &progress, NULL,
                err == ERR_CANCELED ? NULL : &e);
    }
    free(outcome);
}

/* The next job to run; NULL when the service stops. */
static struct job *next_job(struct job_service *s)
{
    mutex_lock(&s->mutex);
    while (!s->stopping && !s->table.queue)
        condition_wait(&s->wake, &s->mutex);
    struct job *job = s->stopping ? NULL : job_table_dequeue(&s->table);
    if (job) {
        s->running = job;
        job->row.status = JOB_RUNNING;
        job->row.rev++;
        if (!job->row.started_at_ns)
            job->row.started_at_ns = clock_realtime_ns(s->clock);
    }
    mutex_unlock(&s->mutex);
    return job;
}

static void *jobs_thread(void *context)
{
    struct job_service *s = context;
    for (struct job *job; (job = next_job(s));)
        run_one(s, job);
    return NULL;
}

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
        if (job)
            job_table_enqueue(&s->table, job);
        else
            err = error_set(e, ERR_NO_MEMORY, "out of memory for the jobs");
    }
    mutex_unlock(&s->mutex);
    arena_release(&arena);
    return err;
}

enum err job_service_create(struct storage *storage, struct worker_pool *pool,
                            const struct clock *clock, struct job_service **ret, struct error *e)
{
    struct job_service *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the jobs");
    s->storage = storage;
    s->pool = pool;
    s->clock = clock;
    mutex_init(&s->mutex, MUTEX_JOBS);
    condition_init(&s->wake);
    enum err err = take_up(s, e);
    if (!err)
        err = thread_start(&s->thread, &(struct thread_options){.name = "jobs"}, jobs_thread, s, e);
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
    mutex_lock(&s->mutex);
    assert(!s->watches);
    s->stopping = true;
    if (s->running)
        s->running->cancel = true;
    condition_broadcast(&s->wake);
    mutex_unlock(&s->mutex);
    thread_join(&s->thread);
    job_table_release(&s->table);
    condition_release(&s->wake);
    mutex_release(&s->mutex);
    free(s);
}

/* ---- submitting ---------------------------------------------------------------------------------
 */

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

static char *encode_request(const struct study_spec *spec)
{
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, 2 * LIMIT_BODY_BYTES);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    study_spec_encode(spec, STUDY_SPEC_BACKTEST, &w);
    json_end_object(&w);
    return strbuf_take(&text, &(size_t){0});
}

/* A place in the queue, taken before the job is stored so that an accepted job always fits. */
static enum err reserve_place(struct job_service *s, struct error *e)
{
    enum err err = ERR_OK;
    mutex_lock(&s->mutex);
    if (s->table.queued_count >= LIMIT_JOBS_QUEUED)
        err = ERR_BUSY;
    else
        s->table.queued_count++;
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
        s->table.queued_count--;
        if (!err) {
            job_table_enqueue(&s->table, job);
            view_of(s, job, ret);
            condition_signal(&s->wake);
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
    char *request = encode_request(submission->spec);
    struct job_row row = {.id = uuid_make(s->clock),
                          .kind = "backtest",
                          .status = JOB_QUEUED,
                          .name = submission->spec->name,
                          .key_id = submission->key_id,
                          .request = request,
                          .created_at_ns = clock_realtime_ns(s->clock),
                          .engine_version = STUDY_ENGINE_VERSION,
                          .rev = 1};
    enum err err = request ? store_and_queue(s, submission, &row, ret, e)
                           : error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    free(request);
    /* Two at once with one key: the one that came second finds the first's job. */
    if (err == ERR_CONFLICT && submission->idempotency_key)
        err = job_service_find_replay(s, submission, ret, ret_replayed, e);
    return err;
}

/* ---- looking ------------------------------------------------------------------------------------
 */

bool job_service_peek(struct job_service *s, const struct uuid *id, struct job_view *ret)
{
    mutex_lock(&s->mutex);
    struct job *job = job_table_find(&s->table, id);
    if (job)
        view_of(s, job, ret);
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
    arena_init(&arena, JOB_BODY_BYTES_MAX);
    enum err err = load_view(s, id, &arena, &row, &body, e);
    struct job *job = err ? NULL : job_create(&row);
    if (!err && !job) {
        http_body_unref(body);
        err = error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    }
    if (!err) {
        *ret = (struct job_view){.id = row.id, .status = row.status, .body = http_body_ref(body)};
        mutex_lock(&s->mutex);
        if (!job_table_find(&s->table, id) && job_status_is_final(row.status)) {
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
        job_table_unqueue(&s->table, job);
    mutex_unlock(&s->mutex);

    *ret_removed = !under_way;
    if (queued)
        end_job(s, job, JOB_CANCELED, &job->row.progress, NULL, NULL);
    return under_way ? ERR_OK : remove_finished(s, id, e);
}

struct job_service_stats job_service_stats(struct job_service *s)
{
    mutex_lock(&s->mutex);
    struct job_service_stats stats = s->stats;
    stats.queued = s->table.queued_count;
    stats.running = s->running != NULL;
    mutex_unlock(&s->mutex);
    return stats;
}
