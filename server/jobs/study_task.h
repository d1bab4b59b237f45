/* A study on stored bars: names become series, dates become instants, the rule is compiled, the
 * data is identified by its hash, and the shards are planned. Jobs, checks and the command line all
 * run these.
 *
 *   study_task_create -> study_task_run -> study_finish on study_task_study -> study_task_free
 */
#ifndef SERVER_JOBS_STUDY_TASK_H
#define SERVER_JOBS_STUDY_TASK_H

#include "db/storage.h"
#include "engine/study/study.h"
#include "engine/trades/simulation.h"
#include "server/jobs/study_spec.h"

struct study_task;

/* The spec is borrowed until study_task_free. ERR_NOT_FOUND for a symbol without bars (with the
 * nearest that has some), ERR_RULE (pointer /rule or /strategy/exit_rule), ERR_INVALID (an empty
 * range, zones that differ). Reads the database; loads bars only where a timeframe is resampled.
 * Not from a worker.
 */
enum err study_task_create(struct storage *storage, struct worker_pool *pool,
                           const struct study_spec *spec, struct study_task **ret, struct error *e);
void study_task_free(struct study_task *t); /* NULL is fine */

struct study *study_task_study(struct study_task *t);
const struct study_request *study_task_request(const struct study_task *t);
size_t study_task_symbol_count(const struct study_task *t);
const char *study_task_symbol(const struct study_task *t, size_t i);
const unsigned char *study_task_symbol_hash(const struct study_task *t, size_t i);
/* Of times of day, weekdays and months in the answer. */
const struct zone *study_task_zone(const struct study_task *t);
/* The first and the last session day that counts, of all symbols; false when there is none. */
bool study_task_days(const struct study_task *t, int32_t *ret_first, int32_t *ret_last);
const struct strategy *study_task_strategy(const struct study_task *t); /* NULL = none */
const struct rule *study_task_exit_rule(const struct study_task *t);    /* NULL = none */
/* One hash over all symbols' data and names. */
void study_task_data_hash(const struct study_task *t, unsigned char ret[DATA_HASH_BYTES]);

/* study_run with the bars of the storage, and what its cache of shards has. ERR_CONFLICT when the
 * bars are no longer those that the study was planned on. */
enum err study_task_run(struct study_task *t, const struct study_sink *sink,
                        const _Atomic bool *cancel, struct error *e);

/* What the spec's strategy makes of the fires of the finished study, over the same bars. Without a
 * strategy *ret is NULL. The errors of simulation_run; ERR_CONFLICT as above. */
enum err study_task_simulate(struct study_task *t, const struct study_result *result,
                             const _Atomic bool *cancel, struct simulation **ret, struct error *e);

#endif
