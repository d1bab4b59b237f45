#include "server/cli/histogram.h"
#include "server/cli/import_text.h"
#include "server/cli/study_text.h"
#include "server/cli/table.h"
#include "server/cli/text_format.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a function printed, as a text. */
struct printed {
    FILE *out;
    char *text;
    size_t length;
};

static void printed_begin(struct printed *p)
{
    *p = (struct printed){0};
    p->out = open_memstream(&p->text, &p->length);
    assert_non_null(p->out);
}

static const char *printed_text(struct printed *p)
{
    fflush(p->out);
    return p->text;
}

static void printed_end(struct printed *p)
{
    fclose(p->out);
    free(p->text);
}

static struct json_value *parsed(const char *json)
{
    struct json_value *v = NULL;
    assert_int_equal(json_value_parse(json, strlen(json), &v, NULL), ERR_OK);
    return v;
}

/* ---- numbers ---- */

static void numbers_are_grouped_and_shortened(void **state)
{
    static const struct {
        int64_t value;
        const char *grouped, *shortened;
    } rows[] = {
        {0, "0", "0"},
        {999, "999", "999"},
        {1000, "1,000", "1.0k"},
        {195390, "195,390", "195k"},
        {1234567, "1,234,567", "1.2M"},
        {-1234567, "-1,234,567", "-1234567"},
        {INT64_MAX, "9,223,372,036,854,775,807", "9223372037G"},
        {INT64_MIN, "-9,223,372,036,854,775,808", "-9223372036854775808"},
    };
    char text[TEXT_FORMAT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(format_grouped(rows[i].value, text), rows[i].grouped);
        assert_string_equal(format_short(rows[i].value, text), rows[i].shortened);
    }
}

static void shares_and_times_read_well(void **state)
{
    char text[TEXT_FORMAT_MAX];
    const struct zone *zone;
    (void)state;
    assert_string_equal(format_percent(0.534, 1, text), "53.4%");
    assert_string_equal(format_percent((double)NAN, 1, text), "-");
    assert_string_equal(format_signed_percent(0.00012, 3, text), "+0.012%");
    assert_string_equal(format_signed_percent(-0.00012, 3, text), "-0.012%");
    assert_string_equal(format_money("1234567.895", text), "1,234,567.90");
    assert_string_equal(format_money("-0.004", text), "0.00");
    assert_string_equal(format_money("-0.5", text), "-0.50");
    assert_string_equal(format_money(NULL, text), "-");
    assert_string_equal(format_elapsed(0.0123, text), "12 ms");
    assert_string_equal(format_elapsed(3.44, text), "3.4 s");
    assert_string_equal(format_elapsed(125, text), "2 min 5 s");
    assert_int_equal(zone_find("America/New_York", &zone, NULL), ERR_OK);
    assert_string_equal(format_local(INT64_C(1704205800000000000), zone, text), "2024-01-02 09:30");
    assert_string_equal(format_local(-1, zone_utc(), text), "1969-12-31 23:59");
}

/* ---- tables ---- */

static void columns_line_up_by_characters(void **state)
{
    struct table t;
    struct printed p;
    (void)state;
    table_init(&t, "lrl");
    table_cell(&t, TABLE_BOLD, "name");
    table_cell(&t, TABLE_BOLD, "n");
    table_cell(&t, TABLE_BOLD, "end");
    table_cell(&t, TABLE_PLAIN, "\xc3\xa9t\xc3\xa9");
    table_cell(&t, TABLE_RED, "%d", 1234);
    table_cell(&t, TABLE_PLAIN, "x");
    printed_begin(&p);
    assert_true(table_print(&t, p.out, 2, false));
    assert_string_equal(printed_text(&p), "  name     n  end\n"
                                          "  \xc3\xa9t\xc3\xa9   1234  x\n");
    printed_end(&p);
    table_release(&t);
}

