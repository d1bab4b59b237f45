#include "engine/lean/lean_rows.h"

#include "base/civil.h"
#include "base/clock.h"
#include "engine/csv/csv_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    PRICE_SCALE = 10000,
    FIELDS_OF_TRADE = 6,
    FIELDS_OF_QUOTE = 11,
    FIRST_CAPACITY = 512,
    MS_OF_A_DAY = 86400000,
    MS_OF_A_MINUTE = 60000,
    HOURS_OF_A_DAY = 24,
};

static const int64_t NS_PER_HOUR = 60 * NS_PER_MINUTE;

struct field {
    const char *text;
    size_t length;
};

/* Where reading is. */
struct reader {
    struct lean_rows *out;
    const struct lean_name *name;
    const struct calendar *calendar;
    int64_t line;
    struct session session; /* of the day at hand */
    bool is_open;           /* there is one */
    int64_t midnight_ns;    /* of minutes */
    int32_t last_day;       /* of days and hours: the row before's */
    int64_t last_at;        /* ms or hour of the row before in its day; -1 = none */
    struct field fields[FIELDS_OF_QUOTE];
    const char *start; /* of the line */
};

static enum err refuse(const struct reader *r, const struct field *at, struct error *e,
                       const char *why)
{
    int32_t column = at ? (int32_t)(at->text - r->start) + 1 : 0;
    return error_at(e, ERR_DATA, r->line, column, "%s", why);
}

/* ---- series ---- */

static enum err grow(struct lean_series *s, struct error *e)
{
    if (s->count < s->capacity)
        return ERR_OK;
    size_t capacity = s->capacity ? (size_t)s->capacity * 2 : FIRST_CAPACITY;
    void *grown = realloc(s->time_ns, capacity * sizeof *s->time_ns);
    if (grown)
        s->time_ns = grown;
    for (int c = 0; grown && c < BAR_COLUMN_COUNT; c++) {
        grown = realloc(s->column[c], capacity * sizeof *s->column[c]);
        if (grown)
            s->column[c] = grown;
    }
    if (grown && (grown = realloc(s->sessions, capacity * sizeof *s->sessions)))
        s->sessions = grown;
    if (!grown)
        return error_set(e, ERR_NO_MEMORY, "no memory for the bars of a file");
    s->capacity = (int64_t)capacity;
    return ERR_OK;
}

static enum err append(struct lean_series *s, const struct session *session, int64_t time_ns,
                       const double values[BAR_COLUMN_COUNT], struct error *e)
{
    enum err err = grow(s, e);
    if (err)
        return err;
    s->time_ns[s->count] = time_ns;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        s->column[c][s->count] = values[c];
    if (s->session_count == 0 || s->sessions[s->session_count - 1].day != session->day)
        s->sessions[s->session_count++] = (struct bars_session){.day = session->day,
                                                                .first = s->count,
                                                                .open_ns = session->open_ns,
                                                                .close_ns = session->close_ns};
    s->sessions[s->session_count - 1].end = ++s->count;
    return ERR_OK;
}

static void release_series(struct lean_series *s)
{
    free(s->time_ns);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        free(s->column[c]);
    free(s->sessions);
}

void lean_rows_release(struct lean_rows *r)
{
    for (int i = 0; i < LEAN_SIDE_COUNT; i++)
        release_series(&r->side[i]);
    *r = (struct lean_rows){0};
}

/* ---- fields ---- */

/* Exactly `count` fields between commas. */
static enum err split(struct reader *r, size_t length, int count, struct error *e)
{
    const char *at = r->start, *end = r->start + length;
    for (int i = 0; i < count; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        bool last = i == count - 1;
        if (last == (comma != NULL))
            return error_at(e, ERR_DATA, r->line, 0, "it has %s than %d fields",
                            last ? "more" : "fewer", count);
        r->fields[i] = (struct field){at, (size_t)((last ? end : comma) - at)};
        at = last ? end : comma + 1;
    }
    return ERR_OK;
}

/* Digits as a number below `limit`; -1 otherwise. */
static int64_t small_number(const char *text, size_t length, int64_t limit)
{
    int64_t value = 0;
    if (length == 0 || length > 9)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value < limit ? value : -1;
}

