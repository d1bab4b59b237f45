#include "engine/lean/lean_rows.h"

#include "tests/engine/make_bars.h"

static struct lean_name name_of(const char *text)
{
    struct lean_name n;
    assert_int_equal(lean_name_parse(text, strlen(text), &n, NULL), ERR_OK);
    return n;
}

static enum err read_text(struct lean_rows *r, const char *name, const char *text, struct error *e)
{
    struct lean_name n = name_of(name);
    return lean_rows_read(r, &n, calendar_named("XNYS"), text, strlen(text), e);
}

static void expect_bar(const struct lean_series *s, int64_t i, int64_t time_ns, double open,
                       double high, double low, double close, double volume)
{
    assert_true(i < s->count);
    assert_int_equal(s->time_ns[i], time_ns);
    const double expected[] = {open, high, low, close, volume};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert_true(s->column[c][i] == expected[c]);
}

static const char TRADES[] = "20240703_goog_minute_trade.csv"; /* a half day in summer */
static const char QUOTES[] = "20240103_goog_minute_quote.csv";

static void minutes_of_trades_are_bars_of_new_york(void **state)
{
    (void)state;
    struct lean_rows r = {0};
    const char *text = "34140000,1,1,1,1,1\r\n"
                       "34200000,7495500,7499900,7485400,7485400,11492\r\n"
                       "\n"
                       "46740000,10000,10000,10000,10000,1.5\n"
                       "46800000,1,1,1,1,1";
    assert_int_equal(read_text(&r, TRADES, text, NULL), ERR_OK);
    assert_int_equal(r.timeframe.minutes, 1);
    assert_int_equal(r.rows, 4);
    assert_int_equal(r.outside, 2); /* before the open; at 13:00, the close of a half day */
    const struct lean_series *s = &r.side[LEAN_SIDE_TRADE];
    assert_int_equal(s->count, 2);
    expect_bar(s, 0, instant("2024-07-03", 13 * 60 + 30), 749.55, 749.99, 748.54, 748.54, 11492);
    expect_bar(s, 1, instant("2024-07-03", 16 * 60 + 59), 1, 1, 1, 1, 1.5);
    assert_int_equal(s->session_count, 1);
    assert_int_equal(s->sessions[0].day, day_of("2024-07-03"));
    assert_int_equal(s->sessions[0].first, 0);
    assert_int_equal(s->sessions[0].end, 2);
    lean_rows_release(&r);
}

static void a_side_without_a_quote_makes_no_bar(void **state)
{
    (void)state;
    struct lean_rows r = {0};
    const char *text = "34200000,131000,131000,129000,129000,16,145000,145000,142000,142000,5\n"
                       "34260000,,,,,0,5000,5000,5000,5000,\n"
                       "34320000,5000,5000,5000,5000,3,,,,,\n";
    assert_int_equal(read_text(&r, QUOTES, text, NULL), ERR_OK);
    assert_int_equal(r.empty, 2);
    assert_int_equal(r.side[LEAN_SIDE_BID].count, 2);
    assert_int_equal(r.side[LEAN_SIDE_ASK].count, 2);
    int64_t open_ns = instant("2024-01-03", 14 * 60 + 30);
    expect_bar(&r.side[LEAN_SIDE_BID], 0, open_ns, 13.1, 13.1, 12.9, 12.9, 16);
    expect_bar(&r.side[LEAN_SIDE_BID], 1, open_ns + 2 * NS_PER_MINUTE, 0.5, 0.5, 0.5, 0.5, 3);
    expect_bar(&r.side[LEAN_SIDE_ASK], 1, open_ns + NS_PER_MINUTE, 0.5, 0.5, 0.5, 0.5, 0);
    /* The next file begins anew. */
    assert_int_equal(read_text(&r, TRADES, "34200000,1,1,1,1,1\n", NULL), ERR_OK);
    assert_int_equal(r.side[0].count, 1);
    assert_int_equal(r.side[1].count, 0);
    assert_int_equal(r.empty, 0);
    lean_rows_release(&r);
}

