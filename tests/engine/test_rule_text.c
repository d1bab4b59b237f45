/* Rule text: the normal form, the errors and where they point, and the limits. */
#include "base/limits.h"
#include "base/strbuf.h"
#include "engine/indicators/indicators.h"
#include "engine/rule/rule.h"
#include "engine/rule/series.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err compile(const char *text, struct rule **ret, struct error *e)
{
    struct rule_options options = {.timeframe = {1}, .parameters = true};
    return rule_compile(text, strlen(text), &options, ret, e);
}

/* ---- the cases of rule_cases.txt --------------------------------------------------------- */

/* "normal form" or "error LINE:COLUMN first line of the message" */
static void outcome(const char *text, char *out, size_t size)
{
    struct rule *r = NULL;
    struct error e = {0};
    if (compile(text, &r, &e) == ERR_OK) {
        snprintf(out, size, "%s", rule_normal_form(r));
        rule_free(r);
        return;
    }
    assert_int_equal(e.code, ERR_RULE);
    snprintf(out, size, "error %d:%d %.*s", (int)e.line, (int)e.column,
             (int)strcspn(e.message, "\n"), e.message);
}

static bool read_line(FILE *file, char *line, size_t size)
{
    if (fgets(line, (int)size, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void every_case_of_the_file_comes_out_as_written(void **state)
{
    (void)state;
    FILE *file = fopen("tests/engine/rule_cases.txt", "r");
    assert_non_null(file);
    char rule[512], expected[512], actual[1024];
    int count = 0, failed = 0;
    while (read_line(file, rule, sizeof(rule))) {
        if (rule[0] == '\0' || rule[0] == '#')
            continue;
        assert_true(read_line(file, expected, sizeof(expected)));
        outcome(rule, actual, sizeof(actual));
        count++;
        if (strcmp(actual, expected) != 0) {
            print_error("rule      %s\nexpected  %s\nactual    %s\n", rule, expected, actual);
            failed++;
        }
    }
    fclose(file);
    assert_true(count > 90);
    assert_int_equal(failed, 0);
}

static void a_normal_form_is_its_own_normal_form(void **state)
{
    (void)state;
    FILE *file = fopen("tests/engine/rule_cases.txt", "r");
    assert_non_null(file);
    char line[512], again[1024];
    while (read_line(file, line, sizeof(line))) {
        struct rule *first = NULL, *second = NULL;
        if (line[0] == '\0' || compile(line, &first, NULL) != ERR_OK)
            continue;
        outcome(rule_normal_form(first), again, sizeof(again));
        assert_string_equal(again, rule_normal_form(first));
        assert_int_equal(compile(again, &second, NULL), ERR_OK);
        assert_int_equal(rule_node_count(first), rule_node_count(second));
        rule_free(first);
        rule_free(second);
    }
    fclose(file);
}

/* ---- the manual ------------------------------------------------------------------------- */

/* One block of docs/rule-language.md: rules that must compile, or a message, a rule and a caret
 * that must be what that rule gives. Anything else (the grammar) is left alone. */
static int check_block(char line[][256], int count)
{
    struct rule *r = NULL;
    struct error e = {0};
    if (count == 3 && strspn(line[2], " ^") == strlen(line[2])) {
        char expected[800];
        snprintf(expected, sizeof(expected), "%.255s\n%.255s\n%.255s", line[0], line[1], line[2]);
        assert_int_equal(compile(line[1], &r, &e), ERR_RULE);
        assert_string_equal(e.message, expected);
        return 1;
    }
    if (strstr(line[0], " = ") != NULL || strncmp(line[0], "close  ", 7) == 0)
        return 0; /* the grammar; a table of values, which test_rule_eval.c reads */
    for (int i = 0; i < count; i++) {
        if (compile(line[i], &r, &e) != ERR_OK)
            fail_msg("%s", e.message);
        rule_free(r);
    }
    return 1;
}

static void the_manual_shows_what_happens(void **state)
{
    (void)state;
    FILE *file = fopen("docs/rule-language.md", "r");
    assert_non_null(file);
    char text[1024], block[16][256];
    int lines = 0, checked = 0;
    bool inside = false;
    while (read_line(file, text, sizeof(text))) {
        if (strcmp(text, "```") == 0) {
            checked += inside ? check_block(block, lines) : 0;
            inside = !inside;
            lines = 0;
        } else if (inside && lines < 16) {
            snprintf(block[lines++], sizeof(block[0]), "%.255s", text);
        }
    }
    fclose(file);
    assert_true(checked >= 6);
}

/* ---- errors ------------------------------------------------------------------------------ */

static void an_error_shows_the_line_and_a_caret(void **state)
{
    (void)state;
    struct rule *r = NULL;
    struct error e = {0};
    assert_int_equal(compile("close > 1 and clsoe < 2", &r, &e), ERR_RULE);
    assert_string_equal(e.message, "unknown name 'clsoe', did you mean 'close'?\n"
                                   "close > 1 and clsoe < 2\n"
                                   "              ^");
    assert_int_equal(e.line, 1);
    assert_int_equal(e.column, 15);
}

static void lines_and_characters_are_counted(void **state)
{
    (void)state;
    char actual[1024];
    outcome("close > 1\n  and\tclsoe < 2", actual, sizeof(actual));
    assert_string_equal(actual, "error 2:7 unknown name 'clsoe', did you mean 'close'?");
    outcome("close > \"\xc3\xa4\xc3\xb6\" + 1", actual, sizeof(actual));
    assert_string_equal(actual, "error 1:9 '+' cannot use a quoted text");
    outcome("'\xc3\xa4\xc3\xb6' # 1", actual, sizeof(actual));
    assert_string_equal(actual, "error 1:6 this character is not part of the rule language");
}

static void nothing_is_no_rule(void **state)
{
    (void)state;
    char actual[1024];
    const char *expected =
        "error 1:1 expected a series, an indicator, a number or '(', but the rule ends here";
    outcome("", actual, sizeof(actual));
    assert_string_equal(actual, expected);
    struct rule *r = NULL;
    struct error e = {0};
    struct rule_options options = {.timeframe = {1}};
    assert_int_equal(rule_compile("close\0> 1", 9, &options, &r, &e), ERR_RULE);
    assert_int_equal(e.column, 6);
}

static void a_parameter_needs_a_value_unless_only_validated(void **state)
{
    (void)state;
    struct rule *r = NULL;
    struct error e = {0};
    struct rule_options options = {.timeframe = {1}};
    assert_int_equal(rule_compile("sma($n) > 1", 11, &options, &r, &e), ERR_RULE);
    assert_int_equal(e.column, 5);
    assert_int_equal(compile("sma($n) > sma($M) + $n", &r, &e), ERR_OK);
    assert_int_equal(rule_parameter_count(r), 2);
    assert_string_equal(rule_parameter_name(r, 0), "n");
    assert_string_equal(rule_parameter_name(r, 1), "m");
    rule_free(r);
}

static void tf_needs_a_multiple_of_the_rules_timeframe(void **state)
{
    (void)state;
    static const struct {
        int32_t minutes;
        const char *text, *expected;
    } cases[] = {
        {15, "tf('5m', close) > 1",
         "5m bars cannot be made of the rule's 15m bars: tf needs a multiple of 15m\n"
         "tf('5m', close) > 1\n"
         "   ^"},
        {15, "close > tf('20m', close)",
         "20m bars cannot be made of the rule's 15m bars: tf needs a multiple of 15m\n"
         "close > tf('20m', close)\n"
         "           ^"},
        {0, "tf('4h', close) > 1",
         "4h bars cannot be made of the rule's 1d bars: tf needs a multiple of 1d\n"
         "tf('4h', close) > 1\n"
         "   ^"},
        {15, "tf('30m', close) > tf('15m', open) + tf('1d', close)", NULL},
        {0, "tf('1d', close) > 1", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rule_options options = {.timeframe = {cases[i].minutes}};
        struct rule *r = NULL;
        struct error e = {0};
        enum err err = rule_compile(cases[i].text, strlen(cases[i].text), &options, &r, &e);
        assert_int_equal(err, cases[i].expected != NULL ? ERR_RULE : ERR_OK);
        if (cases[i].expected != NULL)
            assert_string_equal(e.message, cases[i].expected);
        rule_free(r);
    }
}

/* ---- limits ------------------------------------------------------------------------------ */

/* `head`, then `piece` count times, then `tail` */
static char *repeat(const char *head, const char *piece, int count, const char *tail)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    strbuf_add_string(&text, head);
    for (int i = 0; i < count; i++)
        strbuf_add_string(&text, piece);
    strbuf_add_string(&text, tail);
    assert_false(strbuf_failed(&text));
    return strbuf_take(&text, NULL);
}

static void assert_outcome_begins(char *text, const char *expected)
{
    char actual[8192];
    outcome(text, actual, sizeof(actual));
    free(text);
    if (strncmp(actual, expected, strlen(expected)) != 0)
        fail_msg("expected '%s...', got '%s'", expected, actual);
}

static void text_is_limited(void **state)
{
    (void)state;
    assert_outcome_begins(repeat("close > 1", " ", LIMIT_RULE_BYTES - 9, ""), "close > 1");
    assert_outcome_begins(repeat("close > 1", " ", LIMIT_RULE_BYTES - 8, ""),
                          "error 1:4097 the rule is longer than 4096 bytes");
}

static void depth_is_limited(void **state)
{
    (void)state;
    char *ok = repeat("", "(", LIMIT_RULE_DEPTH, "close > 1");
    char *closed = repeat(ok, ")", LIMIT_RULE_DEPTH, "");
    free(ok);
    assert_outcome_begins(closed, "close > 1");
    assert_outcome_begins(repeat("", "(", LIMIT_RULE_DEPTH + 1, "close > 1"),
                          "error 1:33 the rule is nested more than 32 deep");
    assert_outcome_begins(repeat("", "not ", LIMIT_RULE_DEPTH + 1, "close > 1"),
                          "error 1:129 the rule is nested more than 32 deep");
    assert_outcome_begins(repeat("", "-", LIMIT_RULE_DEPTH + 1, "1 > 1"),
                          "error 1:33 the rule is nested more than 32 deep");
    assert_outcome_begins(repeat("", "abs(", LIMIT_RULE_DEPTH + 1, "1"),
                          "error 1:132 the rule is nested more than 32 deep");
    assert_outcome_begins(repeat("", "(1)+", LIMIT_RULE_DEPTH * 3, "1 > 1"), "1 + 1");
}

static void nodes_are_limited(void **state)
{
    (void)state;
    assert_outcome_begins(repeat("", "1+", 498, "1 > 1"), "1 + 1");
    assert_outcome_begins(repeat("", "1+", 499, "1 > 1"),
                          "error 1:1003 the rule has more than 1000 parts");
}

static void parameters_are_limited(void **state)
{
    (void)state;
    char text[256] = "close > 0";
    for (int i = 0; i < LIMIT_RULE_PARAMETERS; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " + $p%d", i);
    struct rule *r = NULL;
    struct error e = {0};
    assert_int_equal(compile(text, &r, &e), ERR_OK);
    assert_int_equal(rule_parameter_count(r), LIMIT_RULE_PARAMETERS);
    rule_free(r);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), " + $more");
    assert_int_equal(compile(text, &r, &e), ERR_RULE);
}

static void memory_is_limited(void **state)
{
    (void)state;
    char text[LIMIT_RULE_BYTES + 1] = "close > 0";
    for (int i = 2; i < 100; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " + sma(open, %d)", 100000 - i);
    struct rule *r = NULL;
    struct error e = {0};
    assert_int_equal(compile(text, &r, &e), ERR_RULE);
    assert_non_null(strstr(e.message, "the limit is 32 MiB"));
    assert_non_null(strstr(e.message, "\nclose > 0 + sma(open, 99998)")); /* an excerpt */
    assert_int_equal(e.line, 1);
}

/* Every prefix of a rule, and the rule with any byte changed, is either a rule or a clean error. */
static void damaged_text_is_refused_cleanly(void **state)
{
    (void)state;
    const char *text = "not (sma(close, 20)[3] * -1.5e2 crosses above $x) or time >= 09:45 and "
                       "min(vwap, 'a') != tf(\"15m\", rsi)";
    size_t length = strlen(text);
    struct rule_options options = {.timeframe = {1}, .parameters = true, .any_type = true};
    char copy[256];
    for (size_t i = 0; i < length; i++) {
        for (int c = 0; c < 256; c += 3) {
            struct rule *r = NULL;
            struct error e = {0};
            memcpy(copy, text, length);
            copy[i] = (char)c;
            size_t end = c == 0 ? i : length;
            if (rule_compile(copy, end, &options, &r, &e) == ERR_OK) {
                rule_free(r);
                continue;
            }
            assert_int_equal(e.code, ERR_RULE);
            assert_true(e.line >= 1 && e.column >= 1 && e.message[0] != '\0');
        }
    }
}

/* ---- what is told about a rule ----------------------------------------------------------- */

static void a_rule_tells_what_it_reads_and_needs(void **state)
{
    (void)state;
    struct rule *r = NULL;
    assert_int_equal(
        compile("rsi < 30 and close > sma(200) and RSI(close, 14)[1] > vwap", &r, NULL), ERR_OK);
    assert_true(rule_is_boolean(r));
    assert_int_equal(rule_columns(r), BAR_ALL_COLUMNS & ~BAR_COLUMN_BIT(BAR_OPEN));
    assert_int_equal(rule_lookback_bars(r), 199);
    assert_in_range(rule_warmup_bars(r), 14 * 38, 14 * 60);
    assert_int_equal(rule_indicator_count(r), 3);
    assert_string_equal(rule_indicator_text(r, 0), "rsi(14)");
    assert_string_equal(rule_indicator_text(r, 1), "sma(200)");
    assert_string_equal(rule_indicator_text(r, 2), "vwap");
    rule_free(r);
}

static void lookback_adds_up_along_a_chain(void **state)
{
    (void)state;
    struct rule *r = NULL;
    assert_int_equal(compile("sma(highest(rsi(14), 10)[5], 20) > close[3]", &r, NULL), ERR_OK);
    assert_int_equal(rule_lookback_bars(r), 14 + 9 + 5 + 19);
    rule_free(r);
    assert_int_equal(compile("sma(highest(10), 20) > close[300]", &r, NULL), ERR_OK);
    assert_int_equal(rule_lookback_bars(r), 300);
    assert_int_equal(rule_warmup_bars(r), 0);
    rule_free(r);
}

static void equal_parts_are_computed_once(void **state)
{
    (void)state;
    struct rule *one = NULL, *two = NULL;
    assert_int_equal(compile("sma(20) > open * 2", &one, NULL), ERR_OK);
    assert_int_equal(
        compile("sma(20) > open * 2 and SMA(close, 20) > 2 * OPEN and open * 2 < sma(20)", &two,
                NULL),
        ERR_OK);
    assert_int_equal(rule_node_count(one), rule_node_count(two));
    rule_free(one);
    rule_free(two);
}

static void numbers_are_rules_only_when_asked_for(void **state)
{
    (void)state;
    struct rule *r = NULL;
    struct rule_options options = {.timeframe = {1}, .any_type = true};
    assert_int_equal(rule_compile("rsi(14)", 7, &options, &r, NULL), ERR_OK);
    assert_false(rule_is_boolean(r));
    rule_free(r);
    assert_int_equal(rule_compile("rsi(14) > 1", 11, &options, &r, NULL), ERR_OK);
    assert_true(rule_is_boolean(r));
    rule_free(r);
    assert_int_equal(rule_compile("'a'", 3, &options, &r, NULL), ERR_RULE);
}

/* ---- warnings ---------------------------------------------------------------------------- */

/* How many warnings a rule has; the first one contains `words`. */
static void assert_warnings(const char *text, size_t count, const char *words)
{
    struct rule *r = NULL;
    assert_int_equal(compile(text, &r, NULL), ERR_OK);
    if (rule_warning_count(r) != count)
        fail_msg("%s: %d warnings", text, (int)rule_warning_count(r));
    if (count > 0)
        assert_non_null(strstr(rule_warning(r, 0), words));
    rule_free(r);
}

static void what_never_or_always_holds_is_told(void **state)
{
    (void)state;
    assert_warnings("rsi(14) < 30 and close > sma(200)", 0, "");
    assert_warnings("close > 1 and RSI > 100", 1, "'rsi(14) > 100' can never hold");
    assert_warnings("rsi(14) >= 100", 0, "");
    assert_warnings("rsi(14) <= 100", 1, "holds on every bar where its values exist");
    assert_warnings("rsi(14) < 100", 0, "");
    assert_warnings("-rsi(14) > 0", 1, "never");
    assert_warnings("tf('1h', rsi(14)) > 100", 1, "'tf(\"1h\", rsi(14)) > 100' can never");
    assert_warnings("tf('1h', close > vwap and rsi(14) > 100)", 1, "'rsi(14) > 100' can never");
    assert_warnings("rsi(14) - rsi(7) > 100", 1, "never");
    assert_warnings("rsi(14) - rsi(7) > 99", 0, "");
    assert_warnings("rsi(14) * 2 > 300", 0, "");
    assert_warnings("volume[3] < 0 or weekday == 8 or weekday != 0", 3,
                    "'volume[3] < 0' can never");
    assert_warnings("time > 23:59", 1, "never");
    assert_warnings("close > $x and rsi(14) < $y", 0, "");
    assert_warnings("1 > 2", 1, "never");
    assert_warnings("rsi(14) crosses above 100", 1, "'rsi(14) crosses above 100' can never hold");
    assert_warnings("rsi(14) crosses below 100 and rsi(14) crosses above 0", 0, "");
    assert_warnings("0 crosses above rsi(14) and -1 crosses rsi(14)", 2, "never");
    assert_warnings("close crosses -1 or volume crosses above vwap", 1, "never");
    assert_warnings("sma(20)[2] > 0", 0, "");
}

static void equality_of_computed_numbers_is_told(void **state)
{
    (void)state;
    assert_warnings("close == open", 0, "");
    assert_warnings("close == highest(close, 20)", 0, "");
    assert_warnings("since(close > ema(5)) == 3 or count(close > open, 5) == 5", 0, "");
    assert_warnings("highest(high, 20)[1] == max(open, abs(-close)) or weekday == 5", 0, "");
    assert_warnings("close == ema(20)", 1, "compares computed numbers for equality");
    assert_warnings("close != vwap", 1, "equality");
    assert_warnings("close - open == 0.5", 1, "equality");
    assert_warnings("highest(vwap, 5) == close", 1, "equality");
    assert_warnings("(close + 1)[2] == 5", 1, "equality");
    assert_warnings("not (close > open or (close == ema(5))[3])", 1, "equality");
}

static void times_of_day_by_another_clock_than_the_markets_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *calendar, *text, *words;
    } cases[] = {
        {"UTC", "XNYS", "time >= 09:45 and close > 1",
         "'time >= 09:45' goes by the clock of UTC, while XNYS opens and closes by that of "
         "America/New_York"},
        {"Europe/London", "XNYS", "09:45 < time",
         "'09:45 < time' goes by the clock of Europe/London"},
        {"America/New_York", "XNSE", "time crosses above 10:00", "while XNSE opens"},
        {"America/New_York", "XNYS", "time >= 09:45", NULL},
        {"America/Toronto", "XNYS", "time >= 09:45", NULL},
        {"UTC", "XNSE", "time >= 09:45", NULL},
        {"America/New_York", "24x7", "time >= 09:45", NULL},
        {"UTC", "XNYS", "minutes_since_open >= 15 and weekday < 5", NULL},
        {"UTC", NULL, "close > 1 and not tf('15m', time < 09:45)",
         "'time < 09:45' goes by UTC, a clock without summer time"},
        {"Asia/Kolkata", NULL, "time > 10:00", "goes by Asia/Kolkata"},
        {"Europe/Paris", NULL, "time > 10:00", NULL},
        {NULL, NULL, "time > 10:00", NULL},
        {NULL, "XNYS", "time > 10:00", "goes by the clock of UTC"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rule_options options = {.timeframe = {1}};
        struct rule *r = NULL;
        if (cases[i].zone != NULL)
            assert_int_equal(zone_find(cases[i].zone, &options.zone, NULL), ERR_OK);
        if (cases[i].calendar != NULL)
            assert_int_equal(calendar_find(cases[i].calendar, &options.calendar, NULL), ERR_OK);
        assert_int_equal(rule_compile(cases[i].text, strlen(cases[i].text), &options, &r, NULL),
                         ERR_OK);
        if (rule_warning_count(r) != (cases[i].words != NULL))
            fail_msg("case %d: %d warnings", (int)i, (int)rule_warning_count(r));
        if (cases[i].words != NULL && strstr(rule_warning(r, 0), cases[i].words) == NULL)
            fail_msg("%s", rule_warning(r, 0));
        rule_free(r);
    }
}

