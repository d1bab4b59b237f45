#include "server/jobs/job_runner.h"

#include "tests/db/fixture.h"

#include <stdlib.h>
#include <string.h>

static const char REQUEST[] = "{\"symbols\":[\"SPY\"],\"rule\":\"rsi(14) < 30\"}";

struct fixture {
    char *folder;
    struct storage storage;
    struct worker_pool *pool;
    int disturbances; /* imports still to come in between plan and run */
    int attempts;     /* studies planned */
};

/* Minute bars of the same times for every seed. */
static const struct bars *make_bars(uint64_t seed)
{
    const struct demo_options options = {.seed = seed,
                                         .calendar = fixture_calendar("XNYS"),
                                         .from_day = fixture_day("2024-01-02"),
                                         .to_day = fixture_day("2024-03-28"),
                                         .first_price = 100,
                                         .price_decimals = 2};
    const struct bars *bars = NULL;
    assert_int_equal(demo_bars(&options, &bars, NULL), ERR_OK);
    return bars;
}

static void replace_bars(struct fixture *f, uint64_t seed)
{
    const struct bars *bars = make_bars(seed);
    struct bar_import import = fixture_import("SPY");
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import_result result;
    import.mode = BAR_IMPORT_REPLACE;
    assert_int_equal(bar_store_import(f->storage.bar_store, &import, &batch, &result, NULL),
                     ERR_OK);
    bars_unref(bars);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->folder = fixture_folder();
    assert_int_equal(storage_open(f->folder, NULL, &f->storage, NULL), ERR_OK);
    assert_int_equal(worker_pool_create(2, false, &f->pool, NULL), ERR_OK);
    replace_bars(f, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    worker_pool_free(f->pool);
    storage_close(&f->storage);
    fixture_remove(f->folder);
    free(f);
    return 0;
}

static void disturb(void *context, struct study *study)
{
    struct fixture *f = context;
    if (!study)
        return;
    f->attempts++;
    if (f->disturbances > 0)
        replace_bars(f, 10 + (uint64_t)f->disturbances--);
}

static enum err create_job(struct db_write *w, void *context, struct error *e)
{
    return job_repo_create(w, context, e);
}

/* Runs a new job; its digest, or "" when it failed. */
static enum err run(struct fixture *f, int number, char digest[65], struct error *e)
{
    static const _Atomic bool never;
    struct job_row row = {.id = fixture_uuid(number),
                          .kind = "backtest",
                          .status = JOB_QUEUED,
                          .request = REQUEST,
                          .created_at_ns = number,
                          .engine_version = STUDY_ENGINE_VERSION,
                          .rev = 1};
    struct job_run job = {.storage = &f->storage,
                          .pool = f->pool,
                          .clock = clock_real(),
                          .id = &row.id,
                          .request = REQUEST,
                          .cancel = &never,
                          .watch_study = disturb,
                          .context = f};
    struct job_progress progress;
    char *outcome = NULL;
    assert_int_equal(writer_call(f->storage.writer, create_job, &row, NULL), ERR_OK);
    enum err err = job_run(&job, &outcome, &progress, e);
    const char *found = outcome ? strstr(outcome, "\"digest\":\"") : NULL;
    snprintf(digest, 65, "%s", found ? found + strlen("\"digest\":\"") : "");
    free(outcome);
    return err;
}

static void bars_replaced_between_plan_and_run_are_planned_anew(void **state)
{
    struct fixture *f = *state;
    char disturbed[65], calm[65];
    struct error e = {0};
    f->disturbances = 1;
    assert_int_equal(run(f, 1, disturbed, &e), ERR_OK);
    assert_int_equal(f->attempts, 2);
    assert_int_equal(run(f, 2, calm, &e), ERR_OK);
    assert_int_equal(f->attempts, 3);
    assert_int_equal(strlen(calm), 64);
    assert_string_equal(disturbed, calm);
}

static void bars_that_never_rest_fail_the_job(void **state)
{
    struct fixture *f = *state;
    char digest[65];
    struct error e = {0};
    f->disturbances = 100;
    assert_int_equal(run(f, 1, digest, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "SPY"));
    assert_int_equal(f->attempts, LIMIT_JOB_PLANS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bars_replaced_between_plan_and_run_are_planned_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bars_that_never_rest_fail_the_job, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
