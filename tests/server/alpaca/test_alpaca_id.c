#include "server/alpaca/alpaca_id.h"

#include "tests/support/test.h"

#include <string.h>

static void the_bracket_of_a_leg_is_found_without_a_table(void **state)
{
    (void)state;
    struct uuid bracket = uuid_make(clock_real()), found;
    for (int leg = LEG_ENTRY + 1; leg < LEG_COUNT; leg++) {
        struct uuid id = alpaca_leg_id(&bracket, (enum leg)leg);
        assert_memory_not_equal(&id, &bracket, sizeof id);
        assert_true(alpaca_bracket_of(&id, &found));
        assert_memory_equal(&found, &bracket, sizeof found);
    }
    assert_true(alpaca_bracket_of(&bracket, &found));
    assert_memory_equal(&found, &bracket, sizeof found);
}

static void legs_have_ids_of_their_own_that_are_uuids(void **state)
{
    (void)state;
    struct uuid bracket = uuid_make(clock_real());
    char texts[LEG_COUNT][UUID_TEXT];
    for (int leg = LEG_ENTRY + 1; leg < LEG_COUNT; leg++) {
        struct uuid id = alpaca_leg_id(&bracket, (enum leg)leg);
        uuid_format(&id, texts[leg]);
        assert_int_equal(texts[leg][14], '8');           /* the version */
        assert_non_null(strchr("89ab", texts[leg][19])); /* the variant */
        for (int other = LEG_ENTRY + 1; other < leg; other++)
            assert_string_not_equal(texts[leg], texts[other]);
    }
}

static void ids_of_others_are_no_orders(void **state)
{
    static const char *const others[] = {
        "61e69015-8549-4bfd-b9c3-01e75843f47d", /* version 4 */
        "01930000-0000-8000-8000-000000000000", /* version 8 without a leg */
        "c1930000-0000-7000-8000-000000000000", /* version 7 with one */
        "00000000-0000-0000-0000-000000000000",
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct uuid id, bracket;
        assert_true(uuid_parse(others[i], strlen(others[i]), &id));
        assert_false(alpaca_bracket_of(&id, &bracket));
    }
}

static void names_have_stable_ids(void **state)
{
    (void)state;
    char text[UUID_TEXT];
    struct uuid aapl = alpaca_named_id("asset", "AAPL"), again = alpaca_named_id("asset", "AAPL");
    struct uuid account = alpaca_named_id("account", "AAPL"),
                msft = alpaca_named_id("asset", "MSFT");
    assert_memory_equal(&aapl, &again, sizeof aapl);
    assert_memory_not_equal(&aapl, &account, sizeof aapl);
    assert_memory_not_equal(&aapl, &msft, sizeof aapl);
    uuid_format(&aapl, text);
    assert_int_equal(text[14], '8');
    assert_non_null(strchr("89ab", text[19]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bracket_of_a_leg_is_found_without_a_table),
        cmocka_unit_test(legs_have_ids_of_their_own_that_are_uuids),
        cmocka_unit_test(ids_of_others_are_no_orders),
        cmocka_unit_test(names_have_stable_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
