/* What an import refuses, drops, counts and reports. */
#include "base/civil.h"
#include "base/clock.h"
#include "tests/engine/csv_case.h"

#include <stdio.h>

#define HEADER "time,open,high,low,close,volume\n"
#define FIRST "2024-03-08T14:30:00Z,10,12,9,11,100\n"

struct refusal {
    const char *text;
    int64_t line;
    int32_t column;
    const char *message; /* a part of it */
};

static void assert_refused(const struct refusal *r, const struct csv_options *o, enum err code)
{
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    enum err err = csv_run(r->text, strlen(r->text), o, &report, &bars, &e);
    if (err != code || e.code != code)
        fail_msg("%d instead of %d (%s) for: %s", (int)err, (int)code, e.message, r->text);
    if (!strstr(e.message, r->message))
        fail_msg("'%s' says nothing of '%s'", e.message, r->message);
    if (e.line != r->line || e.column != r->column)
        fail_msg("%lld:%d instead of %lld:%d: %s", (long long)e.line, e.column, (long long)r->line,
                 r->column, e.message);
    assert_null(bars.time_ns);
    assert_int_equal(bars.count, 0);
}

static void rows_are_refused_by_line_and_column(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {HEADER "2024-03-08T14:30:00Z,10,12,9,11\n", 2, 0, "5 fields where the first line has 6"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,9,11,1,2\n", 3, 0, "7 fields"},
        {HEADER FIRST "yesterday,10,12,9,11,1\n", 3, 1, "the stamp 'yesterday'"},
        {HEADER FIRST ",10,12,9,11,1\n", 3, 1, "the stamp ''"},
        {HEADER FIRST "2024-03-08 14:31:00,10,12,9,11,1\n", 3, 1, "another form"},
        {HEADER FIRST "1709908260,10,12,9,11,1\n", 3, 1, "another form"},
        {HEADER FIRST "2024-13-08T14:31:00Z,10,12,9,11,1\n", 3, 1, "no form"},
        {HEADER FIRST "2024-02-30T14:31:00Z,10,12,9,11,1\n", 3, 1, "no form"},
        {HEADER FIRST "2024-03-08T24:00:00Z,10,12,9,11,1\n", 3, 1, "no form"},
        {HEADER FIRST "2024-03-08T14:31:05Z,10,12,9,11,1\n", 3, 1, "not on the minute"},
        {HEADER FIRST "2024-03-08T14:31:00.5Z,10,12,9,11,1\n", 3, 1, "not on the minute"},
        {HEADER FIRST "2024-03-08T14:31:00Z,ten,12,9,11,1\n", 3, 22, "the open 'ten'"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,9,1 1,1\n", 3, 30, "the close '1 1'"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,9,11,1k\n", 3, 33, "the volume '1k'"},
        {HEADER FIRST "2024-03-08T14:31:00Z,,12,9,11,1\n", 3, 22, "the open is empty"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,nan,9,11,1\n", 3, 25, "the high is not finite"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,-inf,11,1\n", 3, 28, "the low is not finite"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,-9,11,1\n", 3, 28, "the low is negative"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,9,11,-1\n", 3, 33, "the volume is negative"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,8,9,9,1\n", 3, 25, "the high 8 is below the low 9"},
        {HEADER FIRST "2024-03-08T14:31:00Z,13,12,9,11,1\n", 3, 22, "the open 13 is outside"},
        {HEADER FIRST "2024-03-08T14:31:00Z,10,12,9,8.5,1\n", 3, 30, "the close 8.5 is outside"},
        {HEADER FIRST "2024-03-08T14:30:00Z,10,12,9,11.5,100\n", 3, 1, "that of line 2"},
        {HEADER FIRST "2024-03-08T14:29:00Z,10,12,9,11,1\n", 3, 1, "outside every session"},
        {HEADER FIRST "2024-03-08T21:00:00Z,10,12,9,11,1\n", 3, 1, "outside every session"},
        {HEADER FIRST "2024-03-09T15:00:00Z,10,12,9,11,1\n", 3, 1, "2024-03-09T15:00:00Z"},
        {HEADER FIRST "2024-03-07T15:00:00Z,10,12,9,11,1\n", 3, 1, "out of order"},
        {HEADER FIRST "2024-03-08T14:31:00Z,\"10,12,9,11,1\n", 3, 22, "quote is not closed"},
        {HEADER FIRST "2024-03-08T14:31:00Z,\"10\"0,12,9,11,1\n", 3, 22, "behind a closed quote"},
        {HEADER "\n" FIRST "\n\nx\n", 6, 0, "1 fields"},
    };
    struct csv_options o = csv_minutes();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(&rows[i], &o, ERR_DATA);
}

static void files_are_refused_whose_columns_cannot_be_told(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"", 1, 0, "no row"},
        {"\n \n", 1, 0, "no row"},
        {HEADER, 1, 0, "no row behind the header"},
        {HEADER "\n\n", 3, 0, "no row behind the header"},
        {"time,open,high,low,volume\n" FIRST, 1, 0, "no column for the close"},
        {"open,high,low,close,volume\n1,2,3,4,5\n", 1, 0, "no column for the time"},
        {"time,open,high,low,close,last\n" FIRST, 1, 26, "two columns are called close"},
        {"time,open,high,low,close,colour\n" FIRST, 1, 26, "unknown column 'colour'"},
        {"time,open,hihg,low,close,volume\n" FIRST, 1, 11, "did you mean 'high'"},
        {"symbol,time,open,high,low,close\n", 1, 1, "ignore_columns"},
        {"hello world\n", 1, 1, "unknown column 'hello world'"},
        {"1709908200,1,2,3\n", 1, 0, "needs a time, four prices"},
        {"1709908200,2,4,1,3,5,6\n", 1, 22, "behind the volume"},
        {"1709908200,2,4,1,x,5\n", 1, 0, "neither a header nor a row"},
        {"1709908200,1,2,3,4,5\n1709908260,4,3,2,1,5\n1709908320,2,1,4,3,5\n", 1, 0, "no order"},
        {HEADER "monday,10,12,9,11,1\n", 2, 1, "no form that is known"},
        {HEADER "2024-03-08,10,12,9,11,1\n", 2, 1, "no time of day"},
        {HEADER "20240308,10,12,9,11,1\n", 2, 1, "no time of day"},
        {"\xff\xfet\0i", 1, 1, "UTF-16"},
        {"time,open,high,low,close\n\"x,1\n", 2, 1, "a quote is not closed"},
        {"time,open,high,low,\"close\n1,1\n", 1, 20, "a quote is not closed"},
        {"open,high,low,close,time\n1,3,1\n", 2, 0, "no field for the time"},
    };
    struct csv_options o = csv_minutes();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(&rows[i], &o, ERR_DATA);
}

