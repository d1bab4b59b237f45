#include "base/strbuf.h"
#include "server/report/report_read.h"
#include "server/report/report_terms.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* A job as the API tells it, small; single members are changed by the tests. */
static const char job_text[] =
    "{\"id\":\"01a20045-67bd-7ace-9d23-325f94380c8a\",\"name\":\"Dip\",\"notes\":\"see <b>\","
    "\"request\":{\"rule\":\"close > 1\",\"symbols\":[\"ABC\"],\"horizons\":[\"5m\"],"
    "\"strategy\":{\"take_profit\":{\"atr\":{\"period\":14,\"multiple\":2}},\"max_positions\":3}},"
    "\"result\":{\"fires\":7,\"study\":{\"bars\":100,\"bars_in_window\":90,"
    "\"first_day\":\"2024-01-02\",\"last_day\":\"2024-03-04\",\"days\":5,\"days_with_fires\":3,"
    "\"candidates\":9,\"timezone\":\"America/New_York\",\"horizons\":[{\"horizon\":\"5m\",\"n\":6,"
    "\"mean\":0.5,\"median\":null,\"stdev\":1,\"hit_rate\":0.25,\"base_n\":50,\"base_mean\":0.125,"
    "\"base_hit_rate\":0.5,\"difference\":0.375,\"ci_low\":-1,\"ci_high\":1.75}],"
    "\"by_minute\":[{\"time\":\"09:45\",\"fires\":4,\"n\":[3],\"mean\":[0.25],\"hit_rate\":[1]},"
    "{\"time\":\"15:00\",\"fires\":3,\"n\":[0],\"mean\":[null],\"hit_rate\":[null]}],"
    "\"by_weekday\":[{\"weekday\":\"sun\",\"fires\":7,\"mean\":[0.25],\"hit_rate\":[1]}],"
    "\"by_month\":[{\"month\":\"2024-03\",\"fires\":7,\"n\":[6],\"mean\":[1],\"hit_rate\":[1]}]},"
    "\"trades\":{\"candidates\":5,\"in_position\":1,\"too_small\":1,\"unaffordable\":2},"
    "\"metrics\":{\"total_return\":0.5,\"gross_profit\":\"1234.5\",\"sharpe\":null,\"wins\":3,"
    "\"drawdown_peak\":\"2024-01-02T14:30:00Z\",\"drawdown_recovered\":null,"
    "\"drawdown_duration_s\":90},"
    "\"metrics_worst\":{\"total_return\":-0.5},\"metrics_best\":{\"total_return\":0.75},"
    "\"symbols\":[{\"symbol\":\"ABC\",\"fires\":7,\"data_hash\":\"00ff\",\"horizons\":[{\"n\":6}],"
    "\"trades\":{\"count\":4,\"pnl\":\"-12.5\"}}],\"digest\":\"abcd\"},"
    "\"timing\":{\"elapsed_ms\":1500,\"bars_per_second\":2000000,\"workers\":2}}";

struct reading {
    struct json_value *job;
    struct arena arena;
    struct report_parts parts;
};

static enum err read_text(struct reading *r, const char *text)
{
    struct error e;
    assert_int_equal(json_value_parse(text, strlen(text), &r->job, NULL), ERR_OK);
    arena_init(&r->arena, 1 << 20);
    return report_read(r->job, "7", &r->arena, &r->parts, &e);
}

static void release(struct reading *r)
{
    json_value_free(r->job);
    arena_release(&r->arena);
}

/* The job's text with one part of it replaced. */
static const char *changed(const char *part, const char *by)
{
    static char text[sizeof(job_text) + 200];
    const char *at = strstr(job_text, part);
    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - job_text), job_text, by, at + strlen(part));
    return text;
}

static void figures_are_those_of_the_json(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, job_text), ERR_OK);
    const struct report_input *in = &r.parts.input;
    assert_int_equal(in->counts.fires, 7);
    assert_int_equal(in->counts.bars_in_window, 90);
    assert_int_equal(in->horizon_count, 1);
    assert_string_equal(in->horizons[0].name, "5m");
    assert_true(in->stats[0].mean == 0.5 && in->stats[0].ci_high == 1.75);
    assert_true(isnan(in->stats[0].median));
    assert_int_equal(in->by_minute.count, 2);
    assert_int_equal(in->by_minute.items[0].key, 585);
    assert_int_equal(in->by_minute.items[0].horizon[0].n, 3);
    assert_int_equal(in->by_minute.items[1].horizon[0].n, 0);
    assert_int_equal(in->by_weekday.items[0].key, 7);
    assert_int_equal(in->by_month.items[0].key, 2024 * 12 + 2);
    assert_ptr_equal(in->account, &r.parts.account);
    assert_true(r.parts.chosen.total_return == 0.5 && r.parts.chosen.gross_profit == 1234.5);
    assert_true(isnan(r.parts.chosen.sharpe));
    assert_int_equal(r.parts.chosen.wins, 3);
    assert_int_equal(r.parts.chosen.drawdown_peak_ns, INT64_C(1704205800) * 1000000000);
    assert_int_equal(r.parts.chosen.drawdown_recovered_ns, METRICS_NO_TIME);
    assert_int_equal(r.parts.chosen.drawdown_duration_ns, INT64_C(90) * 1000000000);
    assert_true(r.parts.worst.total_return == -0.5 && r.parts.best.total_return == 0.75);
    assert_int_equal(r.parts.account.skipped_unaffordable, 2);
    assert_int_equal(r.parts.account.skipped_late, 2);
    assert_int_equal(r.parts.account.skipped_in_position, 1);
    assert_int_equal(in->symbols[0].trades->pnl, -12500000);
    release(&r);
}

