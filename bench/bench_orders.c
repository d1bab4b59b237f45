/* Live brackets, each with its thread, on the real store and a broker in memory.
 *
 *   acceptance  desk_place with idempotency key until it is on disk, 1, 16 and 64 in flight
 *   scale       10,000 and 30,000 live brackets: memory, a quiet desk at a poll a second, lateness
 *               of the polls, stop, start until ready
 *   latency     from a fill at the broker until its stop is with the broker, and until the fill is
 *               on disk and published; alone, and while a worker on each core computes at nice 10
 *
 * Baselines of the same run: bare group commits of SQLite, rows of the same bytes, as many in
 * flight; bare threads that do nothing but wait for the next second.
 *
 * `bench_orders WORD` runs one of the three.
 */
#include "base/parker.h"
#include "bench/support/bench.h"
#include "bench/support/bench_bars.h"
#include "bench/support/bench_commits.h"
#include "bench/support/bench_desk.h"
#include "bench/support/bench_process.h"
#include "engine/pool/worker_pool.h"

#include <malloc.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- acceptance ------------------------------------------------------------------------------ */

enum { ACCEPT_ROUNDS = 5 };

struct acceptance {
    struct bench_series bare, accepted, cpu_us, settled;
};

struct accepting {
    int32_t count, in_flight;
};

struct accepted {
    double per_s, settled_per_s, cpu_us;
    size_t row_bytes;
};

static void accept(void *context, void *result)
{
    const struct accepting *a = context;
    struct accepted *ret = result;
    struct bench_desk b;
    bench_desk_open(&b, a->count + 1, (struct desk_listener){.context = NULL});
    bench_desk_start(&b);
    bench_desk_place(&b, 1, 1);
    ret->row_bytes = bench_desk_row_bytes(&b);
    double cpu_s = bench_cpu_s(), start = bench_now_s();
    bench_desk_place(&b, a->count, a->in_flight);
    ret->per_s = a->count / (bench_now_s() - start);
    bench_desk_await_orders(&b, a->count + 1);
    ret->settled_per_s = a->count / (bench_now_s() - start);
    ret->cpu_us = (bench_cpu_s() - cpu_s) / a->count * 1e6;
    bench_desk_stop(&b);
    bench_desk_close(&b);
}

struct bare_commits {
    struct accepting load;
    size_t row_bytes;
};

static void commit_bare(void *context, void *result)
{
    const struct bare_commits *b = context;
    *(double *)result = bench_commits(b->load.count, b->row_bytes, b->load.in_flight);
}

static void accept_once(int32_t count, int32_t in_flight, struct acceptance *ret)
{
    struct accepting accepting = {count, in_flight};
    struct accepted accepted = {.per_s = 0};
    bench_apart(accept, &accepting, &accepted, sizeof accepted);
    bench_add(&ret->accepted, accepted.per_s);
    bench_add(&ret->settled, accepted.settled_per_s);
    bench_add(&ret->cpu_us, accepted.cpu_us);
    struct bare_commits bare = {accepting, accepted.row_bytes};
    double bare_per_s = 0;
    bench_apart(commit_bare, &bare, &bare_per_s, sizeof bare_per_s);
    bench_add(&ret->bare, bare_per_s);
}

static void measure_acceptance(void)
{
    static const struct {
        int32_t in_flight, count;
    } loads[] = {{1, 500}, {16, 4000}, {64, 10000}};
    bench_title("acceptance of brackets, durable, each with its thread (baseline: bare group "
                "commits of SQLite)");
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        struct acceptance a = {.bare = {.count = 0}};
        char name[64];
        for (int round = 0; round < ACCEPT_ROUNDS; round++)
            accept_once(loads[i].count, loads[i].in_flight, &a);
        snprintf(name, sizeof name, "bare commits, %d in flight", loads[i].in_flight);
        bench_report(name, " rows/s", &a.bare, NULL, NULL);
        snprintf(name, sizeof name, "accepted, %d in flight", loads[i].in_flight);
        if (loads[i].in_flight == 64)
            bench_report_goal(name, "/s", &a.accepted, &a.bare, "bare", 0.6 * bench_median(&a.bare),
                              true);
        else
            bench_report(name, "/s", &a.accepted, &a.bare, "bare");
        bench_report("  until the entries are with the broker", "/s", &a.settled, &a.bare, "bare");
        bench_report("  processor time, all threads", " us", &a.cpu_us, NULL, NULL);
    }
}

