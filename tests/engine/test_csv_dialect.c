/* The same bars in every dialect that is recognised. */
#include "base/civil.h"
#include "base/clock.h"
#include "tests/engine/csv_case.h"

#include <stdio.h>

enum { ROWS = 6 };

/* Two days around New York's change of clocks. */
static const char *const stamps[ROWS] = {"2024-03-08T14:30:00Z", "2024-03-08T14:31:00Z",
                                         "2024-03-08T20:59:00Z", "2024-03-11T13:30:00Z",
                                         "2024-03-11T13:32:00Z", "2024-03-11T19:59:00Z"};
static const double values[ROWS][BAR_COLUMN_COUNT] = {
    {10.25, 10.75, 10, 10.5, 100},        {10.5, 11, 10.5, 10.875, 0},
    {10.875, 10.875, 9.5, 9.625, 1250.5}, {9.5, 9.75, 9.25, 9.75, 3},
    {9.75, 9.75, 9.75, 9.75, 12345678},   {9.75, 12.0625, 9.5, 12, 7.123456789}};

static const char *const value_text[ROWS][BAR_COLUMN_COUNT] = {
    {"10.25", "10.75", "10", "10.5", "100"},
    {"10.5", "11.00", "10.5", "10.875", "0"},
    {"10.875", "10.875", "9.5", "9.625", "1250.5"},
    {"9.5", "9.75", "9.25", "9.75", "3"},
    {"9.75", "9.75", "9.75", "9.75", "12345678"},
    {"9.75", "12.0625", "9.5", "12", "7.123456789"}};

enum stamp_form {
    EPOCH_S,
    EPOCH_MS,
    EPOCH_US,
    EPOCH_NS,
    EPOCH_DECIMAL,
    ISO_Z,
    ISO_OFFSET,
    ISO_OFFSET_SPACE,
    WALL,
    WALL_MINUTES,
    WALL_T,
    WALL_SLASH,
    WALL_COMPACT,
    WALL_DECIMAL,
    STAMP_FORMS
};

static const char *const stamp_names[STAMP_FORMS] = {
    "epoch_s",    "epoch_ms",   "epoch_us",   "epoch_ns",   "epoch_s",
    "iso_offset", "iso_offset", "iso_offset", "wall_clock", "wall_clock",
    "wall_clock", "wall_clock", "wall_clock", "wall_clock"};

static void write_stamp(char out[64], int64_t ns, enum stamp_form form)
{
    const struct zone *zone = csv_zone("America/New_York");
    int64_t utc_s = ns / NS_PER_SECOND;
    int32_t offset_s = zone_offset_at(zone, utc_s);
    int64_t local_s = form == ISO_Z ? utc_s : utc_s + offset_s;
    struct civil_date d = civil_from_days((int32_t)(local_s / 86400));
    int hour = (int)(local_s / 3600 % 24), minute = (int)(local_s / 60 % 60);
    int offset_h = -offset_s / 3600;
    switch (form) {
    case EPOCH_S:
    case EPOCH_MS:
    case EPOCH_US:
    case EPOCH_NS: {
        static const int64_t units[] = {NS_PER_SECOND, NS_PER_MS, NS_PER_US, 1};
        snprintf(out, 64, "%lld", (long long)(ns / units[form]));
        return;
    }
    case EPOCH_DECIMAL:
        snprintf(out, 64, "%lld.000", (long long)utc_s);
        return;
    case ISO_Z:
        snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:00Z", d.year, d.month, d.day, hour, minute);
        return;
    case ISO_OFFSET:
        snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:00.000-%02d:00", d.year, d.month, d.day, hour,
                 minute, offset_h);
        return;
    case ISO_OFFSET_SPACE:
        snprintf(out, 64, "%04d-%02d-%02d %02d:%02d-%02d00", d.year, d.month, d.day, hour, minute,
                 offset_h);
        return;
    case WALL_MINUTES:
        snprintf(out, 64, "%04d-%02d-%02d %02d:%02d", d.year, d.month, d.day, hour, minute);
        return;
    case WALL_T:
        snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:00", d.year, d.month, d.day, hour, minute);
        return;
    case WALL_SLASH:
        snprintf(out, 64, "%04d/%02d/%02d %02d:%02d:00", d.year, d.month, d.day, hour, minute);
        return;
    case WALL_COMPACT:
        snprintf(out, 64, "%04d%02d%02d %02d:%02d", d.year, d.month, d.day, hour, minute);
        return;
    case WALL_DECIMAL:
        snprintf(out, 64, "%04d-%02d-%02d %02d:%02d:00.000000", d.year, d.month, d.day, hour,
                 minute);
        return;
    default:
        snprintf(out, 64, "%04d-%02d-%02d %02d:%02d:00", d.year, d.month, d.day, hour, minute);
    }
}

