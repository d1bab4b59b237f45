#include "db/fire_repo.h"

#include "db/job_repo.h"
#include "tests/db/main_db.h"

#include <string.h>

static struct uuid make_job(struct main_db *t, int number)
{
    struct job_row job = {.id = fixture_uuid(number),
                          .kind = "backtest",
                          .status = JOB_QUEUED,
                          .key_id = fixture_uuid(900),
                          .request = "{}",
                          .created_at_ns = number,
                          .engine_version = "1"};
    assert_int_equal(job_repo_create(&t->w, &job, NULL), ERR_OK);
    return job.id;
}

static void put(struct main_db *t, const struct uuid *job, int64_t ordinal, const char *text)
{
    struct fire_chunk chunk = {.ordinal = ordinal,
                               .count = (int64_t)strlen(text),
                               .data = text,
                               .size_bytes = strlen(text)};
    assert_int_equal(fire_repo_put(&t->w, job, &chunk, NULL), ERR_OK);
}

struct seen {
    char text[64];
    int64_t stop_at; /* stop at this ordinal; -1 = never */
    enum err fail;
};

static enum err visit(void *context, const struct fire_chunk *chunk, bool *stop, struct error *e)
{
    (void)e;
    struct seen *seen = context;
    assert_int_equal(chunk->count, chunk->size_bytes);
    size_t length = strlen(seen->text);
    memcpy(seen->text + length, chunk->data, chunk->size_bytes);
    seen->text[length + chunk->size_bytes] = 0;
    *stop = chunk->ordinal == seen->stop_at;
    return seen->fail;
}

static void chunks_come_back_in_order_from_where_they_are_asked_for(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1), other = make_job(t, 2);
    struct seen all = {.stop_at = -1}, late = {.stop_at = -1}, early = {.stop_at = 4};
    put(t, &job, 9, "ghi");
    put(t, &job, 1, "abc");
    put(t, &job, 4, "def");
    put(t, &other, 2, "other");
    assert_int_equal(fire_repo_each(&t->w.read, &job, 0, visit, &all, NULL), ERR_OK);
    assert_string_equal(all.text, "abcdefghi");
    assert_int_equal(fire_repo_each(&t->w.read, &job, 4, visit, &late, NULL), ERR_OK);
    assert_string_equal(late.text, "defghi");
    assert_int_equal(fire_repo_each(&t->w.read, &job, 0, visit, &early, NULL), ERR_OK);
    assert_string_equal(early.text, "abcdef");
}

static void the_same_ordinal_again_replaces(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1);
    struct seen seen = {.stop_at = -1};
    put(t, &job, 3, "old");
    put(t, &job, 3, "newer");
    assert_int_equal(fire_repo_each(&t->w.read, &job, 0, visit, &seen, NULL), ERR_OK);
    assert_string_equal(seen.text, "newer");
}

static void a_visitors_error_ends_the_walk(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1);
    struct seen seen = {.stop_at = -1, .fail = ERR_NO_MEMORY};
    put(t, &job, 0, "a");
    put(t, &job, 1, "b");
    assert_int_equal(fire_repo_each(&t->w.read, &job, 0, visit, &seen, NULL), ERR_NO_MEMORY);
    assert_string_equal(seen.text, "a");
}

static void fires_go_with_their_job_or_before(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1), unknown = fixture_uuid(7);
    struct seen seen = {.stop_at = -1};
    struct fire_chunk chunk = {.ordinal = 0, .count = 1, .data = "x", .size_bytes = 1};
    assert_int_equal(fire_repo_put(&t->w, &unknown, &chunk, NULL), ERR_NOT_FOUND);
    put(t, &job, 0, "a");
    assert_int_equal(fire_repo_delete(&t->w, &job, NULL), ERR_OK);
    put(t, &job, 1, "b");
    assert_int_equal(
        job_repo_finish(&t->w, &job, JOB_CANCELED, 1, &(struct job_progress){0}, NULL, NULL, NULL),
        ERR_OK);
    assert_int_equal(job_repo_delete(&t->w, &job, NULL), ERR_OK);
    make_job(t, 1);
    assert_int_equal(fire_repo_each(&t->w.read, &job, 0, visit, &seen, NULL), ERR_OK);
    assert_string_equal(seen.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chunks_come_back_in_order_from_where_they_are_asked_for,
                                        main_db_setup, main_db_teardown),
        cmocka_unit_test_setup_teardown(the_same_ordinal_again_replaces, main_db_setup,
                                        main_db_teardown),
        cmocka_unit_test_setup_teardown(a_visitors_error_ends_the_walk, main_db_setup,
                                        main_db_teardown),
        cmocka_unit_test_setup_teardown(fires_go_with_their_job_or_before, main_db_setup,
                                        main_db_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
