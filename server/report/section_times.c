#include "server/report/chart_bars.h"
#include "server/report/chart_heat.h"
#include "server/report/html.h"
#include "server/report/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MINUTE_BARS = 40,
    MONTH_BARS = 72,
    LABELS = 9,
    FEW = 10, /* fires behind a mean: fewer are drawn faint */
    COUNT_HEIGHT = 120,
    MEAN_HEIGHT = 120,
};

/* Fires of several groups, and the mean of one horizon over them. */
struct tally {
    int64_t fires, n;
    double sum;
};

static void tally_add(struct tally *t, const struct study_group *g, size_t horizon, size_t horizons)
{
    t->fires += g->fires;
    if (horizon == horizons || g->horizon[horizon].n == 0)
        return;
    t->n += g->horizon[horizon].n;
    t->sum += (double)g->horizon[horizon].n * g->horizon[horizon].mean;
}

static double tally_mean(const struct tally *t)
{
    return t->n ? t->sum / (double)t->n : (double)NAN;
}

/* A bar of fires or of the mean, with what it says under the pointer. */
static void fill(struct bar *b, const struct tally *t, bool mean, const char *name,
                 const char *horizon)
{
    double value = tally_mean(t);
    b->value = mean ? value : (double)t->fires;
    b->is_loss = b->value < 0;
    b->is_faint = mean && t->n < FEW;
    if (mean)
        snprintf(b->title, sizeof(b->title), "%s: %s after %s, mean of %s", name,
                 show_change(value, show_percent_decimals(value)).text, horizon,
                 show_count(t->n).text);
    else
        snprintf(b->title, sizeof(b->title), "%s: %s", name, show_count(t->fires).text);
}

static void draw(const struct page *p, struct bar_chart *chart, const char *title, bool is_half)
{
    struct figure figure = {
        .title = title, .is_half = is_half, .draw = chart_bars, .context = chart};
    chart->label = title;
    figure_write(p->out, &figure);
}

static const char *horizon_name(const struct page *p)
{
    size_t h = report_main_horizon(p->in);
    return h < p->in->horizon_count ? p->in->horizons[h].name : NULL;
}

/* ---- by time of day ---- */

struct minute_range {
    int32_t first, step, count;
};

static struct minute_range range_of(const struct study_groups *g)
{
    static const int32_t steps[] = {1, 5, 10, 15, 30, 60};
    struct minute_range r = {0};
    int32_t last = g->items[g->count - 1].key;
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        r.step = steps[s];
        r.first = g->items[0].key / r.step * r.step;
        r.count = (last - r.first) / r.step + 1;
        if (r.count <= MINUTE_BARS)
            break;
    }
    return r;
}

static void by_minute(const struct page *p, bool mean)
{
    const struct study_groups *g = &p->in->by_minute;
    struct minute_range r = range_of(g);
    struct tally tallies[MINUTE_BARS] = {0};
    struct bar bars[MINUTE_BARS];
    char title[80];
    int32_t labelled = minute_step(r.first, r.first + r.count * r.step, LABELS);
    for (size_t i = 0; i < g->count; i++)
        tally_add(&tallies[(g->items[i].key - r.first) / r.step], &g->items[i],
                  report_main_horizon(p->in), p->in->horizon_count);
    for (int32_t i = 0; i < r.count; i++) {
        int32_t minute = r.first + i * r.step;
        struct shown from = show_minute(minute);
        bars[i] = (struct bar){0};
        fill(&bars[i], &tallies[i], mean, from.text, horizon_name(p));
        if (minute % labelled == 0 || r.count == 1)
            snprintf(bars[i].label, sizeof(bars[i].label), "%s", from.text);
    }
    if (mean)
        snprintf(title, sizeof(title), "Mean return after %s, by time of day", horizon_name(p));
    else if (r.step == 1)
        snprintf(title, sizeof(title), "Fires by minute of day");
    else
        snprintf(title, sizeof(title), "Fires by time of day, in steps of %d minutes", r.step);
    struct bar_chart chart = {.count = (size_t)r.count,
                              .bars = bars,
                              .is_count = !mean,
                              .height = mean ? MEAN_HEIGHT : COUNT_HEIGHT,
                              .labels_at_edges = r.count > 1};
    draw(p, &chart, title, false);
}

