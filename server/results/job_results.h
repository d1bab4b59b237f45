/* A job whose results are asked for: what every list of them begins with.
 */
#ifndef SERVER_RESULTS_JOB_RESULTS_H
#define SERVER_RESULTS_JOB_RESULTS_H

#include "db/job_repo.h"
#include "server/http/request.h"
#include "server/jobs/study_spec.h"

/* Lives in the request's arena, as all that it points to. It holds no lease. */
struct job_results {
    struct app *app;
    struct uuid id;
    struct job_row job; /* without the result */
    struct study_spec spec;
    size_t horizon_count; /* those of the request, or the defaults */
    struct study_horizon horizons[LIMIT_HORIZONS];
};

/* The {id} of the path. ERR_NOT_FOUND for what is no id: it can't be that of a job. */
enum err job_results_id(const struct http_request *r, struct uuid *ret, struct error *e);

/* A job that has succeeded. ERR_NOT_FOUND; ERR_CONFLICT while it is under way, and when it failed
 * or was canceled. */
enum err job_results_finished(struct http_request *r, struct job_results **ret, struct error *e);
/* A job in any state. ERR_NOT_FOUND. */
enum err job_results_any(struct http_request *r, struct job_results **ret, struct error *e);

/* ERR_CONFLICT, worded, when a job of this status has no result. */
enum err job_results_check_status(enum job_status status, struct error *e);

#endif
