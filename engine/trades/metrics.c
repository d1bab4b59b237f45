#include "engine/trades/metrics.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/select_rank.h"
#include "engine/trades/scaled.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double trading_days = 252, days_of_a_year = 365.25;

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for the metrics of a backtest");
}

/* ---- the account ---- */

/* UTC date of an instant that ends a session: midnight belongs to the day before. */
static int64_t date_of(int64_t at_ns)
{
    int64_t before = at_ns - 1;
    return before / NS_PER_DAY - (before % NS_PER_DAY < 0);
}

/* The equity at the last mark of each date with one, behind the equity at the start. */
static size_t daily_equity(const struct ledger *l, double *out)
{
    size_t count = 1;
    out[0] = decimal_to_double(l->points[0].equity);
    int64_t date = INT64_MIN;
    for (size_t i = 1; i < l->point_count; i++) {
        if (!l->points[i].is_mark)
            continue;
        count += date != date_of(l->points[i].at_ns);
        date = date_of(l->points[i].at_ns);
        out[count - 1] = decimal_to_double(l->points[i].equity);
    }
    return count;
}

/* Of an account that was wiped out there is no return any more. */
static double return_of(double before, double after)
{
    return before > 0 ? after / before - 1 : 0;
}

struct daily {
    double mean, deviation, downside; /* of returns beyond the risk-free one */
    double volatility;                /* of returns */
};

static struct daily daily_returns(const double *equity, size_t count, double risk_free)
{
    double n = (double)count - 1, sum = 0, squares = 0, below = 0;
    double free = pow(1 + risk_free, 1 / trading_days) - 1;
    for (size_t i = 1; i < count; i++)
        sum += return_of(equity[i - 1], equity[i]);
    double mean = sum / n;
    for (size_t i = 1; i < count; i++) {
        double r = return_of(equity[i - 1], equity[i]), excess = r - free;
        squares += (r - mean) * (r - mean);
        below += excess < 0 ? excess * excess : 0;
    }
    double deviation = n > 1 ? sqrt(squares / (n - 1)) : NAN;
    return (struct daily){n > 0 ? mean - free : NAN, deviation, n > 0 ? sqrt(below / n) : NAN,
                          deviation * sqrt(trading_days)};
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static void set_drawdown(const struct ledger *l, struct metrics *m)
{
    size_t peak = 0, worst_peak = 0, worst = 0;
    for (size_t i = 1; i < l->point_count; i++) {
        if (l->points[i].equity >= l->points[peak].equity) {
            peak = i;
            continue;
        }
        double top = decimal_to_double(l->points[peak].equity);
        double drawdown = (top - decimal_to_double(l->points[i].equity)) / top;
        if (drawdown > m->max_drawdown) {
            m->max_drawdown = drawdown;
            worst_peak = peak;
            worst = i;
        }
    }
    m->drawdown_peak_ns = m->drawdown_trough_ns = m->drawdown_recovered_ns = METRICS_NO_TIME;
    if (worst == 0)
        return;
    size_t recovered = worst;
    while (recovered < l->point_count && l->points[recovered].equity < l->points[worst_peak].equity)
        recovered++;
    m->drawdown_peak_ns = l->points[worst_peak].at_ns;
    m->drawdown_trough_ns = l->points[worst].at_ns;
    bool is_over = recovered < l->point_count;
    if (is_over)
        m->drawdown_recovered_ns = l->points[recovered].at_ns;
    m->drawdown_duration_ns =
        l->points[is_over ? recovered : l->point_count - 1].at_ns - m->drawdown_peak_ns;
}

static void set_account(const struct metrics_input *in, const double *equity, size_t count,
                        struct metrics *m)
{
    const struct ledger *l = in->ledger;
    const struct equity_point *first = &l->points[0], *last = &l->points[l->point_count - 1];
    double growth = (double)last->equity / (double)first->equity;
    double years = (double)(last->at_ns - first->at_ns) / (days_of_a_year * (double)NS_PER_DAY);
    m->total_return = growth - 1;
    m->cagr = growth > 0 && years > 0 ? pow(growth, 1 / years) - 1 : NAN;
    struct daily d = daily_returns(equity, count, in->risk_free_rate);
    m->days = (int64_t)count - 1;
    m->annual_volatility = d.volatility;
    m->sharpe = ratio(d.mean, d.deviation) * sqrt(trading_days);
    m->sortino = ratio(d.mean, d.downside) * sqrt(trading_days);
    set_drawdown(l, m);
    m->calmar = ratio(m->cagr, m->max_drawdown);

    double sum = 0, traded = 0;
    for (size_t i = 0; i < count; i++)
        sum += equity[i];
    for (int64_t i = 0; i < l->counts.trades; i++)
        traded += decimal_to_double(l->trades[i].entry_value) +
                  decimal_to_double(l->trades[i].exit_value);
    m->turnover = ratio(traded, sum / (double)count);
}

/* ---- the market ---- */

/* Bars of a symbol in which a position was open: a trade's last one counts but when the exit was at
 * its open. */
struct held {
    int32_t symbol;
    int64_t first, end;
};

static int compare_held(const void *a, const void *b)
{
    const struct held *x = a, *y = b;
    if (x->symbol != y->symbol)
        return x->symbol < y->symbol ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static enum err count_held(const struct ledger *l, int64_t *ret, struct error *e)
{
    size_t count = (size_t)l->counts.trades;
    struct held *held = malloc(count * sizeof *held + 1);
    if (!held)
        return no_memory(e);
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        const struct trade *t = &l->trades[i];
        int64_t first = t->entry_bar + (t->entry_at.phase == PHASE_CLOSE);
        held[i] = (struct held){t->symbol, first, first + t->bars_held};
        sorted = sorted && (i == 0 || compare_held(&held[i - 1], &held[i]) <= 0);
    }
    if (!sorted)
        qsort(held, count, sizeof *held, compare_held);
    int64_t bars = 0, end = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || held[i].symbol != held[i - 1].symbol)
            end = 0;
        int64_t first = held[i].first > end ? held[i].first : end;
        bars += held[i].end > first ? held[i].end - first : 0;
        end = held[i].end > end ? held[i].end : end;
    }
    free(held);
    *ret = bars;
    return ERR_OK;
}