/* How a text is written. */
struct style {
    char delimiter;
    const char *line_end;
    const char *before; /* the first line */
    bool header, quoted, spaced, last_break;
    enum stamp_form form;
    enum csv_label label;
    const char *order; /* o h l c v t and - for a column to ignore */
};

static const char *header_name(char what)
{
    switch (what) {
    case 'o':
        return "Open";
    case 'h':
        return "HIGH";
    case 'l':
        return "low";
    case 'c':
        return "<CLOSE>";
    case 'v':
        return "Vol.";
    case 't':
        return "time_stamp";
    default:
        return "open_interest";
    }
}

static void write_field(struct strbuf *out, const struct style *s, int32_t row, char what)
{
    char text[64] = "ignored";
    static const char columns[] = "ohlcv";
    if (what == 't') {
        int64_t shift = s->label == CSV_LABEL_END ? NS_PER_MINUTE : 0;
        write_stamp(text, csv_at(stamps[row]) + shift, s->form);
    } else if (what != '-') {
        snprintf(text, sizeof(text), "%s", value_text[row][strchr(columns, what) - columns]);
    }
    strbuf_add_format(out, "%s%s%s%s%s", s->spaced ? "  " : "", s->quoted ? "\"" : "", text,
                      s->quoted ? "\"" : "", s->spaced ? " " : "");
}

static void write_text(struct strbuf *out, const struct style *s)
{
    strbuf_init(out, 1 << 16);
    strbuf_add_string(out, s->before);
    size_t columns = strlen(s->order);
    for (size_t i = 0; i < columns && s->header; i++) {
        if (i)
            strbuf_add_char(out, s->delimiter);
        strbuf_add_string(out, header_name(s->order[i]));
    }
    if (s->header)
        strbuf_add_string(out, s->line_end);
    for (int32_t row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < columns; i++) {
            if (i)
                strbuf_add_char(out, s->delimiter);
            write_field(out, s, row, s->order[i]);
        }
        if (row + 1 < ROWS || s->last_break)
            strbuf_add_string(out, s->line_end);
    }
}

static void assert_bars(const struct csv_bars *b, bool volume)
{
    assert_int_equal(b->count, ROWS);
    assert_int_equal(b->session_count, 2);
    for (int64_t i = 0; i < ROWS; i++) {
        assert_int_equal(b->time_ns[i], csv_at(stamps[i]));
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            assert_true(b->column[c][i] == (c == BAR_VOLUME && !volume ? 0 : values[i][c]));
    }
}

static void assert_style_imports(const struct style *s)
{
    struct strbuf text;
    struct csv_report report;
    struct csv_options o = csv_minutes();
    o.label = s->label;
    if (s->form >= WALL)
        o.zone = csv_zone("America/New_York");
    write_text(&text, s);
    struct csv_bars bars = csv_good(strbuf_text(&text), &o, &report);
    assert_bars(&bars, strchr(s->order, 'v') != NULL);
    assert_int_equal(report.rows, ROWS);
    assert_int_equal(report.dialect.delimiter, s->delimiter);
    assert_int_equal(report.dialect.header, s->header);
    assert_string_equal(report.dialect.stamp, stamp_names[s->form]);
    csv_bars_release(&bars);
    strbuf_release(&text);
}

static void every_delimiter_stamp_and_label_gives_the_same_bars(void **state)
{
    (void)state;
    static const char delimiters[] = {',', ';', '\t'};
    for (size_t k = 0; k < sizeof(delimiters); k++)
        for (int form = 0; form < STAMP_FORMS; form++)
            for (int bits = 0; bits < 32; bits++) {
                struct style s = {.delimiter = delimiters[k],
                                  .line_end = bits & 1 ? "\r\n" : "\n",
                                  .before = bits & 2 ? "\xef\xbb\xbf" : "",
                                  .header = bits & 4,
                                  .quoted = bits & 8,
                                  .last_break = bits & 16,
                                  .form = (enum stamp_form)form,
                                  .label = form % 2 ? CSV_LABEL_END : CSV_LABEL_START,
                                  .order = "tohlcv"};
                assert_style_imports(&s);
                s.label = s.label == CSV_LABEL_END ? CSV_LABEL_START : CSV_LABEL_END;
                s.spaced = true;
                assert_style_imports(&s);
            }
}

static void a_header_may_name_the_columns_in_any_order(void **state)
{
    (void)state;
    static const char *const orders[] = {"tohlcv", "tchlov",       "vclhot", "-ohlcvt",
                                         "ohlct",  "t-c-h-l-o-v-", "lohct",  "tvohlc"};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct style s = {.delimiter = ',',
                          .line_end = "\n",
                          .before = "",
                          .header = true,
                          .last_break = true,
                          .order = orders[i]};
        assert_style_imports(&s);
    }
}

