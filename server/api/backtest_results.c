/* Fires are stored by shard, as records of fixed size (fire_record.h): a page begins in the middle
 * of a shard's row and is read from there. A cursor is "shard ordinal : index within it". The
 * request, kept with the job, says which horizons the records have. */
#include "server/api/backtest_results.h"

#include "base/civil.h"
#include "db/fire_repo.h"
#include "db/job_repo.h"
#include "db/shard_repo.h"
#include "server/api/cursor.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/jobs/fire_record.h"
#include "server/jobs/study_task.h"
#include "server/series_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESULT_ARENA_BYTES = 8 << 20 };

/* A job whose results are asked for, with a reader on the database. */
struct result_reader {
    struct app *app;
    struct arena arena;
    struct db_read reader;
    struct uuid id;
    struct job_row job;
    struct study_spec spec;
    struct study_request request; /* for its horizons */
};

static void close_reader(struct result_reader *x)
{
    readers_return(x->app->storage.readers, &x->reader);
    arena_release(&x->arena);
}

static enum err open_reader(struct http_request *r, struct result_reader *x, bool finished,
                            struct error *e)
{
    memset(x, 0, sizeof(*x));
    x->app = r->app;
    arena_init(&x->arena, RESULT_ARENA_BYTES + (size_t)LIMIT_PAGE_ITEMS * 1024);
    enum err err = backtest_id(r, &x->id, e);
    if (!err)
        err = readers_lease(x->app->storage.readers, &x->reader, e);
    if (!err)
        err = job_repo_find_summary(&x->reader, &x->id, &x->arena, &x->job, e);
    if (!err && finished && !job_status_is_final(x->job.status))
        err =
            error_set(e, ERR_CONFLICT, "the backtest is still %s", job_status_name(x->job.status));
    if (!err && finished && x->job.status != JOB_SUCCEEDED)
        err = error_set(e, ERR_CONFLICT, "the backtest %s, it has no result",
                        x->job.status == JOB_FAILED ? "failed" : "was canceled");
    if (!err)
        err = study_spec_decode(x->job.request, strlen(x->job.request), STUDY_SPEC_BACKTEST,
                                &x->arena, &x->spec, e);
    if (!err) {
        study_request_defaults(&x->request);
        if (x->spec.horizon_count) {
            x->request.horizon_count = x->spec.horizon_count;
            memcpy(x->request.horizons, x->spec.horizons, sizeof(x->spec.horizons));
        }
    } else {
        close_reader(x);
    }
    return err;
}

/* "A:B" of a cursor. */
static enum err cursor_pair(const struct http_request *r, const char *kind, int64_t *ret_first,
                            int64_t *ret_second, struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, kind, place, e);
    if (err || !place[0])
        return err;
    *ret_first = strtoll(place, &end, 10);
    if (end == place || *end != ':')
        return cursor_refuse(e);
    char *second = end + 1;
    *ret_second = strtoll(second, &end, 10);
    if (end == second || *end != '\0' || *ret_first < 0 || *ret_second < 0)
        return cursor_refuse(e);
    return ERR_OK;
}

/* ---- fires --------------------------------------------------------------------------------------
 */

struct fires_page {
    struct result_reader *x;
    struct rows rows;
    int64_t limit, written;
    int64_t ordinal, index; /* where the page begins, then where the next one does */
    bool more;
};

static void write_fire(struct fires_page *p, const char *record)
{
    struct study_fire fire;
    double forward[LIMIT_HORIZONS];
    size_t horizon_count = p->x->request.horizon_count;
    struct rows *w = &p->rows;
    fire_record_read(record, horizon_count, &fire, forward);
    rows_row(w);
    rows_time(w, fire.at_ns);
    rows_string(w, p->x->spec.symbols.items[fire.symbol]);
    rows_price(w, fire.close);
    rows_group(w, "bar");
    rows_price(w, fire.open);
    rows_price(w, fire.high);
    rows_price(w, fire.low);
    rows_price(w, fire.close);
    rows_price(w, fire.volume);
    rows_group_end(w);
    rows_group(w, "forward");
    for (size_t i = 0; i < horizon_count; i++)
        rows_number(w, forward[i]);
    rows_group_end(w);
    rows_number(w, fire.mfe);
    rows_number(w, fire.mae);
    rows_row_end(w);
}

static enum err visit_fires(void *context, const struct fire_chunk *chunk, bool *stop,
                            struct error *e)
{
    (void)e;
    struct fires_page *p = context;
    size_t record_bytes = fire_record_bytes(p->x->request.horizon_count);
    int64_t i = chunk->ordinal == p->ordinal ? p->index : 0;
    for (; i < chunk->count; i++) {
        if (p->written == p->limit) {
            p->more = *stop = true;
            p->ordinal = chunk->ordinal;
            p->index = i;
            return ERR_OK;
        }
        write_fire(p, (const char *)chunk->data + (size_t)i * record_bytes);
        p->written++;
    }
    return ERR_OK;
}

