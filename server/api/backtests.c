/* /v1/backtests: jobs. Creating and waiting; looking at one is a look into memory, on the loop
 * thread itself. */
#include "server/api/api.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/jobs/job_service.h"
#include "server/jobs/study_cost.h"
#include "server/jobs/study_universe.h"
#include "server/results/job_results.h"

#include <string.h>

enum { RETRY_AFTER_SECONDS = 1 };

/* ---- answering with a job -----------------------------------------------------------------------
 */

static void respond_job(struct http_request *r, struct http_response *out, struct job_view *view,
                        bool accepted)
{
    char id[UUID_TEXT];
    bool ended = job_status_is_final(view->status);
    uuid_format(&view->id, id);
    if (r->method == HTTP_POST)
        http_add_header(r, out, "Location", "/v1/backtests/%s", id);
    if (!ended)
        http_add_header(r, out, "Retry-After", "%d", RETRY_AFTER_SECONDS);
    http_respond_shared(out, accepted ? 202 : 200, view->body);
    job_view_release(view);
}

/* A request that waits for the end of a job: whoever takes the watch away answers. */
struct waiter {
    struct job_watch watch; /* first: the service hands it back */
    struct http_request *request;
    struct job_service *jobs;
    bool creating;
};

static void answer_with(struct waiter *w, enum err err, struct job_view *view,
                        const struct error *e)
{
    struct http_request *r = w->request;
    if (err) {
        http_request_fail(r, e);
        return;
    }
    respond_job(r, http_request_response(r), view,
                w->creating && !job_status_is_final(view->status));
    http_request_complete(r);
}

/* On the jobs thread, which may read the database: the job may have left memory by now. */
static void on_job_ended(struct job_watch *watch)
{
    struct waiter *w = (struct waiter *)watch;
    struct job_view view = {0};
    struct error e;
    answer_with(w, job_service_get(w->jobs, &watch->id, &view, &e), &view, &e);
}

/* From memory alone, where nothing may block: a job that is waited for is there. */
static void answer_now(struct waiter *w)
{
    struct job_view view = {0};
    struct error e;
    enum err err = ERR_OK;
    if (!job_service_peek(w->jobs, &w->watch.id, &view))
        err = error_set(&e, ERR_NOT_FOUND, "the backtest is gone");
    else if (!view.body)
        err = error_set(&e, ERR_NO_MEMORY, "out of memory for a job");
    answer_with(w, err, &view, &e);
}

static void on_wait_canceled(struct http_request *r, enum http_cancel why, void *context)
{
    (void)r;
    (void)why;
    struct waiter *w = context;
    if (job_service_unwatch(w->jobs, &w->watch))
        answer_now(w);
}

/* Defers the answer until the job ends; false when it has ended already. */
static bool wait_for_end(struct http_request *r, struct job_service *jobs, const struct uuid *id,
                         int64_t seconds)
{
    struct waiter *w = arena_alloc(r->arena, sizeof(*w));
    if (!w)
        return false;
    *w = (struct waiter){.watch = {.ended = on_job_ended},
                         .request = r,
                         .jobs = jobs,
                         .creating = r->method == HTTP_POST};
    http_request_defer(r, clock_monotonic_ns(r->clock) + seconds * NS_PER_SECOND, on_wait_canceled,
                       w);
    if (!job_service_watch(jobs, id, &w->watch)) {
        w->watch.id = *id;
        answer_now(w);
    }
    return true;
}

/* ---- create -------------------------------------------------------------------------------------
 */

static enum err idempotency_key(const struct http_request *r, const char **ret, struct error *e)
{
    *ret = http_header(r, "Idempotency-Key");
    if (*ret && (**ret == '\0' || strlen(*ret) > LIMIT_IDEMPOTENCY_KEY_BYTES))
        return error_set(e, ERR_INVALID, "an Idempotency-Key has 1 to %d bytes",
                         LIMIT_IDEMPOTENCY_KEY_BYTES);
    return ERR_OK;
}

/* What planning a study tells before it is accepted. */
struct estimate {
    struct study_cost cost;
    int64_t shards;
};

static int64_t budget_of(const struct app *app)
{
    return app->config->job_budget * INT64_C(1000000);
}

/* Symbols and rule are checked before acceptance, by planning the study. */
static enum err plan_spec(struct app *app, struct study_spec *spec, struct arena *arena,
                          struct estimate *ret, struct error *e)
{
    struct study_task *task = NULL;
    enum err err = study_universe_expand(&app->storage, spec, arena, e);
    if (!err)
        err = study_task_create(&app->storage, app->pool, spec, &task, e);
    if (!err)
        *ret = (struct estimate){.cost = study_cost_of(task),
                                 .shards = study_plan(study_task_study(task))->shard_count};
    study_task_free(task);
    return err;
}

