/* A drawing with axes: what all charts of the report share. SVG in units of CSS pixels at its own
 * width; colours and fonts are report.css's, by class.
 *
 * A chart is drawn twice, wide for screens and paper and narrow for telephones; the style sheet
 * shows one of them. So text keeps its size, whatever the width.
 */
#ifndef SERVER_REPORT_PLOT_H
#define SERVER_REPORT_PLOT_H

#include "base/strbuf.h"
#include "server/report/scale.h"
#include "server/report/show.h"

#include <stdbool.h>

struct layout {
    double width;
    bool narrow;
};

/* A value's range and where it lies on the drawing. */
struct axis {
    double low, high;   /* of values; low < high */
    double first, last; /* the places of low and high */
};
double axis_place(const struct axis *a, double value);

struct plot {
    struct strbuf *out; /* borrowed */
    struct axis x, y;
    bool narrow;
};

/* Opens and closes the <svg>. The label is read to those who do not see. */
void plot_begin(struct strbuf *out, const struct layout *layout, double height, const char *label);
void plot_end(struct strbuf *out);

/* How wide a text is on the drawing, about; a bound rather than a measure. */
double plot_text_width(const char *text);

/* What a tick says. */
typedef struct shown plot_tick_text(double value, const struct number_ticks *ticks);
struct shown tick_percent(double share, const struct number_ticks *ticks);
struct shown tick_signed_percent(double share, const struct number_ticks *ticks);
struct shown tick_number(double value, const struct number_ticks *ticks); /* 1,200 or 1.2M */

/* Where a plot begins that has these texts on its left: the widest fits. Most begin at one place.
 */
double plot_left_of(const struct number_ticks *ticks, plot_tick_text *text);
/* Horizontal lines with their texts on the left; the line at 0 is darker. */
void plot_y_grid(const struct plot *p, const struct number_ticks *ticks, plot_tick_text *text);
/* The same, vertical, with the texts below `bottom`. */
void plot_x_grid(const struct plot *p, const struct number_ticks *ticks, plot_tick_text *text);
/* Days 0 .. count - 1 in equal columns over the x axis (whose values are 0..count): marks below
 * y.first with labels that never overlap. */
void plot_x_days(const struct plot *p, const int32_t *days, size_t count);
/* Minutes of a day on the x axis, whose values are minutes. */
void plot_x_minutes(const struct plot *p);
/* A text below the axis at a place, kept inside the drawing. */
void plot_x_label(const struct plot *p, double place, const char *text);

/* A heading, then the drawing in both layouts. */
struct figure {
    const char *title;
    const char *note; /* NULL = none */
    bool is_half;     /* two stand side by side where there is room */
    void (*draw)(struct strbuf *out, const struct layout *layout, const void *context);
    const void *context;
};
void figure_write(struct strbuf *out, const struct figure *f);

#endif
