/* The backtest of bench_trades as one loop over the bars, as one would write it by hand for this
 * rule and this bracket alone: running sums, one position at a time, no costs, no account but the
 * profit. The baseline: what it does to each bar is the least that a backtest bar by bar can do.
 */
#ifndef BENCH_SUPPORT_PLAIN_BACKTEST_H
#define BENCH_SUPPORT_PLAIN_BACKTEST_H

#include "engine/bars/bars.h"

struct plain_backtest {
    int64_t trades;
    int64_t profit; /* decimal at 1e-6 */
};

/* sma(10) crosses above sma(50): buys whole shares for 10,000 at the next open, out at 0.5 % below
 * or 1 % above, or at the last close. Prices at two decimals. */
struct plain_backtest plain_backtest(const struct bars *bars);

#endif