static void colour_does_not_move_columns(void **state)
{
    struct table t;
    struct printed p;
    (void)state;
    table_init(&t, "rr");
    table_cell(&t, TABLE_GREEN, "1");
    table_cell(&t, TABLE_PLAIN, "22");
    table_cell(&t, TABLE_PLAIN, "333");
    table_end_row(&t);
    table_end_row(&t);
    printed_begin(&p);
    assert_true(table_print(&t, p.out, 0, true));
    assert_string_equal(printed_text(&p), "  \033[32m1\033[0m  22\n333    \n");
    printed_end(&p);
    table_release(&t);
}

static void a_table_past_its_limit_says_so(void **state)
{
    struct table t;
    struct printed p;
    (void)state;
    table_init(&t, "l");
    for (int i = 0; i < 20000; i++)
        table_cell(&t, TABLE_PLAIN, "%0400d", i);
    printed_begin(&p);
    assert_false(table_print(&t, p.out, 0, false));
    assert_string_equal(printed_text(&p), "");
    printed_end(&p);
    table_release(&t);
}

/* ---- histograms ---- */

static void times_fall_into_buckets_without_holes(void **state)
{
    struct json_value *groups = parsed("[{\"time\":\"09:45\",\"fires\":3},"
                                       "{\"time\":\"09:59\",\"fires\":1},"
                                       "{\"time\":\"15:59\",\"fires\":2}]");
    struct histogram h;
    (void)state;
    histogram_of_times(groups, &h);
    assert_int_equal(h.count, 13); /* half hours from 09:30 */
    assert_string_equal(h.buckets[0].label, "09:30");
    assert_int_equal(h.buckets[0].fires, 4);
    assert_int_equal(h.buckets[1].fires, 0);
    assert_string_equal(h.buckets[12].label, "15:30");
    assert_int_equal(h.buckets[12].fires, 2);
    json_value_free(groups);
}

static void short_spans_have_short_buckets_and_whole_days_hours(void **state)
{
    struct json_value *narrow =
        parsed("[{\"time\":\"09:45\",\"fires\":1},{\"time\":\"10:30\",\"fires\":1}]");
    struct json_value *wide =
        parsed("[{\"time\":\"00:00\",\"fires\":1},{\"time\":\"23:59\",\"fires\":1}]");
    struct json_value *none = parsed("[]");
    struct histogram h;
    (void)state;
    histogram_of_times(narrow, &h);
    assert_int_equal(h.count, 10);
    assert_string_equal(h.buckets[9].label, "10:30");
    histogram_of_times(wide, &h);
    assert_int_equal(h.count, 24);
    histogram_of_times(none, &h);
    assert_int_equal(h.count, 0);
    json_value_free(narrow);
    json_value_free(wide);
    json_value_free(none);
}

static void times_that_are_none_are_left_out(void **state)
{
    struct json_value *groups = parsed("[{\"time\":\"24:00\",\"fires\":1},{\"time\":7},{},"
                                       "{\"time\":\"10:00\",\"fires\":5}]");
    struct histogram h;
    (void)state;
    histogram_of_times(groups, &h);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.buckets[0].fires, 5);
    json_value_free(groups);
}

static void weekends_show_when_something_fired(void **state)
{
    struct json_value *week = parsed("[{\"weekday\":\"tue\",\"fires\":2}]");
    struct json_value *sunday = parsed("[{\"weekday\":\"sun\",\"fires\":2}]");
    struct histogram h;
    (void)state;
    histogram_of_weekdays(week, &h);
    assert_int_equal(h.count, 5);
    assert_int_equal(h.buckets[1].fires, 2);
    histogram_of_weekdays(sunday, &h);
    assert_int_equal(h.count, 6);
    assert_string_equal(h.buckets[5].label, "sun");
    json_value_free(week);
    json_value_free(sunday);
}

