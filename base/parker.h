/* Where one thread waits until a deadline or until it is woken, for thousands of such threads.
 *
 * A semaphore and not a condition: a kernel from 6.16 on gives a process 16 private futex buckets,
 * in which 20,000 conditions with their mutexes bring the machine down (parker_prepare_process asks
 * for more of them).
 *
 * A wake that comes while nobody waits is kept, once: the next wait returns at once.
 */
#ifndef BASE_PARKER_H
#define BASE_PARKER_H

#include "base/clock.h"

#include <semaphore.h>
#include <stdbool.h>

struct parker {
    sem_t semaphore;
    _Atomic bool woken;
};

void parker_init(struct parker *p);
void parker_release(struct parker *p); /* nobody waits, nobody will wake */
/* Any thread, also with mutexes held. */
void parker_wake(struct parker *p);
/* One thread at a time. true when it was woken, false when the deadline (monotonic ns of the clock
 * given; INT64_MAX = none) passed first. Blocks. */
bool parker_wait(struct parker *p, const struct clock *clock, int64_t deadline_ns);

/* At the start of a process that will have thousands of waiting threads. What the kernel does not
 * know is left out. */
void parker_prepare_process(void);

#endif
