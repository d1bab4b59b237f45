/* The simulator: runs seeds, each a whole schedule of the bracket machine against a broker that
 * goes wrong, and checks the invariants.
 *
 *   sim [--n COUNT] [--first SEED] [--threads N] [--quiet]   COUNT seeds from SEED
 *   sim --seed SEED [--trace]                                one seed; --trace tells all of it
 *
 * Ends with 0 when every invariant held in every schedule and every row of the coverage was hit;
 * with 1 when not, after the first failing seed's schedule.
 */
#include "base/number.h"
#include "base/thread.h"
#include "tests/sim/world.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64, CHUNK = 1000 };
/* Fewer schedules need not hit every row. */
enum { COVERAGE_FROM = 200000 };

struct run {
    uint64_t first, count;
    atomic_uint_least64_t next;   /* seeds given out so far */
    atomic_uint_least64_t failed; /* the lowest seed that failed, UINT64_MAX = none */
};

struct runner {
    struct run *run;
    struct thread thread;
    struct coverage coverage;
};

static struct world *world_create(struct coverage *coverage)
{
    struct world *w = calloc(1, sizeof(*w));
    if (!w) {
        fputs("sim: out of memory\n", stderr);
        exit(2);
    }
    w->coverage = coverage;
    return w;
}

static void fail(struct run *run, uint64_t seed)
{
    uint64_t lowest = atomic_load(&run->failed);
    while (seed < lowest && !atomic_compare_exchange_weak(&run->failed, &lowest, seed))
        ;
}

static void *run_seeds(void *context)
{
    struct runner *r = context;
    struct run *run = r->run;
    struct world *w = world_create(&r->coverage);
    while (atomic_load(&run->failed) == UINT64_MAX) {
        uint64_t from = atomic_fetch_add(&run->next, CHUNK);
        if (from >= run->count)
            break;
        uint64_t to = from + CHUNK < run->count ? from + CHUNK : run->count;
        for (uint64_t i = from; i < to; i++) {
            if (!world_run(w, run->first + i)) {
                fail(run, run->first + i);
                break;
            }
        }
    }
    free(w);
    return NULL;
}

/* One seed again, told in full. */
static int tell(uint64_t seed, bool trace)
{
    struct coverage coverage = {0};
    struct world *w = world_create(&coverage);
    w->trace = trace ? stdout : NULL;
    bool held = world_run(w, seed);
    if (held)
        printf("seed %llu: ends %s, every invariant held\n", (unsigned long long)seed,
               bracket_status_name(w->tracker.state->status));
    else
        printf("seed %llu: invariant %d: %s\n  again with: make sim SEED=%llu\n",
               (unsigned long long)seed, w->checks.violated, w->checks.what,
               (unsigned long long)seed);
    free(w);
    return held ? 0 : 1;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_all(uint64_t first, uint64_t count, unsigned threads, bool quiet)
{
    static struct runner runners[THREADS_MAX];
    static struct coverage total;
    struct run run = {.first = first, .count = count};
    atomic_init(&run.failed, UINT64_MAX);
    double started = seconds_now();
    struct error error = {0};
    for (unsigned i = 0; i < threads; i++) {
        runners[i].run = &run;
        if (thread_start(&runners[i].thread, &(struct thread_options){.name = "sim"}, run_seeds,
                         &runners[i], &error))
            run_seeds(&runners[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        thread_join(&runners[i].thread);
        coverage_add(&total, &runners[i].coverage);
    }
    double took = seconds_now() - started;
    uint64_t failed = atomic_load(&run.failed);
    unsigned missing = 0;
    if (failed != UINT64_MAX)
        tell(failed, !quiet);
    else if (!quiet)
        missing = coverage_report(&total);
    if (count < COVERAGE_FROM)
        missing = 0;
    printf(
        "%llu schedules, %llu events, %llu submits, %llu crashes in %.1f s, %.0f schedules/s with "
        "%u threads\n",
        (unsigned long long)total.schedules, (unsigned long long)total.events,
        (unsigned long long)total.submits, (unsigned long long)total.crashes, took,
        (double)total.schedules / took, threads);
    if (missing)
        printf("%u rows of the coverage were never hit\n", missing);
    bool bad = failed != UINT64_MAX || missing;
    printf("%d passed, %d failed\n", !bad, bad);
    return bad;
}

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static bool has(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    if (has(argc, argv, "--seed"))
        return tell(number_after(argc, argv, "--seed", 0), has(argc, argv, "--trace"));
    uint64_t threads = number_after(argc, argv, "--threads", 2);
    if (threads < 1 || threads > THREADS_MAX)
        threads = 1;
    return run_all(number_after(argc, argv, "--first", 1), number_after(argc, argv, "--n", 2000),
                   (unsigned)threads, has(argc, argv, "--quiet"));
}
