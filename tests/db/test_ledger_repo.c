#include "db/ledger_repo.h"

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

/* One byte a record. */
static void put(struct main_db *t, const struct uuid *job, enum ledger_series series, int64_t first,
                const char *text)
{
    struct ledger_chunk chunk = {
        .first = first, .count = (int64_t)strlen(text), .data = text, .size_bytes = strlen(text)};
    assert_int_equal(ledger_repo_put(&t->w, job, series, &chunk, NULL), ERR_OK);
}

static void seal(struct main_db *t, const struct uuid *job, int64_t trades, int64_t points)
{
    const struct ledger_totals totals = {.trades = trades, .points = points};
    assert_int_equal(ledger_repo_seal(&t->w, job, &totals, NULL), ERR_OK);
}

struct seen {
    char text[64];
    int64_t stop_at; /* stop at the chunk that begins here; -1 = never */
    enum err fail;
};

static enum err visit(void *context, const struct ledger_chunk *chunk, bool *stop, struct error *e)
{
    (void)e;
    struct seen *seen = context;
    assert_int_equal(chunk->count, chunk->size_bytes);
    size_t length = strlen(seen->text);
    memcpy(seen->text + length, chunk->data, chunk->size_bytes);
    seen->text[length + chunk->size_bytes] = '\0';
    *stop = chunk->first == seen->stop_at;
    return seen->fail;
}

static void assert_read(struct main_db *t, const struct uuid *job, enum ledger_series series,
                        int64_t from, const char *expected)
{
    struct seen seen = {.stop_at = -1};
    assert_int_equal(ledger_repo_each(&t->w.read, job, series, from, visit, &seen, NULL), ERR_OK);
    assert_string_equal(seen.text, expected);
}

static void a_walk_begins_at_the_chunk_that_holds_the_record(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1), other = make_job(t, 2);
    struct seen early = {.stop_at = 3};
    put(t, &job, LEDGER_TRADES, 3, "def");
    put(t, &job, LEDGER_TRADES, 0, "abc");
    put(t, &job, LEDGER_TRADES, 6, "g");
    put(t, &job, LEDGER_EQUITY, 0, "xyz");
    put(t, &other, LEDGER_TRADES, 0, "other");
    seal(t, &job, 7, 3);
    seal(t, &other, 5, 0);
    assert_read(t, &job, LEDGER_TRADES, 0, "abcdefg");
    assert_read(t, &job, LEDGER_TRADES, 2, "abcdefg");
    assert_read(t, &job, LEDGER_TRADES, 3, "defg");
    assert_read(t, &job, LEDGER_TRADES, 5, "defg");
    assert_read(t, &job, LEDGER_TRADES, 6, "g");
    assert_read(t, &job, LEDGER_EQUITY, 0, "xyz");
    assert_read(t, &other, LEDGER_EQUITY, 0, "");
    assert_int_equal(ledger_repo_each(&t->w.read, &job, LEDGER_TRADES, 0, visit, &early, NULL),
                     ERR_OK);
    assert_string_equal(early.text, "abcdef");
}

static void a_ledger_is_there_once_it_is_sealed(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1);
    struct ledger_totals totals = {.trades = -1};
    put(t, &job, LEDGER_TRADES, 0, "abc");
    assert_int_equal(ledger_repo_find(&t->w.read, &job, &totals, NULL), ERR_NOT_FOUND);
    assert_int_equal(totals.trades, -1);
    assert_read(t, &job, LEDGER_TRADES, 0, "");
    seal(t, &job, 3, 9);
    assert_int_equal(ledger_repo_find(&t->w.read, &job, &totals, NULL), ERR_OK);
    assert_int_equal(totals.trades, 3);
    assert_int_equal(totals.points, 9);
    assert_read(t, &job, LEDGER_TRADES, 0, "abc");
}

