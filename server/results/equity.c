/* The equity curve: a list of all its points, or fewer of them for a chart. */
#include "server/app.h"
#include "server/jobs/equity_record.h"
#include "server/results/downsample.h"
#include "server/results/ledger_list.h"
#include "server/results/results.h"

static const char *const columns[] = {"at",   "equity",         "cash", "drawdown",
                                      "peak", "open_positions", "mark"};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static void write_row(struct rows *w, const struct equity_record *r)
{
    rows_row(w);
    rows_time(w, r->point.at_ns);
    rows_decimal(w, r->point.equity);
    rows_decimal(w, r->point.cash);
    rows_number(w, equity_record_drawdown(r));
    rows_decimal(w, r->peak);
    rows_int(w, r->point.open_positions);
    rows_bool(w, r->point.is_mark);
    rows_row_end(w);
}

static bool write_point(struct ledger_list *l, const void *record)
{
    struct equity_record point;
    equity_record_read(record, &point);
    write_row(&l->list.rows, &point);
    return true;
}

static enum err respond_list(struct http_request *r, struct http_response *out, struct error *e)
{
    struct ledger_list *l = arena_alloc(r->arena, sizeof(*l));
    enum err err;
    if (!l)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the equity");
    *l = (struct ledger_list){.list = {.kind = "equity",
                                       .read = ledger_list_read,
                                       .columns = columns,
                                       .column_count = COLUMN_COUNT},
                              .series = LEDGER_EQUITY,
                              .record_bytes = EQUITY_RECORD_BYTES,
                              .write = write_point};
    if ((err = listing_query(r, &l->list, e)) || (err = job_results_finished(r, &l->list.job, e)))
        return err;
    return listing_respond(r, out, &l->list, e);
}

/* ---- fewer points -------------------------------------------------------------------------------
 */

static void keep(void *context, const struct equity_record *r)
{
    write_row(context, r);
}

static enum err add_chunk(void *context, const struct ledger_chunk *chunk, bool *stop,
                          struct error *e)
{
    (void)stop;
    (void)e;
    for (int64_t i = 0; i < chunk->count; i++) {
        struct equity_record point;
        equity_record_read((const char *)chunk->data + (size_t)i * EQUITY_RECORD_BYTES, &point);
        downsample_add(context, &point);
    }
    return ERR_OK;
}

/* Totals and points in one snapshot. */
static enum err write_points(const struct job_results *job, struct rows *w, int64_t points,
                             struct error *e)
{
    struct readers *readers = job->app->storage.readers;
    struct db_read reader = {0};
    struct ledger_totals totals;
    struct downsample d;
    enum err err;
    if ((err = readers_lease(readers, &reader, e)))
        return err;
    if (!(err = db_read_begin(&reader, e)) &&
        !(err = ledger_list_totals(job, &reader, &totals, e))) {
        downsample_init(&d, totals.points, points, keep, w);
        err = ledger_repo_each(&reader, &job->id, LEDGER_EQUITY, 0, add_chunk, &d, e);
    }
    readers_return(readers, &reader);
    return err;
}

static enum err respond_points(struct http_request *r, struct http_response *out, struct error *e)
{
    struct job_results *job;
    struct rows w;
    enum rows_format format;
    int64_t points = 0;
    enum err err;
    if (http_query(r, "limit") || http_query(r, "cursor"))
        return error_field(e, ERR_INVALID, "?points",
                           "points are of the whole curve: without limit and cursor");
    if ((err = http_query_int(r, "points", DOWNSAMPLE_KEPT, LIMIT_EQUITY_POINTS, &points, e)) ||
        (err = rows_negotiate(r, &format, e)) || (err = job_results_finished(r, &job, e)))
        return err;
    rows_begin(&w, out, format, columns, COLUMN_COUNT);
    err = write_points(job, &w, points, e);
    return err ? err : rows_respond(&w, r, out, NULL, e);
}

enum err results_equity(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {LISTING_PARAMETERS, "points", NULL};
    enum err err = http_query_only(r, names, e);
    if (err)
        return err;
    return http_query(r, "points") ? respond_points(r, out, e) : respond_list(r, out, e);
}
