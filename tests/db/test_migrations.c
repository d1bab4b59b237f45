#include "db/migrations.h"

#include "tests/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_SCHEMA[] = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line"
                                 " FROM sqlite_schema ORDER BY type, name";
static const char SQL_VERSION[] = "PRAGMA user_version";

static struct db_connection *open_db(const char *path)
{
    const struct db_options options = {.mode = DB_CREATE};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    return c;
}

static int64_t version_of(struct db_connection *c)
{
    struct db_read r = db_reading(c);
    int64_t version = -1;
    assert_int_equal(db_query_int(&r, SQL_VERSION, &version, NULL), ERR_OK);
    return version;
}

static void read_schema(struct db_connection *c, struct strbuf *out)
{
    struct db_read r = db_reading(c);
    struct statement *s = db_prepare(&r, SQL_SCHEMA);
    while (statement_next(s)) {
        strbuf_add_string(out, statement_text(s, "line"));
        strbuf_add_char(out, '\n');
    }
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
}

/* From version `from` (0 = an empty file) to the newest: the same tables as in one go. */
static void migrate_from(const char *folder, const struct migration_set *set, int64_t from,
                         struct strbuf *schema)
{
    char name[32];
    snprintf(name, sizeof name, "from%d.db", (int)from);
    struct migration_set older = *set;
    older.count = from;
    struct db_connection *c = open_db(fixture_path(folder, name));
    if (from > 0)
        assert_int_equal(migrations_run(c, &older, NULL), ERR_OK);
    assert_int_equal(version_of(c), from);
    db_close(c);
    c = open_db(fixture_path(folder, name));
    assert_int_equal(migrations_run(c, set, NULL), ERR_OK);
    assert_int_equal(version_of(c), set->count);
    assert_int_equal(migrations_run(c, set, NULL), ERR_OK); /* nothing left to do */
    read_schema(c, schema);
    db_close(c);
}

static void every_version_leads_to_the_newest(void **state)
{
    (void)state;
    const struct migration_set *const sets[] = {&main_migrations, &bar_migrations};
    for (size_t i = 0; i < 2; i++) {
        char *folder = fixture_folder();
        struct strbuf first;
        strbuf_init(&first, 1 << 20);
        migrate_from(folder, sets[i], 0, &first);
        assert_true(first.length > 100);
        for (int64_t from = 1; from < sets[i]->count; from++) {
            struct strbuf other;
            strbuf_init(&other, 1 << 20);
            migrate_from(folder, sets[i], from, &other);
            assert_string_equal(strbuf_text(&other), strbuf_text(&first));
            strbuf_release(&other);
        }
        strbuf_release(&first);
        fixture_remove(folder);
    }
}

static void a_newer_database_is_refused_by_both_versions(void **state)
{
    (void)state;
    char *folder = fixture_folder();
    struct db_connection *c = open_db(fixture_path(folder, "x.db"));
    assert_int_equal(migrations_run(c, &main_migrations, NULL), ERR_OK);
    struct migration_set older = main_migrations;
    older.count = 1;
    struct error e = {0};
    assert_int_equal(migrations_run(c, &older, &e), ERR_CONFLICT);
    char known[32], have[32];
    snprintf(known, sizeof known, "up to %d", 1);
    snprintf(have, sizeof have, "version %d,", (int)main_migrations.count);
    assert_non_null(strstr(e.message, known));
    assert_non_null(strstr(e.message, have));
    db_close(c);
    fixture_remove(folder);
}

static void a_database_of_another_program_is_left_alone(void **state)
{
    (void)state;
    char *folder = fixture_folder();
    struct db_connection *c = open_db(fixture_path(folder, "x.db"));
    assert_int_equal(db_execute(c, "CREATE TABLE notes(text)", NULL), ERR_OK);
    struct error e = {0};
    assert_int_equal(migrations_run(c, &main_migrations, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "another program"));
    db_close(c);

    /* The two databases of ours are not to be mixed up either. */
    c = open_db(fixture_path(folder, "y.db"));
    assert_int_equal(migrations_run(c, &bar_migrations, NULL), ERR_OK);
    assert_int_equal(migrations_run(c, &main_migrations, NULL), ERR_DATA);
    db_close(c);
    fixture_remove(folder);
}

static void a_script_that_fails_leaves_the_version_before_it(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "CREATE TABLE a(x)",
        "CREATE TABLE b(x); INSERT INTO missing VALUES(1)",
        "CREATE TABLE c(x)",
    };
    const struct migration_set set = {"x.db", 77, scripts, 3};
    char *folder = fixture_folder();
    struct db_connection *c = open_db(fixture_path(folder, "x.db"));
    struct error e = {0};
    struct strbuf schema;
    strbuf_init(&schema, 1 << 20);
    assert_int_equal(migrations_run(c, &set, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.message, "missing"));
    assert_int_equal(version_of(c), 1);
    read_schema(c, &schema);
    assert_string_equal(strbuf_text(&schema), "table a CREATE TABLE a(x)\n");
    strbuf_release(&schema);
    db_close(c);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_leads_to_the_newest),
        cmocka_unit_test(a_newer_database_is_refused_by_both_versions),
        cmocka_unit_test(a_database_of_another_program_is_left_alone),
        cmocka_unit_test(a_script_that_fails_leaves_the_version_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
