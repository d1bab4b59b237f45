/* Values of several jobs side by side: a row for each field that any of them has, in the order in
 * which fields were first seen, and a column a job. Objects are taken apart: {"a": {"b": 1}} is the
 * field a/b; arrays are values.
 */
#ifndef SERVER_RESULTS_COMPARE_TABLE_H
#define SERVER_RESULTS_COMPARE_TABLE_H

#include "base/error.h"
#include "base/json_slice.h"

enum { COMPARE_JOBS_MIN = 2, COMPARE_JOBS_MAX = 20 };

struct compare_row {
    const char *field;
    struct json_slice values[COMPARE_JOBS_MAX]; /* none where a job has no such field */
};

struct compare_table {
    struct arena *arena; /* borrowed; all is in it, but for the texts of values */
    size_t job_count;
    struct compare_row *rows;
    size_t count, capacity;
};

/* A job's value of a field, or of those below it. The text of `value` is borrowed. ERR_NO_MEMORY.
 */
enum err compare_table_add(struct compare_table *t, size_t job, const char *field,
                           struct json_slice value, struct error *e);
/* The jobs don't all have the same. */
bool compare_row_differs(const struct compare_row *row, size_t job_count);

#endif
