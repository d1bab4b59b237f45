/* Connections and transactions. Statements and blobs are in statement.c.
 *
 * SQLite's own threading is off (MULTITHREAD, NOMUTEX): a connection has one user at a time by
 * construction (the writer thread, the holder of a lease, the one importer), and SQLite's mutexes
 * would only cost. Its memory statistics are off as well: they take one lock for the whole process,
 * which halves reading with two threads.
 */
#include "db/sqlite_private.h"

#include "base/mutex.h"
#include "db/sqlite_wal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long to wait for another process (a backup, the sqlite3 shell) that holds a lock. */
enum { BUSY_TIMEOUT_MS = 5000 };
/* A WAL that an import made huge shrinks back to this. */
#define WAL_KEEP_BYTES "67108864"

static const char SQL_BEGIN_WRITE[] = "BEGIN IMMEDIATE";
static const char SQL_BEGIN_READ[] = "BEGIN";
static const char SQL_COMMIT[] = "COMMIT";
static const char SQL_ROLLBACK[] = "ROLLBACK";
static const char SQL_SAVEPOINT[] = "SAVEPOINT item";
static const char SQL_SAVEPOINT_KEEP[] = "RELEASE item";
static const char SQL_SAVEPOINT_UNDO[] = "ROLLBACK TO item";

static pthread_once_t setup_once = PTHREAD_ONCE_INIT;
static int setup_result = SQLITE_OK;

static void set_up(void)
{
    setup_result = sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    if (setup_result == SQLITE_OK)
        setup_result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (setup_result == SQLITE_OK)
        setup_result = sqlite3_initialize();
}

static enum err code_of(const struct db_connection *c, int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_IOERR:
        if (c != NULL && c->handle != NULL) {
            int system = sqlite3_system_errno(c->handle);
            if (system == ENOSPC || system == EDQUOT)
                return ERR_DISK_FULL;
        }
        return code == SQLITE_IOERR_NOMEM ? ERR_NO_MEMORY : ERR_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DATA;
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

enum err db_failure(const struct db_connection *c, int code, bool handle_says, struct error *e)
{
    const char *text =
        handle_says && c->handle != NULL ? sqlite3_errmsg(c->handle) : sqlite3_errstr(code);
    return error_set(e, code_of(c, code), "%s: %s", c->name, text);
}

/* Not even the close may copy the WAL: pages that never reached the disk may be read back as they
 * were before. The next start reads the WAL by its checksums. */
static void break_connection(struct db_connection *c)
{
    c->broken = true;
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void db_note_failure(struct db_connection *c, int code)
{
    switch (code) {
    case SQLITE_IOERR_WRITE: /* a disk without room is SQLITE_FULL */
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
        break_connection(c);
        break;
    default: /* a read, a lock, memory: what is stored is as it was */
        break;
    }
}

static int on_wal(void *context, sqlite3 *handle, const char *schema, int pages)
{
    (void)handle;
    (void)schema;
    ((struct db_connection *)context)->wal_pages = pages;
    return SQLITE_OK;
}

enum err db_execute(struct db_connection *c, const char *script, struct error *e)
{
    int code = sqlite3_exec(c->handle, script, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return ERR_OK;
    db_note_failure(c, code);
    return db_failure(c, code, true, e);
}

/* The page size must come before the first write, hence before WAL. */
static enum err apply_pragmas(struct db_connection *c, const struct db_options *o, struct error *e)
{
    char *script =
        sqlite3_mprintf("PRAGMA page_size=%d;"
                        "PRAGMA temp_store=MEMORY;"
                        "PRAGMA trusted_schema=OFF;"
                        "PRAGMA foreign_keys=ON;"
                        "PRAGMA mmap_size=%lld;",
                        o->page_bytes > 0 ? o->page_bytes : 4096, (long long)o->mmap_bytes);
    if (script == NULL)
        return error_set(e, ERR_NO_MEMORY, "%s: out of memory", c->name);
    enum err err = db_execute(c, script, e);
    sqlite3_free(script);
    if (err == ERR_OK && o->cache_bytes > 0) {
        char cache[64];
        sqlite3_snprintf(sizeof cache, cache, "PRAGMA cache_size=-%lld",
                         (long long)(o->cache_bytes / 1024));
        err = db_execute(c, cache, e);
    }
    if (err == ERR_OK && o->mode != DB_READ_ONLY) {
        err = db_execute(c,
                         o->sync_full ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                        "PRAGMA journal_size_limit=" WAL_KEEP_BYTES
                                      : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                                        "PRAGMA journal_size_limit=" WAL_KEEP_BYTES,
                         e);
    }
    return err;
}

/* A write does not harm the bytes beside it, so that a commit's last frame is the last thing
 * written (else SQLite fills up the sector with copies of it). The default of the system's files;
 * db_commit relies on it. */
static void assume_powersafe_overwrite(struct db_connection *c)
{
    int on = 1;
    (void)sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &on);
}

static enum err open_handle(struct db_connection *c, const char *path, const struct db_options *o,
                            struct error *e)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (o->mode == DB_READ_ONLY)
        flags |= SQLITE_OPEN_READONLY;
    else
        flags |= SQLITE_OPEN_READWRITE | (o->mode == DB_CREATE ? SQLITE_OPEN_CREATE : 0);
    const char *vfs = o->sync_full && !(flags & SQLITE_OPEN_READONLY) ? sqlite_wal_vfs() : NULL;
    int code = sqlite3_open_v2(path, &c->handle, flags, vfs);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(c->handle, BUSY_TIMEOUT_MS);
    if (code == SQLITE_OK)
        code = sqlite3_wal_autocheckpoint(c->handle, 0);
    if (code != SQLITE_OK)
        return db_failure(c, code, true, e);
    sqlite3_wal_hook(c->handle, on_wal, c);
    assume_powersafe_overwrite(c);
    return apply_pragmas(c, o, e);
}

/* Ending a transaction must not need memory that is not there any more. */
static enum err prepare_ends(struct db_connection *c, struct error *e)
{
    static const char *const ends[] = {SQL_COMMIT, SQL_ROLLBACK};
    struct db_read r = db_reading(c);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof ends / sizeof ends[0]; i++)
        err = statement_finish(db_prepare(&r, ends[i]), e);
    return err;
}

