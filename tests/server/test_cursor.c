#include "tests/support/test.h"

#include "server/api/cursor.h"

#include <string.h>

static enum err read_text(const char *text, const char *kind, char place[CURSOR_PLACE],
                          struct error *e)
{
    struct http_request r = {.query_count = text != NULL, .query = {{"cursor", text}}};
    return cursor_read(&r, kind, place, e);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    static const char longest[] = "123456789012345678901234567890123456789012345678901234567890123";
    static const char *const places[] = {"1", "1440 BTC/USD", "-9223372036854775808", longest};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char text[CURSOR_TEXT], place[CURSOR_PLACE];
        cursor_write(text, "bars", "%s", places[i]);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                         strlen(text)); /* travels in a query as it is */
        assert_int_equal(read_text(text, "bars", place, NULL), ERR_OK);
        assert_string_equal(place, places[i]);
    }
}

static void none_is_the_first_page(void **state)
{
    (void)state;
    char place[CURSOR_PLACE] = "x";
    assert_int_equal(read_text(NULL, "bars", place, NULL), ERR_OK);
    assert_string_equal(place, "");
}

static void what_another_list_wrote_is_refused(void **state)
{
    (void)state;
    char text[CURSOR_TEXT], place[CURSOR_PLACE];
    struct error e;
    cursor_write(text, "bars", "%d", 17);
    assert_int_equal(read_text(text, "symbols", place, &e), ERR_INVALID);
    assert_string_equal(e.pointer, "?cursor");
    assert_int_equal(read_text(text, "bar", place, &e), ERR_INVALID);
    assert_int_equal(read_text(text, "barss", place, &e), ERR_INVALID);
}

static void rubbish_is_refused(void **state)
{
    (void)state;
    char place[CURSOR_PLACE], cut[CURSOR_TEXT], long_text[2000];
    static const char *const texts[] = {"", "!!", "YmFycyAx=", "YmFyc", "YmFycyA", "YmFycyAxADI"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read_text(texts[i], "bars", place, NULL), ERR_INVALID);
    memset(long_text, 'A', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(read_text(long_text, "bars", place, NULL), ERR_INVALID);
    cursor_write(cut, "bars", "%d", 123456);
    cut[6] = '\0'; /* "bars" and nothing behind it */
    assert_int_equal(read_text(cut, "bars", place, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(none_is_the_first_page),
        cmocka_unit_test(what_another_list_wrote_is_refused),
        cmocka_unit_test(rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
