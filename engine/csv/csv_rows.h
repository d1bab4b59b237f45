/* The rows that an import keeps, while it goes on and at its end. Private to the importer. */
#ifndef ENGINE_CSV_ROWS_H
#define ENGINE_CSV_ROWS_H

#include "engine/csv/csv_import.h"

/* Growing columns, in file order until csv_rows_sort. */
struct csv_rows {
    int64_t count, capacity;
    int64_t *time_ns;
    double *column[BAR_COLUMN_COUNT];
    int64_t *line; /* NULL unless asked for */
};

enum err csv_rows_init(struct csv_rows *r, int64_t capacity, bool with_lines, struct error *e);
void csv_rows_release(struct csv_rows *r);
enum err csv_rows_grow(struct csv_rows *r, struct error *e);

/* Whether rows i and k have the same values. */
bool csv_rows_same(const struct csv_rows *r, int64_t i, int64_t k);
void csv_rows_copy(struct csv_rows *r, int64_t to, int64_t from);

/* By time, rows of one time in file order. Wants lines. */
enum err csv_rows_sort(struct csv_rows *r, struct error *e);

/* Hands the rows over as bars (times strictly increasing, each in a session): sessions and gaps go
 * into the result and the report. */
enum err csv_rows_finish(struct csv_rows *r, const struct csv_options *options,
                         struct csv_report *report, struct csv_bars *ret, struct error *e);

#endif
