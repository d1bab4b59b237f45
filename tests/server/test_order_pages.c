#include "tests/support/test.h"

#include "server/orders/order_pages.h"

#include <string.h>

static int set_up(void **state)
{
    struct order_pages *p;
    assert_int_equal(order_pages_create(&p, NULL), ERR_OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    order_pages_free(*state);
    return 0;
}

static void keep(struct order_pages *p, const char *key, int64_t sequence, size_t size_bytes)
{
    struct strbuf text;
    strbuf_init(&text, size_bytes);
    memset(strbuf_reserve(&text, size_bytes), 'x', size_bytes);
    strbuf_commit(&text, size_bytes);
    struct http_body *page = http_body_create(&text, "application/json", "\"1\"");
    assert_non_null(page);
    order_pages_keep(p, key, sequence, page);
    http_body_unref(page);
}

static bool is_there(struct order_pages *p, const char *key, int64_t sequence)
{
    struct http_body *page = order_pages_find(p, key, sequence);
    http_body_unref(page);
    return page != NULL;
}

static void a_page_is_good_for_its_question_and_sequence(void **state)
{
    keep(*state, "a", 7, 10);
    assert_true(is_there(*state, "a", 7));
    assert_false(is_there(*state, "a", 8));
    assert_false(is_there(*state, "b", 7));
    keep(*state, "a", 8, 10);
    assert_true(is_there(*state, "a", 8));
    assert_false(is_there(*state, "a", 7));
}

static void a_page_that_comes_late_does_not_replace_a_newer_one(void **state)
{
    keep(*state, "a", 8, 10);
    keep(*state, "a", 7, 10);
    assert_true(is_there(*state, "a", 8));
}

static void large_pages_and_long_questions_are_not_kept(void **state)
{
    char key[ORDER_PAGE_KEY + 1];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    keep(*state, "large", 1, ORDER_PAGE_BYTES + 1);
    keep(*state, key, 1, 10);
    assert_false(is_there(*state, "large", 1));
    assert_false(is_there(*state, key, 1));
    key[ORDER_PAGE_KEY - 1] = '\0';
    keep(*state, key, 1, 10);
    assert_true(is_there(*state, key, 1));
}

static void many_questions_share_the_room(void **state)
{
    int there = 0;
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%d", i);
        keep(*state, key, 1, 10);
        assert_true(is_there(*state, key, 1));
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%d", i);
        there += is_there(*state, key, 1);
    }
    assert_in_range(there, 1, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_page_is_good_for_its_question_and_sequence, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_comes_late_does_not_replace_a_newer_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(large_pages_and_long_questions_are_not_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_questions_share_the_room, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
