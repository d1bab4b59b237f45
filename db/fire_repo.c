#include "db/fire_repo.h"

#include <assert.h>

static const char SQL_PUT[] =
    "INSERT INTO fires(job, ordinal, count, data)"
    " SELECT seq, :ordinal, :count, :data FROM jobs WHERE id = :job"
    " ON CONFLICT(job, ordinal) DO UPDATE SET count = excluded.count, data = excluded.data";
static const char SQL_DELETE[] =
    "DELETE FROM fires WHERE job = (SELECT seq FROM jobs WHERE id = :job)";
static const char SQL_EACH[] =
    "SELECT f.ordinal, f.count, f.data FROM fires f"
    " WHERE f.job = (SELECT seq FROM jobs WHERE id = :job) AND f.ordinal >= :from"
    " ORDER BY f.ordinal";

enum err fire_repo_put(struct db_write *w, const struct uuid *job_id,
                       const struct fire_chunk *chunk, struct error *e)
{
    assert(chunk->count >= 1);
    int64_t changes;
    struct statement *s = db_prepare(&w->read, SQL_PUT);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":ordinal", chunk->ordinal);
    statement_bind_int(s, ":count", chunk->count);
    statement_bind_blob(s, ":data", chunk->data, chunk->size_bytes);
    enum err err = statement_run(s, &changes, e);
    if (err == ERR_OK && changes == 0)
        return error_set(e, ERR_NOT_FOUND, "there is no such job");
    return err;
}

enum err fire_repo_delete(struct db_write *w, const struct uuid *job_id, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_DELETE);
    statement_bind_uuid(s, ":job", job_id);
    return statement_run(s, NULL, e);
}

enum err fire_repo_each(const struct db_read *r, const struct uuid *job_id, int64_t from_ordinal,
                        fire_visit *visit, void *context, struct error *e)
{
    enum err visited = ERR_OK;
    bool stop = false;
    struct statement *s = db_prepare(r, SQL_EACH);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":from", from_ordinal);
    while (visited == ERR_OK && !stop && statement_next(s)) {
        struct fire_chunk chunk = {.ordinal = statement_int(s, "ordinal"),
                                   .count = statement_int(s, "count")};
        chunk.data = statement_blob(s, "data", &chunk.size_bytes);
        visited = visit(context, &chunk, &stop, e);
    }
    enum err err = statement_finish(s, visited == ERR_OK ? e : NULL);
    return visited != ERR_OK ? visited : err;
}
