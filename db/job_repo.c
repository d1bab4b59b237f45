#include "db/job_repo.h"

#include "base/limits.h"
#include "db/rows.h"

#include <assert.h>
#include <string.h>

/* All but the result, which is a job's one large column. */
#define JOB_COLUMNS                                                                                \
    "id, kind, status, name, key_id, created_at_ns, started_at_ns, finished_at_ns, shards_done,"   \
    " shards_total, shards_cached, bars_done, bars_total, cost, engine_version, data_hash, rev,"   \
    " error, request, (SELECT n.notes FROM job_notes n WHERE n.job = jobs.seq) AS notes"

static const char SQL_INSERT[] =
    "INSERT INTO jobs(id, kind, status, name, key_id, created_at_ns, started_at_ns,"
    " finished_at_ns, shards_done, shards_total, shards_cached, bars_done, bars_total, cost,"
    " engine_version, data_hash,"
    " rev, error, request, result)"
    " VALUES(:id, :kind, :status, :name, :key_id, :created, :started, :finished, :shards_done,"
    " :shards_total, :shards_cached, :bars_done, :bars_total, :cost, :engine_version, :data_hash, "
    "1, :error, :request,"
    " :result)";
static const char SQL_FIND[] = "SELECT " JOB_COLUMNS ", result FROM jobs WHERE id = :id";
static const char SQL_FIND_SUMMARY[] = "SELECT " JOB_COLUMNS " FROM jobs WHERE id = :id";
static const char SQL_LIST[] =
    "SELECT " JOB_COLUMNS " FROM jobs WHERE id < :before AND (:kind IS NULL OR kind = :kind)"
    " AND (:statuses = 0 OR (:statuses >> status) & 1)"
    " AND (:name IS NULL OR instr(lower(name), lower(:name)) > 0) ORDER BY id DESC LIMIT :limit";
static const char SQL_UNFINISHED[] =
    "SELECT " JOB_COLUMNS " FROM jobs WHERE status < 2 ORDER BY id";
static const char SQL_STATUS[] = "SELECT status FROM jobs WHERE id = :id";
static const char SQL_START[] =
    "UPDATE jobs SET status = 1, rev = rev + 1, data_hash = :data_hash,"
    " started_at_ns = CASE started_at_ns WHEN 0 THEN :now ELSE started_at_ns END,"
    " shards_done = :shards_done, shards_total = :shards_total,"
    " shards_cached = :shards_cached, bars_done = :bars_done,"
    " bars_total = :bars_total WHERE id = :id AND status < 2";
static const char SQL_PROGRESS[] =
    "UPDATE jobs SET rev = rev + 1, shards_done = :shards_done, shards_total = :shards_total,"
    " shards_cached = :shards_cached, bars_done = :bars_done, bars_total = :bars_total WHERE id = "
    ":id AND status < 2";
static const char SQL_FINISH[] =
    "UPDATE jobs SET status = :status, rev = rev + 1, finished_at_ns = :now, result = :result,"
    " error = :error, shards_done = :shards_done, shards_total = :shards_total,"
    " shards_cached = :shards_cached, bars_done = :bars_done, bars_total = :bars_total"
    " WHERE id = :id AND status < 2";
static const char SQL_TOUCH[] = "UPDATE jobs SET rev = rev + 1 WHERE id = :id";
static const char SQL_SET_NAME[] = "UPDATE jobs SET name = :name WHERE id = :id";
static const char SQL_SET_NOTES[] =
    "INSERT INTO job_notes(job, notes) SELECT seq, :notes FROM jobs WHERE id = :id"
    " ON CONFLICT(job) DO UPDATE SET notes = excluded.notes";
static const char SQL_DROP_NOTES[] =
    "DELETE FROM job_notes WHERE job = (SELECT seq FROM jobs WHERE id = :id)";
static const char SQL_DELETE[] = "DELETE FROM jobs WHERE id = :id AND status >= 2";

/* The statements and the index jobs_unfinished say 2 for "has ended". */
_Static_assert(JOB_QUEUED == 0 && JOB_RUNNING == 1 && JOB_SUCCEEDED == 2, "stored numbers");

static const char *const status_names[] = {
#define X(name, text) [JOB_##name] = (text),
    JOB_STATUS_TABLE(X)
#undef X
};

const char *job_status_name(enum job_status s)
{
    assert(s >= 0 && s < JOB_STATUS_COUNT);
    return status_names[s];
}

bool job_status_parse(const char *text, enum job_status *ret)
{
    for (int s = 0; s < JOB_STATUS_COUNT; s++) {
        if (strcmp(text, status_names[s]) != 0)
            continue;
        *ret = (enum job_status)s;
        return true;
    }
    return false;
}

bool job_status_is_final(enum job_status s)
{
    return s >= JOB_SUCCEEDED;
}

