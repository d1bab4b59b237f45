/* bracketd check --explain AT: why the rule fired on one bar, or did not. The Explanation of
 * openapi.yaml, made on a folder, or by a server from a backtest that is removed again.
 */
#ifndef SERVER_CLI_CHECK_EXPLAIN_H
#define SERVER_CLI_CHECK_EXPLAIN_H

#include "base/json_value.h"
#include "server/cli/target.h"
#include "server/jobs/study_spec.h"

/* `spec` is a check's; at_ns the start of the bar. Appends the Explanation to *out. The errors of
 * study_task.h and study_explain.h; ERR_CANCELED when *cancel turned true. */
enum err check_explain(struct target *target, const struct study_spec *spec, int64_t at_ns,
                       const _Atomic bool *cancel, struct strbuf *out, struct error *e);

/* For people: an answer_layout. */
void check_explain_print(FILE *out, const struct json_value *x);

#endif
