#include "server/keys.h"

#include "server/local_access.h"
#include "tests/db/fixture.h"

#include <string.h>
#include <sys/stat.h>

struct bench {
    char *folder;
    struct storage storage;
    struct keys *keys;
    struct arena arena;
};

static int setup(void **state)
{
    static struct bench b;
    memset(&b, 0, sizeof(b));
    b.folder = fixture_folder();
    arena_init(&b.arena, 1 << 20);
    assert_int_equal(storage_open(b.folder, NULL, &b.storage, NULL), ERR_OK);
    assert_int_equal(keys_create(&b.storage, clock_real(), &b.keys, NULL), ERR_OK);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    keys_free(b->keys);
    storage_close(&b->storage);
    arena_release(&b->arena);
    fixture_remove(b->folder);
    return 0;
}

static enum err add(struct bench *b, const char *name, uint32_t scopes, struct key_row *row,
                    char text[KEY_TEXT])
{
    const struct key_terms terms = {.name = name, .scopes = scopes};
    return keys_add(b->keys, &terms, &b->arena, row, text, NULL);
}

static void a_key_opens_what_its_scopes_say(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT], id[UUID_TEXT];
    assert_int_equal(add(b, "one", KEY_SCOPE_READ | KEY_SCOPE_BACKTEST, &row, text), ERR_OK);
    assert_int_equal(strlen(text), KEY_TEXT - 1);
    assert_int_equal(strncmp(text, "bk_", 3), 0);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
    assert_int_equal(who.scopes, KEY_SCOPE_READ | KEY_SCOPE_BACKTEST);
    uuid_format(&row.id, id);
    assert_string_equal(who.id, id);
}

static void a_key_answers_to_its_name_and_its_id(void **state)
{
    struct bench *b = *state;
    struct key_row row, other;
    struct http_identity who;
    char text[KEY_TEXT], other_text[KEY_TEXT], id[UUID_TEXT];
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &row, text), ERR_OK);
    assert_int_equal(add(b, "two", KEY_SCOPE_READ, &other, other_text), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
    uuid_format(&row.id, id);
    assert_true(keys_named(b->keys, &who, "one"));
    assert_true(keys_named(b->keys, &who, id));
    assert_false(keys_named(b->keys, &who, "two"));
    assert_false(keys_named(b->keys, &who, ""));
}

static void admin_includes_the_others(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT];
    assert_int_equal(add(b, "root", KEY_SCOPE_ADMIN, &row, text), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
    assert_int_equal(who.scopes,
                     KEY_SCOPE_READ | KEY_SCOPE_BACKTEST | KEY_SCOPE_TRADE | KEY_SCOPE_ADMIN);
}

static void what_is_no_key_is_refused(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT];
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &row, text), ERR_OK);
    text[KEY_TEXT - 2] ^= 1;
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_UNAUTHORIZED);
    text[KEY_TEXT - 2] = '\0';
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_UNAUTHORIZED);
    assert_int_equal(keys_authenticate(b->keys, "", &who, NULL), ERR_UNAUTHORIZED);
    assert_int_equal(keys_authenticate(b->keys, NULL, &who, NULL), ERR_UNAUTHORIZED);
}

static void an_answer_that_stays_open_learns_that_its_key_was_revoked(void **state)
{
    struct bench *b = *state;
    struct key_row one, two;
    struct http_identity first, second;
    char text[KEY_TEXT];
    int64_t first_seen = -1, second_seen = -1;
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &one, text), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &first, NULL), ERR_OK);
    assert_int_equal(add(b, "two", KEY_SCOPE_READ, &two, text), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &second, NULL), ERR_OK);
    assert_true(keys_in_force(b->keys, &first, &first_seen));
    assert_int_equal(keys_revoke(b->keys, &two.id, NULL), ERR_OK);
    assert_true(keys_in_force(b->keys, &first, &first_seen));
    assert_false(keys_in_force(b->keys, &second, &second_seen)); /* revoked before its first look */
    assert_int_equal(keys_revoke(b->keys, &one.id, NULL), ERR_OK);
    for (int i = 0; i < 2; i++)
        assert_false(keys_in_force(b->keys, &first, &first_seen));
}

