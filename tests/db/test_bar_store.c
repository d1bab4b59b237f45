#include "db/bar_store.h"

#include "base/rfc3339.h"
#include "db/readers.h"
#include "tests/db/fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder, *path;
    struct bar_store *store;
    struct readers *readers;
    struct db_read r;
};

static const struct timeframe minute = {1}, daily = {0};

static void open_all(struct fixture *f)
{
    const struct db_options reading = {.mmap_bytes = 1 << 30};
    assert_int_equal(bar_store_create(f->path, &f->store, NULL), ERR_OK);
    assert_int_equal(readers_create(f->path, &reading, 4, &f->readers, NULL), ERR_OK);
    assert_int_equal(readers_lease(f->readers, &f->r, NULL), ERR_OK);
}

static void close_all(struct fixture *f)
{
    readers_return(f->readers, &f->r);
    readers_free(f->readers);
    bar_store_free(f->store);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "bars.db"));
    fixture_database(f->path, 16384, &bar_migrations);
    open_all(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_all(f);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

/* --- small batches by hand: a list of bars on days of XNYS --- */

struct bar {
    const char *stamp;
    double close;
};

struct batch {
    int64_t time_ns[64];
    double values[BAR_COLUMN_COUNT][64];
    struct bars_session sessions[64];
    struct bar_batch view;
};

static const struct bar_batch *batch_of(struct batch *b, const struct bar *bars, int64_t count)
{
    memset(b, 0, sizeof *b);
    const struct calendar *calendar = fixture_calendar("XNYS");
    int64_t sessions = 0;
    for (int64_t i = 0; i < count; i++) {
        struct session s;
        b->time_ns[i] = fixture_time(bars[i].stamp);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b->values[c][i] = bars[i].close;
        assert_true(calendar_session_at(calendar, b->time_ns[i], &s));
        if (sessions == 0 || b->sessions[sessions - 1].day != s.day)
            b->sessions[sessions++] = (struct bars_session){.day = s.day, .first = i};
        b->sessions[sessions - 1].end = i + 1;
    }
    b->view = (struct bar_batch){
        .count = count, .time_ns = b->time_ns, .session_count = sessions, .sessions = b->sessions};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        b->view.column[c] = b->values[c];
    return &b->view;
}

static enum err import(struct fixture *f, enum bar_import_mode mode, bool dry_run,
                       const struct bar *bars, int64_t count, struct bar_import_result *ret,
                       struct error *e)
{
    struct batch b;
    struct bar_import options = fixture_import("SPY");
    options.mode = mode;
    options.dry_run = dry_run;
    return bar_store_import(f->store, &options, batch_of(&b, bars, count), ret, e);
}

static struct series_row series(struct fixture *f, const char *symbol)
{
    struct series_row row = {0};
    struct error e = {0};
    if (series_repo_find(&f->r, symbol, minute, &row, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return row;
}

/* Expects exactly these bars to be stored. */
static void assert_stored(struct fixture *f, const struct bar *bars, int64_t count)
{
    struct series_row row = series(f, "SPY");
    struct bar_page page;
    assert_int_equal(bar_page_init(&f->r, &row, INT64_MIN, INT64_MAX, 100, &page, NULL), ERR_OK);
    assert_int_equal(page.count, count);
    assert_false(page.more);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(page.time_ns[i], fixture_time(bars[i].stamp));
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            assert_true(page.column[c][i] == bars[i].close);
    }
    assert_int_equal(row.bars, count);
    assert_int_equal(row.first_ns, page.time_ns[0]);
    assert_int_equal(row.last_ns, page.time_ns[count - 1]);
    bar_page_release(&page);
}

#define COUNT(list) (int64_t)(sizeof(list) / sizeof(list)[0])

static const struct bar base[] = {
    {"2024-07-02T13:30:00Z", 10}, {"2024-07-02T13:32:00Z", 12}, {"2024-07-05T13:30:00Z", 20}};

static void import_base(struct fixture *f)
{
    struct bar_import_result result;
    assert_int_equal(import(f, BAR_IMPORT_MERGE, false, base, COUNT(base), &result, NULL), ERR_OK);
    assert_int_equal(result.inserted, 3);
    assert_int_equal(result.days, 2);
    assert_int_equal(result.series.bars, 3);
    assert_int_equal(result.series.days, 2);
}

static void what_is_imported_can_be_read(void **state)
{
    struct fixture *f = *state;
    import_base(f);
    assert_stored(f, base, COUNT(base));
    struct series_row row = series(f, "SPY");
    assert_string_equal(row.symbol, "SPY");
    assert_ptr_equal(row.calendar, fixture_calendar("XNYS"));
    assert_int_equal(row.created_at_ns, fixture_time("2026-01-02T03:04:05Z"));
    assert_int_equal(row.updated_at_ns, row.created_at_ns);
}

static void merging_fills_holes_and_counts_duplicates(void **state)
{
    struct fixture *f = *state;
    static const struct bar more[] = {{"2024-07-01T19:59:00Z", 9},   /* a day before */
                                      {"2024-07-02T13:31:00Z", 11},  /* between */
                                      {"2024-07-02T13:32:00Z", 12},  /* the same */
                                      {"2024-07-02T13:33:00Z", 13},  /* after */
                                      {"2024-07-03T13:30:00Z", 15},  /* a day between */
                                      {"2024-07-05T13:30:00Z", 20}}; /* the same */
    static const struct bar all[] = {{"2024-07-01T19:59:00Z", 9},  {"2024-07-02T13:30:00Z", 10},
                                     {"2024-07-02T13:31:00Z", 11}, {"2024-07-02T13:32:00Z", 12},
                                     {"2024-07-02T13:33:00Z", 13}, {"2024-07-03T13:30:00Z", 15},
                                     {"2024-07-05T13:30:00Z", 20}};
    struct bar_import_result result;
    import_base(f);
    int64_t version = series(f, "SPY").version;
    assert_int_equal(import(f, BAR_IMPORT_MERGE, false, more, COUNT(more), &result, NULL), ERR_OK);
    assert_int_equal(result.inserted, 4);
    assert_int_equal(result.duplicates, 2);
    assert_int_equal(result.replaced, 0);
    assert_int_equal(result.days, 4);
    assert_int_equal(result.series.days, 4);
    assert_stored(f, all, COUNT(all));
    assert_true(series(f, "SPY").version > version);
}

static void importing_the_same_again_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct bar_import_result result;
    import_base(f);
    int64_t version = series(f, "SPY").version;
    assert_int_equal(import(f, BAR_IMPORT_MERGE, false, base, COUNT(base), &result, NULL), ERR_OK);
    assert_int_equal(result.inserted, 0);
    assert_int_equal(result.duplicates, 3);
    assert_int_equal(series(f, "SPY").version, version);
    assert_stored(f, base, COUNT(base));
}

static const struct bar changed[] = {
    {"2024-07-02T13:30:00Z", 10}, {"2024-07-02T13:32:00Z", 12.5}, {"2024-07-05T13:31:00Z", 21}};

static void another_bar_at_a_stored_time_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    struct bar_import_result result;
    struct error e = {0};
    import_base(f);
    assert_int_equal(import(f, BAR_IMPORT_MERGE, false, changed, 3, &result, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "2024-07-02T13:32:00Z"));
    assert_non_null(strstr(e.message, "SPY"));
    assert_stored(f, base, COUNT(base));
}

