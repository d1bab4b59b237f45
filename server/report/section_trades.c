#include "base/clock.h"
#include "base/decimal.h"
#include "server/report/chart_bars.h"
#include "server/report/html.h"
#include "server/report/sections.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* ---- how they ended ---- */

static const char *reason_name(enum exit_reason reason)
{
    static const char *const names[EXIT_REASON_COUNT] = {[EXIT_TAKE_PROFIT] = "Take profit",
                                                         [EXIT_STOP_LOSS] = "Stop loss",
                                                         [EXIT_RULE] = "Exit rule",
                                                         [EXIT_TIME] = "Longest holding",
                                                         [EXIT_FLAT_AT] = "Flat at time",
                                                         [EXIT_END_OF_DATA] = "End of the data",
                                                         [EXIT_EXPIRY] = "Expiry"};
    return names[reason];
}

static void write_ending(const struct page *p, enum exit_reason reason,
                         const struct trade_ending *n)
{
    int64_t all = p->in->account->trades->count;
    html_format(p->out, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s</td>",
                reason_name(reason), show_count(n->trades).text,
                show_percent((double)n->trades / (double)all, 1).text,
                show_percent((double)n->wins / (double)n->trades, 1).text);
    cell_change(p->out, n->returns / (double)n->trades, 2);
    html_format(p->out, "<td class=\"%s\">%s</td></tr>\n", n->pnl < 0 ? "neg" : "pos",
                show_gain(n->pnl).text);
}

static void write_endings(const struct page *p)
{
    const struct trade_ending *endings = p->in->account->trades->endings;
    strbuf_add_string(p->out,
                      "<h3>How they ended</h3>\n<div class=\"scroll\"><table class=\"endings\">\n"
                      "<thead><tr><th scope=\"col\">Exit</th><th scope=\"col\">Trades</th>"
                      "<th scope=\"col\">Share</th><th scope=\"col\">Won</th>"
                      "<th scope=\"col\">Mean return</th><th scope=\"col\">Profit or loss</th>"
                      "</tr></thead>\n<tbody>\n");
    for (int reason = 0; reason < EXIT_REASON_COUNT; reason++)
        if (endings[reason].trades)
            write_ending(p, (enum exit_reason)reason, &endings[reason]);
    strbuf_add_string(p->out, "</tbody></table></div>\n");
}

/* ---- what became of the fires ---- */

static void write_entered(const struct page *p)
{
    const struct report_account *a = p->in->account;
    const struct {
        int64_t fires;
        const char *why;
    } skipped[] = {{a->skipped_in_position, "found a position open"},
                   {a->skipped_late, "came too late or without a level"},
                   {a->skipped_unaffordable, "found too little cash"},
                   {a->skipped_too_small, "were less than one step of the size"}};
    html_format(p->out, "<p>%s of ", show_count(a->trades->count).text);
    write_counted(p->out, p->in->counts.fires, "fire was entered", "fires were entered");
    const char *comma = ": ";
    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
        if (skipped[i].fires == 0)
            continue;
        html_format(p->out, "%s%s %s", comma, show_count(skipped[i].fires).text, skipped[i].why);
        comma = ", ";
    }
    strbuf_add_string(p->out, ".</p>\n");
}

/* ---- their returns ---- */

enum { RETURN_BINS = 41, BIN_LABELS = 9, HISTOGRAM_HEIGHT = 140, TAIL_DEVIATIONS = 4 };

/* From the smallest to the largest return; what lies far out is gathered in the last bins. */
static struct number_ticks bins_of(const struct trades_gather *t)
{
    double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, n = (double)t->count;
    for (int64_t i = 0; i < t->count; i++) {
        double r = t->returns[i];
        low = fmin(low, r);
        high = fmax(high, r);
        sum += r;
        squares += r * r;
    }
    double mean = sum / n, deviation = sqrt(fmax(squares / n - mean * mean, 0));
    low = fmax(low, mean - TAIL_DEVIATIONS * deviation);
    high = fmin(high, mean + TAIL_DEVIATIONS * deviation);
    return number_ticks(low, high, RETURN_BINS - 1);
}

/* The bin whose [from, to) holds the return. Returns are ratios of cents: one that is meant to lie
 * on an edge may be off by a few ulps, which must not move it. */
static int32_t bin_of(const struct number_ticks *t, double r)
{
    double place = floor(r / t->step + 1e-9) - (double)t->first;
    return place < 0 ? 0 : place > t->count - 2 ? t->count - 2 : (int32_t)place;
}

