/* The database under a file system that fails at each of its calls in turn: what a transaction was
 * told is what is there afterwards.
 */
#include "tests/db/fault_vfs.h"

#include "db/bar_store.h"
#include "db/series_repo.h"
#include "tests/db/fixture.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 4 };

static const char SQL_INSERT[] = "INSERT INTO t(id, data) VALUES(:id, zeroblob(9000))";
/* Its pages do not fit into the connection's cache: some are in the WAL before the COMMIT. */
static const char SQL_INSERT_MORE[] =
    "INSERT INTO t(id, data) SELECT :id * 1000 + value, zeroblob(9000) FROM (SELECT 1 AS value"
    " UNION ALL SELECT 2 UNION ALL SELECT 3)";
static const char SQL_STORED[] = "SELECT count(*) FROM t WHERE id = :id";
static const char SQL_INTEGRITY[] = "PRAGMA integrity_check";
static const char *const scripts[] = {"CREATE TABLE t(id INTEGER PRIMARY KEY, data BLOB)"};
static const struct migration_set tables = {"t.db", 5, scripts, 1};

/* ---- a few transactions with checkpoints between them ---------------------------------------- */

struct told {
    enum err code[ROWS];
    bool broken;
};

static enum err insert_with(struct db_write *w, const char *sql, int64_t id)
{
    struct statement *s = db_prepare(&w->read, sql);
    statement_bind_int(s, ":id", id);
    return statement_run(s, NULL, NULL);
}

/* What the second statement came to is not looked at, as by somebody who goes on after a refusal.
 */
static enum err insert(struct db_connection *c, int64_t id)
{
    struct db_write w;
    enum err err = db_begin(c, &w, NULL);
    if (err != ERR_OK)
        return err;
    err = insert_with(&w, SQL_INSERT, id);
    if (err == ERR_OK)
        (void)insert_with(&w, SQL_INSERT_MORE, id);
    if (err == ERR_OK && db_is_writing(&w))
        return db_commit(&w, NULL);
    db_rollback(&w);
    return err != ERR_OK ? err : ERR_IO;
}

static struct told use(const char *path)
{
    const struct db_options options = {
        .mode = DB_READ_WRITE, .cache_bytes = 16384, .sync_full = true};
    struct told told;
    struct db_connection *c = NULL;
    for (int i = 0; i < ROWS; i++)
        told.code[i] = ERR_UNAVAILABLE;
    told.broken = false;
    if (db_open(path, &options, &c, NULL) != ERR_OK)
        return told;
    for (int i = 0; i < ROWS; i++) {
        bool was_broken = db_is_broken(c);
        told.code[i] = insert(c, i + 1);
        /* A broken connection takes nothing more, whatever works again. */
        if (was_broken)
            assert_int_equal(told.code[i], ERR_UNAVAILABLE);
        if (told.code[i] == ERR_OUTCOME_UNKNOWN)
            assert_true(db_is_broken(c));
        if (i % 2 == 1)
            (void)db_checkpoint(c, i % 4 == 3, NULL, NULL);
    }
    told.broken = db_is_broken(c);
    db_close(c);
    return told;
}

static bool is_stored(const struct db_read *r, int64_t id)
{
    struct statement *s = db_prepare(r, SQL_STORED);
    statement_bind_int(s, ":id", id);
    assert_true(statement_next(s));
    bool stored = statement_int(s, "count(*)") == 1;
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
    return stored;
}

static void check(const char *path, const struct told *told)
{
    const struct db_options options = {.mode = DB_READ_WRITE, .sync_full = true};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    struct statement *s = db_prepare(&r, SQL_INTEGRITY);
    assert_true(statement_next(s));
    assert_string_equal(statement_text(s, "integrity_check"), "ok");
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
    for (int i = 0; i < ROWS; i++)
        if (told->code[i] != ERR_OUTCOME_UNKNOWN)
            assert_int_equal(is_stored(&r, i + 1), told->code[i] == ERR_OK);
    assert_int_equal(insert(c, 100), ERR_OK);
    db_close(c);
}

struct tally {
    int runs, unknown, refused, broken;
};