static void revoking_takes_effect_at_once_and_for_good(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT];
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &row, text), ERR_OK);
    assert_int_equal(keys_revoke(b->keys, &row.id, NULL), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_UNAUTHORIZED);
    assert_int_equal(keys_revoke(b->keys, &row.id, NULL), ERR_NOT_FOUND);
    keys_free(b->keys);
    assert_int_equal(keys_create(&b->storage, clock_real(), &b->keys, NULL), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_UNAUTHORIZED);
    assert_int_equal(keys_count(b->keys), 0);
}

static enum err again(struct bench *b, struct http_memo *memo, const char *text,
                      struct http_identity *who)
{
    *who = (struct http_identity){.scopes = 0};
    return keys_authenticate_again(b->keys, memo, text, who, NULL);
}

static void a_connection_remembers_its_key_until_one_is_revoked(void **state)
{
    struct bench *b = *state;
    struct key_row one, two;
    struct http_identity who;
    struct http_memo memo = {{0}};
    char first[KEY_TEXT], second[KEY_TEXT], id[UUID_TEXT];
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &one, first), ERR_OK);
    assert_int_equal(add(b, "two", KEY_SCOPE_TRADE, &two, second), ERR_OK);
    uuid_format(&one.id, id);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(again(b, &memo, first, &who), ERR_OK);
        assert_string_equal(who.id, id);
        assert_int_equal(who.scopes, KEY_SCOPE_READ);
    }
    assert_int_equal(again(b, &memo, second, &who), ERR_OK);
    assert_int_equal(who.scopes, KEY_SCOPE_TRADE);
    assert_int_equal(again(b, &memo, first, &who), ERR_OK);
    assert_int_equal(keys_revoke(b->keys, &two.id, NULL), ERR_OK);
    assert_int_equal(again(b, &memo, first, &who), ERR_OK);
    assert_string_equal(who.id, id);
    assert_int_equal(keys_revoke(b->keys, &one.id, NULL), ERR_OK);
    assert_int_equal(again(b, &memo, first, &who), ERR_UNAUTHORIZED);
    assert_int_equal(again(b, &memo, first, &who), ERR_UNAUTHORIZED);
}

static void what_is_near_the_remembered_key_is_refused(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    struct http_memo memo = {{0}};
    char text[KEY_TEXT], other[KEY_TEXT + 1];
    assert_int_equal(again(b, &memo, "", &who), ERR_UNAUTHORIZED);
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &row, text), ERR_OK);
    assert_int_equal(again(b, &memo, text, &who), ERR_OK);
    for (size_t i = 0; i < KEY_TEXT - 1; i++) {
        memcpy(other, text, sizeof text);
        other[i] ^= 1;
        assert_int_equal(again(b, &memo, other, &who), ERR_UNAUTHORIZED);
    }
    snprintf(other, sizeof other, "%sA", text);
    assert_int_equal(again(b, &memo, other, &who), ERR_UNAUTHORIZED);
    other[KEY_TEXT - 2] = '\0';
    assert_int_equal(again(b, &memo, other, &who), ERR_UNAUTHORIZED);
    assert_int_equal(again(b, &memo, NULL, &who), ERR_UNAUTHORIZED);
    assert_int_equal(again(b, &memo, text, &who), ERR_OK);
}

static void keys_outlive_the_process_but_the_local_one_does_not(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT], local[KEY_TEXT];
    key_text_make(local);
    assert_int_equal(add(b, "one", KEY_SCOPE_READ, &row, text), ERR_OK);
    assert_int_equal(keys_set_local(b->keys, local, NULL), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, local, &who, NULL), ERR_OK);
    keys_free(b->keys);
    assert_int_equal(keys_create(&b->storage, clock_real(), &b->keys, NULL), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, local, &who, NULL), ERR_UNAUTHORIZED);
}

static void names_are_held_to_limits_and_unique(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    char text[KEY_TEXT], name[LIMIT_KEY_NAME_BYTES + 2];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(add(b, name, KEY_SCOPE_READ, &row, text), ERR_INVALID);
    assert_int_equal(add(b, "", KEY_SCOPE_READ, &row, text), ERR_INVALID);
    assert_int_equal(add(b, name + 1, KEY_SCOPE_READ, &row, text), ERR_OK);
    assert_int_equal(add(b, name + 1, KEY_SCOPE_READ, &row, text), ERR_CONFLICT);
}

