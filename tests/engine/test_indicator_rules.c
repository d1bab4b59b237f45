/* Every indicator inside the evaluator: in one piece, in random segments, bar by bar, from a saved
 * state and from a fresh start, the bits are the same. First each indicator alone with several
 * parameters, then 10,000 random rules and expressions over the whole table.
 */
#include "engine/indicators/indicators.h"
#include "tests/engine/rule_fixture.h"

#include <math.h>

#ifdef VARIANT_SANITIZED
enum { RULES = 1000 };
#else
enum { RULES = 10000 };
#endif
enum { BARS = 2500, DEPTH = 6 };

/* ---- random texts ------------------------------------------------------------------------ */

struct writer {
    struct strbuf text;
    struct random random;
    int used[256]; /* [indicator] how often a rule named it */
};

static void write_number(struct writer *w, int depth);
static void write_boolean(struct writer *w, int depth);

static uint64_t below(struct writer *w, uint64_t bound)
{
    return random_below(&w->random, bound);
}

static void write_leaf(struct writer *w)
{
    static const char *const names[] = {"close", "close", "open", "high", "low",      "volume",
                                        "hl2",   "hlc3",  "vwap", "gap",  "day_high", "time"};
    if (below(w, 8) == 0)
        strbuf_add_format(&w->text, "%g", (double)below(w, 400) / 4);
    else
        strbuf_add_string(&w->text, names[below(w, sizeof(names) / sizeof(names[0]))]);
}

static void write_parameter(struct writer *w, const struct indicator_parameter *p)
{
    if (!p->whole) {
        strbuf_add_format(&w->text, "%g", p->fallback * (double)(1 + below(w, 8)) / 4);
        return;
    }
    uint64_t most = below(w, 6) == 0 ? 300 : 25;
    strbuf_add_format(&w->text, "%d", (int)p->min + (int)below(w, most));
}

/* A call of indicator k; a series that may be left out is there half of the time. */
static void write_call(struct writer *w, size_t k, int depth)
{
    const struct indicator *i = indicator_at(k);
    const char *separator = "";
    w->used[k]++;
    strbuf_add_format(&w->text, "%s(", i->name);
    for (int32_t j = 0; j < i->input_count; j++) {
        bool series = i->input[j] == INDICATOR_INPUT_SERIES && below(w, 2) == 0;
        if (!series && i->input[j] != INDICATOR_INPUT_VALUE && i->input[j] != INDICATOR_INPUT_RULE)
            continue;
        strbuf_add_string(&w->text, separator);
        if (i->input[j] == INDICATOR_INPUT_RULE)
            write_boolean(w, depth - 1);
        else
            write_number(w, depth - 1);
        separator = ", ";
    }
    for (int32_t j = 0; j < i->parameter_count; j++) {
        strbuf_add_string(&w->text, separator);
        write_parameter(w, &i->parameter[j]);
        separator = ", ";
    }
    strbuf_add_char(&w->text, ')');
}

static void write_number(struct writer *w, int depth)
{
    static const char *const operators[] = {" + ", " - ", " * ", " / "};
    uint64_t pick = depth <= 0 ? 0 : below(w, 10);
    if (pick <= 1) {
        write_leaf(w);
    } else if (pick <= 6) {
        write_call(w, below(w, indicator_count()), depth);
    } else if (pick == 7) {
        strbuf_add_char(&w->text, '(');
        write_number(w, depth - 1);
        strbuf_add_format(&w->text, ")[%d]", (int)below(w, below(w, 6) == 0 ? 300 : 6));
    } else {
        strbuf_add_char(&w->text, '(');
        write_number(w, depth - 1);
        strbuf_add_string(&w->text, operators[below(w, 4)]);
        write_number(w, depth - 1);
        strbuf_add_char(&w->text, ')');
    }
}