static void write_histogram(const struct page *p)
{
    const struct trades_gather *t = p->in->account->trades;
    struct number_ticks ticks = bins_of(t);
    struct bar bars[RETURN_BINS + 1] = {0};
    int32_t count = ticks.count - 1, labelled = 1 + count / BIN_LABELS;
    assert(count >= 1 && count <= RETURN_BINS);
    for (int64_t i = 0; i < t->count; i++)
        bars[bin_of(&ticks, t->returns[i])].value++;
    for (int32_t i = 0; i < count; i++) {
        double from = number_tick(&ticks, i);
        bars[i].is_loss = from < -ticks.step / 2;
        snprintf(bars[i].title, sizeof(bars[i].title), "%s to %s: %s",
                 tick_signed_percent(from, &ticks).text,
                 tick_signed_percent(number_tick(&ticks, i + 1), &ticks).text,
                 show_count((int64_t)bars[i].value).text);
        if ((ticks.first + i) % labelled == 0)
            snprintf(bars[i].label, sizeof(bars[i].label), "%s",
                     tick_signed_percent(from, &ticks).text);
    }
    struct bar_chart chart = {.label = "Trades by their return",
                              .count = (size_t)count,
                              .bars = bars,
                              .is_count = true,
                              .height = HISTOGRAM_HEIGHT,
                              .labels_at_edges = true};
    struct figure figure = {.title = "Trades by their return",
                            .note = "After costs, by the value of the entry.",
                            .draw = chart_bars,
                            .context = &chart};
    figure_write(p->out, &figure);
}

/* ---- one by one ---- */

static void write_trade(const struct page *p, size_t i)
{
    const struct gathered_trade *g = &p->in->account->trades->first[i];
    const struct trade *t = &g->trade;
    const char *symbol = p->in->symbols[t->symbol].name;
    html_format(p->out, "<tr><td>%zu</td><td class=\"name\">%s</td><td>%s</td><td>%s</td>", i + 1,
                g->contract[0] ? g->contract : symbol,
                show_instant(t->entry_at.at_ns, p->in->zone).text, show_price(t->entry_price).text);
    html_format(p->out, "<td>%s</td><td>%s</td><td>%s</td><td class=\"%s\">%s</td>",
                show_instant(t->exit_at.at_ns, p->in->zone).text, show_price(t->exit_price).text,
                show_number(decimal_to_double(t->quantity),
                            t->quantity % DECIMAL_ONE ? DECIMAL_DECIMALS : 0)
                    .text,
                t->pnl < 0 ? "neg" : "pos", show_gain(t->pnl).text);
    cell_change(p->out, t->return_on_value, 2);
    html_format(p->out, "<td class=\"name\">%s%s%s</td></tr>\n", reason_name(t->exit_reason),
                t->ambiguous ? ", ambiguous" : "", g->is_modelled ? ", modelled" : "");
}

static void write_table(const struct page *p)
{
    static const char *const heads[] = {"",   "Symbol",   "Entry",          "At",     "Exit",
                                        "At", "Quantity", "Profit or loss", "Return", "Why"};
    const struct report_account *a = p->in->account;
    size_t shown = a->trades->first_count;
    bool all = (int64_t)shown == a->trades->count;
    html_format(p->out, "<h3>%s</h3>\n", all ? "All trades" : "The first trades");
    if (!all || a->trades_link) {
        html_format(p->out, "<p>%zu of %s.", shown, show_count(a->trades->count).text);
        if (a->trades_link)
            html_format(p->out, " All of them as CSV: <a href=\"%s\">%s</a>", a->trades_link,
                        a->trades_link);
        strbuf_add_string(p->out, "</p>\n");
    }
    strbuf_add_string(p->out, "<div class=\"scroll\"><table class=\"trades\">\n<thead><tr>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        html_format(p->out, "<th scope=\"col\">%s</th>", heads[i]);
    strbuf_add_string(p->out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < shown; i++)
        write_trade(p, i);
    strbuf_add_string(p->out, "</tbody></table></div>\n");
}

static void write_each(const struct page *p)
{
    write_endings(p);
    write_histogram(p);
    write_table(p);
}

void section_trades(const struct page *p)
{
    const struct report_account *a = p->in->account;
    if (!a || p->in->counts.fires == 0)
        return;
    strbuf_add_string(p->out, "<section id=\"trades\">\n<h2>Trades</h2>\n");
    write_entered(p);
    if (a->trades->count)
        write_each(p);
    strbuf_add_string(p->out, "</section>\n");
}