/* ---- by weekday ---- */

static void by_weekday(const struct page *p, bool mean)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    const struct study_groups *g = &p->in->by_weekday;
    struct tally tallies[7] = {0};
    struct bar bars[7] = {0};
    char title[80] = "Fires by weekday";
    size_t days = 5;
    for (size_t i = 0; i < g->count; i++) {
        tally_add(&tallies[g->items[i].key - 1], &g->items[i], report_main_horizon(p->in),
                  p->in->horizon_count);
        days = g->items[i].key > 5 ? 7 : days;
    }
    for (size_t i = 0; i < days; i++) {
        fill(&bars[i], &tallies[i], mean, names[i], horizon_name(p));
        snprintf(bars[i].label, sizeof(bars[i].label), "%s", names[i]);
    }
    if (mean)
        snprintf(title, sizeof(title), "Mean return after %s, by weekday", horizon_name(p));
    struct bar_chart chart = {
        .count = days, .bars = bars, .is_count = !mean, .height = COUNT_HEIGHT};
    draw(p, &chart, title, true);
}

/* ---- by month ---- */

/* Januaries are their year; of many months only every sixth is named. */
static void month_label(char out[BAR_LABEL], int32_t month, int32_t step, int32_t count)
{
    enum { ALL_NAMED = 18 };
    if (month % 12 == 0)
        snprintf(out, BAR_LABEL, "%d", month / 12);
    else if (step < 12 && (count <= ALL_NAMED || month % 6 == 0))
        snprintf(out, BAR_LABEL, "%s", show_month_name(month % 12));
}

static void by_month(const struct page *p)
{
    static const struct {
        int32_t months;
        const char *title;
    } steps[] = {{1, "Fires by month"},
                 {3, "Fires by quarter"},
                 {12, "Fires by year"},
                 {120, "Fires by decade"}};
    const struct study_groups *g = &p->in->by_month;
    int32_t first = g->items[0].key, last = g->items[g->count - 1].key, count = 0;
    struct tally tallies[MONTH_BARS] = {0};
    struct bar bars[MONTH_BARS];
    size_t s = 0, steps_count = sizeof(steps) / sizeof(steps[0]);
    for (; s < steps_count; s++) {
        count = last / steps[s].months - first / steps[s].months + 1;
        if (count <= MONTH_BARS)
            break;
    }
    if (s == steps_count || count < 2)
        return;
    int32_t step = steps[s].months;
    for (size_t i = 0; i < g->count; i++)
        tally_add(&tallies[g->items[i].key / step - first / step], &g->items[i], 0, 0);
    for (int32_t i = 0; i < count; i++) {
        int32_t month = (first / step + i) * step;
        bars[i] = (struct bar){0};
        fill(&bars[i], &tallies[i], false, show_month(month).text, NULL);
        month_label(bars[i].label, month, step, count);
    }
    struct bar_chart chart = {
        .count = (size_t)count, .bars = bars, .is_count = true, .height = COUNT_HEIGHT};
    draw(p, &chart, steps[s].title, false);
}

/* ---- the section ---- */

static void draw_map(const struct page *p)
{
    struct heat_map map = {.cells = p->in->map, .count = p->in->map_count};
    struct figure figure = {.title = "Fire map",
                            .note = "Date across, time of day down.",
                            .draw = chart_heat,
                            .context = &map};
    if (map.count)
        figure_write(p->out, &figure);
}

void section_times(const struct page *p)
{
    const struct report_input *in = p->in;
    bool means = horizon_name(p) != NULL;
    if (in->by_minute.count == 0)
        return;
    html_format(
        p->out, "<section id=\"times\">\n<h2>When it fires</h2>\n<p>Times are those of %s.%s</p>\n",
        zone_name(in->zone), means ? " A pale bar is the mean of fewer than ten fires." : "");
    draw_map(p);
    by_minute(p, false);
    if (means)
        by_minute(p, true);
    strbuf_add_string(p->out, "<div class=\"pair\">\n");
    by_weekday(p, false);
    if (means)
        by_weekday(p, true);
    strbuf_add_string(p->out, "</div>\n");
    if (in->by_month.count)
        by_month(p);
    strbuf_add_string(p->out, "</section>\n");
}
