#include "orders/client_id.h"
#include "tests/support/test.h"

#include <string.h>

static struct client_id sample(void)
{
    struct client_id id = {
        .instance = "bk0", .incarnation = 46, .leg = LEG_STOP_LOSS, .generation = 12};
    for (size_t i = 0; i < sizeof(id.bracket.bytes); i++)
        id.bracket.bytes[i] = (unsigned char)(0xf0 + i);
    return id;
}

static void what_is_formatted_parses_to_the_same(void **state)
{
    (void)state;
    struct client_id id = sample(), read = {0};
    char text[CLIENT_ID_TEXT];
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        id.leg = (enum leg)leg;
        assert_true(client_id_format(&id, text));
        assert_true(client_id_parse(text, strlen(text), &read));
        assert_memory_equal(&read.bracket, &id.bracket, sizeof(id.bracket));
        assert_string_equal(read.instance, id.instance);
        assert_int_equal(read.incarnation, id.incarnation);
        assert_int_equal(read.leg, leg);
        assert_int_equal(read.generation, 12);
    }
}

static void the_form_is_the_documented_one(void **state)
{
    (void)state;
    struct client_id id = sample();
    char text[CLIENT_ID_TEXT];
    memset(&id.bracket, 0, sizeof(id.bracket));
    id.bracket.bytes[15] = 33;
    assert_true(client_id_format(&id, text));
    assert_string_equal(text, "bk0001a-00000000000000000000000011-s12");
}

static void the_longest_id_has_at_most_48_letters_that_brokers_take(void **state)
{
    (void)state;
    struct client_id id = sample();
    char text[CLIENT_ID_TEXT];
    memcpy(id.instance, "zzzzzz", 7);
    memset(&id.bracket, 0xff, sizeof(id.bracket));
    id.incarnation = CLIENT_ID_INCARNATIONS - 1;
    id.generation = CLIENT_ID_GENERATION_MAX;
    assert_true(client_id_format(&id, text));
    assert_true(strlen(text) <= CLIENT_ID_MAX);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(text));
    assert_int_equal(strncmp(text, "zzzzzzzzzz-7", 12), 0);
}

static void parts_out_of_range_are_refused(void **state)
{
    (void)state;
    char text[CLIENT_ID_TEXT] = "untouched";
    struct client_id id = sample();
    id.instance[0] = '\0';
    assert_false(client_id_format(&id, text));
    id = sample();
    id.instance[1] = 'B';
    assert_false(client_id_format(&id, text));
    id = sample();
    memset(id.instance, 'a', sizeof(id.instance));
    assert_false(client_id_format(&id, text));
    id = sample();
    id.incarnation = -1;
    assert_false(client_id_format(&id, text));
    id.incarnation = CLIENT_ID_INCARNATIONS;
    assert_false(client_id_format(&id, text));
    id = sample();
    id.leg = LEG_COUNT;
    assert_false(client_id_format(&id, text));
    id = sample();
    id.generation = 0;
    assert_false(client_id_format(&id, text));
    id.generation = CLIENT_ID_GENERATION_MAX + 1;
    assert_false(client_id_format(&id, text));
    assert_string_equal(text, "untouched");
}

static void a_text_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "bk0001a",
        "-00000000000000000000000011-s12",
        "001a-00000000000000000000000011-s12",
        "bk0001a-0000000000000000000000001-s12",
        "bk0001a-80000000000000000000000011-s12",
        "bk0001a-0000000000000000000000001u-s12",
        "bk0001a-00000000000000000000000011_s12",
        "bk0001a-00000000000000000000000011-q12",
        "bk0001a-00000000000000000000000011-s",
        "bk0001a-00000000000000000000000011-s0",
        "bk0001a-00000000000000000000000011-s012",
        "bk0001a-00000000000000000000000011-s1x",
        "bk0001a-00000000000000000000000011-s1/",
        "bk0001a-00000000000000000000000011-s12345678",
        "Bk0001a-00000000000000000000000011-s12",
        "bk0001A-00000000000000000000000011-s12",
        "zzzzzzz0001-00000000000000000000000011-s12",
        "bk0001a-00000000000000000000000011-s12-and-far-too-much",
    };
    struct client_id id = {.generation = -7};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (client_id_parse(bad[i], strlen(bad[i]), &id))
            fail_msg("'%s' is no id of ours", bad[i]);
    assert_false(client_id_parse("bk0\0"
                                 "01a-00000000000000000000000011-s12",
                                 38, &id));
    assert_false(client_id_parse("b\0"
                                 "0001a-00000000000000000000000011-s12",
                                 38, &id));
    assert_false(client_id_parse("bk0001a-0000000\0"
                                 "000000000000000011-s1",
                                 37, &id));
    assert_int_equal(id.generation, -7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_parses_to_the_same),
        cmocka_unit_test(the_form_is_the_documented_one),
        cmocka_unit_test(the_longest_id_has_at_most_48_letters_that_brokers_take),
        cmocka_unit_test(parts_out_of_range_are_refused),
        cmocka_unit_test(a_text_that_is_not_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
