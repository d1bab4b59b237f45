/* Entries and their bytes are two tables: an entry is marked as used again and again, and SQLite
 * writes a row whole.
 *
 * "When" is a count of puts. Reads only remember which entries they found; the next put writes that
 * down with everything else.
 */
#include "db/shard_cache.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "db/migrations.h"
#include "db/readers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 16384,
    CHECKPOINT_PAGES = 2048, /* 32 MiB */
    USED_MAX = 8192,         /* remembered between two puts; beyond that an entry seems older */
    EVICTED_AT_ONCE = 64,
};

static const char SQL_FIND[] =
    "SELECT e.id, r.data FROM entries e JOIN results r ON r.id = e.id WHERE e.key = :key";
static const char SQL_ENTRY[] = "SELECT id, size_bytes FROM entries WHERE key = :key";
static const char SQL_INSERT[] =
    "INSERT INTO entries(key, used, size_bytes) VALUES(:key, :used, :size)";
static const char SQL_RESIZE[] =
    "UPDATE entries SET size_bytes = :size, used = :used WHERE id = :id";
static const char SQL_USE[] = "UPDATE entries SET used = :used WHERE id = :id AND used < :used";
static const char SQL_PUT_RESULT[] = "INSERT OR REPLACE INTO results(id, data) VALUES(:id, :data)";
static const char SQL_OLDEST[] =
    "SELECT id, size_bytes FROM entries ORDER BY used, id LIMIT :limit";
static const char SQL_DELETE_ENTRY[] = "DELETE FROM entries WHERE id = :id";
static const char SQL_DELETE_RESULT[] = "DELETE FROM results WHERE id = :id";
static const char SQL_COUNT[] = "SELECT count(*) FROM entries";
static const char SQL_SIZE[] = "SELECT coalesce(sum(size_bytes), 0) FROM entries";
static const char SQL_NEWEST[] = "SELECT coalesce(max(used), 0) FROM entries";

struct shard_cache {
    int64_t max_bytes;
    struct readers *readers;
    struct db_connection *connection; /* of the thread that is `busy` */
    int64_t now;                      /* likewise */

    struct mutex mutex;
    struct condition free_again;
    /* behind the mutex */
    bool busy;
    struct shard_cache_stats stats;
    size_t used_count;
    int64_t used[USED_MAX];
};

/* --- life --- */

static enum err open_file(struct shard_cache *c, const char *path, struct error *e)
{
    const struct db_options writing = {.mode = DB_CREATE, .page_bytes = PAGE_BYTES};
    const struct db_options reading = {.cache_bytes = 1 << 20};
    enum err err = db_open(path, &writing, &c->connection, e);
    if (err == ERR_OK)
        err = migrations_run(c->connection, &cache_migrations, e);
    if (err != ERR_OK)
        return err;
    struct db_read r = db_reading(c->connection);
    if ((err = db_query_int(&r, SQL_COUNT, &c->stats.entries, e)) != ERR_OK ||
        (err = db_query_int(&r, SQL_SIZE, &c->stats.size_bytes, e)) != ERR_OK ||
        (err = db_query_int(&r, SQL_NEWEST, &c->now, e)) != ERR_OK)
        return err;
    return readers_create(path, &reading, LIMIT_READERS, &c->readers, e);
}

static void close_file(struct shard_cache *c)
{
    readers_free(c->readers);
    db_close(c->connection);
    c->readers = NULL;
    c->connection = NULL;
}

