#include "db/readers.h"

#include "base/limits.h"
#include "tests/db/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_COUNT[] = "SELECT count(*) FROM keys";
static const struct db_options options = {0};

struct fixture {
    char *folder, *path;
    struct readers *readers;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "bracketd.db"));
    fixture_database(f->path, 0, &main_migrations);
    assert_int_equal(readers_create(f->path, &options, 2, &f->readers, NULL), ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    readers_free(f->readers);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static void a_lease_reads_and_is_used_again(void **state)
{
    struct fixture *f = *state;
    struct db_read r = {0};
    int64_t count = -1;
    assert_int_equal(readers_lease(f->readers, &r, NULL), ERR_OK);
    assert_int_equal(db_query_int(&r, SQL_COUNT, &count, NULL), ERR_OK);
    assert_int_equal(count, 0);
    struct db_connection *first = r.connection;
    readers_return(f->readers, &r);
    assert_null(r.connection);
    readers_return(f->readers, &r); /* nothing to give back */
    assert_int_equal(readers_lease(f->readers, &r, NULL), ERR_OK);
    assert_ptr_equal(r.connection, first);
    readers_return(f->readers, &r);
}

static void a_forgotten_snapshot_ends_with_the_lease(void **state)
{
    struct fixture *f = *state;
    struct db_read r = {0};
    assert_int_equal(readers_lease(f->readers, &r, NULL), ERR_OK);
    assert_int_equal(db_read_begin(&r, NULL), ERR_OK);
    readers_return(f->readers, &r);
    assert_int_equal(readers_lease(f->readers, &r, NULL), ERR_OK);
    assert_int_equal(db_read_begin(&r, NULL), ERR_OK); /* would abort inside the old one */
    db_read_end(&r);
    readers_return(f->readers, &r);
}

struct waiter {
    struct readers *readers;
    _Atomic bool has_lease;
};

static void *lease_one(void *context)
{
    struct waiter *w = context;
    struct db_read r = {0};
    assert_int_equal(readers_lease(w->readers, &r, NULL), ERR_OK);
    atomic_store(&w->has_lease, true);
    readers_return(w->readers, &r);
    return NULL;
}

static bool has_lease(void *context)
{
    return atomic_load(&((struct waiter *)context)->has_lease);
}

static void the_last_lease_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct db_read a = {0}, b = {0};
    assert_int_equal(readers_lease(f->readers, &a, NULL), ERR_OK);
    assert_int_equal(readers_lease(f->readers, &b, NULL), ERR_OK);
    assert_ptr_not_equal(a.connection, b.connection);
    struct waiter w = {.readers = f->readers};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, lease_one, &w), 0);
    assert_false(test_wait(has_lease, &w, 50));
    readers_return(f->readers, &a);
    assert_true(test_wait(has_lease, &w, 10000));
    pthread_join(thread, NULL);
    readers_return(f->readers, &b);
}

static void a_database_that_is_gone_is_told_and_the_place_is_free_again(void **state)
{
    struct fixture *f = *state;
    struct readers *readers = NULL;
    struct db_read r = {0};
    assert_int_equal(
        readers_create(fixture_path(f->folder, "none.db"), &options, 1, &readers, NULL), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(readers_lease(readers, &r, NULL), ERR_NOT_FOUND);
    readers_free(readers);
}

static void *count_often(void *context)
{
    struct readers *readers = context;
    for (int i = 0; i < 300; i++) {
        struct db_read r = {0};
        int64_t count = -1;
        assert_int_equal(readers_lease(readers, &r, NULL), ERR_OK);
        assert_int_equal(db_query_int(&r, SQL_COUNT, &count, NULL), ERR_OK);
        assert_int_equal(count, 0);
        readers_return(readers, &r);
    }
    return NULL;
}

static void more_threads_than_connections_take_turns(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_often, f->readers), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_lease_reads_and_is_used_again),
        T(a_forgotten_snapshot_ends_with_the_lease),
        T(the_last_lease_is_waited_for),
        T(a_database_that_is_gone_is_told_and_the_place_is_free_again),
        T(more_threads_than_connections_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
