/* What every benchmark shares: a clock, medians with their spread, one line per result.
 *
 * A result stands beside the baseline that was measured in the same run on the same machine,
 * because the number alone says nothing on another one.
 */
#ifndef BENCH_SUPPORT_BENCH_H
#define BENCH_SUPPORT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_MAX_VALUES = 64 };

/* Repetitions of one measurement, already in the unit of the report. */
struct bench_series {
    double values[BENCH_MAX_VALUES];
    int32_t count;
};

double bench_now_s(void); /* monotonic */
void bench_add(struct bench_series *s,
               double value);                      /* further ones past the maximum are ignored */
double bench_median(const struct bench_series *s); /* 0 when empty */

/* The heading of a group of lines. */
void bench_title(const char *title);
/* One line: name, median, lowest..highest, unit; beside it the ratio to `baseline` (its median) and
 * the baseline's name, both left out when baseline is NULL. Values are scaled to k, M or G. */
void bench_report(const char *name, const char *unit, const struct bench_series *s,
                  const struct bench_series *baseline, const char *baseline_name);
/* The same with a goal: "goal 3.00 M rows/s: met". higher_is_better tells the side. */
void bench_report_goal(const char *name, const char *unit, const struct bench_series *s,
                       const struct bench_series *baseline, const char *baseline_name, double goal,
                       bool higher_is_better);

/* Best-case sequential read of memory on one thread, in bytes/s: the roof for whatever scans
 * columns. */
void bench_memory_read(struct bench_series *ret_bytes_per_s);

#endif
