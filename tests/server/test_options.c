#include "server/options.h"

#include "tests/support/test.h"

#include <string.h>

static const char *const colours[] = {"red", "green", NULL};

struct settings {
    const char *name;
    int64_t count;
    bool loud;
    struct option_texts tags;
    const char *colour;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "name", .kind = OPTION_TEXT, .offset = offsetof(struct settings, name), .value = "NAME", .help = "who"},
    {.name = "count", .kind = OPTION_INTEGER, .offset = offsetof(struct settings, count), .value = "N", .min = 1, .max = 9, .help = "how many"},
    {.name = "loud", .kind = OPTION_FLAG, .offset = offsetof(struct settings, loud), .help = "shout"},
    {.name = "tag", .kind = OPTION_TEXTS, .offset = offsetof(struct settings, tags), .value = "A,B", .help = "words"},
    {.name = "colour", .kind = OPTION_CHOICE, .offset = offsetof(struct settings, colour), .choices = colours, .value = "C", .help = "paint"},
};
/* clang-format on */
enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]), ARGUMENTS_MAX = 16 };

struct parsed {
    struct settings settings;
    struct option_arguments rest;
    struct error error;
    struct arena arena;
};

/* Words separated by spaces. */
static enum err parse(struct parsed *p, char *line)
{
    char *argv[ARGUMENTS_MAX];
    int argc = 0;
    char *rest = line;
    for (char *word; argc < ARGUMENTS_MAX && (word = strsep(&rest, " ")) != NULL;)
        argv[argc++] = word;
    memset(p, 0, sizeof(*p));
    arena_init(&p->arena, 1 << 16);
    return options_parse(argc, argv, options, OPTION_COUNT, &p->arena, &p->settings, &p->rest,
                         &p->error);
}

static void every_kind_and_both_spellings_are_read(void **state)
{
    (void)state;
    struct parsed p;
    char line[] = "--name ann first --count=7 --loud --tag a,b --tag c --colour green -- --name";
    assert_int_equal(parse(&p, line), ERR_OK);
    assert_string_equal(p.settings.name, "ann");
    assert_int_equal(p.settings.count, 7);
    assert_true(p.settings.loud);
    assert_int_equal(p.settings.tags.count, 3);
    assert_string_equal(p.settings.tags.items[2], "c");
    assert_string_equal(p.settings.colour, "green");
    assert_int_equal(p.rest.count, 2);
    assert_string_equal(p.rest.items[0], "first");
    assert_string_equal(p.rest.items[1], "--name");
    arena_release(&p.arena);
}

static void a_flag_can_be_taken_back(void **state)
{
    (void)state;
    struct parsed p;
    char line[] = "--loud --no-loud";
    assert_int_equal(parse(&p, line), ERR_OK);
    assert_false(p.settings.loud);
    arena_release(&p.arena);
}

static void help_wins_over_whatever_is_wrong(void **state)
{
    (void)state;
    struct parsed p;
    char line[] = "--count many --help";
    assert_int_equal(parse(&p, line), ERR_OK);
    assert_true(p.rest.help);
    arena_release(&p.arena);
}

static void refusals_name_the_option(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"--nmae x", "did you mean '--name'"},
        {"--count 10", "--count: '10' is not a whole number from 1 to 9"},
        {"--count 2x", "--count"},
        {"--count 99999999999999999999", "--count"},
        {"--loud=maybe", "neither true nor false"},
        {"--no-count", "unknown option"},
        {"--name", "needs a value"},
        {"--name=", "an empty value"},
        {"--tag a,,b", "an empty item"},
        {"--colour blue", "none of red, green"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed p;
        char line[64];
        snprintf(line, sizeof(line), "%s", cases[i].line);
        assert_int_equal(parse(&p, line), ERR_INVALID);
        if (!strstr(p.error.message, cases[i].words))
            fail_msg("%s: %s", cases[i].line, p.error.message);
        arena_release(&p.arena);
    }
}

static void the_help_lists_every_option(void **state)
{
    (void)state;
    struct strbuf text;
    strbuf_init(&text, 4096);
    options_write_help(&text, options, OPTION_COUNT);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        assert_non_null(strstr(strbuf_text(&text), options[i].help));
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_both_spellings_are_read),
        cmocka_unit_test(a_flag_can_be_taken_back),
        cmocka_unit_test(help_wins_over_whatever_is_wrong),
        cmocka_unit_test(refusals_name_the_option),
        cmocka_unit_test(the_help_lists_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
