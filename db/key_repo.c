#include "db/key_repo.h"

#include "base/limits.h"
#include "db/rows.h"

#include <string.h>

#define KEY_COLUMNS                                                                                \
    "id, name, scopes, max_order_notional, max_open_notional, secret_sha256, created_at_ns,"       \
    " revoked_at_ns"

static const char SQL_INSERT[] =
    "INSERT INTO keys(id, name, scopes, max_order_notional, max_open_notional, secret_sha256,"
    " created_at_ns) VALUES(:id, :name, :scopes, :max_order, :max_open, :secret, :now)";
static const char SQL_REVOKE[] =
    "UPDATE keys SET revoked_at_ns = :now WHERE id = :id AND revoked_at_ns = 0";
static const char SQL_FIND_BY_SECRET[] =
    "SELECT " KEY_COLUMNS " FROM keys WHERE secret_sha256 = :secret AND revoked_at_ns = 0";
static const char SQL_FIND[] = "SELECT " KEY_COLUMNS " FROM keys WHERE id = :id";
static const char SQL_FIND_BY_NAME[] =
    "SELECT " KEY_COLUMNS " FROM keys WHERE name = :name AND revoked_at_ns = 0";
static const char SQL_LIST[] =
    "SELECT " KEY_COLUMNS " FROM keys WHERE :revoked OR revoked_at_ns = 0 ORDER BY seq DESC";
static const char SQL_COUNT[] = "SELECT count(*) FROM keys WHERE revoked_at_ns = 0";

static bool read_row(struct statement *s, struct arena *arena, struct key_row *ret)
{
    struct key_row row = {
        .id = statement_uuid(s, "id"),
        .scopes = (uint32_t)statement_int(s, "scopes"),
        .limits = {.max_order_notional = statement_int(s, "max_order_notional"),
                   .max_open_notional = statement_int(s, "max_open_notional")},
        .created_at_ns = statement_int(s, "created_at_ns"),
        .revoked_at_ns = statement_int(s, "revoked_at_ns"),
    };
    row_bytes(s, "secret_sha256", row.secret_sha256, sizeof row.secret_sha256);
    if (!row_text(s, "name", arena, &row.name))
        return false;
    *ret = row;
    return true;
}

/* For statements that give one row or none. */
static enum err read_one(struct statement *s, struct arena *arena, struct key_row *ret,
                         struct error *e)
{
    bool found = statement_next(s);
    if (found && !read_row(s, arena, ret))
        return rows_full(s, e);
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && !found)
        return error_set(e, ERR_NOT_FOUND, "there is no such key");
    return err;
}

enum err key_repo_count(const struct db_read *r, int64_t *ret_count, struct error *e)
{
    return db_query_int(r, SQL_COUNT, ret_count, e);
}

enum err key_repo_create(struct db_write *w, const struct key_row *key, struct error *e)
{
    int64_t count;
    enum err err = key_repo_count(&w->read, &count, e);
    if (err != ERR_OK)
        return err;
    if (count >= LIMIT_KEYS)
        return error_set(e, ERR_TOO_LARGE, "there are %d keys already; revoke some", LIMIT_KEYS);
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    statement_bind_uuid(s, ":id", &key->id);
    statement_bind_text(s, ":name", key->name);
    statement_bind_int(s, ":scopes", key->scopes);
    statement_bind_int(s, ":max_order", key->limits.max_order_notional);
    statement_bind_int(s, ":max_open", key->limits.max_open_notional);
    statement_bind_blob(s, ":secret", key->secret_sha256, sizeof key->secret_sha256);
    statement_bind_int(s, ":now", key->created_at_ns);
    err = statement_run(s, NULL, e);
    if (err == ERR_CONFLICT)
        return error_set(e, ERR_CONFLICT, "there is a key named '%s' already", key->name);
    return err;
}

enum err key_repo_revoke(struct db_write *w, const struct uuid *id, int64_t now_ns, struct error *e)
{
    int64_t changes;
    struct statement *s = db_prepare(&w->read, SQL_REVOKE);
    statement_bind_uuid(s, ":id", id);
    statement_bind_int(s, ":now", now_ns);
    enum err err = statement_run(s, &changes, e);
    if (err == ERR_OK && changes == 0)
        return error_set(e, ERR_NOT_FOUND, "there is no such key");
    return err;
}

enum err key_repo_find_by_secret(const struct db_read *r,
                                 const unsigned char secret_sha256[SHA256_BYTES],
                                 struct arena *arena, struct key_row *ret, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FIND_BY_SECRET);
    statement_bind_blob(s, ":secret", secret_sha256, SHA256_BYTES);
    return read_one(s, arena, ret, e);
}

enum err key_repo_find(const struct db_read *r, const struct uuid *id, struct arena *arena,
                       struct key_row *ret, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_uuid(s, ":id", id);
    return read_one(s, arena, ret, e);
}

enum err key_repo_find_by_name(const struct db_read *r, const char *name, struct arena *arena,
                               struct key_row *ret, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FIND_BY_NAME);
    statement_bind_text(s, ":name", name);
    return read_one(s, arena, ret, e);
}

enum err key_repo_list(const struct db_read *r, bool revoked, struct arena *arena,
                       struct key_rows *ret, struct error *e)
{
    struct key_rows rows = {0};
    size_t capacity = 0;
    struct statement *s = db_prepare(r, SQL_LIST);
    statement_bind_int(s, ":revoked", revoked);
    while (statement_next(s)) {
        struct key_row *items =
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
