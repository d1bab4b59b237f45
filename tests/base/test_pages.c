#include "base/pages.h"

#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

enum { SIZE = 100 * 1000, LARGER = 700 * 1000 };

static bool are(const unsigned char *bytes, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void pages_are_zeros(void **state)
{
    (void)state;
    unsigned char *pages = pages_take(SIZE);
    assert_non_null(pages);
    assert_true(are(pages, SIZE, 0));
    memset(pages, 7, SIZE);
    pages_give(pages, SIZE);
    pages_give(NULL, 0);
}

static void they_grow_with_what_is_in_them(void **state)
{
    (void)state;
    unsigned char *pages = pages_take(SIZE);
    assert_non_null(pages);
    memset(pages, 7, SIZE);
    pages = pages_grow(pages, SIZE, LARGER);
    assert_non_null(pages);
    assert_true(are(pages, SIZE, 7));
    assert_true(are(pages + SIZE, LARGER - SIZE, 0));
    memset(pages, 8, LARGER);
    pages_give(pages, LARGER);
}

static void what_there_is_no_memory_for_leaves_the_rest_alone(void **state)
{
    (void)state;
    unsigned char *pages = pages_take(SIZE);
    assert_non_null(pages);
    pages[SIZE - 1] = 7;
    assert_null(pages_take(SIZE_MAX / 2));
    assert_null(pages_grow(pages, SIZE, SIZE_MAX / 2));
    assert_int_equal(pages[SIZE - 1], 7);
    pages_give(pages, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_zeros),
        cmocka_unit_test(they_grow_with_what_is_in_them),
        cmocka_unit_test(what_there_is_no_memory_for_leaves_the_rest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
