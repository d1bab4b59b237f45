/* A range of time as users give it: from and to, each RFC 3339 or a date in the calendar's zone.
 * `from` is inclusive; `to` is exclusive as an instant, and includes its whole day as a date. An
 * end that is left out is open.
 */
#ifndef SERVER_API_RANGE_H
#define SERVER_API_RANGE_H

#include "base/zone.h"
#include "server/http/request.h"
#include "server/jobs/study_spec.h"

struct time_range_ends {
    struct study_spec_when from, to;
};
/* ?from= and ?to=; not given is open. */
enum err time_range_query(const struct http_request *r, struct time_range_ends *ret,
                          struct error *e);

struct time_range {
    int64_t from_ns, to_ns; /* [from, to) */
};
/* ERR_INVALID with `to_pointer` ("?to", "/to") when nothing lies between. */
enum err time_range_settle(const struct time_range_ends *ends, const struct zone *zone,
                           const char *to_pointer, struct time_range *ret, struct error *e);

#endif
