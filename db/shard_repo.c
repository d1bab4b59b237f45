#include "db/shard_repo.h"

#include "base/limits.h"
#include "db/rows.h"

#include <assert.h>

#define SHARD_COLUMNS                                                                              \
    "s.ordinal, s.symbol, s.from_day, s.to_day, s.status, s.attempts, s.bars, s.fires,"            \
    " s.elapsed_us, s.worker, s.cached, s.error"

static const char SQL_PUT[] =
    "INSERT INTO shards(job, ordinal, symbol, from_day, to_day, status, attempts, bars, fires,"
    " elapsed_us, worker, cached, error)"
    " SELECT seq, :ordinal, :symbol, :from_day, :to_day, :status, :attempts, :bars, :fires,"
    " :elapsed_us, :worker, :cached, :error FROM jobs WHERE id = :job"
    " ON CONFLICT(job, ordinal) DO UPDATE SET symbol = excluded.symbol,"
    " from_day = excluded.from_day, to_day = excluded.to_day, status = excluded.status,"
    " attempts = excluded.attempts, bars = excluded.bars, fires = excluded.fires,"
    " elapsed_us = excluded.elapsed_us, worker = excluded.worker, cached = excluded.cached,"
    " error = excluded.error";
static const char SQL_LIST[] =
    "SELECT " SHARD_COLUMNS " FROM shards s"
    " WHERE s.job = (SELECT seq FROM jobs WHERE id = :job) AND s.ordinal > :after"
    " ORDER BY s.ordinal LIMIT :limit";
static const char SQL_COUNT[] =
    "SELECT count(*) AS count, coalesce(max(ordinal), -1) AS last FROM shards"
    " WHERE job = (SELECT seq FROM jobs WHERE id = :job) AND status = 0";
static const char SQL_DELETE[] =
    "DELETE FROM shards WHERE job = (SELECT seq FROM jobs WHERE id = :job)";

_Static_assert(SHARD_SUCCEEDED == 0, "stored number");

enum err shard_repo_put(struct db_write *w, const struct uuid *job_id,
                        const struct shard_row *shard, struct error *e)
{
    int64_t changes;
    struct statement *s = db_prepare(&w->read, SQL_PUT);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":ordinal", shard->ordinal);
    statement_bind_text(s, ":symbol", shard->symbol);
    statement_bind_int(s, ":from_day", shard->from_day);
    statement_bind_int(s, ":to_day", shard->to_day);
    statement_bind_int(s, ":status", shard->status);
    statement_bind_int(s, ":attempts", shard->attempts);
    statement_bind_int(s, ":bars", shard->bars);
    statement_bind_int(s, ":fires", shard->fires);
    statement_bind_int(s, ":elapsed_us", shard->elapsed_us);
    statement_bind_int(s, ":worker", shard->worker);
    statement_bind_int(s, ":cached", shard->cached);
    statement_bind_text(s, ":error", shard->error);
    enum err err = statement_run(s, &changes, e);
    if (err == ERR_OK && changes == 0)
        return error_set(e, ERR_NOT_FOUND, "there is no such job");
    return err;
}

/* All but the texts. */
static struct shard_row read_numbers(struct statement *s)
{
    return (struct shard_row){
        .ordinal = statement_int(s, "ordinal"),
        .from_day = (int32_t)statement_int(s, "from_day"),
        .to_day = (int32_t)statement_int(s, "to_day"),
        .status = (enum shard_status)statement_int(s, "status"),
        .attempts = (int32_t)statement_int(s, "attempts"),
        .bars = statement_int(s, "bars"),
        .fires = statement_int(s, "fires"),
        .elapsed_us = statement_int(s, "elapsed_us"),
        .worker = (int32_t)statement_int(s, "worker"),
        .cached = statement_int(s, "cached") != 0,
    };
}

enum err shard_repo_list(const struct db_read *r, const struct uuid *job_id, int64_t after_ordinal,
                         int64_t limit, struct arena *arena, struct shard_rows *ret,
                         struct error *e)
{
    assert(limit >= 1 && limit <= INT32_MAX);
    struct shard_rows rows = {0};
    size_t capacity = 0;
    struct statement *s = db_prepare(r, SQL_LIST);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":after", after_ordinal);
    statement_bind_int(s, ":limit", limit + 1);
    while (statement_next(s)) {
        if ((int64_t)rows.count == limit) {
            rows.more = true;
            break;
        }
        rows.items = rows_grow(arena, rows.items, rows.count, &capacity, sizeof *rows.items);
        if (rows.items == NULL)
            return rows_full(s, e);
        struct shard_row *row = &rows.items[rows.count++];
        *row = read_numbers(s);
        if (!row_text(s, "symbol", arena, &row->symbol) ||
            !row_text(s, "error", arena, &row->error))
            return rows_full(s, e);
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *ret = rows;
    return err;
}

enum err shard_repo_count(const struct db_read *r, const struct uuid *job_id, int64_t *ret,
                          struct error *e)
{
    struct statement *s = db_prepare(r, SQL_COUNT);
    statement_bind_uuid(s, ":job", job_id);
    bool found = statement_next(s);
    int64_t count = found ? statement_int(s, "count") : 0;
    bool whole = found && statement_int(s, "last") == count - 1;
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *ret = whole ? count : 0;
    return err;
}

enum err shard_repo_delete(struct db_write *w, const struct uuid *job_id, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_DELETE);
    statement_bind_uuid(s, ":job", job_id);
    return statement_run(s, NULL, e);
}
