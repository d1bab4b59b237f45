#include "server/jobs/trade_json.h"

#include "base/clock.h"
#include "base/decimal.h"

#include <math.h>

/* Money that is a double: as a decimal where it is small enough for one, which all but sums of
 * millions of trades are. MISSING is null. */
static void member_money(struct json_writer *w, const char *name, double value)
{
    static const double decimal_max = 9e12;
    json_key(w, name);
    if (fabs(value) < decimal_max)
        json_decimal(w, llrint(value * (double)DECIMAL_ONE));
    else
        json_price(w, value);
}

static void member_time(struct json_writer *w, const char *name, int64_t ns)
{
    json_key(w, name);
    if (ns == METRICS_NO_TIME)
        json_null(w);
    else
        json_time(w, ns);
}

static void write_exits(struct json_writer *w, const struct trade_stats *s)
{
    json_key(w, "by_exit_reason");
    json_begin_object(w);
    for (int i = 0; i < EXIT_REASON_COUNT; i++)
        json_member_int(w, exit_reason_name((enum exit_reason)i), s->exits[i]);
    json_end_object(w);
}

static void write_stats(struct json_writer *w, const struct trade_stats *s)
{
    json_member_int(w, "wins", s->wins);
    json_member_int(w, "losses", s->losses);
    json_member_int(w, "ambiguous", s->ambiguous);
    write_exits(w, s);
    json_member_decimal(w, "pnl", s->pnl);
    json_member_decimal(w, "gross_profit", s->gross_profit);
    json_member_decimal(w, "gross_loss", s->gross_loss);
    json_member_decimal(w, "commission", s->commission);
    json_member_number(w, "win_rate", s->win_rate);
    json_member_number(w, "profit_factor", s->profit_factor);
    json_member_number(w, "average_trade", s->average_trade);
}

void trade_json_symbol(struct json_writer *w, const struct trade_stats *s)
{
    json_key(w, "trades");
    json_begin_object(w);
    json_member_int(w, "count", s->trades);
    json_member_int(w, "candidates", s->candidates);
    write_stats(w, s);
    json_end_object(w);
}

static void write_trades(struct json_writer *w, const struct simulation *s)
{
    const struct ledger *l = s->ledger;
    json_key(w, "trades");
    json_begin_object(w);
    json_member_int(w, "count", l->counts.trades);
    json_member_int(w, "candidates", l->counts.candidates);
    json_member_int(w, "in_position", l->counts.in_position);
    json_member_int(w, "too_small", l->counts.too_small);
    json_member_int(w, "unaffordable", l->counts.unaffordable);
    write_stats(w, &s->pooled);
    json_member_time(w, "from", s->from_ns);
    json_member_time(w, "to", s->to_ns);
    json_member_decimal(w, "initial_cash", l->initial_cash);
    json_member_decimal(w, "final_equity", l->points[l->point_count - 1].equity);
    json_end_object(w);
}

static void write_account(struct json_writer *w, const struct metrics *m)
{
    json_member_number(w, "total_return", m->total_return);
    json_member_number(w, "cagr", m->cagr);
    json_member_number(w, "annual_volatility", m->annual_volatility);
    json_member_number(w, "sharpe", m->sharpe);
    json_member_number(w, "sortino", m->sortino);
    json_member_number(w, "calmar", m->calmar);
    json_member_number(w, "max_drawdown", m->max_drawdown);
    member_time(w, "drawdown_peak", m->drawdown_peak_ns);
    member_time(w, "drawdown_trough", m->drawdown_trough_ns);
    member_time(w, "drawdown_recovered", m->drawdown_recovered_ns);
    json_member_number(w, "drawdown_duration_s",
                       (double)m->drawdown_duration_ns / (double)NS_PER_SECOND);
    json_member_number(w, "exposure", m->exposure);
    json_member_number(w, "turnover", m->turnover);
    json_member_number(w, "buy_and_hold", m->buy_and_hold);
    json_member_int(w, "days", m->days);
}

static void write_metrics(struct json_writer *w, const char *name, const struct metrics *m)
{
    json_key(w, name);
    json_begin_object(w);
    write_account(w, m);
    json_member_int(w, "trades", m->trades);
    json_member_int(w, "wins", m->wins);
    json_member_int(w, "losses", m->losses);
    json_member_int(w, "ambiguous", m->ambiguous);
    json_member_number(w, "win_rate", m->win_rate);
    member_money(w, "gross_profit", m->gross_profit);
    member_money(w, "gross_loss", m->gross_loss);
    member_money(w, "commission", m->commission);
    json_member_number(w, "profit_factor", m->profit_factor);
    member_money(w, "expectancy", m->expectancy);
    json_member_number(w, "expectancy_r", m->expectancy_r);
    json_member_number(w, "payoff_ratio", m->payoff_ratio);
    json_member_number(w, "average_trade", m->average_trade);
    json_member_number(w, "median_trade", m->median_trade);
    json_member_number(w, "best_trade", m->best_trade);
    json_member_number(w, "worst_trade", m->worst_trade);
    json_member_number(w, "average_holding_s", m->average_holding_s);
    json_member_number(w, "average_bars_held", m->average_bars_held);
    json_member_int(w, "longest_losing_run", m->longest_losing_run);
    json_member_number(w, "trades_per_day", m->trades_per_day);
    json_end_object(w);
}

void trade_json_members(struct json_writer *w, const struct simulation *s)
{
    write_trades(w, s);
    write_metrics(w, "metrics", &s->chosen);
    write_metrics(w, "metrics_worst", &s->worst);
    write_metrics(w, "metrics_best", &s->best);
}
