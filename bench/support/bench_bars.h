/* The bars that the benchmarks in memory run over, and the end of a benchmark that can't go on. */
#ifndef BENCH_SUPPORT_BENCH_BARS_H
#define BENCH_SUPPORT_BENCH_BARS_H

#include "engine/bars/bars.h"

/* Ends the program with the message when err is not ERR_OK. */
void bench_must(enum err err, const struct error *e);
/* `count` seeded minute bars of XNYS at two decimals; the caller gives them back with bars_unref.
 */
const struct bars *bench_bars(int64_t count);

#endif
