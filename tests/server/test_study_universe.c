#include "server/jobs/study_universe.h"

#include "tests/support/test.h"

static void a_star_stands_for_any_characters(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"*", "", true},
        {"*", "SPY", true},
        {"SPY", "SPY", true},
        {"SPY", "SPYX", false},
        {"SPYX", "SPY", false},
        {"SP*", "SP", true},
        {"SP*", "SPY", true},
        {"SP*", "ASPY", false},
        {"*PY", "SPY", true},
        {"*PY", "PYX", false},
        {"*PY", "PPYPY", true}, /* the first place that fits is not the last */
        {"S*Y", "SY", true},
        {"S*Y", "SPYY", true},
        {"S*Y", "SPYX", false},
        {"*.A*", "US.ABC", true},
        {"*.A*", "US.BA", false},
        {"**", "X", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXcYb", false},
        {"", "", true},
        {"", "X", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (study_universe_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_any_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
