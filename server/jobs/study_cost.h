/* What a job will cost, known before it is accepted.
 *
 *   units = bars x operations
 *   operations of a bar = those of the rule + 4 + 4 for each horizon,
 *                         and with a strategy 8 + those of its exit rule
 *
 * bars are all that the plan evaluates, of all symbols, history before `from` included. An
 * operation of a rule is a node of its plan: a column, an indicator, a comparison; equal ones count
 * once. The factors are measured: one unit is about a nanosecond of one core. It is an upper bound
 * in so far as results in the cache cost nothing.
 */
#ifndef SERVER_JOBS_STUDY_COST_H
#define SERVER_JOBS_STUDY_COST_H

#include "server/jobs/study_task.h"

struct study_cost {
    int64_t bars;
    int64_t operations; /* of one bar */
    int64_t units;
};

struct study_cost study_cost_of(struct study_task *t);
/* ERR_BUDGET, saying both numbers and what to narrow. budget >= 1, in units. */
enum err study_cost_check(const struct study_cost *cost, int64_t budget, struct error *e);

#endif
