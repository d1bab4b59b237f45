/* POST /v1/check: the shortest question, answered in the call. It shares the worker pool with the
 * jobs, in turn, and is not kept. */
#include "base/rfc3339.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/jobs/study_json.h"

#include <stdio.h>
#include <string.h>

static const char *const query_names[] = {"symbol",   "timeframe", "from",     "to",     "trigger",
                                          "cooldown", "window",    "timezone", "latest", NULL};

/* The query's errors name its parameters, the body's its pointers; the spec knows only pointers. */
static enum err as_parameter(enum err err, struct error *e)
{
    if (err && e && e->pointer[0] == '/') {
        char name[ERROR_POINTER_MAX];
        const char *last = strrchr(e->pointer, '/') + 1;
        snprintf(name, sizeof(name), "?%s", last);
        memcpy(e->pointer, name, sizeof(name));
    }
    return err;
}

static enum err spec_of_query(const struct http_request *r, struct study_spec *s, struct error *e)
{
    int trigger = 0;
    const char *window = http_query(r, "window"), *cooldown = http_query(r, "cooldown");
    enum err err;
    if ((err = http_query_text(r, "symbol", LIMIT_SYMBOL_BYTES, &s->symbol, e)) ||
        (err = http_query_text(r, "timeframe", 8, &s->timeframe_text, e)) ||
        (err = http_query_text(r, "from", 40, &s->from_text, e)) ||
        (err = http_query_text(r, "to", 40, &s->to_text, e)) ||
        (err = http_query_text(r, "timezone", 64, &s->window.timezone, e)) ||
        (err = http_query_enum(r, "trigger", study_trigger_names, &trigger, e)) ||
        (err = http_query_int(r, "latest", 0, LIMIT_PAGE_ITEMS, &s->latest, e)))
        return err;
    if (!s->symbol)
        return error_field(e, ERR_INVALID, "?symbol", "the parameter 'symbol' is needed");
    if (cooldown && duration_parse(cooldown, strlen(cooldown), &s->cooldown_ns, e))
        return error_field(e, ERR_INVALID, "?cooldown", "'%s' is not a duration such as 30m",
                           cooldown);
    if (window && (err = study_spec_parse_window(window, "?window", s, e)))
        return err;
    s->has_window |= s->window.timezone != NULL;
    s->has_trigger = http_query(r, "trigger") != NULL;
    s->trigger = trigger;
    s->has_cooldown = cooldown != NULL;
    s->has_latest = http_query(r, "latest") != NULL;
    return ERR_OK;
}

static enum err read_plain(struct http_request *r, struct study_spec *s, struct error *e)
{
    study_spec_init(s);
    enum err err = http_query_only(r, query_names, e);
    if (err || (err = spec_of_query(r, s, e)))
        return err;
    if (r->body_bytes == 0 || r->body_bytes > LIMIT_RULE_BYTES)
        return error_set(e, ERR_INVALID, "the body is the rule, 1 to %d bytes", LIMIT_RULE_BYTES);
    if (memchr(r->body, '\0', r->body_bytes))
        return error_set(e, ERR_INVALID, "the body has a NUL byte");
    s->rule = r->body;
    s->symbols.items = arena_alloc(r->arena, sizeof(*s->symbols.items));
    if (!s->symbols.items)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the request");
    s->symbols.items[0] = s->symbol;
    s->symbols.count = 1;
    return as_parameter(study_spec_settle(s, e), e);
}

static enum err read_spec(struct http_request *r, struct study_spec *s, struct error *e)
{
    static const char *const none[] = {NULL};
    if (strcmp(r->content_type, "text/plain") == 0)
        return read_plain(r, s, e);
    enum err err = http_query_only(r, none, e);
    return err ? err : study_spec_decode(r->body, r->body_bytes, STUDY_SPEC_CHECK, r->arena, s, e);
}

static void write_latest(struct json_writer *w, const struct study_task *t,
                         const struct study_result *result, int64_t latest)
{
    const struct study_request *request = study_task_request(t);
    json_key(w, "latest");
    json_begin_array(w);
    for (size_t k = 0; k < result->fire_count && (int64_t)k < latest; k++) {
        size_t i = result->fire_count - 1 - k;
        const struct study_fire *fire = &result->fires[i];
        study_json_fire(w, fire, result->forward + i * result->horizon_count,
                        study_task_symbol(t, (size_t)fire->symbol), request->horizons,
                        request->horizon_count);
    }
    json_end_array(w);
}

static void write_answer(struct strbuf *out, const struct study_spec *spec,
                         const struct study_task *t, const struct study_result *result,
                         const struct study_timing *timing)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_key(&w, "request");
    json_begin_object(&w);
    study_spec_encode(spec, STUDY_SPEC_CHECK, &w);
    json_end_object(&w);
    json_key(&w, "result");
    study_json_result(&w, t, result, NULL);
    write_latest(&w, t, result, spec->latest);
    json_key(&w, "timing");
    study_json_timing(&w, timing);
    json_end_object(&w);
}

struct answer {
    struct study_task *task;
    struct study_result *result;
};

static void answer_release(struct answer *a)
{
    study_result_free(a->result);
    study_task_free(a->task);
    *a = (struct answer){0};
}

static enum err run_study(struct app *app, const struct study_spec *spec, struct answer *ret,
                          struct error *e)
{
    enum err err = study_task_create(&app->storage, app->pool, spec, &ret->task, e);
    if (!err)
        err = study_task_run(ret->task, NULL, &app->stop_checks, e);
    if (!err)
        err = study_finish(study_task_study(ret->task), &app->stop_checks, &ret->result, e);
    return err;
}

/* Bars that an import changed between the plan and their load are planned on again. */
static enum err find_answer(struct app *app, const struct study_spec *spec, struct answer *ret,
                            struct error *e)
{
    enum err err = run_study(app, spec, ret, e);
    for (int attempt = 1; err == ERR_CONFLICT && attempt < LIMIT_JOB_PLANS; attempt++) {
        answer_release(ret);
        err = run_study(app, spec, ret, e);
    }
    return err;
}

static enum err check(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct study_spec spec;
    struct answer answer = {0};
    int64_t begin_ns = clock_monotonic_ns(app->clock);
    enum err err = read_spec(r, &spec, e);
    if (!err)
        err = find_answer(app, &spec, &answer, e);
    if (!err) {
        struct study_timing timing = {.elapsed_ns = clock_monotonic_ns(app->clock) - begin_ns,
                                      .bars = answer.result->counts.bars_evaluated,
                                      .workers = worker_pool_size(app->pool)};
        write_answer(&out->body, &spec, answer.task, answer.result, &timing);
        err = http_respond_json(out, 200, e);
    }
    if (err == ERR_CANCELED)
        err = error_set(e, ERR_UNAVAILABLE, "the server is stopping");
    if (err == ERR_RULE && strcmp(r->content_type, "text/plain") == 0)
        e->pointer[0] = '\0';
    answer_release(&answer);
    return err;
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/check",
     .handler = check,
     .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_LONG,
     .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json, text/plain",
     .operation_id = "check"},
};
const struct http_route_table check_routes = HTTP_ROUTE_TABLE(routes);
