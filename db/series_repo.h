/* Series (a symbol in a stored timeframe) in bars.db: what there is, without its bars.
 *
 * `version` grows with every change of the series' bars, in the same transaction: equal version,
 * equal bars. Ids are never used again.
 */
#ifndef DB_SERIES_REPO_H
#define DB_SERIES_REPO_H

#include "base/arena.h"
#include "base/limits.h"
#include "db/sqlite.h"
#include "engine/bars/calendar.h"
#include "engine/bars/timeframe.h"

struct series_row {
    int64_t id;
    char symbol[LIMIT_SYMBOL_BYTES + 1];
    struct timeframe timeframe;
    const struct calendar *calendar;
    int64_t version;
    int64_t first_ns, last_ns; /* of the first and the last bar */
    int64_t bars, days;
    int64_t created_at_ns, updated_at_ns;
};

struct series_rows {
    struct series_row *items;
    size_t count;
    bool more; /* the next page begins after the last item's symbol and timeframe */
};

/* 1..LIMIT_SYMBOL_BYTES of A-Z a-z 0-9 . _ - ^ / = : and not beginning with '.'; ERR_INVALID
 * otherwise. */
enum err series_check_symbol(const char *symbol, struct error *e);

/* ERR_NOT_FOUND. */
enum err series_repo_find(const struct db_read *r, const char *symbol, struct timeframe timeframe,
                          struct series_row *ret, struct error *e);
/* By symbol and timeframe, after the cursor (symbol NULL = from the start). */
enum err series_repo_list(const struct db_read *r, const char *after_symbol,
                          struct timeframe after_timeframe, int64_t limit, struct arena *arena,
                          struct series_rows *ret, struct error *e);
/* A new, empty series; fills id and version. ERR_TOO_LARGE past LIMIT_SYMBOLS. */
enum err series_repo_create(struct db_write *w, struct series_row *series, struct error *e);
/* Stores the range and the counts, and raises version (also in *series). */
enum err series_repo_update(struct db_write *w, struct series_row *series, struct error *e);
/* The row alone; its bars are bar_repo's. */
enum err series_repo_delete(struct db_write *w, int64_t series_id, struct error *e);

#endif
