/* The request that makes the job is not interrupted: without its answer there would be no id to
 * cancel by. The answer comes at once, the waiting is done by the looks after it. */
#include "server/cli/job_remote.h"

#include "base/clock.h"
#include "base/json_value.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "server/cli/answer.h"
#include "server/cli/progress.h"

#include <stdio.h>
#include <string.h>

enum {
    ACCEPT_TIMEOUT_MS = 60 * 1000,
    LOOK_TIMEOUT_MS = (LIMIT_WAIT_SECONDS + 30) * 1000,
    WAIT_SECONDS_DRAWN = 1, /* between two looks, when somebody watches */
    WAIT_SECONDS = 20,
    TARGET_BYTES = 128,
};

struct job {
    struct api_client *client;
    const _Atomic bool *cancel;
    struct progress progress;
    char id[UUID_TEXT];
    bool ended;
    struct strbuf *out; /* the job as it was last seen */
};

static void draw(struct job *job, const struct json_value *value)
{
    const struct json_value *p = json_value_member(value, "progress");
    struct progress_counts counts = {.shards_done = json_value_member_int(p, "shards_done"),
                                     .shards_total = json_value_member_int(p, "shards_total"),
                                     .bars_done = json_value_member_int(p, "bars_done"),
                                     .bars_total = json_value_member_int(p, "bars_total"),
                                     .eta_s = json_value_member_number(p, "eta_s")};
    progress_draw(&job->progress, &counts);
}

/* Keeps what a look found. */
static enum err take(struct job *job, const struct strbuf *body, struct error *e)
{
    static const char *const final[] = {"succeeded", "failed", "canceled"};
    struct json_value *value = NULL;
    struct uuid id;
    enum err err = json_value_parse(strbuf_text(body), body->length, &value, e);
    if (err)
        return err;
    const char *text = json_value_member_text(value, "id");
    const char *status = json_value_member_text(value, "status");
    if (!text || !status || !uuid_parse(text, strlen(text), &id)) {
        json_value_free(value);
        return error_set(e, ERR_UNAVAILABLE, "the server's answer is no job");
    }
    uuid_format(&id, job->id);
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
        job->ended |= strcmp(status, final[i]) == 0;
    if (!job->ended)
        draw(job, value);
    json_value_free(value);
    strbuf_clear(job->out);
    strbuf_add(job->out, body->data, body->length);
    return ERR_OK;
}

static enum err submit(struct job *job, const char *body, struct error *e)
{
    struct api_response response;
    struct answer_request request = {
        .method = "POST", .target = "/v1/backtests", .body = body, .timeout_ms = ACCEPT_TIMEOUT_MS};
    enum err err = answer_ask(job->client, &request, &response, e);
    if (!err)
        err = take(job, &response.body, e);
    api_response_release(&response);
    return err;
}

static enum err look(struct job *job, struct error *e)
{
    char target[TARGET_BYTES];
    struct api_response response;
    struct answer_request request = {
        .method = "GET", .target = target, .timeout_ms = LOOK_TIMEOUT_MS, .cancel = job->cancel};
    snprintf(target, sizeof(target), "/v1/backtests/%s?wait=%d", job->id,
             job->progress.on ? WAIT_SECONDS_DRAWN : WAIT_SECONDS);
    enum err err = answer_ask(job->client, &request, &response, e);
    if (!err)
        err = take(job, &response.body, e);
    api_response_release(&response);
    return err;
}

static enum err cancel(struct job *job, struct error *e)
{
    char target[TARGET_BYTES];
    struct api_response response;
    struct answer_request request = {
        .method = "DELETE", .target = target, .timeout_ms = ACCEPT_TIMEOUT_MS};
    snprintf(target, sizeof(target), "/v1/backtests/%s", job->id);
    enum err err = answer_ask(job->client, &request, &response, e);
    api_response_release(&response);
    return err ? err : error_set(e, ERR_CANCELED, "backtest %s was canceled", job->id);
}

enum err job_remote_run(struct api_client *client, const char *body,
                        const _Atomic bool *cancel_flag, struct strbuf *out, struct error *e)
{
    struct job job = {.client = client, .cancel = cancel_flag, .out = out};
    progress_begin(&job.progress);
    enum err err = submit(&job, body, e);
    while (!err && !job.ended)
        err = *cancel_flag ? ERR_CANCELED : look(&job, e);
    progress_end(&job.progress);
    return err == ERR_CANCELED ? cancel(&job, e) : err;
}

enum err job_remote_report(struct api_client *client, const struct strbuf *job, struct strbuf *out,
                           struct error *e)
{
    struct json_value *value = NULL;
    struct api_response response;
    char target[TARGET_BYTES];
    enum err err = json_value_parse(strbuf_text(job), job->length, &value, e);
    if (err)
        return err;
    const char *id = json_value_member_text(value, "id");
    const char *status = json_value_member_text(value, "status");
    bool succeeded = id && status && strcmp(status, "succeeded") == 0;
    snprintf(target, sizeof(target), "/v1/backtests/%s/report", id ? id : "");
    json_value_free(value);
    if (!succeeded)
        return ERR_OK;
    struct answer_request request = {
        .method = "GET", .target = target, .timeout_ms = ACCEPT_TIMEOUT_MS};
    err = answer_ask(client, &request, &response, e);
    if (!err)
        strbuf_add(out, response.body.data, response.body.length);
    if (!err && strbuf_failed(out))
        err = error_set(e, ERR_TOO_LARGE, "the report is larger than %zu bytes", out->max_bytes);
    api_response_release(&response);
    return err;
}
