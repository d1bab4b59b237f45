#include "db/storage.h"

#include "base/limits.h"
#include "db/migrations.h"

/* Reads of bars.db come from a map of the file; SQLite itself maps at most 2 GiB of it. */
#define BARS_MMAP_BYTES (INT64_C(1) << 31)

enum { BARS_PAGE_BYTES = 16384 };

/* What a process that died left in the WAL goes to the file, with fsync. A WAL whose last fsync
 * failed may be whole in memory and not on disk: nothing may be built on it before this. On a full
 * disk it stays, as an fsync did not fail. */
static enum err copy_wal(struct db_connection *c, struct error *e)
{
    struct error why;
    enum err err = db_checkpoint(c, true, NULL, &why);
    if (err == ERR_OK || err == ERR_DISK_FULL)
        return ERR_OK;
    if (e != NULL)
        *e = why;
    return err;
}

/* Makes the file when it is not there and brings its tables up to date. */
static enum err prepare(const char *path, int32_t page_bytes, const struct migration_set *set,
                        struct error *e)
{
    const struct db_options options = {
        .mode = DB_CREATE, .page_bytes = page_bytes, .sync_full = true};
    struct db_connection *c = NULL;
    enum err err = db_open(path, &options, &c, e);
    if (err == ERR_OK)
        err = migrations_run(c, set, e);
    if (err == ERR_OK)
        err = copy_wal(c, e);
    db_close(c);
    return err;
}

static enum err open_main(struct storage *s, const struct storage_options *options, struct error *e)
{
    const struct db_options reading = {.cache_bytes = 4 << 20};
    const char *path = data_folder_main_path(s->folder);
    struct writer_options writing = {.disk = s->disk};
    if (options != NULL) {
        writing.failed = options->failed;
        writing.context = options->context;
    }
    enum err err = prepare(path, 0, &main_migrations, e);
    if (err == ERR_OK)
        err = writer_create(path, &writing, &s->writer, e);
    if (err == ERR_OK)
        err = readers_create(path, &reading, LIMIT_READERS, &s->readers, e);
    return err;
}

static enum err open_bars(struct storage *s, int64_t cache_bytes, struct error *e)
{
    const struct db_options reading = {.cache_bytes = 1 << 20, .mmap_bytes = BARS_MMAP_BYTES};
    const char *path = data_folder_bars_path(s->folder);
    enum err err = prepare(path, BARS_PAGE_BYTES, &bar_migrations, e);
    if (err == ERR_OK)
        err = bar_store_create(path, &s->bar_store, e);
    if (err == ERR_OK)
        err = readers_create(path, &reading, LIMIT_READERS, &s->bar_readers, e);
    if (err == ERR_OK)
        err = bar_cache_create(s->bar_readers, cache_bytes, &s->bar_cache, e);
    return err;
}

static enum err guard_disk(struct storage *s, const struct storage_options *options,
                           struct error *e)
{
    if (options == NULL || !options->guard_disk)
        return ERR_OK;
    const struct disk_guard_options guard = {.folder = data_folder_path(s->folder),
                                             .reserve_bytes = options->disk_reserve_bytes,
                                             .ballast_bytes = options->ballast_bytes};
    return disk_guard_create(&guard, &s->disk, e);
}

enum err storage_open(const char *path, const struct storage_options *options, struct storage *ret,
                      struct error *e)
{
    struct storage s = {0};
    enum err err = data_folder_open(path, &s.folder, e);
    if (err == ERR_OK)
        err = guard_disk(&s, options, e);
    if (err == ERR_OK)
        err = open_main(&s, options, e);
    if (err == ERR_OK)
        err = open_bars(&s, options != NULL ? options->bar_cache_bytes : 0, e);
    if (err == ERR_OK && options != NULL && options->shard_cache_bytes > 0)
        err = shard_cache_create(data_folder_cache_path(s.folder), options->shard_cache_bytes,
                                 &s.shard_cache, e);
    if (err == ERR_OK)
        *ret = s;
    else
        storage_close(&s);
    return err;
}

/* Readers close before the writing connection, which so is the last and empties the WAL. */
void storage_close(struct storage *s)
{
    shard_cache_free(s->shard_cache);
    bar_cache_free(s->bar_cache);
    readers_free(s->bar_readers);
    bar_store_free(s->bar_store);
    readers_free(s->readers);
    writer_free(s->writer);
    disk_guard_free(s->disk);
    data_folder_close(s->folder);
    *s = (struct storage){0};
}
