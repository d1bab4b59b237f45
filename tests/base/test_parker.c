#include "base/parker.h"

#include "base/thread.h"
#include "tests/support/test.h"

static void a_wake_before_the_wait_is_kept_once(void **state)
{
    (void)state;
    struct parker p;
    parker_init(&p);
    parker_wake(&p);
    parker_wake(&p);
    int64_t now_ns = clock_monotonic_ns(clock_real());
    assert_true(parker_wait(&p, clock_real(), INT64_MAX));
    assert_false(parker_wait(&p, clock_real(), now_ns));
    parker_release(&p);
}

static void a_deadline_passes_on_the_clock_given(void **state)
{
    (void)state;
    struct parker p;
    struct manual_clock clock;
    manual_clock_init(&clock, 0);
    parker_init(&p);
    assert_false(parker_wait(&p, &clock.clock, 0));
    int64_t start_ns = clock_monotonic_ns(clock_real());
    assert_false(parker_wait(&p, clock_real(), start_ns + 5 * NS_PER_MS));
    assert_true(clock_monotonic_ns(clock_real()) >= start_ns + 5 * NS_PER_MS);
    parker_release(&p);
}

struct pair {
    struct parker ping, pong;
    int64_t rounds;
};

static void *echo(void *context)
{
    struct pair *pair = context;
    for (int64_t i = 0; i < pair->rounds; i++) {
        parker_wait(&pair->ping, clock_real(), INT64_MAX);
        parker_wake(&pair->pong);
    }
    return NULL;
}

static void no_wake_is_lost_between_two_threads(void **state)
{
    (void)state;
    struct pair pair = {.rounds = 2000};
    struct thread thread;
    parker_init(&pair.ping);
    parker_init(&pair.pong);
    const struct thread_options options = {.name = "echo"};
    assert_int_equal(thread_start(&thread, &options, echo, &pair, NULL), ERR_OK);
    for (int64_t i = 0; i < pair.rounds; i++) {
        parker_wake(&pair.ping);
        assert_true(parker_wait(&pair.pong, clock_real(), INT64_MAX));
    }
    thread_join(&thread);
    parker_release(&pair.ping);
    parker_release(&pair.pong);
}

static void preparing_the_process_is_harmless(void **state)
{
    (void)state;
    parker_prepare_process();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_before_the_wait_is_kept_once),
        cmocka_unit_test(a_deadline_passes_on_the_clock_given),
        cmocka_unit_test(no_wake_is_lost_between_two_threads),
        cmocka_unit_test(preparing_the_process_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
