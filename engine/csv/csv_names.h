/* The names that columns go by. docs/import.md repeats the table. Private to the importer. */
#ifndef ENGINE_CSV_NAMES_H
#define ENGINE_CSV_NAMES_H

#include "engine/bars/bars.h"
#include "engine/csv/csv_text.h"

/* What a column means: one of enum bar_column, or one of these. */
enum { CSV_MEANING_TIME = BAR_COLUMN_COUNT, CSV_MEANING_IGNORED };

/* -1 for an unknown name. Only letters and digits count, capitals are like small ones. */
int csv_meaning(const struct csv_field *name);
/* The known name nearest to an unknown one, or NULL. */
const char *csv_nearest_name(const struct csv_field *name);

#endif