enum err db_open(const char *path, const struct db_options *options, struct db_connection **ret,
                 struct error *e)
{
    may_block("db_open");
    pthread_once(&setup_once, set_up);
    if (setup_result != SQLITE_OK)
        return error_set(e, ERR_INTERNAL, "SQLite cannot be set up: %s",
                         sqlite3_errstr(setup_result));
    if (options->mode != DB_CREATE && access(path, F_OK) != 0)
        return error_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open '%s'", path);

    struct db_connection *c = calloc(1, sizeof *c);
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    if (c == NULL || name == NULL) {
        free(c);
        free(name);
        return error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
    }
    c->name = name;
    enum err err = open_handle(c, path, options, e);
    if (err == ERR_OK)
        err = prepare_ends(c, e);
    if (err != ERR_OK) {
        db_close(c);
        return err;
    }
    *ret = c;
    return ERR_OK;
}

void db_close(struct db_connection *c)
{
    if (c == NULL)
        return;
    db_statements_release(c);
    int code = sqlite3_close(c->handle);
    assert(code == SQLITE_OK); /* else a statement or a blob is still open */
    (void)code;
    free(c->name);
    free(c);
}

struct db_read db_reading(struct db_connection *c)
{
    return (struct db_read){.connection = c};
}

static enum err run(struct db_connection *c, const char *sql, struct error *e)
{
    struct db_read r = db_reading(c);
    return statement_run(db_prepare(&r, sql), NULL, e);
}

static bool in_transaction(const struct db_connection *c)
{
    return sqlite3_get_autocommit(c->handle) == 0;
}

static enum err refuse_broken(const struct db_connection *c, struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE,
                     "%s: a write failed earlier, and nothing more is written before a restart",
                     c->name);
}

bool db_is_broken(const struct db_connection *c)
{
    return c->broken;
}