static void replacing_takes_the_new_bar_and_keeps_the_others(void **state)
{
    struct fixture *f = *state;
    static const struct bar all[] = {{"2024-07-02T13:30:00Z", 10},
                                     {"2024-07-02T13:32:00Z", 12.5},
                                     {"2024-07-05T13:30:00Z", 20},
                                     {"2024-07-05T13:31:00Z", 21}};
    struct bar_import_result result;
    import_base(f);
    assert_int_equal(import(f, BAR_IMPORT_REPLACE, false, changed, 3, &result, NULL), ERR_OK);
    assert_int_equal(result.inserted, 1);
    assert_int_equal(result.duplicates, 1);
    assert_int_equal(result.replaced, 1);
    assert_stored(f, all, COUNT(all));
}

static void a_dry_run_tells_all_and_stores_nothing(void **state)
{
    struct fixture *f = *state;
    struct bar_import_result result;
    struct series_row row;
    assert_int_equal(import(f, BAR_IMPORT_MERGE, true, base, COUNT(base), &result, NULL), ERR_OK);
    assert_int_equal(result.inserted, 3);
    assert_int_equal(result.series.bars, 3);
    assert_int_equal(series_repo_find(&f->r, "SPY", minute, &row, NULL), ERR_NOT_FOUND);
    import_base(f);
    assert_int_equal(import(f, BAR_IMPORT_REPLACE, true, changed, 3, &result, NULL), ERR_OK);
    assert_int_equal(result.replaced, 1);
    assert_stored(f, base, COUNT(base));
    assert_int_equal(import(f, BAR_IMPORT_MERGE, true, changed, 3, &result, NULL), ERR_CONFLICT);
}

