#include "server/report/chart_account.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "server/report/html.h"
#include "server/report/plot.h"
#include "server/report/thin.h"

#include <math.h>
#include <string.h>

enum {
    EQUITY_HEIGHT = 250,
    DRAWDOWN_HEIGHT = 84,
    PANEL_GAP = 26,
    TOP = 12,
    BELOW = 28, /* room of the days' labels */
    RIGHT = 14,
    TICKS_EQUITY = 6,
    TICKS_DRAWDOWN = 3,
    BANDS_WIDE = 120, /* parts of the axis that tell their value under the pointer */
    BANDS_NARROW = 48,
    BANDS_OF_A_DAY = 24,
};

struct drawing {
    const struct account_chart *chart;
    struct plot equity, drawdown;
    struct number_ticks equity_ticks, drawdown_ticks;
};

static double equity_at(const struct account_chart *c, size_t i)
{
    return decimal_to_double(c->points[i].equity);
}

/* The share lost since the highest equity so far, <= 0. */
static double drawdown_at(const struct account_chart *c, size_t i, double *peak)
{
    double equity = equity_at(c, i);
    *peak = i == 0 || equity > *peak ? equity : *peak;
    return *peak > 0 ? equity / *peak - 1 : 0;
}

static void scale_up(struct drawing *d)
{
    const struct account_chart *c = d->chart;
    double low = equity_at(c, 0), high = low, deepest = 0, peak = 0;
    for (size_t i = 0; i < c->point_count; i++) {
        low = fmin(low, equity_at(c, i));
        high = fmax(high, equity_at(c, i));
        deepest = fmin(deepest, drawdown_at(c, i, &peak));
    }
    d->equity_ticks = number_ticks(low, high, TICKS_EQUITY);
    d->drawdown_ticks = number_ticks(fmin(deepest, -0.0001), 0, TICKS_DRAWDOWN);
}

static void lay_out(struct drawing *d, const struct layout *layout)
{
    double left = fmax(plot_left_of(&d->equity_ticks, tick_number),
                       plot_left_of(&d->drawdown_ticks, tick_percent));
    struct axis x = {0, (double)d->chart->timeline->day_count, left, layout->width - RIGHT};
    double middle = TOP + EQUITY_HEIGHT + PANEL_GAP;
    d->equity.x = d->drawdown.x = x;
    d->equity.narrow = d->drawdown.narrow = layout->narrow;
    d->equity.y = (struct axis){number_ticks_low(&d->equity_ticks),
                                number_ticks_high(&d->equity_ticks), TOP + EQUITY_HEIGHT, TOP};
    d->drawdown.y =
        (struct axis){number_ticks_low(&d->drawdown_ticks), 0, middle + DRAWDOWN_HEIGHT, middle};
}

static double place_of(const struct drawing *d, size_t i)
{
    const struct account_chart *c = d->chart;
    double day = i == 0 && c->point_count > 1
                     ? 0
                     : timeline_place(c->timeline, timeline_instant(&c->points[i]));
    return axis_place(&d->equity.x, day);
}

/* From the peak to the recovery, or to the end, of the maximum drawdown. */
static void draw_deepest(struct strbuf *out, const struct drawing *d)
{
    const struct metrics *m = d->chart->metrics;
    if (!(m->max_drawdown > 0) || m->drawdown_peak_ns == METRICS_NO_TIME)
        return;
    const struct timeline *t = d->chart->timeline;
    double from = axis_place(&d->equity.x, timeline_place(t, m->drawdown_peak_ns));
    double to = m->drawdown_recovered_ns == METRICS_NO_TIME
                    ? d->equity.x.last
                    : axis_place(&d->equity.x, timeline_place(t, m->drawdown_recovered_ns));
    html_format(out, "<path class=\"span\" d=\"M%g %gH%gV%gH%gz\"><title>%s</title></path>\n", from,
                d->equity.y.last, fmax(to, from + 1), d->drawdown.y.first, from,
                "Maximum drawdown, from its peak to its recovery");
}

