#include "server/api/range.h"

#include "base/clock.h"

enum { LAST_DAY = 106000 }; /* 2260: a day on each side of the range of int64 ns is left over */

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

/* The instant at which a day begins; dates that int64 does not hold are the open ends. */
static int64_t day_begin_ns(int32_t days, const struct zone *zone)
{
    if (days < -LAST_DAY)
        return INT64_MIN;
    if (days > LAST_DAY)
        return INT64_MAX;
    return zone_local_to_utc(zone, (int64_t)days * 86400, NULL) * NS_PER_SECOND;
}

enum err time_range_settle(const struct time_range_ends *ends, const struct zone *zone,
                           const char *to_pointer, struct time_range *ret, struct error *e)
{
    struct time_range range = {INT64_MIN, INT64_MAX};
    if (ends->from.given)
        range.from_ns = ends->from.is_date ? day_begin_ns(ends->from.days, zone) : ends->from.ns;
    if (ends->to.given)
        range.to_ns = ends->to.is_date ? day_begin_ns(ends->to.days + 1, zone) : ends->to.ns;
    if (range.from_ns >= range.to_ns)
        return error_field(e, ERR_INVALID, to_pointer, "'to' is not after 'from'");
    *ret = range;
    return ERR_OK;
}