static void the_same_chunk_and_seal_again_replace(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1);
    struct ledger_totals totals;
    put(t, &job, LEDGER_TRADES, 0, "old");
    put(t, &job, LEDGER_TRADES, 0, "newer");
    seal(t, &job, 3, 0);
    seal(t, &job, 5, 1);
    assert_read(t, &job, LEDGER_TRADES, 0, "newer");
    assert_int_equal(ledger_repo_find(&t->w.read, &job, &totals, NULL), ERR_OK);
    assert_int_equal(totals.trades, 5);
    assert_int_equal(totals.points, 1);
}

static void a_ledger_is_removed_some_chunks_at_a_time_and_its_seal_first(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1), other = make_job(t, 2);
    struct ledger_totals totals;
    bool left = false;
    put(t, &job, LEDGER_TRADES, 0, "a");
    put(t, &job, LEDGER_TRADES, 1, "b");
    put(t, &job, LEDGER_EQUITY, 0, "c");
    put(t, &other, LEDGER_TRADES, 0, "other");
    seal(t, &job, 2, 1);
    seal(t, &other, 5, 0);
    assert_int_equal(ledger_repo_delete(&t->w, &job, 2, &left, NULL), ERR_OK);
    assert_true(left);
    assert_int_equal(ledger_repo_find(&t->w.read, &job, &totals, NULL), ERR_NOT_FOUND);
    assert_int_equal(ledger_repo_delete(&t->w, &job, 2, &left, NULL), ERR_OK);
    assert_false(left);
    seal(t, &job, 0, 0);
    assert_read(t, &job, LEDGER_TRADES, 0, "");
    assert_read(t, &job, LEDGER_EQUITY, 0, "");
    assert_read(t, &other, LEDGER_TRADES, 0, "other");
}

static void a_visitors_error_ends_the_walk(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1);
    struct seen seen = {.stop_at = -1, .fail = ERR_NO_MEMORY};
    put(t, &job, LEDGER_TRADES, 0, "a");
    put(t, &job, LEDGER_TRADES, 1, "b");
    seal(t, &job, 2, 0);
    assert_int_equal(ledger_repo_each(&t->w.read, &job, LEDGER_TRADES, 0, visit, &seen, NULL),
                     ERR_NO_MEMORY);
    assert_string_equal(seen.text, "a");
}

static void a_ledger_goes_with_its_job(void **state)
{
    struct main_db *t = *state;
    struct uuid job = make_job(t, 1), unknown = fixture_uuid(7);
    const struct ledger_chunk chunk = {.first = 0, .count = 1, .data = "x", .size_bytes = 1};
    const struct ledger_totals totals = {0};
    struct ledger_totals found;
    assert_int_equal(ledger_repo_put(&t->w, &unknown, LEDGER_TRADES, &chunk, NULL), ERR_NOT_FOUND);
    assert_int_equal(ledger_repo_seal(&t->w, &unknown, &totals, NULL), ERR_NOT_FOUND);
    put(t, &job, LEDGER_TRADES, 0, "a");
    seal(t, &job, 1, 0);
    assert_int_equal(
        job_repo_finish(&t->w, &job, JOB_CANCELED, 1, &(struct job_progress){0}, NULL, NULL, NULL),
        ERR_OK);
    assert_int_equal(job_repo_delete(&t->w, &job, NULL), ERR_OK);
    make_job(t, 1);
    assert_int_equal(ledger_repo_find(&t->w.read, &job, &found, NULL), ERR_NOT_FOUND);
    seal(t, &job, 1, 0);
    assert_read(t, &job, LEDGER_TRADES, 0, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, main_db_setup, main_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_walk_begins_at_the_chunk_that_holds_the_record),
        TEST(a_ledger_is_there_once_it_is_sealed),
        TEST(the_same_chunk_and_seal_again_replace),
        TEST(a_ledger_is_removed_some_chunks_at_a_time_and_its_seal_first),
        TEST(a_visitors_error_ends_the_walk),
        TEST(a_ledger_goes_with_its_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
