#include "server/market/replay_json.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <math.h>
#include <stdio.h>

enum { WARNING_BYTES = 256 };

static void write_speed(struct json_writer *w, double speed)
{
    json_key(w, "speed");
    if (isfinite(speed))
        json_number(w, speed);
    else
        json_string(w, "max");
}

static void write_progress(struct json_writer *w, const struct replay_view *v)
{
    json_key(w, "progress");
    json_begin_object(w);
    json_member_time_or_null(w, "at", v->bar_ns);
    json_member_int(w, "bars_done", v->bars_done);
    json_member_int(w, "bars_total", v->bars_total);
    json_member_int(w, "quotes", v->quotes);
    json_key(w, "eta_s");
    if (v->eta_ns >= 0)
        json_int(w, (v->eta_ns + NS_PER_SECOND - 1) / NS_PER_SECOND);
    else
        json_null(w);
    json_end_object(w);
}

/* Quotes flow at any time, but orders trade within the market's hours only. */
static void warn_of_hours(struct json_writer *w, const struct calendar *hours, int64_t now_ns)
{
    struct session session;
    char opens[RFC3339_MAX] = "", text[WARNING_BYTES];
    if (calendar_session_at(hours, now_ns, &session))
        return;
    int32_t day = calendar_day_at(hours, now_ns);
    bool known = calendar_next_session(hours, day, &session);
    if (known && session.close_ns <= now_ns)
        known = calendar_next_session(hours, day + 1, &session);
    if (known)
        rfc3339_format(session.open_ns, opens);
    snprintf(text, sizeof text,
             "the market (%s) is closed%s%s: orders wait, however the quotes move; a server with "
             "--market-hours 24x7 trades at any time",
             calendar_name(hours), known ? " until " : "", opens);
    json_string(w, text);
}

static void warn_of_expiry(struct json_writer *w, const char *symbol)
{
    char text[WARNING_BYTES];
    snprintf(text, sizeof text,
             "the contract %s has expired: no order on it is taken; give its bars the name of one "
             "that lives with 'as'",
             symbol);
    json_string(w, text);
}

void replay_json_write(struct json_writer *w, const struct replay_view *v,
                       const struct calendar *hours, int64_t now_ns)
{
    char id[UUID_TEXT];
    uuid_format(&v->id, id);
    json_begin_object(w);
    json_member_string(w, "id", id);
    json_member_string(w, "status", replay_status_name(v->status));
    json_key(w, "request");
    json_raw(w, v->request, v->request_bytes);
    write_speed(w, v->speed);
    write_progress(w, v);
    json_key(w, "warnings");
    json_begin_array(w);
    if (!replay_status_is_final(v->status) && hours)
        warn_of_hours(w, hours, now_ns);
    if (!replay_status_is_final(v->status) && v->expired[0])
        warn_of_expiry(w, v->expired);
    json_end_array(w);
    json_member_time(w, "created_at", v->created_at_ns);
    json_member_time_or_null(w, "ended_at", v->ended_at_ns);
    json_end_object(w);
}
