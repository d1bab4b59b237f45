#include "server/cli/problem.h"
#include "tests/support/test.h"

#include <string.h>

static const char rule_problem[] =
    "{\"type\":\"urn:bracketd:problem:invalid_rule\",\"title\":\"The rule is not valid\","
    "\"status\":422,\"detail\":\"unknown name 'rsj'\\nrsj(14)\\n^\",\"code\":\"invalid_rule\","
    "\"request_id\":\"r-1\",\"line\":1,\"column\":4,"
    "\"errors\":[{\"pointer\":\"/rule\",\"line\":1,\"column\":4,\"detail\":\"unknown\"}]}";

static void a_problem_becomes_the_error_it_was_made_from(void **state)
{
    struct error e;
    (void)state;
    assert_int_equal(problem_read(rule_problem, strlen(rule_problem), 422, &e), ERR_RULE);
    assert_int_equal(e.code, ERR_RULE);
    assert_string_equal(e.message, "unknown name 'rsj'\nrsj(14)\n^");
    assert_string_equal(e.pointer, "/rule");
    assert_int_equal(e.line, 1);
    assert_int_equal(e.column, 4);
}

/* data, rule and idempotency share status 422: the code tells them apart. */
static void the_code_counts_before_the_status(void **state)
{
    static const char text[] = "{\"detail\":\"x\",\"code\":\"idempotency_mismatch\"}";
    static const char unknown[] = "{\"detail\":\"x\",\"code\":\"of_a_later_version\"}";
    struct error e;
    (void)state;
    assert_int_equal(problem_read(text, strlen(text), 422, &e), ERR_IDEMPOTENCY);
    assert_int_equal(problem_read(unknown, strlen(unknown), 409, &e), ERR_CONFLICT);
    assert_int_equal(problem_read(unknown, strlen(unknown), 418, &e), ERR_INVALID);
    assert_int_equal(problem_read(unknown, strlen(unknown), 599, &e), ERR_UNAVAILABLE);
}

static void a_text_of_somebody_else_names_the_status(void **state)
{
    static const char *const texts[] = {"", "<html>Bad gateway</html>", "[]", "{\"detail\":7}"};
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(problem_read(texts[i], strlen(texts[i]), 502, &e), ERR_UNAVAILABLE);
        assert_string_equal(e.message, "the server answered with status 502");
    }
}

static void the_request_id_is_told_for_faults_of_the_server(void **state)
{
    static const char text[] =
        "{\"detail\":\"it broke\",\"code\":\"internal\",\"request_id\":\"r-9\"}";
    struct error e;
    (void)state;
    problem_read(text, strlen(text), 500, &e);
    assert_string_equal(e.message, "it broke (status 500, request r-9)");
    problem_read(text, strlen(text), 400, &e);
    assert_string_equal(e.message, "it broke");
}

static void places_are_listed_up_to_the_room_for_them(void **state)
{
    static const char text[] = "{\"detail\":\"rows\",\"errors\":["
                               "{\"line\":3,\"column\":18,\"detail\":\"high\"},"
                               "{\"line\":5,\"detail\":\"low\"},{\"line\":9,\"detail\":\"x\"}]}";
    struct problem_place places[2];
    (void)state;
    assert_int_equal(problem_places(text, strlen(text), places, 2), 2);
    assert_int_equal(places[0].line, 3);
    assert_int_equal(places[0].column, 18);
    assert_string_equal(places[0].detail, "high");
    assert_int_equal(places[1].line, 5);
    assert_int_equal(places[1].column, 0);
    assert_int_equal(problem_places("{}", 2, places, 2), 0);
    assert_int_equal(problem_places("no", 2, places, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_becomes_the_error_it_was_made_from),
        cmocka_unit_test(the_code_counts_before_the_status),
        cmocka_unit_test(a_text_of_somebody_else_names_the_status),
        cmocka_unit_test(the_request_id_is_told_for_faults_of_the_server),
        cmocka_unit_test(places_are_listed_up_to_the_room_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
