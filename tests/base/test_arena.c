#include "base/arena.h"

#include "tests/support/test.h"

#include <string.h>

static bool all_zero(const unsigned char *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t size_bytes = 0; size_bytes < 600; size_bytes++) {
        unsigned char *p = arena_alloc(&a, size_bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_true(all_zero(p, size_bytes));
        memset(p, 0xAA, size_bytes);
    }
    arena_release(&a);
    assert_int_equal(a.used_bytes, 0);
}

/* Each allocation is filled with its own byte; if two overlapped, one would lose its bytes. */
static void allocations_do_not_overlap_and_stay_valid(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    unsigned char *pointers[COUNT];
    size_t sizes_bytes[COUNT];
    struct arena a;
    arena_init(&a, 64 << 20);
    for (size_t i = 0; i < COUNT; i++) {
        sizes_bytes[i] = i % 7 == 0 ? 1 + i * 97 : 1 + i % 61;
        pointers[i] = arena_alloc(&a, sizes_bytes[i]);
        assert_non_null(pointers[i]);
        memset(pointers[i], (int)(i % 251) + 1, sizes_bytes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < sizes_bytes[i]; k++)
            assert_int_equal(pointers[i][k], i % 251 + 1);
    }
    arena_release(&a);
}

static void the_maximum_is_reached_exactly_and_never_passed(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 10000 / 16 * 16);
    size_t count = 0;
    while (arena_alloc(&a, 16))
        count++;
    assert_int_equal(count, 10000 / 16);
    assert_int_equal(a.used_bytes, 10000 / 16 * 16);
    assert_null(arena_alloc(&a, 1));
    arena_release(&a);
}

static void a_refusal_leaves_room_for_less(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1024);
    assert_null(arena_alloc(&a, 1025));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 15));
    assert_non_null(arena_alloc(&a, 1024));
    assert_null(arena_alloc(&a, 0));
    arena_release(&a);
}

static void memory_that_the_system_refuses_is_null(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_alloc(&a, SIZE_MAX - 64));
    assert_null(arena_alloc(&a, SIZE_MAX / 4));
    assert_int_equal(a.used_bytes, 0);
    assert_non_null(arena_alloc(&a, 100));
    arena_release(&a);
}

static void an_array_whose_size_overflows_is_refused(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_alloc_array(&a, SIZE_MAX / 8 + 2, 8));
    assert_null(arena_alloc_array(&a, 2, SIZE_MAX));
    int64_t *numbers = arena_alloc_array(&a, 100, sizeof *numbers);
    assert_non_null(numbers);
    assert_true(all_zero((unsigned char *)numbers, 100 * sizeof *numbers));
    assert_non_null(arena_alloc_array(&a, 0, 8));
    arena_release(&a);
}

static void clear_gives_the_room_back_zeroed(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(a.used_bytes, 0);
        for (size_t size_bytes = 100; size_bytes <= 20000; size_bytes *= 2) {
            unsigned char *p = arena_alloc(&a, size_bytes);
            assert_non_null(p);
            assert_true(all_zero(p, size_bytes));
            memset(p, 0xFF, size_bytes);
        }
        arena_clear(&a);
    }
    arena_release(&a);
}

static void clear_and_release_of_an_unused_arena_are_fine(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    arena_clear(&a);
    assert_null(arena_alloc(&a, 1));
    arena_release(&a);
    arena_release(&a);
}

static void strings_are_copied(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    char source[] = "close > sma(20)";
    char *whole = arena_strdup(&a, source);
    char *part = arena_strndup(&a, source, 5);
    char *shorter = arena_strndup(&a, "ab", 100);
    char *empty = arena_strdup(&a, "");
    memset(source, 'x', sizeof source - 1);
    assert_string_equal(whole, "close > sma(20)");
    assert_string_equal(part, "close");
    assert_string_equal(shorter, "ab");
    assert_string_equal(empty, "");
    arena_release(&a);
}

static void printf_formats_any_length(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 8192);
    assert_string_equal(arena_printf(&a, "%s-%d", "job", 42), "job-42");
    char *wide = arena_printf(&a, "%5000d", 7);
    assert_non_null(wide);
    assert_int_equal(strlen(wide), 5000);
    assert_int_equal(wide[4999], '7');
    assert_null(arena_printf(&a, "%5000d", 7));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(allocations_do_not_overlap_and_stay_valid),
        cmocka_unit_test(the_maximum_is_reached_exactly_and_never_passed),
        cmocka_unit_test(a_refusal_leaves_room_for_less),
        cmocka_unit_test(memory_that_the_system_refuses_is_null),
        cmocka_unit_test(an_array_whose_size_overflows_is_refused),
        cmocka_unit_test(clear_gives_the_room_back_zeroed),
        cmocka_unit_test(clear_and_release_of_an_unused_arena_are_fine),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(printf_formats_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
