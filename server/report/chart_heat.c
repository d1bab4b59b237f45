#include "server/report/chart_heat.h"

#include "base/civil.h"
#include "server/report/html.h"
#include "server/report/plot.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEFT = 67,
    RIGHT = 14,
    TOP = 8,
    BELOW = 28,
    LEGEND = 26,
    PITCH_MOST = 26, /* of a column, so that a map of few days does not stretch */
    ROWS_HEIGHT = 260,
    ROW_PITCH_MOST = 18,
    ROW_PITCH_LEAST = 9,
    COLUMNS_HELD = 4096,
};

/* ---- the grid ---- */

static int32_t floor_div(int32_t a, int32_t b)
{
    return a / b - (a % b < 0);
}

/* Mondays to Fridays, numbered on; a Saturday or Sunday has the Friday's number. */
static int32_t weekday_key(int32_t day)
{
    int32_t weekday = civil_weekday(day);
    return floor_div(day - 4, 7) * 5 + (weekday > 5 ? 5 : weekday) - 1;
}

static int32_t key_of(const struct heat_grid *g, int32_t day)
{
    struct civil_date date = civil_from_days(day);
    switch (g->unit) {
    case HEAT_DAY:
        return g->weekdays_only ? weekday_key(day) : day;
    case HEAT_WEEK:
        return floor_div(day - 4, 7);
    case HEAT_MONTH:
        return date.year * 12 + date.month - 1;
    case HEAT_QUARTER:
        return date.year * 4 + (date.month - 1) / 3;
    default:
        return date.year;
    }
}

int32_t heat_column_day(const struct heat_grid *g, int32_t column)
{
    int32_t key = g->first_key + column;
    switch (g->unit) {
    case HEAT_DAY:
        return g->weekdays_only ? 4 + floor_div(key, 5) * 7 + (key - floor_div(key, 5) * 5) : key;
    case HEAT_WEEK:
        return 4 + key * 7;
    case HEAT_MONTH:
        return civil_to_days((struct civil_date){key / 12, key % 12 + 1, 1});
    case HEAT_QUARTER:
        return civil_to_days((struct civil_date){key / 4, key % 4 * 3 + 1, 1});
    default:
        return civil_to_days((struct civil_date){key, 1, 1});
    }
}

int32_t heat_column(const struct heat_grid *g, int32_t day)
{
    return key_of(g, day) - g->first_key;
}

static void choose_rows(const struct heat_map *map, struct heat_grid *g)
{
    static const int32_t steps[] = {1, 5, 10, 15, 30, 60};
    int32_t low = 1439, high = 0;
    for (size_t i = 0; i < map->count; i++) {
        low = map->cells[i].minute < low ? map->cells[i].minute : low;
        high = map->cells[i].minute > high ? map->cells[i].minute : high;
    }
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        g->row_minutes = steps[s];
        g->first_minute = low / steps[s] * steps[s];
        g->rows = (high - g->first_minute) / steps[s] + 1;
        if (g->rows <= HEAT_ROWS)
            break;
    }
}

void heat_grid_of(const struct heat_map *map, int32_t columns_most, struct heat_grid *ret)
{
    struct heat_grid g = {.weekdays_only = true};
    assert(map->count >= 1);
    for (size_t i = 0; i < map->count && g.weekdays_only; i++)
        g.weekdays_only = civil_weekday(map->cells[i].day) <= 5;
    for (g.unit = HEAT_DAY;; g.unit++) {
        g.first_key = key_of(&g, map->cells[0].day);
        g.columns = key_of(&g, map->cells[map->count - 1].day) - g.first_key + 1;
        if (g.columns <= columns_most || g.unit == HEAT_YEAR)
            break;
    }
    choose_rows(map, &g);
    *ret = g;
}

/* ---- its cells ---- */

struct column {
    int32_t index; /* -1 = none yet */
    int64_t fires[HEAT_ROWS];
};

/* Calls `each` with every column that has fires, in order. */
static void gather(const struct heat_map *map, const struct heat_grid *g,
                   void (*each)(void *context, const struct column *), void *context)
{
    struct column c = {.index = -1};
    for (size_t i = 0; i < map->count; i++) {
        const struct study_map_cell *cell = &map->cells[i];
        int32_t column = heat_column(g, cell->day);
        if (column != c.index) {
            if (c.index >= 0)
                each(context, &c);
            c = (struct column){.index = column};
        }
        c.fires[(cell->minute - g->first_minute) / g->row_minutes] += cell->fires;
    }
    if (c.index >= 0)
        each(context, &c);
}

struct drawing {
    struct strbuf *out;
    const struct heat_grid *grid;
    double pitch, row_pitch;
    int64_t most; /* fires of a cell; >= 1 */
};

static void find_most(void *context, const struct column *c)
{
    struct drawing *d = context;
    for (int32_t r = 0; r < d->grid->rows; r++)
        d->most = c->fires[r] > d->most ? c->fires[r] : d->most;
}

/* 1..HEAT_LEVELS: few counts have a level each, many share them evenly. */
static int level_of(int64_t fires, int64_t most)
{
    assert(most >= 1);
    if (most <= HEAT_LEVELS)
        return (int)(fires * HEAT_LEVELS / most);
    return 1 + (int)((fires - 1) * HEAT_LEVELS / most);
}