static void write_boolean(struct writer *w, int depth)
{
    static const char *const comparisons[] = {" < ",  " <= ", " > ",      " >= ", " crosses above ",
                                              " == ", " != ", " crosses "};
    static const char *const connectives[] = {" and ", " or "};
    uint64_t pick = depth <= 1 ? 0 : below(w, 6);
    if (pick == 5) {
        strbuf_add_string(&w->text, "not ");
        write_boolean(w, depth - 1);
        return;
    }
    strbuf_add_char(&w->text, '(');
    if (pick <= 2) {
        write_number(w, depth - 1);
        strbuf_add_string(&w->text, comparisons[below(w, 8)]);
        write_number(w, depth - 1);
    } else {
        write_boolean(w, depth - 1);
        strbuf_add_string(&w->text, connectives[below(w, 2)]);
        write_boolean(w, depth - 1);
    }
    strbuf_add_char(&w->text, ')');
}

/* NULL when the text came out beyond a limit of the language. */
static struct rule *compile(struct writer *w)
{
    struct rule_options options = {.timeframe = {1}, .any_type = true};
    struct rule *rule = NULL;
    struct error e = {0};
    enum err err = rule_compile(strbuf_text(&w->text), w->text.length, &options, &rule, &e);
    if (err != ERR_OK && strstr(e.message, "longer than") == NULL &&
        strstr(e.message, "nested more") == NULL && strstr(e.message, "more than 1000") == NULL)
        fail_msg("%s\n%s", strbuf_text(&w->text), e.message);
    return rule;
}

/* ---- runs -------------------------------------------------------------------------------- */

/* Bars [position, to), in segments of at most `most` bars, or of random ones when it is 0. */
static void run_to(struct rule_run *run, int64_t to, int64_t most, struct random *r, double *values)
{
    while (rule_run_position(run) < to) {
        int64_t from = rule_run_position(run);
        int64_t count = most > 0 ? most : 1 + (int64_t)random_below(r, 400);
        int64_t end = count < to - from ? from + count : to;
        rule_run_values(run, end, values + from);
    }
}

static void assert_same(const struct rule *rule, const char *how, const double *a, const double *b,
                        int64_t from, int64_t to)
{
    for (int64_t t = from; t < to; t++)
        if (!(isnan(a[t]) && isnan(b[t])) && memcmp(&a[t], &b[t], sizeof(double)) != 0)
            fail_msg("%s, %s: bar %d is %.17g and %.17g", rule_normal_form(rule), how, (int)t, a[t],
                     b[t]);
}

static void check_rule(const struct rule *rule, const struct bars *bars, struct random *r)
{
    static double whole[BARS], values[BARS];
    struct rule_run *run = fixture_run(rule, bars);
    run_to(run, BARS, BARS, r, whole);
    rule_run_start(run, 0);
    run_to(run, BARS, 0, r, values);
    assert_same(rule, "in segments", whole, values, 0, BARS);
    rule_run_start(run, 0);
    run_to(run, BARS, 1, r, values);
    assert_same(rule, "bar by bar", whole, values, 0, BARS);
    int64_t at = (int64_t)random_below(r, BARS);
    if (rule_warmup_bars(rule) == 0) {
        rule_run_start(run, at);
        run_to(run, BARS, 0, r, values);
        assert_same(rule, "from a fresh start", whole, values, at, BARS);
    } else {
        unsigned char *state = malloc(rule_state_bytes(run));
        assert_non_null(state);
        rule_run_start(run, 0);
        run_to(run, at, 0, r, values);
        rule_run_save(run, state);
        rule_run_load(run, at, state);
        run_to(run, BARS, 0, r, values);
        assert_same(rule, "from a saved state", whole, values, at, BARS);
        free(state);
    }
    rule_run_free(run);
}

enum { SETS = 3, DECIMAL_END = BARS * 2 / 5 + 13 };