static void the_message_names_the_file(void **state)
{
    (void)state;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    const char *text = HEADER FIRST "2024-03-08T14:31:00Z,10,8,9,9,1\nx,1,2,3,4,5\n";
    csv_run(text, strlen(text), &o, &report, &bars, &e);
    assert_string_equal(e.message,
                        "bars.csv, line 3, column 25: the high 8 is below the low 9 (and "
                        "1 more rows)");
    assert_int_equal(report.error_count, 2);
    assert_int_equal(report.errors[1].line, 4);
}

static void options_are_asked_for_when_they_are_missing(void **state)
{
    (void)state;
    static const struct refusal wall = {HEADER "2024-03-08 09:30:00,10,12,9,11,1\n", 2, 1,
                                        "time zone"};
    static const struct refusal scale = {HEADER FIRST, 0, 0, "price_scale"};
    static const struct refusal timeframe = {HEADER FIRST, 0, 0, "1m or 1d"};
    struct csv_options o = csv_minutes();
    assert_refused(&wall, &o, ERR_INVALID);
    o.price_scale = -1;
    assert_refused(&scale, &o, ERR_INVALID);
    o.price_scale = 1000001;
    assert_refused(&scale, &o, ERR_INVALID);
    o.price_scale = 0;
    o.timeframe = (struct timeframe){5};
    assert_refused(&timeframe, &o, ERR_INVALID);
}

