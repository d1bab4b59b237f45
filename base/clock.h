/* Time as a thing that is handed in: the real clock in the program, a manual one in tests.
 *
 * realtime_ns is UTC since 1970 and may step; monotonic_ns only grows and is what deadlines use.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_SECOND)
#define NS_PER_DAY (86400 * NS_PER_SECOND)

struct clock {
    int64_t (*realtime_ns)(const struct clock *);
    int64_t (*monotonic_ns)(const struct clock *);
    /* Turns a deadline on this clock into CLOCK_MONOTONIC ns at which a waiter must look again. */
    int64_t (*wait_until_ns)(const struct clock *, int64_t deadline_ns);
};

const struct clock *clock_real(void);
int64_t clock_realtime_ns(const struct clock *);
int64_t clock_monotonic_ns(const struct clock *);

/* A clock that moves only when told; safe to move from any thread. Waiters on it look again at
 * least every millisecond of real time. */
struct manual_clock {
    struct clock clock; /* first: hand out &m->clock */
    _Atomic int64_t realtime_now_ns;
    _Atomic int64_t monotonic_now_ns;
};
void manual_clock_init(struct manual_clock *m, int64_t realtime_ns);
void manual_clock_advance(struct manual_clock *m, int64_t by_ns); /* both */
void manual_clock_step(struct manual_clock *m, int64_t by_ns);    /* realtime only, may go back */

#endif
