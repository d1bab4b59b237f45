#include "base/clock.h"
#include "server/report/html.h"
#include "server/report/sections.h"
#include "server/report/show.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum metric_kind { AS_CHANGE, AS_PERCENT, AS_RATIO, AS_MONEY, AS_COUNT, AS_SPAN, AS_SECONDS };

struct metric_row {
    const char *name; /* NULL: the heading of a group, in `group` */
    const char *group;
    enum metric_kind kind;
    size_t offset;
};

/* clang-format off */
#define GROUP(text) {NULL, text, 0, 0}
#define ROW(name, kind, member) {name, NULL, kind, offsetof(struct metrics, member)}
static const struct metric_row rows[] = {
    GROUP("Return"),
    ROW("Total return", AS_CHANGE, total_return),
    ROW("Buy and hold", AS_CHANGE, buy_and_hold),
    ROW("CAGR", AS_CHANGE, cagr),
    ROW("Gross profit", AS_MONEY, gross_profit),
    ROW("Gross loss", AS_MONEY, gross_loss),
    ROW("Commission", AS_MONEY, commission),
    GROUP("Risk"),
    ROW("Annualised volatility", AS_PERCENT, annual_volatility),
    ROW("Sharpe", AS_RATIO, sharpe),
    ROW("Sortino", AS_RATIO, sortino),
    ROW("Maximum drawdown", AS_PERCENT, max_drawdown),
    ROW("Its duration", AS_SPAN, drawdown_duration_ns),
    ROW("Calmar", AS_RATIO, calmar),
    ROW("Exposure", AS_PERCENT, exposure),
    ROW("Turnover", AS_RATIO, turnover),
    GROUP("Trades"),
    ROW("Trades", AS_COUNT, trades),
    ROW("Per day", AS_RATIO, trades_per_day),
    ROW("Won", AS_COUNT, wins),
    ROW("Lost", AS_COUNT, losses),
    ROW("Win rate", AS_PERCENT, win_rate),
    ROW("Profit factor", AS_RATIO, profit_factor),
    ROW("Payoff ratio", AS_RATIO, payoff_ratio),
    ROW("Expectancy, money", AS_MONEY, expectancy),
    ROW("Expectancy, R", AS_RATIO, expectancy_r),
    ROW("Average trade", AS_CHANGE, average_trade),
    ROW("Median trade", AS_CHANGE, median_trade),
    ROW("Best trade", AS_CHANGE, best_trade),
    ROW("Worst trade", AS_CHANGE, worst_trade),
    ROW("Average holding time", AS_SECONDS, average_holding_s),
    ROW("Longest losing run", AS_COUNT, longest_losing_run),
    ROW("Ambiguous", AS_COUNT, ambiguous),
};
/* clang-format on */

static double double_at(const struct metrics *m, size_t offset)
{
    double x;
    memcpy(&x, (const char *)m + offset, sizeof(x));
    return x;
}

static int64_t int_at(const struct metrics *m, size_t offset)
{
    int64_t n;
    memcpy(&n, (const char *)m + offset, sizeof(n));
    return n;
}

static struct shown show_metric(const struct metric_row *row, const struct metrics *m)
{
    switch (row->kind) {
    case AS_CHANGE:
        return show_change(double_at(m, row->offset), 2);
    case AS_PERCENT:
        return show_percent(double_at(m, row->offset), 2);
    case AS_COUNT:
        return show_count(int_at(m, row->offset));
    case AS_SPAN:
        return show_span(int_at(m, row->offset));
    case AS_SECONDS:
        if (isnan(double_at(m, row->offset)))
            return show_number(double_at(m, row->offset), 0);
        return show_span((int64_t)(double_at(m, row->offset) * (double)NS_PER_SECOND));
    default:
        return show_number(double_at(m, row->offset), 2);
    }
}

static void write_row(const struct page *p, const struct metric_row *row)
{
    const struct report_account *a = p->in->account;
    const struct metrics *cases[] = {a->chosen, a->worst, a->best};
    if (!row->name) {
        html_format(p->out,
                    "<tr class=\"group\"><th scope=\"colgroup\" colspan=\"4\">%s</th></tr>\n",
                    row->group);
        return;
    }
    html_format(p->out, "<tr><th scope=\"row\">%s</th>", row->name);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        html_format(p->out, "<td>%s</td>", show_metric(row, cases[i]).text);
    strbuf_add_string(p->out, "</tr>\n");
}

void section_metrics(const struct page *p)
{
    const struct report_account *a = p->in->account;
    if (!a)
        return;
    html_format(
        p->out,
        "<section id=\"metrics\">\n<h2>Metrics</h2>\n<p>As chosen is %s: what fills when one "
        "bar holds both levels. %s</p>\n",
        a->intrabar,
        a->chosen->ambiguous ? "Worst takes the stop of every such trade, best its target."
                             : "No trade was of this kind, so the three are one.");
    strbuf_add_string(p->out,
                      "<div class=\"scroll\"><table class=\"metrics\">\n<thead><tr><th></th>"
                      "<th scope=\"col\">As chosen</th><th scope=\"col\">Worst</th>"
                      "<th scope=\"col\">Best</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        write_row(p, &rows[i]);
    strbuf_add_string(p->out, "</tbody></table></div>\n</section>\n");
}