/* ---- scale ----------------------------------------------------------------------------------- */

enum { QUIET_SECONDS = 3, SETTLE_SECONDS = 2, BARE_STACK_BYTES = 32 * 1024, SCALE_ROUNDS = 2 };

struct figures {
    double memory_kib, caches_mib, cores, late_half_us, late_most_us, stop_s, ready_s;
};

struct scale {
    struct bench_series memory_kib, caches_mib, cores, late_half_us, late_most_us, stop_s, ready_s;
};

static void add_figures(struct scale *s, const struct figures *f)
{
    bench_add(&s->memory_kib, f->memory_kib);
    bench_add(&s->caches_mib, f->caches_mib);
    bench_add(&s->cores, f->cores);
    bench_add(&s->late_half_us, f->late_half_us);
    bench_add(&s->late_most_us, f->late_most_us);
    bench_add(&s->stop_s, f->stop_s);
    bench_add(&s->ready_s, f->ready_s);
}

static void measure_quiet(struct figures *ret)
{
    bench_rest(SETTLE_SECONDS * NS_PER_SECOND);
    bench_lateness_clear();
    double cpu_s = bench_cpu_s(), start = bench_now_s();
    bench_rest(QUIET_SECONDS * NS_PER_SECOND);
    ret->cores = (bench_cpu_s() - cpu_s) / (bench_now_s() - start);
    ret->late_half_us = bench_lateness_us(0.5);
    ret->late_most_us = bench_lateness_us(0.99);
}

struct bare_thread {
    struct thread thread;
    struct parker parker;
    atomic_bool *stopping;
    int64_t next_ns;
};

static void *wait_and_wait(void *context)
{
    struct bare_thread *t = context;
    while (!atomic_load(t->stopping)) {
        if (!parker_wait(&t->parker, clock_real(), t->next_ns))
            bench_lateness_add(clock_monotonic_ns(clock_real()) - t->next_ns);
        t->next_ns += NS_PER_SECOND;
    }
    return NULL;
}

static void measure_bare_threads(void *context, void *result)
{
    int32_t count = *(const int32_t *)context;
    struct figures *ret = result;
    atomic_bool stopping = false;
    struct error e;
    int64_t before = bench_resident_bytes();
    struct bare_thread *threads = calloc((size_t)count, sizeof *threads);
    if (!threads)
        abort();
    const struct thread_options options = {.name = "bare", .stack_bytes = BARE_STACK_BYTES};
    parker_prepare_process();
    int64_t first_ns = clock_monotonic_ns(clock_real()) + SETTLE_SECONDS * NS_PER_SECOND;
    for (int32_t i = 0; i < count; i++) {
        struct bare_thread *t = &threads[i];
        parker_init(&t->parker);
        t->stopping = &stopping;
        t->next_ns = first_ns + NS_PER_SECOND / count * i;
        bench_must(thread_start(&t->thread, &options, wait_and_wait, t, &e), &e);
    }
    measure_quiet(ret);
    ret->memory_kib = (double)(bench_resident_bytes() - before) / 1024 / count;
    double start = bench_now_s();
    atomic_store(&stopping, true);
    for (int32_t i = 0; i < count; i++)
        parker_wake(&threads[i].parker);
    for (int32_t i = 0; i < count; i++)
        thread_join(&threads[i].thread);
    ret->stop_s = bench_now_s() - start;
    free(threads);
}

static void measure_brackets(void *context, void *result)
{
    int32_t count = *(const int32_t *)context;
    struct figures *ret = result;
    struct bench_desk b;
    bench_desk_open(&b, count, (struct desk_listener){.context = NULL});
    bench_desk_start(&b);
    int64_t before = bench_resident_bytes() - bench_broker_bytes(b.broker);
    bench_desk_place(&b, count, 64);
    bench_desk_await_orders(&b, count);
    measure_quiet(ret);
    int64_t live = bench_resident_bytes() - bench_broker_bytes(b.broker);
    double start = bench_now_s();
    bench_desk_stop(&b);
    double stopped = bench_now_s();
    malloc_trim(0);
    int64_t after = bench_resident_bytes() - bench_broker_bytes(b.broker);
    ret->memory_kib = (double)(live - after) / 1024 / count;
    ret->caches_mib = (double)(after - before) / 1024 / 1024;
    bench_desk_start(&b);
    ret->ready_s = bench_now_s() - stopped;
    ret->stop_s = stopped - start;
    bench_desk_stop(&b);
    bench_desk_close(&b);
}