static void what_cannot_be_stored_is_refused(void **state)
{
    struct fixture *f = *state;
    struct batch b;
    struct bar_import_result result;
    struct error e = {0};
    const struct bar_batch *bars = batch_of(&b, base, COUNT(base));
    const char *const symbols[] = {"", "no spaces", ".hidden", "a\nb",
                                   "a-symbol-that-is-longer-than-thirty-two-bytes"};
    for (size_t i = 0; i < 5; i++) {
        struct bar_import options = fixture_import(symbols[i]);
        assert_int_equal(bar_store_import(f->store, &options, bars, &result, NULL), ERR_INVALID);
    }
    struct bar_import options = fixture_import("SPY");
    options.timeframe.minutes = 5;
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, NULL), ERR_INVALID);
    options = fixture_import("SPY");
    struct bar_batch empty = {0};
    assert_int_equal(bar_store_import(f->store, &options, &empty, &result, NULL), ERR_DATA);
    import_base(f);
    options.calendar = fixture_calendar("24x7");
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "XNYS"));
    options = fixture_import("SPY");
    _Atomic bool canceled = true;
    options.cancel = &canceled;
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, NULL), ERR_CANCELED);
}

static void more_bars_than_a_session_may_have_are_refused(void **state)
{
    struct fixture *f = *state;
    enum { TOO_MANY = LIMIT_SESSION_BARS + 1 };
    int64_t *time_ns = calloc(TOO_MANY, sizeof *time_ns);
    double *values = calloc(TOO_MANY, sizeof *values);
    for (int i = 0; i < TOO_MANY; i++)
        time_ns[i] = fixture_time("2024-07-02T13:30:00Z") + i;
    struct bars_session session = {.day = fixture_day("2024-07-02"), .end = TOO_MANY};
    struct bar_batch batch = {.count = TOO_MANY,
                              .time_ns = time_ns,
                              .column = {values, values, values, values, values},
                              .session_count = 1,
                              .sessions = &session};
    struct bar_import options = fixture_import("SPY");
    struct bar_import_result result;
    struct series_row row;
    assert_int_equal(bar_store_import(f->store, &options, &batch, &result, NULL), ERR_DATA);
    assert_int_equal(series_repo_find(&f->r, "SPY", minute, &row, NULL), ERR_NOT_FOUND);
    free(time_ns);
    free(values);
}

static void bars_out_of_order_or_session_are_refused(void **state)
{
    struct fixture *f = *state;
    struct batch b;
    struct bar_import options = fixture_import("SPY");
    struct bar_import_result result;
    struct error e = {0};
    const struct bar_batch *bars = batch_of(&b, base, COUNT(base));
    b.time_ns[1] = b.time_ns[0];
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "2024-07-02"));
    batch_of(&b, base, COUNT(base));
    b.time_ns[2] = fixture_time("2024-07-05T20:00:00Z"); /* the close */
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, NULL), ERR_DATA);
    batch_of(&b, base, COUNT(base));
    b.sessions[1].day = fixture_day("2024-07-04"); /* a holiday */
    assert_int_equal(bar_store_import(f->store, &options, bars, &result, NULL), ERR_DATA);
}

