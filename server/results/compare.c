/* GET /v1/backtests/compare?ids=: several finished jobs side by side. What is stored as JSON is
 * handed out as it stands (base/json_slice.h), never parsed into numbers and back. */
#include "server/results/compare_table.h"

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/results/job_results.h"
#include "server/results/results.h"

#include <string.h>

#define RESULT_BYTES_MAX ((size_t)300 << 20)
enum { IDS_BYTES_MAX = COMPARE_JOBS_MAX * UUID_TEXT };

/* Members of the result that are compared, in this order. */
static const char *const parts[] = {"fires",   "digest",        "trades",
                                    "metrics", "metrics_worst", "metrics_best"};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

struct compared {
    struct uuid uuid;
    char id[UUID_TEXT];
    const char *name; /* NULL = none */
    int64_t created_at_ns, finished_at_ns;
    struct json_slice request, horizons, parts[PART_COUNT];
};

struct comparison {
    struct arena *arena;
    struct app *app;
    size_t count;
    struct compared *jobs; /* [count] */
};

/* ---- reading ------------------------------------------------------------------------------------
 */

static enum err refuse_ids(struct error *e)
{
    return error_field(e, ERR_INVALID, "?ids", "%d to %d ids of backtests, with commas between",
                       COMPARE_JOBS_MIN, COMPARE_JOBS_MAX);
}

static enum err add_id(struct comparison *c, const char *text, size_t length, struct error *e)
{
    struct uuid id;
    if (c->count == COMPARE_JOBS_MAX)
        return refuse_ids(e);
    if (!uuid_parse(text, length, &id))
        return error_field(e, ERR_NOT_FOUND, "?ids", "there is no backtest '%.*s'",
                           (int)(length < 64 ? length : 64), text);
    for (size_t i = 0; i < c->count; i++)
        if (memcmp(&c->jobs[i].uuid, &id, sizeof(id)) == 0)
            return error_field(e, ERR_INVALID, "?ids", "'%.36s' is named twice", text);
    struct compared *job = &c->jobs[c->count++];
    job->uuid = id;
    uuid_format(&id, job->id);
    return ERR_OK;
}

static enum err read_ids(const struct http_request *r, struct comparison *c, struct error *e)
{
    static const char *const names[] = {"ids", "format", NULL};
    const char *text = NULL;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_text(r, "ids", IDS_BYTES_MAX, &text, e)))
        return err;
    while (!err && text && *text) {
        size_t length = strcspn(text, ",");
        err = add_id(c, text, length, e);
        text += length + (text[length] == ',');
    }
    return !err && c->count < COMPARE_JOBS_MIN ? refuse_ids(e) : err;
}

/* A copy in the request's arena: the row's own goes. */
static struct json_slice keep(struct comparison *c, struct json_slice value, bool *failed)
{
    if (!value.text)
        return value;
    const char *copy = arena_strndup(c->arena, value.text, value.length);
    *failed = *failed || !copy;
    return (struct json_slice){copy, value.length};
}

static enum err keep_row(struct comparison *c, struct compared *job, const struct job_row *row,
                         struct error *e)
{
    struct json_slice none = {0};
    struct json_slice outcome = row->result ? json_slice_of(row->result) : none;
    struct json_slice result = json_slice_member(outcome, "result");
    bool failed = false;
    job->name = row->name ? arena_strdup(c->arena, row->name) : NULL;
    job->created_at_ns = row->created_at_ns;
    job->finished_at_ns = row->finished_at_ns;
    job->request = keep(c, json_slice_of(row->request), &failed);
    job->horizons =
        keep(c, json_slice_member(json_slice_member(result, "study"), "horizons"), &failed);
    for (size_t i = 0; i < PART_COUNT; i++)
        job->parts[i] = keep(c, json_slice_member(result, parts[i]), &failed);
    return failed || (row->name && !job->name)
               ? error_set(e, ERR_NO_MEMORY, "out of memory for the comparison")
               : ERR_OK;
}

static enum err read_job(struct comparison *c, struct compared *job, const struct db_read *reader,
                         struct error *e)
{
    struct arena arena;
    struct job_row row;
    struct error inner;
    arena_init(&arena, RESULT_BYTES_MAX);
    enum err err = job_repo_find(reader, &job->uuid, &arena, &row, e);
    if (err == ERR_NOT_FOUND)
        err = error_field(e, ERR_NOT_FOUND, "?ids", "there is no backtest '%s'", job->id);
    if (!err && (err = job_results_check_status(row.status, &inner)))
        err = error_field(e, err, "?ids", "of '%s': %s", job->id, inner.message);
    if (!err)
        err = keep_row(c, job, &row, e);
    arena_release(&arena);
    return err;
}

static enum err read_jobs(struct comparison *c, struct error *e)
{
    struct readers *readers = c->app->storage.readers;
    struct db_read reader = {0};
    enum err err = readers_lease(readers, &reader, e);
    for (size_t i = 0; !err && i < c->count; i++)
        err = read_job(c, &c->jobs[i], &reader, e);
    readers_return(readers, &reader);
    return err;
}

/* The requests, field by field. */
static enum err table_of_requests(struct comparison *c, const char *field,
                                  struct compare_table *ret, struct error *e)
{
    enum err err = ERR_OK;
    *ret = (struct compare_table){.arena = c->arena, .job_count = c->count};
    for (size_t i = 0; !err && i < c->count; i++)
        err = compare_table_add(ret, i, field, c->jobs[i].request, e);
    return err;
}

/* ---- JSON ---------------------------------------------------------------------------------------
 */

