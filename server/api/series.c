/* Expressions over stored bars. Each is evaluated from the series' first bar on, so that indicators
 * see all history before `from`; only the bars of the range are kept and answered. The expressions
 * run beside each other on the worker pool. */
#include "base/json_fields.h"
#include "engine/rule/rule.h"
#include "server/api/api.h"
#include "server/api/range.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/series_lookup.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As decoded. */
struct series_request {
    const char *symbol, *timeframe, *from, *to, *timezone;
    struct json_texts expressions;
};

static const struct json_field request_fields[] = {
    JSON_FIELD(struct series_request, symbol, "symbol", JSON_TEXT, .required = true, .min = 1,
               .max = LIMIT_SYMBOL_BYTES),
    JSON_FIELD(struct series_request, timeframe, "timeframe", JSON_TEXT, .min = 1, .max = 8),
    JSON_FIELD(struct series_request, from, "from", JSON_TEXT, .min = 1, .max = 40),
    JSON_FIELD(struct series_request, to, "to", JSON_TEXT, .min = 1, .max = 40),
    JSON_FIELD(struct series_request, timezone, "timezone", JSON_TEXT, .min = 1, .max = 64),
    JSON_FIELD(struct series_request, expressions, "expressions", JSON_TEXTS, .required = true,
               .min = 1, .max = LIMIT_SERIES_EXPRESSIONS),
};

/* What the request means, and what is made on the way to its answer. */
struct series_work {
    struct series_request request;
    struct timeframe timeframe;
    struct time_range_ends ends;
    enum rows_format format;
    struct series_row stored; /* the series that the bars come from */
    struct time_range range;
    size_t count; /* of expressions */
    struct rule *rules[LIMIT_SERIES_EXPRESSIONS];
    double *values[LIMIT_SERIES_EXPRESSIONS]; /* [end - first] each */
    const struct bars *bars;
    int64_t first, end; /* bars of the range */
};

static void work_release(struct series_work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        rule_free(w->rules[i]);
        free(w->values[i]);
    }
    bars_unref(w->bars);
}

/* ---- checks ---- */

static enum err check_expressions(const struct json_texts *expressions, struct error *e)
{
    for (size_t i = 0; i < expressions->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(expressions->items[i], expressions->items[k]) == 0) {
                char pointer[48];
                snprintf(pointer, sizeof pointer, "/expressions/%zu", i);
                return error_field(e, ERR_INVALID, pointer, "the same expression twice");
            }
    return ERR_OK;
}

static enum err read_request(const struct http_request *r, struct series_work *w, struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct series_request *q = &w->request;
    struct error inner;
    enum err err;
    w->timeframe = (struct timeframe){.minutes = 1};
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &w->format, e)) ||
        (err = json_decode(r->body, r->body_bytes, request_fields,
                           sizeof request_fields / sizeof request_fields[0], q, r->arena, e)))
        return err;
    if (q->timeframe && timeframe_parse(q->timeframe, strlen(q->timeframe), &w->timeframe, &inner))
        return error_field(e, ERR_INVALID, "/timeframe", "%s", inner.message);
    if ((q->from && (err = study_spec_when_parse(q->from, "/from", &w->ends.from, e))) ||
        (q->to && (err = study_spec_when_parse(q->to, "/to", &w->ends.to, e))))
        return err;
    return check_expressions(&q->expressions, e);
}

static enum err compile(struct series_work *w, const struct zone *zone, struct error *e)
{
    const struct rule_options options = {.timeframe = w->timeframe, .zone = zone, .any_type = true};
    for (size_t i = 0; i < w->request.expressions.count; i++) {
        const char *text = w->request.expressions.items[i];
        enum err err = rule_compile(text, strlen(text), &options, &w->rules[i], e);
        if (err) {
            snprintf(e->pointer, sizeof e->pointer, "/expressions/%zu", i);
            return err;
        }
        w->count = i + 1;
    }
    return ERR_OK;
}

/* Everything that can be refused before bars are loaded. */
static enum err prepare(struct app *app, struct series_work *w, struct error *e)
{
    const struct series_request *q = &w->request;
    struct error inner;
    enum err err;
    const struct zone *zone = NULL;
    if (q->timezone && zone_find(q->timezone, &zone, &inner))
        return error_field(e, ERR_INVALID, "/timezone", "%s", inner.message);
    if ((err = series_lookup(&app->storage, q->symbol, w->timeframe, "/symbol", &w->stored, e)))
        return err;
    const struct zone *local = calendar_zone(w->stored.calendar);
    err = time_range_settle(&w->ends, local, "/to", &w->range, e);
    return err ? err : compile(w, zone ? zone : local, e);
}

/* ---- work ---- */

