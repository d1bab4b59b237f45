/* Bars for tests of the engine: generated ones, and a few by hand. */
#ifndef TESTS_ENGINE_MAKE_BARS_H
#define TESTS_ENGINE_MAKE_BARS_H

#include "base/civil.h"
#include "base/clock.h"
#include "engine/bars/bars.h"
#include "engine/bars/demo.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static inline const struct calendar *calendar_named(const char *name)
{
    const struct calendar *c = NULL;
    assert_int_equal(calendar_find(name, &c, NULL), ERR_OK);
    return c;
}

static inline int32_t day_of(const char *date)
{
    int32_t day = 0;
    assert_true(civil_parse(date, strlen(date), &day));
    return day;
}

/* An instant in UTC, "2024-07-03" and minutes after midnight. */
static inline int64_t instant(const char *date, int32_t minute)
{
    return (int64_t)day_of(date) * NS_PER_DAY + minute * NS_PER_MINUTE;
}

static inline const struct bars *generated_bars(const char *calendar, const char *from,
                                                const char *to, uint64_t seed, double missing_share,
                                                int64_t max_count)
{
    struct demo_options options = {
        .seed = seed,
        .calendar = calendar_named(calendar),
        .from_day = day_of(from),
        .to_day = day_of(to),
        .first_price = 100,
        .price_decimals = 2,
        .missing_share = missing_share,
        .max_count = max_count,
    };
    const struct bars *bars = NULL;
    assert_int_equal(demo_bars(&options, &bars, NULL), ERR_OK);
    return bars;
}

struct made_bar {
    int64_t time_ns;
    double open, high, low, close;
};

static inline const struct bars *made_bars(const char *calendar, int32_t minutes,
                                           const struct made_bar *rows, int64_t count)
{
    struct bars_builder b;
    assert_int_equal(bars_builder_init(&b, count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < count; i++) {
        b.time_ns[i] = rows[i].time_ns;
        b.column[BAR_OPEN][i] = rows[i].open;
        b.column[BAR_HIGH][i] = rows[i].high;
        b.column[BAR_LOW][i] = rows[i].low;
        b.column[BAR_CLOSE][i] = rows[i].close;
        b.column[BAR_VOLUME][i] = 1000 + (double)i;
    }
    const struct bars *bars = NULL;
    struct error e = {0};
    enum err code =
        bars_publish(&b, calendar_named(calendar), (struct timeframe){minutes}, -2, &bars, &e);
    if (code != ERR_OK)
        fail_msg("bars: %s", e.message);
    bars_builder_release(&b);
    return bars;
}

/* Around the clock, and at the end of a day the price falls from a thousand million to
 * cents: a recurrence that begins after the fall needs far longer than usual to forget that it did
 * not see it. */
static inline const struct bars *crashing_bars(int32_t days, int32_t crash_day)
{
    int64_t count = (int64_t)days * 1440;
    struct made_bar *rows = calloc((size_t)count, sizeof *rows);
    assert_non_null(rows);
    for (int64_t i = 0; i < count; i++) {
        double price =
            i < crash_day * 1440 - 5 ? 1e9 + (double)(i % 17) : 0.25 + 0.01 * (double)(i % 13);
        rows[i] = (struct made_bar){instant("2024-01-01", 0) + i * NS_PER_MINUTE, price, price,
                                    price, price};
    }
    const struct bars *bars = made_bars("24x7", 1, rows, count);
    free(rows);
    return bars;
}

#endif
