/* What a reader must know before believing a figure. */
#include "server/report/html.h"
#include "server/report/sections.h"
#include "server/report/show.h"

enum { FEW_FIRES = 30, FEW_TRADES = 30 };
static const double ambiguous_share_told = 0.05;
static const double skipped_share_told = 0.1;
static const double day_share_told = 0.2; /* of all fires, on one day */

static void warn_of_few(const struct page *p)
{
    int64_t fires = p->in->counts.fires;
    if (fires == 0 || fires >= FEW_FIRES)
        return;
    strbuf_add_string(p->out, "<li><strong>Few fires.</strong> ");
    write_counted(p->out, fires, "fire is", "fires are");
    html_format(
        p->out,
        " too few to tell an edge from luck; below %d every figure here moves much with one "
        "more.</li>\n",
        FEW_FIRES);
}

/* Fires of one day share one market: they are less than they look. */
static void warn_of_one_day(const struct page *p)
{
    const struct report_input *in = p->in;
    int64_t most = 0, of_day = 0;
    int32_t day = 0;
    for (size_t i = 0; i < in->map_count; i++) {
        of_day = i && in->map[i].day == in->map[i - 1].day ? of_day + in->map[i].fires
                                                           : in->map[i].fires;
        if (of_day > most) {
            most = of_day;
            day = in->map[i].day;
        }
    }
    double share = in->counts.fires ? (double)most / (double)in->counts.fires : 0;
    if (in->counts.fires < FEW_FIRES || in->counts.days < 2 || share < day_share_told)
        return;
    html_format(
        p->out,
        "<li><strong>One day.</strong> %s of all fires (%s) are of %s: what followed them is "
        "one story told many times.</li>\n",
        show_percent(share, 0).text, show_count(most).text, show_day(day).text);
}

static void warn_of_ambiguous(const struct page *p)
{
    const struct report_account *a = p->in->account;
    double share = a->chosen->trades ? (double)a->chosen->ambiguous / (double)a->chosen->trades : 0;
    if (share < ambiguous_share_told)
        return;
    html_format(p->out,
                "<li><strong>Ambiguous exits.</strong> In %s of the trades (%s of %s) one bar held "
                "both the target and the stop, and nobody knows which came first: the total return "
                "lies between %s and %s.</li>\n",
                show_percent(share, 1).text, show_count(a->chosen->ambiguous).text,
                show_count(a->chosen->trades).text, show_change(a->worst->total_return, 2).text,
                show_change(a->best->total_return, 2).text);
}

static void warn_of_modelled(const struct page *p)
{
    const struct trades_gather *trades = p->in->account->trades;
    if (trades->modelled == 0)
        return;
    html_format(p->out,
                "<li><strong>Modelled prices.</strong> %s of %s trades are in options without "
                "stored prices: Black-Scholes with a stated volatility stands in for the market. "
                "Spreads, skew and changes of volatility are not in them.</li>\n",
                show_count(trades->modelled).text, show_count(trades->count).text);
}

static void warn_of_account(const struct page *p)
{
    const struct report_account *a = p->in->account;
    int64_t trades = a->chosen->trades, skipped = a->skipped_unaffordable + a->skipped_too_small;
    if (trades > 0 && trades < FEW_TRADES)
        html_format(p->out,
                    "<li><strong>Few trades.</strong> Ratios of %s trades say little.</li>\n",
                    show_count(trades).text);
    warn_of_ambiguous(p);
    warn_of_modelled(p);
    if (skipped == 0 || (double)skipped <= skipped_share_told * (double)(trades + skipped))
        return;
    html_format(p->out, "<li><strong>Not entered.</strong> Of the fires, ");
    if (a->skipped_unaffordable)
        html_format(p->out, "%s found too little cash%s", show_count(a->skipped_unaffordable).text,
                    a->skipped_too_small ? ", and " : ".");
    if (a->skipped_too_small)
        html_format(p->out, "%s bought less than one step of the size.",
                    show_count(a->skipped_too_small).text);
    strbuf_add_string(p->out, "</li>\n");
}

void write_warnings(const struct page *p)
{
    struct strbuf text;
    struct page aside = *p;
    strbuf_init(&text, p->out->max_bytes);
    aside.out = &text;
    warn_of_few(&aside);
    warn_of_one_day(&aside);
    if (p->in->account)
        warn_of_account(&aside);
    if (text.length)
        strbuf_add_format(p->out, "<ul class=\"warnings\">\n%s</ul>\n", strbuf_text(&text));
    strbuf_release(&text);
}
