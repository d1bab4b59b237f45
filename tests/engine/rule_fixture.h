/* Bars and rules for the tests of the rule language: made-up bars, demo bars, and random rules. */
#ifndef TESTS_ENGINE_RULE_FIXTURE_H
#define TESTS_ENGINE_RULE_FIXTURE_H

#include "base/civil.h"
#include "base/random.h"
#include "base/strbuf.h"
#include "engine/bars/demo.h"
#include "engine/indicators/indicators.h"
#include "engine/rule/rule.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static inline const struct calendar *fixture_calendar(const char *name)
{
    const struct calendar *calendar = NULL;
    assert_int_equal(calendar_find(name, &calendar, NULL), ERR_OK);
    return calendar;
}

/* Minute bars of New York from 2023-11-01 on, over a change to winter time and a half day. */
static inline const struct bars *fixture_demo(uint64_t seed, int64_t count, int32_t decimals)
{
    struct demo_options o = {.seed = seed,
                             .calendar = fixture_calendar("XNYS"),
                             .from_day = civil_to_days((struct civil_date){2023, 11, 1}),
                             .to_day = civil_to_days((struct civil_date){2026, 1, 1}),
                             .first_price = 100,
                             .price_decimals = decimals,
                             .missing_share = 0.02,
                             .max_count = count};
    const struct bars *bars = NULL;
    assert_int_equal(demo_bars(&o, &bars, NULL), ERR_OK);
    assert_int_equal(bars->count, count);
    return bars;
}

/* Minute bars around the clock from 2024-01-01 00:00 UTC (a Monday), all prices equal to the close.
 */
