#include "server/series_lookup.h"

#include "base/text.h"

#include <string.h>

/* The stored timeframe that the symbol has bars at, where the one asked for has none; or NULL. */
static const char *other_timeframe(const struct db_read *reader, const char *symbol,
                                   struct timeframe asked)
{
    bool asked_daily = asked.minutes == 0;
    struct timeframe other = {.minutes = asked_daily};
    struct series_row row;
    if (series_repo_find(reader, symbol, other, &row, NULL))
        return NULL;
    return asked_daily ? "1m" : "1d";
}

/* The nearest name is looked for among so many: a courtesy, not worth reading a hundred thousand.
 */
enum { CANDIDATES = 10000 };

static enum err not_found(const struct db_read *reader, const char *symbol,
                          struct timeframe timeframe, const char *pointer, struct error *e)
{
    struct arena arena;
    struct series_rows rows = {0};
    const char *near = NULL;
    char frame[8];
    timeframe_format(timeframe, frame);
    const char *other = other_timeframe(reader, symbol, timeframe);
    if (other)
        return error_field(e, ERR_NOT_FOUND, pointer, "no bars of '%s' at %s, only at %s", symbol,
                           frame, other);
    arena_init(&arena, CANDIDATES * 4 * sizeof(struct series_row));
    if (!series_repo_list(reader, NULL, timeframe, CANDIDATES, &arena, &rows, NULL)) {
        const char **names = arena_alloc_array(&arena, rows.count + 1, sizeof *names);
        for (size_t i = 0; names && i < rows.count; i++)
            names[i] = rows.items[i].symbol;
        near = names ? text_nearest(symbol, strlen(symbol), names, rows.count) : NULL;
    }
    enum err err =
        near ? error_field(e, ERR_NOT_FOUND, pointer, "no bars of '%s' at %s, did you mean '%s'?",
                           symbol, frame, near)
             : error_field(e, ERR_NOT_FOUND, pointer, "no bars of '%s' at %s", symbol, frame);
    arena_release(&arena);
    return err;
}

static enum err lookup(struct storage *storage, const char *symbol, struct timeframe timeframe,
                       bool resampled, const char *pointer, struct series_row *ret, struct error *e)
{
    static const struct timeframe minute = {.minutes = 1};
    struct error inner;
    if (series_check_symbol(symbol, &inner))
        return error_field(e, ERR_INVALID, pointer, "%s", inner.message);
    struct db_read reader = {0};
    enum err err = readers_lease(storage->bar_readers, &reader, e);
    if (err)
        return err;
    err = timeframe_is_stored(timeframe) ? series_repo_find(&reader, symbol, timeframe, ret, e)
                                         : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND && resampled)
        err = series_repo_find(&reader, symbol, minute, ret, e);
    if (err == ERR_NOT_FOUND)
        err = not_found(&reader, symbol, timeframe, pointer, e);
    readers_return(storage->bar_readers, &reader);
    return err;
}

enum err series_lookup(struct storage *storage, const char *symbol, struct timeframe timeframe,
                       const char *pointer, struct series_row *ret, struct error *e)
{
    return lookup(storage, symbol, timeframe, true, pointer, ret, e);
}

enum err series_lookup_stored(struct storage *storage, const char *symbol,
                              struct timeframe timeframe, const char *pointer,
                              struct series_row *ret, struct error *e)
{
    return lookup(storage, symbol, timeframe, false, pointer, ret, e);
}
