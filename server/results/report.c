/* The report of a job: its JSON from memory or from the database, its fires and its ledger read
 * through once. The page depends on the job and its revision alone: that is its tag, with the
 * version of the program, which writes it. */
#include "db/ledger_repo.h"
#include "server/app.h"
#include "server/jobs/equity_record.h"
#include "server/jobs/job_service.h"
#include "server/jobs/trade_record.h"
#include "server/report/report_read.h"
#include "server/results/fire_cells.h"
#include "server/results/results.h"
#include "server/version.h"

#include <string.h>

enum { ARENA_BYTES = 64 << 20, LINK_BYTES = 128 };

/* All that a page is made of. */
struct report_job {
    struct job_results *job;
    struct arena arena;
    struct json_value *json; /* of the job */
    struct fire_cells cells;
    struct points_gather points;
    struct trades_gather trades;
    struct report_parts parts;
    char trades_link[LINK_BYTES];
};

/* ---- the ledger ---- */

static enum err visit_trades(void *context, const struct ledger_chunk *chunk, bool *stop,
                             struct error *e)
{
    (void)stop;
    (void)e;
    struct report_job *j = context;
    for (int64_t i = 0; i < chunk->count; i++) {
        struct trade trade;
        struct stored_contract contract;
        trade_record_read((const char *)chunk->data + i * TRADE_RECORD_BYTES, &trade, &contract);
        trades_gather_add(&j->trades, &trade, contract.occ_symbol, contract.modelled);
    }
    return ERR_OK;
}

static enum err visit_points(void *context, const struct ledger_chunk *chunk, bool *stop,
                             struct error *e)
{
    (void)stop;
    (void)e;
    struct report_job *j = context;
    for (int64_t i = 0; i < chunk->count; i++) {
        struct equity_record record;
        equity_record_read((const char *)chunk->data + i * EQUITY_RECORD_BYTES, &record);
        points_gather_add(&j->points, &record.point);
    }
    return ERR_OK;
}

static enum err read_ledger(struct report_job *j, struct error *e)
{
    struct readers *readers = j->job->app->storage.readers;
    const struct uuid *id = &j->job->id;
    struct db_read reader = {0};
    struct ledger_totals totals;
    enum err err = readers_lease(readers, &reader, e);
    if (!err && !(err = ledger_repo_find(&reader, id, &totals, e))) {
        points_gather_init(&j->points, totals.points);
        err = ledger_repo_each(&reader, id, LEDGER_TRADES, 0, visit_trades, j, e);
        if (!err)
            err = ledger_repo_each(&reader, id, LEDGER_EQUITY, 0, visit_points, j, e);
    }
    readers_return(readers, &reader);
    if (!err)
        err = trades_gather_end(&j->trades, e);
    return err ? err : points_gather_end(&j->points, e);
}

static enum err read_account(struct report_job *j, struct error *e)
{
    struct report_account *a = &j->parts.account;
    char id[UUID_TEXT];
    enum err err = read_ledger(j, e);
    if (err)
        return err;
    uuid_format(&j->job->id, id);
    snprintf(j->trades_link, sizeof(j->trades_link), "/v1/backtests/%s/trades?format=csv", id);
    a->trades = &j->trades;
    a->points = j->points.points;
    a->point_count = j->points.count;
    a->trades_link = j->trades_link;
    return ERR_OK;
}

/* ---- the page ---- */

static enum err read_json(struct report_job *j, struct error *e)
{
    struct job_view view = {0};
    size_t length;
    enum err err = job_service_get(j->job->app->jobs, &j->job->id, &view, e);
    if (err)
        return err;
    const char *text = http_body_text(view.body, &length);
    err = json_value_parse(text, length, &j->json, e);
    job_view_release(&view);
    return err;
}

static enum err write_page(struct report_job *j, struct strbuf *out, struct error *e)
{
    enum err err;
    if ((err = read_json(j, e)) ||
        (err = report_read(j->json, j->job->job.engine_version, &j->arena, &j->parts, e)) ||
        (err = fire_cells_read(&j->cells, j->job, e)) ||
        (j->parts.input.account && (err = read_account(j, e))))
        return err;
    j->parts.input.map = j->cells.items;
    j->parts.input.map_count = j->cells.count;
    return report_write(&j->parts.input, out, e);
}

static enum err respond(struct report_job *j, struct http_request *r, struct http_response *out,
                        struct error *e)
{
    char policy[REPORT_POLICY_MAX];
    struct strbuf page;
    strbuf_init(&page, REPORT_BYTES_MAX);
    enum err err = write_page(j, &page, e);
    if (!err) {
        strbuf_add(&out->body, page.data, page.length);
        report_content_policy(policy);
        http_add_header(r, out, "Content-Security-Policy", "%s; frame-ancestors 'none'", policy);
        err = http_respond_text(out, 200, "text/html; charset=utf-8", e);
    }
    strbuf_release(&page);
    return err;
}

enum err results_report(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {NULL};
    struct report_job *j = arena_alloc(r->arena, sizeof(*j));
    char etag[HTTP_ETAG_MAX];
    enum err err;
    if (!j)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the report");
    if ((err = http_query_only(r, names, e)) || (err = job_results_finished(r, &j->job, e)))
        return err;
    snprintf(etag, sizeof(etag), "\"report-%s-%lld\"", BRACKETD_VERSION,
             (long long)j->job->job.rev);
    if (http_respond_not_modified(r, out, etag))
        return ERR_OK;
    arena_init(&j->arena, ARENA_BYTES);
    trades_gather_init(&j->trades);
    err = respond(j, r, out, e);
    if (!err)
        http_set_etag(out, "%s", etag);
    trades_gather_release(&j->trades);
    points_gather_release(&j->points);
    fire_cells_release(&j->cells);
    json_value_free(j->json);
    arena_release(&j->arena);
    return err;
}
