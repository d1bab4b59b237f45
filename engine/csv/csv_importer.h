/* An import under way: what its files share. csv_import.c reads rows field by field and runs the
 * whole, csv_fast.c takes the rows that are as expected, csv_accept.c decides what becomes of a row
 * that was read. Private to them.
 */
#ifndef ENGINE_CSV_IMPORTER_H
#define ENGINE_CSV_IMPORTER_H

#include "base/limits.h"
#include "engine/csv/csv_dialect.h"
#include "engine/csv/csv_rows.h"

/* What a column of the file is read as. */
enum csv_role { ROLE_SKIP, ROLE_PRICE, ROLE_VOLUME, ROLE_TIME };

struct csv_importer {
    const struct csv_options *options;
    const _Atomic bool *cancel;
    struct csv_format format;
    struct csv_clock clock;
    struct csv_rows rows;
    struct csv_report *report;
    int64_t scale;
    double price_divisor[CSV_MAX_DECIMALS + 1], volume_divisor[CSV_MAX_DECIMALS + 1];

    const char *at, *end;
    int64_t line;
    struct session session; /* the last row's; close_ns 0 when there is none */
    int64_t last_line;      /* of the last row that was kept */
    bool unsorted;
    enum err failure; /* what ends the import at once */

    enum csv_role role[LIMIT_IMPORT_COLUMNS];
    uint8_t price[LIMIT_IMPORT_COLUMNS]; /* which column of bars */
};

/* A row whose fields could be read. */
struct csv_row {
    int64_t time_ns;
    bool inside; /* days: a session day */
    bool whole;  /* on the minute */
    double value[BAR_COLUMN_COUNT];
    int32_t column[BAR_COLUMN_COUNT], time_column; /* 1-based characters */
    enum csv_number_state state[BAR_COLUMN_COUNT];
};

extern const char *const csv_value_names[BAR_COLUMN_COUNT];

/* Counts a refused row, and lists it while there is room. */
__attribute__((format(printf, 4, 5))) void csv_refuse(struct csv_importer *im, int64_t line,
                                                      int32_t column, const char *format, ...);
/* ERR_DATA with the first refused row's place. */
enum err csv_first_refusal(const struct csv_importer *im, struct error *e);

/* All checks of a row: keeps it, counts it as dropped, or refuses it. */
void csv_accept_row(struct csv_importer *im, const struct csv_row *r, struct error *e);
/* When rows were out of order and may be: sorts them and settles those of one time. */
enum err csv_sort_rows(struct csv_importer *im, struct error *e);
/* The time of the last row kept, INT64_MIN when there is none. */
int64_t csv_previous_ns(const struct csv_importer *im);

/* Takes rows until one is not as expected, `most` were taken or the end is near; im->at and
 * im->line are then at that row, of which nothing was taken. Minute bars only, after a first row.
 */
void csv_fast_rows(struct csv_importer *im, int64_t most);

#endif