static void the_longest_bar_is_of_the_most_fires(void **state)
{
    struct json_value *groups = parsed("[{\"weekday\":\"mon\",\"fires\":1000},"
                                       "{\"weekday\":\"tue\",\"fires\":250}]");
    struct histogram h;
    struct printed p;
    (void)state;
    histogram_of_weekdays(groups, &h);
    printed_begin(&p);
    histogram_print(&h, p.out, 1);
    const char *text = printed_text(&p);
    assert_int_equal(strncmp(text, " mon    1,000   80.0%  ", 23), 0);
    assert_non_null(strstr(text, "\n tue      250   20.0%  "));
    assert_non_null(strstr(text, "\n wed        0    0.0%\n"));
    printed_end(&p);
    json_value_free(groups);
}

/* ---- pages ---- */

static const char check_answer[] =
    "{\"request\":{\"symbol\":\"ABC\",\"rule\":\"close > 1\",\"from\":\"2024-01-02\","
    "\"window\":{\"from\":\"09:45\",\"to\":\"11:30\",\"days\":[\"mon\",\"tue\"]},"
    "\"trigger\":\"every_bar\",\"cooldown\":\"30m\"},"
    "\"result\":{\"fires\":2,\"study\":{\"bars\":3822,\"bars_in_window\":1000,\"days\":10,"
    "\"days_with_fires\":2,\"candidates\":5,\"timezone\":\"America/New_York\",\"horizons\":["
    "{\"horizon\":\"5m\",\"n\":2,\"mean\":0.001,\"median\":0.002,\"stdev\":null,"
    "\"hit_rate\":0.5,\"base_n\":9,\"base_mean\":0.0001,\"base_hit_rate\":0.49,"
    "\"difference\":0.0009,\"ci_low\":0.0001,\"ci_high\":0.0017},"
    "{\"horizon\":\"close\",\"n\":0,\"mean\":null,\"median\":null,\"stdev\":null,"
    "\"hit_rate\":null,\"base_n\":0,\"base_mean\":null,\"base_hit_rate\":null,"
    "\"difference\":null,\"ci_low\":null,\"ci_high\":null}],"
    "\"by_minute\":[{\"time\":\"09:50\",\"fires\":2,\"mean\":[],\"hit_rate\":[]}],"
    "\"by_weekday\":[{\"weekday\":\"mon\",\"fires\":2,\"mean\":[],\"hit_rate\":[]}],"
    "\"by_month\":[]},\"symbols\":[{\"symbol\":\"ABC\",\"fires\":2}],\"digest\":\"d1\"},"
    "\"latest\":[{\"at\":\"2024-01-08T14:50:00Z\",\"symbol\":\"ABC\",\"price\":\"10.25\","
    "\"forward\":{\"5m\":0.001,\"close\":null}},"
    "{\"at\":\"2024-01-02T14:50:00Z\",\"symbol\":\"ABC\",\"price\":\"10\","
    "\"forward\":{\"5m\":-0.001,\"close\":null,\"extra\":1}}],"
    "\"timing\":{\"elapsed_ms\":12,\"bars_per_second\":318500,\"workers\":1}}";

static void a_study_page_tells_what_the_answer_says(void **state)
{
    static const char *const parts[] = {
        "close > 1\n",
        "ABC 1m, from 2024-01-02, 09:45-11:30, mon tue, every_bar, cooldown 30m\n",
        "2 fires on 2 of 10 days, in 1,000 bars\n",
        "3 more were dropped by the cooldown\n",
        "  5m     2  +0.100%  +0.200%     50.0%  +0.010%     49.0%     +0.090%  ",
        "  +0.010% .. +0.170%\n",
        "  close  0        -        -         -        -         -           -",
        "By time of day (America/New_York)\n",
        "  09:50  2  100.0%",
        "Latest (America/New_York)\n",
        "  2024-01-08 09:50  10.25  +0.100%      -\n",
        "  2024-01-02 09:50  10.00  -0.100%      -\n",
        "3,822 bars in 12 ms: 318,500 bars/s with 1 worker\n",
        "digest d1\n",
    };
    struct json_value *answer = parsed(check_answer);
    struct printed p;
    (void)state;
    printed_begin(&p);
    study_text_print(p.out, answer);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(printed_text(&p), parts[i]))
            fail_msg("missing: %s\nin:\n%s", parts[i], printed_text(&p));
    assert_null(strstr(printed_text(&p), "By symbol"));
    printed_end(&p);
    json_value_free(answer);
}

