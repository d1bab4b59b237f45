/* Symbols by pattern: "*" in a name stands for any characters, so "US*" is every stored symbol that
 * begins so, and "*" is all of them. Option contracts and quotes (option_series.h) are matched by
 * no pattern. The request that is stored lists the symbols themselves: what
 * is imported later does not change a job.
 */
#ifndef SERVER_JOBS_STUDY_UNIVERSE_H
#define SERVER_JOBS_STUDY_UNIVERSE_H

#include "db/storage.h"
#include "server/jobs/study_spec.h"

/* Does the text match, in which "*" stands for any characters, none included? */
bool study_universe_matches(const char *pattern, const char *text);

/* Puts in place of each pattern the symbols that have bars for the spec's timeframe, in order of
 * their names, without those that stand in the list already. ERR_NOT_FOUND when nothing matches a
 * pattern, ERR_INVALID past LIMIT_JOB_SYMBOLS. Reads the database when there is a pattern. */
enum err study_universe_expand(struct storage *storage, struct study_spec *spec,
                               struct arena *arena, struct error *e);

#endif
