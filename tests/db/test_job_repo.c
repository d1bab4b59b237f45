#include "db/job_repo.h"

#include "base/limits.h"
#include "db/shard_repo.h"
#include "tests/db/main_db.h"

#include <string.h>

static struct job_row make_job(int number, const char *kind)
{
    return (struct job_row){.id = fixture_uuid(number),
                            .kind = kind,
                            .status = JOB_QUEUED,
                            .name = number % 2 ? "odd" : NULL,
                            .key_id = fixture_uuid(900),
                            .request = "{\"rule\":\"close > 1\"}",
                            .created_at_ns = number,
                            .engine_version = "1"};
}

static void create(struct main_db *t, int number, const char *kind)
{
    struct job_row job = make_job(number, kind);
    assert_int_equal(job_repo_create(&t->w, &job, NULL), ERR_OK);
}

static struct job_row find(struct main_db *t, int number)
{
    struct uuid id = fixture_uuid(number);
    struct job_row row = {0};
    assert_int_equal(job_repo_find(&t->w.read, &id, &t->arena, &row, NULL), ERR_OK);
    return row;
}

static const unsigned char hash[DATA_HASH_BYTES] = {1, 2, 3};
static const struct job_progress half = {3, 6, 500, 1000}, all = {6, 6, 1000, 1000};

static void a_job_goes_from_queued_to_succeeded(void **state)
{
    struct main_db *t = *state;
    struct uuid id = fixture_uuid(1);
    create(t, 1, "backtest");
    struct job_row row = find(t, 1);
    assert_int_equal(row.status, JOB_QUEUED);
    assert_string_equal(row.kind, "backtest");
    assert_string_equal(row.name, "odd");
    assert_string_equal(row.request, "{\"rule\":\"close > 1\"}");
    assert_null(row.result);
    assert_null(row.error);
    assert_int_equal(row.rev, 1);

    assert_int_equal(
        job_repo_start(&t->w, &id, 50, hash, &(struct job_progress){0, 6, 0, 1000}, NULL), ERR_OK);
    assert_int_equal(job_repo_set_progress(&t->w, &id, &half, NULL), ERR_OK);
    row = find(t, 1);
    assert_int_equal(row.status, JOB_RUNNING);
    assert_int_equal(row.started_at_ns, 50);
    assert_memory_equal(row.data_hash, hash, sizeof hash);
    assert_memory_equal(&row.progress, &half, sizeof half);
    assert_int_equal(row.rev, 3);

    /* A resume begins again, but the job began once. */
    assert_int_equal(job_repo_start(&t->w, &id, 70, hash, &half, NULL), ERR_OK);
    assert_int_equal(find(t, 1).started_at_ns, 50);

    assert_int_equal(
        job_repo_finish(&t->w, &id, JOB_SUCCEEDED, 99, &all, "{\"fires\":3}", NULL, NULL), ERR_OK);
    row = find(t, 1);
    assert_int_equal(row.status, JOB_SUCCEEDED);
    assert_int_equal(row.finished_at_ns, 99);
    assert_string_equal(row.result, "{\"fires\":3}");
    assert_memory_equal(&row.progress, &all, sizeof all);
}

static void a_final_status_never_changes(void **state)
{
    struct main_db *t = *state;
    struct uuid id = fixture_uuid(1), unknown = fixture_uuid(2);
    struct error e = {0};
    create(t, 1, "backtest");
    assert_int_equal(job_repo_finish(&t->w, &id, JOB_CANCELED, 9, &half, NULL, "by hand", NULL),
                     ERR_OK);
    assert_int_equal(job_repo_start(&t->w, &id, 10, hash, &half, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "canceled"));
    assert_int_equal(job_repo_set_progress(&t->w, &id, &all, NULL), ERR_CONFLICT);
    assert_int_equal(job_repo_finish(&t->w, &id, JOB_FAILED, 11, &all, NULL, "x", NULL),
                     ERR_CONFLICT);
    assert_string_equal(find(t, 1).error, "by hand");
    assert_int_equal(find(t, 1).rev, 2);
    enum job_status status = JOB_QUEUED;
    assert_int_equal(job_repo_status(&t->w.read, &id, &status, NULL), ERR_OK);
    assert_int_equal(status, JOB_CANCELED);
    assert_int_equal(job_repo_status(&t->w.read, &unknown, &status, NULL), ERR_NOT_FOUND);
    assert_int_equal(job_repo_start(&t->w, &unknown, 10, hash, &half, NULL), ERR_NOT_FOUND);
    assert_int_equal(job_repo_delete(&t->w, &unknown, NULL), ERR_NOT_FOUND);
}

