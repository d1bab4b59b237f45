/* The request and the origin of a result as names and values for people. */
#ifndef SERVER_REPORT_REPORT_TERMS_H
#define SERVER_REPORT_REPORT_TERMS_H

#include "base/arena.h"
#include "base/json_value.h"
#include "server/report/report.h"

/* Each of these is empty when the arena is full; texts lie in it or in the tree. */
struct report_terms report_terms_of_request(const struct json_value *request, struct arena *arena);
struct report_terms report_terms_of_strategy(const struct json_value *strategy,
                                             struct arena *arena);
struct report_terms report_terms_of_origin(const struct json_value *job, const char *engine_version,
                                           const struct zone *zone, struct arena *arena);

#endif
