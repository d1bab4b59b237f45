/* Shards of jobs in bracketd.db: the ledger of what a job has stored. Their results are not here:
 * a job that goes on finds them in the cache (shard_cache.h), or computes them again.
 */
#ifndef DB_SHARD_REPO_H
#define DB_SHARD_REPO_H

#include "base/arena.h"
#include "db/sqlite.h"

enum shard_status { SHARD_SUCCEEDED, SHARD_FAILED };

struct shard_row {
    int64_t ordinal; /* 0-based place in the job's plan */
    const char *symbol;
    int32_t from_day, to_day; /* inclusive */
    enum shard_status status;
    bool cached;      /* the result was there already */
    int32_t attempts; /* 0 when it was; else 1..LIMIT_SHARD_ATTEMPTS, and one more of a proof */
    int64_t bars, fires;
    int64_t elapsed_us;
    int32_t worker;
    const char *error; /* or NULL */
};

struct shard_rows {
    struct shard_row *items;
    size_t count;
    bool more; /* the next page begins after the last item's ordinal */
};

/* Stores the end of a shard; a second time for the same ordinal replaces it. */
enum err shard_repo_put(struct db_write *w, const struct uuid *job_id,
                        const struct shard_row *shard, struct error *e);
/* Shards with ordinal > after_ordinal (-1 = all) in order, at most `limit`. */
enum err shard_repo_list(const struct db_read *r, const struct uuid *job_id, int64_t after_ordinal,
                         int64_t limit, struct arena *arena, struct shard_rows *ret,
                         struct error *e);
/* How many shards have succeeded, from the first one on without a hole; 0 when there is one. */
enum err shard_repo_count(const struct db_read *r, const struct uuid *job_id, int64_t *ret,
                          struct error *e);
/* Removes all of a job's. */
enum err shard_repo_delete(struct db_write *w, const struct uuid *job_id, struct error *e);

#endif