#define METRICS(total)                                                                             \
    "{\"total_return\":" total ",\"cagr\":null,\"sharpe\":1.234,\"drawdown_duration_s\":7200,"     \
    "\"expectancy\":\"-12.345\",\"longest_losing_run\":3,\"average_holding_s\":90}"

/* clang-format off */
static const char traded_answer[] =
    "{\"status\":\"succeeded\",\"request\":{\"rule\":\"close > 1\"},\"result\":{\"fires\":30,"
    "\"study\":{\"bars\":10,\"bars_in_window\":10,\"days\":1,\"days_with_fires\":1},"
    "\"trades\":{\"count\":1200,\"candidates\":25,\"in_position\":4,\"too_small\":0,"
    "\"unaffordable\":1,\"wins\":7,\"ambiguous\":2,\"by_exit_reason\":{\"take_profit\":7,"
    "\"stop_loss\":0,\"flat_at\":1193},\"pnl\":\"-12345.678\",\"commission\":\"1.5\"},"
    "\"metrics\":" METRICS("0.0123") ",\"metrics_worst\":" METRICS("-0.5")
    ",\"metrics_best\":" METRICS("0.25")
    ",\"warnings\":[\"first\",\"second\"]"
    ",\"symbols\":[{\"symbol\":\"A\",\"fires\":20,\"bars_in_window\":5,\"trades\":{"
    "\"count\":800,\"win_rate\":0.25,\"pnl\":\"5\"}},{\"symbol\":\"B\",\"fires\":10,"
    "\"bars_in_window\":5,\"trades\":{\"count\":400,\"win_rate\":null,\"pnl\":\"0\"}}],"
    "\"digest\":\"d\"},\"timing\":{\"elapsed_ms\":1}}";
/* clang-format on */

static void a_page_with_trades_tells_them(void **state)
{
    static const char *const parts[] = {
        "\n1,200 trades, 7 won, profit -12,345.68 after 1.50 of commission\n",
        "out by take_profit 7, flat_at 1,193\n",
        "not entered: 4 in a position already, 1 not enough cash, 5 too late or without a level\n",
        "level\nwarning: first\nwarning: second\n",
        "2 held both levels in one bar: see the worst and the best case\n",
        "as chosen  worst case  best case\n",
        "  total return          +1.230%    -50.000%   +25.000%\n",
        "  a year                      -           -          -\n",
        "  Sharpe                   1.23        1.23       1.23\n",
        "    lasted                2.0 h       2.0 h      2.0 h\n",
        "  expectancy             -12.35      -12.35     -12.35\n",
        "  average holding       1.5 min     1.5 min    1.5 min\n",
        "  longest losing run          3           3          3\n",
        "  symbol  fires  bars  per 1,000 bars  trades  win rate  profit\n",
        "  A          20     5         4000.00     800     25.0%    5.00\n",
        "  B          10     5         2000.00     400         -    0.00\n",
    };
    struct json_value *answer = parsed(traded_answer);
    struct printed p;
    (void)state;
    printed_begin(&p);
    study_text_print(p.out, answer);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(printed_text(&p), parts[i]))
            fail_msg("missing: %s\nin:\n%s", parts[i], printed_text(&p));
    printed_end(&p);
    json_value_free(answer);
}

