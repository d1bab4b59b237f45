#include "engine/study/packing.h"

#include "base/random.h"
#include "engine/study/study_sums.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static struct unpacker unpacker_of(const struct strbuf *b)
{
    const unsigned char *data = (const unsigned char *)b->data;
    return (struct unpacker){.at = data, .end = data + b->length};
}

static const uint64_t VALUES[] = {0,          1,         127,        128,        16383, 16384,
                                  UINT32_MAX, INT64_MAX, UINT64_MAX, 1ULL << 63, 300};
enum { VALUE_COUNT = sizeof VALUES / sizeof *VALUES };

static void what_was_packed_comes_back(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 1 << 20);
    for (int i = 0; i < VALUE_COUNT; i++) {
        pack_u64(&b, VALUES[i]);
        pack_unsigned(&b, VALUES[i]);
        pack_signed(&b, (int64_t)VALUES[i]);
        pack_signed(&b, -(int64_t)(VALUES[i] >> 1));
        pack_double(&b, 1 / (double)(VALUES[i] + 1));
        pack_magnitude(&b, (uint64_t[]){VALUES[i], VALUES[VALUE_COUNT - 1 - i], 0}, 3);
    }
    struct unpacker u = unpacker_of(&b);
    for (int i = 0; i < VALUE_COUNT; i++) {
        assert_true(unpack_u64(&u) == VALUES[i]);
        assert_true(unpack_unsigned(&u) == VALUES[i]);
        assert_true(unpack_signed(&u) == (int64_t)VALUES[i]);
        assert_true(unpack_signed(&u) == -(int64_t)(VALUES[i] >> 1));
        assert_true(unpack_double(&u) == 1 / (double)(VALUES[i] + 1));
        uint64_t words[3];
        unpack_magnitude(&u, words, 3);
        assert_true(words[0] == VALUES[i] && words[1] == VALUES[VALUE_COUNT - 1 - i]);
        assert_true(words[2] == 0);
    }
    assert_false(u.failed);
    assert_ptr_equal(u.at, u.end);
    strbuf_release(&b);
}

static void small_numbers_take_few_bytes(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 100);
    pack_unsigned(&b, 127);
    pack_signed(&b, -64);
    pack_magnitude(&b, (uint64_t[]){255, 0}, 2);
    pack_magnitude(&b, (uint64_t[]){0, 0}, 2);
    assert_int_equal(b.length, 1 + 1 + 2 + 1);
    strbuf_release(&b);
}

static void a_text_that_ends_early_fails_and_gives_zeros(void **state)
{
    (void)state;
    unsigned char bytes[20];
    memset(bytes, 0xff, sizeof bytes);
    struct unpacker u = {bytes, bytes + 7, false};
    assert_true(unpack_u64(&u) == 0 && u.failed);
    assert_true(unpack_unsigned(&u) == 0);
    u = (struct unpacker){bytes, bytes + 9, false};
    assert_true(unpack_unsigned(&u) == 0 && u.failed);
    u = (struct unpacker){bytes, bytes + 20, false}; /* more than 64 bits */
    assert_true(unpack_unsigned(&u) == 0 && u.failed);
    u = (struct unpacker){bytes, bytes + 20, false}; /* 255 bytes of a magnitude of 16 */
    uint64_t words[2] = {7, 7};
    unpack_magnitude(&u, words, 2);
    assert_true(u.failed && words[0] == 0 && words[1] == 0);
    bytes[0] = 5;
    u = (struct unpacker){bytes, bytes + 20, false};
    assert_int_equal(unpack_count(&u, 4), 0);
    assert_true(u.failed);
    u = (struct unpacker){bytes, bytes + 20, false};
    assert_int_equal(unpack_count(&u, 5), 5);
    assert_non_null(unpack_bytes(&u, 19));
    assert_null(unpack_bytes(&u, 1));
}

enum { HORIZONS = 3 };

static void fill_sums(struct study_sums *s, uint64_t seed, int count)
{
    struct random r;
    random_seed(&r, seed);
    for (int i = 0; i < count; i++) {
        bool counted[2] = {random_below(&r, 4) > 0, true};
        int16_t minute[2] = {(int16_t)(570 + random_below(&r, 390)),
                             (int16_t)(570 + random_below(&r, 390))};
        double x[2] = {random_normal(&r) / 100, random_below(&r, 5) ? -0.25 : NAN};
        study_sums_add(s, random_below(&r, HORIZONS), 0, 2, counted, minute, x);
    }
}

static void assert_same_sums(const struct study_sums *a, const struct study_sums *b)
{
    for (size_t h = 0; h < HORIZONS; h++) {
        for (int32_t m = 0; m < MINUTES_OF_DAY; m++)
            assert_true(exact_sum_equal(study_sums_cell(a, h, m), study_sums_cell(b, h, m)));
    }
}

static void sums_come_back_and_merge(void **state)
{
    (void)state;
    struct study_sums a, b, c;
    assert_int_equal(study_sums_init(&a, HORIZONS, NULL), ERR_OK);
    assert_int_equal(study_sums_init(&b, HORIZONS, NULL), ERR_OK);
    assert_int_equal(study_sums_init(&c, HORIZONS, NULL), ERR_OK);
    fill_sums(&a, 1, 5000);
    struct strbuf bytes;
    strbuf_init(&bytes, 1 << 24);
    study_sums_pack(&a, &bytes);
    struct unpacker u = unpacker_of(&bytes);
    study_sums_unpack(&b, &u);
    assert_false(u.failed);
    assert_ptr_equal(u.at, u.end);
    assert_same_sums(&a, &b);

    fill_sums(&c, 2, 300);
    study_sums_merge(&a, &c);
    fill_sums(&b, 2, 300);
    assert_same_sums(&a, &b);
    study_sums_clear(&c);
    study_sums_clear(&b);
    assert_same_sums(&b, &c);
    study_sums_merge(&a, &c);

    /* Every shorter text is refused. */
    for (size_t length = 0; length < bytes.length; length += 97) {
        u = unpacker_of(&bytes);
        u.end = u.at + length;
        study_sums_unpack(&c, &u);
        assert_true(u.failed);
        study_sums_clear(&c);
    }
    strbuf_clear(&bytes);
    study_sums_pack(&c, &bytes);
    assert_int_equal(bytes.length, 2);
    strbuf_release(&bytes);
    study_sums_release(&a);
    study_sums_release(&b);
    study_sums_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(small_numbers_take_few_bytes),
        cmocka_unit_test(a_text_that_ends_early_fails_and_gives_zeros),
        cmocka_unit_test(sums_come_back_and_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
