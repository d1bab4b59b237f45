/* The rule language: the input is the text of a rule or, behind a '#', the bytes that make_rule
 * makes one of. Then its values also lie within what the tables say of them.
 *
 * Any text: compiles, or is refused with a place in it. One that compiles: its normal form is the
 * normal form of itself and the same plan. Evaluated over small sets of bars, with cuts drawn from
 * a hash of the text: whole, in segments, through a saved state, as a mask, and on bars that end
 * earlier, it has the same bits. What explains it on a bar comes to the same truth.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/make_rule.h"

#include "base/civil.h"
#include "base/limits.h"
#include "base/random.h"
#include "engine/bars/demo.h"
#include "engine/rule/explain.h"
#include "engine/rule/rule.h"

#include <math.h>

enum { SETS = 4, MOST_BARS = 2600, PARTS_EVALUATED = 300 };

struct set {
    const char *calendar;
    struct timeframe timeframe;
    int64_t count, prefix_count;
    int32_t decimals;
    double missing_share;
    const struct bars *bars, *prefix;
};

static struct set sets[SETS] = {
    {"XNYS", {1}, 2600, 1500, 2, 0.05, NULL, NULL},
    {"24x7", {1}, 1500, 1441, 4, 0, NULL, NULL},
    {"XNSE", {5}, 400, 130, 0, 0.3, NULL, NULL},
    {"XNYS", {0}, 3, 2, 2, 0, NULL, NULL},
};

static const struct bars *make_bars(const struct set *set, int64_t count)
{
    struct demo_options o = {.seed = 11,
                             .from_day = civil_to_days((struct civil_date){2024, 3, 7}),
                             .to_day = civil_to_days((struct civil_date){2025, 1, 1}),
                             .first_price = 100,
                             .price_decimals = set->decimals,
                             .missing_share = set->missing_share};
    const struct bars *minutes = NULL, *bars = NULL;
    int32_t step = set->timeframe.minutes > 0 ? set->timeframe.minutes : 390;
    o.max_count = step == 1 ? count : 0;
    if (step > 1)
        o.to_day = o.from_day + (int32_t)(count * step / 375 + 4);
    FUZZ_REQUIRE(calendar_find(set->calendar, &o.calendar, NULL) == ERR_OK, "calendar");
    FUZZ_REQUIRE(demo_bars(&o, &minutes, NULL) == ERR_OK, "demo bars");
    if (step == 1)
        return minutes;
    FUZZ_REQUIRE(bars_resample(minutes, set->timeframe, BAR_ALL_COLUMNS, &bars, NULL) == ERR_OK,
                 "resample");
    bars_unref(minutes);
    return bars;
}

static const struct set *set_for(uint64_t hash)
{
    struct set *set = &sets[hash % SETS];
    if (set->bars == NULL) {
        set->bars = make_bars(set, set->count);
        set->prefix = make_bars(set, set->prefix_count);
        FUZZ_REQUIRE(set->bars->count <= MOST_BARS && set->prefix->count < set->bars->count &&
                         memcmp(set->bars->time_ns, set->prefix->time_ns,
                                (size_t)set->prefix->count * sizeof(int64_t)) == 0,
                     "%s", set->calendar);
    }
    return set;
}

/* ---- evaluation ---- */

static struct rule_run *new_run(const struct rule *rule, const struct bars *bars)
{
    struct rule_run *run = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(rule_run_create(rule, bars, &run, &e) == ERR_OK, "%s", e.message);
    return run;
}

static void evaluate_in_segments(struct rule_run *run, int64_t end, struct random *r,
                                 double *values)
{
    uint64_t most = random_below(r, 3) == 0 ? 70 : 1700;
    while (rule_run_position(run) < end) {
        int64_t from = rule_run_position(run);
        int64_t to = from + 1 + (int64_t)random_below(r, most);
        rule_run_values(run, to < end ? to : end, values + from);
    }
}

static void require_same(const struct rule *rule, const double *whole, const double *other,
                         int64_t from, int64_t to, const char *what)
{
    for (int64_t t = from; t < to; t++)
        FUZZ_REQUIRE((isnan(whole[t]) && isnan(other[t])) ||
                         memcmp(&whole[t], &other[t], sizeof(double)) == 0,
                     "%s at bar %d: %.17g in one go, %.17g %s", rule_normal_form(rule), (int)t,
                     whole[t], other[t], what);
}

