#include "tests/support/test.h"

#include <poll.h>
#include <time.h>

void test_pause_ms(int64_t ms)
{
    poll(NULL, 0, (int)ms);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool test_wait(bool (*done)(void *), void *context, int64_t timeout_ms)
{
    int64_t deadline_ms = now_ms() + timeout_ms;
    while (!done(context)) {
        if (now_ms() >= deadline_ms)
            return false;
        test_pause_ms(1);
    }
    return true;
}
