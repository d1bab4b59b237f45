#include "base/decimal.h"
#include "tests/server/spec_fixture.h"
#include "tests/support/test.h"

#include <string.h>

/* The request with this strategy in it. */
static const char *request_with(struct spec_fixture *f, const char *strategy)
{
    strbuf_clear(&f->text);
    strbuf_add_format(&f->text, "{\"symbols\":[\"ABC\"],\"rule\":\"close > 1\",\"strategy\":%s}",
                      strategy);
    return strbuf_text(&f->text);
}

static enum err decode(struct spec_fixture *f, const char *strategy)
{
    return spec_decode(f, STUDY_SPEC_BACKTEST, request_with(f, strategy));
}

static const struct strategy *decoded(struct spec_fixture *f, const char *strategy)
{
    if (decode(f, strategy) != ERR_OK)
        fail_msg("%s: %s", strategy, f->e.message);
    return &f->spec.strategy.strategy;
}

static void an_empty_strategy_is_the_default(void **state)
{
    struct spec_fixture *f = *state;
    struct strategy expected;
    strategy_defaults(&expected);
    const struct strategy *s = decoded(f, "{}");
    assert_true(f->spec.has_strategy);
    assert_memory_equal(s, &expected, sizeof expected);
    assert_true(f->spec.strategy.risk_free_rate == 0);
}

static void every_field_arrives(void **state)
{
    struct spec_fixture *f = *state;
    const struct strategy *s = decoded(
        f,
        "{\"side\":\"short\",\"entry\":\"close\",\"take_profit\":{\"percent\":0.5},"
        "\"stop_loss\":{\"atr\":{\"period\":20,\"multiple\":\"2.5\"}},\"exit_rule\":\"close < 2\","
        "\"max_holding\":\"2h\",\"flat_at\":\"15:55\",\"intrabar\":\"adaptive\","
        "\"max_positions\":3,\"commission\":{\"per_share\":0.005,\"per_contract\":\"0.65\","
        "\"percent\":0.1,\"minimum\":1},\"slippage\":{\"ticks\":2,\"tick_size\":0.01},"
        "\"sizing\":{\"type\":\"percent_equity\",\"value\":25,\"step\":0.001},"
        "\"initial_cash\":\"250000.50\",\"risk_free_rate\":0.045}");
    assert_int_equal(s->side, SIDE_SHORT);
    assert_int_equal(s->entry, ENTRY_CLOSE);
    assert_int_equal(s->take_profit.kind, DISTANCE_PERCENT);
    assert_int_equal(s->take_profit.value, 500000);
    assert_int_equal(s->stop_loss.kind, DISTANCE_ATR);
    assert_int_equal(s->stop_loss.value, 2500000);
    assert_int_equal(s->stop_loss.atr_period, 20);
    assert_true(s->has_exit_rule);
    assert_string_equal(f->spec.strategy.exit_rule, "close < 2");
    assert_int_equal(s->max_holding_ns, INT64_C(7200000000000));
    assert_int_equal(s->flat_at_minute, 955);
    assert_int_equal(s->intrabar, INTRABAR_ADAPTIVE);
    assert_int_equal(s->max_positions, 3);
    assert_int_equal(s->commission.per_share, 5000);
    assert_int_equal(s->commission.per_contract, 650000);
    assert_int_equal(s->commission.percent, 100000);
    assert_int_equal(s->commission.minimum, DECIMAL_ONE);
    assert_int_equal(s->slippage.kind, SLIPPAGE_TICKS);
    assert_int_equal(s->slippage.ticks, 2);
    assert_int_equal(s->slippage.tick_size, 10000);
    assert_int_equal(s->sizing.kind, SIZING_PERCENT_EQUITY);
    assert_int_equal(s->sizing.value, 25 * DECIMAL_ONE);
    assert_int_equal(s->sizing.step, 1000);
    assert_int_equal(s->initial_cash, INT64_C(250000500000));
    assert_true(f->spec.strategy.risk_free_rate == 0.045);
}

static void an_offset_and_a_slippage_in_percent_are_the_other_forms(void **state)
{
    struct spec_fixture *f = *state;
    const struct strategy *s =
        decoded(f, "{\"stop_loss\":{\"offset\":1.25},\"slippage\":{\"percent\":\"0.01\"}}");
    assert_int_equal(s->stop_loss.kind, DISTANCE_OFFSET);
    assert_int_equal(s->stop_loss.value, 1250000);
    assert_int_equal(s->slippage.kind, SLIPPAGE_PERCENT);
    assert_int_equal(s->slippage.percent, 10000);
}

