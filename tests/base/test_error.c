#include "base/error.h"

#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

static void every_code_has_a_status_a_slug_and_a_title(void **state)
{
    (void)state;
    for (enum err code = ERR_OK; code < ERR_COUNT; code++) {
        int status = err_http_status(code);
        assert_true(code == ERR_OK ? status == 200 : status >= 400 && status < 600);
        assert_true(strlen(err_slug(code)) > 0);
        assert_int_equal(strspn(err_slug(code), "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(err_slug(code)));
        assert_true(strlen(err_title(code)) > 0);
    }
    assert_int_equal(err_http_status(ERR_RULE), 422);
    assert_string_equal(err_slug(ERR_BUSY), "too_many_requests");
    assert_string_equal(err_title(ERR_NOT_FOUND), "Not found");
}

static void slugs_are_unique(void **state)
{
    (void)state;
    for (enum err a = ERR_OK; a < ERR_COUNT; a++) {
        for (enum err b = a + 1; b < ERR_COUNT; b++)
            assert_string_not_equal(err_slug(a), err_slug(b));
    }
}

static void set_fills_the_error_and_returns_the_code(void **state)
{
    (void)state;
    struct error e;
    memset(&e, 0x7F, sizeof e);
    assert_int_equal(error_set(&e, ERR_NOT_FOUND, "no job %d of '%s'", 7, "x"), ERR_NOT_FOUND);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(e.message, "no job 7 of 'x'");
    assert_int_equal(e.line, 0);
    assert_int_equal(e.column, 0);
    assert_string_equal(e.pointer, "");
}

static void no_error_struct_is_needed(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERR_BUSY, "full"), ERR_BUSY);
    assert_int_equal(error_at(NULL, ERR_DATA, 1, 2, "bad"), ERR_DATA);
    assert_int_equal(error_field(NULL, ERR_INVALID, "/a", "bad"), ERR_INVALID);
    assert_int_equal(error_errno(NULL, ERR_IO, "cannot read"), ERR_IO);
}

static void at_keeps_the_place(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(error_at(&e, ERR_DATA, INT64_C(5000000000), 12, "bad price"), ERR_DATA);
    assert_true(e.line == INT64_C(5000000000));
    assert_int_equal(e.column, 12);
    assert_string_equal(e.pointer, "");
    assert_string_equal(e.message, "bad price");
}

static void field_keeps_the_pointer(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(error_field(&e, ERR_INVALID, "/window/from", "is missing"), ERR_INVALID);
    assert_string_equal(e.pointer, "/window/from");
    assert_string_equal(e.message, "is missing");
    assert_int_equal(e.line, 0);
}

static void errno_text_is_appended_and_errno_kept(void **state)
{
    (void)state;
    struct error e;
    errno = ENOENT;
    assert_int_equal(error_errno(&e, ERR_IO, "cannot open '%s'", "x"), ERR_IO);
    assert_string_equal(e.message, "cannot open 'x': No such file or directory");
    assert_int_equal(errno, ENOENT);
}

static void errno_text_survives_a_long_message(void **state)
{
    (void)state;
    char name[2 * ERROR_MESSAGE_MAX];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    struct error e;
    errno = EACCES;
    error_errno(&e, ERR_IO, "cannot open '%s'", name);
    assert_int_equal(strlen(e.message), ERROR_MESSAGE_MAX - 1);
    assert_non_null(strstr(e.message, "nnn: Permission denied"));
}

static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    char text[ERROR_MESSAGE_MAX + 1];
    memset(text, 'a', sizeof text);
    text[ERROR_MESSAGE_MAX - 1] = '\0';
    struct error e;
    error_set(&e, ERR_INVALID, "%s", text);
    assert_string_equal(e.message, text);
    text[ERROR_MESSAGE_MAX - 1] = 'a';
    text[ERROR_MESSAGE_MAX] = '\0';
    error_set(&e, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(e.message), ERROR_MESSAGE_MAX - 1);
}

/* For each character and each offset of it against the cut: the message is the longest prefix of
 * whole characters. */
static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 4; c++) {
        size_t bytes = strlen(characters[c]);
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2 * ERROR_MESSAGE_MAX];
            memset(text, '-', shift);
            size_t length = shift;
            while (length + bytes < sizeof text) {
                memcpy(text + length, characters[c], bytes);
                length += bytes;
            }
            text[length] = '\0';
            struct error e;
            error_set(&e, ERR_INVALID, "%s", text);
            size_t whole = shift + (ERROR_MESSAGE_MAX - 1 - shift) / bytes * bytes;
            assert_int_equal(strlen(e.message), whole);
            assert_memory_equal(e.message, text, whole);
        }
    }
}

static void a_long_pointer_is_cut(void **state)
{
    (void)state;
    char pointer[2 * ERROR_POINTER_MAX];
    memset(pointer, 'p', sizeof pointer);
    pointer[sizeof pointer - 1] = '\0';
    struct error e;
    error_field(&e, ERR_INVALID, pointer, "bad");
    assert_int_equal(strlen(e.pointer), ERROR_POINTER_MAX - 1);
    assert_string_equal(e.message, "bad");
}

static void an_error_may_be_told_again_with_its_own_text(void **state)
{
    (void)state;
    struct error e;
    error_field(&e, ERR_RULE, "/rule", "unknown name");
    error_field(&e, e.code, e.pointer, "in the rule: %s", e.message);
    assert_int_equal(e.code, ERR_RULE);
    assert_string_equal(e.pointer, "/rule");
    assert_string_equal(e.message, "in the rule: unknown name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_status_a_slug_and_a_title),
        cmocka_unit_test(slugs_are_unique),
        cmocka_unit_test(set_fills_the_error_and_returns_the_code),
        cmocka_unit_test(no_error_struct_is_needed),
        cmocka_unit_test(at_keeps_the_place),
        cmocka_unit_test(field_keeps_the_pointer),
        cmocka_unit_test(errno_text_is_appended_and_errno_kept),
        cmocka_unit_test(errno_text_survives_a_long_message),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(a_long_pointer_is_cut),
        cmocka_unit_test(an_error_may_be_told_again_with_its_own_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