static void at_most_twenty_errors_are_listed_and_all_counted(void **state)
{
    (void)state;
    struct strbuf text;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    strbuf_init(&text, 1 << 16);
    strbuf_add_string(&text, HEADER FIRST);
    for (int i = 0; i < 100; i++)
        strbuf_add_format(&text, "x%d,1,2,3,4,5\n", i);
    assert_int_equal(csv_run(text.data, text.length, &o, &report, &bars, &e), ERR_DATA);
    assert_int_equal(report.error_count, 100);
    assert_int_equal(report.errors[0].line, 3);
    assert_int_equal(report.errors[19].line, 22);
    assert_int_equal(report.rows, 101);
    strbuf_release(&text);
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct strbuf text;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    strbuf_init(&text, 1 << 16);
    strbuf_add_string(&text, HEADER FIRST);
    for (int i = 0; i < 5000; i++)
        strbuf_add_char(&text, '1');
    assert_int_equal(csv_run(text.data, text.length, &o, &report, &bars, &e), ERR_DATA);
    assert_int_equal(e.line, 3);
    assert_non_null(strstr(e.message, "longer"));
    strbuf_clear(&text);
    for (int i = 0; i < 70; i++)
        strbuf_add_string(&text, "a,");
    assert_int_equal(csv_run(text.data, text.length, &o, &report, &bars, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "too many fields"));
    strbuf_release(&text);
}

static const char dirty[] = HEADER "2024-03-08T14:29:00Z,10,12,9,11,1\n" /* before the open */
                                   "2024-03-08T14:30:00Z,10,12,9,11,1\n"
                                   "2024-03-08T14:30:00Z,10,12,9,11,1\n" /* the same again */
                                   "2024-03-08T14:30:00Z,10,12,9,10,2\n" /* another */
                                   "2024-03-08T14:31:00Z,10,8,9,9,1\n"   /* high below low */
                                   "2024-03-08T14:31:01Z,10,12,9,11,1\n" /* a second late */
                                   "2024-03-08T14:32:00Z,,12,9,11,1\n"   /* empty */
                                   "2024-03-08T14:33:00Z,10,12,9,11,3\n"
                                   "2024-03-08T21:00:00Z,10,12,9,11,1\n" /* at the close */
                                   "2024-03-11T13:31:00Z,10,12,9,11,4\n"
                                   "2024-03-13T13:30:00Z,10,12,9,11,5\n";

static void what_the_options_drop_is_counted(void **state)
{
    (void)state;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    o.outside = CSV_DROP;
    o.bad_rows = CSV_DROP;
    o.duplicates = CSV_CONFLICT_FIRST;
    struct csv_bars bars = csv_good(dirty, &o, &report);
    assert_int_equal(report.rows, 11);
    assert_int_equal(report.bars, 4);
    assert_int_equal(report.outside, 2);
    assert_int_equal(report.duplicates, 1);
    assert_int_equal(report.conflicts, 1);
    assert_int_equal(report.bad, 3);
    assert_int_equal(report.misaligned, 1);
    assert_int_equal(report.sessions, 3);
    assert_int_equal(report.missing_sessions, 1);
    assert_int_equal(report.gaps, 388 + 389 + 389);
    assert_int_equal(report.longest_gap_minutes, 389);
    assert_int_equal(report.longest_gap_at_ns, csv_at("2024-03-13T13:31:00Z"));
    assert_int_equal(report.first_ns, csv_at("2024-03-08T14:30:00Z"));
    assert_int_equal(report.last_ns, csv_at("2024-03-13T13:30:00Z"));
    assert_true(bars.column[BAR_CLOSE][0] == 11 && bars.column[BAR_VOLUME][0] == 1);
    csv_bars_release(&bars);
    o.duplicates = CSV_CONFLICT_LAST;
    bars = csv_good(dirty, &o, &report);
    assert_int_equal(report.conflicts, 1);
    assert_true(bars.column[BAR_CLOSE][0] == 10 && bars.column[BAR_VOLUME][0] == 2);
    csv_bars_release(&bars);
}

