/* Prepared statements with a cache per connection, and blob handles.
 *
 * The cache is keyed by the address of the SQL constant: finding a statement costs one
 * multiplication and a compare. It only grows, up to LIMIT_STATEMENTS, because the program's
 * statements are finite.
 */
#include "db/sqlite_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct db_blob {
    sqlite3_blob *handle;
    struct db_connection *connection;
};

/* --- the cache --- */

static size_t slot_of(const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 40) % STATEMENT_SLOTS;
}

static struct statement *find_slot(struct db_connection *c, const char *sql)
{
    size_t slot = slot_of(sql);
    while (c->statements[slot].sql != NULL && c->statements[slot].sql != sql)
        slot = (slot + 1) % STATEMENT_SLOTS;
    struct statement *s = &c->statements[slot];
    if (s->sql == NULL) {
        assert(c->statement_count < LIMIT_STATEMENTS);
        c->statement_count++;
        s->sql = sql;
        s->connection = c;
    }
    return s;
}

struct statement *db_prepare(const struct db_read *r, const char *sql)
{
    struct statement *s = find_slot(r->connection, sql);
    assert(!s->in_use);
    s->in_use = true;
    s->parameters.next = 0;
    if (s->handle == NULL)
        s->failure = sqlite3_prepare_v3(r->connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &s->handle, NULL);
    return s;
}

void db_statements_release(struct db_connection *c)
{
    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        assert(!c->statements[i].in_use);
        sqlite3_finalize(c->statements[i].handle);
    }
}

/* --- names --- */

/* The place of the name that is asked for now, or -1 when it was another one the last time. Call
 * remember() then. */
static int recall(struct name_places *p, const char *name)
{
    int32_t at = p->next++;
    return at < NAMES_MAX && p->names[at] == name ? p->places[at] : -1;
}

static int remember(struct name_places *p, const char *name, int place)
{
    int32_t at = p->next - 1;
    if (at < NAMES_MAX) {
        p->names[at] = name;
        p->places[at] = (int16_t)place;
    }
    return place;
}

/* --- parameters --- */

/* The place of a parameter, or 0 when the statement has failed already. */
static int parameter(struct statement *s, const char *name)
{
    if (s->failure != SQLITE_OK)
        return 0;
    int place = recall(&s->parameters, name);
    if (place > 0)
        return place;
    place = sqlite3_bind_parameter_index(s->handle, name);
    assert(place > 0); /* a name that the SQL does not have */
    return remember(&s->parameters, name, place);
}

static void note(struct statement *s, int code)
{
    if (s->failure == SQLITE_OK)
        s->failure = code;
}

void statement_bind_int(struct statement *s, const char *name, int64_t value)
{
    int place = parameter(s, name);
    if (place > 0)
        note(s, sqlite3_bind_int64(s->handle, place, value));
}

void statement_bind_double(struct statement *s, const char *name, double value)
{
    int place = parameter(s, name);
    if (place > 0)
        note(s, sqlite3_bind_double(s->handle, place, value));
}

void statement_bind_text(struct statement *s, const char *name, const char *text)
{
    int place = parameter(s, name);
    if (place > 0)
        note(s, text == NULL ? sqlite3_bind_null(s->handle, place)
                             : sqlite3_bind_text64(s->handle, place, text, strlen(text),
                                                   SQLITE_STATIC, SQLITE_UTF8));
}

void statement_bind_blob(struct statement *s, const char *name, const void *bytes,
                         size_t size_bytes)
{
    int place = parameter(s, name);
    if (place > 0)
        note(s, bytes == NULL
                    ? sqlite3_bind_null(s->handle, place)
                    : sqlite3_bind_blob64(s->handle, place, bytes, size_bytes, SQLITE_STATIC));
}

void statement_bind_uuid(struct statement *s, const char *name, const struct uuid *id)
{
    statement_bind_blob(s, name, id == NULL ? NULL : id->bytes, sizeof id->bytes);
}

void statement_bind_null(struct statement *s, const char *name)
{
    statement_bind_blob(s, name, NULL, 0);
}

/* --- running --- */

bool statement_next(struct statement *s)
{
    assert(s->in_use);
    if (s->failure != SQLITE_OK)
        return false;
    s->columns.next = 0;
    int code = sqlite3_step(s->handle);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        s->failure = code;
        db_note_failure(s->connection, code);
    }
    return false;
}

enum err statement_finish(struct statement *s, struct error *e)
{
    assert(s->in_use);
    s->in_use = false;
    int failure = s->failure;
    s->failure = SQLITE_OK;
    bool handle_says = true;
    if (s->handle != NULL) {
        /* A reset repeats the error of the last step, and so puts its message back on the
         * connection even when another statement ran in between. */
        handle_says = sqlite3_reset(s->handle) == failure;
        sqlite3_clear_bindings(s->handle);
    }
    return failure == SQLITE_OK ? ERR_OK : db_failure(s->connection, failure, handle_says, e);
}

