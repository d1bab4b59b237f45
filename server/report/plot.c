#include "server/report/plot.h"

#include "server/report/html.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH_WIDE = 880,
    WIDTH_HALF = 424,
    WIDTH_NARROW = 372,
    LEFT_LEAST = 67,
    LABEL_GAP = 12,       /* between two labels of an axis */
    DAYS_APART_WIDE = 80, /* of the marks of an axis of days, at least and on average */
    DAYS_APART_NARROW = 62,
};

double axis_place(const struct axis *a, double value)
{
    return a->first + (a->last - a->first) * (value - a->low) / (a->high - a->low);
}

void plot_begin(struct strbuf *out, const struct layout *layout, double height, const char *label)
{
    html_format(out,
                "<svg class=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" "
                "role=\"img\" aria-label=\"%s\">\n",
                layout->narrow ? "narrow" : "wide", layout->width, height, label);
}

void plot_end(struct strbuf *out)
{
    strbuf_add_string(out, "</svg>\n");
}

double plot_text_width(const char *text)
{
    size_t characters = 0;
    for (const char *p = text; *p; p++)
        characters += ((unsigned char)*p & 0xc0) != 0x80;
    return 6.8 * (double)characters;
}

/* ---- texts of ticks ---- */

struct shown tick_percent(double share, const struct number_ticks *ticks)
{
    return show_percent(share, ticks->decimals > 2 ? ticks->decimals - 2 : 0);
}

struct shown tick_signed_percent(double share, const struct number_ticks *ticks)
{
    return show_change(share, ticks->decimals > 2 ? ticks->decimals - 2 : 0);
}

/* Decimals by which steps of this size differ in this unit. */
static int decimals_in(double step, double unit)
{
    int decimals = 0;
    for (double s = step / unit; decimals < 4 && fabs(s - round(s)) > 1e-6; s *= 10)
        decimals++;
    return decimals;
}

struct shown tick_number(double value, const struct number_ticks *ticks)
{
    static const struct {
        double from, unit;
        const char *letter;
    } units[] = {{1e9, 1e9, "B"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}};
    double most = fmax(fabs(number_ticks_low(ticks)), fabs(number_ticks_high(ticks)));
    if (value == 0)
        return show_count(0);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (most < units[i].from)
            continue;
        struct shown s =
            show_number(value / units[i].unit, decimals_in(ticks->step, units[i].unit));
        size_t length = strlen(s.text);
        snprintf(s.text + length, sizeof(s.text) - length, "%s", units[i].letter);
        return s;
    }
    return show_number(value, ticks->decimals);
}

/* ---- axes ---- */

double plot_left_of(const struct number_ticks *ticks, plot_tick_text *text)
{
    double widest = LEFT_LEAST - 12;
    for (int32_t i = 0; i < ticks->count; i++)
        widest = fmax(widest, plot_text_width(text(number_tick(ticks, i), ticks).text));
    return widest + 12;
}

void plot_y_grid(const struct plot *p, const struct number_ticks *ticks, plot_tick_text *text)
{
    for (int32_t i = 0; i < ticks->count; i++) {
        double value = number_tick(ticks, i), y = axis_place(&p->y, value);
        html_format(p->out, "<path class=\"%s\" d=\"M%g %gH%g\"/>", value == 0 ? "zero" : "grid",
                    p->x.first, y, p->x.last);
        html_format(p->out, "<text class=\"end\" x=\"%g\" y=\"%g\">%s</text>\n", p->x.first - 8,
                    y + 4, text(value, ticks).text);
    }
}

void plot_x_label(const struct plot *p, double place, const char *text)
{
    double half = plot_text_width(text) / 2;
    double x = fmin(place, p->x.last + 10 - half);
    html_format(p->out, "<text class=\"middle\" x=\"%g\" y=\"%g\">%s</text>\n", x, p->y.first + 18,
                text);
}

void plot_x_grid(const struct plot *p, const struct number_ticks *ticks, plot_tick_text *text)
{
    double free_from = -1e9;
    for (int32_t i = 0; i < ticks->count; i++) {
        double value = number_tick(ticks, i), x = axis_place(&p->x, value);
        struct shown s = text(value, ticks);
        double half = plot_text_width(s.text) / 2;
        html_format(p->out, "<path class=\"%s\" d=\"M%g %gV%g\"/>", value == 0 ? "zero" : "grid", x,
                    p->y.first, p->y.last);
        if (x - half < free_from)
            continue;
        plot_x_label(p, x, s.text);
        free_from = x + half + LABEL_GAP;
    }
}

void plot_x_days(const struct plot *p, const int32_t *days, size_t count)
{
    struct day_ticks ticks;
    double width = p->x.last - p->x.first, free_from = -1e9;
    size_t most = (size_t)(width / (p->narrow ? DAYS_APART_NARROW : DAYS_APART_WIDE));
    most = most < 1 ? 1 : most > DAY_TICKS_MAX ? DAY_TICKS_MAX : most;
    day_ticks(days, count, most, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        double x = axis_place(&p->x, (double)ticks.items[i].index);
        /* A column that is wide enough is named in its middle. */
        bool each = ticks.count == count;
        double half = plot_text_width(ticks.items[i].label) / 2;
        double place = each ? x + width / (double)count / 2 : x;
        html_format(p->out, "<path class=\"mark\" d=\"M%g %gv5\"/>", x, p->y.first);
        if (place - half < free_from)
            continue;
        plot_x_label(p, place, ticks.items[i].label);
        free_from = place + half + LABEL_GAP;
    }
}

void plot_x_minutes(const struct plot *p)
{
    int32_t low = (int32_t)p->x.low, high = (int32_t)p->x.high;
    int32_t most = (int32_t)((p->x.last - p->x.first) / 60);
    int32_t step = minute_step(low, high, most < 2 ? 2 : most);
    for (int32_t m = (low + step - 1) / step * step; m <= high; m += step) {
        double x = axis_place(&p->x, m);
        html_format(p->out, "<path class=\"mark\" d=\"M%g %gv5\"/>", x, p->y.first);
        plot_x_label(p, x, show_minute(m).text);
    }
}

/* ---- figures ---- */

void figure_write(struct strbuf *out, const struct figure *f)
{
    const struct layout layouts[] = {{f->is_half ? WIDTH_HALF : WIDTH_WIDE, false},
                                     {WIDTH_NARROW, true}};
    html_format(out, "<figure>\n<figcaption><h3>%s</h3>", f->title);
    if (f->note)
        html_format(out, "<p>%s</p>", f->note);
    strbuf_add_string(out, "</figcaption>\n");
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        f->draw(out, &layouts[i], f->context);
    strbuf_add_string(out, "</figure>\n");
}
