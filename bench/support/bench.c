#include "bench/support/bench.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double bench_now_s(void)
{
    return (double)clock_monotonic_ns(clock_real()) / 1e9;
}

void bench_add(struct bench_series *s, double value)
{
    if (s->count < BENCH_MAX_VALUES)
        s->values[s->count++] = value;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct bench_series sorted(const struct bench_series *s)
{
    struct bench_series copy = *s;
    qsort(copy.values, (size_t)copy.count, sizeof copy.values[0], ascending);
    return copy;
}

double bench_median(const struct bench_series *s)
{
    if (s->count == 0)
        return 0;
    struct bench_series in_order = sorted(s);
    int32_t middle = in_order.count / 2;
    return in_order.count % 2 == 1 ? in_order.values[middle]
                                   : (in_order.values[middle - 1] + in_order.values[middle]) / 2;
}

/* "3.42 M" */
static const char *scaled(double value, char out[32])
{
    static const struct {
        double above, scale;
        const char *letter;
    } scales[] = {{1e9, 1e9, " G"}, {1e6, 1e6, " M"}, {1e3, 1e3, " k"}, {0, 1, ""}};
    size_t i = 0;
    while (fabs(value) < scales[i].above)
        i++;
    double shown = value / scales[i].scale;
    snprintf(out, 32, "%.*f%s",
             fabs(shown) < 10    ? 2
             : fabs(shown) < 100 ? 1
                                 : 0,
             shown, scales[i].letter);
    return out;
}

void bench_title(const char *title)
{
    printf("\n%s\n", title);
}

static void print_start(const char *name, const char *unit, const struct bench_series *s)
{
    char median[32], low[32], high[32];
    struct bench_series in_order = sorted(s);
    int32_t last = in_order.count > 0 ? in_order.count - 1 : 0;
    printf("  %-44s %10s%s  (%s .. %s, n=%d)", name, scaled(bench_median(s), median), unit,
           scaled(in_order.values[0], low), scaled(in_order.values[last], high), in_order.count);
}

static void print_ratio(const struct bench_series *s, const struct bench_series *baseline,
                        const char *baseline_name)
{
    if (baseline != NULL && bench_median(baseline) != 0)
        printf("  %.2fx %s", bench_median(s) / bench_median(baseline), baseline_name);
}

void bench_report(const char *name, const char *unit, const struct bench_series *s,
                  const struct bench_series *baseline, const char *baseline_name)
{
    print_start(name, unit, s);
    print_ratio(s, baseline, baseline_name);
    printf("\n");
    fflush(stdout);
}

void bench_report_goal(const char *name, const char *unit, const struct bench_series *s,
                       const struct bench_series *baseline, const char *baseline_name, double goal,
                       bool higher_is_better)
{
    char text[32];
    double median = bench_median(s);
    bool met = higher_is_better ? median >= goal : median <= goal;
    print_start(name, unit, s);
    print_ratio(s, baseline, baseline_name);
    printf("  goal %s%s: %s\n", scaled(goal, text), unit, met ? "met" : "missed");
    fflush(stdout);
}

void bench_memory_read(struct bench_series *ret_bytes_per_s)
{
    enum { REPETITIONS = 5 };
    const size_t words = (size_t)32 << 20; /* 256 MiB: well beyond the caches */
    uint64_t *block = aligned_alloc(4096, words * sizeof *block);
    uint64_t sum = 0;
    if (block == NULL)
        return;
    memset(block, 1, words * sizeof *block);
    for (int i = 0; i < REPETITIONS; i++) {
        double start = bench_now_s();
        uint64_t sums[8] = {0}; /* apart, so that adding is not what is measured */
        for (size_t k = 0; k < words; k += 8)
            for (size_t lane = 0; lane < 8; lane++)
                sums[lane] += block[k + lane];
        for (size_t lane = 0; lane < 8; lane++)
            sum += sums[lane];
        double end = bench_now_s();
        if (sum != 0) /* and so it is used */
            bench_add(ret_bytes_per_s, (double)(words * sizeof *block) / (end - start));
    }
    free(block);
}