static void nothing_is_dropped_unless_told(void **state)
{
    (void)state;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    assert_int_equal(csv_run(dirty, strlen(dirty), &o, &report, &bars, &e), ERR_DATA);
    static const int64_t lines[] = {2, 5, 6, 7, 8, 10};
    assert_int_equal(report.error_count, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(report.errors[i].line, lines[i]);
    assert_int_equal(report.duplicates, 1); /* identical rows lose nothing */
    assert_int_equal(report.outside + report.bad + report.misaligned + report.conflicts, 0);
}

static void sorting_takes_rows_in_any_order(void **state)
{
    (void)state;
    static const char text[] = HEADER "2024-03-11T13:31:00Z,10,12,9,11,4\n"
                                      "2024-03-08T14:31:00Z,10,12,9,11,2\n"
                                      "2024-03-08T14:30:00Z,10,12,9,11,1\n"
                                      "2024-03-11T13:31:00Z,10,12,9,10,5\n"
                                      "2024-03-08T14:30:00Z,10,12,9,11,1\n";
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    o.sort = true;
    assert_int_equal(csv_run(text, strlen(text), &o, &report, &bars, &e), ERR_DATA);
    assert_int_equal(e.line, 5);
    assert_non_null(strstr(e.message, "that of line 2"));
    o.duplicates = CSV_CONFLICT_LAST;
    bars = csv_good(text, &o, &report);
    assert_int_equal(bars.count, 3);
    assert_int_equal(report.duplicates, 1);
    assert_int_equal(report.conflicts, 1);
    assert_int_equal(report.sessions, 2);
    assert_true(bars.column[BAR_VOLUME][0] == 1 && bars.column[BAR_VOLUME][1] == 2 &&
                bars.column[BAR_VOLUME][2] == 5);
    csv_bars_release(&bars);
}

static void a_file_of_dropped_rows_gives_no_bars(void **state)
{
    (void)state;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    o.outside = CSV_DROP;
    struct csv_bars bars = csv_good(HEADER "2024-03-09T14:30:00Z,10,12,9,11,1\n", &o, &report);
    assert_int_equal(report.outside, 1);
    assert_int_equal(report.bars + report.sessions + report.gaps, 0);
    csv_bars_release(&bars);
}

static void an_empty_volume_is_none(void **state)
{
    (void)state;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars = csv_good(HEADER "2024-03-08T14:30:00Z,10,12,9,11,\n", &o, &report);
    assert_true(bars.column[BAR_VOLUME][0] == 0);
    csv_bars_release(&bars);
}

/* Autumn in New York: 01:00 to 01:59 comes twice on 2024-11-03. */
static void an_hour_that_comes_twice_is_told_by_the_order(void **state)
{
    (void)state;
    static const char text[] = "time,o,h,l,c\n"
                               "2024-11-03 00:59,1,1,1,1\n2024-11-03 01:00,1,1,1,1\n"
                               "2024-11-03 01:59,1,1,1,1\n2024-11-03 01:00,2,2,2,2\n"
                               "2024-11-03 01:30,2,2,2,2\n2024-11-03 02:00,2,2,2,2\n";
    static const char *const want[] = {"2024-11-03T04:59:00Z", "2024-11-03T05:00:00Z",
                                       "2024-11-03T05:59:00Z", "2024-11-03T06:00:00Z",
                                       "2024-11-03T06:30:00Z", "2024-11-03T07:00:00Z"};
    struct csv_options o = csv_minutes();
    struct csv_report report;
    o.calendar = csv_calendar("24x7");
    o.zone = csv_zone("America/New_York");
    struct csv_bars bars = csv_good(text, &o, &report);
    assert_int_equal(bars.count, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(bars.time_ns[i], csv_at(want[i]));
    csv_bars_release(&bars);
}

static void an_hour_that_never_comes_is_refused(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"time,o,h,l,c\n2024-03-10 01:59,1,1,1,1\n2024-03-10 02:00,1,1,1,1\n", 3, 1,
         "never happens"},
        {"time,o,h,l,c\n2024-03-10 01:59,1,1,1,1\n2024-03-10 02:59,1,1,1,1\n", 3, 1,
         "never happens"}};
    struct csv_options o = csv_minutes();
    o.calendar = csv_calendar("24x7");
    o.zone = csv_zone("America/New_York");
    assert_refused(&rows[0], &o, ERR_DATA);
    assert_refused(&rows[1], &o, ERR_DATA);
}

static void an_epoch_past_its_unit_is_refused(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {HEADER "1709908200,10,12,9,11,1\n1709908260000,10,12,9,11,1\n", 3, 1, "too far"},
        {HEADER "1709908200,10,12,9,11,1\n9999999999999999999,10,12,9,11,1\n", 3, 1, "no form"},
        {HEADER "1709908200000,10,12,9,11,1\n1709908260,10,12,9,11,1\n", 3, 1, "outside"}};
    struct csv_options o = csv_minutes();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(&rows[i], &o, ERR_DATA);
}

