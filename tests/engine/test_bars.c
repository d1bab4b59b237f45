#include "engine/bars/bars.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "engine/bars/demo.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct timeframe minute = {1};

static const struct calendar *find(const char *name)
{
    const struct calendar *c = NULL;
    assert_int_equal(calendar_find(name, &c, NULL), ERR_OK);
    return c;
}

static int64_t at(const char *stamp)
{
    int64_t ns;
    assert_int_equal(rfc3339_parse(stamp, strlen(stamp), &ns, NULL), ERR_OK);
    return ns;
}

static int32_t day_of(const char *date)
{
    int32_t day;
    assert_true(civil_parse(date, strlen(date), &day));
    return day;
}

/* Bars at the stamps given, all prices `price`, volume 1. */
static void build(struct bars_builder *b, const char *const *stamps, int64_t count, double price)
{
    assert_int_equal(bars_builder_init(b, count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < count; i++) {
        b->time_ns[i] = at(stamps[i]);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b->column[c][i] = c == BAR_VOLUME ? 1 : price;
    }
}

static const char *const three_days[] = {"2024-07-02T13:30:00Z", "2024-07-02T19:59:00Z",
                                         "2024-07-03T13:30:00Z", "2024-07-03T13:31:00Z",
                                         "2024-07-03T16:59:00Z", "2024-07-05T14:00:00Z"};

static void publishing_finds_the_sessions(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b = NULL;
    build(&builder, three_days, 6, 10);
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, 2, &b, NULL), ERR_OK);
    bars_builder_release(&builder); /* does nothing now */
    assert_int_equal(b->count, 6);
    assert_int_equal(b->session_count, 3);
    static const int64_t first[] = {0, 2, 5}, end[] = {2, 5, 6};
    static const char *const days[] = {"2024-07-02", "2024-07-03", "2024-07-05"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->sessions[i].first, first[i]);
        assert_int_equal(b->sessions[i].end, end[i]);
        assert_int_equal(b->sessions[i].day, day_of(days[i]));
    }
    assert_int_equal(b->sessions[1].open_ns, at("2024-07-03T13:30:00Z"));
    assert_int_equal(b->sessions[1].close_ns, at("2024-07-03T17:00:00Z"));
    for (int64_t i = 0; i < 6; i++)
        assert_int_equal(bars_session_of(b, i), i < 2 ? 0 : i < 5 ? 1 : 2);
    assert_true(bars_size_bytes(b) >= 6 * 6 * 8);
    bars_unref(b);
    bars_unref(NULL);
}

static void bars_out_of_order_or_session_are_refused_by_number(void **state)
{
    (void)state;
    static const char *const twice[] = {"2024-07-02T13:30:00Z", "2024-07-02T13:31:00Z",
                                        "2024-07-02T13:31:00Z"};
    static const char *const back[] = {"2024-07-02T13:31:00Z", "2024-07-02T13:30:00Z"};
    static const char *const closed[] = {"2024-07-03T16:59:00Z", "2024-07-03T17:00:00Z"};
    static const char *const holiday[] = {"2024-07-04T15:00:00Z"};
    static const struct {
        const char *const *stamps;
        int64_t count, line;
    } rows[] = {{twice, 3, 3}, {back, 2, 2}, {closed, 2, 2}, {holiday, 1, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bars_builder builder;
        const struct bars *b = NULL;
        struct error e;
        build(&builder, rows[i].stamps, rows[i].count, 10);
        assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, &e), ERR_DATA);
        assert_int_equal(e.line, rows[i].line);
        assert_null(b);
        bars_builder_release(&builder);
    }
}

static void order_is_checked_deep_in_a_long_series(void **state)
{
    (void)state;
    for (int64_t wrong = 1; wrong < 5000; wrong += 357) {
        struct bars_builder builder;
        const struct bars *b = NULL;
        struct error e;
        assert_int_equal(bars_builder_init(&builder, 5000, 0, NULL), ERR_OK);
        for (int64_t i = 0; i < 5000; i++)
            builder.time_ns[i] = i * NS_PER_MINUTE;
        builder.time_ns[wrong] = builder.time_ns[wrong - 1];
        assert_int_equal(bars_publish(&builder, find("24x7"), minute, 0, &b, &e), ERR_DATA);
        assert_int_equal(e.line, wrong + 1);
        bars_builder_release(&builder);
    }
}

static void an_empty_series_is_fine(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    assert_int_equal(bars_builder_init(&builder, 0, BAR_ALL_COLUMNS, NULL), ERR_OK);
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, NULL), ERR_OK);
    assert_int_equal(b->session_count, 0);
    assert_int_equal(bars_lower_bound(b, 0), 0);
    assert_int_equal(bars_session_lower_bound(b, 0), 0);
    bars_unref(b);
}