static void bind_progress(struct statement *s, const struct job_progress *p)
{
    statement_bind_int(s, ":shards_done", p->shards_done);
    statement_bind_int(s, ":shards_total", p->shards_total);
    statement_bind_int(s, ":shards_cached", p->shards_cached);
    statement_bind_int(s, ":bars_done", p->bars_done);
    statement_bind_int(s, ":bars_total", p->bars_total);
}

/* NULL removes them. */
static enum err set_notes(struct db_write *w, const struct uuid *id, const char *notes,
                          struct error *e)
{
    struct statement *s = db_prepare(&w->read, notes != NULL ? SQL_SET_NOTES : SQL_DROP_NOTES);
    statement_bind_uuid(s, ":id", id);
    if (notes != NULL)
        statement_bind_text(s, ":notes", notes);
    return statement_run(s, NULL, e);
}

enum err job_repo_create(struct db_write *w, const struct job_row *job, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    statement_bind_uuid(s, ":id", &job->id);
    statement_bind_text(s, ":kind", job->kind);
    statement_bind_int(s, ":status", job->status);
    statement_bind_text(s, ":name", job->name);
    statement_bind_uuid(s, ":key_id", &job->key_id);
    statement_bind_int(s, ":created", job->created_at_ns);
    statement_bind_int(s, ":started", job->started_at_ns);
    statement_bind_int(s, ":finished", job->finished_at_ns);
    bind_progress(s, &job->progress);
    statement_bind_int(s, ":cost", job->cost);
    statement_bind_text(s, ":engine_version", job->engine_version);
    statement_bind_blob(s, ":data_hash", job->data_hash, sizeof job->data_hash);
    statement_bind_text(s, ":error", job->error);
    statement_bind_text(s, ":request", job->request);
    statement_bind_text(s, ":result", job->result);
    enum err err = statement_run(s, NULL, e);
    return err != ERR_OK || job->notes == NULL ? err : set_notes(w, &job->id, job->notes, e);
}

static bool read_row(struct statement *s, struct arena *arena, struct job_row *ret)
{
    struct job_row row = {
        .id = statement_uuid(s, "id"),
        .status = (enum job_status)statement_int(s, "status"),
        .key_id = statement_uuid(s, "key_id"),
        .created_at_ns = statement_int(s, "created_at_ns"),
        .started_at_ns = statement_int(s, "started_at_ns"),
        .finished_at_ns = statement_int(s, "finished_at_ns"),
        .progress = {.shards_done = statement_int(s, "shards_done"),
                     .shards_total = statement_int(s, "shards_total"),
                     .shards_cached = statement_int(s, "shards_cached"),
                     .bars_done = statement_int(s, "bars_done"),
                     .bars_total = statement_int(s, "bars_total")},
        .cost = statement_int(s, "cost"),
        .rev = statement_int(s, "rev"),
    };
    row_bytes(s, "data_hash", row.data_hash, sizeof row.data_hash);
    if (!row_text(s, "kind", arena, &row.kind) || !row_text(s, "name", arena, &row.name) ||
        !row_text(s, "notes", arena, &row.notes) ||
        !row_text(s, "engine_version", arena, &row.engine_version) ||
        !row_text(s, "error", arena, &row.error) || !row_text(s, "request", arena, &row.request))
        return false;
    *ret = row;
    return true;
}

static enum err not_found(struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "there is no such job");
}

static enum err find_row(struct statement *s, const struct uuid *id, bool result,
                         struct arena *arena, struct job_row *ret, struct error *e)
{
    struct job_row row;
    statement_bind_uuid(s, ":id", id);
    bool found = statement_next(s);
    if (found &&
        (!read_row(s, arena, &row) || (result && !row_text(s, "result", arena, &row.result))))
        return rows_full(s, e);
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    if (!found)
        return not_found(e);
    *ret = row;
    return ERR_OK;
}

enum err job_repo_find(const struct db_read *r, const struct uuid *id, struct arena *arena,
                       struct job_row *ret, struct error *e)
{
    return find_row(db_prepare(r, SQL_FIND), id, true, arena, ret, e);
}

enum err job_repo_find_summary(const struct db_read *r, const struct uuid *id, struct arena *arena,
                               struct job_row *ret, struct error *e)
{
    return find_row(db_prepare(r, SQL_FIND_SUMMARY), id, false, arena, ret, e);
}

/* Reads all rows of a statement without result; `limit` rows at most, one more shows that there are
 * more. */
