/* Why a study's rule fired on a bar or did not: the `Explanation` of openapi.yaml. For backtests by
 * their id and for the command line.
 */
#ifndef SERVER_JOBS_STUDY_EXPLAIN_H
#define SERVER_JOBS_STUDY_EXPLAIN_H

#include "base/json_writer.h"
#include "db/storage.h"
#include "server/jobs/study_spec.h"

struct study_explain {
    struct storage *storage;
    struct worker_pool *pool;
    const struct study_spec *spec;
    const char *symbol; /* one of the spec's */
    int64_t at_ns;      /* start of the bar */
    bool fired;         /* the study counted a fire there */
    /* Which field the errors name: */
    const char *at_pointer; /* "?at" */
};

/* Writes one object. It is made from the bars as they are stored now. ERR_NOT_FOUND when no bar
 * starts at that instant, naming the nearest ones; the errors of series_lookup and rule_compile. */
enum err study_explain_write(const struct study_explain *x, struct json_writer *w, struct error *e);

#endif
