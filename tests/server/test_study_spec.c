#include "tests/server/spec_fixture.h"
#include "tests/support/test.h"

#include <string.h>

/* What a job stores is its encoded request, and what it runs is that decoded. */
static void the_least_request_encodes_to_itself(void **state)
{
    struct spec_fixture *f = *state;
    static const char json[] = "{\"symbols\":[\"ABC\"],\"rule\":\"close > 1\"}";
    assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, json), ERR_OK);
    assert_string_equal(spec_encode(f, STUDY_SPEC_BACKTEST), json);
    assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, spec_encode(f, STUDY_SPEC_BACKTEST)),
                     ERR_OK);
}

static void a_full_request_encodes_to_itself(void **state)
{
    struct spec_fixture *f = *state;
    static const char json[] =
        "{\"name\":\"n\",\"symbols\":[\"ABC\",\"DEF\"],\"rule\":\"close > 1\",\"timeframe\":\"5m\","
        "\"from\":\"2024-01-02\",\"to\":\"2024-02-01T00:00:00Z\",\"window\":{\"from\":\"09:45\","
        "\"to\":\"11:30\",\"timezone\":\"UTC\",\"days\":[\"mon\",\"fri\"]},\"trigger\":\"every_"
        "bar\","
        "\"cooldown\":\"1h30m\",\"horizons\":[\"5m\",\"close\"],\"shard\":\"day\"}";
    assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, json), ERR_OK);
    assert_string_equal(spec_encode(f, STUDY_SPEC_BACKTEST), json);
}

static void a_check_has_its_one_symbol_as_a_list_too(void **state)
{
    struct spec_fixture *f = *state;
    static const char json[] = "{\"rule\":\"close > 1\",\"symbol\":\"ABC\",\"latest\":3}";
    assert_int_equal(spec_decode(f, STUDY_SPEC_CHECK, json), ERR_OK);
    assert_int_equal(f->spec.symbols.count, 1);
    assert_string_equal(f->spec.symbols.items[0], "ABC");
    assert_int_equal(f->spec.latest, 3);
}

static void refusals_point_at_the_field(void **state)
{
    static const struct {
        const char *json, *pointer;
    } rows[] = {
        {"{\"symbols\":[\"ABC\"]}", "/rule"},
        {"{\"rule\":\"x\",\"symbols\":[]}", "/symbols"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\",\"A\"]}", "/symbols/1"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\",\"a b\"]}", "/symbols/1"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"horizons\":[]}", "/horizons"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"horizons\":[\"5m\",\"5x\"]}", "/horizons/1"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"from\":\"soon\"}", "/from"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"from\":\"2024-02-01\",\"to\":\"2024-01-01\"}",
         "/to"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"timeframe\":\"7x\"}", "/timeframe"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"shard\":\"year\"}", "/shard"},
        {"{\"rule\":\"x\",\"symbols\":[\"A\"],\"window\":{\"timezone\":\"Mars/Base\"}}",
         "/window/timezone"},
    };
    struct spec_fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, rows[i].json), ERR_INVALID);
        assert_string_equal(f->e.pointer, rows[i].pointer);
    }
}

static void an_end_of_the_window_that_is_given_is_known_and_the_other_is_open(void **state)
{
    struct spec_fixture *f = *state;
    static const char from[] =
        "{\"symbols\":[\"ABC\"],\"rule\":\"close > 1\",\"window\":{\"from\":\"09:45\"}}";
    static const char to[] =
        "{\"symbols\":[\"ABC\"],\"rule\":\"close > 1\",\"window\":{\"to\":\"11:30\"}}";
    assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, from), ERR_OK);
    assert_true(f->spec.window.has_from && f->spec.window.from_minute == 585);
    assert_false(f->spec.window.has_to);
    assert_string_equal(spec_encode(f, STUDY_SPEC_BACKTEST), from);
    assert_int_equal(spec_decode(f, STUDY_SPEC_BACKTEST, to), ERR_OK);
    assert_false(f->spec.window.has_from);
    assert_true(f->spec.window.has_to && f->spec.window.to_minute == 690);
    assert_string_equal(spec_encode(f, STUDY_SPEC_BACKTEST), to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_least_request_encodes_to_itself, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(a_full_request_encodes_to_itself, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(a_check_has_its_one_symbol_as_a_list_too, spec_set_up,
                                        spec_tear_down),
        cmocka_unit_test_setup_teardown(
            an_end_of_the_window_that_is_given_is_known_and_the_other_is_open, spec_set_up,
            spec_tear_down),
        cmocka_unit_test_setup_teardown(refusals_point_at_the_field, spec_set_up, spec_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
