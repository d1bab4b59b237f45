/* Threads and the wall clock. The steady clock is left alone: a machine's never jumps. */
#include "tests/fault/shim/page.h"

#include <pthread.h>
#include <sys/time.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    int error = 0;
    size_t stack_bytes = SIZE_MAX;
    if (attributes)
        pthread_attr_getstacksize(attributes, &stack_bytes);
    if (stack_bytes <= FAULT_SMALL_STACK_BYTES && fault_count(FAULT_THREAD, &error) == FAULT_ERROR)
        return error;
    return FAULT_NEXT(pthread_create)(thread, attributes, run, context);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int result = FAULT_NEXT(clock_gettime)(clock, ret);
    if (result == 0 && fault_page() &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t now_ns = (int64_t)ret->tv_sec * NS_PER_S + ret->tv_nsec +
                         __atomic_load_n(&fault_page()->clock_offset_ns, __ATOMIC_RELAXED);
        ret->tv_sec = now_ns / NS_PER_S;
        ret->tv_nsec = now_ns % NS_PER_S;
    }
    return result;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}
