/* What a ledger amounts to. Every formula is in docs/metrics.md.
 *
 * Sums are taken in the order of the ledger, so the same ledger gives the same bits. What does not
 * exist (a ratio without losses, a deviation of one day) is MISSING: NaN, or INT64_MIN for
 * instants. A plain value.
 */
#ifndef ENGINE_TRADES_METRICS_H
#define ENGINE_TRADES_METRICS_H

#include "engine/trades/ledger.h"

#define METRICS_NO_TIME INT64_MIN

struct metrics {
    /* of the account; fractions, 0.01 = 1 % */
    double total_return;
    double cagr;
    double annual_volatility;
    double sharpe;
    double sortino;
    double max_drawdown; /* >= 0 */
    int64_t drawdown_peak_ns, drawdown_trough_ns;
    int64_t drawdown_recovered_ns; /* METRICS_NO_TIME = not yet */
    int64_t drawdown_duration_ns;  /* from the peak to the recovery, or to the end */
    double calmar;
    double exposure; /* share of bars with a position open */
    double turnover; /* value traded, both ways, by the mean equity */
    double buy_and_hold;
    int64_t days; /* with a daily return */

    /* of trades */
    int64_t trades, wins, losses; /* pnl > 0, pnl < 0 */
    int64_t ambiguous;
    double win_rate;
    double profit_factor;
    double expectancy;    /* money by trade */
    double expectancy_r;  /* in R, over trades with a stop loss */
    double payoff_ratio;  /* average win by average loss */
    double average_trade; /* return_on_value */
    double median_trade;
    double best_trade, worst_trade;
    double average_holding_s;
    double average_bars_held;
    int64_t longest_losing_run;
    double trades_per_day;           /* by day with a daily return */
    double gross_profit, gross_loss; /* money, both >= 0 */
    double commission;
};

struct metrics_input {
    const struct ledger *ledger;
    const struct bars *const *bars; /* those of the ledger, with open and close */
    size_t symbol_count;
    int64_t from_ns, to_ns;
    double risk_free_rate; /* by year, 0.04 = 4 % */
};

/* ERR_NO_MEMORY. */
enum err metrics_compute(const struct metrics_input *in, struct metrics *ret, struct error *e);

#endif