static void measure_scale(void)
{
    static const int32_t counts[] = {10000, 30000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct scale bare = {.cores = {.count = 0}}, desk = {.cores = {.count = 0}};
        char title[128];
        for (int round = 0; round < SCALE_ROUNDS; round++) {
            struct figures figures = {.cores = 0};
            int32_t count = counts[i];
            bench_apart(measure_bare_threads, &count, &figures, sizeof figures);
            add_figures(&bare, &figures);
            bench_apart(measure_brackets, &count, &figures, sizeof figures);
            add_figures(&desk, &figures);
        }
        snprintf(title, sizeof title,
                 "%d live brackets, each with its thread, polled once a second (baseline: bare "
                 "threads)",
                 counts[i]);
        bench_title(title);
        bench_report("memory of a bare thread", " KiB", &bare.memory_kib, NULL, NULL);
        bench_report_goal("memory of a bracket", " KiB", &desk.memory_kib, &bare.memory_kib,
                          "a thread", 10, false);
        bench_report("  beside it, SQLite's caches", " MiB", &desk.caches_mib, NULL, NULL);
        bench_report("bare threads that wake", " cores", &bare.cores, NULL, NULL);
        bench_report_goal("a quiet desk", " cores", &desk.cores, &bare.cores, "bare", 0.3, false);
        bench_report("bare threads, late (p50)", " us", &bare.late_half_us, NULL, NULL);
        bench_report("polls, late (p50)", " us", &desk.late_half_us, &bare.late_half_us, "bare");
        bench_report("bare threads, late (p99)", " us", &bare.late_most_us, NULL, NULL);
        bench_report_goal("polls, late (p99)", " us", &desk.late_most_us, &bare.late_most_us,
                          "bare", 1000, false);
        bench_report("stop of bare threads", " s", &bare.stop_s, NULL, NULL);
        bench_report_goal("stop", " s", &desk.stop_s, &bare.stop_s, "bare", 1, false);
        bench_report("start, from the store until ready", " s", &desk.ready_s, NULL, NULL);
    }
}

/* ---- latency --------------------------------------------------------------------------------- */

enum { LATENCY_BRACKETS = 1000, LATENCY_ROUNDS = 5 };

/* Of one bracket; monotonic, 0 = not yet. */
struct instants {
    int64_t filled_ns;
    atomic_llong stop_sent_ns, published_ns;
};

struct latency {
    struct bench_desk desk;
    struct uuid ids[LATENCY_BRACKETS]; /* sorted, as they were made */
    struct instants instants[LATENCY_BRACKETS];
    atomic_int id_count;
};

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static struct instants *instants_of(struct latency *l, const struct uuid *id)
{
    const struct uuid *found =
        bsearch(id, l->ids, (size_t)atomic_load(&l->id_count), sizeof l->ids[0], compare_ids);
    return found ? &l->instants[found - l->ids] : NULL;
}

static void note(atomic_llong *instant)
{
    if (!atomic_load(instant))
        atomic_store(instant, clock_monotonic_ns(clock_real()));
}

static void taken(void *context, const struct client_id *id)
{
    struct instants *i = id->leg == LEG_STOP_LOSS ? instants_of(context, &id->bracket) : NULL;
    if (i)
        note(&i->stop_sent_ns);
}

static void committed(void *context, const struct desk_news *news)
{
    struct latency *l = context;
    struct instants *i = instants_of(l, news->id);
    if (!i && news->rev <= 3 && atomic_load(&l->id_count) < LATENCY_BRACKETS) {
        l->ids[atomic_load(&l->id_count)] = *news->id;
        atomic_fetch_add(&l->id_count, 1);
    } else if (i && news->status == BRACKET_PROTECTING) {
        note(&i->published_ns);
    }
}

