/* Fires by minute of day, weekday and month: parts of the stored result, as tables of their own. */
#include "base/json_slice.h"
#include "base/json_value.h"
#include "db/job_repo.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/results/job_results.h"
#include "server/results/results.h"

#include <string.h>

#define RESULT_BYTES_MAX ((size_t)300 << 20)

struct table {
    const char *name; /* in the result's study */
    const char *key;  /* what its groups go by */
};

enum { OWN_COLUMNS = 2, COLUMNS_MAX = OWN_COLUMNS + 2 * LIMIT_HORIZONS };

/* time, fires, mean_5m, mean_30m, ..., hit_rate_5m, hit_rate_30m, ... */
static enum err name_columns(const struct job_results *job, const struct table *t,
                             struct arena *arena, const char *columns[COLUMNS_MAX],
                             size_t *ret_count, struct error *e)
{
    static const char *const values[] = {"mean", "hit_rate"};
    size_t count = 0;
    columns[count++] = t->key;
    columns[count++] = "fires";
    for (size_t v = 0; v < 2; v++) {
        for (size_t h = 0; h < job->horizon_count; h++) {
            columns[count] = arena_printf(arena, "%s_%s", values[v], job->horizons[h].name);
            if (!columns[count++])
                return error_set(e, ERR_NO_MEMORY, "out of memory for the table");
        }
    }
    *ret_count = count;
    return ERR_OK;
}

static void write_values(struct rows *w, const struct json_value *group, const char *name,
                         size_t horizon_count)
{
    const struct json_value *value = json_value_first(json_value_member(group, name));
    for (size_t h = 0; h < horizon_count; h++, value = json_value_next(value))
        rows_number(w, json_value_number(value));
}

static void write_groups(struct rows *w, const struct job_results *job, const struct table *t,
                         const struct json_value *groups)
{
    const struct json_value *group = json_value_first(groups);
    for (; group; group = json_value_next(group)) {
        const char *key = json_value_member_text(group, t->key);
        rows_row(w);
        rows_string(w, key ? key : "");
        rows_int(w, json_value_member_int(group, "fires"));
        write_values(w, group, "mean", job->horizon_count);
        write_values(w, group, "hit_rate", job->horizon_count);
        rows_row_end(w);
    }
}

/* The table as it stands in the stored outcome, parsed; the rest of that is not. */
static enum err read_groups(const struct job_results *job, const struct table *t,
                            struct json_value **ret, struct error *e)
{
    struct readers *readers = job->app->storage.readers;
    struct db_read reader = {0};
    struct arena arena;
    struct job_row row = {0};
    struct json_slice groups = {0};
    arena_init(&arena, RESULT_BYTES_MAX);
    enum err err = readers_lease(readers, &reader, e);
    if (!err)
        err = job_repo_find(&reader, &job->id, &arena, &row, e);
    readers_return(readers, &reader);
    if (!err && row.result) {
        struct json_slice result = json_slice_member(json_slice_of(row.result), "result");
        groups = json_slice_member(json_slice_member(result, "study"), t->name);
    }
    if (!err && !groups.text)
        err = error_set(e, ERR_DATA, "the stored result has no table '%s'", t->name);
    if (!err)
        err = json_value_parse(groups.text, groups.length, ret, e);
    arena_release(&arena);
    return err;
}

static enum err respond(struct http_request *r, struct http_response *out, const struct table *t,
                        struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct job_results *job;
    struct json_value *groups = NULL;
    struct rows w;
    enum rows_format format;
    const char *columns[COLUMNS_MAX];
    size_t column_count = 0;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = job_results_finished(r, &job, e)) ||
        (err = name_columns(job, t, r->arena, columns, &column_count, e)) ||
        (err = read_groups(job, t, &groups, e)))
        return err;
    rows_begin(&w, out, format, columns, column_count);
    write_groups(&w, job, t, groups);
    json_value_free(groups);
    return rows_respond(&w, r, out, NULL, e);
}

enum err results_by_minute(struct http_request *r, struct http_response *out, struct error *e)
{
    return respond(r, out, &(struct table){"by_minute", "time"}, e);
}

enum err results_by_weekday(struct http_request *r, struct http_response *out, struct error *e)
{
    return respond(r, out, &(struct table){"by_weekday", "weekday"}, e);
}

enum err results_by_month(struct http_request *r, struct http_response *out, struct error *e)
{
    return respond(r, out, &(struct table){"by_month", "month"}, e);
}
