#include "base/strbuf.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void an_unused_buffer_is_an_empty_text(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 10);
    assert_string_equal(strbuf_text(&b), "");
    assert_false(strbuf_failed(&b));
    assert_null(b.data);
    strbuf_release(&b);
}

static void appends_follow_each_other(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 1000);
    strbuf_add(&b, "ab\0c", 4);
    strbuf_add_string(&b, "de");
    strbuf_add_char(&b, 'f');
    strbuf_add_format(&b, "%d%%", 12);
    strbuf_add(&b, NULL, 0);
    assert_int_equal(b.length, 10);
    assert_memory_equal(b.data, "ab\0cdef12%", 11);
    strbuf_release(&b);
    assert_null(b.data);
    assert_int_equal(b.length, 0);
}

static void content_survives_growth(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 1 << 20);
    for (int i = 0; i < 20000; i++)
        strbuf_add_format(&b, "%05d;", i);
    assert_false(strbuf_failed(&b));
    assert_int_equal(b.length, 20000 * 6);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(strtol(b.data + i * 6, NULL, 10), i);
    strbuf_release(&b);
}

static void the_maximum_may_be_reached(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 100);
    for (int i = 0; i < 100; i++)
        strbuf_add_char(&b, 'x');
    assert_false(strbuf_failed(&b));
    assert_int_equal(b.length, 100);
    assert_int_equal(b.data[100], '\0');
    strbuf_release(&b);
}

static void past_the_maximum_it_fails_and_stays_failed(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 10);
    strbuf_add_string(&b, "12345678");
    strbuf_add_string(&b, "abc");
    assert_true(strbuf_failed(&b));
    strbuf_add_char(&b, '9');
    strbuf_add_format(&b, "%d", 9);
    strbuf_commit(&b, 1);
    assert_null(strbuf_reserve(&b, 1));
    assert_string_equal(strbuf_text(&b), "12345678");
    assert_int_equal(b.length, 8);
    strbuf_clear(&b);
    assert_false(strbuf_failed(&b));
    strbuf_add_string(&b, "1234567890");
    assert_string_equal(strbuf_text(&b), "1234567890");
    strbuf_release(&b);
}

static void a_format_past_the_maximum_leaves_the_text(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 100);
    strbuf_add_string(&b, "kept");
    strbuf_add_format(&b, "%97d", 1);
    assert_true(strbuf_failed(&b));
    assert_string_equal(strbuf_text(&b), "kept");
    strbuf_clear(&b);
    strbuf_add_format(&b, "%100d", 1);
    assert_false(strbuf_failed(&b));
    assert_int_equal(b.length, 100);
    strbuf_release(&b);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, SIZE_MAX - 1);
    strbuf_add_string(&b, "x");
    assert_null(strbuf_reserve(&b, SIZE_MAX));
    assert_true(strbuf_failed(&b));
    strbuf_clear(&b);
    assert_null(strbuf_reserve(&b, SIZE_MAX / 4));
    assert_true(strbuf_failed(&b));
    strbuf_release(&b);
}

static void reserved_room_counts_once_committed(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 1000);
    char *room = strbuf_reserve(&b, 500);
    assert_non_null(room);
    memset(room, 'r', 500);
    assert_int_equal(b.length, 0);
    strbuf_commit(&b, 3);
    assert_string_equal(strbuf_text(&b), "rrr");
    strbuf_add_string(&b, "s");
    assert_string_equal(strbuf_text(&b), "rrrs");
    room = strbuf_reserve(&b, 996);
    assert_non_null(room);
    memset(room, 't', 996);
    strbuf_commit(&b, 996);
    assert_int_equal(b.length, 1000);
    assert_null(strbuf_reserve(&b, 1));
    strbuf_release(&b);
}

static void take_hands_the_memory_over(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 100);
    strbuf_add_string(&b, "mine");
    size_t length = 0;
    char *text = strbuf_take(&b, &length);
    assert_string_equal(text, "mine");
    assert_int_equal(length, 4);
    free(text);
    assert_null(b.data);
    strbuf_add_string(&b, "new");
    assert_string_equal(strbuf_text(&b), "new");
    strbuf_release(&b);
}

static void take_of_an_empty_buffer_is_an_empty_text(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 100);
    char *text = strbuf_take(&b, NULL);
    assert_string_equal(text, "");
    free(text);
    strbuf_release(&b);
}

static void take_of_a_failed_buffer_is_null(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 4);
    strbuf_add_string(&b, "abc");
    strbuf_add_string(&b, "def");
    assert_null(strbuf_take(&b, NULL));
    assert_false(strbuf_failed(&b));
    assert_null(b.data);
    strbuf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_buffer_is_an_empty_text),
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(content_survives_growth),
        cmocka_unit_test(the_maximum_may_be_reached),
        cmocka_unit_test(past_the_maximum_it_fails_and_stays_failed),
        cmocka_unit_test(a_format_past_the_maximum_leaves_the_text),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(reserved_room_counts_once_committed),
        cmocka_unit_test(take_hands_the_memory_over),
        cmocka_unit_test(take_of_an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(take_of_a_failed_buffer_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
