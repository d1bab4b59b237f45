/* A report's input from the JSON of a job: the `Job` of openapi.yaml, or what `bracketd backtest`
 * answers without a server, which is the same without an id. Both ways to a report go through here,
 * so both pages say the same.
 *
 * The JSON has no single fires, trades and points: the caller adds the map, and for an account its
 * trades and points, which are empty here.
 */
#ifndef SERVER_REPORT_REPORT_READ_H
#define SERVER_REPORT_REPORT_READ_H

#include "base/arena.h"
#include "base/json_value.h"
#include "server/report/report.h"

struct report_parts {
    struct report_input input; /* its account is &account, or NULL without a strategy */
    struct report_account account;
    struct metrics chosen, worst, best;
    struct study_horizon horizons[LIMIT_HORIZONS];
    struct study_horizon_stats stats[LIMIT_HORIZONS];
};

/* The job has a result. Texts are the tree's, the rest lies in the arena: both must outlive *ret,
 * which must stay where it is. engine_version: of what made the result; NULL = unknown.
 * ERR_DATA when the JSON is not of that form, ERR_NO_MEMORY. */
enum err report_read(const struct json_value *job, const char *engine_version, struct arena *arena,
                     struct report_parts *ret, struct error *e);

#endif