/* ---- the tables -------------------------------------------------------------------------- */

static void names_are_unique_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < indicator_count(); i++) {
        const struct indicator *a = indicator_at(i);
        assert_ptr_equal(indicator_find(a->name), a);
        assert_null(series_find(a->name));
        assert_true(a->summary[0] != '\0' && a->formula[0] != '\0' && a->source[0] != '\0');
        assert_true(a->input_count >= 1 && a->min < a->max);
        assert_true(a->kernel->run != NULL && a->output < a->kernel->output_count);
    }
    for (size_t i = 0; i < series_count(); i++) {
        assert_ptr_equal(series_find(series_at(i)->name), series_at(i));
        assert_true(series_at(i)->summary[0] != '\0');
    }
    assert_null(series_find("rsi"));
    assert_null(indicator_find("Close"));
}

static void a_signature_shows_what_may_be_left_out(void **state)
{
    (void)state;
    char out[64], small[6];
    assert_string_equal(indicator_signature(indicator_find("rsi"), out, sizeof(out)),
                        "rsi([series], [period])");
    assert_string_equal(indicator_signature(indicator_find("sma"), out, sizeof(out)),
                        "sma([series], period)");
    assert_string_equal(indicator_signature(indicator_find("max"), out, sizeof(out)), "max(a, b)");
    assert_string_equal(indicator_signature(indicator_find("log"), out, sizeof(out)), "log(x)");
    assert_string_equal(indicator_signature(indicator_find("log"), small, sizeof(small)), "log(x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_file_comes_out_as_written),
        cmocka_unit_test(a_normal_form_is_its_own_normal_form),
        cmocka_unit_test(the_manual_shows_what_happens),
        cmocka_unit_test(an_error_shows_the_line_and_a_caret),
        cmocka_unit_test(lines_and_characters_are_counted),
        cmocka_unit_test(nothing_is_no_rule),
        cmocka_unit_test(a_parameter_needs_a_value_unless_only_validated),
        cmocka_unit_test(tf_needs_a_multiple_of_the_rules_timeframe),
        cmocka_unit_test(text_is_limited),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(nodes_are_limited),
        cmocka_unit_test(parameters_are_limited),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(damaged_text_is_refused_cleanly),
        cmocka_unit_test(a_rule_tells_what_it_reads_and_needs),
        cmocka_unit_test(lookback_adds_up_along_a_chain),
        cmocka_unit_test(equal_parts_are_computed_once),
        cmocka_unit_test(numbers_are_rules_only_when_asked_for),
        cmocka_unit_test(what_never_or_always_holds_is_told),
        cmocka_unit_test(equality_of_computed_numbers_is_told),
        cmocka_unit_test(times_of_day_by_another_clock_than_the_markets_are_told),
        cmocka_unit_test(names_are_unique_and_found),
        cmocka_unit_test(a_signature_shows_what_may_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
