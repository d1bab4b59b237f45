/* The connection that writes bars: one import or deletion at a time, each a transaction.
 *
 * It commits with synchronous=FULL, so the answer means "on disk" even when a reader keeps the
 * checkpoint from finishing. The checkpoint afterwards is there for the readers, who then find the
 * bars in the database file itself (mapped) and not in the WAL; flushing the same bytes twice costs
 * nothing extra, because a checkpoint would have to flush the WAL first anyway.
 */
#include "db/bar_store.h"

#include "base/mutex.h"
#include "db/bar_importer.h"
#include "db/bar_repo.h"

#include <assert.h>
#include <stdlib.h>

struct bar_store {
    struct mutex mutex;
    struct condition free_again;
    bool busy;                        /* behind the mutex */
    struct db_connection *connection; /* of whoever made the store busy */
    _Atomic bool broken;
};

enum err bar_store_create(const char *path, struct bar_store **ret, struct error *e)
{
    const struct db_options options = {
        .mode = DB_READ_WRITE, .cache_bytes = 64 << 20, .sync_full = true};
    struct bar_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
    mutex_init(&s->mutex, MUTEX_WRITER);
    condition_init(&s->free_again);
    enum err err = db_open(path, &options, &s->connection, e);
    if (err == ERR_OK)
        *ret = s;
    else
        bar_store_free(s);
    return err;
}

void bar_store_free(struct bar_store *s)
{
    if (s == NULL)
        return;
    assert(!s->busy);
    db_close(s->connection);
    condition_release(&s->free_again);
    mutex_release(&s->mutex);
    free(s);
}

/* One at a time; the work itself holds no lock. */
static void store_enter(struct bar_store *s)
{
    may_block("bar_store");
    mutex_lock(&s->mutex);
    while (s->busy)
        condition_wait(&s->free_again, &s->mutex);
    s->busy = true;
    mutex_unlock(&s->mutex);
}

static void store_leave(struct bar_store *s)
{
    mutex_lock(&s->mutex);
    s->busy = false;
    condition_signal(&s->free_again);
    mutex_unlock(&s->mutex);
}

struct bar_batch bar_batch_of_csv(const struct csv_bars *b)
{
    struct bar_batch batch = {.count = b->count,
                              .time_ns = b->time_ns,
                              .session_count = b->session_count,
                              .sessions = b->sessions};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        batch.column[c] = b->column[c];
    return batch;
}

struct bar_batch bar_batch_of_bars(const struct bars *b)
{
    struct bar_batch batch = {.count = b->count,
                              .time_ns = b->time_ns,
                              .session_count = b->session_count,
                              .sessions = b->sessions};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        assert(b->column[c] != NULL);
        batch.column[c] = b->column[c];
    }
    return batch;
}

/* Ends the transaction: a dry run and an error take everything back. */
static enum err end(struct bar_store *s, struct db_write *w, bool keep, enum err err,
                    struct error *e)
{
    if (err != ERR_OK || !keep) {
        db_rollback(w);
        s->broken = db_is_broken(s->connection);
        return err;
    }
    err = db_commit(w, e);
    /* The data is durable by now: a checkpoint that fails is tried again by the next import, or by
     * the next start when it broke the connection. */
    if (err == ERR_OK)
        (void)db_checkpoint(s->connection, true, NULL, NULL);
    if (db_is_broken(s->connection))
        s->broken = true;
    return err;
}

bool bar_store_is_broken(const struct bar_store *s)
{
    return s->broken;
}

/* --- imports --- */

enum err bar_store_import(struct bar_store *s, const struct bar_import *import,
                          const struct bar_batch *bars, struct bar_import_result *ret,
                          struct error *e)
{
    enum err err = bar_import_check(import, bars, e);
    if (err != ERR_OK)
        return err;
    struct bar_importer im;
    bar_importer_init(&im);
    store_enter(s);
    err = db_begin(s->connection, &im.w, e);
    if (err == ERR_OK) {
        err = bar_importer_run(&im, import, bars, e);
        err = end(s, &im.w, !import->dry_run, err, e);
    }
    store_leave(s);
    bar_importer_release(&im);
    if (err == ERR_OK)
        *ret = im.result;
    return err;
}

static enum err import_each(struct bar_importer *im, const struct bar_import_source *source,
                            const _Atomic bool *cancel, struct error *e)
{
    for (;;) {
        struct bar_import import;
        struct bar_batch bars;
        bool more = true;
        enum err err = cancel != NULL && *cancel
                           ? error_set(e, ERR_CANCELED, "the import was canceled")
                           : source->next(source->context, &import, &bars, &more, e);
        if (err != ERR_OK || !more)
            return err;
        import.cancel = cancel;
        err = bar_importer_run(im, &import, &bars, e);
        if (err != ERR_OK)
            return err;
        source->done(source->context, &im->result);
    }
}

enum err bar_store_import_each(struct bar_store *s, const struct bar_import_source *source,
                               bool dry_run, const _Atomic bool *cancel, struct error *e)
{
    struct bar_importer im;
    bar_importer_init(&im);
    store_enter(s);
    enum err err = db_begin(s->connection, &im.w, e);
    if (err == ERR_OK) {
        err = import_each(&im, source, cancel, e);
        err = end(s, &im.w, !dry_run, err, e);
    }
    store_leave(s);
    bar_importer_release(&im);
    return err;
}

static enum err delete_days(struct db_write *w, const char *symbol, struct timeframe timeframe,
                            int32_t from_day, int32_t to_day, int64_t now_ns, int64_t *ret_deleted,
                            struct error *e)
{
    struct series_row series = {0};
    enum err err = series_repo_find(&w->read, symbol, timeframe, &series, e);
    int64_t before = series.bars;
    if (err == ERR_OK)
        err = bar_repo_delete_days(w, series.id, from_day, to_day, e);
    if (err == ERR_OK)
        err = bar_repo_summarise(&w->read, &series, e);
    if (err != ERR_OK)
        return err;
    *ret_deleted = before - series.bars;
    if (series.days == 0)
        return series_repo_delete(w, series.id, e);
    if (series.bars == before)
        return ERR_OK;
    series.updated_at_ns = now_ns;
    return series_repo_update(w, &series, e);
}

enum err bar_store_delete(struct bar_store *s, const char *symbol, struct timeframe timeframe,
                          int32_t from_day, int32_t to_day, int64_t now_ns,
                          int64_t *ret_bars_deleted, struct error *e)
{
    int64_t deleted = 0;
    struct db_write w;
    store_enter(s);
    enum err err = db_begin(s->connection, &w, e);
    if (err == ERR_OK) {
        err = delete_days(&w, symbol, timeframe, from_day, to_day, now_ns, &deleted, e);
        err = end(s, &w, true, err, e);
    }
    store_leave(s);
    if (err == ERR_OK)
        *ret_bars_deleted = deleted;
    return err;
}