static void timeframes_and_symbols_are_apart(void **state)
{
    struct fixture *f = *state;
    struct batch b;
    struct bar_import_result result;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    import_base(f);
    struct bar_import options = fixture_import("SPY");
    options.timeframe = daily;
    assert_int_equal(bar_store_import(f->store, &options, batch_of(&b, base + 2, 1), &result, NULL),
                     ERR_OK);
    options = fixture_import("AAPL");
    assert_int_equal(bar_store_import(f->store, &options, batch_of(&b, base, 1), &result, NULL),
                     ERR_OK);
    assert_stored(f, base, COUNT(base));

    struct series_rows rows;
    assert_int_equal(series_repo_list(&f->r, NULL, daily, 2, &arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 2);
    assert_true(rows.more);
    assert_string_equal(rows.items[0].symbol, "AAPL");
    assert_string_equal(rows.items[1].symbol, "SPY");
    assert_int_equal(rows.items[1].timeframe.minutes, 0);
    assert_int_equal(series_repo_list(&f->r, "SPY", daily, 2, &arena, &rows, NULL), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_false(rows.more);
    assert_int_equal(rows.items[0].timeframe.minutes, 1);
    arena_release(&arena);
}

static void days_can_be_removed_and_the_series_goes_with_the_last(void **state)
{
    struct fixture *f = *state;
    int64_t deleted = -1;
    struct series_row row;
    import_base(f);
    int64_t id = series(f, "SPY").id;
    assert_int_equal(bar_store_delete(f->store, "SPY", minute, fixture_day("2024-07-03"), INT32_MAX,
                                      5, &deleted, NULL),
                     ERR_OK);
    assert_int_equal(deleted, 1);
    assert_stored(f, base, 2);
    assert_int_equal(bar_store_delete(f->store, "SPY", minute, fixture_day("2030-01-01"), INT32_MAX,
                                      5, &deleted, NULL),
                     ERR_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(
        bar_store_delete(f->store, "SPY", minute, INT32_MIN, INT32_MAX, 5, &deleted, NULL), ERR_OK);
    assert_int_equal(deleted, 2);
    assert_int_equal(series_repo_find(&f->r, "SPY", minute, &row, NULL), ERR_NOT_FOUND);
    assert_int_equal(
        bar_store_delete(f->store, "SPY", minute, INT32_MIN, INT32_MAX, 5, &deleted, NULL),
        ERR_NOT_FOUND);
    import_base(f);
    assert_true(series(f, "SPY").id > id); /* never the same id for other bars */
}

static void pages_follow_each_other_without_a_seam(void **state)
{
    struct fixture *f = *state;
    const struct bars *bars = fixture_bars(3, "2024-01-02", "2024-01-19");
    fixture_store(f->store, "SPY", bars);
    struct series_row row = series(f, "SPY");
    const int64_t limits[] = {1000, 390, 1, 7};
    for (size_t k = 0; k < 4; k++) {
        int64_t from = k < 2 ? 0 : bars->count - 500, seen = from;
        int64_t from_ns = bars->time_ns[from];
        bool more = true;
        while (more) {
            struct bar_page page;
            assert_int_equal(bar_page_init(&f->r, &row, from_ns, INT64_MAX, limits[k], &page, NULL),
                             ERR_OK);
            assert_true(page.count > 0 && page.count <= limits[k]);
            assert_memory_equal(page.time_ns, bars->time_ns + seen,
                                (size_t)page.count * sizeof(int64_t));
            for (int c = 0; c < BAR_COLUMN_COUNT; c++)
                assert_memory_equal(page.column[c], bars->column[c] + seen,
                                    (size_t)page.count * sizeof(double));
            seen += page.count;
            from_ns = page.time_ns[page.count - 1] + 1;
            more = page.more;
            bar_page_release(&page);
        }
        assert_int_equal(seen, bars->count);
    }
    struct bar_page page;
    int64_t from_ns = bars->time_ns[100], to_ns = bars->time_ns[120];
    assert_int_equal(bar_page_init(&f->r, &row, from_ns, to_ns, 100, &page, NULL), ERR_OK);
    assert_int_equal(page.count, 20);
    assert_false(page.more);
    bar_page_release(&page);
    assert_int_equal(bar_page_init(&f->r, &row, to_ns, from_ns, 100, &page, NULL), ERR_OK);
    assert_int_equal(page.count, 0);
    bar_page_release(&page);
    bars_unref(bars);
}

/* --- crash --- */

/* In the child: imports again and again with other bars, until it is killed. */
static void import_forever(const char *path, int ready_fd)
{
    struct bar_store *store = NULL;
    if (bar_store_create(path, &store, NULL) != ERR_OK)
        _exit(1);
    const struct bars *sets[2] = {fixture_bars(1, "2023-01-03", "2023-06-30"),
                                  fixture_bars(2, "2023-01-03", "2023-06-30")};
    struct bar_import options = fixture_import("SPY");
    options.mode = BAR_IMPORT_REPLACE;
    for (int i = 0;; i++) {
        struct bar_batch batch = bar_batch_of_bars(sets[i % 2]);
        struct bar_import_result result;
        if (bar_store_import(store, &options, &batch, &result, NULL) != ERR_OK)
            _exit(1);
        if (i == 0 && write(ready_fd, "r", 1) != 1)
            _exit(1);
    }
}

static const struct bars *load_all(struct fixture *f)
{
    struct series_row row = series(f, "SPY");
    struct bar_plan plan;
    struct bars_builder builder;
    const struct bars *bars = NULL;
    assert_int_equal(bar_plan_init(&f->r, &row, INT32_MIN, INT32_MAX, &plan, NULL), ERR_OK);
    assert_int_equal(bars_builder_init(&builder, plan.count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    assert_int_equal(
        bar_load_slice(&f->r, &plan, 0, plan.day_count, true, BAR_ALL_COLUMNS, &builder, NULL),
        ERR_OK);
    assert_int_equal(bar_plan_publish(&plan, &builder, &bars, NULL), ERR_OK);
    bar_plan_release(&plan);
    return bars;
}

static void a_kill_in_the_middle_leaves_one_import_or_the_other(void **state)
{
    struct fixture *f = *state;
    /* Two seeds miss different minutes, so after both the series holds the union: compare values at
     * the minutes of the set that was imported last. */
    const struct bars *sets[2] = {fixture_bars(1, "2023-01-03", "2023-06-30"),
                                  fixture_bars(2, "2023-01-03", "2023-06-30")};
    close_all(f);
    for (int round = 0; round < 6; round++) {
        int ready[2];
        assert_int_equal(pipe(ready), 0);
        pid_t child = fork();
        if (child == 0)
            import_forever(f->path, ready[1]);
        char r;
        assert_int_equal(read(ready[0], &r, 1), 1);
        test_pause_ms(3 + 7 * round); /* somewhere inside a later import */
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        close(ready[0]);
        close(ready[1]);

        open_all(f);
        struct series_row row = series(f, "SPY");
        const struct bars *stored = load_all(f);
        assert_int_equal(stored->count, row.bars);
        int matches[2] = {0, 0};
        for (int s = 0; s < 2; s++) {
            bool all = true;
            for (int64_t i = 0; all && i < sets[s]->count; i++) {
                int64_t at = bars_lower_bound(stored, sets[s]->time_ns[i]);
                all = at < stored->count && stored->time_ns[at] == sets[s]->time_ns[i] &&
                      stored->column[BAR_CLOSE][at] == sets[s]->column[BAR_CLOSE][i];
            }
            matches[s] = all;
        }
        assert_int_equal(matches[0] + matches[1], 1);
        bars_unref(stored);
        if (round < 5)
            close_all(f);
    }
    bars_unref(sets[0]);
    bars_unref(sets[1]);
}

/* --- many series in one import --- */

struct supply {
    const char *const *symbols;
    int64_t count, given, done, inserted;
    int64_t fail_at; /* the series at which `next` fails; -1 = none */
    struct batch batch;
};

static enum err next_series(void *context, struct bar_import *ret_import,
                            struct bar_batch *ret_bars, bool *ret_more, struct error *e)
{
    struct supply *s = context;
    if (s->given == s->fail_at)
        return error_set(e, ERR_DATA, "the third one is bad");
    *ret_more = s->given < s->count;
    if (!*ret_more)
        return ERR_OK;
    *ret_import = fixture_import(s->symbols[s->given++]);
    *ret_bars = *batch_of(&s->batch, base, COUNT(base));
    return ERR_OK;
}

static void series_done(void *context, const struct bar_import_result *result)
{
    struct supply *s = context;
    s->done++;
    s->inserted += result->inserted;
}

static enum err import_each(struct fixture *f, struct supply *s, bool dry_run,
                            const _Atomic bool *cancel)
{
    const struct bar_import_source source = {
        .next = next_series, .done = series_done, .context = s};
    return bar_store_import_each(f->store, &source, dry_run, cancel, NULL);
}

static bool is_stored(struct fixture *f, const char *symbol)
{
    struct series_row row;
    return series_repo_find(&f->r, symbol, minute, &row, NULL) == ERR_OK;
}

static void many_series_are_one_import(void **state)
{
    struct fixture *f = *state;
    static const char *const symbols[] = {"AAA", "SPY", "BBB:bid", "SPY"};
    static const char *const bad[] = {"CCC", "not a symbol"};
    _Atomic bool cancel = true;
    struct supply canceled = {symbols, 4, .fail_at = -1};
    assert_int_equal(import_each(f, &canceled, false, &cancel), ERR_CANCELED);
    struct supply failing = {symbols, 4, .fail_at = 2};
    assert_int_equal(import_each(f, &failing, false, NULL), ERR_DATA);
    assert_int_equal(failing.done, 2);
    struct supply refused = {bad, 2, .fail_at = -1};
    assert_int_equal(import_each(f, &refused, false, NULL), ERR_INVALID);
    struct supply dry = {symbols, 4, .fail_at = -1};
    assert_int_equal(import_each(f, &dry, true, NULL), ERR_OK);
    assert_int_equal(dry.inserted, 3 * COUNT(base));
    assert_false(is_stored(f, "AAA") || is_stored(f, "SPY") || is_stored(f, "CCC"));
    struct supply all = {symbols, 4, .fail_at = -1};
    assert_int_equal(import_each(f, &all, false, NULL), ERR_OK);
    assert_int_equal(all.done, 4);
    assert_int_equal(all.inserted, 3 * COUNT(base)); /* the last of them was there already */
    assert_true(is_stored(f, "AAA") && is_stored(f, "BBB:bid"));
    assert_stored(f, base, COUNT(base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_is_imported_can_be_read),
        T(merging_fills_holes_and_counts_duplicates),
        T(importing_the_same_again_changes_nothing),
        T(another_bar_at_a_stored_time_is_refused_by_name),
        T(replacing_takes_the_new_bar_and_keeps_the_others),
        T(a_dry_run_tells_all_and_stores_nothing),
        T(what_cannot_be_stored_is_refused),
        T(more_bars_than_a_session_may_have_are_refused),
        T(bars_out_of_order_or_session_are_refused),
        T(timeframes_and_symbols_are_apart),
        T(days_can_be_removed_and_the_series_goes_with_the_last),
        T(pages_follow_each_other_without_a_seam),
        T(a_kill_in_the_middle_leaves_one_import_or_the_other),
        T(many_series_are_one_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
