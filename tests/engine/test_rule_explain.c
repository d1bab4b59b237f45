/* Explanations: the same truths and values as the rule's own run, and words that a trader can use.
 */
#include "engine/rule/explain.h"
#include "tests/engine/rule_fixture.h"

#include <math.h>

static struct explanation *explained(const char *text, const struct bars *bars, int64_t bar)
{
    struct rule_options options = {.timeframe = bars->timeframe};
    struct explanation *x = NULL;
    struct error e = {0};
    if (explain_rule(text, strlen(text), &options, bars, bar, &x, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return x;
}

static void assert_miss(const struct bars *bars, int64_t bar, const char *text, const char *clause,
                        const char *words)
{
    struct explanation *x = explained(text, bars, bar);
    const struct explain_miss *miss = explanation_nearest_miss(x);
    if (clause == NULL) {
        assert_null(miss);
        assert_true(explanation_clause(x)->truth);
    } else {
        assert_non_null(miss);
        assert_false(explanation_clause(x)->truth);
        assert_string_equal(miss->clause->text, clause);
        assert_string_equal(miss->text, words);
    }
    explanation_free(x);
}

static void the_tree_is_that_of_the_rule(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4}, 4);
    struct explanation *x =
        explained("close > 3 and (NOT (volume>5) or close crosses above 3.5) or open < 1", b, 3);
    const struct explain_clause *root = explanation_clause(x);
    assert_int_equal(root->kind, EXPLAIN_OR);
    assert_true(root->truth);
    assert_string_equal(root->text,
                        "close > 3 and (not volume > 5 or close crosses above 3.5) or open < 1");
    const struct explain_clause *both = root->child, *last = both->next;
    assert_int_equal(both->kind, EXPLAIN_AND);
    assert_string_equal(both->text, "close > 3 and (not volume > 5 or close crosses above 3.5)");
    assert_int_equal(last->kind, EXPLAIN_COMPARISON);
    assert_false(last->truth);
    assert_null(last->next);
    assert_true(last->left.value == 4 && last->right.value == 1 && last->distance == 3);
    assert_string_equal(last->left.text, "open");
    assert_string_equal(last->right.text, "1");
    const struct explain_clause *either = both->child->next;
    assert_int_equal(either->kind, EXPLAIN_OR);
    assert_int_equal(either->child->kind, EXPLAIN_NOT);
    assert_true(either->child->truth);
    assert_false(either->child->child->truth);
    const struct explain_clause *crosses = either->child->next;
    assert_int_equal(crosses->kind, EXPLAIN_CROSSES);
    assert_true(crosses->truth && crosses->left.value == 4 && crosses->left.before == 3);
    assert_true(crosses->right.value == 3.5 && crosses->right.before == 3.5);
    assert_null(explanation_nearest_miss(x));
    explanation_free(x);
    bars_unref(b);
}

static void offsets_and_timeframes_move_down_to_the_sides(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4, 5, 6, 7, 8}, 8);
    struct explanation *x =
        explained("tf('2m', close > 3 and (close crosses above 5)[1])[1][0]", b, 7);
    const struct explain_clause *root = explanation_clause(x), *cross = root->child->next;
    assert_int_equal(root->kind, EXPLAIN_AND);
    assert_string_equal(root->child->text, "tf(\"2m\", close > 3)[1]");
    assert_string_equal(root->child->left.text, "tf(\"2m\", close)[1]");
    assert_string_equal(root->child->right.text, "3");
    assert_true(root->child->left.value == 6);
    assert_string_equal(cross->text, "tf(\"2m\", (close crosses above 5)[1])[1]");
    assert_string_equal(cross->left.text, "tf(\"2m\", close[1])[1]");
    assert_true(cross->left.value == 4 && cross->left.before == 2);
    assert_true(cross->right.value == 5 && !cross->truth);
    explanation_free(x);
    bars_unref(b);
}

static void the_nearest_miss_is_told_in_words(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){100, 102, 101, 100.6, 100.9, 101.5}, 6);
    assert_miss(b, 3, "close < 100.5", "close < 100.5", "close was 100.6, 0.1 away");
    assert_miss(b, 3, "101 < close and volume > 5", "101 < close", "close was 100.6, 0.4 away");
    assert_miss(b, 3, "not (close > 100.2)", "close > 100.2", "close was 100.6, 0.4 away");
    assert_miss(b, 3, "close > open[1] or close > open[2]", "close > open[1]",
                "close was 100.6 and open[1] 101, 0.4 away");
    assert_miss(b, 3, "close == 100.5 and close == 100.6", "close == 100.5",
                "close was 100.6, 0.1 away");
    assert_miss(b, 3, "close >= 101 and (close > 102 or close > 103)", "close >= 101",
                "close was 100.6, 0.4 away");
    assert_miss(b, 3, "close >= 100 and close > 102 or volume > 0.5", NULL, NULL);
    assert_miss(b, 3, "sma(200) < close and close > 500", "close > 500",
                "close was 100.6, 399.4 away");
    assert_miss(b, 3, "sma(200) < close", "sma(200) < close", "sma(200) had no value");
    assert_miss(b, 0, "close crosses above 1", "close crosses above 1",
                "close had no value here or on the bar before");
    assert_miss(b, 4, "close crosses above 101", "close crosses above 101",
                "close was 100.9, 0.1 away");
    assert_miss(b, 4, "close crosses above 100.5", "close crosses above 100.5",
                "close was 100.6 on the bar before, 0.1 away: it had crossed already");
    assert_miss(b, 3, "close crosses below 101.5", "close crosses below 101.5",
                "close was 101 on the bar before, 0.5 away: it had crossed already");
    assert_miss(b, 3, "close crosses 101", NULL, NULL);
    assert_miss(b, 3, "time >= 00:15", "time >= 00:15", "time was 00:03, 12 minutes away");
    assert_miss(b, 3, "09:45 <= time and time > 00:04", "time > 00:04",
                "time was 00:03, 1 minute away");
    assert_miss(b, 3, "close / 3e6 > 1", "close / 3000000 > 1",
                "close / 3000000 was 3.353e-05, 0.999966 away");
    assert_miss(b, 3, "volume * 1234567.5 > 2e6 and 1 > 2", "volume * 1234567.5 > 2000000",
                "volume * 1234567.5 was 1234567.5, 765432.5 away");
    assert_miss(b, 3, "1 > 2 and 1 > 3", "1 > 2", "1 was 1, 1 away");
    bars_unref(b);
}