/* Open, high, low, close and volume from five fields on; *ret_empty when there are no prices. */
static enum err read_values(const struct reader *r, const struct field *fields,
                            double values[BAR_COLUMN_COUNT], bool *ret_empty, struct error *e)
{
    int empty = 0;
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c++)
        empty += fields[c].length == 0;
    *ret_empty = empty == BAR_CLOSE + 1;
    if (*ret_empty)
        return ERR_OK;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        const struct field *f = &fields[c];
        enum csv_number_state state =
            csv_number_read(f->text, f->length, c == BAR_VOLUME ? 1 : PRICE_SCALE, &values[c]);
        if (c == BAR_VOLUME && state == CSV_NUMBER_EMPTY) {
            values[c] = 0;
            state = CSV_NUMBER_OK;
        }
        if (state == CSV_NUMBER_OK)
            continue;
        char why[64];
        snprintf(why, sizeof why, "the %s %s", bar_column_name((enum bar_column)c),
                 state == CSV_NUMBER_NONE ? "is not a number" : csv_number_problem(state));
        return refuse(r, f, e, why);
    }
    double low = values[BAR_LOW], high = values[BAR_HIGH];
    if (high < low)
        return refuse(r, &fields[BAR_HIGH], e, "the high is below the low");
    if (values[BAR_OPEN] < low || values[BAR_OPEN] > high)
        return refuse(r, &fields[BAR_OPEN], e, "the open is outside low to high");
    if (values[BAR_CLOSE] < low || values[BAR_CLOSE] > high)
        return refuse(r, &fields[BAR_CLOSE], e, "the close is outside low to high");
    return ERR_OK;
}

/* ---- minutes ---- */

/* New York's clocks change before the morning: from noon back, every hour that trades is right. */
static void begin_day(struct reader *r, int32_t day)
{
    enum { NOON_S = 43200, DAY_S = 86400 };
    int64_t noon_s =
        zone_local_to_utc(calendar_zone(r->calendar), (int64_t)day * DAY_S + NOON_S, NULL);
    r->midnight_ns = (noon_s - NOON_S) * NS_PER_SECOND;
    r->is_open = calendar_session(r->calendar, day, &r->session);
    r->last_at = -1;
}

static enum err minute_row(struct reader *r, struct error *e)
{
    bool quotes = r->name->kind == LEAN_MINUTE_QUOTES;
    const struct field *stamp = &r->fields[0];
    int64_t ms = small_number(stamp->text, stamp->length, MS_OF_A_DAY);
    if (ms < 0)
        return refuse(r, stamp, e, "the time is not in ms since midnight");
    if (ms % MS_OF_A_MINUTE != 0)
        return refuse(r, stamp, e, "the time is not on the minute");
    if (ms <= r->last_at)
        return refuse(r, stamp, e, "the time is not after that of the row before");
    r->last_at = ms;
    int64_t time_ns = r->midnight_ns + ms * NS_PER_MS;
    bool inside = r->is_open && time_ns >= r->session.open_ns && time_ns < r->session.close_ns;
    r->out->outside += !inside;
    for (int side = 0; side < (quotes ? LEAN_SIDE_COUNT : 1); side++) {
        double values[BAR_COLUMN_COUNT];
        bool empty;
        enum err err = read_values(r, r->fields + 1 + side * BAR_COLUMN_COUNT, values, &empty, e);
        if (!err && empty && !quotes)
            err = refuse(r, &r->fields[1], e, "the prices are empty");
        if (!err && inside && !empty)
            err = append(&r->out->side[side], &r->session, time_ns, values, e);
        if (err)
            return err;
        r->out->empty += inside && empty;
    }
    return ERR_OK;
}

/* ---- days and hours ---- */

/* "YYYYMMDD HH:00" */
static bool read_stamp(const struct field *f, int32_t *ret_day, int64_t *ret_hour)
{
    const char *t = f->text;
    if (f->length != 14 || t[8] != ' ' || memcmp(t + 11, ":00", 3) != 0)
        return false;
    struct civil_date d = {(int32_t)small_number(t, 4, 10000), (int32_t)small_number(t + 4, 2, 13),
                           (int32_t)small_number(t + 6, 2, 32)};
    *ret_hour = small_number(t + 9, 2, HOURS_OF_A_DAY);
    if (!civil_valid(d) || *ret_hour < 0)
        return false;
    *ret_day = civil_to_days(d);
    return true;
}

