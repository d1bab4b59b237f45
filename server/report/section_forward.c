#include "server/report/chart_interval.h"
#include "server/report/html.h"
#include "server/report/plot.h"
#include "server/report/sections.h"

#include <math.h>

/* One number of decimals for the whole table: that of its largest figure, and one more. */
static int decimals_of(const struct report_input *in)
{
    double largest = 0;
    for (size_t i = 0; i < in->horizon_count; i++)
        largest = fmax(largest, fmax(fabs(in->stats[i].mean), fabs(in->stats[i].difference)));
    return largest >= 0.1 ? 2 : largest >= 0.0005 ? 3 : 4;
}

static void write_row(const struct page *p, size_t i, int decimals)
{
    const struct study_horizon_stats *s = &p->in->stats[i];
    const char *class = s->ci_low > 0 ? "pos" : s->ci_high < 0 ? "neg" : "none";
    html_format(p->out, "<tr><th scope=\"row\">%s</th><td>%s</td>", p->in->horizons[i].name,
                show_count(s->n).text);
    const double changes[] = {s->mean, s->median, s->base_mean};
    for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++)
        html_format(p->out, "<td>%s</td>", show_change(changes[c], decimals).text);
    html_format(p->out, "<td class=\"%s\">%s</td><td class=\"%s\">", class,
                show_change(s->difference, decimals).text, class);
    if (isnan(s->ci_low))
        strbuf_add_string(p->out, "\xe2\x80\x93");
    else
        html_format(p->out, "%s to %s", show_change(s->ci_low, decimals).text,
                    show_change(s->ci_high, decimals).text);
    html_format(p->out, "</td><td>%s</td><td>%s</td></tr>\n", show_percent(s->hit_rate, 1).text,
                show_percent(s->base_hit_rate, 1).text);
}

static void write_table(const struct page *p)
{
    static const char *const heads[] = {"After",      "Fires",        "Mean", "Median", "Base rate",
                                        "Difference", "95% interval", "Up",   "Base up"};
    strbuf_add_string(p->out, "<div class=\"scroll\"><table class=\"forward\">\n<thead><tr>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        html_format(p->out, "<th scope=\"col\">%s</th>", heads[i]);
    strbuf_add_string(p->out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < p->in->horizon_count; i++)
        write_row(p, i, decimals_of(p->in));
    strbuf_add_string(p->out, "</tbody></table></div>\n");
}

static bool has_difference(const struct report_input *in)
{
    for (size_t i = 0; i < in->horizon_count; i++)
        if (!isnan(in->stats[i].difference))
            return true;
    return false;
}

void section_forward(const struct page *p)
{
    struct interval_chart chart = {
        .count = p->in->horizon_count, .horizons = p->in->horizons, .stats = p->in->stats};
    struct figure figure = {
        .title = "Forward return less the base rate",
        .note =
            "The dot is the mean difference, the line its 95% confidence interval (Welch). Filled "
            "where the interval leaves 0 out.",
        .draw = chart_interval,
        .context = &chart};
    if (p->in->horizon_count == 0 || p->in->counts.fires == 0)
        return;
    strbuf_add_string(p->out, "<section id=\"forward\">\n<h2>What happened next</h2>\n");
    if (has_difference(p->in))
        figure_write(p->out, &figure);
    else
        strbuf_add_string(p->out,
                          "<p>The rule fires on every bar of its minutes of day, so there is "
                          "nothing left to compare with.</p>\n");
    write_table(p);
    strbuf_add_string(p->out, "</section>\n");
}
