#include "server/jobs/option_series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SERIES = 1000, PAGE_BYTES = 1 << 20, FIRST_CONTRACTS = 256 };

static const struct timeframe minute = {.minutes = 1};
static const char *const suffixes[OPTION_SERIES_COUNT] = {
    [OPTION_BID] = ":bid", [OPTION_ASK] = ":ask", [OPTION_TRADES] = ""};

struct list {
    const char *root;
    struct option_listing *items;
    size_t count, capacity;
};

/* false when the series is none of a contract of the root. */
static bool read_symbol(const char *root, const char *symbol, struct occ_symbol *ret_occ,
                        enum option_series *ret_series)
{
    const char *colon = strchr(symbol, ':');
    size_t length = colon ? (size_t)(colon - symbol) : strlen(symbol);
    int series = 0;
    while (series < OPTION_SERIES_COUNT && strcmp(symbol + length, suffixes[series]) != 0)
        series++;
    *ret_series = (enum option_series)series;
    return series < OPTION_SERIES_COUNT &&
           occ_symbol_parse(symbol, length, ret_occ, NULL) == ERR_OK &&
           strcmp(ret_occ->root, root) == 0;
}

static bool is_same(const struct option_listing *a, const struct occ_symbol *b)
{
    return a->right == b->right && a->expiry_days == b->expiry_days &&
           a->strike_milli == b->strike_milli;
}

/* Series come in the order of their symbols, so those of one contract follow each other. */
static enum err add_series(struct list *l, const struct series_row *row, struct error *e)
{
    struct occ_symbol occ;
    enum option_series series;
    if (row->timeframe.minutes != minute.minutes || row->bars == 0 ||
        !read_symbol(l->root, row->symbol, &occ, &series))
        return ERR_OK;
    if (l->count == 0 || !is_same(&l->items[l->count - 1], &occ)) {
        if (l->count == l->capacity) {
            size_t capacity = l->capacity ? l->capacity * 2 : FIRST_CONTRACTS;
            struct option_listing *grown = realloc(l->items, capacity * sizeof *grown);
            if (!grown)
                return error_set(e, ERR_NO_MEMORY, "out of memory for the contracts of a symbol");
            l->items = grown;
            l->capacity = capacity;
        }
        l->items[l->count++] = (struct option_listing){.right = occ.right,
                                                       .expiry_days = occ.expiry_days,
                                                       .strike_milli = (int32_t)occ.strike_milli};
    }
    struct option_listing *contract = &l->items[l->count - 1];
    contract->series[series].stored = true;
    contract->series[series].first_ns = row->first_ns;
    contract->series[series].last_ns = row->last_ns;
    return ERR_OK;
}

/* One page of series from `after` on, which moves; *ret_more tells whether others may follow. */
static enum err read_page(const struct db_read *reader, struct list *l, struct series_row *after,
                          bool *ret_more, struct error *e)
{
    struct arena arena;
    struct series_rows rows;
    arena_init(&arena, PAGE_BYTES);
    enum err err =
        series_repo_list(reader, after->symbol, after->timeframe, PAGE_SERIES, &arena, &rows, e);
    size_t root = strlen(l->root);
    *ret_more = !err && rows.more;
    for (size_t i = 0; !err && i < rows.count; i++) {
        *after = rows.items[i];
        if (strncmp(after->symbol, l->root, root) != 0) {
            *ret_more = false;
            break;
        }
        err = add_series(l, after, e);
    }
    arena_release(&arena);
    return err;
}

enum err option_series_list(struct storage *storage, const char *root, struct option_listing **ret,
                            size_t *ret_count, struct error *e)
{
    struct db_read reader = {0};
    struct list l = {.root = root};
    struct series_row after = {0};
    bool more = true;
    snprintf(after.symbol, sizeof after.symbol, "%s", root);
    enum err err = readers_lease(storage->bar_readers, &reader, e);
    while (!err && more)
        err = read_page(&reader, &l, &after, &more, e);
    readers_return(storage->bar_readers, &reader);
    if (err) {
        free(l.items);
        return err;
    }
    *ret = l.items;
    *ret_count = l.count;
    return ERR_OK;
}

enum err option_series_load(struct storage *storage, const char *root,
                            const struct option_listing *contract, enum option_series series,
                            const struct bars **ret, struct error *e)
{
    struct occ_symbol occ = {.right = contract->right,
                             .expiry_days = contract->expiry_days,
                             .strike_milli = contract->strike_milli};
    char text[OCC_TEXT_MAX], symbol[OCC_TEXT_MAX + sizeof ":bid"];
    const uint32_t prices = BAR_ALL_COLUMNS & ~BAR_COLUMN_BIT(BAR_VOLUME);
    snprintf(occ.root, sizeof occ.root, "%s", root);
    occ_symbol_format_compact(&occ, text);
    snprintf(symbol, sizeof symbol, "%s%s", text, suffixes[series]);
    return bar_cache_get(storage->bar_cache, NULL, symbol, minute, prices, ret, NULL, e);
}

bool option_series_is_one(const char *symbol)
{
    struct occ_symbol occ;
    const char *colon = strchr(symbol, ':');
    size_t length = colon ? (size_t)(colon - symbol) : strlen(symbol);
    if (colon &&
        (strcmp(colon, suffixes[OPTION_BID]) == 0 || strcmp(colon, suffixes[OPTION_ASK]) == 0))
        return true;
    return occ_symbol_parse(symbol, length, &occ, NULL) == ERR_OK;
}
