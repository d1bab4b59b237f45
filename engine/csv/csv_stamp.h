/* Time stamps of CSV rows: what a field says, and which bar start that is. Private to the importer.
 */
#ifndef ENGINE_CSV_STAMP_H
#define ENGINE_CSV_STAMP_H

#include "base/clock.h"
#include "engine/csv/csv_import.h"
#include "engine/csv/csv_text.h"

enum csv_stamp_kind {
    CSV_STAMP_NONE,   /* no stamp we know */
    CSV_STAMP_EPOCH,  /* a count of s, ms, us or ns since 1970 */
    CSV_STAMP_OFFSET, /* date and time with Z or an offset */
    CSV_STAMP_WALL,   /* date and time of some clock on a wall */
    CSV_STAMP_DATE,   /* a date alone */
};

/* What a stamp says, before any zone. */
struct csv_reading {
    enum csv_stamp_kind kind;
    int64_t count;    /* EPOCH: whole units */
    int64_t local_s;  /* others: the reading in seconds since 1970-01-01 00:00 of its own clock */
    int32_t offset_s; /* OFFSET: seconds east of UTC */
    bool fraction;    /* there are decimals, and not all are zero */
};

/*   1704205800, 1704205800000...          up to 19 digits, decimals allowed
 *   2024-01-02T09:30[:00[.000]][Z|±hh:mm] or with a space for the T, or / for -
 *   20240102 09:30[:00]                    likewise
 *   2024-01-02, 2024/01/02, 20240102       dates
 */
bool csv_stamp_read(const char *text, size_t length, struct csv_reading *ret);

/* The unit in ns that the size of a count suggests (s until the year 5138), and its name. */
int64_t csv_epoch_unit_ns(int64_t count);
const char *csv_stamp_name(enum csv_stamp_kind kind, int64_t unit_ns); /* "epoch_ms" "wall_clock" */

/* Turns the stamps of one file into bar starts, and remembers the last hour's place in time, since
 * of successive rows only the minutes change. */
struct csv_clock {
    const struct csv_options *options;
    enum csv_stamp_kind kind;
    int64_t unit_ns;
    int64_t shift_ns; /* from the stamp to the bar's start: 0, or minus the timeframe */

    /* the last hour; prefix_length 0 when there is none */
    int32_t prefix_length; /* of the characters up to the hour */
    bool seconds;
    uint64_t prefix_head, prefix_tail; /* its first and its last eight characters */
    int64_t hour_ns;
    int32_t suffix_length; /* of the offset behind the time */
    uint64_t suffix, suffix_mask;
};

void csv_clock_init(struct csv_clock *c, const struct csv_options *options,
                    enum csv_stamp_kind kind, int64_t unit_ns);

/* The bar start of a reading, NULL or a problem ("is not ..."). `previous_ns` is the row before's,
 * by which one of two meanings of an autumn hour is chosen. *ret_inside tells whether a session day
 * holds it when bars are days (then the start is the session's open); always true for minutes.
 * *ret_whole tells whether it is on the minute. */
const char *csv_clock_time(const struct csv_clock *c, const struct csv_reading *r,
                           int64_t previous_ns, int64_t *ret_ns, bool *ret_inside, bool *ret_whole);

/* Reads the stamp at p[0..length) and remembers its hour for csv_clock_fast when it may. */
bool csv_clock_learn(struct csv_clock *c, const char *p, size_t length);

/* Fast path: the bar start of the stamp at *at, which moves behind it. Minute bars only; false when
 * the slow path must look. */
static inline bool csv_clock_fast_epoch(const struct csv_clock *c, const char **at, int64_t *ret_ns)
{
    const char *p = *at;
    uint64_t word = csv_load8(p);
    if (csv_digit_count(word) != 8)
        return false;
    uint64_t count = csv_digits(word, 8);
    p += 8;
    for (int group = 0; group < 2; group++) {
        word = csv_load8(p);
        int n = csv_digit_count(word);
        if ((group == 0 && n == 0) || (group == 1 && n > 3)) /* a date, or too much for int64 */
            return false;
        if (n > 0)
            count = count * csv_power_of_ten[n] + csv_digits(word, n);
        p += n;
        if (n < 8)
            break;
    }
    int64_t ns;
    if (count > INT64_MAX || __builtin_mul_overflow((int64_t)count, c->unit_ns, &ns))
        return false;
    *ret_ns = ns + c->shift_ns;
    *at = p;
    return ns % NS_PER_MINUTE == 0;
}

static inline bool csv_clock_fast_wall(const struct csv_clock *c, const char **at, int64_t *ret_ns)
{
    const char *p = *at + c->prefix_length;
    if (c->prefix_length == 0 || csv_load8(*at) != c->prefix_head ||
        csv_load8(p - 8) != c->prefix_tail)
        return false;
    unsigned tens = (unsigned)(p[1] - '0'), ones = (unsigned)(p[2] - '0');
    if (p[0] != ':' || tens > 5 || ones > 9)
        return false;
    p += 3;
    if (c->seconds) {
        if (p[0] != ':' || p[1] != '0' || p[2] != '0')
            return false;
        p += 3;
    }
    if ((csv_load8(p) & c->suffix_mask) != c->suffix)
        return false;
    *ret_ns = c->hour_ns + (int64_t)(tens * 10 + ones) * NS_PER_MINUTE;
    *at = p + c->suffix_length;
    return true;
}

#endif
