#include "base/bits.h"

#include "tests/support/test.h"

static void the_next_set_bit_is_found_within_its_bounds(void **state)
{
    (void)state;
    const uint64_t mask[3] = {UINT64_C(1) << 3 | UINT64_C(1) << 63, 0, 1};
    assert_int_equal(bits_next(mask, 0, 192), 3);
    assert_int_equal(bits_next(mask, 3, 192), 3);
    assert_int_equal(bits_next(mask, 4, 192), 63);
    assert_int_equal(bits_next(mask, 64, 192), 128);
    assert_int_equal(bits_next(mask, 129, 192), 192);
    assert_int_equal(bits_next(mask, 4, 63), 63); /* none before the end */
    assert_int_equal(bits_next(mask, 64, 100), 100);
    assert_int_equal(bits_next(mask, 70, 70), 70);
    for (int64_t i = 0; i < 192; i++)
        assert_int_equal(bits_has(mask, i), i == 3 || i == 63 || i == 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_set_bit_is_found_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