/* A state saved at a bar goes on in another run. */
static void check_state(const struct rule *rule, const struct bars *bars, struct random *r,
                        const double *whole)
{
    static double values[MOST_BARS];
    struct rule_run *first = new_run(rule, bars), *second = new_run(rule, bars);
    int64_t at = (int64_t)random_below(r, (uint64_t)bars->count + 1);
    size_t size = rule_state_bytes(first);
    char *state = fuzz_copy("", 0, size), *again = fuzz_copy("", 0, size);
    evaluate_in_segments(first, at, r, values);
    rule_run_save(first, state);
    rule_run_load(second, at, state);
    rule_run_save(second, again);
    FUZZ_REQUIRE(memcmp(state, again, size) == 0, "%s: the state at bar %d", rule_normal_form(rule),
                 (int)at);
    evaluate_in_segments(second, bars->count, r, values);
    require_same(rule, whole, values, 0, bars->count, "through a saved state");
    free(state);
    free(again);
    rule_run_free(first);
    rule_run_free(second);
}

static void check_mask(const struct rule *rule, const struct bars *bars, struct random *r,
                       const double *whole)
{
    uint64_t mask[MOST_BARS / 64 + 1] = {0};
    struct rule_run *run = new_run(rule, bars);
    int64_t from = (int64_t)random_below(r, (uint64_t)bars->count), count = bars->count - from;
    rule_run_eval(run, from, NULL);
    rule_run_eval(run, bars->count, mask);
    for (int64_t i = 0; i < (count + 63) / 64 * 64; i++)
        FUZZ_REQUIRE((mask[i / 64] >> (i % 64) & 1) == (i < count && whole[from + i] == 1),
                     "%s: bit of bar %d", rule_normal_form(rule), (int)(from + i));
    rule_run_free(run);
}

/* The truth of a clause follows from those of its parts. */
static void check_clause(const struct explain_clause *c)
{
    bool all = true, any = false;
    for (const struct explain_clause *child = c->child; child; child = child->next) {
        check_clause(child);
        all = all && child->truth;
        any = any || child->truth;
    }
    bool truth = c->kind == EXPLAIN_AND   ? all
                 : c->kind == EXPLAIN_OR  ? any
                 : c->kind == EXPLAIN_NOT ? !any
                                          : c->truth;
    FUZZ_REQUIRE(c->truth == truth && c->text[0] != '\0', "%s", c->text);
    bool missing = isnan(c->left.value) || isnan(c->right.value);
    FUZZ_REQUIRE(c->child || !missing || !c->truth, "%s holds of MISSING", c->text);
}

static void check_explanation(const struct rule *rule, const struct rule_options *options,
                              const struct bars *bars, struct random *r, const double *whole)
{
    struct explanation *x = NULL;
    struct error e = {0};
    const char *text = rule_normal_form(rule);
    int64_t bar = (int64_t)random_below(r, (uint64_t)bars->count);
    if (strlen(text) > LIMIT_RULE_BYTES)
        return;
    enum err err = explain_rule(text, strlen(text), options, bars, bar, &x, &e);
    FUZZ_REQUIRE(err == ERR_OK || err == ERR_RULE, "%s: %s", text, e.message);
    if (err == ERR_OK) {
        const struct explain_clause *clause = explanation_clause(x);
        const struct explain_miss *miss = explanation_nearest_miss(x);
        FUZZ_REQUIRE(clause->truth == (whole[bar] == 1), "%s at bar %d", text, (int)bar);
        FUZZ_REQUIRE(miss == NULL || (!clause->truth && miss->text[0] != '\0'), "%s", text);
        check_clause(clause);
    }
    explanation_free(x);
}

static void check_lookback(const struct rule *rule, const double *whole, int64_t count)
{
    for (int64_t t = 0; t < rule_lookback_bars(rule) && t < count; t++)
        FUZZ_REQUIRE(rule_is_boolean(rule) || isnan(whole[t]),
                     "%s has a value at bar %d, before its lookback", rule_normal_form(rule),
                     (int)t);
}

static void check_bounds(const struct rule *rule, const double *whole, int64_t count,
                         const struct made_bounds *bounds)
{
    for (int64_t t = 0; t < count; t++)
        FUZZ_REQUIRE(isnan(whole[t]) || (whole[t] >= bounds->min && whole[t] <= bounds->max),
                     "%s is %.17g at bar %d, not within %g and %g", rule_normal_form(rule),
                     whole[t], (int)t, bounds->min, bounds->max);
}

