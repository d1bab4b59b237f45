/* How a file writes its bars: delimiter, header, columns, form of the stamps. Private to the
 * importer. */
#ifndef ENGINE_CSV_DIALECT_H
#define ENGINE_CSV_DIALECT_H

#include "engine/csv/csv_import.h"
#include "engine/csv/csv_stamp.h"

struct csv_format {
    struct csv_dialect dialect;
    const char *data;  /* the first row */
    int64_t data_line; /* its 1-based line */
    enum csv_stamp_kind stamp;
    int64_t unit_ns;
};

/* From the first lines of a text. ERR_DATA with line and column when the columns can't be told;
 * ERR_INVALID when an option is missing that the stamps need. */
enum err csv_dialect_find(const char *text, size_t length, const struct csv_options *options,
                          struct csv_format *ret, struct error *e);

#endif
