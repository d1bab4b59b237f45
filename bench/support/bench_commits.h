/* Bare group commits: what SQLite can do on this disk, for clients that wait for their rows. */
#ifndef BENCH_SUPPORT_BENCH_COMMITS_H
#define BENCH_SUPPORT_BENCH_COMMITS_H

#include <stddef.h>
#include <stdint.h>

/* Rows of row_bytes into one table (rowid and a blob), `in_flight` at a time: a thread inserts
 * those that wait in one transaction and commits it, with WAL, synchronous=FULL and checkpoints as
 * the writer's; the asking thread is told of each by a semaphore. Returns rows/s. */
double bench_commits(int32_t rows, size_t row_bytes, int32_t in_flight);

#endif
