#include "server/cli/study_flags.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct setting {
    struct study_flags flags;
    struct study_spec spec;
    struct arena arena;
    struct strbuf body;
    struct error e;
};

static int set_up(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    study_flags_init(&s->flags);
    arena_init(&s->arena, 1 << 20);
    strbuf_init(&s->body, 1 << 16);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *s = *state;
    arena_release(&s->arena);
    strbuf_release(&s->body);
    free(s);
    return 0;
}

static enum err settle(struct setting *s, const char *rule, enum study_spec_kind kind)
{
    const struct option_arguments rest = {.items = {rule}, .count = rule ? 1 : 0};
    strbuf_clear(&s->body);
    return study_flags_settle(&s->flags, &rest, kind, &s->arena, &s->body, &s->spec, &s->e);
}

static void add(struct option_texts *texts, const char *text)
{
    texts->items[texts->count++] = text;
}

static void what_is_not_given_is_not_asked_for(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_CHECK), ERR_OK);
    assert_string_equal(strbuf_text(&s->body), "{\"symbol\":\"ABC\",\"rule\":\"close > 1\"}");
    assert_int_equal(s->spec.symbols.count, 1);
    assert_int_equal(s->spec.latest, 10);
}

static void every_flag_finds_its_place(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    add(&s->flags.symbols, "DEF");
    add(&s->flags.days, "fri");
    add(&s->flags.days, "mon");
    add(&s->flags.horizons, "5m");
    add(&s->flags.horizons, "close");
    s->flags.name = "n";
    s->flags.timeframe = "5m";
    s->flags.from = "2024-01-02";
    s->flags.to = "2024-02-01";
    s->flags.window = "09:45-11:30";
    s->flags.timezone = "UTC";
    s->flags.trigger = "once_per_day";
    s->flags.cooldown = "90m";
    s->flags.shard = "week";
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_BACKTEST), ERR_OK);
    assert_string_equal(
        strbuf_text(&s->body),
        "{\"name\":\"n\",\"symbols\":[\"ABC\",\"DEF\"],\"rule\":\"close > 1\","
        "\"timeframe\":\"5m\",\"from\":\"2024-01-02\",\"to\":\"2024-02-01\",\"window\":{"
        "\"from\":\"09:45\",\"to\":\"11:30\",\"timezone\":\"UTC\",\"days\":[\"mon\",\"fri\"]},"
        "\"trigger\":\"once_per_day\",\"cooldown\":\"1h30m\",\"horizons\":[\"5m\",\"close\"],"
        "\"shard\":\"week\"}");
    assert_int_equal(s->spec.horizon_count, 2);
    assert_int_equal(s->spec.timeframe.minutes, 5);
}

static void latest_is_of_a_check(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    s->flags.latest = 0;
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_CHECK), ERR_OK);
    assert_int_equal(s->spec.latest, 0);
    assert_non_null(strstr(strbuf_text(&s->body), "\"latest\":0"));
}

static void a_zone_alone_is_a_window_of_the_whole_day(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    s->flags.timezone = "Asia/Kolkata";
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_CHECK), ERR_OK);
    assert_string_equal(s->spec.window.timezone, "Asia/Kolkata");
    assert_false(s->spec.window.has_from);
}

static void assert_refused(struct setting *s, const char *rule, const char *flag)
{
    assert_int_equal(settle(s, rule, STUDY_SPEC_BACKTEST), ERR_INVALID);
    if (strncmp(s->e.message, flag, strlen(flag)) != 0)
        fail_msg("'%s' does not begin with '%s'", s->e.message, flag);
}

static void a_refusal_names_the_flag(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    assert_refused(s, "", "the rule: ");
    s->flags.timeframe = "7x";
    assert_refused(s, "close > 1", "--timeframe: ");
    s->flags.timeframe = NULL;
    s->flags.from = "soon";
    assert_refused(s, "close > 1", "--from: ");
    s->flags.from = NULL;
    s->flags.window = "09:45";
    assert_refused(s, "close > 1", "--window: ");
    s->flags.window = NULL;
    s->flags.timezone = "Mars/Base";
    assert_refused(s, "close > 1", "--timezone: ");
    s->flags.timezone = NULL;
    s->flags.cooldown = "soon";
    assert_refused(s, "close > 1", "--cooldown: ");
    s->flags.cooldown = NULL;
    s->flags.shard = "year";
    assert_refused(s, "close > 1", "--shard: ");
    s->flags.shard = NULL;
    add(&s->flags.horizons, "5x");
    assert_refused(s, "close > 1", "--horizons: ");
    s->flags.horizons.count = 0;
    add(&s->flags.days, "mo");
    assert_refused(s, "close > 1", "--days: ");
    s->flags.days.count = 0;
    add(&s->flags.symbols, "a b");
    assert_refused(s, "close > 1", "--symbol: ");
}

