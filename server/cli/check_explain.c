#include "server/cli/check_explain.h"

#include "base/rfc3339.h"
#include "base/uuid.h"
#include "server/cli/answer.h"
#include "server/cli/job_remote.h"
#include "server/cli/table.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"
#include "server/jobs/study_explain.h"
#include "server/jobs/study_task.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { TARGET_BYTES = 160, EXPLAIN_TIMEOUT_MS = 120 * 1000, INDENT = 2 };

/* ---- on a folder -------------------------------------------------------------------------------
 */

static bool fired_at(const struct study_result *result, int64_t at_ns)
{
    for (size_t i = 0; i < result->fire_count; i++)
        if (result->fires[i].at_ns == at_ns)
            return true;
    return false;
}

static enum err find_fire(struct storage *storage, struct worker_pool *pool,
                          const struct study_spec *spec, int64_t at_ns, const _Atomic bool *cancel,
                          bool *ret_fired, struct error *e)
{
    struct study_task *task = NULL;
    struct study_result *result = NULL;
    enum err err = study_task_create(storage, pool, spec, &task, e);
    if (!err)
        err = study_task_run(task, NULL, cancel, e);
    if (!err)
        err = study_finish(study_task_study(task), cancel, &result, e);
    if (!err)
        *ret_fired = fired_at(result, at_ns);
    study_result_free(result);
    study_task_free(task);
    return err;
}

static enum err explain_local(struct storage *storage, const struct study_spec *spec, int64_t at_ns,
                              const _Atomic bool *cancel, struct strbuf *out, struct error *e)
{
    struct worker_pool *pool = NULL;
    struct study_explain x = {.storage = storage,
                              .spec = spec,
                              .symbol = spec->symbols.items[0],
                              .at_ns = at_ns,
                              .at_pointer = "--explain"};
    struct json_writer w;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cores = cores < 1 ? 1 : cores > LIMIT_WORKERS ? LIMIT_WORKERS : cores;
    enum err err = worker_pool_create((int32_t)cores, false, &pool, e);
    if (!err)
        err = find_fire(storage, pool, spec, at_ns, cancel, &x.fired, e);
    if (!err) {
        x.pool = pool;
        json_writer_init(&w, out);
        err = study_explain_write(&x, &w, e);
    }
    if (pool)
        worker_pool_free(pool);
    return err;
}

/* ---- on a server -------------------------------------------------------------------------------
 */

static enum err send(struct api_client *client, const char *method, const char *target,
                     const _Atomic bool *cancel, struct strbuf *out, struct error *e)
{
    struct api_response response;
    struct answer_request request = {
        .method = method, .target = target, .timeout_ms = EXPLAIN_TIMEOUT_MS, .cancel = cancel};
    enum err err = answer_ask(client, &request, &response, e);
    if (!err && out)
        strbuf_add(out, response.body.data, response.body.length);
    api_response_release(&response);
    return err;
}

/* The id of a job that succeeded. */
static enum err read_job(const struct strbuf *job, char id[UUID_TEXT], struct error *e)
{
    struct json_value *value = NULL;
    enum err err = json_value_parse(strbuf_text(job), job->length, &value, e);
    if (err)
        return err;
    const char *text = json_value_member_text(value, "id");
    const char *status = json_value_member_text(value, "status");
    const char *detail = json_value_member_text(json_value_member(value, "error"), "detail");
    snprintf(id, UUID_TEXT, "%s", text ? text : "");
    if (!status || strcmp(status, "succeeded") != 0)
        err = error_set(e, ERR_CONFLICT, "the backtest did not succeed%s%s", detail ? ": " : "",
                        detail ? detail : "");
    json_value_free(value);
    return err;
}

static enum err explain_remote(struct api_client *client, const struct study_spec *spec,
                               int64_t at_ns, const _Atomic bool *cancel, struct strbuf *out,
                               struct error *e)
{
    char id[UUID_TEXT] = "", at[RFC3339_MAX], target[TARGET_BYTES];
    struct strbuf body, job;
    struct json_writer w;
    strbuf_init(&body, LIMIT_BODY_BYTES);
    strbuf_init(&job, out->max_bytes);
    json_writer_init(&w, &body);
    json_begin_object(&w);
    study_spec_encode(spec, STUDY_SPEC_BACKTEST, &w);
    json_end_object(&w);
    enum err err = job_remote_run(client, strbuf_text(&body), cancel, &job, e);
    if (!err)
        err = read_job(&job, id, e);
    if (!err) {
        rfc3339_format(at_ns, at);
        snprintf(target, sizeof(target), "/v1/backtests/%s/explain?at=%s", id, at);
        err = send(client, "POST", target, cancel, out, e);
    }
    if (id[0]) { /* a check leaves nothing behind; when that fails, no more is lost than a job */
        snprintf(target, sizeof(target), "/v1/backtests/%s", id);
        send(client, "DELETE", target, NULL, NULL, NULL);
    }
    strbuf_release(&body);
    strbuf_release(&job);
    return err;
}

