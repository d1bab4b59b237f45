/* Parts of a job's stored result, for tables that are made of it. */
#ifndef SERVER_RESULTS_STORED_RESULT_H
#define SERVER_RESULTS_STORED_RESULT_H

#include "base/json_value.h"
#include "server/results/job_results.h"

enum { STORED_TABLE_COLUMNS = 3 * LIMIT_HORIZONS + 16 };

/* The columns of a table, as they are named one by one. */
struct stored_columns {
    const char *names[STORED_TABLE_COLUMNS];
    size_t count;
};

/* The array at result/<name>, or at result/<parent>/<name> when parent is not NULL, parsed; the
 * rest of the result is not. The caller frees it. ERR_DATA when it is not there. Blocks. */
enum err stored_result_read(const struct job_results *job, const char *parent, const char *name,
                            struct json_value **ret, struct error *e);

void stored_columns_add(struct stored_columns *c, const char *name);
/* `what`_5m, `what`_30m, ...: one for each horizon of the job. ERR_NO_MEMORY. */
enum err stored_columns_add_horizons(struct stored_columns *c, const struct job_results *job,
                                     const char *what, struct arena *arena, struct error *e);

#endif
