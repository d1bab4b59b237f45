#include "db/instance_repo.h"

#include "tests/db/main_db.h"

#include <string.h>

static struct instance take(struct main_db *t, const char *file)
{
    struct instance instance;
    assert_int_equal(instance_repo_take(&t->w, file, &instance, NULL), ERR_OK);
    return instance;
}

static void a_name_is_made_once_and_kept(void **state)
{
    struct main_db *t = *state;
    struct instance first = take(t, "here"), again = take(t, "here");
    assert_int_equal(strlen(first.name), CLIENT_ID_INSTANCE_MAX);
    assert_int_equal(first.incarnation, 0);
    assert_string_equal(again.name, first.name);
    assert_int_equal(again.incarnation, 0);
    assert_false(first.copied || again.copied);
    char text[CLIENT_ID_TEXT];
    struct client_id id = {.generation = 1};
    memcpy(id.instance, first.name, sizeof id.instance);
    assert_true(client_id_format(&id, text));
}

static void a_copy_takes_the_next_incarnation_once(void **state)
{
    struct main_db *t = *state;
    struct instance first = take(t, "here"), copy = take(t, "there");
    assert_string_equal(copy.name, first.name);
    assert_true(copy.copied);
    assert_int_equal(copy.incarnation, 1);
    copy = take(t, "there");
    assert_false(copy.copied);
    assert_int_equal(copy.incarnation, 1);
}

static void open_orders_keep_the_name_until_none_is_left(void **state)
{
    struct main_db *t = *state;
    take(t, "here");
    struct statement *s = db_prepare(
        &t->w.read, "INSERT INTO orders(id, key_id, symbol, status, final, rev, created_at_ns,"
                    " updated_at_ns, head) VALUES(zeroblob(16), zeroblob(16), 'A', 1, 0, 1, 1, 1,"
                    " zeroblob(32))");
    assert_int_equal(statement_run(s, NULL, NULL), ERR_OK);
    for (int i = 0; i < 2; i++) {
        struct instance copy = take(t, "there");
        assert_true(copy.copied);
        assert_int_equal(copy.incarnation, 0);
    }
    s = db_prepare(&t->w.read, "UPDATE orders SET final = 1");
    assert_int_equal(statement_run(s, NULL, NULL), ERR_OK);
    assert_int_equal(take(t, "there").incarnation, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_is_made_once_and_kept, main_db_setup,
                                        main_db_teardown),
        cmocka_unit_test_setup_teardown(a_copy_takes_the_next_incarnation_once, main_db_setup,
                                        main_db_teardown),
        cmocka_unit_test_setup_teardown(open_orders_keep_the_name_until_none_is_left, main_db_setup,
                                        main_db_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
