#include "base/civil.h"
#include "server/api/api.h"
#include "server/api/bars_import.h"
#include "server/api/cursor.h"
#include "server/api/import_options.h"
#include "server/api/range.h"
#include "server/api/rows.h"
#include "server/app.h"
#include "server/series_lookup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BARS_DEFAULT_LIMIT = 1000 };

/* ---- GET: reading pages ---- */

struct bars_query {
    const char *symbol;
    struct timeframe timeframe;
    struct series_row series; /* the stored one that the bars come from */
    struct time_range range;  /* of this page: from the cursor on */
    int64_t limit;
    enum rows_format format;
};

static enum err query_timeframe(const struct http_request *r, struct timeframe *ret,
                                struct error *e)
{
    const char *text = http_query(r, "timeframe");
    struct error inner;
    *ret = (struct timeframe){.minutes = 1};
    if (text && timeframe_parse(text, strlen(text), ret, &inner))
        return error_field(e, ERR_INVALID, "?timeframe", "%s", inner.message);
    return ERR_OK;
}

/* The cursor holds the time from which the next page begins. */
static enum err apply_cursor(const struct http_request *r, struct time_range *range,
                             struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, "bars", place, e);
    if (err || !*place)
        return err;
    int64_t from_ns = strtoll(place, &end, 10);
    if (*end != '\0')
        return cursor_refuse(e);
    if (from_ns > range->from_ns)
        range->from_ns = from_ns;
    return ERR_OK;
}

static enum err read_query(const struct http_request *r, struct bars_query *ret, struct error *e)
{
    static const char *const names[] = {"timeframe", "from",   "to", "limit",
                                        "cursor",    "format", NULL};
    struct app *app = r->app;
    struct time_range_ends ends;
    struct bars_query q = {.symbol = http_param(r, "symbol"), .limit = BARS_DEFAULT_LIMIT};
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = query_timeframe(r, &q.timeframe, e)) ||
        (err = time_range_query(r, &ends, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_BARS_PAGE, &q.limit, e)) ||
        (err = rows_negotiate(r, &q.format, e)) ||
        (err = series_lookup(&app->storage, q.symbol, q.timeframe, "", &q.series, e)) ||
        (err = time_range_settle(&ends, calendar_zone(q.series.calendar), "?to", &q.range, e)) ||
        (err = apply_cursor(r, &q.range, e)))
        return err;
    *ret = q;
    return ERR_OK;
}

/* Some bars in a row, wherever they are. */
struct bars_view {
    int64_t count;
    const int64_t *time_ns;
    const double *column[BAR_COLUMN_COUNT];
    bool more;
};

static enum err respond_bars(struct http_request *r, struct http_response *out,
                             const struct bars_query *q, const struct bars_view *v, struct error *e)
{
    static const char *const columns[] = {"at", "open", "high", "low", "close", "volume"};
    struct rows w;
    char cursor[CURSOR_TEXT];
    rows_begin(&w, out, q->format, columns, sizeof columns / sizeof columns[0]);
    for (int64_t i = 0; i < v->count; i++) {
        rows_row(&w);
        rows_time(&w, v->time_ns[i]);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            rows_price(&w, v->column[c][i]);
        rows_row_end(&w);
    }
    if (v->more)
        cursor_write(cursor, "bars", "%" PRId64, v->time_ns[v->count - 1] + 1);
    return rows_respond(&w, r, out, v->more ? cursor : NULL, e);
}

/* Stored bars: just the page's days are read. */
static enum err list_stored(struct http_request *r, struct http_response *out,
                            const struct bars_query *q, struct error *e)
{
    struct app *app = r->app;
    struct db_read reader = {0};
    struct bar_page page = {0};
    enum err err = readers_lease(app->storage.bar_readers, &reader, e);
    if (err)
        return err;
    err = bar_page_init(&reader, &q->series, q->range.from_ns, q->range.to_ns, q->limit, &page, e);
    readers_return(app->storage.bar_readers, &reader);
    if (err)
        return err;
    struct bars_view view = {.count = page.count, .time_ns = page.time_ns, .more = page.more};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        view.column[c] = page.column[c];
    err = respond_bars(r, out, q, &view, e);
    bar_page_release(&page);
    return err;
}

