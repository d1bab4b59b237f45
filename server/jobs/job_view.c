/* Jobs as their clients see them. */
#include "server/jobs/job_service_state.h"

#include <stdio.h>

/* The part of its own bars that a run must have done before it tells when it will be done. */
static const double ETA_SHARE = 0.01;

void job_view_release(struct job_view *v)
{
    http_body_unref(v->body);
    v->body = NULL;
}

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

/* The pace is that of what this run did itself, beside the other jobs that share the workers: bars
 * that came from the cache took no time. The first bars say little, their shards were loading. */
double job_refresh_progress(struct job_service *s, struct job *job)
{
    if (!job->study)
        return NAN;
    struct study_progress p;
    study_progress(job->study, &p);
    job->row.progress = (struct job_progress){.shards_done = p.shards_done,
                                              .shards_total = p.shards_total,
                                              .shards_cached = p.shards_cached,
                                              .bars_done = p.bars_done,
                                              .bars_total = p.bars_total};
    double done = (double)(p.bars_done - p.bars_cached);
    double left = (double)(p.bars_total - p.bars_done);
    double elapsed_s = (double)(clock_monotonic_ns(s->clock) - job->study_since_ns) / 1e9;
    return done > 0 && done >= ETA_SHARE * (done + left) ? elapsed_s / done * left : NAN;
}

void job_watch_study(struct job_service *s, struct job *job, struct study *study)
{
    if (!study)
        job_refresh_progress(s, job);
    job->study = study;
    if (study)
        job->study_since_ns = clock_monotonic_ns(s->clock);
}

void job_view_of(struct job_service *s, struct job *job, struct job_view *ret)
{
    ret->id = job->row.id;
    ret->status = job->row.status;
    if (job->final_body) {
        job_table_touch(&s->table, job);
        ret->body = http_body_ref(job->final_body);
        return;
    }
    double eta_s = job_refresh_progress(s, job);
    ret->body = render(&job->row, eta_s);
}

enum err job_load_view(struct job_service *s, const struct uuid *id, struct arena *arena,
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