/* Where high and low are unlike the others only one order fits; the open is the first of the rest.
 */
static void without_a_header_the_values_tell_the_order(void **state)
{
    (void)state;
    static const struct {
        const char *order, *found;
    } rows[] = {{"tohlcv", "time,open,high,low,close,volume"},
                {"tolhcv", "time,open,low,high,close,volume"},
                {"thlocv", "time,high,low,open,close,volume"},
                {"tlhoc", "time,low,high,open,close"},
                {"tochlv", "time,open,close,high,low,volume"},
                {"toclh", "time,open,close,low,high"},
                {"thoclv", "time,high,open,close,low,volume"},
                {"tlochv", "time,low,open,close,high,volume"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct style s = {.delimiter = ',', .line_end = "\n", .before = "", .order = rows[i].order};
        struct strbuf text;
        struct csv_report report;
        struct csv_options o = csv_minutes();
        write_text(&text, &s);
        struct csv_bars bars = csv_good(strbuf_text(&text), &o, &report);
        assert_string_equal(report.dialect.order, rows[i].found);
        assert_bars(&bars, strchr(s.order, 'v') != NULL);
        csv_bars_release(&bars);
        strbuf_release(&text);
    }
}

/* 40 rows that rise by 1 a minute and open where the last one closed. */
static void write_trend(struct strbuf *out, bool close_first)
{
    strbuf_init(out, 1 << 16);
    for (int i = 0; i < 40; i++) {
        int open = 100 + i, close = 101 + i;
        strbuf_add_format(out, "%lld,%d,%d,%d,%d,5\n",
                          (long long)(csv_at("2024-03-08T14:30:00Z") / NS_PER_SECOND + i * 60),
                          close_first ? close : open, close + 1, open - 1,
                          close_first ? open : close);
    }
}

static void the_open_is_the_one_near_the_close_before(void **state)
{
    (void)state;
    static const char *const found[] = {"time,open,high,low,close,volume",
                                        "time,close,high,low,open,volume"};
    for (int close_first = 0; close_first < 2; close_first++) {
        struct strbuf text;
        struct csv_report report;
        struct csv_options o = csv_minutes();
        write_trend(&text, close_first);
        struct csv_bars bars = csv_good(strbuf_text(&text), &o, &report);
        assert_string_equal(report.dialect.order, found[close_first]);
        assert_true(bars.column[BAR_OPEN][7] == 107 && bars.column[BAR_CLOSE][7] == 108);
        csv_bars_release(&bars);
        strbuf_release(&text);
    }
}

static void flat_rows_are_taken_in_the_usual_order(void **state)
{
    (void)state;
    struct csv_report report;
    struct csv_options o = csv_minutes();
    struct csv_bars bars = csv_good("1709908200,5,5,5,5,1\n1709908260,5,5,5,5,1\n", &o, &report);
    assert_string_equal(report.dialect.order, "time,open,high,low,close,volume");
    csv_bars_release(&bars);
}

static void aliases_mean_what_the_manual_says(void **state)
{
    (void)state;
    static const char *const times[] = {
        "time",       "TIMESTAMP", "date time", "Date",         "t",     "ts",   "Open Time",
        "start_time", "start",     "begin",     "window_start", "epoch", "unix", "unix-time"};
    static const double want[BAR_COLUMN_COUNT] = {2, 4, 1, 3, 5};
    static const char *const prices[][4] = {{"o", "h", "l", "c"},
                                            {"Open", "High", "Low", "Close"},
                                            {"first", "max", "min", "last"},
                                            {"<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>"}};
    for (size_t t = 0; t < sizeof(times) / sizeof(times[0]); t++)
        for (size_t p = 0; p < 4; p++) {
            char text[256];
            struct csv_report report;
            struct csv_options o = csv_minutes();
            snprintf(text, sizeof(text), "%s,%s,%s,%s,%s,%s\n1709908200,2,4,1,3,5\n", times[t],
                     prices[p][0], prices[p][1], prices[p][2], prices[p][3],
                     p % 2 ? "v" : "Volume");
            struct csv_bars bars = csv_good(text, &o, &report);
            for (int c = 0; c < BAR_COLUMN_COUNT; c++)
                assert_true(bars.column[c][0] == want[c]);
            csv_bars_release(&bars);
        }
}

static void known_extra_columns_are_ignored(void **state)
{
    (void)state;
    static const char *const extra[] = {"oi",
                                        "open_interest",
                                        "price",
                                        "vwap",
                                        "vw",
                                        "wap",
                                        "average",
                                        "trades",
                                        "n",
                                        "count",
                                        "trade_count",
                                        "transactions",
                                        "number of trades",
                                        "bar_count",
                                        "close_time",
                                        "quote_volume",
                                        "quote_asset_volume",
                                        "taker_buy_base_asset_volume",
                                        "taker_buy_quote_asset_volume",
                                        "ignore",
                                        "Adj Close",
                                        "Dividends",
                                        "Stock Splits",
                                        ""};
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
        char text[256];
        struct csv_report report;
        struct csv_options o = csv_minutes();
        snprintf(text, sizeof(text), "t,o,h,%s,l,c\n1709908200,2,4,?,1,3\n", extra[i]);
        struct csv_bars bars = csv_good(text, &o, &report);
        assert_string_equal(report.dialect.order, "time,open,high,-,low,close");
        csv_bars_release(&bars);
    }
}

