#include "db/key_repo.h"

#include "base/limits.h"
#include "tests/db/main_db.h"

#include <stdio.h>
#include <string.h>

static struct key_row make_key(int number, const char *name)
{
    struct key_row key = {.id = fixture_uuid(number),
                          .name = name,
                          .scopes = KEY_SCOPE_READ | KEY_SCOPE_TRADE,
                          .limits = {.max_order_notional = 7, .max_open_notional = 9},
                          .created_at_ns = 1000 + number};
    sha256_of(&number, sizeof number, key.secret_sha256);
    return key;
}

static void a_key_is_found_by_its_secret_id_and_name(void **state)
{
    struct main_db *t = *state;
    struct key_row key = make_key(1, "laptop"), other = make_key(2, "phone"), found;
    assert_int_equal(key_repo_create(&t->w, &key, NULL), ERR_OK);
    assert_int_equal(key_repo_create(&t->w, &other, NULL), ERR_OK);
    assert_int_equal(
        key_repo_find_by_secret(&t->w.read, key.secret_sha256, &t->arena, &found, NULL), ERR_OK);
    assert_memory_equal(&found.id, &key.id, sizeof key.id);
    assert_string_equal(found.name, "laptop");
    assert_int_equal(found.scopes, KEY_SCOPE_READ | KEY_SCOPE_TRADE);
    assert_memory_equal(found.secret_sha256, key.secret_sha256, SHA256_BYTES);
    assert_int_equal(found.limits.max_order_notional, 7);
    assert_int_equal(found.limits.max_open_notional, 9);
    assert_int_equal(found.created_at_ns, 1001);
    assert_int_equal(found.revoked_at_ns, 0);
    assert_int_equal(key_repo_find(&t->w.read, &other.id, &t->arena, &found, NULL), ERR_OK);
    assert_string_equal(found.name, "phone");
    assert_int_equal(key_repo_find_by_name(&t->w.read, "laptop", &t->arena, &found, NULL), ERR_OK);
    assert_memory_equal(&found.id, &key.id, sizeof key.id);
    other.secret_sha256[0] ^= 1;
    assert_int_equal(
        key_repo_find_by_secret(&t->w.read, other.secret_sha256, &t->arena, &found, NULL),
        ERR_NOT_FOUND);
}

static void a_revoked_key_opens_nothing_and_frees_its_name(void **state)
{
    struct main_db *t = *state;
    struct key_row key = make_key(1, "laptop"), next = make_key(2, "laptop"), found;
    struct key_rows rows;
    int64_t count;
    assert_int_equal(key_repo_create(&t->w, &key, NULL), ERR_OK);
    assert_int_equal(key_repo_create(&t->w, &next, NULL), ERR_CONFLICT);
    assert_int_equal(key_repo_revoke(&t->w, &key.id, 5000, NULL), ERR_OK);
    assert_int_equal(key_repo_revoke(&t->w, &key.id, 6000, NULL), ERR_NOT_FOUND);
    assert_int_equal(
        key_repo_find_by_secret(&t->w.read, key.secret_sha256, &t->arena, &found, NULL),
        ERR_NOT_FOUND);
    assert_int_equal(key_repo_create(&t->w, &next, NULL), ERR_OK);
    assert_int_equal(key_repo_count(&t->w.read, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(key_repo_list(&t->w.read, false, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(key_repo_list(&t->w.read, true, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 2);
    assert_memory_equal(&rows.items[0].id, &next.id, sizeof next.id);
    assert_int_equal(rows.items[1].revoked_at_ns, 5000);
}

static void there_is_a_limit_of_keys(void **state)
{
    struct main_db *t = *state;
    char name[16];
    for (int i = 0; i < LIMIT_KEYS; i++) {
        snprintf(name, sizeof name, "key %d", i);
        struct key_row key = make_key(i, name);
        assert_int_equal(key_repo_create(&t->w, &key, NULL), ERR_OK);
    }
    struct key_row key = make_key(LIMIT_KEYS, "one more");
    assert_int_equal(key_repo_create(&t->w, &key, NULL), ERR_TOO_LARGE);
    struct key_rows rows;
    assert_int_equal(key_repo_list(&t->w.read, false, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, LIMIT_KEYS);
    assert_string_equal(rows.items[LIMIT_KEYS - 1].name, "key 0");
}

static void an_answer_that_does_not_fit_is_refused(void **state)
{
    struct main_db *t = *state;
    struct key_row key = make_key(1, "a name that takes some room"), found;
    struct arena tiny;
    arena_init(&tiny, 8);
    assert_int_equal(key_repo_create(&t->w, &key, NULL), ERR_OK);
    assert_int_equal(key_repo_find(&t->w.read, &key.id, &tiny, &found, NULL), ERR_NO_MEMORY);
    struct key_rows rows;
    assert_int_equal(key_repo_list(&t->w.read, true, &tiny, &rows, NULL), ERR_NO_MEMORY);
    arena_release(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, main_db_setup, main_db_teardown)
        T(a_key_is_found_by_its_secret_id_and_name),
        T(a_revoked_key_opens_nothing_and_frees_its_name),
        T(there_is_a_limit_of_keys),
        T(an_answer_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