static enum err list_resampled(struct http_request *r, struct http_response *out,
                               const struct bars_query *q, struct error *e)
{
    struct app *app = r->app;
    const struct bars *bars;
    enum err err = bar_cache_get(app->storage.bar_cache, app->pool, q->symbol, q->timeframe,
                                 BAR_ALL_COLUMNS, &bars, NULL, e);
    if (err)
        return err;
    int64_t first = bars_lower_bound(bars, q->range.from_ns);
    int64_t end = bars_lower_bound(bars, q->range.to_ns);
    int64_t in_range = end > first ? end - first : 0;
    struct bars_view view = {.count = in_range < q->limit ? in_range : q->limit,
                             .time_ns = bars->time_ns + first,
                             .more = in_range > q->limit};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        view.column[c] = bars->column[c] + first;
    err = respond_bars(r, out, q, &view, e);
    bars_unref(bars);
    return err;
}

static enum err list_bars(struct http_request *r, struct http_response *out, struct error *e)
{
    struct bars_query q;
    enum err err = read_query(r, &q, e);
    if (err)
        return err;
    bool stored = q.series.timeframe.minutes == q.timeframe.minutes;
    return stored ? list_stored(r, out, &q, e) : list_resampled(r, out, &q, e);
}

/* ---- DELETE ---- */

/* The date in a parameter ("?name"), or `open` when it is not there. */
static enum err query_day(const struct http_request *r, const char *pointer, int32_t open,
                          int32_t *ret, struct error *e)
{
    struct http_when when = {.is_date = true, .days = open};
    enum err err = http_query_when(r, pointer + 1, &when, e);
    if (err)
        return err;
    if (!when.is_date)
        return error_field(e, ERR_INVALID, pointer,
                           "whole days are removed: a date, such as 2024-01-02");
    *ret = when.days;
    return ERR_OK;
}

static enum err delete_bars(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"timeframe", "from", "to", NULL};
    struct app *app = r->app;
    const char *symbol = http_param(r, "symbol");
    int kind = 0;
    int32_t from_day, to_day;
    int64_t deleted = 0;
    struct series_row series;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_enum(r, "timeframe", import_timeframes, &kind, e)) ||
        (err = query_day(r, "?from", INT32_MIN, &from_day, e)) ||
        (err = query_day(r, "?to", INT32_MAX, &to_day, e)))
        return err;
    if (from_day > to_day)
        return error_field(e, ERR_INVALID, "?to", "'to' is before 'from'");
    struct timeframe timeframe = {.minutes = kind == 0};
    if ((err = series_lookup_stored(&app->storage, symbol, timeframe, "", &series, e)) ||
        (err = bar_store_delete(app->storage.bar_store, symbol, timeframe, from_day, to_day,
                                clock_realtime_ns(app->clock), &deleted, e)))
        return err;
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_string(&w, "symbol", symbol);
    json_member_string(&w, "timeframe", import_timeframes[kind]);
    json_member_int(&w, "deleted", deleted);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/bars",
     .handler = lean_import,
     .scope = KEY_SCOPE_ADMIN,
     .content_types = "application/zip, application/octet-stream",
     .stream = &lean_import_stream,
     .operation_id = "importZip"},
    {.method = HTTP_POST,
     .pattern = "/v1/bars/{symbol}",
     .handler = bars_import,
     .scope = KEY_SCOPE_ADMIN,
     .content_types = "text/csv, application/gzip, application/octet-stream",
     .stream = &bars_import_stream,
     .operation_id = "importBars"},
    {.method = HTTP_GET,
     .pattern = "/v1/bars/{symbol}",
     .handler = list_bars,
     .scope = KEY_SCOPE_READ,
     .operation_id = "listBars"},
    {.method = HTTP_DELETE,
     .pattern = "/v1/bars/{symbol}",
     .handler = delete_bars,
     .scope = KEY_SCOPE_ADMIN,
     .operation_id = "deleteBars"},
};
const struct http_route_table bars_routes = {routes, sizeof routes / sizeof routes[0]};
