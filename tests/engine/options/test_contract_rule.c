#include "engine/options/contract_rule.h"

#include "tests/support/test.h"

#include <string.h>

static void strikes_are_read_by_steps_or_delta(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t steps;
        double delta;
    } rows[] = {{"atm", 0, 0},         {"otm1", 1, 0},         {"otm100", 100, 0},
                {"itm2", -2, 0},       {"delta:0.30", 0, 0.3}, {"delta:0.999", 0, 0.999},
                {"delta:1e-1", 0, 0.1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct contract_rule r = {.steps = 77, .delta = 77};
        assert_int_equal(contract_strike_parse(rows[i].text, strlen(rows[i].text), &r, NULL),
                         ERR_OK);
        assert_int_equal(r.steps, rows[i].steps);
        assert_true(r.delta == rows[i].delta);
    }
    static const char *const refused[] = {
        "",      "ATM",    "atm1",    "otm",     "otm0",       "otm01",   "otm101", "otm1.5",
        "itm-1", "delta:", "delta:0", "delta:1", "delta:-0.3", "delta:x", "100"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct contract_rule r = {.steps = 77};
        struct error e = {0};
        assert_int_equal(contract_strike_parse(refused[i], strlen(refused[i]), &r, &e),
                         ERR_INVALID);
        assert_non_null(strstr(e.message, "delta:0.30"));
        assert_int_equal(r.steps, 77);
    }
}

static void volatilities_are_numbers_or_realised(void **state)
{
    (void)state;
    struct contract_rule r = {0};
    assert_int_equal(contract_volatility_parse("0.35", 4, &r, NULL), ERR_OK);
    assert_true(r.volatility == 0.35 && r.realized_days == 0);
    assert_int_equal(contract_volatility_parse("realized:20d", 12, &r, NULL), ERR_OK);
    assert_int_equal(r.realized_days, 20);
    static const char *const refused[] = {"", "0", "-1", "10.5", "x", "realized", "realized:1d"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(contract_volatility_parse(refused[i], strlen(refused[i]), &r, NULL),
                         ERR_INVALID);
}

static void rules_that_cannot_be_are_refused_at_their_field(void **state)
{
    (void)state;
    static const struct {
        struct contract_rule rule;
        const char *pointer; /* NULL: fine */
    } rows[] = {
        {{.given = false}, NULL},
        {{.given = true, .dte_min = 5, .dte_max = 9}, NULL},
        {{.given = true, .dte_min = 0, .dte_max = 1100}, NULL},
        {{.has_model = true}, "/strategy/model"},
        {{.given = true, .dte_min = 9, .dte_max = 5}, "/strategy/contract/select/dte"},
        {{.given = true, .dte_min = -1, .dte_max = 5}, "/strategy/contract/select/dte"},
        {{.given = true, .dte_min = 0, .dte_max = 1101}, "/strategy/contract/select/dte"},
        {{.given = true, .rate = 1.5}, "/strategy/model/rate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error e = {0};
        enum err err = contract_rule_check(&rows[i].rule, &e);
        assert_int_equal(err, rows[i].pointer ? ERR_INVALID : ERR_OK);
        assert_string_equal(e.pointer, rows[i].pointer ? rows[i].pointer : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strikes_are_read_by_steps_or_delta),
        cmocka_unit_test(volatilities_are_numbers_or_realised),
        cmocka_unit_test(rules_that_cannot_be_are_refused_at_their_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
