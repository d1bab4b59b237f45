#include "base/civil.h"
#include "base/strbuf.h"
#include "server/report/html.h"
#include "server/report/scale.h"
#include "server/report/show.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool is_nice(double step)
{
    double mantissa = step / pow(10, floor(log10(step) + 1e-9));
    static const double nice[] = {1, 2, 2.5, 5, 10};
    for (size_t i = 0; i < sizeof(nice) / sizeof(nice[0]); i++)
        if (fabs(mantissa - nice[i]) < 1e-9)
            return true;
    return false;
}

static void ticks_are_round_cover_the_range_and_are_not_too_many(void **state)
{
    uint64_t seed = 42;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double size = pow(10, (double)(next(&seed) % 18) - 6);
        double low = ((double)(next(&seed) % 2000001) - 1e6) / 1e6 * size;
        double high = low + (double)(next(&seed) % 1000001) / 1e6 * size;
        int32_t most = 2 + (int32_t)(next(&seed) % 20);
        struct number_ticks t = number_ticks(low, high, most);
        assert_true(is_nice(t.step));
        assert_in_range(t.count, 2, most + 1);
        assert_true(number_ticks_low(&t) <= low + t.step * 1e-6);
        assert_true(number_ticks_high(&t) >= high - t.step * 1e-6);
        /* No finer than needed: under half as many would do with the next step. */
        assert_true(t.step * (t.count + 1) >= high - low);
    }
}

static void ticks_of_nothing_have_room_around_it(void **state)
{
    static const double values[] = {0, 100000, -3, 1e-15, 1e14};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct number_ticks t = number_ticks(values[i], values[i], 5);
        assert_true(number_ticks_low(&t) <= values[i] && values[i] <= number_ticks_high(&t));
        assert_true(number_ticks_low(&t) < number_ticks_high(&t));
    }
}

