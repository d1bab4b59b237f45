/* The ranks a thread holds are kept in a thread-local list, in the order they were taken. Since
 * each is higher than the one before, the last is the highest and a check is one comparison; the
 * list can't outgrow the number of ranks. A check precedes the lock itself: a broken order aborts
 * also where it would have deadlocked.
 */
#include "base/mutex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const rank_names[MUTEX_RANK_COUNT] = {
#define X(name) #name,
    MUTEX_RANKS(X)
#undef X
};

static _Thread_local struct {
    const struct mutex *mutexes[MUTEX_RANK_COUNT];
    int count;
} held;

const char *mutex_rank_name(enum mutex_rank rank)
{
    return rank < MUTEX_RANK_COUNT ? rank_names[rank] : "UNKNOWN";
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    char thread[16] = "?";
    pthread_getname_np(pthread_self(), thread, sizeof thread);
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "lock misuse on thread '%s': %s\n", thread, text);
    abort();
}

static void check(int error_number, const char *what)
{
    if (error_number != 0)
        die("%s: %s", what, strerror_r(error_number, (char[64]){0}, 64));
}

static int held_index(const struct mutex *m)
{
    for (int i = held.count - 1; i >= 0; i--) {
        if (held.mutexes[i] == m)
            return i;
    }
    return -1;
}

void mutex_init(struct mutex *m, enum mutex_rank rank)
{
    if (rank >= MUTEX_RANK_COUNT)
        die("mutex_init: no rank %d", (int)rank);
    check(pthread_mutex_init(&m->handle, NULL), "pthread_mutex_init");
    m->rank = rank;
}

void mutex_release(struct mutex *m)
{
    if (held_index(m) >= 0)
        die("%s released while held", mutex_rank_name(m->rank));
    check(pthread_mutex_destroy(&m->handle), "pthread_mutex_destroy");
}

void mutex_lock(struct mutex *m) UNCHECKED_LOCKS
{
    if (held.count > 0) {
        const struct mutex *highest = held.mutexes[held.count - 1];
        if (m->rank <= highest->rank)
            die("%s taken while %s is held", mutex_rank_name(m->rank),
                mutex_rank_name(highest->rank));
    }
    check(pthread_mutex_lock(&m->handle), "pthread_mutex_lock");
    held.mutexes[held.count++] = m;
}

void mutex_unlock(struct mutex *m) UNCHECKED_LOCKS
{
    int index = held_index(m);
    if (index < 0)
        die("%s unlocked by a thread that does not hold it", mutex_rank_name(m->rank));
    held.count--;
    for (int i = index; i < held.count; i++)
        held.mutexes[i] = held.mutexes[i + 1];
    check(pthread_mutex_unlock(&m->handle), "pthread_mutex_unlock");
}

void mutex_assert_held(const struct mutex *m) UNCHECKED_LOCKS
{
    if (held_index(m) < 0)
        die("%s is not held where it must be", mutex_rank_name(m->rank));
}

void condition_init(struct condition *c)
{
    pthread_condattr_t attributes;
    check(pthread_condattr_init(&attributes), "pthread_condattr_init");
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock");
    check(pthread_cond_init(&c->handle, &attributes), "pthread_cond_init");
    pthread_condattr_destroy(&attributes);
}

void condition_release(struct condition *c)
{
    check(pthread_cond_destroy(&c->handle), "pthread_cond_destroy");
}

/* A wait gives up only its own mutex: any other would be held for as long as the wait lasts. */
static void check_wait(const struct mutex *m)
{
    mutex_assert_held(m);
    for (int i = 0; i < held.count; i++) {
        if (held.mutexes[i] != m)
            die("wait with %s while %s is held", mutex_rank_name(m->rank),
                mutex_rank_name(held.mutexes[i]->rank));
    }
}

void condition_wait(struct condition *c, struct mutex *m)
{
    check_wait(m);
    check(pthread_cond_wait(&c->handle, &m->handle), "pthread_cond_wait");
}

bool condition_wait_until(struct condition *c, struct mutex *m, const struct clock *clock,
                          int64_t deadline_ns)
{
    check_wait(m);
    if (clock_monotonic_ns(clock) >= deadline_ns)
        return false;
    int64_t until_ns = clock->wait_until_ns(clock, deadline_ns);
    struct timespec until = {.tv_sec = until_ns / NS_PER_SECOND,
                             .tv_nsec = until_ns % NS_PER_SECOND};
    int result = pthread_cond_timedwait(&c->handle, &m->handle, &until);
    if (result != ETIMEDOUT) {
        check(result, "pthread_cond_timedwait");
        return true;
    }
    /* A manual clock's waiter comes here each millisecond: its deadline may be far. */
    return clock_monotonic_ns(clock) < deadline_ns;
}

void condition_signal(struct condition *c)
{
    check(pthread_cond_signal(&c->handle), "pthread_cond_signal");
}

void condition_broadcast(struct condition *c)
{
    check(pthread_cond_broadcast(&c->handle), "pthread_cond_broadcast");
}

void may_block(const char *what)
{
    if (held.count > 0)
        die("%s may block while %s is held", what,
            mutex_rank_name(held.mutexes[held.count - 1]->rank));
}