static void of_two_stamps_the_epoch_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t column;
        const char *stamp;
    } rows[] = {
        {"date,timestamp,o,h,l,c\n2024-03-08 09:30,1709908200000,2,4,1,3\n", 1, "epoch_ms"},
        {"timestamp,o,h,l,c,t\n2024-03-08 09:30,2,4,1,3,1709908200\n", 5, "epoch_s"},
        {"date,time,o,h,l,c\n2024-03-08,2024-03-08T14:30:00Z,2,4,1,3\n", 1, "iso_offset"},
        {"time,date,o,h,l,c\n2024-03-08T09:30:00-05:00,2024-03-08,2,4,1,3\n", 0, "iso_offset"},
        {"date;timestamp;o;h;l;c\nFri, 08 Mar 2024 14:30:00 GMT;1709908200000;2;4;1;3\n", 1,
         "epoch_ms"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct csv_report report;
        struct csv_options o = csv_minutes();
        struct csv_bars bars = csv_good(rows[i].text, &o, &report);
        assert_int_equal(report.dialect.time_column, rows[i].column);
        assert_string_equal(report.dialect.stamp, rows[i].stamp);
        assert_int_equal(bars.time_ns[0], csv_at("2024-03-08T14:30:00Z"));
        csv_bars_release(&bars);
    }
}

static void a_price_scale_divides_the_prices_alone(void **state)
{
    (void)state;
    struct csv_report report;
    struct csv_options o = csv_minutes();
    o.price_scale = 10000;
    struct csv_bars bars = csv_good("1709908200,973100,975300,965300,973600,2150000\n"
                                    "1709908260,973101,973102,973100,973101,7\n",
                                    &o, &report);
    assert_true(bars.column[BAR_OPEN][0] == 97.31 && bars.column[BAR_HIGH][0] == 97.53);
    assert_true(bars.column[BAR_OPEN][1] == 97.3101 && bars.column[BAR_VOLUME][0] == 2150000);
    csv_bars_release(&bars);
}

static void unknown_columns_pass_when_told_so(void **state)
{
    (void)state;
    struct csv_report report;
    struct csv_options o = csv_minutes();
    o.ignore_columns = true;
    struct csv_bars bars =
        csv_good("symbol,t,o,h,l,c,mood\nSPY,1709908200,2,4,1,3,good\n", &o, &report);
    assert_string_equal(report.dialect.order, "-,time,open,high,low,close,-");
    csv_bars_release(&bars);
    bars = csv_good("1709908200,2,4,1,3,5,6,7\n", &o, &report);
    assert_string_equal(report.dialect.order, "time,open,high,low,close,volume,-,-");
    csv_bars_release(&bars);
}

static void blank_lines_do_not_matter(void **state)
{
    (void)state;
    struct csv_report report;
    struct csv_options o = csv_minutes();
    struct csv_bars bars = csv_good("\n\r\nt,o,h,l,c\n\n1709908200,2,4,1,3\n  \n"
                                    "1709908260,2,4,1,3\n\n\n",
                                    &o, &report);
    assert_int_equal(report.rows, 2);
    csv_bars_release(&bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_delimiter_stamp_and_label_gives_the_same_bars),
        cmocka_unit_test(a_header_may_name_the_columns_in_any_order),
        cmocka_unit_test(without_a_header_the_values_tell_the_order),
        cmocka_unit_test(the_open_is_the_one_near_the_close_before),
        cmocka_unit_test(flat_rows_are_taken_in_the_usual_order),
        cmocka_unit_test(aliases_mean_what_the_manual_says),
        cmocka_unit_test(known_extra_columns_are_ignored),
        cmocka_unit_test(of_two_stamps_the_epoch_is_taken),
        cmocka_unit_test(a_price_scale_divides_the_prices_alone),
        cmocka_unit_test(unknown_columns_pass_when_told_so),
        cmocka_unit_test(blank_lines_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