static void decimals_tell_two_ticks_apart(void **state)
{
    static const struct {
        double low, high;
        int32_t most;
        double step;
        int32_t decimals;
    } rows[] = {
        {0, 10, 5, 2, 0},
        {0, 1, 5, 0.2, 1},
        {0, 1, 4, 0.25, 2},
        {0, 10, 4, 2.5, 1},
        {-0.004, 0.006, 5, 0.002, 3},
        {99000, 101000, 4, 500, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct number_ticks t = number_ticks(rows[i].low, rows[i].high, rows[i].most);
        assert_true(fabs(t.step - rows[i].step) < 1e-12);
        assert_int_equal(t.decimals, rows[i].decimals);
    }
}

static void counts_have_whole_steps(void **state)
{
    (void)state;
    for (int32_t high = 1; high < 3000; high++) {
        struct number_ticks t = count_ticks(0, high, 4);
        assert_true(t.step == floor(t.step) && t.step >= 1);
        assert_int_equal(t.decimals, 0);
        assert_in_range(t.count, 2, 5);
        assert_true(number_ticks_high(&t) >= high);
    }
}

/* ---- days ---- */

enum { DAYS = 8000 };

static size_t weekdays_from(int32_t day, size_t count, int32_t *days)
{
    for (size_t n = 0; n < count; day++)
        if (civil_weekday(day) <= 5)
            days[n++] = day;
    return count;
}

static void labels_are(const int32_t *days, size_t count, size_t most, const char *expected)
{
    struct day_ticks t;
    struct strbuf text;
    strbuf_init(&text, 4096);
    day_ticks(days, count, most, &t);
    for (size_t i = 0; i < t.count; i++)
        strbuf_add_format(&text, "%s%s", i ? ", " : "", t.items[i].label);
    assert_string_equal(strbuf_text(&text), expected);
    strbuf_release(&text);
}

static void days_weeks_months_and_years_are_named_as_they_fit(void **state)
{
    static int32_t days[DAYS];
    int32_t monday = civil_to_days((struct civil_date){2024, 1, 8});
    int32_t march = civil_to_days((struct civil_date){2021, 3, 15});
    (void)state;
    labels_are(days, weekdays_from(monday, 3, days), 8, "8 Jan, 9 Jan, 10 Jan");
    labels_are(days, weekdays_from(monday, 15, days), 8, "8 Jan, 15 Jan, 22 Jan");
    labels_are(days, weekdays_from(monday, 60, days), 8,
               "8 Jan, 22 Jan, 5 Feb, 19 Feb, 4 Mar, 18 Mar");
    labels_are(days, weekdays_from(monday, 110, days), 8, "Feb 2024, Mar, Apr, May, Jun");
    labels_are(days, weekdays_from(march, 260, days), 8, "Apr 2021, Jul, Oct, 2022");
    labels_are(days, weekdays_from(march, 700, days), 8, "Jul 2021, 2022, Jul, 2023, Jul");
    labels_are(days, weekdays_from(march, 1300, days), 8, "2022, 2023, 2024, 2025, 2026");
    labels_are(days, weekdays_from(march, 8000, days), 8, "2025, 2030, 2035, 2040, 2045, 2050");
}

static void any_days_have_ticks_in_order_and_not_too_many(void **state)
{
    static int32_t days[DAYS];
    uint64_t seed = 7;
    (void)state;
    for (int i = 0; i < 400; i++) {
        size_t count = 1 + next(&seed) % (i % 2 ? DAYS : 100);
        size_t most = 1 + next(&seed) % DAY_TICKS_MAX;
        int32_t day = (int32_t)(next(&seed) % 20000);
        for (size_t n = 0; n < count; n++) {
            days[n] = day;
            day += 1 + (int32_t)(next(&seed) % 3) * (int32_t)(next(&seed) % 4);
        }
        struct day_ticks t;
        day_ticks(days, count, most, &t);
        assert_in_range(t.count, 1, most);
        for (size_t k = 0; k < t.count; k++) {
            assert_true(t.items[k].index < count);
            assert_true(k == 0 || t.items[k].index > t.items[k - 1].index);
            assert_true(t.items[k].label[0]);
        }
    }
}

static void no_days_have_no_ticks(void **state)
{
    struct day_ticks t;
    (void)state;
    day_ticks(NULL, 0, 4, &t);
    assert_int_equal(t.count, 0);
}

static void minutes_step_by_parts_of_hours(void **state)
{
    (void)state;
    assert_int_equal(minute_step(570, 960, 9), 60);
    assert_int_equal(minute_step(570, 960, 30), 15);
    assert_int_equal(minute_step(585, 690, 8), 15);
    assert_int_equal(minute_step(0, 1440, 9), 180);
    assert_int_equal(minute_step(600, 600, 9), 1);
}

/* ---- figures as text ---- */

static void figures_are_grouped_signed_and_rounded(void **state)
{
    (void)state;
    assert_string_equal(show_count(1234567).text, "1,234,567");
    assert_string_equal(show_count(-1234).text, "\xe2\x88\x92"
                                                "1,234");
    assert_string_equal(show_number(1234.567, 2).text, "1,234.57");
    assert_string_equal(show_number(NAN, 2).text, "\xe2\x80\x93");
    assert_string_equal(show_number(INFINITY, 2).text, "\xe2\x88\x9e");
    assert_string_equal(show_percent(0.1234, 1).text, "12.3\xe2\x80\xaf%");
    assert_string_equal(show_change(0.1234, 1).text, "+12.3\xe2\x80\xaf%");
    assert_string_equal(show_change(-0.1234, 1).text, "\xe2\x88\x92"
                                                      "12.3\xe2\x80\xaf%");
    assert_string_equal(show_money(-1234500000).text, "\xe2\x88\x92"
                                                      "1,234.50");
    assert_string_equal(show_gain(1234500000).text, "+1,234.50");
    assert_string_equal(show_price(100000000).text, "100.00");
    assert_string_equal(show_price(1234125456).text, "1,234.13");
    assert_string_equal(show_price(12123456).text, "12.1235");
    assert_string_equal(show_price(123456).text, "0.123456");
    assert_string_equal(show_minute(585).text, "09:45");
    assert_string_equal(show_day(19786).text, "4 Mar 2024");
    assert_string_equal(show_month(2024 * 12 + 11).text, "Dec 2024");
}

static void what_rounds_to_nothing_has_no_sign(void **state)
{
    (void)state;
    assert_string_equal(show_change(-0.00001, 2).text, "0.00\xe2\x80\xaf%");
    assert_string_equal(show_change(0.0, 1).text, "0.0\xe2\x80\xaf%");
}

static void spans_are_told_in_two_units(void **state)
{
    int64_t minute = INT64_C(60000000000);
    (void)state;
    assert_string_equal(show_span(30 * INT64_C(1000000000)).text, "30 s");
    assert_string_equal(show_span(45 * minute).text, "45 min");
    assert_string_equal(show_span(125 * minute).text, "2 h 5 min");
    assert_string_equal(show_span((3 * 24 + 4) * 60 * minute).text, "3 d 4 h");
    assert_string_equal(show_span(1200 * 24 * 60 * minute).text, "1,200 d");
}

/* ---- markup ---- */

static void format_is(const char *expected, struct strbuf *b)
{
    assert_string_equal(strbuf_text(b), expected);
    strbuf_clear(b);
}

static void text_is_escaped_and_markup_is_not(void **state)
{
    struct strbuf b;
    (void)state;
    strbuf_init(&b, 4096);
    html_format(&b, "<p title=\"%s\">%d %lld %zu %%</p>", "a<b>&\"'", -3, (long long)1 << 40,
                (size_t)7);
    format_is("<p title=\"a&lt;b&gt;&amp;&quot;&#39;\">-3 1099511627776 7 %</p>", &b);
    html_format(&b, "%s", "</script><script>alert(1)</script>");
    format_is("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;", &b);
    strbuf_release(&b);
}

static void what_xml_does_not_allow_becomes_the_replacement_character(void **state)
{
    struct strbuf b;
    (void)state;
    strbuf_init(&b, 4096);
    html_text(&b, "a\x01\x7f"
                  "b\tc\nd");
    format_is("a\xef\xbf\xbd\xef\xbf\xbd"
              "b\tc\nd",
              &b);
    html_text(&b, "\xff\xc3\xa9\xed\xa0\x80");
    format_is("\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", &b);
    html_text(&b, "\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd");
    format_is("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", &b);
    html_text(&b, NULL);
    format_is("", &b);
    strbuf_release(&b);
}

static void coordinates_have_one_decimal_at_most(void **state)
{
    static const struct {
        double x;
        const char *text;
    } rows[] = {{0, "0"},        {-0.01, "0"},   {12.34, "12.3"},
                {-0.06, "-0.1"}, {99.96, "100"}, {-7, "-7"}};
    struct strbuf b;
    (void)state;
    strbuf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        html_coordinate(&b, rows[i].x);
        format_is(rows[i].text, &b);
    }
    strbuf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_cover_the_range_and_are_not_too_many),
        cmocka_unit_test(ticks_of_nothing_have_room_around_it),
        cmocka_unit_test(decimals_tell_two_ticks_apart),
        cmocka_unit_test(counts_have_whole_steps),
        cmocka_unit_test(days_weeks_months_and_years_are_named_as_they_fit),
        cmocka_unit_test(any_days_have_ticks_in_order_and_not_too_many),
        cmocka_unit_test(no_days_have_no_ticks),
        cmocka_unit_test(minutes_step_by_parts_of_hours),
        cmocka_unit_test(figures_are_grouped_signed_and_rounded),
        cmocka_unit_test(what_rounds_to_nothing_has_no_sign),
        cmocka_unit_test(spans_are_told_in_two_units),
        cmocka_unit_test(text_is_escaped_and_markup_is_not),
        cmocka_unit_test(what_xml_does_not_allow_becomes_the_replacement_character),
        cmocka_unit_test(coordinates_have_one_decimal_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