enum err statement_run(struct statement *s, int64_t *ret_changes, struct error *e)
{
    while (statement_next(s))
        ;
    int64_t changes = sqlite3_changes64(s->connection->handle);
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && ret_changes != NULL)
        *ret_changes = changes;
    return err;
}

int64_t db_last_id(const struct db_write *w)
{
    return sqlite3_last_insert_rowid(w->read.connection->handle);
}

enum err db_query_int(const struct db_read *r, const char *sql, int64_t *ret_value, struct error *e)
{
    struct statement *s = db_prepare(r, sql);
    bool found = statement_next(s);
    int64_t value = found ? sqlite3_column_int64(s->handle, 0) : 0;
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    if (!found)
        return error_set(e, ERR_NOT_FOUND, "no row for: %s", sql);
    *ret_value = value;
    return ERR_OK;
}

/* --- columns --- */

static int find_column(struct statement *s, const char *name)
{
    int count = sqlite3_column_count(s->handle);
    for (int i = 0; i < count; i++) {
        const char *have = sqlite3_column_name(s->handle, i);
        if (have != NULL && strcmp(have, name) == 0)
            return i;
    }
    assert(!"a column that the statement does not have");
    return -1;
}

int statement_column(struct statement *s, const char *name)
{
    int column = recall(&s->columns, name);
    return column >= 0 ? column : remember(&s->columns, name, find_column(s, name));
}

int64_t statement_int_at(struct statement *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

const void *statement_blob_at(struct statement *s, int column, size_t *ret_size_bytes)
{
    const void *bytes = sqlite3_column_blob(s->handle, column);
    *ret_size_bytes = (size_t)sqlite3_column_bytes(s->handle, column);
    return bytes;
}

int64_t statement_int(struct statement *s, const char *name)
{
    return sqlite3_column_int64(s->handle, statement_column(s, name));
}

double statement_double(struct statement *s, const char *name)
{
    return sqlite3_column_double(s->handle, statement_column(s, name));
}

const char *statement_text(struct statement *s, const char *name)
{
    return (const char *)sqlite3_column_text(s->handle, statement_column(s, name));
}

const void *statement_blob(struct statement *s, const char *name, size_t *ret_size_bytes)
{
    return statement_blob_at(s, statement_column(s, name), ret_size_bytes);
}

struct uuid statement_uuid(struct statement *s, const char *name)
{
    struct uuid id = {{0}};
    size_t size = 0;
    const void *bytes = statement_blob(s, name, &size);
    if (bytes != NULL && size == sizeof id.bytes)
        memcpy(id.bytes, bytes, size);
    return id;
}

bool statement_is_null(struct statement *s, const char *name)
{
    return sqlite3_column_type(s->handle, statement_column(s, name)) == SQLITE_NULL;
}

/* --- blobs --- */

/* A missing row is SQLITE_ERROR with a text of its own; everything else is what it says. */
static enum err blob_failure(const struct db_connection *c, int code, int64_t rowid,
                             struct error *e)
{
    if (code == SQLITE_ERROR)
        return error_set(e, ERR_NOT_FOUND, "%s: no blob in row %lld", c->name, (long long)rowid);
    return db_failure(c, code, true, e);
}

enum err db_blob_open(const struct db_read *r, const char *table, const char *column, int64_t rowid,
                      struct db_blob **ret, struct error *e)
{
    struct db_blob *b = calloc(1, sizeof *b);
    if (b == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory opening a blob");
    b->connection = r->connection;
    int code =
        sqlite3_blob_open(r->connection->handle, "main", table, column, rowid, 0, &b->handle);
    if (code != SQLITE_OK) {
        enum err err = blob_failure(b->connection, code, rowid, e);
        db_blob_close(b);
        return err;
    }
    *ret = b;
    return ERR_OK;
}

enum err db_blob_move(struct db_blob *b, int64_t rowid, struct error *e)
{
    int code = sqlite3_blob_reopen(b->handle, rowid);
    return code == SQLITE_OK ? ERR_OK : blob_failure(b->connection, code, rowid, e);
}

size_t db_blob_size(const struct db_blob *b)
{
    return (size_t)sqlite3_blob_bytes(b->handle);
}

enum err db_blob_read(struct db_blob *b, void *out, size_t size_bytes, size_t offset,
                      struct error *e)
{
    if (offset > INT32_MAX || size_bytes > INT32_MAX - offset)
        return error_set(e, ERR_DATA, "%s: a blob ends before byte %zu", b->connection->name,
                         offset + size_bytes);
    int code = sqlite3_blob_read(b->handle, out, (int)size_bytes, (int)offset);
    if (code == SQLITE_ERROR) /* past the end */
        return error_set(e, ERR_DATA, "%s: a blob ends before byte %zu", b->connection->name,
                         offset + size_bytes);
    return code == SQLITE_OK ? ERR_OK : db_failure(b->connection, code, true, e);
}

void db_blob_close(struct db_blob *b)
{
    if (b == NULL)
        return;
    sqlite3_blob_close(b->handle);
    free(b);
}