static void hours_of_a_day_make_one_bar(void **state)
{
    (void)state;
    struct lean_rows r = {0};
    const char *text = "20240102 08:00,1,1,1,1,1\n" /* over before the open */
                       "20240102 09:00,100000,110000,90000,105000,5\n"
                       "20240102 10:00,105000,130000,101000,120000,7\n"
                       "20240102 16:00,1,1,1,1,1\n"
                       "20240103 00:00,200000,210000,190000,205000,9\n"
                       "20240106 00:00,1,1,1,1,1\n"; /* a Saturday */
    assert_int_equal(read_text(&r, "spy.csv", text, NULL), ERR_OK);
    assert_int_equal(r.timeframe.minutes, 0);
    assert_int_equal(r.outside, 3);
    const struct lean_series *s = &r.side[LEAN_SIDE_TRADE];
    assert_int_equal(s->count, 2);
    assert_int_equal(s->session_count, 2);
    expect_bar(s, 0, instant("2024-01-02", 14 * 60 + 30), 10, 13, 9, 12, 12);
    expect_bar(s, 1, instant("2024-01-03", 14 * 60 + 30), 20, 21, 19, 20.5, 9);
    lean_rows_release(&r);
}

static void a_row_that_is_no_bar_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t line;
        int32_t column;
        const char *reason;
    } rows[] = {
        {TRADES, "34200000,1,1,1,1", 1, 0, "fewer than 6 fields"},
        {TRADES, "34200000,1,1,1,1,1,1", 1, 0, "more than 6 fields"},
        {QUOTES, "34200000,1,1,1,1,1", 1, 0, "fewer than 11 fields"},
        {TRADES, "x,1,1,1,1,1", 1, 1, "ms since midnight"},
        {TRADES, "86400000,1,1,1,1,1", 1, 1, "ms since midnight"},
        {TRADES, "34200001,1,1,1,1,1", 1, 1, "not on the minute"},
        {TRADES, "34260000,1,1,1,1,1\n34200000,1,1,1,1,1", 2, 1, "not after"},
        {TRADES, "34200000,1,1,1,1,1\n34200000,1,1,1,1,1", 2, 1, "not after"},
        {TRADES, "34200000,1,a,1,1,1", 1, 12, "the high is not a number"},
        {TRADES, "34200000,1,2,-1,1,1", 1, 14, "the low is negative"},
        {TRADES, "34200000,1,2,,1,1", 1, 14, "the low is empty"},
        {TRADES, "34200000,,,,,1", 1, 10, "the prices are empty"},
        {TRADES, "34200000,1,1,2,1,1", 1, 12, "the high is below the low"},
        {TRADES, "34200000,3,2,1,1,1", 1, 10, "the open is outside"},
        {TRADES, "34200000,2,2,1,3,1", 1, 16, "the close is outside"},
        {TRADES, "34200000,1,1,1,1,-1", 1, 18, "the volume is negative"},
        {QUOTES, "34200000,1,1,1,1,1,1,x,1,1,1", 1, 22, "the high is not a number"},
        {"spy.csv", "20240102,1,1,1,1,1", 1, 1, "YYYYMMDD HH:00"},
        {"spy.csv", "20240102 09:30,1,1,1,1,1", 1, 1, "YYYYMMDD HH:00"},
        {"spy.csv", "20240230 00:00,1,1,1,1,1", 1, 1, "YYYYMMDD HH:00"},
        {"spy.csv", "20240102 24:00,1,1,1,1,1", 1, 1, "YYYYMMDD HH:00"},
        {"spy.csv", "20240103 00:00,1,1,1,1,1\n20240102 00:00,1,1,1,1,1", 2, 1, "not after"},
        {"spy.csv", "20240102 00:00,1,1,1,1,1\n20240102 10:00,1,1,1,1,1", 2, 1, "as a whole"},
    };
    struct lean_rows r = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error e = {0};
        assert_int_equal(read_text(&r, rows[i].name, rows[i].text, &e), ERR_DATA);
        if (e.line != rows[i].line || e.column != rows[i].column ||
            !strstr(e.message, rows[i].reason))
            fail_msg("%s: line %lld, column %d: %s", rows[i].text, (long long)e.line, e.column,
                     e.message);
    }
    lean_rows_release(&r);
}

static void a_day_without_a_session_has_no_bars(void **state)
{
    (void)state;
    struct lean_rows r = {0};
    assert_int_equal(read_text(&r, "20240101_goog_minute_trade.csv", "34200000,1,1,1,1,1\n", NULL),
                     ERR_OK);
    assert_int_equal(r.outside, 1);
    assert_int_equal(r.side[0].count, 0);
    assert_int_equal(read_text(&r, TRADES, "", NULL), ERR_OK);
    assert_int_equal(r.rows, 0);
    lean_rows_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_of_trades_are_bars_of_new_york),
        cmocka_unit_test(a_side_without_a_quote_makes_no_bar),
        cmocka_unit_test(hours_of_a_day_make_one_bar),
        cmocka_unit_test(a_row_that_is_no_bar_is_refused_with_its_place),
        cmocka_unit_test(a_day_without_a_session_has_no_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
