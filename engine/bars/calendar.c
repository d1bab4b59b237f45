/* A calendar is a table of sessions, one row a day, made on first use from the exchange's rules and
 * its time zone, and kept for the life of the process. A lookup is then one index; working a
 * session out takes a holiday search and a zone lookup, and imports and shard plans ask for
 * thousands.
 *
 * Several threads may make the same table at once; the first to publish it wins and the others free
 * theirs, so that no lock is needed.
 */
#include "engine/bars/calendar.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/bars/calendar_rules.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct calendar_rules {
    const char *name;
    const char *zone_name;
    bool (*hours)(int32_t day, struct trading_hours *ret); /* NULL: never closed */
};

struct calendar {
    const struct calendar_rules *rules;
    const struct zone *zone;
    int32_t first_day, last_day; /* inclusive */
    struct session *sessions;    /* [last_day - first_day + 1], open_ns == close_ns when closed */
};

enum {
    CALENDAR_COUNT = 3,
    FIRST_YEAR = 1990,
    LAST_YEAR = 2035,
    /* Days whose ns since 1970 fit int64, less one for the close. */
    NEVER_CLOSED_DAYS = 106750,
};

static const struct calendar_rules rules[CALENDAR_COUNT] = {
    {"XNYS", "America/New_York", xnys_hours},
    {"XNSE", "Asia/Kolkata", xnse_hours},
    {"24x7", "UTC", NULL},
};
static const char *const names[CALENDAR_COUNT + 1] = {"XNYS", "XNSE", "24x7", NULL};

/* Published once each, never freed. */
static _Atomic(struct calendar *) loaded[CALENDAR_COUNT];

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

static int64_t local_minute_ns(const struct zone *zone, int32_t day, int32_t minute)
{
    return zone_local_to_utc(zone, (int64_t)day * 86400 + minute * 60, NULL) * NS_PER_SECOND;
}

static void calendar_free(struct calendar *c)
{
    if (!c)
        return;
    free(c->sessions);
    free(c);
}

static enum err make_sessions(struct calendar *c, struct error *e)
{
    c->first_day = civil_to_days((struct civil_date){FIRST_YEAR, 1, 1});
    c->last_day = civil_to_days((struct civil_date){LAST_YEAR, 12, 31});
    size_t count = (size_t)(c->last_day - c->first_day + 1);
    c->sessions = calloc(count, sizeof(*c->sessions));
    if (!c->sessions)
        return error_set(e, ERR_NO_MEMORY, "no memory for calendar %s", c->rules->name);
    for (size_t i = 0; i < count; i++) {
        struct trading_hours hours;
        int32_t day = c->first_day + (int32_t)i;
        c->sessions[i].day = day;
        if (!c->rules->hours(day, &hours))
            continue;
        c->sessions[i].open_ns = local_minute_ns(c->zone, day, hours.open_minute);
        c->sessions[i].close_ns = local_minute_ns(c->zone, day, hours.close_minute);
    }
    return ERR_OK;
}

static enum err calendar_make(const struct calendar_rules *r, struct calendar **ret,
                              struct error *e)
{
    struct calendar *c = calloc(1, sizeof(*c));
    if (!c)
        return error_set(e, ERR_NO_MEMORY, "no memory for calendar %s", r->name);
    c->rules = r;
    enum err err = ERR_OK;
    if (!r->hours) {
        c->zone = zone_utc();
        c->first_day = -NEVER_CLOSED_DAYS;
        c->last_day = NEVER_CLOSED_DAYS;
    } else {
        err = zone_find(r->zone_name, &c->zone, e);
        if (err == ERR_OK)
            err = make_sessions(c, e);
    }
    if (err != ERR_OK) {
        calendar_free(c);
        return err;
    }
    *ret = c;
    return ERR_OK;
}

enum err calendar_find(const char *name, const struct calendar **ret, struct error *e)
{
    for (size_t i = 0; i < CALENDAR_COUNT; i++) {
        if (strcmp(name, rules[i].name) != 0)
            continue;
        struct calendar *c = loaded[i];
        if (!c) {
            enum err err = calendar_make(&rules[i], &c, e);
            if (err != ERR_OK)
                return err;
            struct calendar *first = NULL;
            if (!atomic_compare_exchange_strong(&loaded[i], &first, c)) {
                calendar_free(c);
                c = first;
            }
        }
        *ret = c;
        return ERR_OK;
    }
    const char *nearest = text_nearest(name, strlen(name), names, CALENDAR_COUNT);
    return error_set(
        e, ERR_INVALID, "unknown calendar '%.32s'%s%s%s; known are XNYS, XNSE and 24x7", name,
        nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}

const char *calendar_name(const struct calendar *c)
{
    return c->rules->name;
}

const struct zone *calendar_zone(const struct calendar *c)
{
    return c->zone;
}

const char *const *calendar_names(void)
{
    return names;
}

bool calendar_session(const struct calendar *c, int32_t day, struct session *ret)
{
    if (day < c->first_day || day > c->last_day)
        return false;
    if (!c->sessions) {
        *ret = (struct session){day, day * NS_PER_DAY, (day + 1) * NS_PER_DAY};
        return true;
    }
    const struct session *s = &c->sessions[day - c->first_day];
    if (s->open_ns == s->close_ns)
        return false;
    *ret = *s;
    return true;
}

bool calendar_session_at(const struct calendar *c, int64_t time_ns, struct session *ret)
{
    struct session s;
    if (!calendar_session(c, calendar_day_at(c, time_ns), &s) || time_ns < s.open_ns ||
        time_ns >= s.close_ns)
        return false;
    *ret = s;
    return true;
}

int32_t calendar_day_at(const struct calendar *c, int64_t time_ns)
{
    int64_t utc_s = floor_div(time_ns, NS_PER_SECOND);
    return (int32_t)floor_div(utc_s + zone_offset_at(c->zone, utc_s), 86400);
}

bool calendar_next_session(const struct calendar *c, int32_t day, struct session *ret)
{
    if (day < c->first_day)
        day = c->first_day;
    for (; day <= c->last_day; day++)
        if (calendar_session(c, day, ret))
            return true;
    return false;
}

const struct special_day *special_day_find(const struct special_day *table, size_t count,
                                           int32_t day)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct special_day *s = &table[middle];
        int32_t at = civil_to_days((struct civil_date){s->year, s->month, s->day});
        if (at == day)
            return s;
        if (at < day)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