static void limits_go_with_the_key_and_outlive_the_process(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    struct http_identity who;
    char text[KEY_TEXT];
    struct key_terms terms = {.name = "robot",
                              .scopes = KEY_SCOPE_READ | KEY_SCOPE_TRADE,
                              .limits = {.max_order_notional = 5, .max_open_notional = 7}};
    assert_int_equal(keys_add(b->keys, &terms, &b->arena, &row, text, NULL), ERR_OK);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
        assert_int_equal(who.max_order_notional, 5);
        assert_int_equal(who.max_open_notional, 7);
        keys_free(b->keys);
        assert_int_equal(keys_create(&b->storage, clock_real(), &b->keys, NULL), ERR_OK);
    }
    /* An identity that was another's before keeps nothing of it. */
    assert_int_equal(add(b, "free", KEY_SCOPE_TRADE, &row, text), ERR_OK);
    assert_int_equal(keys_authenticate(b->keys, text, &who, NULL), ERR_OK);
    assert_int_equal(who.max_order_notional, 0);
    assert_int_equal(who.max_open_notional, 0);
}

static void limits_are_for_keys_that_trade_and_no_more(void **state)
{
    struct bench *b = *state;
    struct key_row row;
    char text[KEY_TEXT];
    struct key_terms terms = {.name = "x", .limits = {.max_order_notional = 5}};
    terms.scopes = KEY_SCOPE_READ;
    assert_int_equal(keys_add(b->keys, &terms, &b->arena, &row, text, NULL), ERR_INVALID);
    terms.scopes = KEY_SCOPE_TRADE | KEY_SCOPE_ADMIN;
    assert_int_equal(keys_add(b->keys, &terms, &b->arena, &row, text, NULL), ERR_INVALID);
    terms.limits = (struct key_limits){.max_open_notional = 5};
    assert_int_equal(keys_add(b->keys, &terms, &b->arena, &row, text, NULL), ERR_INVALID);
    terms.scopes = KEY_SCOPE_TRADE;
    assert_int_equal(keys_add(b->keys, &terms, &b->arena, &row, text, NULL), ERR_OK);
}

static void scopes_are_read_by_name(void **state)
{
    (void)state;
    uint32_t scopes;
    struct error e;
    assert_int_equal(key_scopes_parse("read,trade", &scopes, &e), ERR_OK);
    assert_int_equal(scopes, KEY_SCOPE_READ | KEY_SCOPE_TRADE);
    assert_int_equal(key_scopes_parse("read,", &scopes, &e), ERR_INVALID);
    assert_int_equal(key_scopes_parse("everything", &scopes, &e), ERR_INVALID);
    assert_non_null(strstr(e.message, "everything"));
}

static void local_access_is_read_as_written_by_its_owner_alone(void **state)
{
    struct bench *b = *state;
    struct local_access access = {.url = "http://127.0.0.1:8080"}, read;
    struct stat status;
    key_text_make(access.key);
    assert_int_equal(local_access_read(b->folder, &read, NULL), ERR_NOT_FOUND);
    assert_int_equal(local_access_write(b->folder, &access, NULL), ERR_OK);
    assert_int_equal(stat(fixture_path(b->folder, "server.json"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(local_access_read(b->folder, &read, NULL), ERR_OK);
    assert_string_equal(read.url, access.url);
    assert_string_equal(read.key, access.key);
    local_access_remove(b->folder);
    assert_int_equal(local_access_read(b->folder, &read, NULL), ERR_NOT_FOUND);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(a_key_opens_what_its_scopes_say),
        WITH_KEYS(a_key_answers_to_its_name_and_its_id),
        WITH_KEYS(admin_includes_the_others),
        WITH_KEYS(what_is_no_key_is_refused),
        WITH_KEYS(an_answer_that_stays_open_learns_that_its_key_was_revoked),
        WITH_KEYS(revoking_takes_effect_at_once_and_for_good),
        WITH_KEYS(a_connection_remembers_its_key_until_one_is_revoked),
        WITH_KEYS(what_is_near_the_remembered_key_is_refused),
        WITH_KEYS(keys_outlive_the_process_but_the_local_one_does_not),
        WITH_KEYS(names_are_held_to_limits_and_unique),
        WITH_KEYS(limits_go_with_the_key_and_outlive_the_process),
        WITH_KEYS(limits_are_for_keys_that_trade_and_no_more),
        cmocka_unit_test(scopes_are_read_by_name),
        WITH_KEYS(local_access_is_read_as_written_by_its_owner_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
