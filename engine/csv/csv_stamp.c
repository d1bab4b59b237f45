#include "engine/csv/csv_stamp.h"

#include "base/civil.h"

#include <string.h>

/* ---- reading ---- */

struct scanner {
    const char *at, *end;
};

static bool take(struct scanner *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_digits(struct scanner *s, int count, int32_t *ret)
{
    int32_t value = 0;
    if (s->end - s->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        char c = s->at[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    s->at += count;
    *ret = value;
    return true;
}

/* "2024-01-02", "2024/01/02" or "20240102" */
static bool take_date(struct scanner *s, int64_t *ret_s)
{
    struct civil_date date;
    if (!take_digits(s, 4, &date.year))
        return false;
    char between = s->at < s->end && (*s->at == '-' || *s->at == '/') ? *s->at : 0;
    if ((between && !take(s, between)) || !take_digits(s, 2, &date.month) ||
        (between && !take(s, between)) || !take_digits(s, 2, &date.day))
        return false;
    if (!civil_valid(date) || date.year < 1900 || date.year > 2200)
        return false;
    *ret_s = (int64_t)civil_to_days(date) * 86400;
    return true;
}

/* Digits behind a point, if there is one. */
static bool take_fraction(struct scanner *s, bool *ret_fraction)
{
    *ret_fraction = false;
    if (!take(s, '.'))
        return true;
    const char *start = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        *ret_fraction = *ret_fraction || *s->at != '0';
    return s->at > start && s->at - start <= 9;
}

/* "09:30", "09:30:00", "09:30:00.000" */
static bool take_time(struct scanner *s, int64_t *ret_s, bool *ret_fraction)
{
    int32_t hour, minute, second = 0;
    if (!take_digits(s, 2, &hour) || !take(s, ':') || !take_digits(s, 2, &minute))
        return false;
    *ret_fraction = false;
    if (take(s, ':') && (!take_digits(s, 2, &second) || !take_fraction(s, ret_fraction)))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_s = hour * 3600 + minute * 60 + second;
    return true;
}

/* "Z", "+05:30", "-0500", "+05" or nothing. */
static bool take_offset(struct scanner *s, struct csv_reading *r)
{
    r->kind = CSV_STAMP_WALL;
    if (s->at == s->end)
        return true;
    r->kind = CSV_STAMP_OFFSET;
    if (take(s, 'Z') || take(s, 'z'))
        return true;
    int32_t sign = take(s, '+') ? 1 : take(s, '-') ? -1 : 0, hours, minutes = 0;
    if (sign == 0 || !take_digits(s, 2, &hours))
        return false;
    bool colon = take(s, ':');
    if ((colon || s->at < s->end) && !take_digits(s, 2, &minutes))
        return false;
    if (hours > 18 || minutes > 59)
        return false;
    r->offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool read_date_and_time(const char *text, size_t length, struct csv_reading *ret)
{
    struct scanner s = {text, text + length};
    struct csv_reading r = {.kind = CSV_STAMP_DATE};
    int64_t time_s;
    if (!take_date(&s, &r.local_s))
        return false;
    if (s.at < s.end) {
        if ((!take(&s, 'T') && !take(&s, 't') && !take(&s, ' ')) ||
            !take_time(&s, &time_s, &r.fraction))
            return false;
        r.local_s += time_s;
        if (!take_offset(&s, &r))
            return false;
    }
    if (s.at != s.end)
        return false;
    *ret = r;
    return true;
}

static bool read_count(const char *text, size_t length, struct csv_reading *ret)
{
    struct scanner s = {text, text + length};
    struct csv_reading r = {.kind = CSV_STAMP_EPOCH};
    int digits = 0;
    for (; s.at < s.end && *s.at >= '0' && *s.at <= '9'; s.at++, digits++)
        if (__builtin_mul_overflow(r.count, 10, &r.count) ||
            __builtin_add_overflow(r.count, *s.at - '0', &r.count))
            return false;
    if (digits == 0 || !take_fraction(&s, &r.fraction) || s.at != s.end)
        return false;
    *ret = r;
    return true;
}

bool csv_stamp_read(const char *text, size_t length, struct csv_reading *ret)
{
    return read_date_and_time(text, length, ret) || read_count(text, length, ret);
}

int64_t csv_epoch_unit_ns(int64_t count)
{
    if (count < INT64_C(100000000000))
        return NS_PER_SECOND;
    if (count < INT64_C(100000000000000))
        return NS_PER_MS;
    return count < INT64_C(100000000000000000) ? NS_PER_US : 1;
}

const char *csv_stamp_name(enum csv_stamp_kind kind, int64_t unit_ns)
{
    switch (kind) {
    case CSV_STAMP_EPOCH:
        return unit_ns == NS_PER_SECOND ? "epoch_s"
               : unit_ns == NS_PER_MS   ? "epoch_ms"
               : unit_ns == NS_PER_US   ? "epoch_us"
                                        : "epoch_ns";
    case CSV_STAMP_OFFSET:
        return "iso_offset";
    case CSV_STAMP_WALL:
        return "wall_clock";
    case CSV_STAMP_DATE:
        return "date";
    default:
        return "";
    }
}

/* ---- from a reading to a bar's start ---- */

void csv_clock_init(struct csv_clock *c, const struct csv_options *options,
                    enum csv_stamp_kind kind, int64_t unit_ns)
{
    memset(c, 0, sizeof(*c));
    c->options = options;
    c->kind = kind;
    c->unit_ns = unit_ns;
    if (options->label == CSV_LABEL_END && options->timeframe.minutes > 0)
        c->shift_ns = -timeframe_ns(options->timeframe);
}

/* A wall clock reading as UTC seconds; an autumn hour's second meaning when the first does not come
 * after the row before. */
static const char *wall_to_utc(const struct csv_clock *c, int64_t local_s, int64_t previous_ns,
                               int64_t *ret_s)
{
    const struct zone *zone = c->options->zone;
    enum zone_local_kind kind;
    int64_t utc_s = zone_local_to_utc(zone, local_s, &kind);
    if (kind == ZONE_LOCAL_SKIPPED)
        return "never happens: the clocks were put forward over it";
    if (kind == ZONE_LOCAL_AMBIGUOUS && utc_s * NS_PER_SECOND + c->shift_ns <= previous_ns)
        utc_s = local_s - zone_offset_at(zone, zone_next_change(zone, utc_s));
    *ret_s = utc_s;
    return NULL;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

/* Days: a date is taken as it is written, so is midnight; another instant is the calendar's date.
 */
static int32_t day_of_reading(const struct csv_clock *c, const struct csv_reading *r,
                              int64_t utc_ns)
{
    bool instant = r->kind == CSV_STAMP_EPOCH || r->kind == CSV_STAMP_OFFSET;
    int64_t written_s = r->kind == CSV_STAMP_EPOCH ? utc_ns / NS_PER_SECOND : r->local_s;
    if (instant && written_s % 86400 != 0)
        return calendar_day_at(c->options->calendar, utc_ns);
    return (int32_t)floor_div(written_s, 86400);
}

/* The instant that a reading names; daily wall clocks and dates need none. */
static const char *reading_to_utc(const struct csv_clock *c, const struct csv_reading *r,
                                  int64_t previous_ns, int64_t *ret_ns)
{
    int64_t utc_s = 0;
    *ret_ns = 0;
    if (r->kind == CSV_STAMP_EPOCH)
        return __builtin_mul_overflow(r->count, c->unit_ns, ret_ns) ? "is too far in the future"
                                                                    : NULL;
    if (r->kind == CSV_STAMP_OFFSET) {
        utc_s = r->local_s - r->offset_s;
    } else if (c->options->timeframe.minutes > 0) {
        const char *problem = wall_to_utc(c, r->local_s, previous_ns, &utc_s);
        if (problem)
            return problem;
    }
    *ret_ns = utc_s * NS_PER_SECOND;
    return NULL;
}

const char *csv_clock_time(const struct csv_clock *c, const struct csv_reading *r,
                           int64_t previous_ns, int64_t *ret_ns, bool *ret_inside, bool *ret_whole)
{
    int64_t utc_ns;
    if (r->kind != c->kind && !(c->options->timeframe.minutes == 0 && r->kind != CSV_STAMP_EPOCH &&
                                c->kind != CSV_STAMP_EPOCH))
        return "is of another form than the first row's";
    const char *problem = reading_to_utc(c, r, previous_ns, &utc_ns);
    if (problem)
        return problem;
    if (c->options->timeframe.minutes > 0) {
        *ret_ns = utc_ns + c->shift_ns;
        *ret_inside = true;
        *ret_whole = !r->fraction && utc_ns % NS_PER_MINUTE == 0;
        return NULL;
    }
    struct session s = {0};
    *ret_inside = calendar_session(c->options->calendar, day_of_reading(c, r, utc_ns), &s);
    *ret_whole = true;
    *ret_ns = s.open_ns;
    return NULL;
}

/* ---- the last hour ---- */

/* False when the hour's minutes are not 60 in a row, each meaning one instant. */
static bool hour_to_utc(const struct csv_clock *c, const struct csv_reading *r, int64_t *ret_s)
{
    int64_t hour_s = r->local_s - r->local_s % 3600;
    if (r->kind == CSV_STAMP_OFFSET) {
        *ret_s = hour_s - r->offset_s;
        return true;
    }
    enum zone_local_kind first, last;
    int64_t start = zone_local_to_utc(c->options->zone, hour_s, &first);
    int64_t end = zone_local_to_utc(c->options->zone, hour_s + 3599, &last);
    *ret_s = start;
    return first == ZONE_LOCAL_UNIQUE && last == ZONE_LOCAL_UNIQUE && end == start + 3599;
}

bool csv_clock_learn(struct csv_clock *c, const char *p, size_t length)
{
    struct csv_reading r;
    int64_t hour_s;
    if (c->kind == CSV_STAMP_EPOCH || !csv_stamp_read(p, length, &r) || r.kind != c->kind ||
        r.fraction || r.local_s < 0 || !hour_to_utc(c, &r, &hour_s) || hour_s % 60 != 0)
        return false;
    int32_t prefix = p[4] == '-' || p[4] == '/' ? 13 : 11;
    size_t time_end = (size_t)prefix + 3;
    c->seconds = length > time_end && p[time_end] == ':';
    time_end += c->seconds ? 3 : 0;
    size_t suffix = length - time_end;
    if (suffix > 7)
        return false;
    c->prefix_length = prefix;
    c->prefix_head = csv_load8(p);
    c->prefix_tail = csv_load8(p + prefix - 8);
    c->hour_ns = hour_s * NS_PER_SECOND + c->shift_ns;
    c->suffix_length = (int32_t)suffix;
    c->suffix_mask = suffix == 0 ? 0 : UINT64_MAX >> (64 - 8 * suffix);
    c->suffix = 0;
    memcpy(&c->suffix, p + time_end, suffix);
    return true;
}
