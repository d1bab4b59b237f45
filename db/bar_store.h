/* The writing side of bars.db: imports and deletions, one at a time, each one transaction that is
 * on disk when the call returns. OUTCOME_UNKNOWN when it may be there or not: the same import
 * again, after a restart, makes it sure.
 */
#ifndef DB_BAR_STORE_H
#define DB_BAR_STORE_H

#include "db/bar_repo.h"
#include "engine/csv/csv_import.h"

struct bar_store;

/* Opens bars.db for writing (already migrated). */
enum err bar_store_create(const char *path, struct bar_store **ret, struct error *e);
void bar_store_free(struct bar_store *s); /* no import may be under way; NULL is fine */
/* A write or an fsync failed (sqlite.h: a broken connection): nothing more is taken before a
 * restart. */
bool bar_store_is_broken(const struct bar_store *s);

enum bar_import_mode {
    BAR_IMPORT_MERGE,   /* a different bar at a stored time is refused */
    BAR_IMPORT_REPLACE, /* the new bar wins */
};

struct bar_import {
    const char *symbol;
    struct timeframe timeframe; /* a stored one */
    const struct calendar *calendar;
    enum bar_import_mode mode;
    bool dry_run;               /* does everything, then takes it back */
    int64_t now_ns;             /* created_at, updated_at */
    const _Atomic bool *cancel; /* NULL allowed; polled each day: ERR_CANCELED */
};

/* The bars to import, session by session, borrowed during the call. */
struct bar_batch {
    int64_t count;
    const int64_t *time_ns;
    const double *column[BAR_COLUMN_COUNT];
    int64_t session_count;
    const struct bars_session *sessions;
};
struct bar_batch bar_batch_of_csv(const struct csv_bars *b);
struct bar_batch bar_batch_of_bars(const struct bars *b); /* with all columns */

struct bar_import_result {
    int64_t inserted;         /* bars at times that were free */
    int64_t duplicates;       /* identical to what is stored */
    int64_t replaced;         /* other bar stored before (mode replace) */
    int64_t days;             /* session days touched */
    struct series_row series; /* as it is afterwards (in a dry run: as it would be) */
};

/* All or nothing. ERR_INVALID (symbol, timeframe), ERR_CONFLICT (another calendar is stored; a
 * different bar at a stored time, named in the message), ERR_DATA (no bars), ERR_CANCELED,
 * ERR_DISK_FULL, ERR_IO. Waits while another import runs; blocks on disk. */
enum err bar_store_import(struct bar_store *s, const struct bar_import *import,
                          const struct bar_batch *bars, struct bar_import_result *ret,
                          struct error *e);

/* Many series, one after the other, as one import. */
struct bar_import_source {
    /* The next series and its bars, borrowed until the next call; *ret_more is false, and the rest
     * untouched, when there are none left. Called while the import is under way, so it may read
     * files and compute, but not write bars. dry_run and cancel of the series are not looked at. */
    enum err (*next)(void *context, struct bar_import *ret_import, struct bar_batch *ret_bars,
                     bool *ret_more, struct error *e);
    /* What became of it. */
    void (*done)(void *context, const struct bar_import_result *result);
    void *context;
};

/* All series or nothing: one transaction. Errors are those of bar_store_import and of `next`. */
enum err bar_store_import_each(struct bar_store *s, const struct bar_import_source *source,
                               bool dry_run, const _Atomic bool *cancel, struct error *e);

/* Removes the days from_day..to_day (INT32_MIN..INT32_MAX = all), and the series when nothing is
 * left. ERR_NOT_FOUND when there is no such series. */
enum err bar_store_delete(struct bar_store *s, const char *symbol, struct timeframe timeframe,
                          int32_t from_day, int32_t to_day, int64_t now_ns,
                          int64_t *ret_bars_deleted, struct error *e);

#endif
