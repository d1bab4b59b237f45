#include "engine/trades/trade_stats.h"

#include "base/decimal.h"
#include "engine/trades/scaled.h"

#include <assert.h>
#include <math.h>

/* The average is the sum of returns until finish() divides it. */
static void add_trade(struct trade_stats *s, const struct trade *t)
{
    s->trades++;
    s->wins += t->pnl > 0;
    s->losses += t->pnl < 0;
    s->ambiguous += t->ambiguous;
    s->exits[t->exit_reason]++;
    if (t->pnl > 0)
        s->gross_profit = saturated_sum(s->gross_profit, t->pnl);
    else
        s->gross_loss = saturated_sum(s->gross_loss, -t->pnl);
    s->commission = saturated_sum(s->commission, t->commission);
    s->average_trade += t->return_on_value;
}

static double ratio(double a, double b)
{
    return b != 0 ? a / b : NAN;
}

static void finish(struct trade_stats *s)
{
    s->pnl = s->gross_profit - s->gross_loss;
    s->win_rate = ratio((double)s->wins, (double)s->trades);
    s->profit_factor = ratio(decimal_to_double(s->gross_profit), decimal_to_double(s->gross_loss));
    s->average_trade = ratio(s->average_trade, (double)s->trades);
}

void trade_stats_compute(const struct ledger *l, struct trade_stats *stats, size_t count,
                         struct trade_stats *pooled)
{
    for (int64_t i = 0; i < l->counts.trades; i++) {
        const struct trade *t = &l->trades[i];
        assert((size_t)t->symbol < count);
        add_trade(&stats[t->symbol], t);
        add_trade(pooled, t);
    }
    for (size_t i = 0; i < count; i++)
        finish(&stats[i]);
    finish(pooled);
}
