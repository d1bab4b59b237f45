#include "tests/support/test.h"

#include "server/api/import_options.h"

#include <string.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* `pairs`: name, value, name, value..., NULL. */
static enum err read_query(const char *const *pairs, struct import_settings *ret, struct error *e)
{
    struct http_request r = {.arena = &arena};
    struct import_options options;
    for (; *pairs; pairs += 2)
        r.query[r.query_count++] = (struct http_field){pairs[0], pairs[1]};
    enum err err = import_options_from_query(&r, &options, e);
    return err ? err : import_options_settle(&options, ret, e);
}

static void nothing_given_is_the_careful_default(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    struct import_settings s;
    assert_int_equal(read_query(none, &s, NULL), ERR_OK);
    assert_int_equal(s.csv.timeframe.minutes, 1);
    assert_int_equal(s.bars.timeframe.minutes, 1);
    assert_null(s.csv.zone);
    assert_null(s.csv.calendar); /* the stored one */
    assert_int_equal(s.csv.label, CSV_LABEL_START);
    assert_int_equal(s.csv.outside, CSV_REFUSE);
    assert_int_equal(s.csv.bad_rows, CSV_REFUSE);
    assert_int_equal(s.csv.duplicates, CSV_CONFLICT_REFUSE);
    assert_int_equal(s.csv.price_scale, 1);
    assert_int_equal(s.bars.mode, BAR_IMPORT_MERGE);
    assert_false(s.csv.sort || s.csv.ignore_columns || s.bars.dry_run);
}

static void every_parameter_arrives(void **state)
{
    (void)state;
    static const char *const all[] = {
        "timeframe", "1d",   "timezone",    "Asia/Kolkata", "label",      "end",
        "calendar",  "XNSE", "mode",        "replace",      "dry_run",    "",
        "outside",   "drop", "bad_rows",    "drop",         "duplicates", "last",
        "sort",      "1",    "price_scale", "10000",        NULL};
    static const char *const ignore[] = {"ignore_columns", "true", "duplicates", "first", NULL};
    struct import_settings s;
    assert_int_equal(read_query(all, &s, NULL), ERR_OK);
    assert_int_equal(s.csv.timeframe.minutes, 0);
    assert_int_equal(s.bars.timeframe.minutes, 0);
    assert_string_equal(zone_name(s.csv.zone), "Asia/Kolkata");
    assert_string_equal(calendar_name(s.csv.calendar), "XNSE");
    assert_ptr_equal(s.csv.calendar, s.bars.calendar);
    assert_int_equal(s.csv.label, CSV_LABEL_END);
    assert_int_equal(s.csv.outside, CSV_DROP);
    assert_int_equal(s.csv.bad_rows, CSV_DROP);
    assert_int_equal(s.csv.duplicates, CSV_CONFLICT_LAST);
    assert_int_equal(s.csv.price_scale, 10000);
    assert_int_equal(s.bars.mode, BAR_IMPORT_REPLACE);
    assert_true(s.csv.sort && s.bars.dry_run);
    assert_int_equal(read_query(ignore, &s, NULL), ERR_OK);
    assert_true(s.csv.ignore_columns);
    assert_int_equal(s.csv.duplicates, CSV_CONFLICT_FIRST);
}

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"timeframe", "5m"},
        {"timezone", "Mars/Base"},
        {"timezone", ""},
        {"label", "middle"},
        {"calendar", "MOON"},
        {"mode", "guess"},
        {"dry_run", "maybe"},
        {"outside", "keep"},
        {"bad_rows", "2"},
        {"duplicates", "merge"},
        {"sort", "asc"},
        {"ignore_columns", "x"},
        {"price_scale", "0"},
        {"price_scale", "1e3"},
        {"price_scale", "1000001"},
        {"bad-rows", "drop"},
        {"what", "1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct import_settings s;
        struct error e;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "?%s", bad[i][0]);
        assert_int_equal(read_query(bad[i], &s, &e), ERR_INVALID);
        assert_string_equal(e.pointer, pointer);
    }
}

struct command {
    const char *data;
    struct import_options import;
};

static void a_command_holds_the_same_options_beside_its_own(void **state)
{
    (void)state;
    static const struct option options[] = {
        {"data", OPTION_TEXT, offsetof(struct command, data), "FOLDER", "the data folder"},
        IMPORT_OPTION_ROWS(struct command, import.),
    };
    char bad_rows[] = "--bad-rows", drop[] = "drop", data[] = "--data", here[] = "here",
         dry_run[] = "--dry-run", scale[] = "--price-scale=100", file[] = "file.csv";
    char *argv[] = {bad_rows, drop, data, here, dry_run, scale, file};
    struct command command = {0};
    struct option_arguments arguments;
    struct import_settings s;
    import_options_init(&command.import);
    assert_int_equal(options_parse(7, argv, options, sizeof options / sizeof options[0], &arena,
                                   &command, &arguments, NULL),
                     ERR_OK);
    assert_int_equal(import_options_settle(&command.import, &s, NULL), ERR_OK);
    assert_string_equal(command.data, "here");
    assert_int_equal(s.csv.bad_rows, CSV_DROP);
    assert_int_equal(s.csv.price_scale, 100);
    assert_true(s.bars.dry_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_given_is_the_careful_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_parameter_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_command_holds_the_same_options_beside_its_own, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