static void a_contract_and_its_model_arrive(void **state)
{
    struct spec_fixture *f = *state;
    static const char strategy[] =
        "{\"contract\":{\"select\":{\"right\":\"put\",\"dte\":[5,9],\"strike\":\"delta:0.30\"}},"
        "\"model\":{\"volatility\":0.35,\"rate\":0.04}}";
    const struct contract_rule *r = &decoded(f, strategy)->contract;
    assert_true(r->given && r->has_model);
    assert_int_equal(r->right, OPTION_PUT);
    assert_true(r->dte_min == 5 && r->dte_max == 9);
    assert_true(r->delta == 0.3 && r->volatility == 0.35 && r->rate == 0.04);
    r = &decoded(f, "{\"contract\":{\"select\":{\"right\":\"call\",\"dte\":[0,0],"
                    "\"strike\":\"itm2\"}},\"model\":{\"volatility\":\"realized:20d\"}}")
             ->contract;
    assert_true(r->steps == -2 && r->realized_days == 20 && r->rate == 0);
}

static void a_contract_that_cannot_be_is_refused_at_its_field(void **state)
{
#define SELECT(right, dte, strike)                                                                 \
    "{\"contract\":{\"select\":{\"right\":\"" right "\",\"dte\":" dte ",\"strike\":\"" strike "\"" \
    "}}"
    static const struct {
        const char *strategy, *pointer;
    } rows[] = {
        {SELECT("both", "[5,9]", "atm") "}", "/strategy/contract/select/right"},
        {SELECT("call", "5", "atm") "}", "/strategy/contract/select/dte"},
        {SELECT("call", "[9,5]", "atm") "}", "/strategy/contract/select/dte"},
        {SELECT("call", "[0,1101]", "atm") "}", "/strategy/contract/select/dte"},
        {SELECT("call", "[5,9]", "otm") "}", "/strategy/contract/select/strike"},
        {SELECT("call", "[5,9]", "atm") ",\"side\":\"short\"}", "/strategy/side"},
        {SELECT("call", "[5,9]", "atm") ",\"stop_loss\":{\"atr\":{\"period\":14,\"multiple\":1}}}",
         "/strategy/stop_loss/atr"},
        {SELECT("call", "[5,9]",
                "atm") ",\"sizing\":{\"type\":\"fixed_cash\",\"value\":1,\"step\":0.5}}",
         "/strategy/sizing/step"},
        {SELECT("call", "[5,9]", "atm") ",\"model\":{\"volatility\":0}}",
         "/strategy/model/volatility"},
        {SELECT("call", "[5,9]", "atm") ",\"model\":{}}", "/strategy/model/volatility"},
        {SELECT("call", "[5,9]", "atm") ",\"model\":{\"volatility\":1,\"rate\":2}}",
         "/strategy/model/rate"},
        {"{\"contract\":{}}", "/strategy/contract/select"},
        {"{\"model\":{\"volatility\":0.3}}", "/strategy/model"},
    };
#undef SELECT
    struct spec_fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f->e = (struct error){0};
        assert_int_equal(decode(f, rows[i].strategy), ERR_INVALID);
        assert_string_equal(f->e.pointer, rows[i].pointer);
    }
}

/* What a job stores is its encoded request. */
static void what_was_given_is_encoded_and_nothing_else(void **state)
{
    struct spec_fixture *f = *state;
    static const char strategy[] =
        "{\"take_profit\":{\"percent\":\"0.5\"},\"stop_loss\":{\"atr\":{\"period\":14,"
        "\"multiple\":\"2\"}},\"exit_rule\":\"close < 2\",\"flat_at\":\"15:55\",\"sizing\":{"
        "\"type\":\"fixed_quantity\",\"value\":\"100\"},\"risk_free_rate\":0.04}";
    char given[1024];
    decoded(f, strategy);
    snprintf(given, sizeof given, "%s", strbuf_text(&f->text));
    assert_string_equal(spec_encode(f, STUDY_SPEC_BACKTEST), given);
}

