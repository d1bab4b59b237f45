/* Processes as the kernel sees them: what one takes, and measurements in one of their own. */
#ifndef BENCH_SUPPORT_BENCH_PROCESS_H
#define BENCH_SUPPORT_BENCH_PROCESS_H

#include <stddef.h>
#include <stdint.h>

int64_t bench_resident_bytes(void); /* exact: the sum over all pages */
double bench_cpu_s(void);           /* of all threads, user and system */
void bench_rest(int64_t for_ns);    /* of the calling thread */

/* Runs it in a child process, so that memory which earlier measurements left behind does not count;
 * what it writes to `result` (plain bytes) comes back. The caller must be the only thread. */
void bench_apart(void (*measure)(void *context, void *result), void *context, void *result,
                 size_t size_bytes);
/* From a real-time priority, at which the program may have been started, to that of others. */
void bench_be_ordinary(void);

/* How late waits end: a histogram that any thread may add to. */
enum { BENCH_LATENESS_BUCKETS = 20000 }; /* of a microsecond; the last takes what is later */
void bench_lateness_add(int64_t late_ns);
void bench_lateness_clear(void);
/* The lateness, in us, that `share` (0..1) of the waits did not exceed; 0 when there were none. */
double bench_lateness_us(double share);

#endif