static enum err load(struct app *app, struct series_work *w, struct error *e)
{
    uint32_t columns = 0;
    for (size_t i = 0; i < w->count; i++)
        columns |= rule_columns(w->rules[i]);
    enum err err = bar_cache_get(app->storage.bar_cache, app->pool, w->request.symbol, w->timeframe,
                                 columns, &w->bars, NULL, e);
    if (err)
        return err;
    w->first = bars_lower_bound(w->bars, w->range.from_ns);
    w->end = bars_lower_bound(w->bars, w->range.to_ns);
    if (w->end - w->first > LIMIT_SERIES_BARS)
        return error_field(e, ERR_INVALID, "/from",
                           "the range has %" PRId64 " bars, an answer at most %d: ask for less at "
                           "a time, or a longer timeframe",
                           w->end - w->first, LIMIT_SERIES_BARS);
    return ERR_OK;
}

static enum err evaluate(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct series_work *w = context;
    struct rule_run *run;
    double *values = malloc((size_t)(w->end - w->first + 1) * sizeof *values);
    if (!values)
        return error_set(e, ERR_NO_MEMORY, "out of memory for %" PRId64 " values",
                         w->end - w->first);
    w->values[task] = values;
    enum err err = rule_run_create(w->rules[task], w->bars, &run, e);
    if (err)
        return err;
    rule_run_start(run, 0);
    rule_run_eval(run, w->first, NULL);
    rule_run_values(run, w->end, values);
    rule_run_free(run);
    return ERR_OK;
}

/* ---- answers ---- */

static void write_column(struct json_writer *json, const struct series_work *w, size_t i)
{
    bool boolean = rule_is_boolean(w->rules[i]);
    json_begin_object(json);
    json_member_string(json, "expression", w->request.expressions.items[i]);
    json_member_string(json, "type", boolean ? "boolean" : "number");
    json_key(json, "values");
    json_begin_array(json);
    for (int64_t k = 0; k < w->end - w->first; k++) {
        if (boolean)
            json_bool(json, w->values[i][k] != 0);
        else
            json_number(json, w->values[i][k]);
    }
    json_end_array(json);
    json_end_object(json);
}

static enum err respond_columns(struct http_response *out, const struct series_work *w,
                                struct error *e)
{
    struct json_writer json;
    char timeframe[8];
    timeframe_format(w->timeframe, timeframe);
    json_writer_init(&json, &out->body);
    json_begin_object(&json);
    json_member_string(&json, "symbol", w->request.symbol);
    json_member_string(&json, "timeframe", timeframe);
    json_key(&json, "times");
    json_begin_array(&json);
    for (int64_t i = w->first; i < w->end; i++)
        json_time(&json, w->bars->time_ns[i]);
    json_end_array(&json);
    json_key(&json, "columns");
    json_begin_array(&json);
    for (size_t i = 0; i < w->count; i++)
        write_column(&json, w, i);
    json_end_array(&json);
    json_end_object(&json);
    return http_respond_json(out, 200, e);
}

/* CSV and NDJSON, a row per bar. In NDJSON the values are an object of their own: `time` is an
 * expression too. */
static enum err respond_rows(struct http_request *r, struct http_response *out,
                             const struct series_work *w, struct error *e)
{
    const char *columns[1 + LIMIT_SERIES_EXPRESSIONS] = {"time"};
    memcpy(columns + 1, w->request.expressions.items, w->count * sizeof *columns);
    struct rows rows;
    rows_begin(&rows, out, w->format, columns, 1 + w->count);
    for (int64_t k = 0; k < w->end - w->first; k++) {
        rows_row(&rows);
        rows_time(&rows, w->bars->time_ns[w->first + k]);
        rows_group(&rows, "values");
        for (size_t i = 0; i < w->count; i++) {
            if (rule_is_boolean(w->rules[i]))
                rows_bool(&rows, w->values[i][k] != 0);
            else
                rows_number(&rows, w->values[i][k]);
        }
        rows_group_end(&rows);
        rows_row_end(&rows);
    }
    return rows_respond(&rows, r, out, NULL, e);
}

static enum err compute_series(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct series_work w = {0};
    enum err err;
    if (!(err = read_request(r, &w, e)) && !(err = prepare(app, &w, e)) &&
        !(err = load(app, &w, e)) &&
        !(err = worker_pool_run(app->pool, evaluate, &w, (int64_t)w.count, NULL, e)))
        err = w.format == ROWS_JSON ? respond_columns(out, &w, e) : respond_rows(r, out, &w, e);
    work_release(&w);
    return err;
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/series",
     .handler = compute_series,
     .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_LONG,
     .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json",
     .operation_id = "computeSeries"},
};
const struct http_route_table series_routes = {routes, sizeof routes / sizeof routes[0]};