/* A replay is answered before symbols and rule are looked at: what was good then may be gone. */
static enum err submit(struct http_request *r, struct study_spec *spec,
                       struct job_submission *submission, struct job_view *ret, bool *ret_replayed,
                       struct error *e)
{
    struct app *app = r->app;
    struct estimate estimate;
    enum err err = job_service_find_replay(app->jobs, submission, ret, ret_replayed, e);
    if (err || *ret_replayed)
        return err;
    if ((err = plan_spec(app, spec, r->arena, &estimate, e)) ||
        (err = study_cost_check(&estimate.cost, budget_of(app), e)))
        return err;
    submission->cost = estimate.cost.units;
    return job_service_submit(app->jobs, submission, ret, ret_replayed, e);
}

/* Answers what the job would cost, and nothing else happens. */
static enum err dry_run(struct http_request *r, struct http_response *out, struct study_spec *spec,
                        struct error *e)
{
    struct app *app = r->app;
    struct estimate estimate;
    struct json_writer w;
    enum err err = plan_spec(app, spec, r->arena, &estimate, e);
    if (err)
        return err;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_int(&w, "cost_estimate", estimate.cost.units);
    json_member_int(&w, "budget", budget_of(app));
    json_member_int(&w, "bars", estimate.cost.bars);
    json_member_int(&w, "operations_per_bar", estimate.cost.operations);
    json_member_int(&w, "symbols", (int64_t)spec->symbols.count);
    json_member_int(&w, "shards", estimate.shards);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static enum err create(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"wait", "dry_run", NULL};
    struct app *app = r->app;
    struct study_spec spec;
    struct job_submission submission = {.spec = &spec};
    struct job_view view = {0};
    int64_t wait_s = 0;
    bool replayed, only_estimate = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = http_request_wait(r, &wait_s, e)) ||
        (err = http_query_bool(r, "dry_run", &only_estimate, e)) ||
        (err = idempotency_key(r, &submission.idempotency_key, e)) ||
        (err = study_spec_decode(r->body, r->body_bytes, STUDY_SPEC_BACKTEST, r->arena, &spec, e)))
        return err;
    if (only_estimate)
        return dry_run(r, out, &spec, e);
    uuid_parse(r->identity.id, strlen(r->identity.id), &submission.key_id);
    sha256_of(r->body, r->body_bytes, submission.body_sha256);
    if ((err = submit(r, &spec, &submission, &view, &replayed, e)))
        return err;
    if (replayed)
        http_add_header(r, out, "Idempotency-Replayed", "true");
    if (wait_s > 0 && !job_status_is_final(view.status)) {
        struct uuid id = view.id;
        job_view_release(&view);
        if (wait_for_end(r, app->jobs, &id, wait_s))
            return ERR_OK;
        return error_set(e, ERR_NO_MEMORY, "out of memory for the wait");
    }
    respond_job(r, out, &view, wait_s == 0 || !job_status_is_final(view.status));
    return ERR_OK;
}

/* ---- look ---------------------------------------------------------------------------------------
 */

static enum err get(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"wait", NULL};
    struct app *app = r->app;
    struct uuid id;
    struct job_view view = {0};
    int64_t wait_s = 0;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = http_request_wait(r, &wait_s, e)) ||
        (err = job_results_id(r, &id, e)))
        return err;
    if (!job_service_peek(app->jobs, &id, &view)) {
        if (!http_request_on_api(r)) {
            http_request_move_to_api(r);
            return ERR_OK;
        }
        if ((err = job_service_get(app->jobs, &id, &view, e)))
            return err;
    }
    if (!view.body)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    if (wait_s > 0 && !job_status_is_final(view.status)) {
        job_view_release(&view);
        return wait_for_end(r, app->jobs, &id, wait_s)
                   ? ERR_OK
                   : error_set(e, ERR_NO_MEMORY, "out of memory for the wait");
    }
    respond_job(r, out, &view, false);
    return ERR_OK;
}

/* ---- cancel, remove -----------------------------------------------------------------------------
 */

static enum err cancel_or_remove(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {NULL};
    struct app *app = r->app;
    struct uuid id;
    struct job_view view = {0};
    bool removed;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = job_results_id(r, &id, e)) ||
        (err = job_service_cancel_or_remove(app->jobs, &id, &removed, e)))
        return err;
    if (removed) {
        http_respond_empty(out, 204);
        return ERR_OK;
    }
    if ((err = job_service_get(app->jobs, &id, &view, e)))
        return err;
    respond_job(r, out, &view, true);
    return ERR_OK;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v1/backtests", .handler = create, .scope = KEY_SCOPE_BACKTEST,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = "application/json", .operation_id = "createBacktest"},
    {.method = HTTP_GET, .pattern = "/v1/backtests/{id}", .handler = get, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "getBacktest"},
    {.method = HTTP_DELETE, .pattern = "/v1/backtests/{id}", .handler = cancel_or_remove, .scope = KEY_SCOPE_BACKTEST,
     .operation_id = "deleteBacktest"},
};
/* clang-format on */
const struct http_route_table backtests_routes = HTTP_ROUTE_TABLE(routes);
