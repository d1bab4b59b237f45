#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/api/rows.h"
#include "server/app.h"

#include <stdlib.h>
#include <string.h>

/* The cursor is "<minutes> <symbol>" of the last item. */
struct symbols_place {
    char symbol[CURSOR_PLACE]; /* "" at the first page */
    struct timeframe timeframe;
};

static enum err read_place(const struct http_request *r, struct symbols_place *ret, struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, "symbols", place, e);
    memset(ret, 0, sizeof *ret);
    if (err || !*place)
        return err;
    long minutes = strtol(place, &end, 10);
    if (*end != ' ' || minutes < 0 || minutes > 1440 || series_check_symbol(end + 1, NULL))
        return cursor_refuse(e);
    ret->timeframe.minutes = (int32_t)minutes;
    snprintf(ret->symbol, sizeof ret->symbol, "%s", end + 1);
    return ERR_OK;
}

static void write_series(struct rows *w, const struct series_row *s)
{
    char timeframe[8];
    timeframe_format(s->timeframe, timeframe);
    rows_row(w);
    rows_string(w, s->symbol);
    rows_string(w, timeframe);
    rows_string(w, calendar_name(s->calendar));
    rows_int(w, s->bars);
    rows_int(w, s->days);
    rows_time(w, s->first_ns);
    rows_time(w, s->last_ns);
    rows_time(w, s->updated_at_ns);
    rows_row_end(w);
}

static enum err respond_series(struct http_request *r, struct http_response *out,
                               enum rows_format format, const struct series_rows *series,
                               struct error *e)
{
    static const char *const columns[] = {"symbol", "timeframe", "calendar", "bars",
                                          "days",   "first",     "last",     "updated_at"};
    struct rows w;
    char cursor[CURSOR_TEXT];
    rows_begin(&w, out, format, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < series->count; i++)
        write_series(&w, &series->items[i]);
    if (series->more) {
        const struct series_row *last = &series->items[series->count - 1];
        cursor_write(cursor, "symbols", "%d %s", last->timeframe.minutes, last->symbol);
    }
    return rows_respond(&w, r, out, series->more ? cursor : NULL, e);
}

static enum err list_symbols(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", "format", NULL};
    struct app *app = r->app;
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT;
    struct symbols_place after;
    enum rows_format format;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = read_place(r, &after, e)) || (err = rows_negotiate(r, &format, e)))
        return err;
    struct db_read reader = {0};
    struct series_rows series;
    if ((err = readers_lease(app->storage.bar_readers, &reader, e)))
        return err;
    err = series_repo_list(&reader, *after.symbol ? after.symbol : NULL, after.timeframe, limit,
                           r->arena, &series, e);
    readers_return(app->storage.bar_readers, &reader);
    return err ? err : respond_series(r, out, format, &series, e);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/v1/symbols",
     .handler = list_symbols,
     .scope = KEY_SCOPE_READ,
     .operation_id = "listSymbols"},
};
const struct http_route_table symbols_routes = {routes, sizeof routes / sizeof routes[0]};