static void days_are_named_by_any_stamp(void **state)
{
    (void)state;
    static const char *const stamps[] = {"2024-07-03",
                                         "20240703",
                                         "2024/07/03",
                                         "20240703 00:00",
                                         "2024-07-03 00:00:00",
                                         "1719964800",
                                         "1719964800000", /* midnight UTC */
                                         "2024-07-03T00:00:00Z",
                                         "1720013400", /* the open */
                                         "2024-07-03T13:30:00Z",
                                         "2024-07-03T00:00:00-04:00",
                                         "1719979200" /* midnight there */};
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        char text[128];
        struct csv_options o = csv_minutes();
        struct csv_report report;
        o.timeframe = (struct timeframe){0};
        o.label = i % 2 ? CSV_LABEL_END : CSV_LABEL_START;
        snprintf(text, sizeof(text), "date,o,h,l,c\n%s,1,3,1,2\n", stamps[i]);
        struct csv_bars bars = csv_good(text, &o, &report);
        assert_int_equal(bars.time_ns[0], csv_at("2024-07-03T13:30:00Z"));
        assert_int_equal(bars.sessions[0].close_ns, csv_at("2024-07-03T17:00:00Z"));
        assert_int_equal(report.gaps, 0);
        csv_bars_release(&bars);
    }
}

static void a_day_without_a_session_is_outside(void **state)
{
    (void)state;
    static const struct refusal holiday = {"date,o,h,l,c\n2024-07-04,1,3,1,2\n", 2, 1,
                                           "outside every session"};
    struct csv_options o = csv_minutes();
    struct csv_report report;
    o.timeframe = (struct timeframe){0};
    assert_refused(&holiday, &o, ERR_DATA);
    o.outside = CSV_DROP;
    struct csv_bars bars = csv_good("date,o,h,l,c\n2024-07-03,1,3,1,2\n2024-07-04,1,3,1,2\n"
                                    "2024-07-09,1,3,1,2\n",
                                    &o, &report);
    assert_int_equal(report.outside, 1);
    assert_int_equal(report.missing_sessions, 2);
    csv_bars_release(&bars);
}

static void a_cancel_ends_the_import(void **state)
{
    (void)state;
    struct strbuf text;
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    o.calendar = csv_calendar("24x7");
    strbuf_init(&text, 1 << 22);
    for (int i = 0; i < 20000; i++)
        strbuf_add_format(&text, "%d,1,1,1,1\n", 1709908200 + 60 * i);
    _Atomic bool cancel = true;
    assert_int_equal(csv_import(text.data, text.length, &o, &cancel, &report, &bars, &e),
                     ERR_CANCELED);
    assert_null(bars.time_ns);
    cancel = false;
    assert_int_equal(csv_import(text.data, text.length, &o, &cancel, &report, &bars, &e), ERR_OK);
    assert_int_equal(bars.count, 20000);
    csv_bars_release(&bars);
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_refused_by_line_and_column),
        cmocka_unit_test(files_are_refused_whose_columns_cannot_be_told),
        cmocka_unit_test(the_message_names_the_file),
        cmocka_unit_test(options_are_asked_for_when_they_are_missing),
        cmocka_unit_test(at_most_twenty_errors_are_listed_and_all_counted),
        cmocka_unit_test(a_line_that_is_too_long_is_refused),
        cmocka_unit_test(what_the_options_drop_is_counted),
        cmocka_unit_test(nothing_is_dropped_unless_told),
        cmocka_unit_test(sorting_takes_rows_in_any_order),
        cmocka_unit_test(a_file_of_dropped_rows_gives_no_bars),
        cmocka_unit_test(an_empty_volume_is_none),
        cmocka_unit_test(an_hour_that_comes_twice_is_told_by_the_order),
        cmocka_unit_test(an_hour_that_never_comes_is_refused),
        cmocka_unit_test(an_epoch_past_its_unit_is_refused),
        cmocka_unit_test(days_are_named_by_any_stamp),
        cmocka_unit_test(a_day_without_a_session_is_outside),
        cmocka_unit_test(a_cancel_ends_the_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
