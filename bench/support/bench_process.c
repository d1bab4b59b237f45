#include "bench/support/bench_process.h"

#include "base/parker.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t bench_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %lld kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double bench_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void bench_rest(int64_t for_ns)
{
    struct parker parker;
    parker_init(&parker);
    parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + for_ns);
    parker_release(&parker);
}

void bench_apart(void (*measure)(void *context, void *result), void *context, void *result,
                 size_t size_bytes)
{
    int ends[2], status = 1;
    if (pipe(ends) != 0)
        abort();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        measure(context, result);
        _exit(write(ends[1], result, size_bytes) == (ssize_t)size_bytes ? 0 : 1);
    }
    close(ends[1]);
    bool whole = read(ends[0], result, size_bytes) == (ssize_t)size_bytes;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !whole)
        exit(1);
}

void bench_be_ordinary(void)
{
    const struct sched_param none = {.sched_priority = 0};
    sched_setscheduler(0, SCHED_OTHER, &none);
}

static atomic_int buckets[BENCH_LATENESS_BUCKETS];

void bench_lateness_add(int64_t late_ns)
{
    int64_t us = late_ns < 0 ? 0 : late_ns / NS_PER_US;
    int64_t last = BENCH_LATENESS_BUCKETS - 1;
    atomic_fetch_add_explicit(&buckets[us < last ? us : last], 1, memory_order_relaxed);
}

void bench_lateness_clear(void)
{
    for (int i = 0; i < BENCH_LATENESS_BUCKETS; i++)
        atomic_store(&buckets[i], 0);
}

double bench_lateness_us(double share)
{
    int64_t total = 0, seen = 0;
    for (int i = 0; i < BENCH_LATENESS_BUCKETS; i++)
        total += atomic_load(&buckets[i]);
    for (int i = 0; i < BENCH_LATENESS_BUCKETS; i++) {
        seen += atomic_load(&buckets[i]);
        if (total && (double)seen >= share * (double)total)
            return i;
    }
    return 0;
}
