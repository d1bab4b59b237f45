/* GET /v1/backtests: jobs, newest first, a page at a time. */
#include "base/json_slice.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/jobs/job_service.h"

#include <math.h>
#include <string.h>

#define PAGE_BYTES_MAX ((size_t)64 << 20)

static enum err read_filter(const struct http_request *r, struct job_filter *f, struct uuid *before,
                            struct error *e)
{
    static const char *const names[] = {"limit", "cursor", "format", "status", "name", NULL};
    static const char *const statuses[] = {"queued", "running",  "succeeded",
                                           "failed", "canceled", NULL};
    char place[CURSOR_PLACE];
    int status = -1;
    enum err err;
    f->limit = LIMIT_PAGE_ITEMS_DEFAULT;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &f->limit, e)) ||
        (err = http_query_enum(r, "status", statuses, &status, e)) ||
        (err = http_query_text(r, "name", LIMIT_JOB_NAME_BYTES, &f->name, e)) ||
        (err = cursor_read(r, "job", place, e)))
        return err;
    if (status >= 0)
        f->statuses = 1u << status;
    if (place[0]) {
        if (!uuid_parse(place, strlen(place), before))
            return cursor_refuse(e);
        f->before = before;
    }
    return ERR_OK;
}

/* ---- the forms: jobs as they are answered one by one, or, as CSV, what fits into columns
 * ---------
 */

static void write_json(struct strbuf *out, const struct job_rows *jobs, const char *cursor)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    for (size_t i = 0; i < jobs->count; i++)
        job_write(&w, &jobs->items[i], true, NAN);
    json_end_array(&w);
    json_member_string(&w, "next_cursor", cursor);
    json_end_object(&w);
}

static void write_ndjson(struct strbuf *out, const struct job_rows *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        struct json_writer w;
        json_writer_init(&w, out);
        job_write(&w, &jobs->items[i], true, NAN);
        strbuf_add_char(out, '\n');
    }
}

/* Members of the request that CSV has as columns. */
static const char *const asked[] = {"rule", "symbols", "timeframe", "from", "to"};
enum { ASKED_COUNT = sizeof(asked) / sizeof(asked[0]) };

static void write_time(struct rows *w, int64_t ns)
{
    if (ns)
        rows_time(w, ns);
    else
        rows_null(w);
}

/* False when the arena is full. */
static bool write_csv_job(struct rows *w, const struct job_row *job, struct arena *arena)
{
    char id[UUID_TEXT];
    struct json_slice request = json_slice_of(job->request);
    bool fits = true;
    uuid_format(&job->id, id);
    rows_row(w);
    rows_string(w, id);
    rows_string(w, job->name ? job->name : "");
    rows_string(w, job_status_name(job->status));
    for (size_t i = 0; i < ASKED_COUNT; i++) {
        const char *text = json_slice_text(json_slice_member(request, asked[i]), arena);
        fits = fits && text;
        rows_string(w, text ? text : "");
    }
    rows_time(w, job->created_at_ns);
    write_time(w, job->started_at_ns);
    write_time(w, job->finished_at_ns);
    rows_int(w, job->progress.shards_done);
    rows_int(w, job->progress.shards_total);
    rows_int(w, job->progress.bars_done);
    rows_int(w, job->progress.bars_total);
    rows_row_end(w);
    return fits;
}

static bool write_csv(struct http_response *out, const struct job_rows *jobs, struct arena *arena)
{
    static const char *const columns[] = {
        "id",          "name",        "status",       "rule",       "symbols",
        "timeframe",   "from",        "to",           "created_at", "started_at",
        "finished_at", "shards_done", "shards_total", "bars_done",  "bars_total"};
    struct rows w;
    rows_begin(&w, out, ROWS_CSV, columns, sizeof(columns) / sizeof(columns[0]));
    bool fits = true;
    for (size_t i = 0; fits && i < jobs->count; i++)
        fits = write_csv_job(&w, &jobs->items[i], arena);
    return fits;
}

static enum err respond(struct http_request *r, struct http_response *out, enum rows_format format,
                        const struct job_rows *jobs, struct arena *arena, struct error *e)
{
    char cursor[CURSOR_TEXT], id[UUID_TEXT];
    if (jobs->more) {
        uuid_format(&jobs->items[jobs->count - 1].id, id);
        cursor_write(cursor, "job", "%s", id);
        http_add_header(r, out, "X-Next-Cursor", "%s", cursor);
    }
    if (format == ROWS_JSON)
        write_json(&out->body, jobs, jobs->more ? cursor : NULL);
    else if (format == ROWS_NDJSON)
        write_ndjson(&out->body, jobs);
    else if (!write_csv(out, jobs, arena))
        return error_set(e, ERR_NO_MEMORY, "out of memory for the list");
    return http_respond_text(out, 200, rows_media_type(format), e);
}

static enum err list(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct job_filter filter = {.kind = "backtest"};
    struct uuid before;
    struct db_read reader = {0};
    struct arena arena;
    struct job_rows jobs = {0};
    enum rows_format format;
    enum err err;
    if ((err = read_filter(r, &filter, &before, e)) || (err = rows_negotiate(r, &format, e)))
        return err;
    arena_init(&arena, PAGE_BYTES_MAX);
    err = readers_lease(app->storage.readers, &reader, e);
    if (!err)
        err = job_repo_list(&reader, &filter, &arena, &jobs, e);
    readers_return(app->storage.readers, &reader);
    if (!err)
        err = respond(r, out, format, &jobs, &arena, e);
    arena_release(&arena);
    return err;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/backtests", .handler = list, .scope = KEY_SCOPE_READ,
     .operation_id = "listBacktests"},
};
/* clang-format on */
const struct http_route_table backtest_list_routes = HTTP_ROUTE_TABLE(routes);