static void a_rule_that_never_fired_has_a_short_page(void **state)
{
    struct json_value *answer =
        parsed("{\"status\":\"succeeded\",\"request\":{\"rule\":\"close > 9\"},\"result\":{"
               "\"fires\":0,\"study\":{\"bars\":10,\"bars_in_window\":10,\"days\":1,"
               "\"days_with_fires\":0},\"symbols\":[{\"symbol\":\"A\"},{\"symbol\":\"B\"}],"
               "\"digest\":\"d\"},\"timing\":{\"elapsed_ms\":1,\"bars_per_second\":10,"
               "\"workers\":2}}");
    struct printed p;
    (void)state;
    printed_begin(&p);
    study_text_print(p.out, answer);
    assert_non_null(strstr(printed_text(&p), "A, B 1m, on_true\n"));
    assert_non_null(strstr(printed_text(&p), "0 fires on 0 of 1 days of a symbol, in 10 bars\n"));
    assert_null(strstr(printed_text(&p), "By weekday"));
    printed_end(&p);
    json_value_free(answer);
}

/* An answer of a server that is not what it should be prints badly, and does no harm. */
static void a_page_of_nothing_is_still_a_page(void **state)
{
    static const char *const texts[] = {"{}", "[]", "null", "{\"result\":{\"fires\":3}}"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct json_value *answer = parsed(texts[i]);
        struct printed p;
        printed_begin(&p);
        study_text_print(p.out, answer);
        import_text_print(p.out, answer);
        assert_non_null(strstr(printed_text(&p), "digest -"));
        printed_end(&p);
        json_value_free(answer);
    }
}

static void an_import_page_leaves_out_what_did_not_happen(void **state)
{
    struct json_value *report =
        parsed("{\"symbol\":\"ABC\",\"timeframe\":\"1m\",\"calendar\":\"XNYS\",\"dry_run\":true,"
               "\"rows\":3822,\"inserted\":3800,\"duplicates\":22,\"replaced\":0,"
               "\"first\":\"2024-01-02T14:30:00Z\",\"last\":\"2024-01-16T20:59:00Z\","
               "\"sessions\":10,\"missing_sessions\":0,\"gaps\":{\"minutes\":0},"
               "\"dialect\":{\"delimiter\":\"\\t\",\"header\":false,\"stamp\":\"epoch_s\","
               "\"order\":\"time,open\"},\"elapsed_ms\":1000}");
    struct printed p;
    (void)state;
    printed_begin(&p);
    import_text_print(p.out, report);
    const char *text = printed_text(&p);
    assert_non_null(strstr(text, "ABC 1m (XNYS): a dry run, nothing is kept\n"));
    assert_non_null(strstr(text, "new bars            3,800\n"));
    assert_non_null(strstr(text, "identical, dropped  22\n"));
    assert_non_null(strstr(text, "time,open, by tab, stamps epoch_s, no header\n"));
    assert_non_null(strstr(text, "1.0 s, 3,822 rows/s\n"));
    assert_null(strstr(text, "replaced"));
    printed_end(&p);
    json_value_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_grouped_and_shortened),
        cmocka_unit_test(shares_and_times_read_well),
        cmocka_unit_test(columns_line_up_by_characters),
        cmocka_unit_test(colour_does_not_move_columns),
        cmocka_unit_test(a_table_past_its_limit_says_so),
        cmocka_unit_test(times_fall_into_buckets_without_holes),
        cmocka_unit_test(short_spans_have_short_buckets_and_whole_days_hours),
        cmocka_unit_test(times_that_are_none_are_left_out),
        cmocka_unit_test(weekends_show_when_something_fired),
        cmocka_unit_test(the_longest_bar_is_of_the_most_fires),
        cmocka_unit_test(a_study_page_tells_what_the_answer_says),
        cmocka_unit_test(a_page_with_trades_tells_them),
        cmocka_unit_test(a_rule_that_never_fired_has_a_short_page),
        cmocka_unit_test(a_page_of_nothing_is_still_a_page),
        cmocka_unit_test(an_import_page_leaves_out_what_did_not_happen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
