/* What sqlite.c and statement.c share. Nobody else includes this: it brings in <sqlite3.h>. */
#ifndef DB_SQLITE_PRIVATE_H
#define DB_SQLITE_PRIVATE_H

#include "base/limits.h"
#include "db/sqlite.h"

#include <sqlite3.h>

/* Slots of the statement cache: a power of two, twice the limit, so that probing stays short. */
enum { STATEMENT_SLOTS = 2 * LIMIT_STATEMENTS };

/* Where names stand in a statement, in the order in which they were asked for: that order is the
 * same every time, so the next name is found by its address, which its users promise not to change
 * (sqlite.h). Beyond NAMES_MAX, or out of order, SQLite is asked. */
enum { NAMES_MAX = 24 };
struct name_places {
    const char *names[NAMES_MAX];
    int16_t places[NAMES_MAX];
    int32_t next; /* the one to be asked for next */
};

struct statement {
    const char *sql; /* the key; NULL = free slot */
    sqlite3_stmt *handle;
    struct db_connection *connection;
    int failure; /* the first SQLite code that was not good; SQLITE_OK so far */
    bool in_use;
    struct name_places parameters; /* since the statement was prepared for use */
    struct name_places columns;    /* since the row was read */
};

struct db_connection {
    sqlite3 *handle;
    char *name; /* the file's name without its folder, for messages; owned */
    int64_t wal_pages;
    int64_t transactions; /* begun, those that write */
    bool broken;          /* see sqlite.h */
    int32_t statement_count;
    struct statement statements[STATEMENT_SLOTS];
};

/* Turns an SQLite code into ours; `handle_says` tells that the connection's own message belongs to
 * it. */
enum err db_failure(const struct db_connection *c, int code, bool handle_says, struct error *e);
/* To be told every code: marks the connection as broken when it has to be. */
void db_note_failure(struct db_connection *c, int code);
/* Finalises every cached statement. */
void db_statements_release(struct db_connection *c);

#endif
