#include "server/report/html.h"
#include "server/report/sections.h"
#include "server/report/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- symbols ---- */

/* Most profit first, or most fires where nothing is traded. */
static int compare_symbols(const void *left, const void *right)
{
    const struct report_symbol *const *x = left, *const *y = right;
    const struct report_symbol *a = *x, *b = *y;
    int64_t of_a = a->trades ? a->trades->pnl : a->fires;
    int64_t of_b = b->trades ? b->trades->pnl : b->fires;
    if (of_a != of_b)
        return of_a > of_b ? -1 : 1;
    return (a > b) - (a < b);
}

static void write_forward(const struct page *p, const struct report_symbol *s, size_t horizon)
{
    if (!s->horizons || horizon == p->in->horizon_count) {
        strbuf_add_string(p->out, "<td></td><td></td><td></td>");
        return;
    }
    const struct study_horizon_stats *h = &s->horizons[horizon];
    html_format(p->out, "<td>%s</td>", show_change(h->mean, 3).text);
    cell_change(p->out, h->difference, 3);
    html_format(p->out, "<td>%s</td>", show_percent(h->hit_rate, 1).text);
}

static void write_symbol(const struct page *p, const struct report_symbol *s, size_t horizon)
{
    html_format(p->out, "<tr><th scope=\"row\">%s</th><td>%s</td>", s->name,
                show_count(s->fires).text);
    write_forward(p, s, horizon);
    if (p->in->account && s->trades) {
        html_format(p->out, "<td>%s</td><td>%s</td><td>%s</td><td class=\"%s\">%s</td>",
                    show_count(s->trades->trades).text, show_percent(s->trades->win_rate, 1).text,
                    show_number(s->trades->profit_factor, 2).text,
                    s->trades->pnl < 0 ? "neg" : "pos", show_gain(s->trades->pnl).text);
    } else if (p->in->account) {
        strbuf_add_string(p->out, "<td></td><td></td><td></td><td></td>");
    }
    strbuf_add_string(p->out, "</tr>\n");
}

static void write_symbol_heads(const struct page *p, size_t horizon)
{
    const char *name = horizon < p->in->horizon_count ? p->in->horizons[horizon].name : "";
    html_format(p->out,
                "<thead><tr><th scope=\"col\">Symbol</th><th scope=\"col\">Fires</th>"
                "<th scope=\"col\">Mean %s</th><th scope=\"col\">Less base rate</th>"
                "<th scope=\"col\">Up</th>",
                name);
    if (p->in->account)
        strbuf_add_string(p->out, "<th scope=\"col\">Trades</th><th scope=\"col\">Won</th>"
                                  "<th scope=\"col\">Profit factor</th>"
                                  "<th scope=\"col\">Profit or loss</th>");
    strbuf_add_string(p->out, "</tr></thead>\n<tbody>\n");
}

void section_symbols(const struct page *p)
{
    const struct report_symbol *order[LIMIT_JOB_SYMBOLS];
    size_t count = p->in->symbol_count, horizon = report_main_horizon(p->in);
    if (count < 2 || count > LIMIT_JOB_SYMBOLS)
        return;
    for (size_t i = 0; i < count; i++)
        order[i] = &p->in->symbols[i];
    qsort(order, count, sizeof(order[0]), compare_symbols);
    size_t shown = count < REPORT_SYMBOLS_SHOWN ? count : REPORT_SYMBOLS_SHOWN;
    html_format(p->out,
                "<section id=\"symbols\">\n<h2>By symbol</h2>\n<p>%zu of %zu, %s first.</p>\n",
                shown, count, p->in->account ? "the most profitable" : "those with most fires");
    strbuf_add_string(p->out, "<div class=\"scroll\"><table class=\"symbols\">\n");
    write_symbol_heads(p, horizon);
    for (size_t i = 0; i < shown; i++)
        write_symbol(p, order[i], horizon);
    strbuf_add_string(p->out, "</tbody></table></div>\n</section>\n");
}

/* ---- what was asked ---- */

static void write_value(struct strbuf *out, const char *value)
{
    char cut[REPORT_TERM_BYTES_SHOWN + 1];
    size_t length = strlen(value);
    if (length < sizeof(cut)) {
        html_text(out, value);
        return;
    }
    /* Not within a character. */
    for (length = sizeof(cut) - 1; ((unsigned char)value[length] & 0xc0) == 0x80; length--)
        ;
    memcpy(cut, value, length);
    cut[length] = '\0';
    html_format(out, "%s\xe2\x80\xa6", cut);
}

static void write_terms(const struct page *p, const char *title, const struct report_terms *terms)
{
    if (terms->count == 0)
        return;
    html_format(p->out, "<div><h3>%s</h3>\n<dl class=\"terms\">\n", title);
    for (size_t i = 0; i < terms->count; i++) {
        html_format(p->out, "<dt>%s</dt><dd>", terms->items[i].name);
        write_value(p->out, terms->items[i].value);
        strbuf_add_string(p->out, "</dd>\n");
    }
    strbuf_add_string(p->out, "</dl></div>\n");
}

void section_request(const struct page *p)
{
    strbuf_add_string(p->out,
                      "<section id=\"request\">\n<h2>The request</h2>\n<div class=\"pair\">\n");
    write_terms(p, "Study", &p->in->request);
    write_terms(p, "Strategy", &p->in->strategy);
    write_terms(p, "Where the result comes from", &p->in->origin);
    strbuf_add_string(p->out, "</div>\n</section>\n");
}

/* ---- how to read it ---- */

void section_reading(const struct page *p)
{
    strbuf_add_string(
        p->out,
        "<section id=\"reading\">\n<h2>How to read this</h2>\n<ul>\n"
        "<li>A forward return is the price so long after a fire, by the close of the fire's bar. "
        "The "
        "base rate is the same over all bars of the same minutes of day at which the rule did not "
        "fire: what an alert at random would have seen.</li>\n"
        "<li>A 95% interval leaves 0 out once in twenty times by chance. Fires that follow each "
        "other "
        "closely share their future, so the true intervals are wider than these.</li>\n");
    if (p->in->account)
        strbuf_add_string(
            p->out,
            "<li>Trades fill on bars, not on a tape: at the next open, at levels that a bar went "
            "through, with the costs stated in the request. Liquidity and queues are not in "
            "them.</li>\n"
            "<li>Sharpe, Sortino and volatility are of daily returns with 252 days a year; the "
            "drawdown is of all points of the equity. Buying and holding pays no costs.</li>\n");
    strbuf_add_string(p->out,
                      "<li>The digest stands for the rule, the request, the data and the result to "
                      "the last bit: whoever repeats the request on the same data gets the same "
                      "one.</li>\n"
                      "<li>What a rule did in the past does not tell what it will do.</li>\n"
                      "</ul>\n</section>\n");
}