struct spread {
    struct bench_series sent_half, sent_most, told_half, told_most;
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_spread(double ms[LATENCY_BRACKETS], struct bench_series *half,
                       struct bench_series *most)
{
    qsort(ms, LATENCY_BRACKETS, sizeof ms[0], ascending);
    bench_add(half, ms[LATENCY_BRACKETS / 2]);
    bench_add(most, ms[LATENCY_BRACKETS * 99 / 100]);
}

/* A fill every 2 ms. */
static void measure_fills(struct spread *ret)
{
    static struct latency l;
    static double sent[LATENCY_BRACKETS], told[LATENCY_BRACKETS];
    memset(&l, 0, sizeof l);
    bench_desk_open(&l.desk, LATENCY_BRACKETS,
                    (struct desk_listener){.context = &l, .committed = committed});
    bench_broker_watch(l.desk.broker, taken, &l);
    bench_desk_start(&l.desk);
    bench_desk_place(&l.desk, LATENCY_BRACKETS, 16);
    bench_desk_await_orders(&l.desk, LATENCY_BRACKETS);
    for (int i = 0; i < LATENCY_BRACKETS; i++) {
        char client_id[CLIENT_ID_TEXT];
        desk_client_id(l.desk.desk, &l.ids[i], LEG_ENTRY, 1, client_id);
        l.instants[i].filled_ns = clock_monotonic_ns(clock_real());
        if (!bench_broker_fill(l.desk.broker, client_id))
            abort();
        bench_rest(2 * NS_PER_MS);
    }
    bench_desk_await_orders(&l.desk, 2 * LATENCY_BRACKETS);
    bench_rest(NS_PER_SECOND / 10);
    for (int i = 0; i < LATENCY_BRACKETS; i++) {
        sent[i] = (double)(l.instants[i].stop_sent_ns - l.instants[i].filled_ns) / 1e6;
        told[i] = (double)(l.instants[i].published_ns - l.instants[i].filled_ns) / 1e6;
    }
    add_spread(sent, &ret->sent_half, &ret->sent_most);
    add_spread(told, &ret->told_half, &ret->told_most);
    bench_desk_stop(&l.desk);
    bench_desk_close(&l.desk);
}

static enum err compute(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    (void)e;
    atomic_bool *over = context;
    bench_be_ordinary();
    double sum = (double)task;
    while (!atomic_load_explicit(over, memory_order_relaxed))
        for (int i = 0; i < 1000; i++)
            sum = sqrt(sum + i);
    return sum > 0 ? ERR_OK : ERR_INTERNAL;
}

struct load {
    struct worker_pool *pool;
    struct thread thread;
    atomic_bool over;
};

static void *run_load(void *context)
{
    struct load *l = context;
    struct error e;
    bench_must(worker_pool_run(l->pool, compute, &l->over, worker_pool_size(l->pool), NULL, &e),
               &e);
    return NULL;
}

static void report_latency(const char *when, const struct spread *s, const struct spread *beside)
{
    char name[64];
    snprintf(name, sizeof name, "stop with the broker, %s (p50)", when);
    bench_report(name, " ms", &s->sent_half, beside ? &beside->sent_half : NULL, "alone");
    snprintf(name, sizeof name, "stop with the broker, %s (p99)", when);
    bench_report_goal(name, " ms", &s->sent_most, beside ? &beside->sent_most : NULL, "alone", 50,
                      false);
    snprintf(name, sizeof name, "fill published, %s (p50)", when);
    bench_report(name, " ms", &s->told_half, beside ? &beside->told_half : NULL, "alone");
    snprintf(name, sizeof name, "fill published, %s (p99)", when);
    bench_report(name, " ms", &s->told_most, beside ? &beside->told_most : NULL, "alone");
}

static void measure_latency(void)
{
    struct spread alone = {.sent_half = {.count = 0}}, busy = {.sent_half = {.count = 0}};
    struct error e;
    for (int round = 0; round < LATENCY_ROUNDS; round++) {
        struct load load = {.over = false};
        const struct thread_options options = {.name = "load"};
        measure_fills(&alone);
        bench_must(worker_pool_create((int32_t)sysconf(_SC_NPROCESSORS_ONLN), true, &load.pool, &e),
                   &e);
        bench_must(thread_start(&load.thread, &options, run_load, &load, &e), &e);
        measure_fills(&busy);
        atomic_store(&load.over, true);
        thread_join(&load.thread);
        worker_pool_free(load.pool);
    }
    bench_title("from a fill at the broker, 1000 brackets, one fill every 2 ms");
    report_latency("alone", &alone, NULL);
    report_latency("busy workers", &busy, &alone);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*measure)(void);
    } parts[] = {
        {"acceptance", measure_acceptance}, {"scale", measure_scale}, {"latency", measure_latency}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (argc < 2 || !strcmp(argv[1], parts[i].name))
            parts[i].measure();
    return 0;
}
