#include "engine/study/study_window.h"

#include "tests/engine/make_bars.h"

#include <stdlib.h>

static const struct zone *zone_named(const char *name)
{
    const struct zone *z = NULL;
    assert_int_equal(zone_find(name, &z, NULL), ERR_OK);
    return z;
}

static bool inside(const struct study_window *w, const char *date, int32_t utc_minute)
{
    return study_window_at(w, w->zone, instant(date, utc_minute)).inside;
}

static void a_window_is_half_open(void **state)
{
    (void)state;
    struct study_window w = {.from_minute = 585, .to_minute = 690, .zone = zone_utc()};
    assert_false(inside(&w, "2024-01-02", 584));
    assert_true(inside(&w, "2024-01-02", 585));
    assert_true(inside(&w, "2024-01-02", 689));
    assert_false(inside(&w, "2024-01-02", 690));
    /* A bar's start counts to the nanosecond. */
    assert_true(study_window_at(&w, w.zone, instant("2024-01-02", 690) - 1).inside);
    assert_false(study_window_at(&w, w.zone, instant("2024-01-02", 585) - 1).inside);
}

static void a_window_follows_daylight_saving(void **state)
{
    (void)state;
    struct study_window w = {
        .from_minute = 585, .to_minute = 690, .zone = zone_named("America/New_York")};
    assert_true(inside(&w, "2024-03-08", 585 + 300)); /* winter: five hours */
    assert_false(inside(&w, "2024-03-08", 585 + 240));
    assert_true(inside(&w, "2024-03-11", 585 + 240)); /* summer: four */
    assert_false(inside(&w, "2024-03-11", 690 + 240));
    struct study_moment m = study_window_at(&w, w.zone, instant("2024-03-12", 30));
    assert_int_equal(m.day, day_of("2024-03-11"));
    assert_int_equal(m.minute, 20 * 60 + 30);
}

static void weekdays_are_local(void **state)
{
    (void)state;
    struct study_window w = {.from_minute = 0,
                             .to_minute = MINUTES_OF_DAY,
                             .zone = zone_named("Asia/Kolkata"),
                             .weekdays = WEEKDAY_BIT(2)};
    assert_true(inside(&w, "2024-01-01", 20 * 60)); /* Monday evening in UTC is Tuesday in India */
    assert_false(inside(&w, "2024-01-01", 18 * 60));
    assert_false(inside(&w, "2024-01-02", 20 * 60));
}

static void a_window_past_midnight_belongs_to_the_day_it_opened(void **state)
{
    (void)state;
    struct study_window w = {.from_minute = 22 * 60,
                             .to_minute = 2 * 60,
                             .zone = zone_utc(),
                             .weekdays = WEEKDAY_BIT(1)}; /* 2024-01-01 is a Monday */
    assert_true(inside(&w, "2024-01-01", 22 * 60));
    assert_true(inside(&w, "2024-01-02", 119));
    assert_false(inside(&w, "2024-01-02", 120));
    assert_false(inside(&w, "2024-01-01", 60)); /* Sunday's window */
    assert_false(inside(&w, "2024-01-02", 23 * 60));
    w.weekdays = 0;
    assert_true(inside(&w, "2024-01-01", 60));
    w.to_minute = 0;
    assert_true(inside(&w, "2024-01-02", 23 * 60 + 59));
    assert_false(inside(&w, "2024-01-02", 0));
}

static void dates_before_1970_work(void **state)
{
    (void)state;
    struct study_window w = {.from_minute = 600, .to_minute = 601, .zone = zone_utc()};
    assert_true(inside(&w, "1969-12-30", 600));
    struct study_moment m = study_window_at(&w, w.zone, -1);
    assert_int_equal(m.day, -1);
    assert_int_equal(m.minute, MINUTES_OF_DAY - 1);
}

static void windows_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct study_window window;
        const char *pointer;
    } bad[] = {
        {{.from_minute = -1, .to_minute = 5}, "/window/from"},
        {{.from_minute = 1440, .to_minute = 5}, "/window/from"},
        {{.from_minute = 0, .to_minute = 1441}, "/window/to"},
        {{.from_minute = 0, .to_minute = -1}, "/window/to"},
        {{.from_minute = 5, .to_minute = 5}, "/window/to"},
        {{.from_minute = 0, .to_minute = 5, .weekdays = 0x80}, "/window/days"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error e = {0};
        assert_int_equal(study_window_check(&bad[i].window, &e), ERR_INVALID);
        assert_string_equal(e.pointer, bad[i].pointer);
    }
    struct study_window whole = {.from_minute = 0, .to_minute = 1440};
    assert_int_equal(study_window_check(&whole, NULL), ERR_OK);
}

static void many_bars_agree_with_one_at_a_time(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("24x7", "2024-03-08", "2024-03-12", 1, 0.1, 0);
    static const char *const zones[] = {"UTC", "America/New_York", "Asia/Kolkata"};
    static const struct study_window windows[] = {
        {.from_minute = 0, .to_minute = 1440},
        {.from_minute = 585, .to_minute = 690},
        {.from_minute = 1320, .to_minute = 120, .weekdays = 0x51},
        {.from_minute = 60, .to_minute = 180, .weekdays = 0x40},
    };
    int32_t *day = calloc((size_t)bars->count, sizeof *day);
    int16_t *minute = calloc((size_t)bars->count, sizeof *minute);
    bool *in = calloc((size_t)bars->count, sizeof *in);
    for (size_t z = 0; z < 3; z++) {
        const struct zone *zone = zone_named(zones[z]);
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
            study_window_bars(&windows[w], zone, bars, 5, bars->count, day, minute, in);
            for (int64_t i = 5; i < bars->count; i++) {
                struct study_moment m = study_window_at(&windows[w], zone, bars->time_ns[i]);
                assert_int_equal(day[i - 5], m.day);
                assert_int_equal(minute[i - 5], m.minute);
                assert_int_equal(in[i - 5], m.inside);
            }
        }
    }
    free(day);
    free(minute);
    free(in);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_half_open),
        cmocka_unit_test(a_window_follows_daylight_saving),
        cmocka_unit_test(weekdays_are_local),
        cmocka_unit_test(a_window_past_midnight_belongs_to_the_day_it_opened),
        cmocka_unit_test(dates_before_1970_work),
        cmocka_unit_test(windows_that_make_no_sense_are_refused),
        cmocka_unit_test(many_bars_agree_with_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