static void a_column_that_was_not_asked_for_is_null(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    assert_int_equal(bars_builder_init(&builder, 1, BAR_COLUMN_BIT(BAR_CLOSE), NULL), ERR_OK);
    builder.time_ns[0] = at("2024-07-02T13:30:00Z");
    builder.column[BAR_CLOSE][0] = 12.25;
    assert_null(builder.column[BAR_OPEN]);
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, NULL), ERR_OK);
    assert_null(b->column[BAR_VOLUME]);
    assert_int_equal(b->price_decimals, 2);
    bars_unref(b);
}

static void decimals_are_found_up_to_the_first_price_that_is_none(void **state)
{
    (void)state;
    static const struct {
        double price; /* of bar 3; the others are whole */
        int32_t decimals;
        int64_t end;
    } rows[] = {{0, 0, 6},         {12, 0, 6},         {12.5, 1, 6},      {0.1 + 0.2, 0, 3},
                {9e9 + 0.5, 1, 6}, {1e14 + 0.5, 0, 3}, /* too big for 6 decimals */
                {0.000001, 6, 6},  {0.0000001, 0, 3},  {16284.7, 1, 6},   {14020.7999, 4, 6},
                {1.0 / 3, 0, 3},   {1e300, 0, 3},      {123.456789, 6, 6}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bars_builder builder;
        const struct bars *b;
        build(&builder, three_days, 6, 10);
        builder.column[BAR_HIGH][3] = rows[i].price;
        assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, NULL), ERR_OK);
        assert_int_equal(b->price_decimals, rows[i].decimals);
        assert_int_equal(b->decimal_end, rows[i].end);
        bars_unref(b);
    }
}

static void prices_too_big_from_the_start_are_no_decimals(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    build(&builder, three_days, 6, 9007199254740992.0);
    builder.column[BAR_LOW][5] = 0.25;
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, NULL), ERR_OK);
    assert_int_equal(b->decimal_end, 0);
    bars_unref(b);
}

static void volume_has_no_say_in_the_decimals(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    build(&builder, three_days, 6, 10.5);
    builder.column[BAR_VOLUME][0] = 1.0 / 3;
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, -2, &b, NULL), ERR_OK);
    assert_int_equal(b->price_decimals, 1);
    bars_unref(b);
}

static void lookups_find_the_first_at_or_after(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    build(&builder, three_days, 6, 10);
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, 2, &b, NULL), ERR_OK);
    assert_int_equal(bars_lower_bound(b, INT64_MIN), 0);
    assert_int_equal(bars_lower_bound(b, INT64_MAX), 6);
    for (int64_t i = 0; i < 6; i++) {
        assert_int_equal(bars_lower_bound(b, b->time_ns[i]), i);
        assert_int_equal(bars_lower_bound(b, b->time_ns[i] + 1), i + 1);
    }
    assert_int_equal(bars_session_lower_bound(b, day_of("2024-01-01")), 0);
    assert_int_equal(bars_session_lower_bound(b, day_of("2024-07-03")), 1);
    assert_int_equal(bars_session_lower_bound(b, day_of("2024-07-04")), 2);
    assert_int_equal(bars_session_lower_bound(b, day_of("2024-07-06")), 3);
    bars_unref(b);
}

static void *ref_and_unref(void *context)
{
    for (int i = 0; i < 2000; i++)
        bars_unref(bars_ref(context));
    bars_unref(context);
    return NULL;
}

static void references_are_counted_across_threads(void **state)
{
    (void)state;
    struct bars_builder builder;
    const struct bars *b;
    build(&builder, three_days, 6, 10);
    assert_int_equal(bars_publish(&builder, find("XNYS"), minute, 2, &b, NULL), ERR_OK);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, (void *)bars_ref(b)), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(b->count, 6);
    bars_unref(b); /* the last: a leak or a use after free shows under the sanitizers */
}

static const struct bars *demo(uint64_t seed, double missing_share, int64_t max_count)
{
    struct demo_options o = {.seed = seed,
                             .calendar = find("XNYS"),
                             .from_day = day_of("2024-06-24"),
                             .to_day = day_of("2024-07-12"),
                             .first_price = 100,
                             .price_decimals = 2,
                             .missing_share = missing_share,
                             .max_count = max_count};
    const struct bars *b;
    assert_int_equal(demo_bars(&o, &b, NULL), ERR_OK);
    return b;
}

