/* The series that a rule can name: the columns of the bars, prices made of several columns, and
 * values that follow the session or the clock. Immutable table; any thread.
 *
 * All of them are a function of the bars and the calendar alone: a run may start at any bar and
 * finds the same values, because whatever accumulates begins at a session's first bar.
 */
#ifndef ENGINE_RULE_SERIES_H
#define ENGINE_RULE_SERIES_H

#include "engine/bars/bars.h"

struct series_context {
    const struct bars *bars;
    int32_t decimals;        /* of the block's prices (bars_decimals_at) */
    const struct zone *zone; /* of `time` and `weekday` */
};

/* Zero bytes = nothing seen. A cache: it is rebuilt when `next` is not the block's start. */
struct series_state {
    int64_t next;              /* the bar it stands before, -1: rebuild */
    int64_t session;           /* index of the session that holds bar next - 1 */
    double value[4];           /* running values of that session; each series has its own use */
    int64_t base_ns, until_ns; /* clock: local midnight, and how long it holds */
};

/* Fills out[0..count) with bars [start, start + count), which do not cross decimal_end. */
typedef void series_function(const struct series_context *context, struct series_state *state,
                             int64_t start, int64_t count, double *out);

/* What a value is made of, beside its own bar. */
enum series_reach {
    SERIES_OF_BAR,
    SERIES_OF_SESSION,          /* the session so far */
    SERIES_OF_PREVIOUS_SESSION, /* and the session before: MISSING in the first one */
};

struct series {
    const char *name;
    const char *summary;
    uint32_t columns;   /* BAR_COLUMN_BITs that it reads */
    int32_t raw_column; /* enum bar_column when it is one, used in place; -1 otherwise */
    bool computed;      /* its values are results of floating-point arithmetic: == is fragile */
    enum series_reach reach;
    double min, max;       /* values lie in [min, max] */
    series_function *fill; /* NULL for a raw column */
};

size_t series_count(void);
const struct series *series_at(size_t i);           /* in the order of the documentation */
const struct series *series_find(const char *name); /* lower case; NULL when unknown */

#endif
