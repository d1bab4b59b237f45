#include "db/disk_guard.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "tests/db/fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB (INT64_C(1) << 20)

enum { RESERVE_MB = 64, BALLAST_MB = 4 };

/* A disk of our own making: what is free on it without the ballast. */
struct bench {
    char *folder;
    struct disk_guard *guard;
    _Atomic int64_t free_bytes;
    _Atomic bool fails;
    _Atomic int looks;
};

static int64_t ballast_on_disk(const struct bench *b)
{
    struct stat info;
    return stat(fixture_path(b->folder, "bracketd.ballast"), &info) == 0 ? info.st_size : 0;
}

static bool measure(void *context, int64_t *ret_free_bytes)
{
    struct bench *b = context;
    char path[256];
    struct stat info;
    snprintf(path, sizeof path, "%s/bracketd.ballast", b->folder);
    int64_t used = stat(path, &info) == 0 ? info.st_size : 0;
    *ret_free_bytes = b->free_bytes - used;
    b->looks++;
    errno = EIO;
    return !b->fails;
}

static void start(struct bench *b, int64_t ballast_bytes)
{
    const struct disk_guard_options options = {.folder = b->folder,
                                               .reserve_bytes = RESERVE_MB * MB,
                                               .ballast_bytes = ballast_bytes,
                                               .look_ns = NS_PER_MS,
                                               .measure = measure,
                                               .context = b};
    assert_int_equal(disk_guard_create(&options, &b->guard, NULL), ERR_OK);
}

static void restart(struct bench *b, int64_t ballast_bytes)
{
    disk_guard_free(b->guard);
    start(b, ballast_bytes);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->folder = fixture_folder();
    b->free_bytes = 1000 * MB;
    start(b, BALLAST_MB * MB);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    disk_guard_free(b->guard);
    fixture_remove(b->folder);
    free(b);
    return 0;
}

static struct disk_guard_stats stats_of(const struct bench *b)
{
    struct disk_guard_stats stats;
    disk_guard_stats(b->guard, &stats);
    return stats;
}

struct wanted_looks {
    struct bench *bench;
    int count;
};

static bool has_looked(void *context)
{
    const struct wanted_looks *w = context;
    return w->bench->looks >= w->count;
}

/* Two whole looks from now: the second saw all that was set before. */
static void let_it_look(struct bench *b)
{
    struct wanted_looks w = {b, b->looks + 3};
    assert_true(test_wait(has_looked, &w, 20000));
}

static void set_free(struct bench *b, int64_t bytes)
{
    b->free_bytes = bytes;
    let_it_look(b);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void the_ballast_is_made_at_the_start_and_really_there(void **state)
{
    struct bench *b = *state;
    struct stat info;
    assert_int_equal(stat(fixture_path(b->folder, "bracketd.ballast"), &info), 0);
    assert_int_equal(info.st_size, BALLAST_MB * MB);
    assert_true((int64_t)info.st_blocks * 512 >= BALLAST_MB * MB);
    assert_int_equal(stats_of(b).ballast_bytes, BALLAST_MB * MB);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    assert_int_equal(disk_guard_check_now(b->guard, NULL), ERR_OK);
}

static void below_the_reserve_nothing_new_is_taken(void **state)
{
    struct bench *b = *state;
    struct error e = {0};
    set_free(b, (RESERVE_MB + BALLAST_MB) * MB - 1);
    assert_int_equal(disk_guard_check(b->guard, &e), ERR_DISK_FULL);
    assert_string_equal(e.message, "63 MB are free on disk, 64 MB stay in reserve");
    assert_true(stats_of(b).below);
    assert_int_equal(ballast_on_disk(b), BALLAST_MB * MB); /* it is for later */
    /* At the reserve exactly it does not flutter back, an eighth above it does. */
    set_free(b, (RESERVE_MB + BALLAST_MB) * MB);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
    set_free(b, (RESERVE_MB + RESERVE_MB / 8 + BALLAST_MB) * MB);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    set_free(b, (RESERVE_MB + BALLAST_MB) * MB);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
}

static void on_a_full_disk_the_ballast_goes_and_comes_back_with_room(void **state)
{
    struct bench *b = *state;
    set_free(b, BALLAST_MB * MB + LIMIT_DISK_FULL_BYTES - 1);
    assert_int_equal(ballast_on_disk(b), 0);
    assert_int_equal(stats_of(b).ballast_bytes, 0);
    assert_int_equal(stats_of(b).given_up, 1);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
    /* Its room is not there for new things: the reserve is counted beside what it lacks. */
    set_free(b, (RESERVE_MB + RESERVE_MB / 8 + BALLAST_MB) * MB - 1);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
    assert_int_equal(ballast_on_disk(b), 0);
    set_free(b, (RESERVE_MB + RESERVE_MB / 8 + BALLAST_MB) * MB);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    assert_int_equal(ballast_on_disk(b), BALLAST_MB * MB);
}

static void a_write_that_found_the_disk_full_gets_the_ballast_once(void **state)
{
    struct bench *b = *state;
    set_free(b, (RESERVE_MB + BALLAST_MB) * MB); /* room enough, but not to make it again */
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    assert_true(disk_guard_make_room(b->guard));
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
    assert_int_equal(ballast_on_disk(b), 0);
    assert_false(disk_guard_make_room(b->guard));
    assert_int_equal(stats_of(b).given_up, 1);
    set_free(b, 1000 * MB);
    assert_int_equal(ballast_on_disk(b), BALLAST_MB * MB);
    assert_true(disk_guard_make_room(b->guard));
}

static void what_writes_much_is_told_at_once(void **state)
{
    struct bench *b = *state;
    disk_guard_free(b->guard);
    const struct disk_guard_options options = {.folder = b->folder,
                                               .reserve_bytes = RESERVE_MB * MB,
                                               .look_ns = 3600 * NS_PER_SECOND,
                                               .measure = measure,
                                               .context = b};
    assert_int_equal(disk_guard_create(&options, &b->guard, NULL), ERR_OK);
    b->free_bytes = RESERVE_MB * MB - 1;
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK); /* it has not looked yet */
    assert_int_equal(disk_guard_check_now(b->guard, NULL), ERR_DISK_FULL);
    b->fails = true;
    assert_int_equal(disk_guard_check_now(b->guard, NULL), ERR_IO);
}