static void remove_file(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[4096];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

enum err shard_cache_create(const char *path, int64_t max_bytes, struct shard_cache **ret,
                            struct error *e)
{
    assert(max_bytes >= 1);
    struct shard_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory making the cache of shards");
    c->max_bytes = max_bytes;
    mutex_init(&c->mutex, MUTEX_SHARD_CACHE);
    condition_init(&c->free_again);
    enum err err = open_file(c, path, e);
    if (err == ERR_DATA) {
        close_file(c);
        remove_file(path);
        err = open_file(c, path, e);
    }
    if (err == ERR_OK)
        *ret = c;
    else
        shard_cache_free(c);
    return err;
}

void shard_cache_free(struct shard_cache *c)
{
    if (c == NULL)
        return;
    assert(!c->busy);
    close_file(c);
    condition_release(&c->free_again);
    mutex_release(&c->mutex);
    free(c);
}

/* --- reading --- */

static enum err read_result(const struct db_read *r, const unsigned char key[DATA_HASH_BYTES],
                            struct strbuf *into, int64_t *ret_id)
{
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_blob(s, ":key", key, DATA_HASH_BYTES);
    *ret_id = 0;
    if (statement_next(s)) {
        size_t size_bytes;
        const void *bytes = statement_blob(s, "data", &size_bytes);
        strbuf_add(into, bytes, size_bytes);
        *ret_id = statement_int(s, "id");
    }
    return statement_finish(s, NULL);
}

bool shard_cache_get(struct shard_cache *c, const unsigned char key[DATA_HASH_BYTES],
                     struct strbuf *into)
{
    struct db_read reader = {0};
    int64_t id = 0;
    enum err err = readers_lease(c->readers, &reader, NULL);
    if (err == ERR_OK)
        err = read_result(&reader, key, into, &id);
    readers_return(c->readers, &reader);
    bool found = err == ERR_OK && id != 0;
    mutex_lock(&c->mutex);
    c->stats.hits += found;
    c->stats.misses += !found;
    if (found && c->used_count < USED_MAX)
        c->used[c->used_count++] = id;
    mutex_unlock(&c->mutex);
    return found;
}

/* --- writing --- */

/* A put's transaction; the cache learns of it once it is committed. */
struct put {
    struct shard_cache *cache;
    struct db_write w;
    int64_t used;                           /* now */
    int64_t entries, size_bytes, evictions; /* as they will be */
};

static enum err mark_used(struct put *p, const int64_t *ids, size_t count, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct statement *s = db_prepare(&p->w.read, SQL_USE);
        statement_bind_int(s, ":id", ids[i]);
        statement_bind_int(s, ":used", p->used);
        err = statement_run(s, NULL, e);
    }
    return err;
}

static enum err put_entry(struct put *p, const struct shard_cache_item *item, int64_t *ret_id,
                          struct error *e)
{
    struct statement *s = db_prepare(&p->w.read, SQL_ENTRY);
    statement_bind_blob(s, ":key", item->key, DATA_HASH_BYTES);
    bool found = statement_next(s);
    int64_t id = found ? statement_int(s, "id") : 0;
    int64_t old_bytes = found ? statement_int(s, "size_bytes") : 0;
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    s = db_prepare(&p->w.read, found ? SQL_RESIZE : SQL_INSERT);
    if (found)
        statement_bind_int(s, ":id", id);
    else
        statement_bind_blob(s, ":key", item->key, DATA_HASH_BYTES);
    statement_bind_int(s, ":used", p->used);
    statement_bind_int(s, ":size", (int64_t)item->size_bytes);
    err = statement_run(s, NULL, e);
    *ret_id = found ? id : db_last_id(&p->w);
    p->entries += !found;
    p->size_bytes += (int64_t)item->size_bytes - old_bytes;
    return err;
}

static enum err put_item(struct put *p, const struct shard_cache_item *item, struct error *e)
{
    int64_t id;
    if ((int64_t)item->size_bytes > p->cache->max_bytes)
        return ERR_OK;
    enum err err = put_entry(p, item, &id, e);
    if (err != ERR_OK)
        return err;
    struct statement *s = db_prepare(&p->w.read, SQL_PUT_RESULT);
    statement_bind_int(s, ":id", id);
    statement_bind_blob(s, ":data", item->bytes, item->size_bytes);
    return statement_run(s, NULL, e);
}