static void draw_equity(struct strbuf *out, const struct drawing *d)
{
    const struct account_chart *c = d->chart;
    struct thin line;
    double start = axis_place(&d->equity.y, equity_at(c, 0));
    html_format(out, "<path class=\"start\" d=\"M%g %gH%g\"/>\n", d->equity.x.first, start,
                d->equity.x.last);
    strbuf_add_string(out, "<path class=\"line\" d=\"");
    thin_begin(&line, out);
    for (size_t i = 0; i < c->point_count; i++)
        thin_add(&line, place_of(d, i), axis_place(&d->equity.y, equity_at(c, i)));
    thin_end(&line);
    strbuf_add_string(out, "\"/>\n");
    size_t last = c->point_count - 1;
    html_format(out, "<circle class=\"dot\" cx=\"%g\" cy=\"%g\" r=\"3\"/>\n", place_of(d, last),
                axis_place(&d->equity.y, equity_at(c, last)));
}

static void draw_drawdown(struct strbuf *out, const struct drawing *d)
{
    const struct account_chart *c = d->chart;
    struct thin line;
    double peak = 0;
    strbuf_add_string(out, "<path class=\"under\" d=\"");
    thin_begin(&line, out);
    thin_add(&line, place_of(d, 0), d->drawdown.y.last);
    for (size_t i = 0; i < c->point_count; i++)
        thin_add(&line, place_of(d, i), axis_place(&d->drawdown.y, drawdown_at(c, i, &peak)));
    thin_end(&line);
    html_format(out, "L%g %gz\"/>\n", place_of(d, c->point_count - 1), d->drawdown.y.last);
}

/* ---- what the pointer shows ---- */

static void draw_band(struct strbuf *out, const struct drawing *d, double from, double width,
                      size_t i, double drawdown)
{
    const struct account_chart *c = d->chart;
    double start = equity_at(c, 0);
    html_format(out, "<path class=\"band\" d=\"M%g %gh%gV%gh%gz\"><title>%s: %s", from,
                d->equity.y.last, width, d->drawdown.y.first, -width,
                show_instant(timeline_instant(&c->points[i]), c->timeline->zone).text,
                show_money(c->points[i].equity).text);
    if (start > 0)
        html_format(out, " (%s)", show_change(equity_at(c, i) / start - 1, 2).text);
    html_format(out, ", drawdown %s</title></path>\n", show_percent(drawdown, 2).text);
}

/* Each band tells of its last point. */
static void draw_bands(struct strbuf *out, const struct drawing *d)
{
    const struct account_chart *c = d->chart;
    size_t most = d->equity.narrow ? BANDS_NARROW : BANDS_WIDE;
    size_t days = c->timeline->day_count;
    size_t bands = days > most ? most : days > BANDS_OF_A_DAY ? days : BANDS_OF_A_DAY;
    double left = d->equity.x.first, width = (d->equity.x.last - left) / (double)bands, peak = 0;
    for (size_t i = 0; i < c->point_count; i++) {
        double drawdown = drawdown_at(c, i, &peak);
        size_t band = (size_t)fmin((place_of(d, i) - left) / width, (double)bands - 1);
        if (i + 1 < c->point_count &&
            (size_t)fmin((place_of(d, i + 1) - left) / width, (double)bands - 1) == band)
            continue;
        draw_band(out, d, left + (double)band * width, width, i, drawdown);
    }
}

/* One day is an axis of its minutes. */
static void draw_time(const struct drawing *d)
{
    const struct timeline *t = d->chart->timeline;
    struct plot below = d->drawdown;
    if (t->day_count > 1 || t->open_minute >= t->close_minute) {
        plot_x_days(&below, t->days, t->day_count);
        return;
    }
    below.x.low = t->open_minute;
    below.x.high = t->close_minute;
    plot_x_minutes(&below);
}

void chart_account(struct strbuf *out, const struct layout *layout, const void *context)
{
    struct drawing d = {.chart = context, .equity.out = out, .drawdown.out = out};
    scale_up(&d);
    lay_out(&d, layout);
    plot_begin(out, layout, d.drawdown.y.first + BELOW, "Equity, and drawdown below it, over time");
    draw_deepest(out, &d);
    plot_y_grid(&d.equity, &d.equity_ticks, tick_number);
    plot_y_grid(&d.drawdown, &d.drawdown_ticks, tick_percent);
    draw_time(&d);
    draw_drawdown(out, &d);
    draw_equity(out, &d);
    draw_bands(out, &d);
    plot_end(out);
}
