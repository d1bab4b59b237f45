#include "base/thread.h"

#include "base/mutex.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct seen {
    char name[THREAD_NAME_MAX];
    sigset_t blocked;
    int nice;
    size_t stack_bytes;
    bool ran;
};

static void *look(void *context)
{
    struct seen *seen = context;
    thread_get_name(seen->name);
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    seen->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &seen->stack_bytes);
        pthread_attr_destroy(&attributes);
    }
    seen->ran = true;
    return NULL;
}

static struct seen start_and_look(const struct thread_options *options)
{
    struct seen seen = {0};
    struct thread t;
    assert_int_equal(thread_start(&t, options, look, &seen, NULL), ERR_OK);
    assert_true(t.started);
    thread_join(&t);
    assert_false(t.started);
    assert_true(seen.ran);
    return seen;
}

static void a_thread_runs_under_its_name(void **state)
{
    (void)state;
    struct seen seen = start_and_look(&(struct thread_options){.name = "worker-3"});
    assert_string_equal(seen.name, "worker-3");
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    struct seen seen = start_and_look(&(struct thread_options){.name = "0123456789abcdefXYZ"});
    assert_string_equal(seen.name, "0123456789abcde");
}

static void all_signals_are_blocked_only_in_the_new_thread(void **state)
{
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    struct seen seen = start_and_look(&(struct thread_options){.name = "signals"});
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        assert_true(sigismember(&seen.blocked, signals[i]));
        assert_int_equal(sigismember(&before, signals[i]), sigismember(&after, signals[i]));
    }
}

static void nice_is_added_to_that_of_the_process(void **state)
{
    (void)state;
    int process_nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (process_nice > 9)
        skip();
    struct seen plain = start_and_look(&(struct thread_options){.name = "plain"});
    assert_int_equal(plain.nice, process_nice);
    struct seen nice = start_and_look(&(struct thread_options){.name = "nice", .nice = 10});
    assert_int_equal(nice.nice, process_nice + 10);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)getpid()), process_nice);
}

static void the_stack_is_as_asked(void **state)
{
    (void)state;
    struct seen standard = start_and_look(&(struct thread_options){.name = "standard"});
    assert_true(standard.stack_bytes >= 256 * 1024);
    struct seen big =
        start_and_look(&(struct thread_options){.name = "big", .stack_bytes = 4 << 20});
    assert_true(big.stack_bytes >= 4 << 20);
    start_and_look(&(struct thread_options){.name = "tiny", .stack_bytes = 1});
}

static void joining_a_thread_that_never_started_is_fine(void **state)
{
    (void)state;
    struct thread t = {0};
    thread_join(&t);
    thread_join(&t);
}

static void the_calling_thread_can_be_named(void **state)
{
    (void)state;
    char before[THREAD_NAME_MAX], now[THREAD_NAME_MAX];
    thread_get_name(before);
    thread_set_name("a-name-that-is-too-long");
    thread_get_name(now);
    assert_string_equal(now, "a-name-that-is-");
    thread_set_name(before);
}

static void a_stack_beyond_memory_is_refused(void **state)
{
    (void)state;
    struct thread t;
    struct error e = {0};
    struct thread_options options = {.name = "huge", .stack_bytes = (size_t)1 << 60};
    assert_int_equal(thread_start(&t, &options, look, NULL, &e), ERR_UNAVAILABLE);
    assert_false(t.started);
    assert_non_null(strstr(e.message, "'huge'"));
    thread_join(&t);
}

static void join_with_a_mutex(void *context) UNCHECKED_LOCKS
{
    (void)context;
    struct mutex m;
    mutex_init(&m, MUTEX_JOBS);
    mutex_lock(&m);
    thread_join(&(struct thread){0});
}

static void joining_with_a_mutex_held_aborts(void **state)
{
    (void)state;
    assert_true(
        child_aborts(join_with_a_mutex, NULL, (const char *const[]){"thread_join", "JOBS", NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_with_a_mutex_held_aborts),
        cmocka_unit_test(a_thread_runs_under_its_name),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(all_signals_are_blocked_only_in_the_new_thread),
        cmocka_unit_test(nice_is_added_to_that_of_the_process),
        cmocka_unit_test(the_stack_is_as_asked),
        cmocka_unit_test(joining_a_thread_that_never_started_is_fine),
        cmocka_unit_test(the_calling_thread_can_be_named),
        cmocka_unit_test(a_stack_beyond_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
