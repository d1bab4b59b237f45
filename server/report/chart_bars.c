#include "server/report/chart_bars.h"

#include "server/report/html.h"

#include <assert.h>
#include <math.h>

enum { TOP = 10, BELOW = 28, RIGHT = 14, TICKS = 4 };

static struct number_ticks ticks_of(const struct bar_chart *c)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (isnan(c->bars[i].value))
            continue;
        low = fmin(low, c->bars[i].value);
        high = fmax(high, c->bars[i].value);
    }
    if (low >= high)
        high = c->is_count ? 1 : 0.001;
    return c->is_count ? count_ticks(low, high, TICKS) : number_ticks(low, high, TICKS);
}

static plot_tick_text *text_of(const struct bar_chart *c)
{
    return c->is_count ? tick_number : tick_signed_percent;
}

static const char *class_of(const struct bar *b)
{
    if (b->is_faint)
        return b->is_loss ? "loss faint" : "gain faint";
    return b->is_loss ? "loss" : "gain";
}

static void draw_bar(const struct plot *p, const struct bar_chart *c, size_t i)
{
    const struct bar *b = &c->bars[i];
    double slot = (p->x.last - p->x.first) / (double)c->count;
    double gap = slot > 30 ? 0.3 * slot : slot > 6 ? 0.16 * slot : slot > 2 ? 0.6 : 0;
    double left = axis_place(&p->x, (double)i) + gap / 2;
    double base = axis_place(&p->y, 0), end = axis_place(&p->y, isnan(b->value) ? 0 : b->value);
    if (b->value != 0 && !isnan(b->value))
        html_format(p->out, "<path class=\"%s\" d=\"M%g %gV%gh%gV%gz\"/>", class_of(b), left, base,
                    end, slot - gap, base);
    /* The whole column shows it, so that a small bar is found too. */
    html_format(p->out, "<path class=\"band\" d=\"M%g %gh%gV%gh%gz\"><title>%s</title></path>\n",
                axis_place(&p->x, (double)i), p->y.last, slot, p->y.first, -slot, b->title);
}

static void draw_labels(const struct plot *p, const struct bar_chart *c)
{
    double slot = (p->x.last - p->x.first) / (double)c->count, free_from = -1e9;
    for (size_t i = 0; i < c->count; i++) {
        const char *label = c->bars[i].label;
        double place = axis_place(&p->x, (double)i) + (c->labels_at_edges ? 0 : slot / 2);
        double half = plot_text_width(label) / 2;
        if (!label[0] || place - half < free_from)
            continue;
        if (c->labels_at_edges)
            html_format(p->out, "<path class=\"mark\" d=\"M%g %gv5\"/>", place, p->y.first);
        plot_x_label(p, place, label);
        free_from = place + half + 8;
    }
}

void chart_bars(struct strbuf *out, const struct layout *layout, const void *context)
{
    const struct bar_chart *c = context;
    struct number_ticks ticks = ticks_of(c);
    struct plot p = {.out = out, .narrow = layout->narrow};
    assert(c->count >= 1 && c->count <= BARS_MAX);
    p.x =
        (struct axis){0, (double)c->count, plot_left_of(&ticks, text_of(c)), layout->width - RIGHT};
    p.y = (struct axis){number_ticks_low(&ticks), number_ticks_high(&ticks), TOP + c->height, TOP};
    plot_begin(out, layout, TOP + c->height + BELOW, c->label);
    plot_y_grid(&p, &ticks, text_of(c));
    for (size_t i = 0; i < c->count; i++)
        draw_bar(&p, c, i);
    draw_labels(&p, c);
    plot_end(out);
}
