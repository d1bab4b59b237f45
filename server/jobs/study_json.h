/* A study's answer as JSON: the `Result`, `Fire` and `Timing` of openapi.yaml. */
#ifndef SERVER_JOBS_STUDY_JSON_H
#define SERVER_JOBS_STUDY_JSON_H

#include "base/json_writer.h"
#include "engine/study/study_result.h"
#include "server/jobs/study_task.h"

/* One value: an object. With a simulation (NULL = none) its trades and metrics are in it, and the
 * digest is the simulation's. */
void study_json_result(struct json_writer *w, const struct study_task *t,
                       const struct study_result *r, const struct simulation *simulation);
/* forward[horizon_count], in the order of the horizons. */
void study_json_fire(struct json_writer *w, const struct study_fire *fire, const double *forward,
                     const char *symbol, const struct study_horizon *horizons,
                     size_t horizon_count);

struct study_timing {
    int64_t elapsed_ns;
    int64_t bars;
    int32_t workers;
};
void study_json_timing(struct json_writer *w, const struct study_timing *timing);

#endif
