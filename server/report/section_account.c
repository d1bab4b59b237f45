#include "base/decimal.h"
#include "server/report/chart_account.h"
#include "server/report/html.h"
#include "server/report/months.h"
#include "server/report/plot.h"
#include "server/report/sections.h"

#include <math.h>

/* ---- months ---- */

enum { MONTH_LEVELS = 4 }; /* shades of each sign */

/* One line of the table: the months of a year, and what they come to. */
struct year_row {
    int32_t year;
    double months[12]; /* NaN = none */
    double product;    /* of 1 + return */
};

static double largest_month(const struct page *p)
{
    const struct report_account *a = p->in->account;
    struct month_walk walk;
    struct month_return m;
    double largest = 0;
    month_walk_begin(&walk, a->points, a->point_count, p->in->zone);
    while (month_walk_next(&walk, &m))
        largest = fmax(largest, fabs(m.value));
    return largest;
}

static void month_cell(struct strbuf *out, double value, double largest)
{
    if (isnan(value)) {
        strbuf_add_string(out, "<td></td>");
        return;
    }
    int level = largest > 0 ? (int)ceil(fabs(value) / largest * MONTH_LEVELS) : 0;
    html_format(out, "<td class=\"%s%d\">%s</td>", value < 0 ? "n" : "p", level,
                show_change(value, 1).text);
}

static void write_year(struct strbuf *out, const struct year_row *row, double largest)
{
    html_format(out, "<tr><th scope=\"row\">%d</th>", row->year);
    for (int i = 0; i < 12; i++)
        month_cell(out, row->months[i], largest);
    html_format(out, "<td class=\"total\">%s</td></tr>\n", show_change(row->product - 1, 1).text);
}

static void write_years(const struct page *p)
{
    const struct report_account *a = p->in->account;
    struct month_walk walk;
    struct month_return m;
    struct year_row row = {0};
    double largest = largest_month(p);
    bool any = false;
    month_walk_begin(&walk, a->points, a->point_count, p->in->zone);
    while (month_walk_next(&walk, &m)) {
        if (any && m.month / 12 != row.year)
            write_year(p->out, &row, largest);
        if (!any || m.month / 12 != row.year) {
            row = (struct year_row){.year = m.month / 12, .product = 1};
            for (int i = 0; i < 12; i++)
                row.months[i] = (double)NAN;
        }
        row.months[m.month % 12] = m.value;
        row.product *= 1 + m.value;
        any = true;
    }
    if (any)
        write_year(p->out, &row, largest);
}

static void write_months(const struct page *p)
{
    strbuf_add_string(p->out, "<h3>Monthly returns</h3>\n<div class=\"scroll\"><table "
                              "class=\"months\">\n<thead><tr><th></th>");
    for (int32_t m = 0; m < 12; m++)
        html_format(p->out, "<th scope=\"col\">%s</th>", show_month_name(m));
    strbuf_add_string(p->out, "<th scope=\"col\">Year</th></tr></thead>\n<tbody>\n");
    write_years(p);
    strbuf_add_string(p->out, "</tbody></table></div>\n");
}

/* ---- the section ---- */

void section_account(const struct page *p)
{
    const struct report_account *a = p->in->account;
    if (!a || p->timeline.day_count == 0)
        return;
    struct account_chart chart = {.timeline = &p->timeline,
                                  .points = a->points,
                                  .point_count = a->point_count,
                                  .metrics = a->chosen};
    struct figure figure = {.title = "Equity and drawdown",
                            .note = "Closes of sessions and every fill. The shaded span is the "
                                    "maximum drawdown, from its peak to its recovery.",
                            .draw = chart_account,
                            .context = &chart};
    strbuf_add_string(p->out, "<section id=\"account\">\n<h2>Account</h2>\n");
    html_format(p->out, "<p>%s at the start, %s at the end; %s paid in commission.</p>\n",
                show_money(a->points[0].equity).text,
                show_money(a->points[a->point_count - 1].equity).text,
                show_number(a->chosen->commission, 2).text);
    figure_write(p->out, &figure);
    write_months(p);
    strbuf_add_string(p->out, "</section>\n");
}