/* An hour more of the last day. */
static void add_to_day(struct lean_series *s, const double values[BAR_COLUMN_COUNT])
{
    int64_t i = s->count - 1;
    if (values[BAR_HIGH] > s->column[BAR_HIGH][i])
        s->column[BAR_HIGH][i] = values[BAR_HIGH];
    if (values[BAR_LOW] < s->column[BAR_LOW][i])
        s->column[BAR_LOW][i] = values[BAR_LOW];
    s->column[BAR_CLOSE][i] = values[BAR_CLOSE];
    s->column[BAR_VOLUME][i] += values[BAR_VOLUME];
}

/* An hour that is in the session if only in part; midnight stands for the day. */
static bool hour_counts(const struct reader *r, int64_t hour)
{
    int64_t from_ns = r->midnight_ns + hour * NS_PER_HOUR;
    return r->is_open && (hour == 0 || (from_ns < r->session.close_ns &&
                                        from_ns + NS_PER_HOUR > r->session.open_ns));
}

static enum err day_row(struct reader *r, struct error *e)
{
    struct lean_series *s = &r->out->side[LEAN_SIDE_TRADE];
    const struct field *stamp = &r->fields[0];
    double values[BAR_COLUMN_COUNT];
    int32_t day;
    int64_t hour;
    bool empty;
    if (!read_stamp(stamp, &day, &hour))
        return refuse(r, stamp, e, "the time is not of the form YYYYMMDD HH:00");
    bool first = r->out->rows == 1;
    if (!first && (day < r->last_day || (day == r->last_day && hour <= r->last_at)))
        return refuse(r, stamp, e, "the time is not after that of the row before");
    if (!first && day == r->last_day && r->last_at == 0)
        return refuse(r, stamp, e, "the day has a bar as a whole already");
    enum err err = read_values(r, r->fields + 1, values, &empty, e);
    if (!err && empty)
        err = refuse(r, &r->fields[1], e, "the prices are empty");
    if (err)
        return err;
    if (first || day != r->last_day)
        begin_day(r, day);
    r->last_day = day;
    r->last_at = hour;
    if (!hour_counts(r, hour)) {
        r->out->outside++;
        return ERR_OK;
    }
    if (s->session_count > 0 && s->sessions[s->session_count - 1].day == day)
        add_to_day(s, values);
    else
        err = append(s, &r->session, r->session.open_ns, values, e);
    return err;
}

/* ---- the whole ---- */

static void begin(struct lean_rows *out, bool minutes)
{
    for (int i = 0; i < LEAN_SIDE_COUNT; i++)
        out->side[i].count = out->side[i].session_count = 0;
    out->timeframe = (struct timeframe){.minutes = minutes};
    out->rows = out->outside = out->empty = 0;
}

enum err lean_rows_read(struct lean_rows *out, const struct lean_name *name,
                        const struct calendar *calendar, const char *text, size_t length,
                        struct error *e)
{
    bool minutes = name->kind != LEAN_DAYS_OR_HOURS;
    int fields = name->kind == LEAN_MINUTE_QUOTES ? FIELDS_OF_QUOTE : FIELDS_OF_TRADE;
    struct reader r = {.out = out, .name = name, .calendar = calendar};
    const char *at = text, *end = text + length;
    begin(out, minutes);
    if (minutes)
        begin_day(&r, name->day);
    while (at < end) {
        size_t line_length;
        r.start = at;
        at = csv_line(at, end, &line_length);
        r.line++;
        if (csv_is_blank(r.start, line_length))
            continue;
        if (line_length > LIMIT_IMPORT_LINE_BYTES)
            return error_at(e, ERR_DATA, r.line, 0, "the line is longer than %d bytes",
                            LIMIT_IMPORT_LINE_BYTES);
        out->rows++;
        enum err err = split(&r, line_length, fields, e);
        if (!err)
            err = minutes ? minute_row(&r, e) : day_row(&r, e);
        if (err)
            return err;
    }
    return ERR_OK;
}
