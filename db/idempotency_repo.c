#include "db/idempotency_repo.h"

#include "base/clock.h"
#include "db/rows.h"

#include <string.h>

static const char SQL_FIND[] =
    "SELECT body_sha256, status, resource_id, created_at_ns, response FROM idempotency"
    " WHERE key_id = :key_id AND key = :key";
static const char SQL_PUT[] =
    "INSERT INTO idempotency(key_id, key, body_sha256, status, resource_id, created_at_ns,"
    " response) VALUES(:key_id, :key, :body, :status, :resource_id, :now, :response)";
static const char SQL_OLDEST[] = "SELECT id, created_at_ns FROM idempotency ORDER BY id LIMIT 1";
static const char SQL_REMOVE[] = "DELETE FROM idempotency WHERE id = :id";

static bool read_row(struct statement *s, struct arena *arena, struct idempotency_row *row,
                     unsigned char body_sha256[SHA256_BYTES])
{
    row->status = (int32_t)statement_int(s, "status");
    row->resource_id = statement_uuid(s, "resource_id");
    row->created_at_ns = statement_int(s, "created_at_ns");
    row_bytes(s, "body_sha256", body_sha256, SHA256_BYTES);
    return row_text(s, "response", arena, &row->response);
}

enum err idempotency_repo_find(const struct db_read *r, const struct uuid *key_id, const char *key,
                               const unsigned char body_sha256[SHA256_BYTES], struct arena *arena,
                               bool *ret_found, struct idempotency_row *ret, struct error *e)
{
    struct idempotency_row row = {0};
    unsigned char stored_body[SHA256_BYTES] = {0};
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_uuid(s, ":key_id", key_id);
    statement_bind_text(s, ":key", key);
    bool found = statement_next(s);
    if (found && !read_row(s, arena, &row, stored_body))
        return rows_full(s, e);
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    if (found && memcmp(stored_body, body_sha256, SHA256_BYTES) != 0)
        return error_set(e, ERR_IDEMPOTENCY,
                         "the Idempotency-Key '%s' was used before with another body", key);
    *ret_found = found;
    if (found)
        *ret = row;
    return ERR_OK;
}

/* Faster than rows come, so that the table shrinks back after a busy day. */
enum { PRUNED_PER_PUT = 4 };

/* The oldest row, by the order in which they came, when it is past its time; else 0. */
static enum err find_outdated(struct db_write *w, int64_t before_ns, int64_t *ret_id,
                              struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_OLDEST);
    bool outdated = statement_next(s) && statement_int(s, "created_at_ns") < before_ns;
    *ret_id = outdated ? statement_int(s, "id") : 0;
    return statement_finish(s, e);
}

static enum err prune(struct db_write *w, int64_t now_ns, struct error *e)
{
    const int64_t before_ns = now_ns - IDEMPOTENCY_KEEP_HOURS * 60 * NS_PER_MINUTE;
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < PRUNED_PER_PUT; i++) {
        int64_t id;
        if ((err = find_outdated(w, before_ns, &id, e)) || !id)
            break;
        struct statement *s = db_prepare(&w->read, SQL_REMOVE);
        statement_bind_int(s, ":id", id);
        err = statement_run(s, NULL, e);
    }
    return err;
}

enum err idempotency_repo_put(struct db_write *w, const struct uuid *key_id, const char *key,
                              const unsigned char body_sha256[SHA256_BYTES],
                              const struct idempotency_row *row, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_PUT);
    statement_bind_uuid(s, ":key_id", key_id);
    statement_bind_text(s, ":key", key);
    statement_bind_blob(s, ":body", body_sha256, SHA256_BYTES);
    statement_bind_int(s, ":status", row->status);
    statement_bind_uuid(s, ":resource_id", &row->resource_id);
    statement_bind_int(s, ":now", row->created_at_ns);
    statement_bind_text(s, ":response", row->response);
    enum err err = statement_run(s, NULL, e);
    return err == ERR_OK ? prune(w, row->created_at_ns, e) : err;
}