static enum err delete_entry(struct put *p, int64_t id, struct error *e)
{
    struct statement *s = db_prepare(&p->w.read, SQL_DELETE_RESULT);
    statement_bind_int(s, ":id", id);
    enum err err = statement_run(s, NULL, e);
    if (err != ERR_OK)
        return err;
    s = db_prepare(&p->w.read, SQL_DELETE_ENTRY);
    statement_bind_int(s, ":id", id);
    return statement_run(s, NULL, e);
}

static enum err evict_some(struct put *p, struct error *e)
{
    int64_t ids[EVICTED_AT_ONCE], size_bytes[EVICTED_AT_ONCE];
    size_t count = 0;
    struct statement *s = db_prepare(&p->w.read, SQL_OLDEST);
    statement_bind_int(s, ":limit", EVICTED_AT_ONCE);
    while (count < EVICTED_AT_ONCE && statement_next(s)) {
        ids[count] = statement_int(s, "id");
        size_bytes[count++] = statement_int(s, "size_bytes");
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && count == 0)
        p->size_bytes = 0; /* the sum was wrong: nothing is left */
    for (size_t i = 0; err == ERR_OK && i < count && p->size_bytes > p->cache->max_bytes; i++) {
        err = delete_entry(p, ids[i], e);
        p->size_bytes -= size_bytes[i];
        p->entries--;
        p->evictions++;
    }
    return err;
}

static enum err run_put(struct put *p, const struct shard_cache_item *items, size_t count,
                        const int64_t *used, size_t used_count, struct error *e)
{
    enum err err = db_begin(p->cache->connection, &p->w, e);
    if (err != ERR_OK)
        return err;
    err = mark_used(p, used, used_count, e);
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = put_item(p, &items[i], e);
    while (err == ERR_OK && p->size_bytes > p->cache->max_bytes)
        err = evict_some(p, e);
    if (err == ERR_OK)
        return db_commit(&p->w, e);
    if (db_is_writing(&p->w))
        db_rollback(&p->w);
    return err;
}

/* One put at a time; the work itself holds no lock. Takes the list of what was used. */
static struct put enter(struct shard_cache *c, int64_t *used, size_t *ret_used_count)
{
    may_block("shard_cache_put");
    mutex_lock(&c->mutex);
    while (c->busy)
        condition_wait(&c->free_again, &c->mutex);
    c->busy = true;
    memcpy(used, c->used, c->used_count * sizeof *used);
    *ret_used_count = c->used_count;
    c->used_count = 0;
    struct put p = {.cache = c,
                    .used = ++c->now,
                    .entries = c->stats.entries,
                    .size_bytes = c->stats.size_bytes};
    mutex_unlock(&c->mutex);
    return p;
}

static void leave(struct shard_cache *c, const struct put *done)
{
    mutex_lock(&c->mutex);
    if (done != NULL) {
        c->stats.entries = done->entries;
        c->stats.size_bytes = done->size_bytes;
        c->stats.evictions += done->evictions;
    }
    c->busy = false;
    condition_signal(&c->free_again);
    mutex_unlock(&c->mutex);
}

enum err shard_cache_put(struct shard_cache *c, const struct shard_cache_item *items, size_t count,
                         struct error *e)
{
    int64_t *used = malloc(USED_MAX * sizeof *used);
    size_t used_count;
    if (used == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory keeping shards");
    struct put p = enter(c, used, &used_count);
    enum err err = ERR_OK;
    if (count > 0 || used_count > 0)
        err = run_put(&p, items, count, used, used_count, e);
    if (err == ERR_OK && db_wal_pages(c->connection) >= CHECKPOINT_PAGES)
        err = db_checkpoint(c->connection, false, NULL, e);
    leave(c, err == ERR_OK ? &p : NULL);
    free(used);
    return err;
}

struct shard_cache_stats shard_cache_stats(struct shard_cache *c)
{
    mutex_lock(&c->mutex);
    struct shard_cache_stats stats = c->stats;
    mutex_unlock(&c->mutex);
    return stats;
}