/* The bars, but from `first` on their prices are no decimals any more. */
static const struct bars *spoiled(const struct bars *bars, int64_t first)
{
    struct bars_builder b;
    const struct bars *ret = NULL;
    assert_int_equal(bars_builder_init(&b, BARS, BAR_ALL_COLUMNS, NULL), ERR_OK);
    memcpy(b.time_ns, bars->time_ns, BARS * sizeof(*b.time_ns));
    for (int c = BAR_OPEN; c <= BAR_VOLUME; c++)
        for (int64_t t = 0; t < BARS; t++)
            b.column[c][t] = t < first ? bars->column[c][t] : bars->column[c][t] / 3;
    assert_int_equal(bars_publish(&b, bars->calendar, (struct timeframe){1}, -2, &ret, NULL),
                     ERR_OK);
    assert_true(ret->decimal_end >= first && ret->decimal_end < first + 10);
    return ret;
}

/* Prices as decimals, as any doubles, and as decimals up to a bar. */
static void read_bars(const struct bars *ret[SETS])
{
    ret[0] = fixture_demo(6, BARS, 2);
    ret[1] = spoiled(ret[0], 0);
    ret[2] = spoiled(ret[0], DECIMAL_END);
}

static void every_indicator_gives_the_same_bits_however_it_is_cut(void **state)
{
    (void)state;
    const struct bars *bars[SETS];
    struct writer w = {.random = {{0}}};
    random_seed(&w.random, 5);
    strbuf_init(&w.text, 1 << 20);
    read_bars(bars);
    for (size_t k = 0; k < indicator_count(); k++) {
        for (int set = 0; set < 12; set++) {
            strbuf_clear(&w.text);
            write_call(&w, k, 1);
            struct rule *rule = compile(&w);
            assert_non_null(rule);
            check_rule(rule, bars[set % SETS], &w.random);
            rule_free(rule);
        }
    }
    strbuf_release(&w.text);
    for (int i = 0; i < SETS; i++)
        bars_unref(bars[i]);
}

static void so_do_random_rules_and_expressions(void **state)
{
    (void)state;
    const struct bars *bars[SETS];
    struct writer w = {.random = {{0}}};
    random_seed(&w.random, 77);
    strbuf_init(&w.text, 1 << 20);
    read_bars(bars);
    for (int count = 0; count < RULES;) {
        int depth = 1 + count % DEPTH;
        strbuf_clear(&w.text);
        if (count % 2 == 0)
            write_boolean(&w, depth);
        else
            write_number(&w, depth);
        struct rule *rule = compile(&w);
        if (rule == NULL)
            continue;
        check_rule(rule, bars[count / 2 % SETS], &w.random);
        rule_free(rule);
        count++;
    }
    for (size_t k = 0; k < indicator_count(); k++)
        assert_true(w.used[k] > RULES / 500);
    strbuf_release(&w.text);
    for (int i = 0; i < SETS; i++)
        bars_unref(bars[i]);
}

static void check_beginning(const struct rule *rule, const struct bars *bars[SETS], int64_t end)
{
    static double decimal[BARS], spoiled[BARS];
    struct rule_run *runs[] = {fixture_run(rule, bars[0]), fixture_run(rule, bars[2])};
    rule_run_values(runs[0], BARS, decimal);
    rule_run_values(runs[1], BARS, spoiled);
    assert_same(rule, "before a price of many decimals", decimal, spoiled, 0, end);
    rule_run_free(runs[0]);
    rule_run_free(runs[1]);
}

static void a_price_of_many_decimals_changes_no_value_before_it(void **state)
{
    (void)state;
    const struct bars *bars[SETS];
    struct writer w = {.random = {{0}}};
    random_seed(&w.random, 21);
    strbuf_init(&w.text, 1 << 20);
    read_bars(bars);
    for (int count = 0; count < RULES;) {
        strbuf_clear(&w.text);
        write_number(&w, 1 + count % DEPTH);
        struct rule *rule = compile(&w);
        if (rule == NULL)
            continue;
        check_beginning(rule, bars, DECIMAL_END);
        rule_free(rule);
        count++;
    }
    strbuf_release(&w.text);
    for (int i = 0; i < SETS; i++)
        bars_unref(bars[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_indicator_gives_the_same_bits_however_it_is_cut),
        cmocka_unit_test(so_do_random_rules_and_expressions),
        cmocka_unit_test(a_price_of_many_decimals_changes_no_value_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
