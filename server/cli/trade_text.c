#include "server/cli/trade_text.h"

#include "server/cli/text_format.h"

#include <math.h>

enum { INDENT = 2 };

enum unit { PERCENT, SIGNED_PERCENT, PLAIN, MONEY, COUNT, SECONDS };

/* In groups as docs/metrics.md has them. */
static const struct {
    const char *name, *label;
    enum unit unit;
} rows[] = {
    {"total_return", "total return", SIGNED_PERCENT},
    {"cagr", "a year", SIGNED_PERCENT},
    {"buy_and_hold", "buy and hold", SIGNED_PERCENT},
    {"annual_volatility", "volatility", PERCENT},
    {"sharpe", "Sharpe", PLAIN},
    {"sortino", "Sortino", PLAIN},
    {"max_drawdown", "maximum drawdown", PERCENT},
    {"drawdown_duration_s", "  lasted", SECONDS},
    {"calmar", "Calmar", PLAIN},
    {"exposure", "exposure", PERCENT},
    {"turnover", "turnover", PLAIN},
    {"win_rate", "win rate", PERCENT},
    {"profit_factor", "profit factor", PLAIN},
    {"payoff_ratio", "payoff ratio", PLAIN},
    {"expectancy", "expectancy", MONEY},
    {"expectancy_r", "expectancy in R", PLAIN},
    {"average_trade", "average trade", SIGNED_PERCENT},
    {"median_trade", "median trade", SIGNED_PERCENT},
    {"best_trade", "best trade", SIGNED_PERCENT},
    {"worst_trade", "worst trade", SIGNED_PERCENT},
    {"average_holding_s", "average holding", SECONDS},
    {"longest_losing_run", "longest losing run", COUNT},
    {"trades_per_day", "trades a day", PLAIN},
};

static const char *format_span(double seconds, char out[TEXT_FORMAT_MAX])
{
    static const double minute_s = 60, hour_s = 3600, day_s = 86400;
    if (isnan(seconds))
        snprintf(out, TEXT_FORMAT_MAX, "-");
    else if (seconds < hour_s)
        snprintf(out, TEXT_FORMAT_MAX, "%.1f min", seconds / minute_s);
    else if (seconds < day_s)
        snprintf(out, TEXT_FORMAT_MAX, "%.1f h", seconds / hour_s);
    else
        snprintf(out, TEXT_FORMAT_MAX, "%.1f days", seconds / day_s);
    return out;
}

static void metric_cell(struct table *t, const struct json_value *metrics, size_t row)
{
    char text[TEXT_FORMAT_MAX];
    double x = json_value_member_number(metrics, rows[row].name);
    switch (rows[row].unit) {
    case PERCENT:
        table_cell(t, TABLE_PLAIN, "%s", format_percent(x, 2, text));
        break;
    case SIGNED_PERCENT:
        table_cell(t, TABLE_PLAIN, "%s", format_signed_percent(x, 3, text));
        break;
    case MONEY:
        table_cell(t, TABLE_PLAIN, "%s",
                   format_money(json_value_member_text(metrics, rows[row].name), text));
        break;
    case COUNT:
        table_cell(t, TABLE_PLAIN, "%s",
                   format_grouped(json_value_member_int(metrics, rows[row].name), text));
        break;
    case SECONDS:
        table_cell(t, TABLE_PLAIN, "%s", format_span(x, text));
        break;
    case PLAIN:
        if (isnan(x))
            table_cell(t, TABLE_PLAIN, "-");
        else
            table_cell(t, TABLE_PLAIN, "%.2f", x);
        break;
    }
}

/* The worst and the best case beside the chosen one, where a bar held both levels. */
static void print_metrics(FILE *out, bool colour, const struct json_value *result, bool cases)
{
    static const char *const columns[] = {"metrics", "metrics_worst", "metrics_best"};
    static const char *const names[] = {"as chosen", "worst case", "best case"};
    int count = cases ? 3 : 1;
    struct table t;
    table_init(&t, cases ? "lrrr" : "lr");
    if (cases) {
        table_cell(&t, TABLE_PLAIN, "%s", "");
        for (int k = 0; k < count; k++)
            table_cell(&t, TABLE_BOLD, "%s", names[k]);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        table_cell(&t, TABLE_PLAIN, "%s", rows[i].label);
        for (int k = 0; k < count; k++)
            metric_cell(&t, json_value_member(result, columns[k]), i);
    }
    table_print(&t, out, INDENT, colour);
    table_release(&t);
}

