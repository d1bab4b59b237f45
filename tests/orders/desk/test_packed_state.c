#include "orders/desk/packed_state.h"

#include "tests/orders/random_bracket.h"
#include "tests/support/test.h"

#include <string.h>

static void check(const struct bracket_state *s)
{
    unsigned char packed[PACKED_STATE_BYTES_MAX];
    struct bracket_state back;
    size_t bytes = state_pack(s, packed);
    assert_true(bytes <= PACKED_STATE_BYTES_MAX);
    assert_int_equal(state_packed_bytes(s), bytes);
    memset(&back, 0xee, sizeof back);
    state_unpack(packed, &back);
    assert_memory_equal(&back, s, sizeof back);
}

static void a_state_comes_back_as_it_was(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 11);
    for (int i = 0; i < 1000; i++) {
        struct bracket_state s = random_state(&r);
        check(&s);
    }
}

static void the_ends_come_back_too(void **state)
{
    (void)state;
    struct bracket_state s;
    memset(&s, 0, sizeof s);
    check(&s);
    assert_int_equal(state_packed_bytes(&s), STATE_MASK_BYTES);
    memset(&s, 0xff, sizeof s);
    check(&s);
    assert_int_equal(state_packed_bytes(&s), PACKED_STATE_BYTES_MAX);
}

static void most_of_a_life_is_small(void **state)
{
    (void)state;
    struct walk w;
    walk_init(&w, 5);
    for (int i = 0; i < 10 && walk_step(&w); i++)
        check(&w.state);
    assert_true(state_packed_bytes(&w.state) < sizeof w.state / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_comes_back_as_it_was),
        cmocka_unit_test(the_ends_come_back_too),
        cmocka_unit_test(most_of_a_life_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
