/* Fires of jobs in bracketd.db: one row per shard that had any, its fires one blob of records of
 * equal size (opaque here), so that a page of fires is a part of one or two rows.
 */
#ifndef DB_FIRE_REPO_H
#define DB_FIRE_REPO_H

#include "db/sqlite.h"

struct fire_chunk {
    int64_t ordinal; /* of the shard in the job's plan */
    int64_t count;   /* fires, >= 1 */
    const void *data;
    size_t size_bytes;
};

/* Stores the fires of a shard; a second time for the same ordinal replaces them. ERR_NOT_FOUND
 * without such a job. They go with the job. */
enum err fire_repo_put(struct db_write *w, const struct uuid *job_id,
                       const struct fire_chunk *chunk, struct error *e);
/* Removes all of a job's. */
enum err fire_repo_delete(struct db_write *w, const struct uuid *job_id, struct error *e);

/* Calls back for each row with ordinal >= from_ordinal, in order; the chunk is valid during the
 * call. *stop ends the walk early. A callback's error ends it too and is returned. */
typedef enum err fire_visit(void *context, const struct fire_chunk *chunk, bool *stop,
                            struct error *e);
enum err fire_repo_each(const struct db_read *r, const struct uuid *job_id, int64_t from_ordinal,
                        fire_visit *visit, void *context, struct error *e);

#endif
