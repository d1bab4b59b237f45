#include "base/mutex.h"

#include "tests/support/child.h"
#include "tests/support/test.h"

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct mutex jobs, cache, log_mutex;
static struct condition condition;

static int set_up(void **state)
{
    (void)state;
    mutex_init(&jobs, MUTEX_JOBS);
    mutex_init(&cache, MUTEX_BAR_CACHE);
    mutex_init(&log_mutex, MUTEX_LOG);
    condition_init(&condition);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    condition_release(&condition);
    mutex_release(&log_mutex);
    mutex_release(&cache);
    mutex_release(&jobs);
    return 0;
}

static void ranks_have_names(void **state)
{
    (void)state;
    assert_string_equal(mutex_rank_name(MUTEX_JOBS), "JOBS");
    assert_string_equal(mutex_rank_name(MUTEX_LOG), "LOG");
    assert_string_equal(mutex_rank_name(MUTEX_RANK_COUNT), "UNKNOWN");
}

static void rising_ranks_are_fine_and_may_be_released_in_any_order(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        mutex_lock(&jobs);
        mutex_lock(&cache);
        mutex_lock(&log_mutex);
        mutex_assert_held(&jobs);
        mutex_unlock(&cache);
        mutex_unlock(&jobs);
        mutex_assert_held(&log_mutex);
        mutex_unlock(&log_mutex);
        may_block("nothing is held");
    }
}

static void a_released_rank_may_be_taken_again(void **state)
{
    (void)state;
    mutex_lock(&jobs);
    mutex_lock(&log_mutex);
    mutex_unlock(&log_mutex);
    mutex_lock(&cache);
    mutex_unlock(&cache);
    mutex_unlock(&jobs);
    mutex_lock(&jobs);
    mutex_unlock(&jobs);
}

static void a_static_mutex_needs_no_init(void **state)
{
    (void)state;
    static struct mutex fixed = MUTEX_INITIALIZER(MUTEX_PAPER_QUOTES);
    mutex_lock(&fixed);
    mutex_assert_held(&fixed);
    mutex_unlock(&fixed);
}

static void all_ranks_may_be_held_at_once(void **state) UNCHECKED_LOCKS
{
    (void)state;
    struct mutex all[MUTEX_RANK_COUNT];
    for (int i = 0; i < MUTEX_RANK_COUNT; i++) {
        mutex_init(&all[i], (enum mutex_rank)i);
        mutex_lock(&all[i]);
    }
    for (int i = 0; i < MUTEX_RANK_COUNT; i++) {
        mutex_unlock(&all[i]);
        mutex_release(&all[i]);
    }
}

static void take_lower(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&log_mutex);
    mutex_lock(&jobs);
}

static void take_equal(void *context) UNCHECKED_LOCKS
{
    (void)context;
    struct mutex other;
    mutex_init(&other, MUTEX_JOBS);
    mutex_lock(&jobs);
    mutex_lock(&other);
}

static void take_twice(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_lock(&jobs);
}

static void take_between_after_unlocking_the_lowest(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_lock(&log_mutex);
    mutex_unlock(&jobs);
    mutex_lock(&cache);
}

static void a_rank_not_above_all_held_ones_aborts(void **state)
{
    (void)state;
    assert_true(child_aborts(take_lower, NULL, TEXTS("JOBS taken while LOG is held")));
    assert_true(child_aborts(take_equal, NULL, TEXTS("JOBS taken while JOBS is held")));
    assert_true(child_aborts(take_twice, NULL, TEXTS("JOBS taken while JOBS is held")));
    assert_true(child_aborts(take_between_after_unlocking_the_lowest, NULL,
                             TEXTS("BAR_CACHE taken while LOG is held")));
}

static void unlock_unheld(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_unlock(&jobs);
}

static void assert_unheld(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_assert_held(&cache);
}

static void release_held(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_release(&jobs);
}

static void misuse_of_one_mutex_aborts(void **state)
{
    (void)state;
    assert_true(child_aborts(unlock_unheld, NULL, TEXTS("JOBS unlocked")));
    assert_true(child_aborts(assert_unheld, NULL, TEXTS("BAR_CACHE is not held")));
    assert_true(child_aborts(release_held, NULL, TEXTS("JOBS released while held")));
}

static void block_with_mutex(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&cache);
    may_block("read of a file");
}

static void blocking_with_a_mutex_held_aborts(void **state)
{
    (void)state;
    assert_true(child_aborts(block_with_mutex, NULL, TEXTS("read of a file", "BAR_CACHE")));
}

static void wait_with_another(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_lock(&cache);
    condition_wait(&condition, &cache);
}

static void wait_until_with_another(void *context) UNCHECKED_LOCKS
{
    (void)context;
    mutex_lock(&jobs);
    mutex_lock(&cache);
    condition_wait_until(&condition, &jobs, clock_real(), 0);
}

static void wait_without(void *context) UNCHECKED_LOCKS
{
    (void)context;
    condition_wait(&condition, &jobs);
}

static void waiting_with_any_other_mutex_aborts(void **state)
{
    (void)state;
    assert_true(child_aborts(wait_with_another, NULL, TEXTS("BAR_CACHE while JOBS is held")));
    assert_true(child_aborts(wait_until_with_another, NULL, TEXTS("JOBS while BAR_CACHE is held")));
    assert_true(child_aborts(wait_without, NULL, TEXTS("JOBS is not held")));
}