static void label(struct main_db *t, int number, struct job_label wanted)
{
    struct uuid id = fixture_uuid(number);
    assert_int_equal(job_repo_label(&t->w, &id, &wanted, NULL), ERR_OK);
}

static void a_name_and_notes_change_in_any_state(void **state)
{
    struct main_db *t = *state;
    struct uuid id = fixture_uuid(1), unknown = fixture_uuid(2);
    create(t, 1, "backtest");
    label(t, 1, (struct job_label){.sets_notes = true, .notes = "first"});
    label(t, 1, (struct job_label){.sets_name = true, .name = "named"});
    assert_string_equal(find(t, 1).name, "named");
    assert_string_equal(find(t, 1).notes, "first");
    assert_int_equal(find(t, 1).rev, 3);
    assert_int_equal(job_repo_finish(&t->w, &id, JOB_FAILED, 9, &half, NULL, "x", NULL), ERR_OK);
    label(t, 1, (struct job_label){.sets_notes = true, .notes = "second"});
    assert_string_equal(find(t, 1).notes, "second");
    label(t, 1, (struct job_label){.sets_name = true, .sets_notes = true});
    assert_null(find(t, 1).name);
    assert_null(find(t, 1).notes);
    assert_int_equal(find(t, 1).rev, 6);
    assert_int_equal(job_repo_label(&t->w, &unknown, &(struct job_label){.sets_name = true}, NULL),
                     ERR_NOT_FOUND);
    label(t, 1, (struct job_label){.sets_notes = true, .notes = "gone with the job"});
    assert_int_equal(job_repo_delete(&t->w, &id, NULL), ERR_OK);
    create(t, 1, "backtest");
    assert_null(find(t, 1).notes);
}

static void the_same_id_twice_is_a_conflict(void **state)
{
    struct main_db *t = *state;
    create(t, 1, "backtest");
    struct job_row again = make_job(1, "backtest");
    assert_int_equal(job_repo_create(&t->w, &again, NULL), ERR_CONFLICT);
}

