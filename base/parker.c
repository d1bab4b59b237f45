#include "base/parker.h"

#include "base/mutex.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>

void parker_init(struct parker *p)
{
    sem_init(&p->semaphore, 0, 0);
    atomic_init(&p->woken, false);
}

void parker_release(struct parker *p)
{
    sem_destroy(&p->semaphore);
}

/* The flag keeps the count of the semaphore at one at most. */
void parker_wake(struct parker *p)
{
    if (!atomic_exchange(&p->woken, true))
        sem_post(&p->semaphore);
}

static bool wait_once(struct parker *p, int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / NS_PER_SECOND,
                                   .tv_nsec = until_ns % NS_PER_SECOND};
    int result = until_ns == INT64_MAX ? sem_wait(&p->semaphore)
                                       : sem_clockwait(&p->semaphore, CLOCK_MONOTONIC, &until);
    return result == 0;
}

bool parker_wait(struct parker *p, const struct clock *clock, int64_t deadline_ns)
{
    may_block("parker_wait");
    for (;;) {
        bool forever = deadline_ns == INT64_MAX && clock == clock_real();
        if (wait_once(p, forever ? INT64_MAX : clock->wait_until_ns(clock, deadline_ns))) {
            /* An exchange, so that the thread sanitizer sees what sem_clockwait does: all that was
             * done before the wake is seen after it. */
            (void)atomic_exchange(&p->woken, false);
            return true;
        }
        if (errno == ETIMEDOUT && clock_monotonic_ns(clock) >= deadline_ns)
            return false;
    }
}

void parker_prepare_process(void)
{
    enum { SET_FUTEX_HASH = 78, SET_SLOTS = 1, SLOTS = 32768 }; /* PR_FUTEX_HASH, Linux 6.16 */
    prctl(SET_FUTEX_HASH, SET_SLOTS, SLOTS, 0, 0);
}
