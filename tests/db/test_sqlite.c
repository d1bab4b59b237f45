#include "db/sqlite.h"

#include "tests/db/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char SQL_INSERT[] = "INSERT INTO things(id, name, weight, data)"
                                 " VALUES(:id, :name, :weight, :data)";
static const char SQL_FIND[] = "SELECT name, data, weight, id FROM things WHERE id = :id";
static const char SQL_COUNT[] = "SELECT count(*) FROM things";
static const char SQL_NONSENSE[] = "SELECT x FROM nowhere";

struct fixture {
    char *folder;
    char *path;
    struct db_connection *c;
};

static struct db_connection *open_db(const char *path, enum db_mode mode)
{
    const struct db_options options = {.mode = mode, .sync_full = true};
    struct db_connection *c = NULL;
    struct error e = {0};
    if (db_open(path, &options, &c, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return c;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "test.db"));
    f->c = open_db(f->path, DB_CREATE);
    assert_int_equal(db_execute(f->c,
                                "CREATE TABLE things(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
                                " weight REAL, data BLOB)",
                                NULL),
                     ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    db_close(f->c);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static enum err insert(struct db_write *w, int64_t id, const char *name, const void *data,
                       size_t size_bytes, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    statement_bind_int(s, ":id", id);
    statement_bind_text(s, ":name", name);
    statement_bind_double(s, ":weight", 0.1 * (double)id);
    statement_bind_blob(s, ":data", data, size_bytes);
    return statement_run(s, NULL, e);
}

static int64_t count(struct db_connection *c)
{
    struct db_read r = db_reading(c);
    int64_t n = -1;
    assert_int_equal(db_query_int(&r, SQL_COUNT, &n, NULL), ERR_OK);
    return n;
}

static void begin(struct db_connection *c, struct db_write *w)
{
    assert_int_equal(db_begin(c, w, NULL), ERR_OK);
}

static void values_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;
    const unsigned char data[] = {0, 1, 2, 0, 255};
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, INT64_MIN, "näme", data, sizeof data, NULL), ERR_OK);
    assert_int_equal(insert(&w, 7, NULL, NULL, 0, NULL), ERR_OK);
    assert_int_equal(db_last_id(&w), 7);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);

    struct db_read r = db_reading(f->c);
    struct statement *s = db_prepare(&r, SQL_FIND);
    statement_bind_int(s, ":id", INT64_MIN);
    assert_true(statement_next(s));
    size_t size = 0;
    assert_true(statement_int(s, "id") == INT64_MIN);
    assert_string_equal(statement_text(s, "name"), "näme");
    assert_true(statement_double(s, "weight") == 0.1 * (double)INT64_MIN);
    assert_memory_equal(statement_blob(s, "data", &size), data, sizeof data);
    assert_int_equal(size, sizeof data);
    assert_false(statement_next(s));
    assert_int_equal(statement_finish(s, NULL), ERR_OK);

    s = db_prepare(&r, SQL_FIND);
    statement_bind_int(s, ":id", 7);
    assert_true(statement_next(s));
    assert_true(statement_is_null(s, "name"));
    assert_null(statement_text(s, "name"));
    assert_null(statement_blob(s, "data", &size));
    assert_int_equal(size, 0);
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
}

static void parameters_do_not_leak_into_the_next_use(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, "one", NULL, 0, NULL), ERR_OK);
    struct statement *s = db_prepare(&w.read, SQL_INSERT);
    statement_bind_int(s, ":id", 2); /* nothing else */
    assert_int_equal(statement_run(s, NULL, NULL), ERR_OK);
    s = db_prepare(&w.read, SQL_FIND);
    statement_bind_int(s, ":id", 2);
    assert_true(statement_next(s));
    assert_true(statement_is_null(s, "name"));
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
    db_rollback(&w);
}

static void a_broken_constraint_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, "same", NULL, 0, NULL), ERR_OK);
    assert_int_equal(insert(&w, 2, "same", NULL, 0, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "test.db"));
    assert_true(db_is_writing(&w));
    assert_int_equal(insert(&w, 2, "other", NULL, 0, NULL), ERR_OK); /* the statement is usable */
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_int_equal(count(f->c), 2);
}

static void an_error_sticks_until_the_statement_is_finished(void **state)
{
    struct fixture *f = *state;
    struct db_read r = db_reading(f->c);
    struct error e = {0};
    struct statement *s = db_prepare(&r, SQL_NONSENSE);
    statement_bind_int(s, ":whatever", 1); /* ignored: it has failed */
    assert_false(statement_next(s));
    assert_int_equal(statement_finish(s, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.message, "nowhere"));
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    const struct db_options options = {.mode = DB_READ_ONLY};
    struct db_connection *c = NULL;
    struct error e = {0};
    assert_int_equal(db_open(fixture_path(f->folder, "none.db"), &options, &c, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.message, "none.db"));
    assert_null(c);
}

static void a_file_of_something_else_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *path = fixture_path(f->folder, "letter.db");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 200; i++)
        fputs("Dear Sir or Madam, ", file);
    fclose(file);
    const struct db_options options = {.mode = DB_CREATE};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_DATA);
}