static void lists_are_newest_first_in_pages_and_filtered(void **state)
{
    struct main_db *t = *state;
    for (int i = 1; i <= 7; i++)
        create(t, i, i == 4 ? "sweep" : "backtest");
    struct uuid id = fixture_uuid(6);
    assert_int_equal(job_repo_finish(&t->w, &id, JOB_FAILED, 9, &half, "big", "why", NULL), ERR_OK);

    struct job_filter filter = {.limit = 3};
    struct job_rows rows;
    int wanted = 7;
    do {
        assert_int_equal(job_repo_list(&t->w.read, &filter, &t->arena, &rows, NULL), ERR_OK);
        for (size_t i = 0; i < rows.count; i++)
            assert_int_equal(rows.items[i].created_at_ns, wanted--);
        filter.before = &rows.items[rows.count - 1].id;
    } while (rows.more);
    assert_int_equal(wanted, 0);

    filter = (struct job_filter){.limit = 10, .kind = "sweep"};
    assert_int_equal(job_repo_list(&t->w.read, &filter, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.items[0].created_at_ns, 4);

    filter = (struct job_filter){.limit = 10, .statuses = 1u << JOB_FAILED | 1u << JOB_CANCELED};
    assert_int_equal(job_repo_list(&t->w.read, &filter, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_false(rows.more);
    assert_int_equal(rows.items[0].created_at_ns, 6);
    assert_null(rows.items[0].result);
    assert_string_equal(rows.items[0].error, "why");

    assert_int_equal(job_repo_unfinished(&t->w.read, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 6);
    assert_int_equal(rows.items[0].created_at_ns, 1); /* oldest first */
    assert_int_equal(rows.items[5].created_at_ns, 7);
}

static void put_shard(struct main_db *t, int job, int64_t ordinal, enum shard_status status)
{
    struct uuid id = fixture_uuid(job);
    struct shard_row shard = {.ordinal = ordinal,
                              .symbol = "SPY",
                              .from_day = 100,
                              .to_day = 131,
                              .status = status,
                              .attempts = 2,
                              .bars = 7800,
                              .fires = 12,
                              .elapsed_us = 345,
                              .worker = 1,
                              .cached = ordinal == 2,
                              .error = status == SHARD_FAILED ? "boom" : NULL};
    assert_int_equal(shard_repo_put(&t->w, &id, &shard, NULL), ERR_OK);
}

static void shards_come_back_in_order(void **state)
{
    struct main_db *t = *state;
    struct uuid id = fixture_uuid(1);
    create(t, 1, "backtest");
    create(t, 2, "backtest");
    put_shard(t, 1, 2, SHARD_SUCCEEDED);
    put_shard(t, 1, 0, SHARD_FAILED);
    put_shard(t, 1, 1, SHARD_SUCCEEDED);
    put_shard(t, 2, 0, SHARD_SUCCEEDED);
    struct shard_rows rows;
    assert_int_equal(shard_repo_list(&t->w.read, &id, -1, 2, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 2);
    assert_true(rows.more);
    assert_int_equal(rows.items[0].status, SHARD_FAILED);
    assert_string_equal(rows.items[0].error, "boom");
    assert_int_equal(rows.items[1].ordinal, 1);
    assert_int_equal(rows.items[1].elapsed_us, 345);
    assert_false(rows.items[1].cached);
    assert_int_equal(shard_repo_list(&t->w.read, &id, 1, 2, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_false(rows.more);
    assert_true(rows.items[0].cached);
}

static int64_t stored_shards(struct main_db *t, int job)
{
    struct uuid id = fixture_uuid(job);
    int64_t count = -1;
    assert_int_equal(shard_repo_count(&t->w.read, &id, &count, NULL), ERR_OK);
    return count;
}

static void stored_shards_count_while_there_is_no_hole(void **state)
{
    struct main_db *t = *state;
    create(t, 1, "backtest");
    create(t, 2, "backtest");
    put_shard(t, 2, 7, SHARD_SUCCEEDED);
    assert_int_equal(stored_shards(t, 1), 0);
    put_shard(t, 1, 0, SHARD_SUCCEEDED);
    put_shard(t, 1, 1, SHARD_SUCCEEDED);
    assert_int_equal(stored_shards(t, 1), 2);
    put_shard(t, 1, 2, SHARD_FAILED);
    assert_int_equal(stored_shards(t, 1), 2);
    put_shard(t, 1, 2, SHARD_SUCCEEDED); /* a later run did it */
    assert_int_equal(stored_shards(t, 1), 3);
    put_shard(t, 1, 4, SHARD_SUCCEEDED);
    assert_int_equal(stored_shards(t, 1), 0);
    assert_int_equal(stored_shards(t, 2), 0);
}

static void deleting_a_job_takes_its_shards_along(void **state)
{
    struct main_db *t = *state;
    struct uuid id = fixture_uuid(1);
    struct error e = {0};
    struct shard_rows rows;
    create(t, 1, "backtest");
    create(t, 2, "backtest");
    put_shard(t, 1, 0, SHARD_SUCCEEDED);
    put_shard(t, 2, 0, SHARD_SUCCEEDED);
    assert_int_equal(job_repo_delete(&t->w, &id, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "queued"));
    assert_int_equal(job_repo_finish(&t->w, &id, JOB_SUCCEEDED, 9, &all, NULL, NULL, NULL), ERR_OK);
    assert_int_equal(job_repo_delete(&t->w, &id, NULL), ERR_OK);
    assert_int_equal(shard_repo_list(&t->w.read, &id, -1, 9, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 0);
    struct shard_row orphan = {.symbol = "SPY"};
    assert_int_equal(shard_repo_put(&t->w, &id, &orphan, NULL), ERR_NOT_FOUND);
    struct uuid other = fixture_uuid(2);
    assert_int_equal(shard_repo_list(&t->w.read, &other, -1, 9, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(shard_repo_delete(&t->w, &other, NULL), ERR_OK);
    assert_int_equal(shard_repo_list(&t->w.read, &other, -1, 9, &t->arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 0);
}

static void statuses_have_names(void **state)
{
    (void)state;
    for (int s = 0; s < JOB_STATUS_COUNT; s++) {
        enum job_status parsed = JOB_STATUS_COUNT;
        assert_true(job_status_parse(job_status_name((enum job_status)s), &parsed));
        assert_int_equal(parsed, s);
        assert_int_equal(job_status_is_final((enum job_status)s), s >= JOB_SUCCEEDED);
    }
    enum job_status untouched = JOB_FAILED;
    assert_false(job_status_parse("done", &untouched));
    assert_int_equal(untouched, JOB_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, main_db_setup, main_db_teardown)
        T(a_job_goes_from_queued_to_succeeded),          T(a_final_status_never_changes),
        T(a_name_and_notes_change_in_any_state),         T(the_same_id_twice_is_a_conflict),
        T(lists_are_newest_first_in_pages_and_filtered), T(shards_come_back_in_order),
        T(deleting_a_job_takes_its_shards_along),        cmocka_unit_test(statuses_have_names),
        T(stored_shards_count_while_there_is_no_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