/* Runs it with the fault at each call, until a run has fewer. */
static struct tally at_each_call(enum fault_kind kind, bool for_good, enum fault_end end)
{
    struct tally tally = {0};
    struct fault_plan plan = {.kind = kind, .for_good = for_good};
    for (bool reached = true; reached; tally.runs++) {
        char *folder = fixture_folder();
        char *path = strdup(fixture_path(folder, "t.db"));
        fixture_database(path, 0, &tables);
        plan.at = tally.runs + 1;
        fault_vfs_arm(&plan);
        struct told told = use(path);
        reached = fault_vfs_calls() >= plan.at;
        fault_vfs_settle(folder, end, (uint64_t)plan.at);
        for (int i = 0; i < ROWS; i++) {
            tally.unknown += told.code[i] == ERR_OUTCOME_UNKNOWN;
            tally.refused += told.code[i] != ERR_OK && told.code[i] != ERR_OUTCOME_UNKNOWN;
        }
        tally.broken += told.broken;
        check(path, &told);
        fixture_remove(folder);
        free(path);
    }
    assert_true(tally.runs > 40); /* else nothing was counted */
    return tally;
}

static void an_io_error_leaves_what_was_told(void **state)
{
    (void)state;
    for (enum fault_end end = FAULT_KEPT; end <= FAULT_TORN; end++) {
        struct tally once = at_each_call(FAULT_IO, false, end);
        assert_true(once.unknown > 0 && once.refused > once.unknown && once.broken > 0);
        at_each_call(FAULT_IO, true, end);
    }
}

static void half_a_write_leaves_what_was_told(void **state)
{
    (void)state;
    for (enum fault_end end = FAULT_KEPT; end <= FAULT_TORN; end++)
        at_each_call(FAULT_SHORT, false, end);
}

static void a_kill_or_a_power_cut_leaves_what_was_told(void **state)
{
    (void)state;
    for (enum fault_end end = FAULT_KEPT; end <= FAULT_TORN; end++)
        at_each_call(FAULT_STOP, true, end);
}

/* No room for a write says nothing bad about what was written before: all goes on with room. Only
 * an fsync without room (the writes were taken, and lost) is like any failed fsync. */
static void a_full_disk_breaks_nothing_but_at_an_fsync(void **state)
{
    (void)state;
    struct tally once = at_each_call(FAULT_SPACE, false, FAULT_DROPPED);
    struct tally io = at_each_call(FAULT_IO, false, FAULT_DROPPED);
    assert_true(once.refused > 0);
    /* A commit is one write and one fsync, of which an I/O error may hit either. */
    assert_true(once.unknown <= io.unknown / 2);
    assert_true(once.broken <= io.broken / 2);
    at_each_call(FAULT_SPACE, true, FAULT_DROPPED);
    at_each_call(FAULT_SPACE, true, FAULT_TORN);
}

/* ---- bars ------------------------------------------------------------------------------------ */

static enum err import(struct bar_store *store, const char *symbol, const struct bars *bars)
{
    struct bar_import options = fixture_import(symbol);
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import_result result;
    return bar_store_import(store, &options, &batch, &result, NULL);
}

static int64_t days_of(const char *path, const char *symbol)
{
    const struct db_options options = {.mode = DB_READ_ONLY};
    struct db_connection *c = NULL;
    struct series_row series = {0};
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    enum err err = series_repo_find(&r, symbol, (struct timeframe){1}, &series, NULL);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    db_close(c);
    return err == ERR_OK ? series.days : 0;
}

static void an_import_is_there_whole_or_not_and_a_broken_store_says_so(void **state)
{
    (void)state;
    const struct bars *bars = fixture_bars(1, "2024-01-02", "2024-01-03");
    int unknown = 0;
    bool reached = true;
    for (int at = 1; reached; at += 3) {
        const struct fault_plan plan = {.kind = FAULT_IO, .at = at};
        char *folder = fixture_folder();
        char *path = strdup(fixture_path(folder, "bars.db"));
        struct bar_store *store = NULL;
        fixture_database(path, 16384, &bar_migrations);
        assert_int_equal(bar_store_create(path, &store, NULL), ERR_OK);
        fault_vfs_arm(&plan);
        enum err first = import(store, "ABC", bars);
        bool broken = bar_store_is_broken(store);
        enum err second = import(store, "XYZ", bars);
        assert_int_equal(second == ERR_UNAVAILABLE, broken);
        assert_true(first != ERR_OUTCOME_UNKNOWN || broken);
        reached = fault_vfs_calls() >= at;
        bar_store_free(store);
        fault_vfs_settle(folder, (enum fault_end)(at % 2), 0);
        if (first != ERR_OUTCOME_UNKNOWN)
            assert_int_equal(days_of(path, "ABC"), first == ERR_OK ? 2 : 0);
        unknown += first == ERR_OUTCOME_UNKNOWN;
        fixture_remove(folder);
        free(path);
    }
    assert_true(unknown > 0);
    bars_unref(bars);
}

