#include "server/report/chart_interval.h"

#include "engine/study/study_request.h"
#include "server/report/html.h"
#include "server/report/plot.h"

#include <math.h>

enum { TOP = 6, BELOW = 28, ROW = 30, LEFT = 84, RIGHT = 14, TICKS_WIDE = 8, TICKS_NARROW = 3 };

static struct number_ticks ticks_of(const struct interval_chart *c, int32_t most)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct study_horizon_stats *s = &c->stats[i];
        if (isnan(s->difference))
            continue;
        low = fmin(low, isnan(s->ci_low) ? s->difference : s->ci_low);
        high = fmax(high, isnan(s->ci_high) ? s->difference : s->ci_high);
    }
    return number_ticks(low, low < high ? high : 0.001, most);
}

/* A difference is told from chance when its interval leaves 0 out. */
static const char *class_of(const struct study_horizon_stats *s)
{
    return s->ci_low > 0 ? "above" : s->ci_high < 0 ? "below" : "unsure";
}

static void draw_row(const struct plot *p, const struct interval_chart *c, size_t i)
{
    const struct study_horizon_stats *s = &c->stats[i];
    double y = TOP + ROW * ((double)i + 0.5), middle = axis_place(&p->x, s->difference);
    int decimals = show_percent_decimals(s->difference);
    html_format(p->out, "<g class=\"%s\"><title>%s: %s against the base rate", class_of(s),
                c->horizons[i].name, show_change(s->difference, decimals).text);
    if (!isnan(s->ci_low))
        html_format(p->out, ", 95 %% interval %s to %s", show_change(s->ci_low, decimals).text,
                    show_change(s->ci_high, decimals).text);
    strbuf_add_string(p->out, "</title>");
    html_format(p->out, "<path class=\"band\" d=\"M%g %gH%gv%dH%gz\"/>", p->x.first, y - 15,
                p->x.last, ROW, p->x.first);
    if (!isnan(s->ci_low)) {
        double low = axis_place(&p->x, s->ci_low), high = axis_place(&p->x, s->ci_high);
        html_format(p->out, "<path class=\"whisker\" d=\"M%g %gH%gM%g %gv10M%g %gv10\"/>", low, y,
                    high, low, y - 5, high, y - 5);
    }
    html_format(p->out, "<circle cx=\"%g\" cy=\"%g\" r=\"4.5\"/></g>\n", middle, y);
}

void chart_interval(struct strbuf *out, const struct layout *layout, const void *context)
{
    const struct interval_chart *c = context;
    struct number_ticks ticks = ticks_of(c, layout->narrow ? TICKS_NARROW : TICKS_WIDE);
    struct plot p = {.out = out, .narrow = layout->narrow};
    double bottom = TOP + ROW * (double)c->count;
    p.x = (struct axis){number_ticks_low(&ticks), number_ticks_high(&ticks), LEFT,
                        layout->width - RIGHT - 16};
    p.y = (struct axis){0, 1, bottom, TOP};
    plot_begin(out, layout, bottom + BELOW, "Mean forward return less the base rate, by horizon");
    plot_x_grid(&p, &ticks, tick_signed_percent);
    for (size_t i = 0; i < c->count; i++) {
        html_format(out, "<text class=\"end\" x=\"%d\" y=\"%g\">%s</text>\n", LEFT - 14,
                    TOP + ROW * ((double)i + 0.5) + 4, c->horizons[i].name);
        if (!isnan(c->stats[i].difference))
            draw_row(&p, c, i);
    }
    plot_end(out);
}