static void a_ballast_left_by_an_earlier_run_is_kept_or_makes_room_for_the_start(void **state)
{
    struct bench *b = *state;
    struct stat before, after;
    assert_int_equal(stat(fixture_path(b->folder, "bracketd.ballast"), &before), 0);
    restart(b, BALLAST_MB * MB);
    assert_int_equal(stat(fixture_path(b->folder, "bracketd.ballast"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    b->free_bytes = BALLAST_MB * MB; /* nothing is free beside it */
    restart(b, BALLAST_MB * MB);
    assert_int_equal(ballast_on_disk(b), 0);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
}

static void one_of_another_size_or_not_wanted_goes(void **state)
{
    struct bench *b = *state;
    restart(b, 2 * BALLAST_MB * MB);
    assert_int_equal(ballast_on_disk(b), 2 * BALLAST_MB * MB);
    restart(b, 0);
    assert_int_equal(ballast_on_disk(b), 0);
    assert_false(disk_guard_make_room(b->guard));
}

static void a_sparse_file_is_no_ballast(void **state)
{
    struct bench *b = *state;
    assert_int_equal(truncate(fixture_path(b->folder, "bracketd.ballast"), 0), 0);
    assert_int_equal(truncate(fixture_path(b->folder, "bracketd.ballast"), BALLAST_MB * MB), 0);
    restart(b, BALLAST_MB * MB);
    struct stat info;
    assert_int_equal(stat(fixture_path(b->folder, "bracketd.ballast"), &info), 0);
    assert_true((int64_t)info.st_blocks * 512 >= BALLAST_MB * MB);
}

static void what_cannot_be_measured_changes_nothing(void **state)
{
    struct bench *b = *state;
    b->fails = true;
    set_free(b, 0);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    assert_int_equal(ballast_on_disk(b), BALLAST_MB * MB);
}

static void without_a_guard_nothing_is_refused(void **state)
{
    (void)state;
    assert_int_equal(disk_guard_check(NULL, NULL), ERR_OK);
    assert_int_equal(disk_guard_check_now(NULL, NULL), ERR_OK);
    disk_guard_free(NULL);
}

static void the_real_disk_is_measured(void **state)
{
    struct bench *b = *state;
    disk_guard_free(b->guard);
    struct disk_guard_options options = {.folder = b->folder};
    assert_int_equal(disk_guard_create(&options, &b->guard, NULL), ERR_OK);
    assert_true(stats_of(b).free_bytes > 0);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_OK);
    disk_guard_free(b->guard);
    options.reserve_bytes = INT64_MAX / 4;
    assert_int_equal(disk_guard_create(&options, &b->guard, NULL), ERR_OK);
    assert_int_equal(disk_guard_check(b->guard, NULL), ERR_DISK_FULL);
}

#define WITH_GUARD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GUARD(the_ballast_is_made_at_the_start_and_really_there),
        WITH_GUARD(below_the_reserve_nothing_new_is_taken),
        WITH_GUARD(on_a_full_disk_the_ballast_goes_and_comes_back_with_room),
        WITH_GUARD(a_write_that_found_the_disk_full_gets_the_ballast_once),
        WITH_GUARD(what_writes_much_is_told_at_once),
        WITH_GUARD(a_ballast_left_by_an_earlier_run_is_kept_or_makes_room_for_the_start),
        WITH_GUARD(one_of_another_size_or_not_wanted_goes),
        WITH_GUARD(a_sparse_file_is_no_ballast),
        WITH_GUARD(what_cannot_be_measured_changes_nothing),
        cmocka_unit_test(without_a_guard_nothing_is_refused),
        WITH_GUARD(the_real_disk_is_measured),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
