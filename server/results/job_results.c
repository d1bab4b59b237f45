#include "server/results/job_results.h"

#include "server/app.h"

#include <string.h>

enum err job_results_id(const struct http_request *r, struct uuid *ret, struct error *e)
{
    const char *text = http_param(r, "id");
    if (!uuid_parse(text, strlen(text), ret))
        return error_set(e, ERR_NOT_FOUND, "there is no backtest '%.64s'", text);
    return ERR_OK;
}

enum err job_results_check_status(enum job_status status, struct error *e)
{
    if (!job_status_is_final(status))
        return error_set(e, ERR_CONFLICT, "the backtest is still %s", job_status_name(status));
    if (status != JOB_SUCCEEDED)
        return error_set(e, ERR_CONFLICT, "the backtest %s, it has no result",
                         status == JOB_FAILED ? "failed" : "was canceled");
    return ERR_OK;
}

static void take_horizons(struct job_results *x)
{
    struct study_request request;
    study_request_defaults(&request);
    bool given = x->spec.horizon_count > 0;
    x->horizon_count = given ? x->spec.horizon_count : request.horizon_count;
    memcpy(x->horizons, given ? x->spec.horizons : request.horizons, sizeof(x->horizons));
}

enum err job_results_any(struct http_request *r, struct job_results **ret, struct error *e)
{
    struct job_results *x = arena_alloc(r->arena, sizeof(*x));
    struct db_read reader = {0};
    if (!x)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the results");
    x->app = r->app;
    enum err err = job_results_id(r, &x->id, e);
    if (!err)
        err = readers_lease(x->app->storage.readers, &reader, e);
    if (!err)
        err = job_repo_find_summary(&reader, &x->id, r->arena, &x->job, e);
    readers_return(x->app->storage.readers, &reader);
    if (!err)
        err = study_spec_decode(x->job.request, strlen(x->job.request), STUDY_SPEC_BACKTEST,
                                r->arena, &x->spec, e);
    if (err)
        return err;
    take_horizons(x);
    *ret = x;
    return ERR_OK;
}

enum err job_results_finished(struct http_request *r, struct job_results **ret, struct error *e)
{
    enum err err = job_results_any(r, ret, e);
    return err ? err : job_results_check_status((*ret)->job.status, e);
}
