#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/sodium_ready.h"
#include "server/report/chart_heat.h"
#include "server/report/gather.h"
#include "server/report/months.h"
#include "server/report/thin.h"
#include "server/report/timeline.h"
#include "tests/server/report/report_fixture.h"
#include "tests/support/test.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { PAGE_BYTES_TARGET = 512 * 1024, DEPTH = 64, NAME = 32 };

/* ---- a strict reader of the page ---- */

/* Elements must nest, attributes be quoted, and "<" and "&" be nothing but markup. */
struct reader {
    const char *at;
    char open[DEPTH][NAME];
    int depth;
};

static size_t name_length(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '-' || p[n] == ':')
        n++;
    return n;
}

static void read_entity(struct reader *r)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        size_t length = strlen(entities[i]);
        if (strncmp(r->at, entities[i], length) == 0) {
            r->at += length;
            return;
        }
    }
    fail_msg("a bare &: %.40s", r->at);
}

static void read_attribute(struct reader *r)
{
    size_t length = name_length(r->at);
    const char *name = r->at;
    assert_true(length > 0);
    r->at += length;
    assert_int_equal(strncmp(r->at, "=\"", 2), 0);
    r->at += 2;
    bool is_place = length == 1 || strncmp(name, "cx", 2) == 0 || strncmp(name, "cy", 2) == 0 ||
                    strncmp(name, "viewBox", 7) == 0;
    while (*r->at != '"') {
        assert_true(*r->at && *r->at != '<');
        if (is_place)
            assert_true(isdigit((unsigned char)*r->at) || strchr("MLHVZmlhvz .-", *r->at));
        if (*r->at == '&')
            read_entity(r);
        else
            r->at++;
    }
    r->at++;
}

static void read_close(struct reader *r)
{
    size_t length = name_length(r->at += 2);
    assert_true(r->depth > 0);
    r->depth--;
    if (strncmp(r->open[r->depth], r->at, length) != 0 || r->open[r->depth][length])
        fail_msg("</%.*s> closes <%s>", (int)length, r->at, r->open[r->depth]);
    r->at += length;
    assert_int_equal(*r->at++, '>');
}

static void read_open(struct reader *r)
{
    size_t length = name_length(++r->at);
    assert_in_range(length, 1, NAME - 1);
    assert_true(r->depth < DEPTH);
    memcpy(r->open[r->depth], r->at, length);
    r->open[r->depth][length] = '\0';
    r->at += length;
    while (*r->at == ' ') {
        r->at++;
        read_attribute(r);
    }
    if (strncmp(r->at, "/>", 2) == 0) {
        r->at += 2;
        return;
    }
    assert_int_equal(*r->at++, '>');
    r->depth++;
}

static void assert_well_formed(const char *page)
{
    struct reader r = {.at = page};
    static const char doctype[] = "<!DOCTYPE html>";
    assert_int_equal(strncmp(page, doctype, strlen(doctype)), 0);
    r.at += strlen(doctype);
    while (*r.at) {
        if (strncmp(r.at, "</", 2) == 0)
            read_close(&r);
        else if (*r.at == '<')
            read_open(&r);
        else if (*r.at == '&')
            read_entity(&r);
        else
            r.at++;
    }
    assert_int_equal(r.depth, 0);
}

/* ---- pages ---- */

static size_t count_of(const char *page, const char *text)
{
    size_t n = 0;
    for (const char *p = page; (p = strstr(p, text)); p++)
        n++;
    return n;
}

static void write_page(const struct report_input *in, struct strbuf *ret)
{
    struct error e = {0};
    strbuf_init(ret, REPORT_BYTES_MAX);
    if (report_write(in, ret, &e))
        fail_msg("%s", e.message);
    assert_well_formed(strbuf_text(ret));
}

