#include "orders/past_contracts.h"

#include "base/civil.h"
#include "tests/support/test.h"

static int64_t day(int32_t year, int32_t month, int32_t of_month)
{
    return civil_to_days((struct civil_date){year, month, of_month}) * NS_PER_DAY;
}

static void contracts_are_past_when_they_are_over_and_nobody_quotes_them(void **state)
{
    (void)state;
    static const char option[] = "AAPL261218C00200000";
    int64_t old_ns = NS_PER_DAY + 1;
    assert_true(past_contract(option, INT64_MAX, day(2026, 12, 20)));
    assert_true(past_contract(option, old_ns, day(2026, 12, 20)));
    assert_false(past_contract(option, NS_PER_DAY, day(2026, 12, 20)));
    assert_false(past_contract(option, old_ns, day(2026, 12, 20) - 1));
    assert_false(past_contract("AAPL", INT64_MAX, day(2036, 1, 1)));
    assert_false(past_contract("", INT64_MAX, day(2036, 1, 1)));
}

static void a_table_is_gone_through_as_it_grows(void **state)
{
    (void)state;
    enum { LIMIT = 10000 };
    struct past_sweep s = {0};
    assert_false(past_sweep_due(&s, PAST_FIRST - 1, 0));
    assert_true(past_sweep_due(&s, PAST_FIRST, 0));
    past_sweep_done(&s, 100, LIMIT, 0);
    assert_false(past_sweep_due(&s, PAST_FIRST - 1, NS_PER_MINUTE));
    assert_true(past_sweep_due(&s, PAST_FIRST, NS_PER_MINUTE));
    past_sweep_done(&s, PAST_FIRST, LIMIT, 0);
    assert_false(past_sweep_due(&s, 2 * PAST_FIRST - 1, NS_PER_MINUTE));
    assert_true(past_sweep_due(&s, 2 * PAST_FIRST, NS_PER_MINUTE));
    past_sweep_done(&s, LIMIT, LIMIT, 0);
    assert_false(past_sweep_due(&s, LIMIT, NS_PER_MINUTE - 1));
    assert_true(past_sweep_due(&s, LIMIT, NS_PER_MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contracts_are_past_when_they_are_over_and_nobody_quotes_them),
        cmocka_unit_test(a_table_is_gone_through_as_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