static void flags_of_a_strategy_become_its_fields(void **state)
{
    struct setting *s = *state;
    struct strategy_flags *f = &s->flags.strategy;
    add(&s->flags.symbols, "ABC");
    f->side = "short";
    f->entry = "close";
    f->take_profit = "0.5%";
    f->stop_loss = "2*atr(20)";
    f->exit_rule = "close < 2";
    f->max_holding = "90m";
    f->flat_at = "15:55";
    f->intrabar = "adaptive";
    f->slippage = "0.01%";
    f->commission = "0.005";
    f->size = "20%";
    f->cash = "50000";
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_BACKTEST), ERR_OK);
    assert_string_equal(
        strbuf_text(&s->body),
        "{\"symbols\":[\"ABC\"],\"rule\":\"close > 1\",\"strategy\":{\"side\":\"short\",\"entry\":"
        "\"close\",\"take_profit\":{\"percent\":\"0.5\"},\"stop_loss\":{\"atr\":{\"period\":20,"
        "\"multiple\":\"2\"}},\"exit_rule\":\"close < 2\",\"max_holding\":\"1h30m\",\"flat_at\":"
        "\"15:55\",\"intrabar\":\"adaptive\",\"commission\":{\"per_share\":\"0.005\"},\"slippage\":"
        "{"
        "\"percent\":\"0.01\"},\"sizing\":{\"type\":\"percent_equity\",\"value\":\"20\"},"
        "\"initial_cash\":\"50000\"}}");
}

static void a_flag_overrides_the_strategy_given_whole(void **state)
{
    struct setting *s = *state;
    add(&s->flags.symbols, "ABC");
    s->flags.strategy.strategy = " {\"side\": \"short\", \"take_profit\": {\"offset\": 2}}";
    s->flags.strategy.take_profit = "1.5";
    s->flags.strategy.size = "x100";
    s->flags.strategy.commission = "0.1%";
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_BACKTEST), ERR_OK);
    assert_non_null(
        strstr(strbuf_text(&s->body),
               "{\"side\":\"short\",\"take_profit\":{\"offset\":\"1.5\"},\"commission\":{"
               "\"percent\":\"0.1\"},\"sizing\":{\"type\":\"fixed_quantity\",\"value\":"
               "\"100\"}}"));
}

static void a_refused_strategy_names_the_flag(void **state)
{
    struct setting *s = *state;
    static const struct {
        size_t offset;
        const char *text, *message;
    } rows[] = {
        {offsetof(struct strategy_flags, take_profit), "half", "--take-profit: "},
        {offsetof(struct strategy_flags, take_profit), "0%", "--take-profit: "},
        {offsetof(struct strategy_flags, stop_loss), "100%", "--stop-loss: "},
        {offsetof(struct strategy_flags, stop_loss), "2*atr(0)", "--stop-loss: "},
        {offsetof(struct strategy_flags, stop_loss), "2*atr(14", "--stop-loss: "},
        {offsetof(struct strategy_flags, max_holding), "soon", "--max-holding: "},
        {offsetof(struct strategy_flags, flat_at), "4pm", "--flat-at: "},
        {offsetof(struct strategy_flags, slippage), "0.01", "--slippage: "},
        {offsetof(struct strategy_flags, commission), "-1", "--commission: "},
        {offsetof(struct strategy_flags, size), "x10%", "--size: "},
        {offsetof(struct strategy_flags, size), "101%", "--size: "},
        {offsetof(struct strategy_flags, cash), "0", "--cash: "},
        {offsetof(struct strategy_flags, strategy), "{\"side\": 1}", "--strategy: "},
    };
    add(&s->flags.symbols, "ABC");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s->flags.strategy = (struct strategy_flags){0};
        *(const char **)((char *)&s->flags.strategy + rows[i].offset) = rows[i].text;
        assert_refused(s, "close > 1", rows[i].message);
    }
    s->flags.strategy = (struct strategy_flags){.strategy = "no/such/file.json"};
    assert_int_equal(settle(s, "close > 1", STUDY_SPEC_BACKTEST), ERR_NOT_FOUND);
}

static void a_rule_longer_than_allowed_is_refused(void **state)
{
    struct setting *s = *state;
    char rule[LIMIT_RULE_BYTES + 2];
    memset(rule, ' ', sizeof(rule));
    rule[sizeof(rule) - 1] = '\0';
    add(&s->flags.symbols, "ABC");
    assert_refused(s, rule, "the rule: ");
}

static void the_rule_is_one_argument(void **state)
{
    struct setting *s = *state;
    const struct option_arguments words = {.items = {"close", ">", "1"}, .count = 3};
    add(&s->flags.symbols, "ABC");
    assert_refused(s, NULL, "a rule is needed");
    assert_int_equal(study_flags_settle(&s->flags, &words, STUDY_SPEC_CHECK, &s->arena, &s->body,
                                        &s->spec, &s->e),
                     ERR_INVALID);
    assert_string_equal(s->e.message, "one rule is needed: put it in quotes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_given_is_not_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_flag_finds_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(latest_is_of_a_check, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_zone_alone_is_a_window_of_the_whole_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_names_the_flag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_of_a_strategy_become_its_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flag_overrides_the_strategy_given_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refused_strategy_names_the_flag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rule_longer_than_allowed_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_rule_is_one_argument, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
