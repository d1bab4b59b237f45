/* The trades of one symbol, or of all, counted and summed: the part of metrics.h that has a meaning
 * without an account of its own. Money is exact.
 */
#ifndef ENGINE_TRADES_TRADE_STATS_H
#define ENGINE_TRADES_TRADE_STATS_H

#include "engine/trades/ledger.h"

/* A plain value. Decimals saturate at INT64_MAX. */
struct trade_stats {
    int64_t fires;      /* of the study */
    int64_t candidates; /* fires that could have been entered */
    int64_t trades, wins, losses, ambiguous;
    int64_t exits[EXIT_REASON_COUNT];              /* trades by how they ended */
    int64_t gross_profit, gross_loss, commission;  /* decimals, all >= 0 */
    int64_t pnl;                                   /* decimal: gross_profit - gross_loss */
    double win_rate, profit_factor, average_trade; /* as in metrics.h; NaN = MISSING */
};

/* Of `count` symbols at once, and of all together: adds the ledger's trades to stats[symbol] and
 * *pooled, whose fires and candidates the caller has set and whose other members are 0. */
void trade_stats_compute(const struct ledger *l, struct trade_stats *stats, size_t count,
                         struct trade_stats *pooled);

#endif
