/* PATCH /v1/backtests/{id}: what a user calls a job, and writes beside it. */
#include "base/json_fields.h"
#include "base/json_value.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/jobs/job_service.h"
#include "server/results/job_results.h"

/* clang-format off */
static const struct json_field fields[] = {
    JSON_FIELD(struct job_label, name, "name", JSON_TEXT, .min = 0, .max = LIMIT_JOB_NAME_BYTES),
    JSON_FIELD(struct job_label, notes, "notes", JSON_TEXT, .min = 0, .max = LIMIT_JOB_NOTES_BYTES),
};
/* clang-format on */

/* To the table null is the same as absent; here it removes. So the tree says what was there. */
static enum err decode(const struct http_request *r, struct job_label *ret, struct error *e)
{
    struct json_value *body = NULL;
    enum err err = json_decode(r->body, r->body_bytes, fields, sizeof(fields) / sizeof(fields[0]),
                               ret, r->arena, e);
    if (!err)
        err = json_value_parse(r->body, r->body_bytes, &body, e);
    if (err)
        return err;
    ret->sets_name = json_value_member(body, "name") != NULL;
    ret->sets_notes = json_value_member(body, "notes") != NULL;
    json_value_free(body);
    if (!ret->sets_name && !ret->sets_notes)
        return error_field(e, ERR_INVALID, "", "give a name, notes or both; null removes");
    return ERR_OK;
}

static enum err label(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct job_label wanted = {0};
    struct job_view view = {0};
    struct uuid id;
    enum err err;
    if ((err = api_no_parameters(r, e)) || (err = job_results_id(r, &id, e)) ||
        (err = decode(r, &wanted, e)) ||
        (err = job_service_label(app->jobs, &id, &wanted, &view, e)))
        return err;
    if (!view.body)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a job");
    http_respond_shared(out, 200, view.body);
    job_view_release(&view);
    return ERR_OK;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_PATCH, .pattern = "/v1/backtests/{id}", .handler = label, .scope = KEY_SCOPE_BACKTEST,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = "application/json", .operation_id = "labelBacktest"},
};
/* clang-format on */
const struct http_route_table backtest_label_routes = HTTP_ROUTE_TABLE(routes);