static void pages_of_all_sizes_are_well_formed_and_small(void **state)
{
    static const struct report_size sizes[] = {
        {.days = 1, .fires = 0, .trades = -1, .day_points = 1, .symbols = 1},
        {.days = 1, .fires = 1, .trades = -1, .day_points = 1, .symbols = 1},
        {.days = 1, .fires = 0, .trades = 0, .day_points = 1, .symbols = 1},
        {.days = 1, .fires = 1, .trades = 1, .day_points = 3, .symbols = 1},
        {.days = 1, .fires = 300, .trades = 50, .day_points = 100, .symbols = 1},
        {.days = 2, .fires = 5, .trades = 2, .day_points = 3, .symbols = 2},
        {.days = 23, .fires = 60, .trades = 40, .day_points = 4, .symbols = 1},
        {.days = 250, .fires = 900, .trades = 500, .day_points = 4, .symbols = 3},
        {.days = 1250, .fires = 200000, .trades = 120000, .day_points = 80, .symbols = 2000},
        {.days = 20000, .fires = 4000, .trades = 900, .day_points = 1, .symbols = 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct report_fixture f;
        struct strbuf page;
        report_fixture_init(&f, &sizes[i]);
        write_page(&f.input, &page);
        assert_true(page.length < PAGE_BYTES_TARGET);
        const char *text = strbuf_text(&page);
        assert_int_equal(count_of(text, "id=\"account\""), sizes[i].trades >= 0);
        assert_int_equal(count_of(text, "id=\"metrics\""), sizes[i].trades >= 0);
        assert_int_equal(count_of(text, "id=\"trades\""),
                         sizes[i].trades >= 0 && sizes[i].fires > 0);
        assert_int_equal(count_of(text, "class=\"trades\""), sizes[i].trades > 0);
        assert_int_equal(count_of(text, "id=\"times\""), sizes[i].fires > 0);
        assert_int_equal(count_of(text, "id=\"symbols\""), sizes[i].symbols > 1);
        assert_int_equal(count_of(text, "id=\"request\""), 1);
        assert_int_equal(count_of(text, "<script"), 0);
        assert_int_equal(count_of(text, " style="), 0);
        assert_int_equal(count_of(text, "http"),
                         1 + 1 + count_of(text, "xmlns=\"http://www.w3.org/2000/svg\""));
        strbuf_release(&page);
        report_fixture_release(&f);
    }
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    struct report_fixture f;
    struct strbuf first, second;
    (void)state;
    report_fixture_init(&f,
                        &(struct report_size){
                            .days = 100, .fires = 90, .trades = 30, .day_points = 2, .symbols = 1});
    write_page(&f.input, &first);
    write_page(&f.input, &second);
    assert_string_equal(strbuf_text(&first), strbuf_text(&second));
    strbuf_release(&first);
    strbuf_release(&second);
    report_fixture_release(&f);
}

static void what_users_write_is_text_and_nothing_else(void **state)
{
    static const char evil[] =
        "</pre><script>alert('x')</script><img src=\"//host/x\" onerror=\"1\"/>&amp;";
    struct report_fixture f;
    struct strbuf page;
    struct report_term term = {evil, evil};
    struct report_symbol symbols[2] = {{.name = evil}, {.name = evil}};
    (void)state;
    report_fixture_init(&f, &(struct report_size){
                                .days = 3, .fires = 3, .trades = 2, .day_points = 2, .symbols = 1});
    f.input.name = f.input.notes = f.input.rule = f.input.range = f.input.timeframe = evil;
    f.input.request = f.input.origin = (struct report_terms){1, &term};
    f.input.symbols = symbols;
    f.input.symbol_count = 2;
    f.account.trades_link = f.account.intrabar = evil;
    write_page(&f.input, &page);
    const char *text = strbuf_text(&page);
    assert_int_equal(count_of(text, "<script"), 0);
    assert_int_equal(count_of(text, "<img"), 0);
    assert_int_equal(count_of(text, "onerror=\""), 0);
    assert_true(count_of(text, "&lt;/pre&gt;&lt;script&gt;alert(&#39;x&#39;)") >= 9);
    strbuf_release(&page);
    report_fixture_release(&f);
}

static void a_long_rule_is_no_title(void **state)
{
    char rule[400];
    struct report_fixture f;
    struct strbuf page;
    (void)state;
    report_fixture_init(&f,
                        &(struct report_size){.days = 2, .fires = 2, .trades = -1, .symbols = 8});
    memset(rule, 'a', sizeof(rule) - 1);
    rule[sizeof(rule) - 1] = '\0';
    f.input.rule = rule;
    write_page(&f.input, &page);
    assert_non_null(
        strstr(strbuf_text(&page), "<h1>SYM0, SYM1, SYM2, SYM3, SYM4, SYM5 and 2 more</h1>"));
    assert_int_equal(count_of(strbuf_text(&page), rule), 1);
    strbuf_release(&page);
    report_fixture_release(&f);
}

static void fires_of_one_day_are_warned_of(void **state)
{
    struct report_fixture f;
    struct strbuf page;
    (void)state;
    report_fixture_init(
        &f, &(struct report_size){.days = 200, .fires = 1000, .trades = -1, .symbols = 1});
    write_page(&f.input, &page);
    assert_int_equal(count_of(strbuf_text(&page), "One day."), 0);
    strbuf_release(&page);
    struct study_map_cell cells[] = {{.day = 19000, .minute = 600, .fires = 300},
                                     {.day = 19001, .minute = 600, .fires = 200},
                                     {.day = 19001, .minute = 601, .fires = 500}};
    f.input.map = cells;
    f.input.map_count = 3;
    write_page(&f.input, &page);
    assert_non_null(strstr(strbuf_text(&page), "of all fires (700) are of 9 Jan 2022"));
    strbuf_release(&page);
    report_fixture_release(&f);
}

static void modelled_trades_are_warned_of(void **state)
{
    struct report_fixture f;
    struct strbuf page;
    struct trade t = {.quantity = DECIMAL_ONE, .exit_reason = EXIT_EXPIRY};
    (void)state;
    report_fixture_init(&f, &(struct report_size){
                                .days = 5, .fires = 9, .trades = 3, .day_points = 1, .symbols = 1});
    write_page(&f.input, &page);
    assert_int_equal(count_of(strbuf_text(&page), "Modelled prices."), 0);
    strbuf_release(&page);
    trades_gather_add(&f.trades, &t, "SYM0  261218C00200000", true);
    write_page(&f.input, &page);
    assert_non_null(strstr(strbuf_text(&page), "Modelled prices.</strong> 1 of 4 trades"));
    assert_non_null(strstr(strbuf_text(&page), "SYM0  261218C00200000"));
    assert_non_null(strstr(strbuf_text(&page), "Expiry, modelled"));
    strbuf_release(&page);
    report_fixture_release(&f);
}

static void a_page_that_does_not_fit_is_refused(void **state)
{
    struct report_fixture f;
    struct strbuf page;
    struct error e;
    (void)state;
    report_fixture_init(&f, &(struct report_size){
                                .days = 3, .fires = 3, .trades = 2, .day_points = 2, .symbols = 1});
    strbuf_init(&page, 2000);
    assert_int_equal(report_write(&f.input, &page, &e), ERR_TOO_LARGE);
    strbuf_release(&page);
    report_fixture_release(&f);
}

static void the_policy_allows_the_sheet_that_the_page_has(void **state)
{
    struct report_fixture f;
    struct strbuf page;
    char policy[REPORT_POLICY_MAX], hash_text[64];
    unsigned char hash[SHA256_BYTES];
    (void)state;
    report_fixture_init(&f, &(struct report_size){.days = 1, .trades = -1, .symbols = 1});
    write_page(&f.input, &page);
    const char *begin = strstr(strbuf_text(&page), "<style>") + strlen("<style>");
    sha256_of(begin, (size_t)(strstr(begin, "</style>") - begin), hash);
    base64_format(hash, sizeof(hash), hash_text);
    report_content_policy(policy);
    assert_non_null(strstr(policy, hash_text));
    assert_non_null(strstr(policy, "default-src 'none'"));
    strbuf_release(&page);
    report_fixture_release(&f);
}

/* ---- thinning ---- */

static void a_thinned_line_keeps_the_extremes_of_every_column(void **state)
{
    enum { POINTS = 100000, COLUMNS = 800 };
    struct strbuf path;
    struct thin thin;
    double low[COLUMNS], high[COLUMNS], y = 500;
    uint64_t seed = 99;
    (void)state;
    strbuf_init(&path, 1 << 20);
    for (int c = 0; c < COLUMNS; c++)
        low[c] = 1e9, high[c] = -1e9;
    thin_begin(&thin, &path);
    for (int i = 0; i < POINTS; i++) {
        double x = (double)i * COLUMNS / POINTS;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        y += ((double)(seed >> 33) / 2147483648.0 - 0.5) * 4;
        int c = (int)x;
        low[c] = fmin(low[c], y);
        high[c] = fmax(high[c], y);
        thin_add(&thin, x, y);
    }
    thin_end(&thin);
    assert_true(thin.written <= 2 * COLUMNS + 2);
    const char *p = strbuf_text(&path);
    double seen_low[COLUMNS], seen_high[COLUMNS];
    for (int c = 0; c < COLUMNS; c++)
        seen_low[c] = 1e9, seen_high[c] = -1e9;
    while (*p) {
        char *end;
        double x = strtod(p + 1, &end), at = strtod(end, &end);
        int c = (int)fmin(x, COLUMNS - 1);
        seen_low[c] = fmin(seen_low[c], at);
        seen_high[c] = fmax(seen_high[c], at);
        p = end;
    }
    /* A place is rounded to a tenth, which may move it into the next column. */
    for (int c = 1; c + 1 < COLUMNS; c++) {
        double l = fmin(seen_low[c], fmin(seen_low[c - 1], seen_low[c + 1]));
        double h = fmax(seen_high[c], fmax(seen_high[c - 1], seen_high[c + 1]));
        assert_true(l <= low[c] + 0.06 && h >= high[c] - 0.06);
    }
    strbuf_release(&path);
}

static void a_line_of_one_point_is_one_move(void **state)
{
    struct strbuf path;
    struct thin thin;
    (void)state;
    strbuf_init(&path, 4096);
    thin_begin(&thin, &path);
    thin_add(&thin, 3, 4);
    thin_end(&thin);
    assert_int_equal(strncmp(strbuf_text(&path), "M3 4", 4), 0);
    strbuf_release(&path);
}

/* ---- gathering ---- */

static void gathered_points_keep_marks_ends_and_extremes(void **state)
{
    enum { POINTS = 300000 };
    struct points_gather g;
    uint64_t seed = 5;
    int64_t equity = 1000000, lowest = INT64_MAX, highest = INT64_MIN, marks = 0, kept_marks = 0;
    int64_t kept_lowest = INT64_MAX, kept_highest = INT64_MIN;
    (void)state;
    points_gather_init(&g, POINTS);
    for (int64_t i = 0; i < POINTS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        equity += (int64_t)(seed >> 50) - 8192;
        lowest = equity < lowest ? equity : lowest;
        highest = equity > highest ? equity : highest;
        struct equity_point p = {.at_ns = i, .equity = equity, .is_mark = i % 400 == 399};
        marks += p.is_mark;
        points_gather_add(&g, &p);
    }
    assert_int_equal(points_gather_end(&g, NULL), ERR_OK);
    assert_true(g.count <= GATHER_POINTS + (size_t)marks * 3 + 2);
    for (size_t i = 0; i < g.count; i++) {
        kept_marks += g.points[i].is_mark;
        kept_lowest = g.points[i].equity < kept_lowest ? g.points[i].equity : kept_lowest;
        kept_highest = g.points[i].equity > kept_highest ? g.points[i].equity : kept_highest;
        assert_true(i == 0 || g.points[i].at_ns > g.points[i - 1].at_ns);
    }
    assert_int_equal(g.points[0].at_ns, 0);
    assert_int_equal(g.points[g.count - 1].at_ns, POINTS - 1);
    assert_int_equal(kept_marks, marks);
    assert_int_equal(kept_lowest, lowest);
    assert_int_equal(kept_highest, highest);
    points_gather_release(&g);
}

static void few_points_are_all_kept(void **state)
{
    struct points_gather g;
    (void)state;
    points_gather_init(&g, 3);
    for (int64_t i = 0; i < 3; i++)
        points_gather_add(&g, &(struct equity_point){.at_ns = i, .equity = 5});
    assert_int_equal(points_gather_end(&g, NULL), ERR_OK);
    assert_int_equal(g.count, 3);
    points_gather_release(&g);
}

static void gathered_trades_are_counted_by_how_they_ended(void **state)
{
    static struct trades_gather g;
    (void)state;
    trades_gather_init(&g);
    for (int64_t i = 0; i < 250; i++) {
        struct trade t = {.exit_reason = i % 2 ? EXIT_STOP_LOSS : EXIT_TAKE_PROFIT,
                          .pnl = i % 2 ? -3 : 5,
                          .return_on_value = (double)i};
        trades_gather_add(&g, &t, i == 1 ? "AAPL  261218C00200000" : "", i == 1);
    }
    assert_int_equal(trades_gather_end(&g, NULL), ERR_OK);
    assert_int_equal(g.count, 250);
    assert_int_equal(g.modelled, 1);
    assert_int_equal(g.endings[EXIT_TAKE_PROFIT].trades, 125);
    assert_int_equal(g.endings[EXIT_TAKE_PROFIT].wins, 125);
    assert_int_equal(g.endings[EXIT_STOP_LOSS].wins, 0);
    assert_int_equal(g.endings[EXIT_STOP_LOSS].pnl, -375);
    assert_int_equal(g.first_count, GATHER_TRADES_FIRST);
    assert_string_equal(g.first[1].contract, "AAPL  261218C00200000");
    assert_true(g.returns[249] == 249);
    trades_gather_release(&g);
}

/* ---- time ---- */

static int64_t at(int32_t year, int32_t month, int32_t day, int32_t minute)
{
    int64_t days = civil_to_days((struct civil_date){year, month, day});
    return (days * 1440 + minute) * NS_PER_MINUTE;
}

static void a_timeline_has_no_room_for_nights_and_weekends(void **state)
{
    struct equity_point points[] = {
        {.at_ns = at(1990, 1, 1, 0)}, /* the start of the account, long before */
        {.at_ns = at(2024, 3, 8, 870)},  {.at_ns = at(2024, 3, 8, 1260), .is_mark = true},
        {.at_ns = at(2024, 3, 11, 870)}, {.at_ns = at(2024, 3, 11, 1260), .is_mark = true},
    };
    struct timeline t;
    (void)state;
    assert_int_equal(timeline_init(&t, points, 5, zone_utc(), NULL), ERR_OK);
    assert_int_equal(t.day_count, 2);
    assert_true(timeline_place(&t, points[0].at_ns) == 0);
    assert_true(timeline_place(&t, points[1].at_ns) == 0);
    assert_true(timeline_place(&t, timeline_instant(&points[2])) == 1);
    assert_true(timeline_place(&t, at(2024, 3, 9, 600)) == 1);
    assert_true(timeline_place(&t, points[3].at_ns) == 1);
    double noon = timeline_place(&t, at(2024, 3, 11, 1064));
    assert_true(noon > 1.49 && noon < 1.51);
    assert_true(timeline_place(&t, at(2025, 1, 1, 0)) == 2);
    timeline_release(&t);
}

static void midnight_belongs_to_the_day_that_ends(void **state)
{
    struct equity_point points[] = {{.at_ns = at(2024, 1, 31, 0)},
                                    {.at_ns = at(2024, 2, 1, 0), .is_mark = true}};
    struct timeline t;
    (void)state;
    assert_int_equal(timeline_init(&t, points, 2, zone_utc(), NULL), ERR_OK);
    assert_int_equal(t.day_count, 1);
    assert_int_equal(t.days[0], civil_to_days((struct civil_date){2024, 1, 31}));
    timeline_release(&t);
}

static void months_multiply_to_the_whole_return(void **state)
{
    const struct equity_point points[] = {
        {.at_ns = at(2023, 12, 15, 600), .equity = 100000},
        {.at_ns = at(2023, 12, 29, 1260), .equity = 110000, .is_mark = true},
        {.at_ns = at(2024, 1, 5, 900), .equity = 1}, /* a fill, no mark */
        {.at_ns = at(2024, 1, 5, 1260), .equity = 104500, .is_mark = true},
        {.at_ns = at(2024, 1, 31, 1260), .equity = 99000, .is_mark = true},
        {.at_ns = at(2024, 3, 1, 1260), .equity = 198000, .is_mark = true},
    };
    struct month_walk walk;
    struct month_return m;
    const int32_t months[] = {2023 * 12 + 11, 2024 * 12, 2024 * 12 + 2};
    const double returns[] = {0.1, -0.1, 1.0};
    size_t n = 0;
    (void)state;
    month_walk_begin(&walk, points, 6, zone_utc());
    for (; month_walk_next(&walk, &m); n++) {
        assert_int_equal(m.month, months[n]);
        assert_true(fabs(m.value - returns[n]) < 1e-12);
    }
    assert_int_equal(n, 3);
}

/* ---- the map ---- */

static void a_grid_never_has_more_cells_than_can_be_read(void **state)
{
    uint64_t seed = 3;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int32_t first = (int32_t)((seed >> 40) % 20000);
        int32_t days = (int32_t)((seed >> 30) % (i % 3 ? 400 : 9000));
        int32_t minute = (int32_t)((seed >> 20) % 1000), minutes = (int32_t)((seed >> 10) % 440);
        struct study_map_cell cells[] = {{.day = first, .minute = minute + minutes, .fires = 1},
                                         {.day = first + days, .minute = minute, .fires = 1}};
        struct heat_map map = {cells, 2};
        struct heat_grid g;
        heat_grid_of(&map, HEAT_COLUMNS, &g);
        assert_in_range(g.columns, 1, HEAT_COLUMNS);
        assert_in_range(g.rows, 1, HEAT_ROWS);
        assert_int_equal(heat_column(&g, first), 0);
        assert_int_equal(heat_column(&g, first + days), g.columns - 1);
        for (int32_t c = 0; c < g.columns; c++)
            assert_int_equal(heat_column(&g, heat_column_day(&g, c)), c);
        assert_in_range((minute + minutes - g.first_minute) / g.row_minutes, 0, g.rows - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_all_sizes_are_well_formed_and_small),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(what_users_write_is_text_and_nothing_else),
        cmocka_unit_test(a_long_rule_is_no_title),
        cmocka_unit_test(fires_of_one_day_are_warned_of),
        cmocka_unit_test(modelled_trades_are_warned_of),
        cmocka_unit_test(a_page_that_does_not_fit_is_refused),
        cmocka_unit_test(the_policy_allows_the_sheet_that_the_page_has),
        cmocka_unit_test(a_thinned_line_keeps_the_extremes_of_every_column),
        cmocka_unit_test(a_line_of_one_point_is_one_move),
        cmocka_unit_test(gathered_points_keep_marks_ends_and_extremes),
        cmocka_unit_test(few_points_are_all_kept),
        cmocka_unit_test(gathered_trades_are_counted_by_how_they_ended),
        cmocka_unit_test(a_timeline_has_no_room_for_nights_and_weekends),
        cmocka_unit_test(midnight_belongs_to_the_day_that_ends),
        cmocka_unit_test(months_multiply_to_the_whole_return),
        cmocka_unit_test(a_grid_never_has_more_cells_than_can_be_read),
    };
    sodium_ready();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