static void texts_are_those_of_the_json(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, job_text), ERR_OK);
    const struct report_input *in = &r.parts.input;
    assert_string_equal(in->name, "Dip");
    assert_string_equal(in->notes, "see <b>");
    assert_string_equal(in->rule, "close > 1");
    assert_string_equal(in->timeframe, "1m");
    assert_string_equal(in->range, "2 Jan 2024 \xe2\x80\x93 4 Mar 2024");
    assert_string_equal(zone_name(in->zone), "America/New_York");
    assert_string_equal(r.parts.account.intrabar, "pessimistic");
    release(&r);
}

static const char *term_of(const struct report_terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->items[i].name, name) == 0)
            return terms->items[i].value;
    return "(none)";
}

static void requests_are_told_in_words_with_their_defaults(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, job_text), ERR_OK);
    const struct report_input *in = &r.parts.input;
    assert_string_equal(term_of(&in->request, "Horizons"), "5m");
    assert_string_equal(term_of(&in->request, "Window"), "the whole day (default)");
    assert_string_equal(term_of(&in->request, "Strategy"), "(none)");
    assert_string_equal(term_of(&in->strategy, "Take profit"), "atr (period 14, multiple 2)");
    assert_string_equal(term_of(&in->strategy, "Max positions"), "3");
    assert_string_equal(term_of(&in->strategy, "Side"), "long (default)");
    assert_string_equal(term_of(&in->origin, "Digest"), "abcd");
    assert_string_equal(term_of(&in->origin, "Data hash"), "00ff");
    assert_string_equal(term_of(&in->origin, "Computed in"),
                        "1.500 s, 2,000,000 bars a second on 2 threads");
    assert_non_null(strstr(term_of(&in->origin, "Program"), "engine 7"));
    release(&r);
}

static void of_many_symbols_the_first_are_named(void **state)
{
    enum { SYMBOLS = 2000 };
    struct strbuf text;
    struct json_value *job = NULL;
    struct arena arena;
    (void)state;
    strbuf_init(&text, 1 << 20);
    strbuf_add_string(&text, "{\"result\":{\"symbols\":[");
    for (int i = 0; i < SYMBOLS; i++)
        strbuf_add_format(&text, "%s{\"symbol\":\"S%d\",\"data_hash\":\"%032d\"}", i ? "," : "", i,
                          i);
    strbuf_add_string(&text, "]}}");
    assert_int_equal(json_value_parse(strbuf_text(&text), text.length, &job, NULL), ERR_OK);
    arena_init(&arena, 1 << 20);
    struct report_terms terms = report_terms_of_origin(job, NULL, zone_utc(), &arena);
    const char *hashes = term_of(&terms, "Data hashes");
    assert_int_equal(strncmp(hashes, "S0 000000", 9), 0);
    assert_non_null(strstr(hashes, ", S19 "));
    assert_null(strstr(hashes, ", S20 "));
    assert_non_null(strstr(hashes, " and 1980 more"));
    arena_release(&arena);
    json_value_free(job);
    strbuf_release(&text);
}

static void without_metrics_there_is_no_account(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, changed("\"metrics\":", "\"other\":")), ERR_OK);
    assert_null(r.parts.input.account);
    release(&r);
}

static void groups_of_older_results_count_their_fires(void **state)
{
    struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, job_text), ERR_OK);
    assert_int_equal(r.parts.input.by_weekday.items[0].horizon[0].n, 7);
    release(&r);
}

static void what_is_no_result_is_refused(void **state)
{
    static const struct {
        const char *part, *by;
    } rows[] = {
        {"\"study\":", "\"other\":"},
        {"\"rule\":\"close > 1\"", "\"rule\":5"},
        {"America/New_York", "Nowhere/Town"},
        {"\"horizon\":\"5m\"", "\"horizon\":\"5 parsecs\""},
        {"\"time\":\"15:00\"", "\"time\":\"09:45\""},
        {"\"time\":\"15:00\"", "\"time\":\"25:99\""},
        {"\"weekday\":\"sun\"", "\"weekday\":\"someday\""},
        {"\"month\":\"2024-03\"", "\"month\":\"2024-3\""},
        {"\"symbol\":\"ABC\"", "\"symbol\":null"},
        {"\"symbols\":[{", "\"others\":[{"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reading r;
        if (!read_text(&r, changed(rows[i].part, rows[i].by)))
            fail_msg("%s was taken", rows[i].by);
        release(&r);
    }
}

static void an_arena_that_is_full_is_an_error_or_a_shorter_page(void **state)
{
    struct json_value *job = NULL;
    (void)state;
    assert_int_equal(json_value_parse(job_text, strlen(job_text), &job, NULL), ERR_OK);
    for (size_t bytes = 0; bytes < 8192; bytes += 64) {
        struct report_parts parts;
        struct arena arena;
        struct error e;
        arena_init(&arena, bytes);
        enum err err = report_read(job, NULL, &arena, &parts, &e);
        assert_true(err == ERR_OK || err == ERR_NO_MEMORY);
        arena_release(&arena);
    }
    json_value_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_the_json),
        cmocka_unit_test(texts_are_those_of_the_json),
        cmocka_unit_test(requests_are_told_in_words_with_their_defaults),
        cmocka_unit_test(of_many_symbols_the_first_are_named),
        cmocka_unit_test(without_metrics_there_is_no_account),
        cmocka_unit_test(groups_of_older_results_count_their_fires),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(an_arena_that_is_full_is_an_error_or_a_shorter_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
