#include "server/report/html.h"
#include "server/report/sections.h"
#include "server/report/show.h"

#include <math.h>
#include <string.h>

size_t report_main_horizon(const struct report_input *in)
{
    size_t found = in->horizon_count;
    for (size_t i = 0; i < in->horizon_count; i++) {
        if (in->stats[i].n == 0)
            continue;
        if (strcmp(in->horizons[i].name, "30m") == 0)
            return i;
        if (found == in->horizon_count || in->horizons[i].kind == HORIZON_DURATION)
            found = i;
    }
    return found;
}

void write_counted(struct strbuf *out, int64_t n, const char *one, const char *many)
{
    html_format(out, "%s %s", show_count(n).text, n == 1 ? one : many);
}

void cell_change(struct strbuf *out, double share, int decimals)
{
    html_format(out, "<td class=\"%s\">%s</td>",
                share < 0   ? "neg"
                : share > 0 ? "pos"
                            : "none",
                show_change(share, decimals).text);
}

/* ---- in sentences ---- */

static void tell_fires(const struct page *p)
{
    const struct study_counts *c = &p->in->counts;
    if (c->fires == 0) {
        html_format(p->out, "The rule never fired in %s bars of the window. ",
                    show_count(c->bars_in_window).text);
        return;
    }
    strbuf_add_string(p->out, "The rule fired ");
    write_counted(p->out, c->fires, "time", "times");
    html_format(p->out, ", on %s of ", show_count(c->days_with_fires).text);
    if (p->in->symbol_count > 1)
        write_counted(p->out, c->days, "day of a symbol", "days of a symbol");
    else
        write_counted(p->out, c->days, "day", "days");
    if (c->candidates > c->fires)
        html_format(p->out, "; the cooldown dropped %s more",
                    show_count(c->candidates - c->fires).text);
    strbuf_add_string(p->out, ". ");
}

/* "above the base rate after 5m, 30m" */
static void tell_horizons(const struct page *p, size_t told, bool above)
{
    const struct report_input *in = p->in;
    const char *comma = "";
    if (told == 0)
        return;
    html_format(p->out, "<strong>%s</strong> the base rate after ", above ? "above" : "below");
    for (size_t i = 0; i < in->horizon_count; i++) {
        const struct study_horizon_stats *s = &in->stats[i];
        if (!(above ? s->ci_low > 0 : s->ci_high < 0))
            continue;
        html_format(p->out, "%s%s", comma, in->horizons[i].name);
        comma = ", ";
    }
}

/* With many intervals some leave 0 out by chance: the reader is told how many. */
static void tell_edge(const struct page *p)
{
    const struct report_input *in = p->in;
    size_t above = 0, below = 0, intervals = 0;
    for (size_t i = 0; i < in->horizon_count; i++) {
        above += in->stats[i].ci_low > 0;
        below += in->stats[i].ci_high < 0;
        intervals += !isnan(in->stats[i].ci_low);
    }
    if (intervals == 0)
        return;
    if (above + below == 0) {
        html_format(p->out,
                    "At none of %zu horizons does what followed differ from the base rate by more "
                    "than chance explains. ",
                    intervals);
        return;
    }
    strbuf_add_string(p->out, "What followed lies ");
    tell_horizons(p, above, true);
    if (above && below)
        strbuf_add_string(p->out, ", and ");
    tell_horizons(p, below, false);
    html_format(p->out,
                " (the 95 %% interval leaves 0 out at %zu of %zu horizons; chance alone would do "
                "so at about %s). ",
                above + below, intervals, show_number(0.05 * (double)intervals, 1).text);
}

