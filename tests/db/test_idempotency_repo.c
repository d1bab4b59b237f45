#include "db/idempotency_repo.h"

#include "base/clock.h"
#include "tests/db/main_db.h"

#include <stdio.h>
#include <string.h>

static const unsigned char body[SHA256_BYTES] = {1}, other_body[SHA256_BYTES] = {2};
static const int64_t now_ns = 1000 * NS_PER_DAY;

static void put(struct main_db *t, int api_key, const char *key, int64_t created_at_ns)
{
    struct uuid key_id = fixture_uuid(api_key);
    struct idempotency_row row = {.status = 202,
                                  .response = "{\"id\":7}",
                                  .resource_id = fixture_uuid(7),
                                  .created_at_ns = created_at_ns};
    assert_int_equal(idempotency_repo_put(&t->w, &key_id, key, body, &row, NULL), ERR_OK);
}

static bool is_found(struct main_db *t, int api_key, const char *key)
{
    struct uuid key_id = fixture_uuid(api_key);
    struct idempotency_row row;
    bool found;
    assert_int_equal(
        idempotency_repo_find(&t->w.read, &key_id, key, body, &t->arena, &found, &row, NULL),
        ERR_OK);
    return found;
}

static void the_first_answer_is_given_again(void **state)
{
    struct main_db *t = *state;
    struct uuid key_id = fixture_uuid(1), resource = fixture_uuid(7);
    struct idempotency_row row;
    bool found = true;
    assert_false(is_found(t, 1, "abc"));
    put(t, 1, "abc", now_ns);
    assert_int_equal(
        idempotency_repo_find(&t->w.read, &key_id, "abc", body, &t->arena, &found, &row, NULL),
        ERR_OK);
    assert_true(found);
    assert_int_equal(row.status, 202);
    assert_string_equal(row.response, "{\"id\":7}");
    assert_memory_equal(&row.resource_id, &resource, sizeof resource);
    assert_int_equal(row.created_at_ns, now_ns);
    assert_false(is_found(t, 1, "ABC"));
    assert_false(is_found(t, 2, "abc")); /* another API key's namespace */
}

static void another_body_is_refused(void **state)
{
    struct main_db *t = *state;
    struct uuid key_id = fixture_uuid(1);
    struct idempotency_row row = {.response = "x"};
    struct error e = {0};
    bool found = false;
    put(t, 1, "abc", now_ns);
    assert_int_equal(
        idempotency_repo_find(&t->w.read, &key_id, "abc", other_body, &t->arena, &found, &row, &e),
        ERR_IDEMPOTENCY);
    assert_non_null(strstr(e.message, "abc"));
    assert_false(found);
    assert_int_equal(idempotency_repo_put(&t->w, &key_id, "abc", body, &row, NULL), ERR_CONFLICT);
}

static void what_is_older_than_promised_goes_as_others_come(void **state)
{
    struct main_db *t = *state;
    const int64_t kept_ns = IDEMPOTENCY_KEEP_HOURS * 60 * NS_PER_MINUTE;
    char key[16];
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "old %d", i);
        put(t, 1, key, now_ns - kept_ns - 10 + i);
    }
    put(t, 1, "just kept", now_ns - kept_ns);
    assert_true(is_found(t, 1, "old 9"));
    put(t, 1, "new 1", now_ns); /* a few go, the oldest first */
    assert_false(is_found(t, 1, "old 0"));
    assert_true(is_found(t, 1, "old 9"));
    put(t, 1, "new 2", now_ns);
    put(t, 1, "new 3", now_ns);
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "old %d", i);
        assert_false(is_found(t, 1, key));
    }
    assert_true(is_found(t, 1, "just kept"));
    assert_true(is_found(t, 1, "new 1"));
}

static void it_goes_with_the_transaction_of_what_it_protects(void **state)
{
    struct main_db *t = *state;
    assert_int_equal(db_savepoint(&t->w, NULL), ERR_OK);
    put(t, 1, "abc", now_ns);
    assert_int_equal(db_savepoint_undo(&t->w, NULL), ERR_OK);
    assert_false(is_found(t, 1, "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, main_db_setup, main_db_teardown)
        T(the_first_answer_is_given_again),
        T(another_body_is_refused),
        T(what_is_older_than_promised_goes_as_others_come),
        T(it_goes_with_the_transaction_of_what_it_protects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
