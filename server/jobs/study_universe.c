#include "server/jobs/study_universe.h"

#include "server/jobs/option_series.h"

#include <stdio.h>
#include <string.h>

enum { SERIES_AT_A_TIME = 1000 };

bool study_universe_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL; /* the last star, and what it does not cover yet */
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* The list of symbols as it grows. */
struct universe {
    const struct study_spec *spec;
    struct arena *arena;
    struct json_texts symbols; /* room for LIMIT_JOB_SYMBOLS */
};

static bool has(const struct universe *u, const char *symbol)
{
    for (size_t i = 0; i < u->symbols.count; i++)
        if (strcmp(u->symbols.items[i], symbol) == 0)
            return true;
    return false;
}

static enum err add(struct universe *u, const char *symbol, const char *pointer, struct error *e)
{
    if (u->symbols.count == LIMIT_JOB_SYMBOLS)
        return error_field(e, ERR_INVALID, pointer, "more than %d symbols", LIMIT_JOB_SYMBOLS);
    const char *copy = arena_strdup(u->arena, symbol);
    if (!copy)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the symbols");
    u->symbols.items[u->symbols.count++] = copy;
    return ERR_OK;
}

/* Bars of the timeframe are stored, or made from minutes. */
static bool serves(const struct series_row *series, struct timeframe timeframe)
{
    return series->timeframe.minutes == timeframe.minutes || series->timeframe.minutes == 1;
}

static enum err add_matches(struct universe *u, const struct db_read *reader, const char *pattern,
                            const char *pointer, struct error *e)
{
    struct arena page;
    struct series_rows rows = {0};
    struct series_row last = {0};
    bool found = false;
    enum err err = ERR_OK;
    arena_init(&page, (size_t)4 << 20);
    do {
        arena_clear(&page);
        err = series_repo_list(reader, last.symbol[0] ? last.symbol : NULL, last.timeframe,
                               SERIES_AT_A_TIME, &page, &rows, e);
        for (size_t i = 0; !err && i < rows.count; i++) {
            last = rows.items[i];
            if (!serves(&last, u->spec->timeframe) || option_series_is_one(last.symbol) ||
                !study_universe_matches(pattern, last.symbol))
                continue;
            found = true;
            if (!has(u, last.symbol))
                err = add(u, last.symbol, pointer, e);
        }
    } while (!err && rows.more);
    arena_release(&page);
    if (!err && !found)
        err = error_field(e, ERR_NOT_FOUND, pointer, "no symbol with bars matches '%s'", pattern);
    return err;
}

static bool has_patterns(const struct study_spec *spec)
{
    for (size_t i = 0; i < spec->symbols.count; i++)
        if (strchr(spec->symbols.items[i], '*'))
            return true;
    return false;
}

enum err study_universe_expand(struct storage *storage, struct study_spec *spec,
                               struct arena *arena, struct error *e)
{
    struct universe u = {.spec = spec, .arena = arena};
    struct db_read reader = {0};
    if (!has_patterns(spec))
        return ERR_OK;
    u.symbols.items = arena_alloc(arena, LIMIT_JOB_SYMBOLS * sizeof(*u.symbols.items));
    if (!u.symbols.items)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the symbols");
    enum err err = readers_lease(storage->bar_readers, &reader, e);
    for (size_t i = 0; !err && i < spec->symbols.count; i++) {
        const char *item = spec->symbols.items[i];
        char pointer[32];
        snprintf(pointer, sizeof(pointer), "/symbols/%zu", i);
        if (strchr(item, '*'))
            err = add_matches(&u, &reader, item, pointer, e);
        else if (!has(&u, item))
            err = add(&u, item, pointer, e);
    }
    readers_return(storage->bar_readers, &reader);
    if (!err)
        spec->symbols = u.symbols;
    return err;
}
