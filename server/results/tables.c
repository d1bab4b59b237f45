/* Fires by minute of day, weekday and month: parts of the stored result, as tables of their own. */
#include "server/api/rows.h"
#include "server/results/results.h"
#include "server/results/stored_result.h"

struct table {
    const char *name; /* in the result's study */
    const char *key;  /* what its groups go by */
};

static void write_values(struct rows *w, const struct json_value *group, const char *name,
                         size_t horizon_count)
{
    const struct json_value *value = json_value_first(json_value_member(group, name));
    for (size_t h = 0; h < horizon_count; h++, value = json_value_next(value))
        rows_number(w, json_value_number(value));
}

static void write_group(struct rows *w, const struct job_results *job, const struct table *t,
                        const struct json_value *group)
{
    const char *key = json_value_member_text(group, t->key);
    rows_row(w);
    rows_string(w, key ? key : "");
    rows_int(w, json_value_member_int(group, "fires"));
    write_values(w, group, "mean", job->horizon_count);
    write_values(w, group, "hit_rate", job->horizon_count);
    rows_row_end(w);
}

static enum err respond(struct http_request *r, struct http_response *out, const struct table *t,
                        struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct job_results *job;
    struct json_value *groups = NULL;
    struct stored_columns columns = {.names = {t->key, "fires"}, .count = 2};
    struct rows w;
    enum rows_format format;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = job_results_finished(r, &job, e)) ||
        (err = stored_columns_add_horizons(&columns, job, "mean", r->arena, e)) ||
        (err = stored_columns_add_horizons(&columns, job, "hit_rate", r->arena, e)) ||
        (err = stored_result_read(job, "study", t->name, &groups, e)))
        return err;
    rows_begin(&w, out, format, columns.names, columns.count);
    const struct json_value *group = json_value_first(groups);
    for (; group; group = json_value_next(group))
        write_group(&w, job, t, group);
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
