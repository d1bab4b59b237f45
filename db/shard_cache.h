/* Kept results of shards in cache.db: bytes under a key, up to a limit; those used longest ago go
 * first.
 *
 * A file of its own, because nothing in it is needed: what is lost is computed again. So it is
 * written without an fsync per commit (synchronous=NORMAL), never stands in the way of a commit to
 * bracketd.db, may be left out of backups and deleted while nobody holds the folder, and is thrown
 * away when it is damaged. What was put outlives the process, kill -9 included; a loss of power may
 * take the newest.
 */
#ifndef DB_SHARD_CACHE_H
#define DB_SHARD_CACHE_H

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"

struct shard_cache;

struct shard_cache_item {
    unsigned char key[DATA_HASH_BYTES];
    const void *bytes;
    size_t size_bytes;
};

struct shard_cache_stats {
    int64_t entries, size_bytes;
    int64_t hits, misses, evictions;
};

/* Opens the file at `path`, or makes it. max_bytes >= 1 bounds the bytes of all results; the file
 * is a little larger. */
enum err shard_cache_create(const char *path, int64_t max_bytes, struct shard_cache **ret,
                            struct error *e);
void shard_cache_free(struct shard_cache *c); /* NULL is fine */

/* Appends what is kept under the key; false when there is nothing, or it cannot be read. Any
 * thread, several at once; blocks on disk. */
bool shard_cache_get(struct shard_cache *c, const unsigned char key[DATA_HASH_BYTES],
                     struct strbuf *into);
/* Keeps the items, replacing what is there under their keys, notes what was read since the last put
 * as used, and lets go of what is too much: one transaction. An item larger than the limit is left
 * out. Any thread, one at a time; blocks on disk. */
enum err shard_cache_put(struct shard_cache *c, const struct shard_cache_item *items, size_t count,
                         struct error *e);

struct shard_cache_stats shard_cache_stats(struct shard_cache *c);

#endif
