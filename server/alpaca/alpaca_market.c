/* GET /v2/clock and /v2/calendar, by the calendar that the desk trades by (--market-hours). */
#include "base/json_writer.h"
#include "engine/bars/calendar.h"
#include "server/alpaca/alpaca.h"
#include "server/api/api.h"
#include "server/app.h"

#include <stdio.h>

/* ---- clock ----------------------------------------------------------------------------------- */

/* The first session that opens after now_ns. */
static bool next_session(const struct calendar *c, int64_t now_ns, struct session *ret)
{
    int32_t day = calendar_day_at(c, now_ns);
    while (calendar_next_session(c, day, ret)) {
        if (ret->open_ns > now_ns)
            return true;
        day = ret->day + 1;
    }
    return false;
}

static enum err get_clock(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    const struct calendar *calendar = app->hours;
    struct session now, next;
    struct json_writer w;
    int64_t now_ns = clock_realtime_ns(r->clock);
    enum err err;
    if ((err = api_no_parameters(r, e)))
        return err;
    bool open = calendar_session_at(calendar, now_ns, &now);
    if (!next_session(calendar, now_ns, &next))
        return error_set(e, ERR_UNAVAILABLE, "the calendar has no further session");
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_time(&w, "timestamp", now_ns);
    json_member_bool(&w, "is_open", open);
    json_member_time(&w, "next_open", next.open_ns);
    json_member_time(&w, "next_close", open ? now.close_ns : next.close_ns);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* ---- calendar -------------------------------------------------------------------------------- */

struct local_clock {
    char text[8];
};

enum { DAY_MINUTES = 1440 };

/* "09:30", or "0930" without a separator. Clients know no 24:00: a day ends at 23:59 for them. */
static struct local_clock local_clock(const struct calendar *c, const struct session *s, int64_t ns,
                                      const char *separator)
{
    struct local_clock clock;
    int64_t utc_s = ns / NS_PER_SECOND;
    int64_t local_s = utc_s + zone_offset_at(calendar_zone(c), utc_s);
    int64_t minute = local_s / 60 - (int64_t)s->day * DAY_MINUTES;
    if (minute >= DAY_MINUTES)
        minute = DAY_MINUTES - 1;
    snprintf(clock.text, sizeof clock.text, "%02d%s%02d", (int)(minute / 60), separator,
             (int)(minute % 60));
    return clock;
}

static void write_session(struct json_writer *w, const struct calendar *c, const struct session *s)
{
    struct session next;
    json_begin_object(w);
    json_key(w, "date");
    json_date(w, s->day);
    json_member_string(w, "open", local_clock(c, s, s->open_ns, ":").text);
    json_member_string(w, "close", local_clock(c, s, s->close_ns, ":").text);
    json_member_string(w, "session_open", local_clock(c, s, s->open_ns, "").text);
    json_member_string(w, "session_close", local_clock(c, s, s->close_ns, "").text);
    json_key(w, "settlement_date");
    if (calendar_next_session(c, s->day + 1, &next))
        json_date(w, next.day);
    else
        json_null(w);
    json_end_object(w);
}

static enum err read_day(const struct http_request *r, const char *name,
                         const struct calendar *calendar, int32_t *ret, struct error *e)
{
    struct http_when when = {.given = false};
    enum err err = http_query_when(r, name, &when, e);
    if (!err && when.given)
        *ret = when.is_date ? when.days : calendar_day_at(calendar, when.ns);
    return err;
}

enum { YEAR_DAYS = 366 };

static enum err get_calendar(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"start", "end", "date_type", NULL};
    struct app *app = r->app;
    const struct calendar *calendar = app->hours;
    struct session session;
    struct json_writer w;
    enum err err;
    if ((err = http_query_only(r, names, e)))
        return err;
    int32_t today = calendar_day_at(calendar, clock_realtime_ns(r->clock));
    int32_t day = today - YEAR_DAYS, end = today + YEAR_DAYS;
    if ((err = read_day(r, "start", calendar, &day, e)) ||
        (err = read_day(r, "end", calendar, &end, e)))
        return err;
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    for (; day <= end && calendar_next_session(calendar, day, &session); day = session.day + 1)
        if (session.day <= end)
            write_session(&w, calendar, &session);
    json_end_array(&w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v2/clock", .handler = get_clock, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetClock"},
    {.method = HTTP_GET, .pattern = "/v2/calendar", .handler = get_calendar, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetCalendar"},
};
/* clang-format on */
const struct http_route_table alpaca_market_routes = HTTP_ROUTE_TABLE(routes);