static inline const struct bars *fixture_closes(const double *close, int64_t count)
{
    struct bars_builder b;
    const struct bars *bars = NULL;
    assert_int_equal(bars_builder_init(&b, count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < count; i++) {
        b.time_ns[i] = (INT64_C(1704067200) + i * 60) * INT64_C(1000000000);
        for (int c = BAR_OPEN; c <= BAR_CLOSE; c++)
            b.column[c][i] = close[i];
        b.column[BAR_VOLUME][i] = 1;
    }
    assert_int_equal(
        bars_publish(&b, fixture_calendar("24x7"), (struct timeframe){1}, -2, &bars, NULL), ERR_OK);
    return bars;
}

static inline struct rule *fixture_rule(const char *text, const struct zone *zone)
{
    struct rule_options options = {.timeframe = {1}, .zone = zone, .any_type = true};
    struct rule *rule = NULL;
    struct error e = {0};
    if (rule_compile(text, strlen(text), &options, &rule, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return rule;
}

static inline struct rule_run *fixture_run(const struct rule *rule, const struct bars *bars)
{
    struct rule_run *run = NULL;
    assert_int_equal(rule_run_create(rule, bars, &run, NULL), ERR_OK);
    return run;
}

/* All values of a rule; free() them. */
static inline double *fixture_values(const char *text, const struct bars *bars,
                                     const struct zone *zone)
{
    struct rule *rule = fixture_rule(text, zone);
    struct rule_run *run = fixture_run(rule, bars);
    double *values = calloc((size_t)bars->count, sizeof(*values));
    assert_non_null(values);
    rule_run_values(run, bars->count, values);
    rule_run_free(run);
    rule_free(rule);
    return values;
}

/* ---- longer timeframes, by their definition ---------------------------------------------- */

static inline struct timeframe fixture_timeframe(const char *name)
{
    struct timeframe t = {0};
    assert_int_equal(timeframe_parse(name, strlen(name), &t, NULL), ERR_OK);
    return t;
}

static inline const struct bars *fixture_longer(const struct bars *bars, const char *name)
{
    const struct bars *longer = NULL;
    assert_int_equal(bars_resample(bars, fixture_timeframe(name), BAR_ALL_COLUMNS, &longer, NULL),
                     ERR_OK);
    return longer;
}

/* When the longer bar h is over: at its end, or at its session's close. */
static inline int64_t fixture_end_ns(const struct bars *longer, int64_t h)
{
    int64_t close_ns = longer->sessions[bars_session_of(longer, h)].close_ns;
    int64_t end_ns = longer->time_ns[h] + timeframe_ns(longer->timeframe);
    return longer->timeframe.minutes == 0 || end_ns > close_ns ? close_ns : end_ns;
}

/* For each bar, the last longer bar that is over when the bar is, -1 where there is none. free()
 * it.
 */
static inline int64_t *fixture_last_complete(const struct bars *bars, const struct bars *longer)
{
    int64_t *last = calloc((size_t)bars->count, sizeof(*last));
    assert_non_null(last);
    for (int64_t i = 0, h = -1; i < bars->count; i++) {
        int64_t over_ns = bars->time_ns[i] + timeframe_ns(bars->timeframe);
        while (h + 1 < longer->count && fixture_end_ns(longer, h + 1) <= over_ns)
            h++;
        last[i] = h;
    }
    return last;
}

/* ---- random rules ------------------------------------------------------------------------ */

enum tree_kind {
    TREE_SERIES,
    TREE_CONSTANT,
    TREE_INDICATOR, /* of child 0, period k */
    TREE_CALL,      /* any indicator of the table, of its children, with parameters */
    TREE_FUNCTION,  /* abs, min, max */
    TREE_NEGATE,
    TREE_BINARY, /* name: the operator */
    TREE_OFFSET, /* child 0, k bars ago; a number or a boolean */
    TREE_COMPARE,
    TREE_CROSSES, /* name: " above", " below" or "" */
    TREE_AND,
    TREE_OR,
    TREE_NOT,
    TREE_FRAME /* name: the timeframe; a number or a boolean */
};

/* A random rule as a tree of its own, so that a test may evaluate it without the engine's parser.
 */
struct tree {
    enum tree_kind kind;
    const char *name;
    double value;
    int64_t k;
    struct tree *child[2];
    int32_t parameter_count;
    double parameter[INDICATOR_PARAMETERS_MAX];
    void *memo; /* of the reference */
};

struct tree_pool {
    struct tree node[4096];
    int32_t count;
    struct random random;
    bool frames;         /* may hold tf() */
    bool all_indicators; /* may hold any call; without them the reference knows all */
    bool inside;         /* one of them at this moment */
};

static inline struct tree *tree_new(struct tree_pool *p, enum tree_kind kind)
{
    assert_true(p->count < 4096);
    struct tree *t = &p->node[p->count++];
    *t = (struct tree){.kind = kind};
    return t;
}

static inline struct tree *tree_leaf(struct tree_pool *p)
{
    static const char *const names[] = {"close",
                                        "close",
                                        "open",
                                        "high",
                                        "low",
                                        "volume",
                                        "vwap",
                                        "hl2",
                                        "hlc3",
                                        "ohlc4",
                                        "day_open",
                                        "day_high",
                                        "day_low",
                                        "prev_close",
                                        "prev_high",
                                        "prev_low",
                                        "gap",
                                        "time",
                                        "weekday",
                                        "bar_of_day",
                                        "minutes_since_open",
                                        "minutes_to_close"};
    struct tree *t = tree_new(p, TREE_SERIES);
    t->name = names[random_below(&p->random, sizeof(names) / sizeof(names[0]))];
    return t;
}

typedef struct tree *tree_function(struct tree_pool *p, int32_t depth);

/* Now and then a tf() around what `make` makes, otherwise NULL. */
static inline struct tree *tree_frame(struct tree_pool *p, int32_t depth, tree_function *make)
{
    static const char *const names[] = {"5m", "7m", "15m", "1h", "4h", "1d"};
    if (!p->frames || p->inside || depth <= 0 || random_below(&p->random, 4) != 0)
        return NULL;
    struct tree *t = tree_new(p, TREE_FRAME);
    t->name = names[random_below(&p->random, sizeof(names) / sizeof(names[0]))];
    p->inside = true;
    t->child[0] = make(p, depth - 1);
    p->inside = false;
    return t;
}

static inline struct tree *tree_number(struct tree_pool *p, int32_t depth);
static inline struct tree *tree_boolean(struct tree_pool *p, int32_t depth);

/* In range, mostly small. */
static inline double tree_parameter(struct tree_pool *p, const struct indicator_parameter *of)
{
    uint64_t most = random_below(&p->random, 5) == 0 ? 300 : 20;
    double value = of->whole ? of->min + (double)random_below(&p->random, most)
                             : of->min + (double)random_below(&p->random, 100) / 25;
    return value < of->max ? value : of->max;
}

/* A call of any indicator, with all that it takes; NULL when that is more than a tree holds. */
static inline struct tree *tree_call(struct tree_pool *p, int32_t depth)
{
    const struct indicator *of = indicator_at(random_below(&p->random, indicator_count()));
    struct tree *t = tree_new(p, TREE_CALL);
    int32_t children = 0;
    t->name = of->name;
    for (int32_t i = 0; i < of->input_count; i++) {
        if (of->input[i] > INDICATOR_INPUT_RULE)
            continue;
        if (children == 2)
            return NULL;
        bool rule = of->input[i] == INDICATOR_INPUT_RULE;
        t->child[children++] = rule ? tree_boolean(p, depth - 1) : tree_number(p, depth - 1);
    }
    t->parameter_count = of->parameter_count;
    for (int32_t i = 0; i < of->parameter_count; i++)
        t->parameter[i] = tree_parameter(p, &of->parameter[i]);
    return t;
}

static inline struct tree *tree_number(struct tree_pool *p, int32_t depth)
{
    static const char *const indicators[] = {"sma", "ema", "rsi", "highest", "lowest"};
    static const char *const functions[] = {"abs", "min", "max"};
    static const char *const operators[] = {"+", "-", "*", "/"};
    struct tree *t = tree_frame(p, depth, tree_number);
    if (t != NULL)
        return t;
    if (p->all_indicators && depth > 0 && random_below(&p->random, 3) == 0 &&
        (t = tree_call(p, depth)) != NULL)
        return t;
    uint64_t pick = depth <= 0 ? 0 : random_below(&p->random, 12);
    if (pick <= 1)
        return tree_leaf(p);
    if (pick == 2) {
        t = tree_new(p, TREE_CONSTANT);
        t->value = (double)random_below(&p->random, 400) / 4;
    } else if (pick <= 6) {
        t = tree_new(p, TREE_INDICATOR);
        t->name = indicators[random_below(&p->random, 5)];
        t->k = 2 + (int64_t)random_below(&p->random, random_below(&p->random, 4) == 0 ? 300 : 20);
        t->child[0] = tree_number(p, depth - 1);
    } else if (pick <= 8) {
        t = tree_new(p, TREE_OFFSET);
        t->k = (int64_t)random_below(&p->random, random_below(&p->random, 8) == 0 ? 400 : 6);
        t->child[0] = tree_number(p, depth - 1);
    } else if (pick == 9) {
        t = tree_new(p, TREE_FUNCTION);
        t->name = functions[random_below(&p->random, 3)];
        t->child[0] = tree_number(p, depth - 1);
        if (t->name[0] == 'm')
            t->child[1] = tree_number(p, depth - 1);
    } else if (pick == 10 && random_below(&p->random, 4) == 0) {
        t = tree_new(p, TREE_NEGATE);
        t->child[0] = tree_number(p, depth - 1);
    } else {
        t = tree_new(p, TREE_BINARY);
        t->name = operators[random_below(&p->random, 4)];
        t->child[0] = tree_number(p, depth - 1);
        t->child[1] = tree_number(p, depth - 1);
    }
    return t;
}

/* x op y, where y is often x's own past or average: so both truths are seen. */
static inline struct tree *tree_comparison(struct tree_pool *p, int32_t depth)
{
    static const char *const operators[] = {"<", "<=", ">", ">=", "==", "!="};
    static const char *const directions[] = {" above", " below", ""};
    bool crosses = random_below(&p->random, 4) == 0;
    struct tree *t = tree_new(p, crosses ? TREE_CROSSES : TREE_COMPARE);
    t->name =
        crosses ? directions[random_below(&p->random, 3)] : operators[random_below(&p->random, 6)];
    t->child[0] = tree_number(p, depth - 1);
    if (random_below(&p->random, 3) == 0) {
        t->child[1] = tree_number(p, depth - 1);
        return t;
    }
    struct tree *other =
        tree_new(p, random_below(&p->random, 2) == 0 ? TREE_OFFSET : TREE_INDICATOR);
    other->name = "sma";
    other->k = 1 + (int64_t)random_below(&p->random, 30);
    other->child[0] = t->child[0];
    t->child[1] = other;
    return t;
}

static inline struct tree *tree_boolean(struct tree_pool *p, int32_t depth)
{
    struct tree *t = tree_frame(p, depth - 1, tree_boolean);
    if (t != NULL)
        return t;
    uint64_t pick = depth <= 1 ? 0 : random_below(&p->random, 8);
    if (pick <= 2)
        return tree_comparison(p, depth);
    enum tree_kind kind = pick <= 4   ? TREE_AND
                          : pick == 5 ? TREE_OR
                          : pick == 6 ? TREE_NOT
                                      : TREE_OFFSET;
    t = tree_new(p, kind);
    t->k = (int64_t)random_below(&p->random, 20);
    t->child[0] = tree_boolean(p, depth - 1);
    if (kind == TREE_AND || kind == TREE_OR)
        t->child[1] = tree_boolean(p, depth - 1);
    return t;
}

static inline void tree_write(struct strbuf *out, const struct tree *t);

static inline void tree_write_call(struct strbuf *out, const struct tree *t)
{
    const char *comma = "";
    strbuf_add_format(out, "%s(", t->name);
    for (int32_t i = 0; i < 2 && t->child[i] != NULL; i++, comma = ", ") {
        strbuf_add_string(out, comma);
        tree_write(out, t->child[i]);
    }
    for (int32_t i = 0; i < t->parameter_count; i++, comma = ", ")
        strbuf_add_format(out, "%s%.6g", comma, t->parameter[i]);
    strbuf_add_char(out, ')');
}

static inline void tree_write(struct strbuf *out, const struct tree *t)
{
    switch (t->kind) {
    case TREE_SERIES:
        strbuf_add_string(out, t->name);
        return;
    case TREE_CONSTANT:
        strbuf_add_format(out, "%g", t->value);
        return;
    case TREE_INDICATOR:
        strbuf_add_format(out, "%s(", t->name);
        tree_write(out, t->child[0]);
        strbuf_add_format(out, ", %d)", (int)t->k);
        return;
    case TREE_CALL:
        tree_write_call(out, t);
        return;
    case TREE_FUNCTION:
        strbuf_add_format(out, "%s(", t->name);
        tree_write(out, t->child[0]);
        if (t->child[1] != NULL) {
            strbuf_add_string(out, ", ");
            tree_write(out, t->child[1]);
        }
        strbuf_add_char(out, ')');
        return;
    case TREE_FRAME:
        strbuf_add_format(out, "tf('%s', ", t->name);
        tree_write(out, t->child[0]);
        strbuf_add_char(out, ')');
        return;
    case TREE_NEGATE:
    case TREE_NOT:
        strbuf_add_string(out, t->kind == TREE_NOT ? "not (" : "-(");
        tree_write(out, t->child[0]);
        strbuf_add_char(out, ')');
        return;
    case TREE_OFFSET:
        strbuf_add_char(out, '(');
        tree_write(out, t->child[0]);
        strbuf_add_format(out, ")[%d]", (int)t->k);
        return;
    default:
        strbuf_add_char(out, '(');
        tree_write(out, t->child[0]);
        if (t->kind == TREE_CROSSES)
            strbuf_add_format(out, ") crosses%s (", t->name);
        else
            strbuf_add_format(out, ") %s (",
                              t->kind == TREE_AND  ? "and"
                              : t->kind == TREE_OR ? "or"
                                                   : t->name);
        tree_write(out, t->child[1]);
        strbuf_add_char(out, ')');
        return;
    }
}

/* A random rule that compiles (its text within the limits); *ret_tree lives in the pool. */
static inline struct rule *fixture_random_rule(struct tree_pool *p, int32_t depth,
                                               const struct zone *zone, struct tree **ret_tree)
{
    for (;;) {
        struct rule_options options = {.timeframe = {1}, .zone = zone};
        struct strbuf text;
        struct rule *rule = NULL;
        p->count = 0;
        struct tree *tree = tree_boolean(p, depth);
        strbuf_init(&text, 1024 * 1024);
        tree_write(&text, tree);
        struct error e = {0};
        enum err err = rule_compile(strbuf_text(&text), text.length, &options, &rule, &e);
        if (err != ERR_OK && strstr(e.message, "longer than") == NULL &&
            strstr(e.message, "nested more") == NULL && strstr(e.message, "more than 1000") == NULL)
            fail_msg("%s\n%s", strbuf_text(&text), e.message);
        strbuf_release(&text);
        if (err != ERR_OK)
            continue;
        *ret_tree = tree;
        return rule;
    }
}

#endif