static void a_number_or_a_mistake_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"rsi(14)", "clsoe > 1", "close > $x", ""};
    const struct bars *b = fixture_closes((double[]){1}, 1);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct rule_options options = {.timeframe = {1}, .any_type = true, .parameters = true};
        struct explanation *x = NULL;
        assert_int_equal(explain_rule(texts[i], strlen(texts[i]), &options, b, 0, &x, NULL),
                         ERR_RULE);
        assert_null(x);
    }
    bars_unref(b);
}

/* ---- the same as the rule's run ---------------------------------------------------------- */

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static void check_side(const struct explain_side *side, const struct bars *bars, int64_t bar)
{
    struct rule_options options = {.timeframe = {1}, .any_type = true};
    struct rule *rule = NULL;
    double value;
    if (rule_compile(side->text, strlen(side->text), &options, &rule, NULL) != ERR_OK)
        return; /* written out, it may be longer than a rule */
    struct rule_run *run = fixture_run(rule, bars);
    rule_run_start(run, 0);
    if (rule_is_boolean(rule))
        fail_msg("%s", side->text);
    double values[4000];
    assert_true(bar < 4000);
    rule_run_values(run, bar + 1, values);
    value = values[bar];
    if (!same(value, side->value))
        fail_msg("%s at bar %d: %.17g, explained %.17g", side->text, (int)bar, value, side->value);
    rule_run_free(run);
    rule_free(rule);
}

static int check_clause(const struct explain_clause *c, const struct bars *bars, int64_t bar)
{
    int sides = 0;
    for (const struct explain_clause *child = c->child; child != NULL; child = child->next)
        sides += check_clause(child, bars, bar);
    if (c->kind != EXPLAIN_COMPARISON && c->kind != EXPLAIN_CROSSES)
        return sides;
    check_side(&c->left, bars, bar);
    check_side(&c->right, bars, bar);
    return 2;
}

static void every_truth_and_value_is_that_of_the_run(void **state)
{
    (void)state;
    static struct tree_pool pool;
    random_seed(&pool.random, 5);
    pool.frames = true;
    const struct bars *bars = fixture_demo(12, 2500, 2);
    int held = 0, missed = 0, sides = 0;
    for (int k = 0; k < 150; k++) {
        struct tree *tree;
        struct rule *rule = fixture_random_rule(&pool, 1 + k % 5, NULL, &tree);
        struct rule_run *run = fixture_run(rule, bars);
        double values[2500];
        rule_run_values(run, bars->count, values);
        for (int j = 0; j < 4; j++) {
            int64_t bar = (int64_t)random_below(&pool.random, (uint64_t)bars->count);
            struct explanation *x = explained(rule_normal_form(rule), bars, bar);
            const struct explain_clause *root = explanation_clause(x);
            assert_string_equal(root->text, rule_normal_form(rule));
            if (root->truth != (values[bar] != 0))
                fail_msg("%s at bar %d", root->text, (int)bar);
            assert_true(root->truth == (explanation_nearest_miss(x) == NULL));
            if (j == 0)
                sides += check_clause(root, bars, bar);
            held += root->truth;
            missed += !root->truth;
            explanation_free(x);
        }
        rule_run_free(run);
        rule_free(rule);
    }
    assert_true(held > 50 && missed > 50 && sides > 300);
    bars_unref(bars);
}

static void deep_offsets_add_up(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3}, 3);
    struct strbuf text;
    strbuf_init(&text, 4096);
    strbuf_add_string(&text, "(close > 1 and open > 1)");
    for (int i = 0; i < 400; i++)
        strbuf_add_string(&text, "[0]");
    strbuf_add_string(&text, "[1]");
    struct explanation *x = explained(strbuf_text(&text), b, 2);
    strbuf_release(&text);
    assert_string_equal(explanation_clause(x)->child->text, "(close > 1)[1]");
    assert_true(explanation_clause(x)->child->left.value == 2);
    explanation_free(x);
    bars_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_is_that_of_the_rule),
        cmocka_unit_test(offsets_and_timeframes_move_down_to_the_sides),
        cmocka_unit_test(the_nearest_miss_is_told_in_words),
        cmocka_unit_test(a_number_or_a_mistake_is_refused),
        cmocka_unit_test(every_truth_and_value_is_that_of_the_run),
        cmocka_unit_test(deep_offsets_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