static void write_slice(struct json_writer *w, const char *name, struct json_slice value)
{
    if (name)
        json_key(w, name);
    if (value.text)
        json_raw(w, value.text, value.length);
    else
        json_null(w);
}

static void write_job(struct json_writer *w, const struct compared *job)
{
    json_begin_object(w);
    json_member_string(w, "id", job->id);
    json_member_string(w, "name", job->name);
    json_member_time(w, "created_at", job->created_at_ns);
    json_member_time(w, "finished_at", job->finished_at_ns);
    write_slice(w, "horizons", job->horizons);
    for (size_t i = 0; i < PART_COUNT; i++)
        write_slice(w, parts[i], job->parts[i]);
    json_end_object(w);
}

static void write_difference(struct json_writer *w, const struct compare_row *row, size_t job_count)
{
    json_begin_object(w);
    json_member_string(w, "field", row->field);
    json_key(w, "values");
    json_begin_array(w);
    for (size_t i = 0; i < job_count; i++)
        write_slice(w, NULL, row->values[i]);
    json_end_array(w);
    json_end_object(w);
}

static enum err respond_json(struct http_response *out, struct comparison *c, struct error *e)
{
    struct compare_table requests;
    struct json_writer w;
    enum err err = table_of_requests(c, "", &requests, e);
    if (err)
        return err;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_key(&w, "differences");
    json_begin_array(&w);
    for (size_t i = 0; i < requests.count; i++)
        if (compare_row_differs(&requests.rows[i], c->count))
            write_difference(&w, &requests.rows[i], c->count);
    json_end_array(&w);
    json_key(&w, "jobs");
    json_begin_array(&w);
    for (size_t i = 0; i < c->count; i++)
        write_job(&w, &c->jobs[i]);
    json_end_array(&w);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* ---- CSV: a row a field, a column a job ---------------------------------------------------------
 */

/* Each horizon's members are fields of their own: horizons/5m/mean. */
static enum err add_horizons(struct compare_table *t, size_t job, struct json_slice horizons,
                             struct error *e)
{
    struct json_slice item;
    struct json_slice_walk walk = json_slice_walk(horizons);
    enum err err = ERR_OK;
    while (!err && json_slice_next(&walk, NULL, &item)) {
        const char *name = json_slice_text(json_slice_member(item, "horizon"), t->arena);
        const char *field = name ? arena_printf(t->arena, "horizons/%s", name) : NULL;
        err = field ? compare_table_add(t, job, field, item, e)
                    : error_set(e, ERR_NO_MEMORY, "out of memory for the comparison");
    }
    return err;
}

static enum err table_of_results(struct comparison *c, struct compare_table *ret, struct error *e)
{
    enum err err = ERR_OK;
    *ret = (struct compare_table){.arena = c->arena, .job_count = c->count};
    for (size_t i = 0; !err && i < c->count; i++) {
        err = add_horizons(ret, i, c->jobs[i].horizons, e);
        for (size_t p = 0; !err && p < PART_COUNT; p++)
            if (c->jobs[i].parts[p].text)
                err = compare_table_add(ret, i, parts[p], c->jobs[i].parts[p], e);
    }
    return err;
}

static enum err write_row(struct rows *w, const struct comparison *c, const struct compare_row *row,
                          struct error *e)
{
    rows_row(w);
    rows_string(w, row->field);
    for (size_t i = 0; i < c->count; i++) {
        const char *text = json_slice_text(row->values[i], c->arena);
        if (!text)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the comparison");
        rows_string(w, text);
    }
    rows_row_end(w);
    return ERR_OK;
}

static void write_names(struct rows *w, const struct comparison *c)
{
    rows_row(w);
    rows_string(w, "name");
    for (size_t i = 0; i < c->count; i++)
        rows_string(w, c->jobs[i].name ? c->jobs[i].name : "");
    rows_row_end(w);
    rows_row(w);
    rows_string(w, "created_at");
    for (size_t i = 0; i < c->count; i++)
        rows_time(w, c->jobs[i].created_at_ns);
    rows_row_end(w);
}

static enum err respond_csv(struct http_request *r, struct http_response *out, struct comparison *c,
                            struct error *e)
{
    const char *columns[1 + COMPARE_JOBS_MAX] = {"field"};
    struct compare_table requests, results;
    struct rows w;
    enum err err;
    if ((err = table_of_requests(c, "request", &requests, e)) ||
        (err = table_of_results(c, &results, e)))
        return err;
    for (size_t i = 0; i < c->count; i++)
        columns[1 + i] = c->jobs[i].id;
    rows_begin(&w, out, ROWS_CSV, columns, 1 + c->count);
    write_names(&w, c);
    for (size_t i = 0; !err && i < requests.count; i++)
        if (compare_row_differs(&requests.rows[i], c->count))
            err = write_row(&w, c, &requests.rows[i], e);
    for (size_t i = 0; !err && i < results.count; i++)
        err = write_row(&w, c, &results.rows[i], e);
    return err ? err : rows_respond(&w, r, out, NULL, e);
}

enum err results_compare(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const types[] = {"application/json", "text/csv", NULL};
    struct comparison c = {.arena = r->arena, .app = r->app};
    int type = 0;
    enum err err;
    c.jobs = arena_alloc_array(r->arena, COMPARE_JOBS_MAX, sizeof(*c.jobs));
    if (!c.jobs)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the comparison");
    if ((err = http_negotiate(r, types, &type, e)) || (err = read_ids(r, &c, e)) ||
        (err = read_jobs(&c, e)))
        return err;
    return type == 0 ? respond_json(out, &c, e) : respond_csv(r, out, &c, e);
}
