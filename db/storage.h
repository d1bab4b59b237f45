/* An open data folder with everything on it, for the server and for the command line alike. */
#ifndef DB_STORAGE_H
#define DB_STORAGE_H

#include "db/bar_cache.h"
#include "db/bar_store.h"
#include "db/data_folder.h"
#include "db/disk_guard.h"
#include "db/readers.h"
#include "db/shard_cache.h"
#include "db/writer.h"

struct storage_options {
    int64_t bar_cache_bytes;                   /* 0 = LIMIT_BAR_CACHE_BYTES */
    int64_t shard_cache_bytes;                 /* 0 = results of shards are not kept */
    bool guard_disk;                           /* what follows is wanted, else there is no guard */
    int64_t disk_reserve_bytes, ballast_bytes; /* disk_guard.h */
    void (*failed)(void *context, const struct error *e); /* writer.h; NULL = not wanted */
    void *context;
};

/* All owned by the storage; use them freely from any thread. */
struct storage {
    struct data_folder *folder;
    struct disk_guard *disk;     /* NULL = none, as its functions take it */
    struct writer *writer;       /* bracketd.db */
    struct readers *readers;     /* bracketd.db */
    struct bar_store *bar_store; /* bars.db */
    struct readers *bar_readers; /* bars.db: series_repo, bar_repo */
    struct bar_cache *bar_cache;
    struct shard_cache *shard_cache; /* cache.db; NULL = none */
};

/* Takes the folder (ERR_CONFLICT "held by pid N"), migrates the databases, starts the writer. On
 * error nothing is left open. options may be NULL. */
enum err storage_open(const char *path, const struct storage_options *options, struct storage *ret,
                      struct error *e);
/* Drains the writer and closes all; a zeroed storage is fine. Whoever uses it must have ended. */
void storage_close(struct storage *s);

#endif