enum { FIRE_COLUMNS = 10 };

static size_t fire_columns(const struct study_request *request,
                           const char *columns[FIRE_COLUMNS + LIMIT_HORIZONS])
{
    static const char *const before[] = {"at",   "symbol", "price", "open",
                                         "high", "low",    "close", "volume"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        columns[count++] = before[i];
    for (size_t i = 0; i < request->horizon_count; i++)
        columns[count++] = request->horizons[i].name;
    columns[count++] = "mfe";
    columns[count++] = "mae";
    return count;
}

enum err backtest_fires(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", "format", NULL};
    struct result_reader x;
    struct fires_page page = {.x = &x, .limit = LIMIT_PAGE_ITEMS_DEFAULT};
    enum rows_format format;
    const char *columns[FIRE_COLUMNS + LIMIT_HORIZONS];
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &page.limit, e)) ||
        (err = cursor_pair(r, "fire", &page.ordinal, &page.index, e)) ||
        (err = rows_negotiate(r, &format, e)) || (err = open_reader(r, &x, true, e)))
        return err;
    rows_begin(&page.rows, out, format, columns, fire_columns(&x.request, columns));
    err = fire_repo_each(&x.reader, &x.id, page.ordinal, visit_fires, &page, e);
    char cursor[CURSOR_TEXT];
    if (page.more)
        cursor_write(cursor, "fire", "%lld:%lld", (long long)page.ordinal, (long long)page.index);
    if (!err)
        err = rows_respond(&page.rows, r, out, page.more ? cursor : NULL, e);
    close_reader(&x);
    return err;
}

/* ---- fire map -----------------------------------------------------------------------------------
 */

struct fire_map {
    struct result_reader *x;
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
    size_t record_bytes = fire_record_bytes(m->x->request.horizon_count);
    for (int64_t i = 0; i < chunk->count; i++) {
        struct study_fire fire;
        double forward[LIMIT_HORIZONS];
        fire_record_read((const char *)chunk->data + (size_t)i * record_bytes,
                         m->x->request.horizon_count, &fire, forward);
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
static enum err zone_of(struct result_reader *x, const char **ret, struct error *e)
{
    struct series_row series;
    if (x->spec.has_window && x->spec.window.timezone) {
        *ret = x->spec.window.timezone;
        return ERR_OK;
    }
    enum err err = series_lookup(&x->app->storage, x->spec.symbols.items[0], x->spec.timeframe, "",
                                 &series, e);
    if (!err)
        *ret = zone_name(calendar_zone(series.calendar));
    return err;
}

enum err backtest_fire_map(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct result_reader x;
    struct fire_map map = {.x = &x};
    enum rows_format format;
    const char *timezone;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = open_reader(r, &x, true, e)))
        return err;
    if (!(err = zone_of(&x, &timezone, e)) &&
        !(err = fire_repo_each(&x.reader, &x.id, 0, visit_map, &map, e))) {
        merge_cells(&map);
        if (format == ROWS_JSON) {
            write_map_json(&out->body, &map, timezone);
            err = http_respond_json(out, 200, e);
        } else {
            err = write_map_rows(r, out, &map, format, e);
        }
    }
    free(map.cells);
    close_reader(&x);
    return err;
}

/* ---- shards -------------------------------------------------------------------------------------
 */

static void write_shard(struct rows *w, const struct shard_row *s)
{
    rows_row(w);
    rows_int(w, s->ordinal);
    rows_string(w, s->symbol);
    rows_date(w, s->from_day);
    rows_date(w, s->to_day);
    rows_string(w, s->status == SHARD_SUCCEEDED ? "done" : "failed");
    rows_int(w, s->attempts);
    rows_int(w, s->bars);
    rows_int(w, s->fires);
    rows_number(w, (double)s->elapsed_us / 1e3);
    rows_row_end(w);
}

enum err backtest_shards(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", "format", NULL};
    static const char *const columns[] = {"ordinal",  "symbol", "from",  "to",        "status",
                                          "attempts", "bars",   "fires", "elapsed_ms"};
    struct result_reader x;
    struct shard_rows shards = {0};
    struct rows w;
    enum rows_format format;
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT, after = -1, unused = 0;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = cursor_pair(r, "shard", &after, &unused, e)) ||
        (err = rows_negotiate(r, &format, e)) || (err = open_reader(r, &x, false, e)))
        return err;
    err = shard_repo_list(&x.reader, &x.id, after, limit, &x.arena, &shards, e);
    if (!err) {
        rows_begin(&w, out, format, columns, sizeof(columns) / sizeof(columns[0]));
        for (size_t i = 0; i < shards.count; i++)
            write_shard(&w, &shards.items[i]);
        char cursor[CURSOR_TEXT];
        if (shards.more)
            cursor_write(cursor, "shard", "%lld:0",
                         (long long)shards.items[shards.count - 1].ordinal);
        err = rows_respond(&w, r, out, shards.more ? cursor : NULL, e);
    }
    close_reader(&x);
    return err;
}
