/* A job as JSON: the `Job` and `JobSummary` of openapi.yaml. What is stored as JSON already
 * (request, outcome, error) is copied, not parsed. */
#include "server/jobs/job_service.h"

#include <assert.h>
#include <string.h>

void job_write_progress(struct json_writer *w, const struct job_progress *p, double eta_s)
{
    json_key(w, "progress");
    json_begin_object(w);
    json_member_int(w, "shards_done", p->shards_done);
    json_member_int(w, "shards_total", p->shards_total);
    json_member_int(w, "shards_cached", p->shards_cached);
    json_member_int(w, "bars_done", p->bars_done);
    json_member_int(w, "bars_total", p->bars_total);
    json_member_number(w, "eta_s", eta_s);
    json_end_object(w);
}

/* The members of a stored object `{"a":...,"b":...}` as members of the object the writer is in. */
static void write_members(struct json_writer *w, const char *object)
{
    static const char result_key[] = "{\"result\":", timing_key[] = ",\"timing\":";
    size_t length = strlen(object);
    const char *timing = NULL;
    /* The outcome ends with its timing, which holds numbers only: its key is found from the back.
     */
    for (const char *p = object + length; p > object && !timing; p--)
        if (strncmp(p, timing_key, sizeof(timing_key) - 1) == 0)
            timing = p;
    assert(timing && strncmp(object, result_key, sizeof(result_key) - 1) == 0);
    const char *result = object + sizeof(result_key) - 1;
    json_key(w, "result");
    json_raw(w, result, (size_t)(timing - result));
    json_key(w, "timing");
    timing += sizeof(timing_key) - 1;
    json_raw(w, timing, (size_t)(object + length - 1 - timing));
}

void job_write(struct json_writer *w, const struct job_row *row, bool summary, double eta_s)
{
    char id[UUID_TEXT];
    uuid_format(&row->id, id);
    json_begin_object(w);
    json_member_string(w, "id", id);
    json_member_string(w, "kind", row->kind);
    if (row->name)
        json_member_string(w, "name", row->name);
    if (row->notes)
        json_member_string(w, "notes", row->notes);
    json_member_string(w, "status", job_status_name(row->status));
    json_key(w, "request");
    json_raw(w, row->request, strlen(row->request));
    job_write_progress(w, &row->progress, eta_s);
    json_key(w, "cost_estimate");
    if (row->cost)
        json_int(w, row->cost);
    else
        json_null(w);
    json_member_time_or_null(w, "created_at", row->created_at_ns);
    json_member_time_or_null(w, "started_at", row->started_at_ns);
    json_member_time_or_null(w, "finished_at", row->finished_at_ns);
    json_member_int(w, "rev", row->rev);
    if (row->error) {
        json_key(w, "error");
        json_raw(w, row->error, strlen(row->error));
    }
    if (row->result && !summary)
        write_members(w, row->result);
    json_end_object(w);
}