enum err db_begin(struct db_connection *c, struct db_write *ret_write, struct error *e)
{
    if (c->broken)
        return refuse_broken(c, e);
    assert(!in_transaction(c));
    enum err err = run(c, SQL_BEGIN_WRITE, e);
    if (err == ERR_OK) {
        ret_write->read.connection = c;
        c->transactions++;
    }
    return err;
}

/* After a COMMIT that failed. A transaction is in the WAL from the moment its last frame is, which
 * COMMIT writes at its end; then come the fsync, and the pages of the WAL's index. So it is not
 * there when a write found no room (nothing is written behind the last frame, see
 * assume_powersafe_overwrite), or when COMMIT refused before it wrote (a foreign key). Whatever
 * else went wrong may have done so after the last frame. */
static bool is_known_not_stored(const struct db_connection *c)
{
    int code = sqlite3_extended_errcode(c->handle);
    return (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CONSTRAINT;
}

enum err db_commit(struct db_write *w, struct error *e)
{
    struct db_connection *c = w->read.connection;
    struct error why = {0};
    if (c->broken) {
        db_rollback(w);
        return refuse_broken(c, e);
    }
    enum err err = run(c, SQL_COMMIT, &why);
    if (err == ERR_OK)
        return ERR_OK;
    bool is_known = is_known_not_stored(c);
    db_rollback(w);
    if (is_known) {
        if (e != NULL)
            *e = why;
        return err;
    }
    break_connection(c);
    return error_set(e, ERR_OUTCOME_UNKNOWN, "the commit failed: %s", why.message);
}

void db_rollback(struct db_write *w)
{
    /* SQLite may have rolled back on its own; then there is nothing to undo. A ROLLBACK that fails
     * leaves the transaction to be undone by the close: nothing of it is ever committed. */
    struct db_connection *c = w->read.connection;
    if (in_transaction(c) && run(c, SQL_ROLLBACK, NULL) != ERR_OK)
        break_connection(c);
}

bool db_is_writing(const struct db_write *w)
{
    return in_transaction(w->read.connection);
}

int64_t db_transaction(const struct db_write *w)
{
    return w->read.connection->transactions;
}

enum err db_savepoint(struct db_write *w, struct error *e)
{
    return run(w->read.connection, SQL_SAVEPOINT, e);
}

enum err db_savepoint_keep(struct db_write *w, struct error *e)
{
    return run(w->read.connection, SQL_SAVEPOINT_KEEP, e);
}

enum err db_savepoint_undo(struct db_write *w, struct error *e)
{
    enum err err = run(w->read.connection, SQL_SAVEPOINT_UNDO, e);
    return err != ERR_OK ? err : run(w->read.connection, SQL_SAVEPOINT_KEEP, e);
}

enum err db_read_begin(const struct db_read *r, struct error *e)
{
    assert(!in_transaction(r->connection));
    return run(r->connection, SQL_BEGIN_READ, e);
}

void db_read_end(const struct db_read *r)
{
    if (in_transaction(r->connection))
        (void)run(r->connection, SQL_ROLLBACK, NULL);
}

enum err db_checkpoint(struct db_connection *c, bool truncate, int64_t *ret_left, struct error *e)
{
    int in_wal = 0, copied = 0;
    if (c->broken)
        return refuse_broken(c, e);
    int code =
        sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied);
    if ((code & 0xff) == SQLITE_BUSY) /* another checkpoint is at it */
        code = SQLITE_OK;
    if (code != SQLITE_OK) {
        /* An fsync of the database file that failed once must not be followed by one that succeeds:
         * the WAL would start over, and with it would go what was to be copied. */
        db_note_failure(c, code);
        return db_failure(c, code, true, e);
    }
    if (truncate && in_wal == copied) {
        /* Only if it can be had at once: a reader in its snapshot must not hold us up. */
        sqlite3_busy_timeout(c->handle, 0);
        code = sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        if (code == SQLITE_OK)
            c->wal_pages = 0;
        db_note_failure(c, code);
        sqlite3_busy_timeout(c->handle, BUSY_TIMEOUT_MS);
    }
    if (ret_left != NULL)
        *ret_left = in_wal - copied;
    return ERR_OK;
}

int64_t db_wal_pages(const struct db_connection *c)
{
    return c->wal_pages;
}
