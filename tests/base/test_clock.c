#include "base/clock.h"

#include "tests/support/test.h"

#include <time.h>

static void the_real_clock_tells_the_time_of_day(void **state)
{
    (void)state;
    int64_t before_s = (int64_t)time(NULL) - 1;
    int64_t now_ns = clock_realtime_ns(clock_real());
    assert_true(now_ns / NS_PER_SECOND >= before_s);
    assert_true(now_ns / NS_PER_SECOND <= (int64_t)time(NULL) + 1);
}

static void the_real_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t last_ns = clock_monotonic_ns(clock_real());
    int64_t first_ns = last_ns;
    for (int i = 0; i < 1000; i++) {
        int64_t now_ns = clock_monotonic_ns(clock_real());
        assert_true(now_ns >= last_ns);
        last_ns = now_ns;
    }
    test_pause_ms(2);
    assert_true(clock_monotonic_ns(clock_real()) >= first_ns + NS_PER_MS);
}

static void a_waiter_on_the_real_clock_looks_at_its_deadline(void **state)
{
    (void)state;
    const struct clock *clock = clock_real();
    assert_true(clock->wait_until_ns(clock, 12345) == 12345);
}

static void a_manual_clock_stands_still_until_told(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, 1000);
    assert_true(clock_realtime_ns(&m.clock) == 1000);
    int64_t monotonic_ns = clock_monotonic_ns(&m.clock);
    test_pause_ms(2);
    assert_true(clock_realtime_ns(&m.clock) == 1000);
    assert_true(clock_monotonic_ns(&m.clock) == monotonic_ns);
}

static void advance_moves_both_times_and_step_only_one(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, 1000);
    int64_t monotonic_ns = clock_monotonic_ns(&m.clock);
    manual_clock_advance(&m, NS_PER_SECOND);
    assert_true(clock_realtime_ns(&m.clock) == 1000 + NS_PER_SECOND);
    assert_true(clock_monotonic_ns(&m.clock) == monotonic_ns + NS_PER_SECOND);
    manual_clock_step(&m, -NS_PER_MINUTE);
    assert_true(clock_realtime_ns(&m.clock) == 1000 + NS_PER_SECOND - NS_PER_MINUTE);
    assert_true(clock_monotonic_ns(&m.clock) == monotonic_ns + NS_PER_SECOND);
}

static void a_waiter_on_a_manual_clock_looks_again_soon(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, 0);
    int64_t real_ns = clock_monotonic_ns(clock_real());
    int64_t until_ns = m.clock.wait_until_ns(&m.clock, INT64_MAX);
    assert_true(until_ns >= real_ns && until_ns <= real_ns + NS_PER_SECOND);
    manual_clock_advance(&m, 500);
    until_ns = m.clock.wait_until_ns(&m.clock, 500);
    assert_true(until_ns <= clock_monotonic_ns(clock_real()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_clock_tells_the_time_of_day),
        cmocka_unit_test(the_real_monotonic_clock_never_goes_back),
        cmocka_unit_test(a_waiter_on_the_real_clock_looks_at_its_deadline),
        cmocka_unit_test(a_manual_clock_stands_still_until_told),
        cmocka_unit_test(advance_moves_both_times_and_step_only_one),
        cmocka_unit_test(a_waiter_on_a_manual_clock_looks_again_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
