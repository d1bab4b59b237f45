/* Where the ticks of an axis stand, and what they say. Plain values; no I/O.
 *
 * An axis of days counts days that are there (sessions), not the calendar's: nights, weekends and
 * holidays take no room.
 */
#ifndef SERVER_REPORT_SCALE_H
#define SERVER_REPORT_SCALE_H

#include <stddef.h>
#include <stdint.h>

/* first * step, (first + 1) * step, ... : `count` of them, at least 2. */
struct number_ticks {
    double step; /* 1, 2, 2.5 or 5 times a power of ten */
    int64_t first;
    int32_t count;
    int32_t decimals; /* that tell two neighbours apart; 0..12 */
};

/* Ticks over [low, high] (any order, finite, under 1e15): the first at or below, the last at or
 * above it, and at most `most` + 1 of them; most >= 2. A range of nothing is widened around its
 * value. */
struct number_ticks number_ticks(double low, double high, int32_t most);
/* The same for counts: steps are whole numbers. */
struct number_ticks count_ticks(double low, double high, int32_t most);
double number_tick(const struct number_ticks *t, int32_t i);
static inline double number_ticks_low(const struct number_ticks *t)
{
    return number_tick(t, 0);
}
static inline double number_ticks_high(const struct number_ticks *t)
{
    return number_tick(t, t->count - 1);
}

enum { DAY_TICKS_MAX = 16, DAY_TICK_TEXT = 16 };
struct day_ticks {
    size_t count;
    struct {
        size_t index; /* into the days */
        char label[DAY_TICK_TEXT];
    } items[DAY_TICKS_MAX];
};

/* At most `most` (1..DAY_TICKS_MAX) ticks over `count` days that ascend, each on the first day of a
 * day, week, two weeks, month, quarter, half year, year or several: the finest of these that fits.
 * None only without days. Labels: "4 Mar", "Mar" and, in January and where the axis begins, the
 * year. */
void day_ticks(const int32_t *days, size_t count, size_t most, struct day_ticks *ret);

/* Minutes of a day between low and high (0..1440), both ends included where they fit: multiples of
 * the returned step, the finest of 1 2 5 10 15 30 60 120 180 240 360 720 with at most `most` + 1
 * ticks. */
int32_t minute_step(int32_t low, int32_t high, int32_t most);

#endif
