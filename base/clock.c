#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

/* How long a waiter on a manual clock sleeps before it looks at that clock again. */
#define MANUAL_LOOK_NS NS_PER_MS

static int64_t read_ns(clockid_t id)
{
    struct timespec t;
    int failed = clock_gettime(id, &t);
    assert(!failed);
    (void)failed;
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

static int64_t real_realtime_ns(const struct clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_REALTIME);
}

static int64_t real_monotonic_ns(const struct clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_MONOTONIC);
}

static int64_t real_wait_until_ns(const struct clock *clock, int64_t deadline_ns)
{
    (void)clock;
    return deadline_ns;
}

const struct clock *clock_real(void)
{
    static const struct clock real = {
        .realtime_ns = real_realtime_ns,
        .monotonic_ns = real_monotonic_ns,
        .wait_until_ns = real_wait_until_ns,
    };
    return &real;
}

int64_t clock_realtime_ns(const struct clock *clock)
{
    return clock->realtime_ns(clock);
}

int64_t clock_monotonic_ns(const struct clock *clock)
{
    return clock->monotonic_ns(clock);
}

static int64_t manual_realtime_ns(const struct clock *clock)
{
    return atomic_load(&((const struct manual_clock *)clock)->realtime_now_ns);
}

static int64_t manual_monotonic_ns(const struct clock *clock)
{
    return atomic_load(&((const struct manual_clock *)clock)->monotonic_now_ns);
}

static int64_t manual_wait_until_ns(const struct clock *clock, int64_t deadline_ns)
{
    int64_t now_ns = read_ns(CLOCK_MONOTONIC);
    return manual_monotonic_ns(clock) >= deadline_ns ? now_ns : now_ns + MANUAL_LOOK_NS;
}

void manual_clock_init(struct manual_clock *m, int64_t realtime_ns)
{
    m->clock = (struct clock){
        .realtime_ns = manual_realtime_ns,
        .monotonic_ns = manual_monotonic_ns,
        .wait_until_ns = manual_wait_until_ns,
    };
    atomic_init(&m->realtime_now_ns, realtime_ns);
    atomic_init(&m->monotonic_now_ns, 0);
}

void manual_clock_advance(struct manual_clock *m, int64_t by_ns)
{
    assert(by_ns >= 0);
    atomic_fetch_add(&m->realtime_now_ns, by_ns);
    atomic_fetch_add(&m->monotonic_now_ns, by_ns);
}

void manual_clock_step(struct manual_clock *m, int64_t by_ns)
{
    atomic_fetch_add(&m->realtime_now_ns, by_ns);
}