enum err check_explain(struct target *target, const struct study_spec *spec, int64_t at_ns,
                       const _Atomic bool *cancel, struct strbuf *out, struct error *e)
{
    if (target->client)
        return explain_remote(target->client, spec, at_ns, cancel, out, e);
    return explain_local(&target->storage, spec, at_ns, cancel, out, e);
}

/* ---- for people --------------------------------------------------------------------------------
 */

static const char *verdict_text(const struct json_value *x)
{
    static const struct {
        const char *name, *text;
    } reasons[] = {{"range", "but did not fire: it is outside of --from and --to"},
                   {"window", "but did not fire: it is outside of the window"},
                   {"trigger", "but did not fire: it held before already"},
                   {"cooldown", "but did not fire: it is within the cooldown"}};
    const char *reason = json_value_member_text(x, "held_back");
    if (json_value_is_true(json_value_member(x, "fired")))
        return "and fired";
    for (size_t i = 0; reason && i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strcmp(reasons[i].name, reason) == 0)
            return reasons[i].text;
    return "but did not fire";
}

static void print_verdict(FILE *out, const struct json_value *x)
{
    const struct json_value *miss = json_value_member(x, "nearest_miss");
    const char *text = json_value_member_text(miss, "text");
    if (json_value_is_true(json_value_member(x, "value")))
        fprintf(out, "It held, %s.\n", verdict_text(x));
    else
        fprintf(out, "It did not hold. Nearest: %s.\n", text ? text : "nothing");
}

static void print_bar(FILE *out, const struct json_value *x)
{
    const struct zone *zone;
    char local[TEXT_FORMAT_MAX];
    int64_t at_ns;
    const char *at = json_value_member_text(x, "at");
    const char *timezone = json_value_member_text(x, "timezone");
    fprintf(out, "%s %s, ", json_value_member_text(x, "symbol"),
            json_value_member_text(x, "timeframe"));
    if (at && timezone && !zone_find(timezone, &zone, NULL) &&
        !rfc3339_parse(at, strlen(at), &at_ns, NULL))
        fprintf(out, "%s %s\n", format_local(at_ns, zone, local), timezone);
    else
        fprintf(out, "%s\n", at ? at : "");
    const struct json_value *bar = json_value_member(x, "bar");
    const char *gap = "";
    for (const struct json_value *v = json_value_first(bar); v; v = json_value_next(v)) {
        const char *text = json_value_text(v);
        fprintf(out, "%s%s %s", gap, json_value_name(v), text ? text : "-");
        gap = "  ";
    }
    fputc('\n', out);
}

/* "rsi(14) = 30.4"; a constant says nothing new. */
static void add_side(struct strbuf *cell, const struct json_value *side)
{
    const char *text = json_value_member_text(side, "text");
    double value = json_value_member_number(side, "value");
    double before = json_value_member_number(side, "before");
    bool constant = text && strspn(text, "-+*/()0123456789.:e ") == strlen(text);
    if (!text || constant)
        return;
    strbuf_add_format(cell, cell->length ? ", %s " : "%s ", text);
    if (isnan(value))
        strbuf_add_string(cell, "has no value");
    else
        strbuf_add_format(cell, "= %.8g", value);
    if (!isnan(before))
        strbuf_add_format(cell, " (%.8g before)", before);
}

static void add_clauses(struct table *t, const struct json_value *clauses, int level)
{
    for (const struct json_value *c = json_value_first(clauses); c; c = json_value_next(c)) {
        bool truth = json_value_is_true(json_value_member(c, "truth"));
        const struct json_value *group = json_value_member(c, "clauses");
        const char *text = json_value_member_text(c, group ? "kind" : "text");
        double distance = json_value_member_number(c, "distance");
        struct strbuf cell;
        strbuf_init(&cell, 64 * 1024);
        add_side(&cell, json_value_member(c, "left"));
        add_side(&cell, json_value_member(c, "right"));
        table_cell(t, truth ? TABLE_GREEN : TABLE_RED, "%s", truth ? "yes" : "no");
        table_cell(t, TABLE_PLAIN, "%*s%s", INDENT * level, "", text ? text : "");
        table_cell(t, TABLE_PLAIN, "%s", strbuf_text(&cell));
        if (!isnan(distance))
            table_cell(t, TABLE_PLAIN, "%.6g apart", distance);
        table_end_row(t);
        strbuf_release(&cell);
        add_clauses(t, group, level + 1);
    }
}

void check_explain_print(FILE *out, const struct json_value *x)
{
    bool colour = terminal_has_colour(out);
    const char *rule = json_value_member_text(x, "rule");
    struct table t;
    fprintf(out, "%s%s%s\n", colour ? "\033[1m" : "", rule ? rule : "", colour ? "\033[0m" : "");
    print_bar(out, x);
    print_verdict(out, x);
    fputc('\n', out);
    table_init(&t, "llll");
    add_clauses(&t, json_value_member(x, "clauses"), 0);
    if (!table_print(&t, out, INDENT, colour))
        fputs("  (too large to print)\n", out);
    table_release(&t);
}