static void tell_account(const struct page *p)
{
    const struct report_account *a = p->in->account;
    const struct metrics *m = a->chosen;
    if (m->trades == 0) {
        strbuf_add_string(p->out, "The strategy made no trade. ");
        return;
    }
    strbuf_add_string(p->out, "The strategy made ");
    write_counted(p->out, m->trades, "trade", "trades");
    html_format(p->out, " and <strong>%s</strong>", show_change(m->total_return, 2).text);
    if (!isnan(m->buy_and_hold))
        html_format(p->out, ", where buying and holding made %s",
                    show_change(m->buy_and_hold, 2).text);
    html_format(p->out, "; at worst it stood %s below its peak. ",
                show_percent(m->max_drawdown, 2).text);
}

/* ---- tiles ---- */

static void tile(struct strbuf *out, const char *name, const char *value, const char *below)
{
    html_format(out, "<div class=\"tile\"><dt>%s</dt><dd>%s", name, value);
    if (below)
        html_format(out, "<small>%s</small>", below);
    strbuf_add_string(out, "</dd></div>\n");
}

static void tiles_of_account(const struct page *p)
{
    const struct metrics *m = p->in->account->chosen;
    char below[128];
    snprintf(below, sizeof(below), "buy and hold %s", show_change(m->buy_and_hold, 2).text);
    tile(p->out, "Total return", show_change(m->total_return, 2).text, below);
    tile(p->out, "CAGR", show_change(m->cagr, 2).text, NULL);
    snprintf(below, sizeof(below), "for %s", show_span(m->drawdown_duration_ns).text);
    tile(p->out, "Max drawdown", show_percent(m->max_drawdown, 2).text,
         m->max_drawdown > 0 ? below : NULL);
    snprintf(below, sizeof(below), "Sortino %s", show_number(m->sortino, 2).text);
    tile(p->out, "Sharpe", show_number(m->sharpe, 2).text, below);
    snprintf(below, sizeof(below), "%s of %s", show_count(m->wins).text,
             show_count(m->trades).text);
    tile(p->out, "Trades won", show_percent(m->win_rate, 1).text, below);
    snprintf(below, sizeof(below), "expectancy %s", show_number(m->expectancy, 2).text);
    tile(p->out, "Profit factor", show_number(m->profit_factor, 2).text, below);
}

static void tiles_of_study(const struct page *p)
{
    const struct report_input *in = p->in;
    const struct study_counts *c = &in->counts;
    char name[64], below[160];
    snprintf(below, sizeof(below), "in %s bars", show_count(c->bars_in_window).text);
    tile(p->out, "Fires", show_count(c->fires).text, below);
    snprintf(below, sizeof(below), "%s of %s",
             c->days ? show_percent((double)c->days_with_fires / (double)c->days, 1).text : "0",
             show_count(c->days).text);
    tile(p->out, "Days with fires", show_count(c->days_with_fires).text, below);
    size_t h = report_main_horizon(in);
    if (h == in->horizon_count)
        return;
    const struct study_horizon_stats *s = &in->stats[h];
    int decimals = show_percent_decimals(s->mean);
    snprintf(name, sizeof(name), "Mean after %s", in->horizons[h].name);
    snprintf(below, sizeof(below), "base rate %s", show_change(s->base_mean, decimals).text);
    tile(p->out, name, show_change(s->mean, decimals).text, below);
    snprintf(name, sizeof(name), "Up after %s", in->horizons[h].name);
    snprintf(below, sizeof(below), "base rate %s", show_percent(s->base_hit_rate, 1).text);
    tile(p->out, name, show_percent(s->hit_rate, 1).text, below);
}

void section_summary(const struct page *p)
{
    strbuf_add_string(p->out, "<section id=\"summary\">\n<p class=\"verdict\">");
    tell_fires(p);
    tell_edge(p);
    if (p->in->account)
        tell_account(p);
    strbuf_add_string(p->out, "</p>\n");
    write_warnings(p);
    strbuf_add_string(p->out, "<dl class=\"tiles\">\n");
    tiles_of_study(p);
    if (p->in->account)
        tiles_of_account(p);
    strbuf_add_string(p->out, "</dl>\n</section>\n");
}
