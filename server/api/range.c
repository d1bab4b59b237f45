#include "server/api/range.h"

static struct study_spec_when when_of(const struct http_when *w)
{
    return (struct study_spec_when){
        .given = w->given, .is_date = w->is_date, .days = w->days, .ns = w->ns};
}

enum err time_range_query(const struct http_request *r, struct time_range_ends *ret,
                          struct error *e)
{
    struct http_when from = {0}, to = {0};
    enum err err = http_query_when(r, "from", &from, e);
    if (!err)
        err = http_query_when(r, "to", &to, e);
    if (!err)
        *ret = (struct time_range_ends){when_of(&from), when_of(&to)};
    return err;
}

enum err time_range_settle(const struct time_range_ends *ends, const struct zone *zone,
                           const char *to_pointer, struct time_range *ret, struct error *e)
{
    struct time_range range = {INT64_MIN, INT64_MAX};
    if (ends->from.given)
        range.from_ns = study_spec_when_begin(&ends->from, zone);
    if (ends->to.given)
        range.to_ns = study_spec_when_end(&ends->to, zone);
    if (range.from_ns >= range.to_ns)
        return error_field(e, ERR_INVALID, to_pointer, "'to' is not after 'from'");
    *ret = range;
    return ERR_OK;
}
