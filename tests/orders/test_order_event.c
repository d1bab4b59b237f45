#include "base/random.h"
#include "tests/orders/random_bracket.h"
#include "tests/support/test.h"

#include <string.h>

enum { ROUNDS = 20000 };

static void events_of_all_kinds_survive_their_encoding(void **state)
{
    (void)state;
    struct random r;
    unsigned char bytes[ORDER_EVENT_BYTES_MAX], again[ORDER_EVENT_BYTES_MAX];
    random_seed(&r, 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct order_event e = random_event(&r, NULL), decoded;
        size_t size_bytes = order_event_encode(&e, bytes);
        assert_in_range(size_bytes, 3, ORDER_EVENT_BYTES_MAX);
        assert_int_equal(order_event_decode(bytes, size_bytes, &decoded, NULL), ERR_OK);
        assert_memory_equal(&decoded, &e, sizeof(e));
        assert_int_equal(order_event_encode(&decoded, again), size_bytes);
        assert_memory_equal(again, bytes, size_bytes);
    }
}

/* Golden: what was stored once decodes for good. */
static void the_form_of_version_1_stays(void **state)
{
    (void)state;
    static const unsigned char stored[] = {1,  12, 1, 4,  2, 20, 3,    10, 8,  6, 14,
                                           10, 15, 2, 19, 4, 20, 0xc8, 1,  23, 9, 0};
    struct order_event e, decoded;
    unsigned char bytes[ORDER_EVENT_BYTES_MAX];
    order_event_init(&e, EVENT_REPORT, (struct order_clock){.wall_ns = 10, .steady_ns = 5});
    e.leg = LEG_STOP_LOSS;
    e.generation = 3;
    e.status = ORDER_STATUS_PENDING_CANCEL;
    e.quantity = 1;
    e.filled = 2;
    e.filled_value = 100;
    e.from_ns = -5;
    assert_int_equal(order_event_encode(&e, bytes), sizeof(stored));
    assert_memory_equal(bytes, stored, sizeof(stored));
    assert_int_equal(order_event_decode(stored, sizeof(stored), &decoded, NULL), ERR_OK);
    assert_memory_equal(&decoded, &e, sizeof(e));
}

static void assert_refused(const unsigned char *bytes, size_t size_bytes)
{
    struct order_event e, before;
    struct error error;
    memset(&e, 7, sizeof(e));
    before = e;
    assert_int_equal(order_event_decode(bytes, size_bytes, &e, &error), ERR_DATA);
    assert_memory_equal(&e, &before, sizeof(e));
}

static void every_cut_and_every_byte_more_is_refused(void **state)
{
    (void)state;
    struct random r;
    unsigned char bytes[ORDER_EVENT_BYTES_MAX + 1];
    random_seed(&r, 2);
    for (int i = 0; i < 200; i++) {
        struct order_event e = random_event(&r, NULL);
        size_t size_bytes = order_event_encode(&e, bytes);
        for (size_t cut = 0; cut < size_bytes; cut++)
            assert_refused(bytes, cut);
        bytes[size_bytes] = 0;
        assert_refused(bytes, size_bytes + 1);
    }
}

static void forms_that_are_not_canonical_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t size_bytes;
        unsigned char bytes[40];
    } cases[] = {
        {3, {2, 0, 0}},                /* version */
        {3, {1, EVENT_COUNT, 0}},      /* type */
        {5, {1, 0, 2, 0, 0}},          /* a zero that is written */
        {7, {1, 0, 3, 2, 2, 2, 0}},    /* out of order */
        {7, {1, 0, 2, 2, 2, 2, 0}},    /* twice */
        {5, {1, 0, 127, 2, 0}},        /* no such member */
        {6, {1, 0, 2, 0x82, 0x00, 0}}, /* a longer form than needed */
        {14, {1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0}}, /* 65 bits */
        {14, {1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0}},
        {9, {1, 0, 1, 0xfe, 0xff, 0xff, 0xff, 0x1f, 0}}, /* more than the member holds */
        {20, {1, 1, 25}},                                /* an id of zeros */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(cases[i].bytes, cases[i].size_bytes);
}

static void random_bytes_are_refused_or_canonical(void **state)
{
    (void)state;
    struct random r;
    unsigned char bytes[ORDER_EVENT_BYTES_MAX], again[ORDER_EVENT_BYTES_MAX];
    random_seed(&r, 3);
    for (int i = 0; i < ROUNDS; i++) {
        struct order_event e = random_event(&r, NULL);
        size_t size_bytes = order_event_encode(&e, bytes);
        bytes[random_below(&r, size_bytes)] = (unsigned char)random_next(&r);
        if (order_event_decode(bytes, size_bytes, &e, NULL))
            continue;
        assert_int_equal(order_event_encode(&e, again), size_bytes);
        assert_memory_equal(again, bytes, size_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_all_kinds_survive_their_encoding),
        cmocka_unit_test(the_form_of_version_1_stays),
        cmocka_unit_test(every_cut_and_every_byte_more_is_refused),
        cmocka_unit_test(forms_that_are_not_canonical_are_refused),
        cmocka_unit_test(random_bytes_are_refused_or_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
