/* POST /v1/backtests/{id}/explain?at=: why the rule of a finished backtest fired on a bar, or did
 * not. Whether it fired there is looked up among the backtest's fires; the clauses' values are
 * computed anew from the stored bars. */
#include "base/text.h"
#include "db/fire_repo.h"
#include "db/job_repo.h"
#include "engine/study/study_request.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/jobs/fire_record.h"
#include "server/jobs/study_explain.h"
#include "server/results/job_results.h"

#include <stdio.h>
#include <string.h>

struct question {
    struct uuid id;
    struct http_when at;
    const char *symbol; /* NULL = the only one */
    struct study_spec spec;
    size_t symbol_index;
    bool fired;
};

static enum err read_question(const struct http_request *r, struct question *q, struct error *e)
{
    static const char *const names[] = {"at", "symbol", NULL};
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = job_results_id(r, &q->id, e)) ||
        (err = http_query_when(r, "at", &q->at, e)) ||
        (err = http_query_text(r, "symbol", LIMIT_SYMBOL_BYTES, &q->symbol, e)))
        return err;
    if (!q->at.given || q->at.is_date)
        return error_field(e, ERR_INVALID, "?at",
                           "the start of a bar is needed, such as 2024-01-02T14:45:00Z");
    return ERR_OK;
}

/* ---- the backtest -------------------------------------------------------------------------------
 */

static enum err read_job(const struct db_read *reader, struct http_request *r, struct question *q,
                         struct error *e)
{
    struct job_row job;
    enum err err = job_repo_find_summary(reader, &q->id, r->arena, &job, e);
    if (err)
        return err;
    if (job.status != JOB_SUCCEEDED)
        return error_set(e, ERR_CONFLICT,
                         "the backtest is %s: only one that succeeded can be explained",
                         job_status_name(job.status));
    return study_spec_decode(job.request, strlen(job.request), STUDY_SPEC_BACKTEST, r->arena,
                             &q->spec, e);
}

static enum err choose_symbol(struct question *q, struct error *e)
{
    const struct json_texts *symbols = &q->spec.symbols;
    if (!q->symbol && symbols->count == 1)
        q->symbol = symbols->items[0];
    if (!q->symbol)
        return error_field(e, ERR_INVALID, "?symbol",
                           "the backtest has %zu symbols: say which one is meant", symbols->count);
    while (q->symbol_index < symbols->count &&
           strcmp(symbols->items[q->symbol_index], q->symbol) != 0)
        q->symbol_index++;
    if (q->symbol_index < symbols->count)
        return ERR_OK;
    const char *near = text_nearest(q->symbol, strlen(q->symbol), symbols->items, symbols->count);
    return error_field(e, ERR_NOT_FOUND, "?symbol", "the backtest has no symbol '%s'%s%s%s",
                       q->symbol, near ? ", did you mean '" : "", near ? near : "",
                       near ? "'?" : "");
}

/* Where a fire stands beside the bar asked for: fires are in order of symbol, then time. */
static int compare_fire(const struct question *q, const struct study_fire *fire)
{
    if ((size_t)fire->symbol != q->symbol_index)
        return (size_t)fire->symbol < q->symbol_index ? -1 : 1;
    return fire->at_ns < q->at.ns ? -1 : fire->at_ns > q->at.ns;
}

static enum err visit_fires(void *context, const struct fire_chunk *chunk, bool *stop,
                            struct error *e)
{
    (void)e;
    struct question *q = context;
    struct study_request defaults;
    study_request_defaults(&defaults);
    size_t horizons = q->spec.horizon_count ? q->spec.horizon_count : defaults.horizon_count;
    size_t record_bytes = fire_record_bytes(horizons);
    struct study_fire fire;
    double forward[LIMIT_HORIZONS];
    const char *last = (const char *)chunk->data + (size_t)(chunk->count - 1) * record_bytes;
    fire_record_read(last, horizons, &fire, forward);
    if (compare_fire(q, &fire) < 0)
        return ERR_OK; /* all of them are earlier */
    for (int64_t i = 0; i < chunk->count && !*stop; i++) {
        fire_record_read((const char *)chunk->data + (size_t)i * record_bytes, horizons, &fire,
                         forward);
        int order = compare_fire(q, &fire);
        q->fired |= order == 0;
        *stop = order >= 0;
    }
    return ERR_OK;
}

static enum err look_up(struct app *app, struct http_request *r, struct question *q,
                        struct error *e)
{
    struct db_read reader = {0};
    enum err err = readers_lease(app->storage.readers, &reader, e);
    if (!err)
        err = read_job(&reader, r, q, e);
    if (!err)
        err = choose_symbol(q, e);
    if (!err)
        err = fire_repo_each(&reader, &q->id, 0, visit_fires, q, e);
    readers_return(app->storage.readers, &reader);
    return err;
}

/* ---- answer -------------------------------------------------------------------------------------
 */

static enum err explain(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct question q = {.symbol_index = 0};
    struct json_writer w;
    enum err err;
    if ((err = read_question(r, &q, e)) || (err = look_up(app, r, &q, e)))
        return err;
    struct study_explain x = {.storage = &app->storage,
                              .pool = app->pool,
                              .spec = &q.spec,
                              .symbol = q.symbol,
                              .at_ns = q.at.ns,
                              .fired = q.fired,
                              .at_pointer = "?at"};
    json_writer_init(&w, &out->body);
    err = study_explain_write(&x, &w, e);
    return err ? err : http_respond_json(out, 200, e);
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/backtests/{id}/explain",
     .handler = explain,
     .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_LONG,
     .operation_id = "explainBacktest"},
};
const struct http_route_table explain_routes = HTTP_ROUTE_TABLE(routes);
