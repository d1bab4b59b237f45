#include "db/series_repo.h"

#include "db/rows.h"

#include <assert.h>
#include <string.h>

#define SERIES_COLUMNS                                                                             \
    "id, symbol, minutes, calendar, version, first_ns, last_ns, bars, days, created_at_ns,"        \
    " updated_at_ns"

static const char SQL_FIND[] =
    "SELECT " SERIES_COLUMNS " FROM series WHERE symbol = :symbol AND minutes = :minutes";
static const char SQL_LIST[] =
    "SELECT " SERIES_COLUMNS " FROM series WHERE (symbol, minutes) > (:symbol, :minutes)"
    " ORDER BY symbol, minutes LIMIT :limit";
static const char SQL_COUNT[] = "SELECT count(*) FROM series";
static const char SQL_CREATE[] =
    "INSERT INTO series(symbol, minutes, calendar, version, first_ns, last_ns, bars, days,"
    " created_at_ns, updated_at_ns)"
    " VALUES(:symbol, :minutes, :calendar, 1, 0, 0, 0, 0, :now, :now)";
static const char SQL_UPDATE[] =
    "UPDATE series SET version = version + 1, first_ns = :first_ns, last_ns = :last_ns,"
    " bars = :bars, days = :days, updated_at_ns = :now WHERE id = :id";
static const char SQL_DELETE[] = "DELETE FROM series WHERE id = :id";

static const char SYMBOL_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789._-^/=:";

enum err series_check_symbol(const char *symbol, struct error *e)
{
    size_t length = strlen(symbol);
    if (length < 1 || length > LIMIT_SYMBOL_BYTES)
        return error_set(e, ERR_INVALID, "a symbol has 1 to %d characters", LIMIT_SYMBOL_BYTES);
    if (strspn(symbol, SYMBOL_CHARACTERS) != length || symbol[0] == '.')
        return error_set(e, ERR_INVALID,
                         "a symbol has letters, digits and . _ - ^ / = : only, and does not begin "
                         "with a dot");
    return ERR_OK;
}

static enum err read_row(struct statement *s, struct series_row *ret, struct error *e)
{
    struct series_row row = {
        .id = statement_int(s, "id"),
        .timeframe = {.minutes = (int32_t)statement_int(s, "minutes")},
        .version = statement_int(s, "version"),
        .first_ns = statement_int(s, "first_ns"),
        .last_ns = statement_int(s, "last_ns"),
        .bars = statement_int(s, "bars"),
        .days = statement_int(s, "days"),
        .created_at_ns = statement_int(s, "created_at_ns"),
        .updated_at_ns = statement_int(s, "updated_at_ns"),
    };
    const char *symbol = statement_text(s, "symbol");
    const char *calendar = statement_text(s, "calendar");
    if (symbol == NULL || calendar == NULL || strlen(symbol) > LIMIT_SYMBOL_BYTES)
        return error_set(e, ERR_DATA, "series %lld is damaged", (long long)row.id);
    memcpy(row.symbol, symbol, strlen(symbol) + 1);
    enum err err = calendar_find(calendar, &row.calendar, e);
    if (err == ERR_OK)
        *ret = row;
    return err;
}

enum err series_repo_find(const struct db_read *r, const char *symbol, struct timeframe timeframe,
                          struct series_row *ret, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_text(s, ":symbol", symbol);
    statement_bind_int(s, ":minutes", timeframe.minutes);
    bool found = statement_next(s);
    enum err read = found ? read_row(s, ret, e) : ERR_OK;
    enum err err = statement_finish(s, read == ERR_OK ? e : NULL);
    if (read != ERR_OK)
        return read;
    if (err == ERR_OK && !found) {
        char name[8];
        timeframe_format(timeframe, name);
        return error_set(e, ERR_NOT_FOUND, "there are no %s bars of '%s'", name, symbol);
    }
    return err;
}

enum err series_repo_list(const struct db_read *r, const char *after_symbol,
                          struct timeframe after_timeframe, int64_t limit, struct arena *arena,
                          struct series_rows *ret, struct error *e)
{
    assert(limit >= 1 && limit <= LIMIT_SYMBOLS);
    struct series_rows rows = {0};
    size_t capacity = 0;
    enum err read = ERR_OK;
    struct statement *s = db_prepare(r, SQL_LIST);
    statement_bind_text(s, ":symbol", after_symbol != NULL ? after_symbol : "");
    statement_bind_int(s, ":minutes", after_timeframe.minutes);
    statement_bind_int(s, ":limit", limit + 1);
    while (read == ERR_OK && statement_next(s)) {
        if ((int64_t)rows.count == limit) {
            rows.more = true;
            break;
        }
        rows.items = rows_grow(arena, rows.items, rows.count, &capacity, sizeof *rows.items);
        if (rows.items == NULL)
            return rows_full(s, e);
        read = read_row(s, &rows.items[rows.count++], e);
    }
    enum err err = statement_finish(s, read == ERR_OK ? e : NULL);
    if (read != ERR_OK)
        return read;
    if (err == ERR_OK)
        *ret = rows;
    return err;
}

enum err series_repo_create(struct db_write *w, struct series_row *series, struct error *e)
{
    int64_t count;
    enum err err = db_query_int(&w->read, SQL_COUNT, &count, e);
    if (err != ERR_OK)
        return err;
    if (count >= LIMIT_SYMBOLS)
        return error_set(e, ERR_TOO_LARGE, "there are %d series already", LIMIT_SYMBOLS);
    struct statement *s = db_prepare(&w->read, SQL_CREATE);
    statement_bind_text(s, ":symbol", series->symbol);
    statement_bind_int(s, ":minutes", series->timeframe.minutes);
    statement_bind_text(s, ":calendar", calendar_name(series->calendar));
    statement_bind_int(s, ":now", series->created_at_ns);
    err = statement_run(s, NULL, e);
    if (err != ERR_OK)
        return err;
    series->id = db_last_id(w);
    series->version = 1;
    return ERR_OK;
}

enum err series_repo_update(struct db_write *w, struct series_row *series, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_UPDATE);
    statement_bind_int(s, ":id", series->id);
    statement_bind_int(s, ":first_ns", series->first_ns);
    statement_bind_int(s, ":last_ns", series->last_ns);
    statement_bind_int(s, ":bars", series->bars);
    statement_bind_int(s, ":days", series->days);
    statement_bind_int(s, ":now", series->updated_at_ns);
    enum err err = statement_run(s, NULL, e);
    if (err == ERR_OK)
        series->version++;
    return err;
}

enum err series_repo_delete(struct db_write *w, int64_t series_id, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_DELETE);
    statement_bind_int(s, ":id", series_id);
    return statement_run(s, NULL, e);
}
