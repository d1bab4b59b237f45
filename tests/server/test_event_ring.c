#include "tests/support/test.h"

#include "server/events/event_ring.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    *state = test_calloc(1, sizeof(struct event_ring));
    return 0;
}

static int tear_down(void **state)
{
    event_ring_reset(*state, 0);
    test_free(*state);
    return 0;
}

static struct uuid order(int number)
{
    struct uuid id = {{0}};
    id.bytes[15] = (unsigned char)number;
    return id;
}

/* Event `sequence` of an order, as "<sequence>.". */
static void add(struct event_ring *r, int64_t sequence, int of)
{
    struct ring_event e = {.sequence = sequence, .order_id = order(of)};
    int length = asprintf(&e.text, "%lld.", (long long)sequence);
    assert_true(length > 0);
    e.length = (size_t)length;
    event_ring_add(r, &e);
}

static const char *read_text(const struct event_ring *r, const struct uuid *of, size_t max_bytes,
                             int64_t *sequence, bool *ret_more)
{
    static char text[1 << 20];
    struct strbuf out;
    strbuf_init(&out, sizeof text - 1);
    bool more = event_ring_read(r, of, max_bytes, sequence, &out);
    snprintf(text, sizeof text, "%s", strbuf_text(&out));
    strbuf_release(&out);
    if (ret_more)
        *ret_more = more;
    return text;
}

static void what_is_behind_a_place_is_read_once(void **state)
{
    struct event_ring *r = *state;
    int64_t at = 10;
    bool more;
    event_ring_reset(r, 10);
    add(r, 11, 1);
    add(r, 13, 2); /* sequences may have gaps: what was rolled back */
    add(r, 14, 1);
    assert_string_equal(read_text(r, NULL, 1000, &at, &more), "11.13.14.");
    assert_false(more);
    assert_int_equal(at, 14);
    assert_string_equal(read_text(r, NULL, 1000, &at, NULL), "");
    at = 12;
    assert_string_equal(read_text(r, NULL, 1000, &at, NULL), "13.14.");
}

static void one_order_alone_is_read(void **state)
{
    struct event_ring *r = *state;
    struct uuid second = order(2);
    int64_t at = 0;
    add(r, 1, 1);
    add(r, 2, 2);
    add(r, 3, 1);
    assert_string_equal(read_text(r, &second, 1000, &at, NULL), "2.");
    assert_int_equal(at, 3);
}

static void a_long_read_is_cut_and_goes_on(void **state)
{
    struct event_ring *r = *state;
    int64_t at = 0;
    bool more;
    for (int i = 1; i <= 5; i++)
        add(r, i, 1);
    assert_string_equal(read_text(r, NULL, 4, &at, &more), "1.2.");
    assert_true(more);
    assert_string_equal(read_text(r, NULL, 4, &at, &more), "3.4.");
    assert_string_equal(read_text(r, NULL, 4, &at, &more), "5.");
    assert_false(more);
}

static void a_full_ring_forgets_the_oldest(void **state)
{
    struct event_ring *r = *state;
    for (int i = 1; i <= LIMIT_EVENT_RING + 3; i++)
        add(r, i, 1);
    assert_int_equal(r->floor, 3);
    int64_t at = 3;
    assert_memory_equal(read_text(r, NULL, 1, &at, NULL), "4.", 3);
    at = LIMIT_EVENT_RING + 1;
    char expected[64];
    snprintf(expected, sizeof expected, "%d.%d.", LIMIT_EVENT_RING + 2, LIMIT_EVENT_RING + 3);
    assert_string_equal(read_text(r, NULL, 1000, &at, NULL), expected);
}

static void a_place_moves_on_where_there_was_nothing(void **state)
{
    struct event_ring *r = *state;
    int64_t at = 0;
    event_ring_advance(r, 7);
    assert_string_equal(read_text(r, NULL, 1000, &at, NULL), "");
    assert_int_equal(at, 7);
    event_ring_advance(r, 5);
    assert_int_equal(r->newest, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_behind_a_place_is_read_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_order_alone_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_read_is_cut_and_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_ring_forgets_the_oldest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_moves_on_where_there_was_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
