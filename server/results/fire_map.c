/* Fires by date and minute of day. A map has at most as many cells as the range has minutes; they
 * are gathered in memory, where fires of several symbols add up. */
#include "base/civil.h"
#include "db/fire_repo.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/jobs/fire_record.h"
#include "server/results/job_results.h"
#include "server/results/results.h"
#include "server/series_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fire_map {
    struct job_results *job;
    struct {
        int32_t day, minute;
        int64_t fires;
    } * cells; /* owned; in order of symbol and time, then sorted */
    size_t count, capacity;
};

static enum err visit_map(void *context, const struct fire_chunk *chunk, bool *stop,
                          struct error *e)
{
    (void)stop;
    struct fire_map *m = context;
    size_t record_bytes = fire_record_bytes(m->job->horizon_count);
    for (int64_t i = 0; i < chunk->count; i++) {
        struct study_fire fire;
        double forward[LIMIT_HORIZONS];
        fire_record_read((const char *)chunk->data + (size_t)i * record_bytes,
                         m->job->horizon_count, &fire, forward);
        if (m->count == m->capacity) {
            m->capacity = m->capacity ? 2 * m->capacity : 1024;
            void *grown = realloc(m->cells, m->capacity * sizeof(*m->cells));
            if (!grown)
                return error_set(e, ERR_NO_MEMORY, "out of memory for the fire map");
            m->cells = grown;
        }
        m->cells[m->count].day = fire.day;
        m->cells[m->count].minute = fire.minute;
        m->cells[m->count++].fires = 1;
    }
    return ERR_OK;
}

static int compare_cells(const void *a, const void *b)
{
    const int32_t *x = a, *y = b; /* day, then minute */
    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

/* Sorts, and adds up the cells of one day and minute. */
static void merge_cells(struct fire_map *m)
{
    if (m->count == 0)
        return;
    qsort(m->cells, m->count, sizeof(*m->cells), compare_cells);
    size_t last = 0;
    for (size_t i = 1; i < m->count; i++) {
        if (compare_cells(&m->cells[last], &m->cells[i]) == 0)
            m->cells[last].fires += m->cells[i].fires;
        else
            m->cells[++last] = m->cells[i];
    }
    m->count = last + 1;
}

static void minute_text(int32_t minute, char out[8])
{
    snprintf(out, 8, "%02d:%02d", minute / 60 % 24, minute % 60);
}

static void write_map_json(struct strbuf *out, const struct fire_map *m, const char *timezone)
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
        used[m->cells[i].minute] = true;
        if (i == 0 || m->cells[i].day != m->cells[i - 1].day)
            json_date(&w, m->cells[i].day);
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
        date_index += i == 0 || m->cells[i].day != m->cells[i - 1].day;
        json_begin_array(&w);
        json_int(&w, date_index);
        json_int(&w, time_index[m->cells[i].minute]);
        json_int(&w, m->cells[i].fires);
        json_end_array(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
}

static enum err write_map_rows(struct http_request *r, struct http_response *out,
                               const struct fire_map *m, enum rows_format format, struct error *e)
{
    static const char *const columns[] = {"date", "time", "fires"};
    struct rows w;
    rows_begin(&w, out, format, columns, 3);
    for (size_t i = 0; i < m->count; i++) {
        char text[8];
        minute_text(m->cells[i].minute, text);
        rows_row(&w);
        rows_date(&w, m->cells[i].day);
        rows_string(&w, text);
        rows_int(&w, m->cells[i].fires);
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

static enum err read_map(struct fire_map *m, struct error *e)
{
    struct readers *readers = m->job->app->storage.readers;
    struct db_read reader = {0};
    enum err err = readers_lease(readers, &reader, e);
    if (!err)
        err = fire_repo_each(&reader, &m->job->id, 0, visit_map, m, e);
    readers_return(readers, &reader);
    if (!err)
        merge_cells(m);
    return err;
}

static enum err respond_map(struct http_request *r, struct http_response *out,
                            const struct fire_map *m, enum rows_format format, struct error *e)
{
    const char *timezone;
    if (format != ROWS_JSON)
        return write_map_rows(r, out, m, format, e);
    enum err err = zone_of(m->job, &timezone, e);
    if (err)
        return err;
    write_map_json(&out->body, m, timezone);
    return http_respond_json(out, 200, e);
}

enum err results_fire_map(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct fire_map map = {0};
    enum rows_format format;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = job_results_finished(r, &map.job, e)))
        return err;
    if (!(err = read_map(&map, e)))
        err = respond_map(r, out, &map, format, e);
    free(map.cells);
    return err;
}
