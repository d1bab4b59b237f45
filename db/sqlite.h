/* SQLite behind one door: the only module that includes <sqlite3.h>.
 *
 * A connection belongs to one thread at a time (SQLite runs without its own mutexes). What a
 * function may do with it shows in its parameter: `struct db_read` reads, `struct db_write` is
 * inside a write transaction and may also read (through &w->read).
 *
 * Statements are constants in the repositories, prepared once per connection and kept. Errors stick
 * to a statement, so that a query reads top to bottom:
 *
 *   struct statement *s = db_prepare(r, SQL_FIND);
 *   statement_bind_text(s, ":name", name);
 *   while (statement_next(s))
 *       use(statement_int(s, "count"));
 *   return statement_finish(s, e);
 *
 * Errors: ERR_DISK_FULL, ERR_BUSY (another process holds the database), ERR_CONFLICT (a
 * constraint), ERR_NO_MEMORY, ERR_DATA (damaged file), ERR_TOO_LARGE, ERR_IO, ERR_INTERNAL for our
 * own mistakes, and from db_commit ERR_OUTCOME_UNKNOWN.
 *
 * A write or an fsync that failed, and a COMMIT of unknown outcome, break the connection: what the
 * file holds and what the system's cache says it holds may differ from then on, and a later fsync
 * that succeeds proves nothing. A broken connection begins no transaction (ERR_UNAVAILABLE) and
 * copies no WAL; close it, end the process, and open anew. A full disk breaks nothing.
 */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include "base/error.h"
#include "base/uuid.h"

struct db_connection;
struct statement;
struct db_blob;

struct db_read {
    struct db_connection *connection; /* borrowed */
};

struct db_write {
    struct db_read read; /* a writer may read; it sees its own changes */
};

enum db_mode { DB_READ_ONLY, DB_READ_WRITE, DB_CREATE };

struct db_options {
    enum db_mode mode;
    int32_t page_bytes;  /* of a new database; 0 = 4096 */
    int64_t cache_bytes; /* 0 = SQLite's default */
    int64_t mmap_bytes;  /* 0 = none */
    bool sync_full;      /* synchronous=FULL: a commit is on disk; else NORMAL */
};

/* Opens the database at `path` in WAL mode. The first open sets SQLite up for the process (no
 * memory statistics, no mutexes of its own). ERR_NOT_FOUND when it is not there and the mode is not
 * DB_CREATE. Automatic checkpoints are off: whoever writes calls db_checkpoint. */
enum err db_open(const char *path, const struct db_options *options, struct db_connection **ret,
                 struct error *e);
/* NULL is fine. Statements must be finished and blobs closed. */
void db_close(struct db_connection *c);
/* The reading side of any connection. */
struct db_read db_reading(struct db_connection *c);

/* Runs a script of statements without parameters or rows (pragmas, migrations). */
enum err db_execute(struct db_connection *c, const char *script, struct error *e);
/* The integer of a one-row, one-column query, e.g. "PRAGMA user_version". */
enum err db_query_int(const struct db_read *r, const char *sql, int64_t *ret_value,
                      struct error *e);

/* --- transactions --- */

/* BEGIN IMMEDIATE; fills *ret_write, which ends with db_commit or db_rollback. */
enum err db_begin(struct db_connection *c, struct db_write *ret_write, struct error *e);
/* On an error the transaction has been rolled back and nothing of it is stored, except for
 * ERR_OUTCOME_UNKNOWN: then nobody can tell before the database is opened anew. */
enum err db_commit(struct db_write *w, struct error *e);
void db_rollback(struct db_write *w);
/* false when SQLite itself rolled the transaction back (disk full, out of memory, I/O error). */
bool db_is_writing(const struct db_write *w);
/* Which of its connection's transactions this is, from 1. */
int64_t db_transaction(const struct db_write *w);

bool db_is_broken(const struct db_connection *c);

/* Isolation of one part of a transaction. They do not nest. */
enum err db_savepoint(struct db_write *w, struct error *e);
enum err db_savepoint_keep(struct db_write *w, struct error *e);
enum err db_savepoint_undo(struct db_write *w, struct error *e);

/* One snapshot for several reads. db_read_end is fine after a failed begin. */
enum err db_read_begin(const struct db_read *r, struct error *e);
void db_read_end(const struct db_read *r);

/* Copies committed pages from the WAL into the database file as far as readers allow, with fsync;
 * *ret_left (NULL allowed) is how many pages stay in the WAL. With `truncate` the WAL file is
 * emptied too when nobody reads. */
enum err db_checkpoint(struct db_connection *c, bool truncate, int64_t *ret_left, struct error *e);
/* Pages in the WAL after the last commit of this connection. */
int64_t db_wal_pages(const struct db_connection *c);

/* --- statements --- */

/* `sql` is a constant: its address is the key of the connection's statement cache. Never NULL; an
 * error sticks and is returned by statement_finish. The same statement must not be in use already.
 */
struct statement *db_prepare(const struct db_read *r, const char *sql);

/* Names of parameters and columns are literals: a statement finds one that it has seen by its
 * address. */

/* Parameters by name (":name"). Texts and blobs are borrowed until statement_finish; NULL binds
 * null. */
void statement_bind_int(struct statement *s, const char *name, int64_t value);
void statement_bind_double(struct statement *s, const char *name, double value);
void statement_bind_text(struct statement *s, const char *name, const char *text);
void statement_bind_blob(struct statement *s, const char *name, const void *bytes,
                         size_t size_bytes);
void statement_bind_uuid(struct statement *s, const char *name, const struct uuid *id);
void statement_bind_null(struct statement *s, const char *name);

/* The next row; false at the end and on an error. */
bool statement_next(struct statement *s);
/* Ends the use of the statement: reports the first error, resets it and clears its parameters. */
enum err statement_finish(struct statement *s, struct error *e);
/* For statements without rows: runs it and finishes. *ret_changes (NULL allowed) is the rows
 * changed. */
enum err statement_run(struct statement *s, int64_t *ret_changes, struct error *e);
/* The rowid of the last INSERT on this connection. */
int64_t db_last_id(const struct db_write *w);

/* Columns of the current row by name; an unknown name is our bug and aborts. Texts and blobs are
 * valid until the next statement_next or _finish. A null is 0, 0.0, NULL, an empty blob, a zero
 * uuid. */
int64_t statement_int(struct statement *s, const char *name);
double statement_double(struct statement *s, const char *name);
const char *statement_text(struct statement *s, const char *name);
const void *statement_blob(struct statement *s, const char *name, size_t *ret_size_bytes);
struct uuid statement_uuid(struct statement *s, const char *name);
bool statement_is_null(struct statement *s, const char *name);

/* The same by place, for loops over many rows: look the place up once, then read. */
int statement_column(struct statement *s, const char *name);
int64_t statement_int_at(struct statement *s, int column);
const void *statement_blob_at(struct statement *s, int column, size_t *ret_size_bytes);

/* --- blobs read in parts --- */

/* A handle on one blob column, moved from row to row: the cheapest way to read many. ERR_NOT_FOUND
 * when the row is not there. */
enum err db_blob_open(const struct db_read *r, const char *table, const char *column, int64_t rowid,
                      struct db_blob **ret, struct error *e);
enum err db_blob_move(struct db_blob *b, int64_t rowid, struct error *e);
size_t db_blob_size(const struct db_blob *b);
enum err db_blob_read(struct db_blob *b, void *out, size_t size_bytes, size_t offset,
                      struct error *e);
void db_blob_close(struct db_blob *b); /* NULL is fine */

#endif