static void a_full_disk_is_told_and_loses_nothing_committed(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, "first", NULL, 0, NULL), ERR_OK);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);

    assert_int_equal(db_execute(f->c, "PRAGMA max_page_count=8", NULL), ERR_OK);
    char *big = calloc(1, 1 << 20);
    begin(f->c, &w);
    assert_int_equal(insert(&w, 2, "second", big, 1 << 20, &e), ERR_DISK_FULL);
    db_rollback(&w);
    free(big);
    assert_int_equal(count(f->c), 1);
}

static void a_savepoint_undoes_only_its_part(void **state)
{
    struct fixture *f = *state;
    struct db_write w;
    begin(f->c, &w);
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(db_savepoint(&w, NULL), ERR_OK);
        assert_int_equal(insert(&w, id, NULL, NULL, 0, NULL), ERR_OK);
        if (id == 2)
            assert_int_equal(db_savepoint_undo(&w, NULL), ERR_OK);
        else
            assert_int_equal(db_savepoint_keep(&w, NULL), ERR_OK);
    }
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_int_equal(count(f->c), 2);
}

static void a_reader_sees_what_is_committed_and_cannot_write(void **state)
{
    struct fixture *f = *state;
    struct db_connection *reader = open_db(f->path, DB_READ_ONLY);
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, NULL, NULL, 0, NULL), ERR_OK);
    assert_int_equal(count(reader), 0);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_int_equal(count(reader), 1);
    assert_int_equal(db_execute(reader, "DELETE FROM things", NULL), ERR_IO);
    assert_int_equal(count(reader), 1);
    db_close(reader);
}

static void a_read_transaction_is_one_snapshot(void **state)
{
    struct fixture *f = *state;
    struct db_connection *reader = open_db(f->path, DB_READ_ONLY);
    struct db_read r = db_reading(reader);
    struct db_write w;
    assert_int_equal(db_read_begin(&r, NULL), ERR_OK);
    assert_int_equal(count(reader), 0);
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, NULL, NULL, 0, NULL), ERR_OK);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);
    assert_int_equal(count(reader), 0);
    int64_t left = -1;
    assert_int_equal(db_checkpoint(f->c, true, &left, NULL), ERR_OK);
    assert_true(left > 0); /* the snapshot still needs the old page */
    db_read_end(&r);
    assert_int_equal(count(reader), 1);
    assert_int_equal(db_checkpoint(f->c, true, &left, NULL), ERR_OK);
    assert_int_equal(left, 0);
    assert_int_equal(db_wal_pages(f->c), 0);
    db_close(reader);
}

static void a_second_writer_waits_or_is_told(void **state)
{
    struct fixture *f = *state;
    struct db_connection *other = open_db(f->path, DB_READ_WRITE);
    assert_int_equal(db_execute(other, "PRAGMA busy_timeout=1", NULL), ERR_OK);
    struct db_write w, second;
    begin(f->c, &w);
    assert_int_equal(db_begin(other, &second, NULL), ERR_BUSY);
    db_rollback(&w);
    assert_int_equal(db_begin(other, &second, NULL), ERR_OK);
    db_rollback(&second);
    db_close(other);
}

static void blobs_are_read_in_parts_and_from_row_to_row(void **state)
{
    struct fixture *f = *state;
    char data[20000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7 + i / 256);
    struct db_write w;
    begin(f->c, &w);
    assert_int_equal(insert(&w, 1, NULL, data, sizeof data, NULL), ERR_OK);
    assert_int_equal(insert(&w, 2, NULL, data + 1, 10, NULL), ERR_OK);
    assert_int_equal(db_commit(&w, NULL), ERR_OK);

    struct db_read r = db_reading(f->c);
    struct db_blob *b = NULL;
    char got[sizeof data];
    assert_int_equal(db_blob_open(&r, "things", "data", 1, &b, NULL), ERR_OK);
    assert_int_equal(db_blob_size(b), sizeof data);
    assert_int_equal(db_blob_read(b, got, 5000, 12345, NULL), ERR_OK);
    assert_memory_equal(got, data + 12345, 5000);
    assert_int_equal(db_blob_read(b, got, 2, sizeof data - 1, NULL), ERR_DATA);
    assert_int_equal(db_blob_move(b, 2, NULL), ERR_OK);
    assert_int_equal(db_blob_size(b), 10);
    assert_int_equal(db_blob_read(b, got, 10, 0, NULL), ERR_OK);
    assert_memory_equal(got, data + 1, 10);
    assert_int_equal(db_blob_move(b, 3, NULL), ERR_NOT_FOUND);
    db_blob_close(b);
    b = NULL;
    assert_int_equal(db_blob_open(&r, "things", "data", 99, &b, NULL), ERR_NOT_FOUND);
    assert_null(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(values_come_back_as_they_went_in),
        T(parameters_do_not_leak_into_the_next_use),
        T(a_broken_constraint_is_a_conflict),
        T(an_error_sticks_until_the_statement_is_finished),
        T(what_is_not_there_is_not_found),
        T(a_file_of_something_else_is_refused),
        T(a_full_disk_is_told_and_loses_nothing_committed),
        T(a_savepoint_undoes_only_its_part),
        T(a_reader_sees_what_is_committed_and_cannot_write),
        T(a_read_transaction_is_one_snapshot),
        T(a_second_writer_waits_or_is_told),
        T(blobs_are_read_in_parts_and_from_row_to_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