static void refusals_point_at_the_field(void **state)
{
    static const struct {
        const char *strategy, *pointer;
    } rows[] = {
        {"{\"side\":\"up\"}", "/strategy/side"},
        {"{\"entry\":1}", "/strategy/entry"},
        {"{\"colour\":1}", "/strategy/colour"},
        {"{\"take_profit\":{}}", "/strategy/take_profit"},
        {"{\"take_profit\":{\"percent\":1,\"offset\":1}}", "/strategy/take_profit"},
        {"{\"take_profit\":{\"percent\":0}}", "/strategy/take_profit/percent"},
        {"{\"take_profit\":{\"percent\":\"0.0000001\"}}", "/strategy/take_profit/percent"},
        {"{\"stop_loss\":{\"percent\":100}}", "/strategy/stop_loss/percent"},
        {"{\"side\":\"short\",\"take_profit\":{\"percent\":100}}", "/strategy/take_profit/percent"},
        {"{\"stop_loss\":{\"offset\":-1}}", "/strategy/stop_loss/offset"},
        {"{\"stop_loss\":{\"atr\":{\"period\":0,\"multiple\":1}}}",
         "/strategy/stop_loss/atr/period"},
        {"{\"stop_loss\":{\"atr\":{\"period\":14}}}", "/strategy/stop_loss/atr/multiple"},
        {"{\"stop_loss\":{\"atr\":{\"period\":14,\"multiple\":0}}}",
         "/strategy/stop_loss/atr/multiple"},
        {"{\"exit_rule\":\"\"}", "/strategy/exit_rule"},
        {"{\"max_holding\":\"0s\"}", "/strategy/max_holding"},
        {"{\"max_holding\":\"3651d\"}", "/strategy/max_holding"},
        {"{\"flat_at\":\"25:00\"}", "/strategy/flat_at"},
        {"{\"flat_at\":\"24:00\"}", "/strategy/flat_at"},
        {"{\"intrabar\":\"adapt\"}", "/strategy/intrabar"},
        {"{\"max_positions\":0}", "/strategy/max_positions"},
        {"{\"commission\":{\"per_share\":-1}}", "/strategy/commission/per_share"},
        {"{\"commission\":{\"percent\":101}}", "/strategy/commission/percent"},
        {"{\"slippage\":{}}", "/strategy/slippage"},
        {"{\"slippage\":{\"ticks\":1}}", "/strategy/slippage"},
        {"{\"slippage\":{\"percent\":1,\"ticks\":1,\"tick_size\":1}}", "/strategy/slippage"},
        {"{\"slippage\":{\"percent\":100}}", "/strategy/slippage/percent"},
        {"{\"slippage\":{\"ticks\":1,\"tick_size\":0}}", "/strategy/slippage/tick_size"},
        {"{\"sizing\":{\"type\":\"fixed_cash\"}}", "/strategy/sizing/value"},
        {"{\"sizing\":{\"type\":\"kelly\",\"value\":1}}", "/strategy/sizing/type"},
        {"{\"sizing\":{\"type\":\"percent_equity\",\"value\":101}}", "/strategy/sizing/value"},
        {"{\"sizing\":{\"type\":\"fixed_quantity\",\"value\":1.5}}", "/strategy/sizing/value"},
        {"{\"sizing\":{\"type\":\"fixed_cash\",\"value\":1,\"step\":0}}", "/strategy/sizing/step"},
        {"{\"initial_cash\":0}", "/strategy/initial_cash"},
        {"{\"risk_free_rate\":2}", "/strategy/risk_free_rate"},
        {"[]", "/strategy"},
    };
    struct spec_fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (decode(f, rows[i].strategy) != ERR_INVALID)
            fail_msg("%s is taken", rows[i].strategy);
        assert_string_equal(f->e.pointer, rows[i].pointer);
    }
}

static void a_check_says_where_strategies_go(void **state)
{
    struct spec_fixture *f = *state;
    static const char json[] = "{\"symbol\":\"ABC\",\"rule\":\"close > 1\",\"strategy\":{}}";
    assert_int_equal(
        study_spec_decode(json, strlen(json), STUDY_SPEC_CHECK, &f->arena, &f->spec, &f->e),
        ERR_INVALID);
    assert_string_equal(f->e.pointer, "/strategy");
    assert_non_null(strstr(f->e.message, "/v1/backtests"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_strategy_is_the_default, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(every_field_arrives, spec_set_up, spec_tear_down),
        cmocka_unit_test_setup_teardown(a_contract_and_its_model_arrive, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(a_contract_that_cannot_be_is_refused_at_its_field,
                                        spec_set_up, spec_tear_down),
        cmocka_unit_test_setup_teardown(an_offset_and_a_slippage_in_percent_are_the_other_forms,
                                        spec_set_up, spec_tear_down),
        cmocka_unit_test_setup_teardown(what_was_given_is_encoded_and_nothing_else, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(refusals_point_at_the_field, spec_set_up, spec_tear_down),
        cmocka_unit_test_setup_teardown(a_check_says_where_strategies_go, spec_set_up,
                                        spec_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