/* The definition, bin by bin over the clock: slow and obvious. */
static int64_t resample_naive(const struct bars *b, int32_t minutes, int64_t *time_ns,
                              double (*value)[BAR_COLUMN_COUNT])
{
    int64_t n = 0;
    for (int64_t k = 0; k < b->session_count; k++) {
        const struct bars_session *s = &b->sessions[k];
        int64_t width = minutes ? minutes * NS_PER_MINUTE : s->close_ns - s->open_ns;
        for (int64_t start = s->open_ns; start < s->close_ns; start += width) {
            int64_t inside = 0;
            for (int64_t i = 0; i < b->count; i++) {
                if (b->time_ns[i] < start || b->time_ns[i] >= start + width ||
                    b->time_ns[i] >= s->close_ns)
                    continue;
                double *v = value[n];
                double high = b->column[BAR_HIGH][i], low = b->column[BAR_LOW][i];
                v[BAR_OPEN] = inside ? v[BAR_OPEN] : b->column[BAR_OPEN][i];
                v[BAR_HIGH] = inside && v[BAR_HIGH] > high ? v[BAR_HIGH] : high;
                v[BAR_LOW] = inside && v[BAR_LOW] < low ? v[BAR_LOW] : low;
                v[BAR_CLOSE] = b->column[BAR_CLOSE][i];
                v[BAR_VOLUME] = (inside ? v[BAR_VOLUME] : 0) + b->column[BAR_VOLUME][i];
                inside++;
            }
            if (inside)
                time_ns[n++] = start;
        }
    }
    return n;
}

static void resampling_equals_its_definition(void **state)
{
    (void)state;
    static const int32_t widths[] = {2, 5, 7, 15, 30, 60, 120, 240, 0};
    static int64_t time_ns[4000];
    static double value[4000][BAR_COLUMN_COUNT];
    const struct bars *b = demo(3, 0.35, 2500);
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        const struct bars *r;
        int64_t n = resample_naive(b, widths[w], time_ns, value);
        assert_int_equal(bars_resample(b, (struct timeframe){widths[w]}, BAR_ALL_COLUMNS, &r, NULL),
                         ERR_OK);
        assert_int_equal(r->count, n);
        assert_int_equal(r->timeframe.minutes, widths[w]);
        assert_int_equal(r->price_decimals, 2);
        for (int64_t i = 0; i < n; i++) {
            assert_int_equal(r->time_ns[i], time_ns[i]);
            for (int c = 0; c < BAR_COLUMN_COUNT; c++)
                assert_true(r->column[c][i] == value[i][c]);
        }
        bars_unref(r);
    }
    bars_unref(b);
}

static void resampling_keeps_to_the_mask_and_to_multiples(void **state)
{
    (void)state;
    const struct bars *b = demo(4, 0, 900), *five, *ten, *same, *none = NULL;
    struct error e;
    assert_int_equal(
        bars_resample(b, (struct timeframe){5}, BAR_COLUMN_BIT(BAR_CLOSE), &five, NULL), ERR_OK);
    assert_null(five->column[BAR_OPEN]);
    assert_int_equal(
        bars_resample(five, (struct timeframe){10}, BAR_COLUMN_BIT(BAR_CLOSE), &ten, NULL), ERR_OK);
    assert_int_equal(
        bars_resample(five, (struct timeframe){5}, BAR_COLUMN_BIT(BAR_CLOSE), &same, NULL), ERR_OK);
    assert_ptr_equal(same, five);
    assert_int_equal(
        bars_resample(five, (struct timeframe){7}, BAR_COLUMN_BIT(BAR_CLOSE), &none, &e),
        ERR_INVALID);
    assert_string_equal(e.message, "7m bars can't be made from 5m bars");
    assert_null(none);
    bars_unref(b);
    bars_unref(five);
    bars_unref(ten);
    bars_unref(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publishing_finds_the_sessions),
        cmocka_unit_test(bars_out_of_order_or_session_are_refused_by_number),
        cmocka_unit_test(order_is_checked_deep_in_a_long_series),
        cmocka_unit_test(an_empty_series_is_fine),
        cmocka_unit_test(a_column_that_was_not_asked_for_is_null),
        cmocka_unit_test(decimals_are_found_up_to_the_first_price_that_is_none),
        cmocka_unit_test(prices_too_big_from_the_start_are_no_decimals),
        cmocka_unit_test(volume_has_no_say_in_the_decimals),
        cmocka_unit_test(lookups_find_the_first_at_or_after),
        cmocka_unit_test(references_are_counted_across_threads),
        cmocka_unit_test(resampling_equals_its_definition),
        cmocka_unit_test(resampling_keeps_to_the_mask_and_to_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