static void evaluate(const struct rule *rule, const struct rule_options *options,
                     const struct set *set, uint64_t hash, const struct made_bounds *bounds)
{
    static double whole[MOST_BARS], values[MOST_BARS];
    struct random r;
    random_seed(&r, hash);
    struct rule_run *run = new_run(rule, set->bars);
    rule_run_values(run, set->bars->count, whole);
    check_bounds(rule, whole, set->bars->count, bounds);
    rule_run_start(run, 0);
    evaluate_in_segments(run, set->bars->count, &r, values);
    require_same(rule, whole, values, 0, set->bars->count, "in segments");
    rule_run_free(run);
    run = new_run(rule, set->prefix);
    rule_run_values(run, set->prefix->count, values);
    require_same(rule, whole, values, 0, set->prefix->count, "on fewer bars");
    rule_run_free(run);
    check_state(rule, set->bars, &r, whole);
    if (rule_is_boolean(rule)) {
        check_mask(rule, set->bars, &r, whole);
        check_explanation(rule, options, set->bars, &r, whole);
    }
    if (strstr(rule_normal_form(rule), "tf(") == NULL) /* whose bars are fewer where some miss */
        check_lookback(rule, whole, set->bars->count);
}

/* ---- compiling ---- */

static void check_refusal(enum err err, const struct error *e, size_t length)
{
    FUZZ_REQUIRE(err == ERR_RULE && e->code == err, "code %d: %s", (int)err, e->message);
    FUZZ_REQUIRE(e->message[0] != '\0' && e->line >= 0 && e->line <= (int64_t)length + 1 &&
                     e->column >= 0 && e->column <= (int64_t)length + 1,
                 "line %d column %d: %s", (int)e->line, (int)e->column, e->message);
}

static void check_normal_form(const struct rule *rule, const struct rule_options *options)
{
    const char *text = rule_normal_form(rule);
    if (strlen(text) > LIMIT_RULE_BYTES)
        return; /* with its defaults written out it may be longer than a text may be */
    struct rule *again = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(rule_compile(text, strlen(text), options, &again, &e) == ERR_OK, "%s\n%s", text,
                 e.message);
    FUZZ_REQUIRE(strcmp(text, rule_normal_form(again)) == 0, "\n%s\n%s", text,
                 rule_normal_form(again));
    FUZZ_REQUIRE(rule_is_boolean(rule) == rule_is_boolean(again) &&
                     rule_columns(rule) == rule_columns(again) &&
                     rule_lookback_bars(rule) == rule_lookback_bars(again) &&
                     rule_warmup_bars(rule) == rule_warmup_bars(again) &&
                     rule_node_count(rule) == rule_node_count(again) &&
                     rule_indicator_count(rule) == rule_indicator_count(again) &&
                     rule_parameter_count(rule) == rule_parameter_count(again) &&
                     rule_warning_count(rule) == rule_warning_count(again),
                 "another plan: %s", text);
    rule_free(again);
}

static void check_text(const char *text, size_t length, uint64_t hash,
                       const struct made_bounds *bounds)
{
    static const struct zone *new_york;
    if (new_york == NULL)
        FUZZ_REQUIRE(zone_find("America/New_York", &new_york, NULL) == ERR_OK, "zone");
    const struct set *set = set_for(hash >> 3);
    struct rule_options options = {.timeframe = set->timeframe,
                                   .zone = hash & 1 ? new_york : NULL,
                                   .calendar = hash & 2 ? set->bars->calendar : NULL,
                                   .any_type = true,
                                   .parameters = true};
    struct rule *rule = NULL;
    struct error e = {0};
    char *copy = fuzz_copy(text, length, 0);
    enum err err = rule_compile(copy, length, &options, &rule, &e);
    free(copy); /* a rule keeps nothing of it */
    if (err != ERR_OK) {
        check_refusal(err, &e, length);
        return;
    }
    check_normal_form(rule, &options);
    if (rule_parameter_count(rule) == 0 && rule_node_count(rule) <= PARTS_EVALUATED)
        evaluate(rule, &options, set, hash, bounds);
    rule_free(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made_bounds bounds = {-INFINITY, INFINITY};
    uint64_t hash = fuzz_hash(data, size);
    if (size == 0 || data[0] != '#') {
        check_text((const char *)data, size, hash, &bounds);
        return 0;
    }
    struct strbuf text;
    strbuf_init(&text, 2 * LIMIT_RULE_BYTES);
    make_rule(data + 1, size - 1, &text, &bounds);
    if (!strbuf_failed(&text))
        check_text(strbuf_text(&text), text.length, hash, &bounds);
    strbuf_release(&text);
    return 0;
}
