#include "db/storage.h"

#include "db/key_repo.h"
#include "tests/db/fixture.h"

#include <string.h>
#include <sys/stat.h>

static enum err create_key(struct db_write *w, void *context, struct error *e)
{
    return key_repo_create(w, context, e);
}

static void everything_is_there_again_after_closing(void **state)
{
    (void)state;
    char *folder = fixture_folder();
    struct storage s = {0};
    struct key_row key = {.id = fixture_uuid(1), .name = "first", .scopes = KEY_SCOPE_ADMIN};
    const struct bars *bars = fixture_bars(1, "2024-01-02", "2024-02-29"), *stored = NULL;
    assert_int_equal(storage_open(folder, NULL, &s, NULL), ERR_OK);
    assert_int_equal(writer_call(s.writer, create_key, &key, NULL), ERR_OK);
    fixture_store(s.bar_store, "SPY", bars);
    storage_close(&s);

    /* A clean end leaves nothing in a WAL. */
    struct stat info;
    assert_int_not_equal(stat(fixture_path(folder, "bracketd.db-wal"), &info), 0);
    assert_int_not_equal(stat(fixture_path(folder, "bars.db-wal"), &info), 0);

    assert_int_equal(storage_open(folder, NULL, &s, NULL), ERR_OK);
    struct db_read r = {0};
    int64_t count = 0;
    assert_int_equal(readers_lease(s.readers, &r, NULL), ERR_OK);
    assert_int_equal(key_repo_count(&r, &count, NULL), ERR_OK);
    readers_return(s.readers, &r);
    assert_int_equal(count, 1);
    assert_int_equal(bar_cache_get(s.bar_cache, NULL, "SPY", (struct timeframe){1}, BAR_ALL_COLUMNS,
                                   &stored, NULL, NULL),
                     ERR_OK);
    assert_same_bars(bars, stored);
    bars_unref(bars);
    bars_unref(stored);
    storage_close(&s);
    storage_close(&s); /* does nothing */
    fixture_remove(folder);
}

static void readers_see_what_the_writer_committed(void **state)
{
    (void)state;
    char *folder = fixture_folder();
    struct storage s = {0};
    struct db_read r = {0};
    char name[2] = "a";
    assert_int_equal(storage_open(folder, NULL, &s, NULL), ERR_OK);
    assert_int_equal(readers_lease(s.readers, &r, NULL), ERR_OK);
    for (int i = 0; i < 20; i++, name[0]++) {
        struct key_row key = {.id = fixture_uuid(i), .name = name};
        int64_t count = -1;
        key.secret_sha256[0] = (unsigned char)i;
        assert_int_equal(writer_call(s.writer, create_key, &key, NULL), ERR_OK);
        assert_int_equal(key_repo_count(&r, &count, NULL), ERR_OK);
        assert_int_equal(count, i + 1);
    }
    readers_return(s.readers, &r);
    storage_close(&s);
    fixture_remove(folder);
}

static void a_held_folder_is_refused_and_left_alone(void **state)
{
    (void)state;
    char *folder = fixture_folder();
    struct storage s = {0}, second = {0};
    struct error e = {0};
    assert_int_equal(storage_open(folder, NULL, &s, NULL), ERR_OK);
    assert_int_equal(storage_open(folder, NULL, &second, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "held by pid"));
    assert_null(second.writer);
    storage_close(&s);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there_again_after_closing),
        cmocka_unit_test(readers_see_what_the_writer_committed),
        cmocka_unit_test(a_held_folder_is_refused_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