/* Exposure, buy and hold, and trades by day. */
static enum err set_market(const struct metrics_input *in, struct metrics *m, struct error *e)
{
    int64_t bar_count = 0, held = 0, symbols = 0;
    double sum = 0;
    for (size_t s = 0; s < in->symbol_count; s++) {
        const struct bars *bars = in->bars[s];
        int64_t first = bars_lower_bound(bars, in->from_ns);
        int64_t end = bars_lower_bound(bars, in->to_ns);
        if (first == end)
            continue;
        bar_count += end - first;
        double open = bars->column[BAR_OPEN][first], close = bars->column[BAR_CLOSE][end - 1];
        symbols += open > 0;
        sum += return_of(open, close);
    }
    enum err code = count_held(in->ledger, &held, e);
    m->buy_and_hold = symbols > 0 ? sum / (double)symbols : NAN;
    m->exposure = ratio((double)held, (double)bar_count);
    m->trades_per_day = ratio((double)m->trades, (double)m->days);
    return code;
}

/* ---- trades ---- */

/* Moves the values. */
static double median_of(double *values, size_t count)
{
    size_t middle = count / 2;
    select_rank(values, count, middle);
    if (count % 2)
        return values[middle];
    return (select_rank_before(values, middle) + values[middle]) / 2;
}

static enum err set_returns(const struct ledger *l, struct metrics *m, struct error *e)
{
    size_t count = (size_t)l->counts.trades;
    m->average_trade = m->median_trade = m->best_trade = m->worst_trade = NAN;
    if (count == 0)
        return ERR_OK;
    double *returns = malloc(count * sizeof *returns);
    if (!returns)
        return no_memory(e);
    double sum = 0, worst = l->trades[0].return_on_value, best = worst;
    for (size_t i = 0; i < count; i++) {
        double r = l->trades[i].return_on_value;
        returns[i] = r;
        sum += r;
        worst = r < worst ? r : worst;
        best = r > best ? r : best;
    }
    m->average_trade = sum / (double)count;
    m->worst_trade = worst;
    m->best_trade = best;
    m->median_trade = median_of(returns, count);
    free(returns);
    return ERR_OK;
}

static void set_trades(const struct ledger *l, struct metrics *m)
{
    double held_s = 0, bars_held = 0, r_sum = 0, n = (double)l->counts.trades;
    int64_t with_risk = 0, run = 0, profit = 0, loss = 0, commission = 0;
    for (int64_t i = 0; i < l->counts.trades; i++) {
        const struct trade *t = &l->trades[i];
        m->wins += t->pnl > 0;
        m->losses += t->pnl < 0;
        m->ambiguous += t->ambiguous;
        profit = saturated_sum(profit, t->pnl > 0 ? t->pnl : 0);
        loss = saturated_sum(loss, t->pnl < 0 ? -t->pnl : 0);
        commission = saturated_sum(commission, t->commission);
        held_s += (double)(t->exit_at.at_ns - t->entry_at.at_ns) / (double)NS_PER_SECOND;
        bars_held += (double)t->bars_held;
        with_risk += t->risk > 0;
        r_sum += t->risk > 0 ? (double)t->pnl / (double)t->risk : 0;
        run = t->pnl < 0 ? run + 1 : 0;
        m->longest_losing_run = run > m->longest_losing_run ? run : m->longest_losing_run;
    }
    m->gross_profit = decimal_to_double(profit);
    m->gross_loss = decimal_to_double(loss);
    m->commission = decimal_to_double(commission);
    m->trades = l->counts.trades;
    m->win_rate = ratio((double)m->wins, n);
    m->profit_factor = ratio(m->gross_profit, m->gross_loss);
    m->expectancy = ratio(m->gross_profit - m->gross_loss, n);
    m->expectancy_r = ratio(r_sum, (double)with_risk);
    m->payoff_ratio =
        ratio(ratio(m->gross_profit, (double)m->wins), ratio(m->gross_loss, (double)m->losses));
    m->average_holding_s = ratio(held_s, n);
    m->average_bars_held = ratio(bars_held, n);
}

enum err metrics_compute(const struct metrics_input *in, struct metrics *ret, struct error *e)
{
    const struct ledger *l = in->ledger;
    assert(l->point_count > 0 && l->points[0].equity > 0);
    struct metrics m = {0};
    double *equity = malloc(l->point_count * sizeof *equity);
    if (!equity)
        return no_memory(e);
    set_trades(l, &m);
    set_account(in, equity, daily_equity(l, equity), &m);
    free(equity);
    enum err code = set_returns(l, &m, e);
    if (code == ERR_OK)
        code = set_market(in, &m, e);
    if (code == ERR_OK)
        *ret = m;
    return code;
}
