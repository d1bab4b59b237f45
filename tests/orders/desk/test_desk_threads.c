/* A desk that starts with more brackets than the system has threads for, in a process of its own
 * under a limit on threads. */
#include "base/clock.h"
#include "base/thread.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ORDERS = 12, SPARE = 4, LEFT = 3, NOBODY_ELSES_USER = 61417 };

/* cmocka's asserts are for the parent. */
static void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    _exit(1);
}

static int threads_now(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return count;
}

static bool is_back_to(void *count)
{
    return threads_now() <= *(int *)count;
}

static bool is_ready(void *desk)
{
    return desk_ready(desk, NULL);
}

static struct desk *start(const struct desk_options *options)
{
    struct desk *desk = NULL;
    struct error e = {.message = ""};
    check(desk_create(options, &desk, &e) == ERR_OK && desk_start(desk, &e) == ERR_OK, e.message);
    check(test_wait(is_ready, desk, TEST_PATIENCE_MS), "never ready");
    return desk;
}

static void stop(struct desk *desk)
{
    check(desk_stop(desk, 5 * NS_PER_SECOND, NULL) == ERR_OK, "does not stop");
    desk_free(desk);
}

static void placed(void *count, const struct desk_result *r)
{
    if (r->outcome == DESK_DONE)
        atomic_fetch_add((atomic_int *)count, 1);
}

static bool all_are_there(void *count)
{
    return atomic_load((atomic_int *)count) == ORDERS;
}

static void place_all(struct desk *desk)
{
    atomic_int count = 0;
    struct bracket_spec spec = fixture_spec();
    const struct desk_placement p = {.spec = &spec};
    for (int i = 0; i < ORDERS; i++)
        check(desk_place(desk, &p, placed, &count, NULL) == ERR_OK, "not placed");
    check(test_wait(all_are_there, &count, TEST_PATIENCE_MS), "not all placed");
}

static void *end_at_once(void *context)
{
    return context;
}

static void restart_with_few_threads(void *context)
{
    (void)context;
    check(setuid(NOBODY_ELSES_USER) == 0, "cannot be another user");
    struct bench b;
    bench_init(&b);
    b.options.spare_threads = SPARE;
    int before = threads_now();
    struct desk *desk = start(&b.options);
    place_all(desk);
    stop(desk);
    check(test_wait(is_back_to, &before, TEST_PATIENCE_MS), "threads that do not end");
    enum { OF_THE_DESK = 3 /* gateway, watch, shared loop */ };
    rlim_t limit = (rlim_t)(before + OF_THE_DESK + SPARE + LEFT);
    check(setrlimit(RLIMIT_NPROC, &(struct rlimit){limit, limit}) == 0, "no limit");
    desk = start(&b.options);
    struct desk_stats stats;
    desk_stats(desk, &stats);
    check(stats.threads == LEFT && stats.shared == ORDERS - LEFT, "not served as it should be");
    int taken = before + OF_THE_DESK + LEFT;
    check(test_wait(is_back_to, &taken, TEST_PATIENCE_MS), "spare threads that do not end");
    struct thread later[SPARE];
    struct error e = {.message = ""};
    for (int i = 0; i < SPARE; i++)
        check(
            !thread_start(&later[i], &(struct thread_options){.name = "x"}, end_at_once, NULL, &e),
            e.message);
    for (int i = 0; i < SPARE; i++)
        thread_join(&later[i]);
    stop(desk);
}

static void a_restart_leaves_threads_to_the_shared_loop_and_to_others(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("the limit on threads needs a user of its own: root can be one\n");
        skip();
    }
    assert_true(child_succeeds(restart_with_few_threads, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_leaves_threads_to_the_shared_loop_and_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
