#include "db/ledger_repo.h"

#include <assert.h>

static const char SQL_PUT[] =
    "INSERT INTO ledger_chunks(job, series, first, count, data)"
    " SELECT seq, :series, :first, :count, :data FROM jobs WHERE id = :job"
    " ON CONFLICT(job, series, first) DO UPDATE SET count = excluded.count, data = excluded.data";
static const char SQL_SEAL[] =
    "INSERT INTO ledgers(job, trades, points) SELECT seq, :trades, :points FROM jobs WHERE id = "
    ":job"
    " ON CONFLICT(job) DO UPDATE SET trades = excluded.trades, points = excluded.points";
static const char SQL_UNSEAL[] =
    "DELETE FROM ledgers WHERE job = (SELECT seq FROM jobs WHERE id = :job)";
static const char SQL_DELETE[] =
    "DELETE FROM ledger_chunks WHERE id IN (SELECT id FROM ledger_chunks"
    " WHERE job = (SELECT seq FROM jobs WHERE id = :job) LIMIT :limit)";
static const char SQL_FIND[] =
    "SELECT l.trades, l.points FROM ledgers l JOIN jobs j ON j.seq = l.job WHERE j.id = :job";
static const char SQL_EACH[] =
    "SELECT c.first, c.count, c.data FROM ledger_chunks c JOIN ledgers l ON l.job = c.job"
    " WHERE c.job = (SELECT seq FROM jobs WHERE id = :job) AND c.series = :series"
    " AND c.first >= coalesce((SELECT max(p.first) FROM ledger_chunks p"
    "   WHERE p.job = c.job AND p.series = :series AND p.first <= :from), 0)"
    " ORDER BY c.first";

_Static_assert(LEDGER_TRADES == 0 && LEDGER_EQUITY == 1, "stored numbers");

static enum err run_for_job(struct statement *s, struct error *e)
{
    int64_t changes;
    enum err err = statement_run(s, &changes, e);
    if (err == ERR_OK && changes == 0)
        return error_set(e, ERR_NOT_FOUND, "there is no such job");
    return err;
}

enum err ledger_repo_put(struct db_write *w, const struct uuid *job_id, enum ledger_series series,
                         const struct ledger_chunk *chunk, struct error *e)
{
    assert(chunk->first >= 0 && chunk->count >= 1);
    struct statement *s = db_prepare(&w->read, SQL_PUT);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":series", series);
    statement_bind_int(s, ":first", chunk->first);
    statement_bind_int(s, ":count", chunk->count);
    statement_bind_blob(s, ":data", chunk->data, chunk->size_bytes);
    return run_for_job(s, e);
}

enum err ledger_repo_seal(struct db_write *w, const struct uuid *job_id,
                          const struct ledger_totals *totals, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_SEAL);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":trades", totals->trades);
    statement_bind_int(s, ":points", totals->points);
    return run_for_job(s, e);
}

enum err ledger_repo_delete(struct db_write *w, const struct uuid *job_id, int64_t limit,
                            bool *ret_left, struct error *e)
{
    assert(limit >= 1);
    int64_t changes;
    struct statement *s = db_prepare(&w->read, SQL_UNSEAL);
    statement_bind_uuid(s, ":job", job_id);
    enum err err = statement_run(s, NULL, e);
    if (err != ERR_OK)
        return err;
    s = db_prepare(&w->read, SQL_DELETE);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":limit", limit);
    err = statement_run(s, &changes, e);
    if (err == ERR_OK)
        *ret_left = changes == limit;
    return err;
}

enum err ledger_repo_find(const struct db_read *r, const struct uuid *job_id,
                          struct ledger_totals *ret, struct error *e)
{
    struct ledger_totals totals = {0};
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_uuid(s, ":job", job_id);
    bool found = statement_next(s);
    if (found)
        totals = (struct ledger_totals){.trades = statement_int(s, "trades"),
                                        .points = statement_int(s, "points")};
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    if (!found)
        return error_set(e, ERR_NOT_FOUND, "the job has no ledger");
    *ret = totals;
    return ERR_OK;
}

enum err ledger_repo_each(const struct db_read *r, const struct uuid *job_id,
                          enum ledger_series series, int64_t from, ledger_visit *visit,
                          void *context, struct error *e)
{
    enum err visited = ERR_OK;
    bool stop = false;
    struct statement *s = db_prepare(r, SQL_EACH);
    statement_bind_uuid(s, ":job", job_id);
    statement_bind_int(s, ":series", series);
    statement_bind_int(s, ":from", from);
    while (visited == ERR_OK && !stop && statement_next(s)) {
        struct ledger_chunk chunk = {.first = statement_int(s, "first"),
                                     .count = statement_int(s, "count")};
        chunk.data = statement_blob(s, "data", &chunk.size_bytes);
        visited = visit(context, &chunk, &stop, e);
    }
    enum err err = statement_finish(s, visited == ERR_OK ? e : NULL);
    return visited != ERR_OK ? visited : err;
}
