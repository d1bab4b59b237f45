/* Metrics beside literal values (made with Python's statistics module from the formulas of
 * docs/metrics.md) and beside a second formulation on random ledgers. */
#include "engine/trades/metrics.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/trades/random_strategy.h"

#include <math.h>
#include <string.h>

enum { MAX_ITEMS = 400 };

struct made_ledger {
    struct ledger ledger;
    struct trade trades[MAX_ITEMS];
    struct equity_point points[MAX_ITEMS];
};

static void expect_near(double actual, double expected)
{
    if (isnan(expected) && isnan(actual))
        return;
    if (!(fabs(actual - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.17g, not %.17g", actual, expected);
}

/* Closes of XNYS in summer. */
static int64_t close_of(int32_t n)
{
    return instant("2024-07-08", 20 * 60) + n * NS_PER_DAY;
}

static const struct bars *few_bars(void)
{
    const struct made_bar rows[] = {
        {instant("2024-07-09", 14 * 60), 50, 51, 49, 50},
        {instant("2024-07-09", 14 * 60 + 1), 50, 51, 49, 50},
        {instant("2024-07-09", 14 * 60 + 2), 50, 51, 49, 50},
        {instant("2024-07-09", 14 * 60 + 3), 50, 56, 49, 55},
    };
    return made_bars("XNYS", 1, rows, 4);
}

static struct metrics metrics_of(const struct ledger *l, const struct bars *bars, double rate)
{
    struct metrics_input in = {l,   &bars, 1, instant("2024-07-01", 0), instant("2024-08-01", 0),
                               rate};
    struct metrics m;
    assert_int_equal(metrics_compute(&in, &m, NULL), ERR_OK);
    return m;
}

static void add_point(struct made_ledger *l, int64_t at_ns, int64_t equity, bool is_mark)
{
    l->points[l->ledger.point_count++] =
        (struct equity_point){at_ns, equity * DECIMAL_ONE, equity * DECIMAL_ONE, 0, is_mark};
}

static void add_trade(struct made_ledger *l, int64_t pnl, int64_t risk, int64_t minutes)
{
    int64_t i = l->ledger.counts.trades++;
    int64_t at_ns = instant("2024-07-09", 14 * 60);
    l->trades[i] = (struct trade){
        .pnl = pnl * DECIMAL_ONE,
        .risk = risk * DECIMAL_ONE,
        .entry_at = {at_ns, PHASE_OPEN},
        .exit_at = {at_ns + minutes * NS_PER_MINUTE, PHASE_OPEN},
        .entry_value = 10000 * DECIMAL_ONE,
        .exit_value = (10000 + pnl) * DECIMAL_ONE,
        .return_on_value = (double)pnl / 10000,
        .ambiguous = i == 1,
        .bars_held = minutes,
    };
}

static void begin_ledger(struct made_ledger *l)
{
    memset(l, 0, sizeof *l);
    l->ledger.trades = l->trades;
    l->ledger.points = l->points;
    l->ledger.initial_cash = 100000 * DECIMAL_ONE;
}

static void the_account_is_measured_by_its_days(void **state)
{
    (void)state;
    static struct made_ledger l;
    static const int64_t equity[] = {100000, 101000, 99990, 102000, 101500};
    const struct bars *bars = few_bars();
    begin_ledger(&l);
    for (int i = 0; i < 5; i++) {
        /* A fill in the middle of a day is no daily return, but may be a trough. */
        if (i == 4)
            add_point(&l, close_of(4) - NS_PER_MINUTE, 101400, false);
        add_point(&l, close_of(i), equity[i], true);
    }
    struct metrics m = metrics_of(&l.ledger, bars, 0.04);
    expect_near(m.total_return, 0.015);
    expect_near(m.annual_volatility, 0.21888401330194054);
    expect_near(m.sharpe, 4.195735147464797);
    expect_near(m.sortino, 10.198457038829448);
    expect_near(m.cagr, 2.8943096685879617);
    expect_near(m.max_drawdown, 0.01);
    expect_near(m.calmar, 2.8943096685879617 / 0.01);
    assert_int_equal(m.days, 4);
    assert_int_equal(m.drawdown_peak_ns, close_of(1));
    assert_int_equal(m.drawdown_trough_ns, close_of(2));
    assert_int_equal(m.drawdown_recovered_ns, close_of(3));
    assert_int_equal(m.drawdown_duration_ns, 2 * NS_PER_DAY);
    expect_near(m.buy_and_hold, 0.1);
    expect_near(m.exposure, 0);
    bars_unref(bars);
}

static void trades_are_measured_one_by_one(void **state)
{
    (void)state;
    static struct made_ledger l;
    const struct bars *bars = few_bars();
    begin_ledger(&l);
    add_point(&l, close_of(0), 100000, true);
    add_point(&l, close_of(1), 100140, true);
    static const int64_t pnl[] = {200, -100, -50, 0, -10, 100};
    for (int i = 0; i < 6; i++)
        add_trade(&l, pnl[i], i == 3 ? 0 : 100, i % 3 + 1);
    struct metrics m = metrics_of(&l.ledger, bars, 0);
    assert_int_equal(m.trades, 6);
    assert_int_equal(m.wins, 2);
    assert_int_equal(m.losses, 3);
    assert_int_equal(m.ambiguous, 1);
    assert_int_equal(m.longest_losing_run, 2);
    expect_near(m.win_rate, 2.0 / 6);
    expect_near(m.profit_factor, 300.0 / 160);
    expect_near(m.expectancy, 140.0 / 6);
    expect_near(m.expectancy_r, 1.4 / 5); /* 2 - 1 - 0.5 - 0.1 + 1 over the five with a stop */
    expect_near(m.payoff_ratio, 150.0 / (160.0 / 3));
    expect_near(m.average_trade, 0.014 / 6);
    expect_near(m.median_trade, -0.0005); /* of -100 -50 -10 0 100 200 */
    expect_near(m.best_trade, 0.02);
    expect_near(m.worst_trade, -0.01);
    expect_near(m.average_holding_s, 120);
    expect_near(m.average_bars_held, 2);
    expect_near(m.trades_per_day, 6);
    expect_near(m.turnover, (6 * 20000 + 140) / 100070.0);
    /* All begin at bar 0 and the longest holds three of four bars: overlaps count once. */
    expect_near(m.exposure, 0.75);
    bars_unref(bars);
}

static void what_does_not_exist_is_missing(void **state)
{
    (void)state;
    static struct made_ledger l;
    const struct bars *bars = few_bars();
    begin_ledger(&l);
    add_point(&l, close_of(0), 100000, true);
    struct metrics m = metrics_of(&l.ledger, bars, 0);
    assert_true(isnan(m.sharpe) && isnan(m.sortino) && isnan(m.annual_volatility));
    assert_true(isnan(m.cagr) && isnan(m.calmar) && isnan(m.profit_factor) && isnan(m.win_rate));
    assert_true(isnan(m.expectancy) && isnan(m.expectancy_r) && isnan(m.median_trade));
    assert_true(isnan(m.average_holding_s) && isnan(m.payoff_ratio) && isnan(m.trades_per_day));
    expect_near(m.total_return, 0);
    expect_near(m.max_drawdown, 0);
    assert_true(m.drawdown_peak_ns == METRICS_NO_TIME);

    /* Gains alone: no loss to divide by. */
    add_point(&l, close_of(1), 100100, true);
    add_trade(&l, 100, 0, 1);
    m = metrics_of(&l.ledger, bars, 0);
    assert_true(isnan(m.profit_factor) && isnan(m.payoff_ratio) && isnan(m.sortino));
    expect_near(m.win_rate, 1);
    bars_unref(bars);
}

/* ---- a second formulation ---- */

struct moments {
    long double n, mean, deviation, downside;
};

/* Two-pass in the library; here by sums of squares in long double. */
static struct moments moments_of(const struct ledger *l, long double rate)
{
    struct moments m = {0};
    long double sum = 0, squares = 0, below = 0, last = (long double)l->points[0].equity;
    for (size_t i = 1; i < l->point_count; i++) {
        if (!l->points[i].is_mark)
            continue;
        long double x = ((long double)l->points[i].equity - last) / last;
        long double excess = x - (powl(1 + rate, 1 / 252.0L) - 1);
        last = (long double)l->points[i].equity;
        sum += excess;
        squares += excess * excess;
        below += excess < 0 ? excess * excess : 0;
        m.n++;
    }
    m.mean = sum / m.n;
    m.deviation = sqrtl((squares - sum * sum / m.n) / (m.n - 1));
    m.downside = sqrtl(below / m.n);
    return m;
}

static double deepest(const struct ledger *l)
{
    double worst = 0;
    for (size_t i = 0; i < l->point_count; i++)
        for (size_t j = i + 1; j < l->point_count; j++)
            worst = fmax(worst, 1 - (double)l->points[j].equity / (double)l->points[i].equity);
    return worst;
}

static int64_t losing_run(const struct ledger *l)
{
    for (int64_t length = l->counts.trades; length > 0; length--)
        for (int64_t first = 0; first + length <= l->counts.trades; first++) {
            int64_t lost = 0;
            for (int64_t i = first; i < first + length; i++)
                lost += l->trades[i].pnl < 0;
            if (lost == length)
                return length;
        }
    return 0;
}

/* The k-th smallest return, by counting. */
static double kth_return(const struct ledger *l, int64_t k)
{
    for (int64_t i = 0; i < l->counts.trades; i++) {
        double x = l->trades[i].return_on_value;
        int64_t less = 0, equal = 0;
        for (int64_t j = 0; j < l->counts.trades; j++) {
            less += l->trades[j].return_on_value < x;
            equal += l->trades[j].return_on_value == x;
        }
        if (less <= k && k < less + equal)
            return x;
    }
    return NAN;
}

static void check_trades(const struct ledger *l, const struct metrics *m)
{
    int64_t n = l->counts.trades;
    long double won = 0, lost = 0, r = 0, wins = 0, losses = 0, with_risk = 0;
    for (int64_t i = 0; i < n; i++) {
        long double pnl = (long double)l->trades[i].pnl / 1e6L;
        won += fmaxl(pnl, 0);
        lost += fmaxl(-pnl, 0);
        wins += pnl > 0;
        losses += pnl < 0;
        with_risk += l->trades[i].risk > 0;
        r += l->trades[i].risk > 0 ? pnl / ((long double)l->trades[i].risk / 1e6L) : 0;
    }
    expect_near(m->profit_factor, (double)(won / lost));
    expect_near(m->payoff_ratio, (double)(won / wins / (lost / losses)));
    expect_near(m->expectancy, (double)((won - lost) / (long double)n));
    expect_near(m->expectancy_r, (double)(r / with_risk));
    expect_near(m->median_trade, (kth_return(l, (n - 1) / 2) + kth_return(l, n / 2)) / 2);
    expect_near(m->worst_trade, kth_return(l, 0));
    expect_near(m->best_trade, kth_return(l, n - 1));
    assert_int_equal(m->longest_losing_run, losing_run(l));
}

static void random_ledgers_agree_with_a_second_formulation(void **state)
{
    (void)state;
    static struct made_ledger l;
    const struct bars *bars = few_bars();
    struct random r;
    random_seed(&r, 12);
    for (int round = 0; round < 40; round++) {
        begin_ledger(&l);
        int64_t equity = 100000, count = random_between(&r, 5, 90);
        add_point(&l, close_of(0), equity, true);
        for (int32_t i = 1; i <= count; i++) {
            equity += random_between(&r, -1500, 1600);
            add_point(&l, close_of(i) - NS_PER_MINUTE, equity - random_between(&r, -300, 300),
                      false);
            add_point(&l, close_of(i), equity, true);
            add_trade(&l, random_between(&r, -500, 500), random_between(&r, 0, 2) * 80, 1);
        }
        double rate = (double)random_below(&r, 8) / 100;
        struct metrics m = metrics_of(&l.ledger, bars, rate);
        struct moments s = moments_of(&l.ledger, rate);
        expect_near(m.sharpe, (double)(s.mean / s.deviation * sqrtl(252)));
        expect_near(m.sortino, (double)(s.mean / s.downside * sqrtl(252)));
        expect_near(m.annual_volatility, (double)(s.deviation * sqrtl(252)));
        expect_near(m.max_drawdown, deepest(&l.ledger));
        expect_near(log1p(m.cagr) * (double)count, 365.25 * log((double)equity / 100000));
        check_trades(&l.ledger, &m);
    }
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_account_is_measured_by_its_days),
        cmocka_unit_test(trades_are_measured_one_by_one),
        cmocka_unit_test(what_does_not_exist_is_missing),
        cmocka_unit_test(random_ledgers_agree_with_a_second_formulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