/* ---- migrations ------------------------------------------------------------------------------ */

static const char SQL_SCHEMA[] =
    "SELECT group_concat(sql, ';') AS all_of_it FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
static const char SQL_KEYS[] = "SELECT count(*) FROM keys WHERE name = 'mine'";

static char *schema_of(const char *path)
{
    const struct db_options options = {.mode = DB_READ_ONLY};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    struct statement *s = db_prepare(&r, SQL_SCHEMA);
    assert_true(statement_next(s));
    char *schema = strdup(statement_text(s, "all_of_it"));
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
    db_close(c);
    return schema;
}

/* A database of an early version, with a row. */
static void make_old(const char *path)
{
    struct migration_set early = main_migrations;
    early.count = 3;
    fixture_database(path, 0, &early);
    const struct db_options options = {.mode = DB_READ_WRITE};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    assert_int_equal(db_execute(c,
                                "INSERT INTO keys(id, name, scopes, secret_sha256, created_at_ns)"
                                " VALUES(x'01', 'mine', 1, x'02', 3)",
                                NULL),
                     ERR_OK);
    db_close(c);
}

static enum err migrate(const char *path)
{
    const struct db_options options = {.mode = DB_CREATE, .sync_full = true};
    struct db_connection *c = NULL;
    enum err err = db_open(path, &options, &c, NULL);
    if (err == ERR_OK)
        err = migrations_run(c, &main_migrations, NULL);
    db_close(c);
    return err;
}

static void check_migrated(const char *path, const char *schema)
{
    const struct db_options options = {.mode = DB_READ_ONLY};
    assert_int_equal(migrate(path), ERR_OK);
    char *now = schema_of(path);
    assert_string_equal(now, schema);
    free(now);
    struct db_connection *c = NULL;
    int64_t keys = 0;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    assert_int_equal(db_query_int(&r, SQL_KEYS, &keys, NULL), ERR_OK);
    assert_int_equal(keys, 1);
    db_close(c);
}

static void a_migration_that_is_cut_off_is_made_by_the_next_start(void **state)
{
    (void)state;
    static const struct fault_plan plans[] = {
        {.kind = FAULT_IO}, {.kind = FAULT_SPACE, .for_good = true}, {.kind = FAULT_STOP}};
    char *folder = fixture_folder();
    make_old(fixture_path(folder, "whole.db"));
    assert_int_equal(migrate(fixture_path(folder, "whole.db")), ERR_OK);
    char *schema = schema_of(fixture_path(folder, "whole.db"));
    int failed = 0;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        bool reached = true;
        for (int at = 1; reached; at++) {
            struct fault_plan plan = plans[i];
            char name[32];
            snprintf(name, sizeof name, "%zu-%d.db", i, at);
            char *path = strdup(fixture_path(folder, name));
            make_old(path);
            plan.at = at;
            fault_vfs_arm(&plan);
            failed += migrate(path) != ERR_OK;
            reached = fault_vfs_calls() >= at;
            fault_vfs_settle(folder, (enum fault_end)(at % 3), (uint64_t)at);
            check_migrated(path, schema);
            free(path);
        }
    }
    assert_true(failed > 20);
    free(schema);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_io_error_leaves_what_was_told),
        cmocka_unit_test(half_a_write_leaves_what_was_told),
        cmocka_unit_test(a_kill_or_a_power_cut_leaves_what_was_told),
        cmocka_unit_test(a_full_disk_breaks_nothing_but_at_an_fsync),
        cmocka_unit_test(an_import_is_there_whole_or_not_and_a_broken_store_says_so),
        cmocka_unit_test(a_migration_that_is_cut_off_is_made_by_the_next_start),
    };
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
