#include "base/stacks.h"

#include "base/thread.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 32 * 1024, MANY = 200 };

static struct stacks *make(void)
{
    struct stacks *s = NULL;
    assert_int_equal(stacks_create(STACK_BYTES, &s, NULL), ERR_OK);
    assert_true(stacks_bytes(s) >= STACK_BYTES);
    return s;
}

static void stacks_do_not_overlap_and_come_back(void **state)
{
    (void)state;
    struct stacks *s = make();
    char *taken[MANY];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            taken[i] = stacks_take(s);
            assert_non_null(taken[i]);
            memset(taken[i], i, stacks_bytes(s));
        }
        for (int i = 0; i < MANY; i++) {
            assert_int_equal((unsigned char)taken[i][0], (unsigned char)i);
            assert_int_equal((unsigned char)taken[i][stacks_bytes(s) - 1], (unsigned char)i);
        }
        for (int i = 0; i < MANY; i++)
            stacks_give(s, taken[i]);
    }
    stacks_free(s);
}

struct seen {
    void *stack;
    size_t stack_bytes;
    bool kept, on_it;
};

static void *trim(void *context)
{
    struct seen *seen = context;
    volatile char local[64];
    memset((char *)local, 7, sizeof local);
    stack_trim(seen->stack, seen->stack_bytes);
    seen->kept = local[0] == 7 && local[sizeof local - 1] == 7;
    const char *here = (const char *)local, *low = seen->stack;
    seen->on_it = here >= low && here < low + seen->stack_bytes;
    return NULL;
}

static void a_thread_runs_on_it_and_trims_what_lies_below(void **state)
{
    (void)state;
    struct stacks *s = make();
    struct seen seen = {.stack = stacks_take(s), .stack_bytes = stacks_bytes(s)};
    memset(seen.stack, 1, STACK_BYTES / 2);
    struct thread t;
    const struct thread_options options = {
        .name = "on-it", .stack = seen.stack, .stack_bytes = seen.stack_bytes};
    assert_int_equal(thread_start(&t, &options, trim, &seen, NULL), ERR_OK);
    thread_join(&t);
    assert_true(seen.kept);
#ifndef VARIANT_SANITIZED
    assert_true(seen.on_it);
    assert_int_equal(*(char *)seen.stack, 0);
#endif
    stacks_give(s, seen.stack);
    stacks_free(s);
}

static void write_below(void)
{
    struct stacks *s = make();
    char *stack = stacks_take(s);
    ((volatile char *)stack)[-1] = 1;
}

static void what_runs_out_of_it_dies(void **state)
{
    (void)state;
    struct sigaction ignored = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &ignored, NULL);
    pid_t child = fork();
    if (child == 0) {
        write_below();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); /* or as a sanitizer tells it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_do_not_overlap_and_come_back),
        cmocka_unit_test(a_thread_runs_on_it_and_trims_what_lies_below),
        cmocka_unit_test(what_runs_out_of_it_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
