/* The fire map: date across, time of day down, the darker the more fires. Days and minutes are
 * gathered into cells until the grid is one that can be read, and a page with it stays small.
 */
#ifndef SERVER_REPORT_CHART_HEAT_H
#define SERVER_REPORT_CHART_HEAT_H

#include "engine/study/study_result.h"

#include <stdbool.h>

struct strbuf;
struct layout;

struct heat_map {
    const struct study_map_cell *cells; /* by day, then minute */
    size_t count;                       /* >= 1 */
};

enum { HEAT_COLUMNS = 110, HEAT_COLUMNS_NARROW = 40, HEAT_ROWS = 30, HEAT_LEVELS = 6 };

enum heat_unit { HEAT_DAY, HEAT_WEEK, HEAT_MONTH, HEAT_QUARTER, HEAT_YEAR };
/* How a map is gathered. */
struct heat_grid {
    enum heat_unit unit; /* of a column */
    bool weekdays_only;  /* HEAT_DAY: columns are Mondays to Fridays, no fire was on another day */
    int32_t first_key;   /* of the first column */
    int32_t columns;     /* at most what was allowed, but for thousands of years */
    int32_t row_minutes; /* 1, 5, 10, 15, 30 or 60 */
    int32_t first_minute;
    int32_t rows;
};
void heat_grid_of(const struct heat_map *map, int32_t columns_most, struct heat_grid *ret);
int32_t heat_column(const struct heat_grid *g, int32_t day);        /* 0..columns - 1 */
int32_t heat_column_day(const struct heat_grid *g, int32_t column); /* its first */

/* `context` is a struct heat_map (a figure's draw). */
void chart_heat(struct strbuf *out, const struct layout *layout, const void *context);

#endif
