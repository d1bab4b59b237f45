/* Fires by date and minute of day. */
#include "base/civil.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/results/fire_cells.h"
#include "server/results/results.h"
#include "server/series_lookup.h"

#include <stdio.h>
#include <string.h>

static void minute_text(int32_t minute, char out[8])
{
    snprintf(out, 8, "%02d:%02d", minute / 60 % 24, minute % 60);
}

static void write_map_json(struct strbuf *out, const struct fire_cells *m, const char *timezone)
{
    struct json_writer w;
    int32_t time_index[24 * 60];
    bool used[24 * 60] = {false};
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_member_string(&w, "timezone", timezone);
    json_key(&w, "dates");
    json_begin_array(&w);
    for (size_t i = 0; i < m->count; i++) {
        used[m->items[i].minute] = true;
        if (i == 0 || m->items[i].day != m->items[i - 1].day)
            json_date(&w, m->items[i].day);
    }
    json_end_array(&w);
    json_key(&w, "times");
    json_begin_array(&w);
    for (int32_t minute = 0, next = 0; minute < 24 * 60; minute++) {
        char text[8];
        if (!used[minute])
            continue;
        time_index[minute] = next++;
        minute_text(minute, text);
        json_string(&w, text);
    }
    json_end_array(&w);
    json_key(&w, "cells");
    json_begin_array(&w);
    int64_t date_index = -1;
    for (size_t i = 0; i < m->count; i++) {
        date_index += i == 0 || m->items[i].day != m->items[i - 1].day;
        json_begin_array(&w);
        json_int(&w, date_index);
        json_int(&w, time_index[m->items[i].minute]);
        json_int(&w, m->items[i].fires);
        json_end_array(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
}

static enum err write_map_rows(struct http_request *r, struct http_response *out,
                               const struct fire_cells *m, enum rows_format format, struct error *e)
{
    static const char *const columns[] = {"date", "time", "fires"};
    struct rows w;
    rows_begin(&w, out, format, columns, 3);
    for (size_t i = 0; i < m->count; i++) {
        char text[8];
        minute_text(m->items[i].minute, text);
        rows_row(&w);
        rows_date(&w, m->items[i].day);
        rows_string(&w, text);
        rows_int(&w, m->items[i].fires);
        rows_row_end(&w);
    }
    return rows_respond(&w, r, out, NULL, e);
}

/* The zone of the study: the window's, or the first symbol's calendar's (they share one). */
static enum err zone_of(struct job_results *job, const char **ret, struct error *e)
{
    struct series_row series;
    if (job->spec.has_window && job->spec.window.timezone) {
        *ret = job->spec.window.timezone;
        return ERR_OK;
    }
    enum err err = series_lookup(&job->app->storage, job->spec.symbols.items[0],
                                 job->spec.timeframe, "", &series, e);
    if (!err)
        *ret = zone_name(calendar_zone(series.calendar));
    return err;
}

static enum err respond_map(struct http_request *r, struct http_response *out,
                            struct job_results *job, const struct fire_cells *m,
                            enum rows_format format, struct error *e)
{
    const char *timezone;
    if (format != ROWS_JSON)
        return write_map_rows(r, out, m, format, e);
    enum err err = zone_of(job, &timezone, e);
    if (err)
        return err;
    write_map_json(&out->body, m, timezone);
    return http_respond_json(out, 200, e);
}

enum err results_fire_map(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct job_results *job;
    struct fire_cells cells = {0};
    enum rows_format format;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = job_results_finished(r, &job, e)))
        return err;
    if (!(err = fire_cells_read(&cells, job, e)))
        err = respond_map(r, out, job, &cells, format, e);
    fire_cells_release(&cells);
    return err;
}