/* ", 12 by the stop loss": those that there were. */
static void print_exits(FILE *out, const struct json_value *trades)
{
    const struct json_value *reason = json_value_first(json_value_member(trades, "by_exit_reason"));
    const char *before = "out by ";
    char text[TEXT_FORMAT_MAX];
    for (; reason; reason = json_value_next(reason)) {
        int64_t count = (int64_t)json_value_number(reason);
        if (count == 0)
            continue;
        fprintf(out, "%s%s %s", before, json_value_name(reason), format_grouped(count, text));
        before = ", ";
    }
    fputc('\n', out);
}

static void print_missed(FILE *out, const struct json_value *trades, int64_t fires)
{
    static const struct {
        const char *name, *text;
    } kinds[] = {{"in_position", "in a position already"},
                 {"too_small", "too small"},
                 {"unaffordable", "not enough cash"}};
    char text[TEXT_FORMAT_MAX];
    int64_t candidates = json_value_member_int(trades, "candidates");
    const char *before = "not entered: ";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int64_t count = json_value_member_int(trades, kinds[i].name);
        if (count == 0)
            continue;
        fprintf(out, "%s%s %s", before, format_grouped(count, text), kinds[i].text);
        before = ", ";
    }
    if (fires > candidates) {
        fprintf(out, "%s%s too late or without a level", before,
                format_grouped(fires - candidates, text));
        before = ", ";
    }
    if (before[0] == ',')
        fputc('\n', out);
}

static void print_warnings(FILE *out, const struct json_value *result)
{
    const struct json_value *warning = json_value_first(json_value_member(result, "warnings"));
    for (; warning; warning = json_value_next(warning))
        fprintf(out, "warning: %s\n", json_value_text(warning));
}

void trade_text_print(FILE *out, bool colour, const struct json_value *result)
{
    const struct json_value *trades = json_value_member(result, "trades");
    char count[TEXT_FORMAT_MAX], wins[TEXT_FORMAT_MAX], pnl[TEXT_FORMAT_MAX], cost[TEXT_FORMAT_MAX],
        ambiguous[TEXT_FORMAT_MAX];
    if (!trades)
        return;
    int64_t n = json_value_member_int(trades, "count");
    int64_t decided = json_value_member_int(trades, "ambiguous");
    fprintf(out, "\n%s%s trade%s, %s won, profit %s after %s of commission%s\n",
            colour ? "\033[1m" : "", format_grouped(n, count), n == 1 ? "" : "s",
            format_grouped(json_value_member_int(trades, "wins"), wins),
            format_money(json_value_member_text(trades, "pnl"), pnl),
            format_money(json_value_member_text(trades, "commission"), cost),
            colour ? "\033[0m" : "");
    if (n > 0)
        print_exits(out, trades);
    print_missed(out, trades, json_value_member_int(result, "fires"));
    print_warnings(out, result);
    if (decided > 0)
        fprintf(out, "%s held both levels in one bar: see the worst and the best case\n",
                format_grouped(decided, ambiguous));
    fputc('\n', out);
    print_metrics(out, colour, result, decided > 0);
}

void trade_text_symbol(struct table *t, const struct json_value *trades)
{
    static const char *const names[] = {"trades", "win rate", "profit"};
    char text[TEXT_FORMAT_MAX];
    for (size_t i = 0; !trades && i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(t, TABLE_BOLD, "%s", names[i]);
    if (!trades)
        return;
    table_cell(t, TABLE_PLAIN, "%s", format_grouped(json_value_member_int(trades, "count"), text));
    table_cell(t, TABLE_PLAIN, "%s",
               format_percent(json_value_member_number(trades, "win_rate"), 1, text));
    table_cell(t, TABLE_PLAIN, "%s", format_money(json_value_member_text(trades, "pnl"), text));
}