static void a_deadline_in_the_past_returns_at_once(void **state)
{
    (void)state;
    mutex_lock(&jobs);
    assert_false(condition_wait_until(&condition, &jobs, clock_real(), 0));
    assert_false(condition_wait_until(&condition, &jobs, clock_real(), INT64_MIN));
    mutex_unlock(&jobs);
}

static void a_deadline_on_the_real_clock_passes(void **state)
{
    (void)state;
    int64_t deadline_ns = clock_monotonic_ns(clock_real()) + 5 * NS_PER_MS;
    mutex_lock(&jobs);
    while (condition_wait_until(&condition, &jobs, clock_real(), deadline_ns))
        continue;
    mutex_assert_held(&jobs);
    mutex_unlock(&jobs);
    assert_true(clock_monotonic_ns(clock_real()) >= deadline_ns);
}

struct flag {
    struct manual_clock clock;
    bool value GUARDED_BY_GLOBAL(jobs);
    bool timed_out GUARDED_BY_GLOBAL(jobs);
};

static void *wait_for_flag(void *context)
{
    struct flag *flag = context;
    mutex_lock(&jobs);
    while (!flag->value) {
        if (!condition_wait_until(&condition, &jobs, &flag->clock.clock, NS_PER_DAY)) {
            flag->timed_out = true;
            break;
        }
    }
    mutex_unlock(&jobs);
    return NULL;
}

static void a_signal_ends_a_wait_with_a_deadline(void **state)
{
    (void)state;
    struct flag flag = {0};
    manual_clock_init(&flag.clock, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_flag, &flag), 0);
    mutex_lock(&jobs);
    flag.value = true;
    condition_signal(&condition);
    mutex_unlock(&jobs);
    pthread_join(thread, NULL);
    mutex_lock(&jobs);
    assert_false(flag.timed_out);
    mutex_unlock(&jobs);
}

static void a_manual_clock_that_moves_ends_a_wait(void **state)
{
    (void)state;
    struct flag flag = {0};
    manual_clock_init(&flag.clock, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_flag, &flag), 0);
    manual_clock_advance(&flag.clock, NS_PER_DAY - 1);
    test_pause_ms(5);
    mutex_lock(&jobs);
    assert_false(flag.timed_out);
    mutex_unlock(&jobs);
    manual_clock_advance(&flag.clock, 1);
    pthread_join(thread, NULL);
    mutex_lock(&jobs);
    assert_true(flag.timed_out);
    mutex_unlock(&jobs);
}

enum { THREADS = 4, ROUNDS = 2000 };
static int64_t counter GUARDED_BY_GLOBAL(jobs); /* 0 at first */

static void *count_up(void *context)
{
    (void)context;
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&jobs);
        counter++;
        mutex_unlock(&jobs);
    }
    return NULL;
}

static void a_mutex_excludes_other_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    mutex_lock(&jobs);
    assert_int_equal(counter, THREADS * ROUNDS);
    mutex_unlock(&jobs);
}

static struct {
    int waiting GUARDED_BY_GLOBAL(jobs);
    bool go GUARDED_BY_GLOBAL(jobs);
} gate;

static void *wait_at_gate(void *context)
{
    (void)context;
    mutex_lock(&jobs);
    gate.waiting++;
    while (!gate.go)
        condition_wait(&condition, &jobs);
    gate.waiting--;
    mutex_unlock(&jobs);
    return NULL;
}

static bool all_wait(void *context)
{
    (void)context;
    mutex_lock(&jobs);
    bool all = gate.waiting == THREADS;
    mutex_unlock(&jobs);
    return all;
}

static void a_broadcast_wakes_all(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_at_gate, NULL), 0);
    assert_true(test_wait(all_wait, NULL, 10000));
    mutex_lock(&jobs);
    gate.go = true;
    condition_broadcast(&condition);
    mutex_unlock(&jobs);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    mutex_lock(&jobs);
    assert_int_equal(gate.waiting, 0);
    mutex_unlock(&jobs);
}

/* What another thread holds is not this thread's: each list is its own. */
static void *take_and_block(void *context)
{
    (void)context;
    mutex_lock(&jobs);
    mutex_unlock(&jobs);
    may_block("on another thread");
    return NULL;
}

static void held_ranks_are_per_thread(void **state)
{
    (void)state;
    mutex_lock(&log_mutex);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_and_block, NULL), 0);
    pthread_join(thread, NULL);
    mutex_unlock(&log_mutex);
}

int main(void)
{
    /* The tests that fork come first, before any thread was started. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_not_above_all_held_ones_aborts),
        cmocka_unit_test(misuse_of_one_mutex_aborts),
        cmocka_unit_test(blocking_with_a_mutex_held_aborts),
        cmocka_unit_test(waiting_with_any_other_mutex_aborts),
        cmocka_unit_test(ranks_have_names),
        cmocka_unit_test(rising_ranks_are_fine_and_may_be_released_in_any_order),
        cmocka_unit_test(a_released_rank_may_be_taken_again),
        cmocka_unit_test(a_static_mutex_needs_no_init),
        cmocka_unit_test(all_ranks_may_be_held_at_once),
        cmocka_unit_test(a_deadline_in_the_past_returns_at_once),
        cmocka_unit_test(a_deadline_on_the_real_clock_passes),
        cmocka_unit_test(a_signal_ends_a_wait_with_a_deadline),
        cmocka_unit_test(a_manual_clock_that_moves_ends_a_wait),
        cmocka_unit_test(a_mutex_excludes_other_threads),
        cmocka_unit_test(a_broadcast_wakes_all),
        cmocka_unit_test(held_ranks_are_per_thread),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
