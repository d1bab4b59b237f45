#include "db/sqlite_wal.h"

#include "db/sqlite.h"
#include "tests/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_INSERT[] = "INSERT INTO t(id, data) VALUES(:id, :data)";
static const char SQL_SUM[] = "SELECT coalesce(sum(id * length(data)), 0) FROM t";
static const char SQL_CHECK[] = "PRAGMA integrity_check";

enum { DATA_BYTES = 3000, MANY = 1000, FEW_CACHE_BYTES = 64 * 1024 };

static const char *const scripts[] = {"CREATE TABLE t(id INTEGER PRIMARY KEY, data BLOB)"};
static const struct migration_set tables = {"t.db", 5, scripts, 1};

struct fixture {
    char *folder, *path;
    struct db_connection *writing, *reading;
};

static int setup(void **state)
{
    /* So little memory that a large transaction goes into the WAL before its end. */
    const struct db_options writing = {
        .mode = DB_READ_WRITE, .cache_bytes = FEW_CACHE_BYTES, .sync_full = true};
    const struct db_options reading = {.mode = DB_READ_ONLY};
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "t.db"));
    fixture_database(f->path, 0, &tables);
    assert_int_equal(db_open(f->path, &writing, &f->writing, NULL), ERR_OK);
    assert_int_equal(db_open(f->path, &reading, &f->reading, NULL), ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    db_close(f->reading);
    db_close(f->writing);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static void insert(struct db_write *w, int64_t first, int64_t count)
{
    static const unsigned char data[DATA_BYTES];
    for (int64_t id = first; id < first + count; id++) {
        struct statement *s = db_prepare(&w->read, SQL_INSERT);
        statement_bind_int(s, ":id", id);
        statement_bind_blob(s, ":data", data, sizeof data);
        assert_int_equal(statement_run(s, NULL, NULL), ERR_OK);
    }
}

static int64_t sum_of(int64_t first, int64_t count)
{
    return DATA_BYTES * (count * first + count * (count - 1) / 2);
}

static void assert_sum(struct db_connection *c, int64_t wanted)
{
    struct db_read r = db_reading(c);
    int64_t sum = -1;
    assert_int_equal(db_query_int(&r, SQL_SUM, &sum, NULL), ERR_OK);
    assert_int_equal(sum, wanted);
}

static void assert_sound(struct db_connection *c)
{
    struct db_read r = db_reading(c);
    struct statement *s = db_prepare(&r, SQL_CHECK);
    assert_true(statement_next(s));
    assert_string_equal(statement_text(s, "integrity_check"), "ok");
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
}

static void a_commit_is_there_for_other_connections(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    for (int64_t id = 1; id <= 5; id++) {
        assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
        insert(&w, id, 1);
        assert_sum(f->reading, sum_of(1, id - 1));
        assert_int_equal(db_commit(&w, NULL), ERR_OK);
        assert_sum(f->reading, sum_of(1, id));
    }
}

static void pages_that_left_memory_are_read_back_before_the_commit(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
    insert(&w, 1, MANY);
    assert_sum(f->writing, sum_of(1, MANY));
    insert(&w, MANY + 1, MANY);
    assert_sum(f->writing, sum_of(1, 2 * (int64_t)MANY));
    assert_sum(f->reading, 0);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_sum(f->reading, sum_of(1, 2 * (int64_t)MANY));
    assert_sound(f->reading);
}

static void what_was_rolled_back_is_written_over(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
        insert(&w, 10, MANY + round);
        db_rollback(&w);
        assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
        insert(&w, 1 + round, 1);
        assert_int_equal(db_commit(&w, NULL), ERR_OK);
        assert_sum(f->reading, sum_of(1, round + 1));
    }
    assert_int_equal(db_checkpoint(f->writing, true, NULL, NULL), ERR_OK);
    assert_sum(f->reading, sum_of(1, 3));
    assert_sound(f->reading);
}

/* As after a kill: nothing is closed, and a copy of the files is opened. */
static void what_was_committed_is_in_the_files(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
    insert(&w, 1, MANY);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_int_equal(db_begin(f->writing, &w, NULL), ERR_OK);
    insert(&w, MANY + 1, 10);
    char *copies = fixture_folder();
    char command[512];
    snprintf(command, sizeof command, "cp %s %s-wal %s/", f->path, f->path, copies);
    assert_int_equal(system(command), 0);
    db_rollback(&w);
    const struct db_options options = {.mode = DB_READ_WRITE, .sync_full = true};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(fixture_path(copies, "t.db"), &options, &c, NULL), ERR_OK);
    assert_sum(c, sum_of(1, MANY));
    assert_sound(c);
    db_close(c);
    fixture_remove(copies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_commit_is_there_for_other_connections),
        T(pages_that_left_memory_are_read_back_before_the_commit),
        T(what_was_rolled_back_is_written_over),
        T(what_was_committed_is_in_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