static enum err read_rows(struct statement *s, size_t limit, struct arena *arena,
                          struct job_rows *ret, struct error *e)
{
    struct job_rows rows = {0};
    size_t capacity = 0;
    while (statement_next(s)) {
        if (rows.count == limit) {
            rows.more = true;
            break;
        }
        struct job_row *items =
            rows_grow(arena, rows.items, rows.count, &capacity, sizeof *rows.items);
        if (items == NULL || !read_row(s, arena, &items[rows.count]))
            return rows_full(s, e);
        rows.items = items;
        rows.count++;
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *ret = rows;
    return err;
}

enum err job_repo_list(const struct db_read *r, const struct job_filter *filter,
                       struct arena *arena, struct job_rows *ret, struct error *e)
{
    assert(filter->limit >= 1 && filter->limit <= LIMIT_PAGE_ITEMS);
    unsigned char above_all[sizeof(struct uuid) + 1];
    memset(above_all, 0xff, sizeof above_all);
    struct statement *s = db_prepare(r, SQL_LIST);
    if (filter->before != NULL)
        statement_bind_uuid(s, ":before", filter->before);
    else
        statement_bind_blob(s, ":before", above_all, sizeof above_all);
    statement_bind_text(s, ":kind", filter->kind);
    statement_bind_int(s, ":statuses", filter->statuses);
    statement_bind_text(s, ":name", filter->name);
    statement_bind_int(s, ":limit", filter->limit + 1);
    return read_rows(s, (size_t)filter->limit, arena, ret, e);
}

enum err job_repo_unfinished(const struct db_read *r, struct arena *arena, struct job_rows *ret,
                             struct error *e)
{
    return read_rows(db_prepare(r, SQL_UNFINISHED), SIZE_MAX, arena, ret, e);
}

enum err job_repo_status(const struct db_read *r, const struct uuid *id, enum job_status *ret,
                         struct error *e)
{
    struct statement *s = db_prepare(r, SQL_STATUS);
    statement_bind_uuid(s, ":id", id);
    bool found = statement_next(s);
    enum job_status status = found ? (enum job_status)statement_int(s, "status") : JOB_QUEUED;
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && !found)
        return not_found(e);
    if (err == ERR_OK)
        *ret = status;
    return err;
}

/* Runs an UPDATE that spares final jobs. */
static enum err update(struct db_write *w, struct statement *s, const struct uuid *id,
                       struct error *e)
{
    int64_t changes;
    enum job_status status;
    statement_bind_uuid(s, ":id", id);
    enum err err = statement_run(s, &changes, e);
    if (err != ERR_OK || changes > 0)
        return err;
    err = job_repo_status(&w->read, id, &status, e);
    return err != ERR_OK
               ? err
               : error_set(e, ERR_CONFLICT, "the job has ended: %s", job_status_name(status));
}

enum err job_repo_start(struct db_write *w, const struct uuid *id, int64_t now_ns,
                        const unsigned char data_hash[DATA_HASH_BYTES],
                        const struct job_progress *progress, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_START);
    statement_bind_int(s, ":now", now_ns);
    statement_bind_blob(s, ":data_hash", data_hash, DATA_HASH_BYTES);
    bind_progress(s, progress);
    return update(w, s, id, e);
}

enum err job_repo_set_progress(struct db_write *w, const struct uuid *id,
                               const struct job_progress *progress, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_PROGRESS);
    bind_progress(s, progress);
    return update(w, s, id, e);
}

enum err job_repo_finish(struct db_write *w, const struct uuid *id, enum job_status status,
                         int64_t now_ns, const struct job_progress *progress, const char *result,
                         const char *error, struct error *e)
{
    assert(job_status_is_final(status));
    struct statement *s = db_prepare(&w->read, SQL_FINISH);
    statement_bind_int(s, ":status", status);
    statement_bind_int(s, ":now", now_ns);
    bind_progress(s, progress);
    statement_bind_text(s, ":result", result);
    statement_bind_text(s, ":error", error);
    return update(w, s, id, e);
}

enum err job_repo_label(struct db_write *w, const struct uuid *id, const struct job_label *label,
                        struct error *e)
{
    int64_t changes;
    struct statement *s = db_prepare(&w->read, SQL_TOUCH);
    statement_bind_uuid(s, ":id", id);
    enum err err = statement_run(s, &changes, e);
    if (err == ERR_OK && changes == 0)
        err = not_found(e);
    if (err == ERR_OK && label->sets_name) {
        s = db_prepare(&w->read, SQL_SET_NAME);
        statement_bind_uuid(s, ":id", id);
        statement_bind_text(s, ":name", label->name);
        err = statement_run(s, NULL, e);
    }
    if (err == ERR_OK && label->sets_notes)
        err = set_notes(w, id, label->notes, e);
    return err;
}

enum err job_repo_delete(struct db_write *w, const struct uuid *id, struct error *e)
{
    int64_t changes;
    enum job_status status;
    struct statement *s = db_prepare(&w->read, SQL_DELETE);
    statement_bind_uuid(s, ":id", id);
    enum err err = statement_run(s, &changes, e);
    if (err != ERR_OK || changes > 0)
        return err;
    err = job_repo_status(&w->read, id, &status, e);
    return err != ERR_OK ? err
                         : error_set(e, ERR_CONFLICT, "the job is %s: cancel it first",
                                     job_status_name(status));
}
