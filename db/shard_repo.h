/* Shards of jobs in bracketd.db: the ledger a job resumes from. A payload is the engine's encoded
 * result of the shard; opaque here.
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
    int32_t attempts; /* 1..LIMIT_SHARD_ATTEMPTS */
    int64_t bars, fires;
    int64_t elapsed_us;
    int32_t worker;
    const char *error;   /* or NULL */
    const void *payload; /* or NULL; shard_repo_list leaves it out */
    size_t payload_bytes;
};

struct shard_rows {
    struct shard_row *items;
    size_t count;
    bool more; /* the next page begins after the last item's ordinal */
};

/* Stores the end of a shard; a second time for the same ordinal replaces it. */
enum err shard_repo_put(struct db_write *w, const struct uuid *job_id,
                        const struct shard_row *shard, struct error *e);
/* Shards with ordinal > after_ordinal (-1 = all) in order, at most `limit`, without payloads. */
enum err shard_repo_list(const struct db_read *r, const struct uuid *job_id, int64_t after_ordinal,
                         int64_t limit, struct arena *arena, struct shard_rows *ret,
                         struct error *e);
/* Calls back for every succeeded shard in order, payload included; the row is valid during the
 * call. A callback's error ends the walk and is returned. */
typedef enum err shard_visit(void *context, const struct shard_row *shard, struct error *e);
enum err shard_repo_each(const struct db_read *r, const struct uuid *job_id, shard_visit *visit,
                         void *context, struct error *e);
/* Removes all of a job's. */
enum err shard_repo_delete(struct db_write *w, const struct uuid *job_id, struct error *e);

#endif