static void column_name(const struct heat_grid *g, int32_t column, char out[64])
{
    int32_t day = heat_column_day(g, column);
    struct civil_date date = civil_from_days(day);
    switch (g->unit) {
    case HEAT_DAY:
        snprintf(out, 64, "%s", show_day(day).text);
        break;
    case HEAT_WEEK:
        snprintf(out, 64, "week of %s", show_day(day).text);
        break;
    case HEAT_MONTH:
        snprintf(out, 64, "%s", show_month(date.year * 12 + date.month - 1).text);
        break;
    case HEAT_QUARTER:
        snprintf(out, 64, "Q%d %d", (date.month - 1) / 3 + 1, date.year);
        break;
    default:
        snprintf(out, 64, "%d", date.year);
    }
}

static void draw_column(void *context, const struct column *c)
{
    struct drawing *d = context;
    const struct heat_grid *g = d->grid;
    char name[64];
    double gap = d->pitch > 5 ? 1 : 0.4, x = LEFT + c->index * d->pitch;
    column_name(g, c->index, name);
    for (int32_t r = 0; r < g->rows; r++) {
        if (c->fires[r] == 0)
            continue;
        int32_t minute = g->first_minute + r * g->row_minutes;
        html_format(d->out,
                    "<path class=\"q%d\" d=\"M%g %gh%gv%gh%gz\"><title>%s, %s: %lld</title></path>",
                    level_of(c->fires[r], d->most), x, TOP + r * d->row_pitch, d->pitch - gap,
                    d->row_pitch - 1, gap - d->pitch, name, show_minute(minute).text,
                    (long long)c->fires[r]);
    }
    strbuf_add_char(d->out, '\n');
}

/* ---- around them ---- */

static void draw_frame(const struct drawing *d)
{
    const struct heat_grid *g = d->grid;
    double bottom = TOP + g->rows * d->row_pitch, right = LEFT + g->columns * d->pitch;
    int32_t step = minute_step(g->first_minute, g->first_minute + g->rows * g->row_minutes, 9);
    step = step < g->row_minutes ? g->row_minutes : step;
    html_format(d->out, "<path class=\"back\" d=\"M%d %dH%gV%gH%dz\"/>\n", LEFT, TOP, right, bottom,
                LEFT);
    for (int32_t r = 0; r < g->rows; r++) {
        int32_t minute = g->first_minute + r * g->row_minutes;
        if (minute % step == 0 || g->rows == 1)
            html_format(d->out, "<text class=\"end\" x=\"%d\" y=\"%g\">%s</text>\n", LEFT - 8,
                        TOP + (r + 0.5) * d->row_pitch + 4, show_minute(minute).text);
    }
}

static void draw_days(const struct drawing *d, bool narrow)
{
    const struct heat_grid *g = d->grid;
    int32_t days[COLUMNS_HELD];
    size_t count = (size_t)(g->columns > COLUMNS_HELD ? COLUMNS_HELD : g->columns);
    struct plot p = {.out = d->out, .narrow = narrow};
    for (size_t i = 0; i < count; i++)
        days[i] = heat_column_day(g, (int32_t)i);
    p.x = (struct axis){0, (double)count, LEFT, LEFT + (double)count * d->pitch};
    p.y = (struct axis){0, 1, TOP + g->rows * d->row_pitch, TOP};
    plot_x_days(&p, days, count);
}

/* The counts that each level stands for. */
static void draw_legend(const struct drawing *d, double y)
{
    int64_t low = 1;
    double x = LEFT;
    html_format(d->out, "<text x=\"%g\" y=\"%g\">Fires</text>\n", x, y + 10);
    x += plot_text_width("Fires") + 8;
    for (int level = 1; level <= HEAT_LEVELS; level++) {
        int64_t high = low;
        if (low > d->most || level_of(low, d->most) != level)
            continue;
        while (high < d->most && level_of(high + 1, d->most) == level)
            high++;
        char text[64];
        snprintf(text, sizeof(text), low == high ? "%s" : "%s\xe2\x80\x93%s", show_count(low).text,
                 show_count(high).text);
        html_format(
            d->out,
            "<path class=\"q%d\" d=\"M%g %gh12v12h-12z\"/><text x=\"%g\" y=\"%g\">%s</text>\n",
            level, x, y, x + 17, y + 10, text);
        x += 17 + plot_text_width(text) + 10;
        low = high + 1;
    }
}

void chart_heat(struct strbuf *out, const struct layout *layout, const void *context)
{
    const struct heat_map *map = context;
    struct heat_grid grid;
    heat_grid_of(map, layout->narrow ? HEAT_COLUMNS_NARROW : HEAT_COLUMNS, &grid);
    struct drawing d = {.out = out, .grid = &grid, .most = 1};
    d.pitch = fmin((layout->width - LEFT - RIGHT) / grid.columns, PITCH_MOST);
    d.row_pitch = fmin(fmax((double)ROWS_HEIGHT / grid.rows, ROW_PITCH_LEAST), ROW_PITCH_MOST);
    gather(map, &grid, find_most, &d);
    double bottom = TOP + grid.rows * d.row_pitch;
    plot_begin(out, layout, bottom + BELOW + LEGEND, "Fires by date and time of day");
    draw_frame(&d);
    gather(map, &grid, draw_column, &d);
    draw_days(&d, layout->narrow);
    draw_legend(&d, bottom + BELOW + 8);
    plot_end(out);
}
