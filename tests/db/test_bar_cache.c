#include "db/bar_cache.h"

#include "db/bar_store.h"
#include "tests/db/fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const struct timeframe minute = {1}, five = {5}, daily = {0};
enum { CLOSE = BAR_COLUMN_BIT(BAR_CLOSE), HIGH = BAR_COLUMN_BIT(BAR_HIGH) };

struct fixture {
    char *folder, *path;
    struct bar_store *store;
    struct readers *readers;
    struct worker_pool *pool;
    struct bar_cache *cache;
    const struct bars *spy;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct db_options reading = {.mmap_bytes = 1 << 30};
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "bars.db"));
    fixture_database(f->path, 16384, &bar_migrations);
    assert_int_equal(bar_store_create(f->path, &f->store, NULL), ERR_OK);
    assert_int_equal(readers_create(f->path, &reading, 8, &f->readers, NULL), ERR_OK);
    assert_int_equal(worker_pool_create(3, true, &f->pool, NULL), ERR_OK);
    assert_int_equal(bar_cache_create(f->readers, 0, &f->cache, NULL), ERR_OK);
    f->spy = fixture_bars(1, "2023-01-03", "2023-12-29");
    fixture_store(f->store, "SPY", f->spy);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bars_unref(f->spy);
    bar_cache_free(f->cache);
    worker_pool_free(f->pool);
    readers_free(f->readers);
    bar_store_free(f->store);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static const struct bars *get(struct fixture *f, struct worker_pool *pool, const char *symbol,
                              struct timeframe timeframe, uint32_t columns)
{
    const struct bars *bars = NULL;
    struct error e = {0};
    if (bar_cache_get(f->cache, pool, symbol, timeframe, columns, &bars, NULL, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return bars;
}

static void parallel_and_serial_loads_give_the_stored_bars(void **state)
{
    struct fixture *f = *state;
    struct bar_cache *other = NULL;
    assert_true(f->spy->session_count > 200); /* many tasks */
    const struct bars *parallel = get(f, f->pool, "SPY", minute, BAR_ALL_COLUMNS);
    assert_int_equal(bar_cache_create(f->readers, 0, &other, NULL), ERR_OK);
    const struct bars *serial = NULL;
    struct series_row series;
    assert_int_equal(
        bar_cache_get(other, NULL, "SPY", minute, BAR_ALL_COLUMNS, &serial, &series, NULL), ERR_OK);
    assert_same_bars(parallel, f->spy);
    assert_same_bars(serial, f->spy);
    assert_string_equal(series.symbol, "SPY");
    assert_int_equal(series.bars, f->spy->count);
    bars_unref(parallel);
    bars_unref(serial);
    bar_cache_free(other);
}

static void every_mask_of_columns_loads_those_columns(void **state)
{
    struct fixture *f = *state;
    for (uint32_t mask = 0; mask <= BAR_ALL_COLUMNS; mask++) {
        struct bar_cache *cache = NULL;
        const struct bars *bars = NULL;
        assert_int_equal(bar_cache_create(f->readers, 0, &cache, NULL), ERR_OK);
        assert_int_equal(bar_cache_get(cache, NULL, "SPY", minute, mask, &bars, NULL, NULL),
                         ERR_OK);
        size_t size_bytes = (size_t)f->spy->count * sizeof(double);
        assert_memory_equal(bars->time_ns, f->spy->time_ns, size_bytes);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
            assert_int_equal(bars->column[c] != NULL, (mask & BAR_COLUMN_BIT(c)) != 0);
            if (bars->column[c] != NULL)
                assert_memory_equal(bars->column[c], f->spy->column[c], size_bytes);
        }
        bars_unref(bars);
        bar_cache_free(cache);
    }
}

static void a_second_request_is_a_hit_and_more_columns_are_added(void **state)
{
    struct fixture *f = *state;
    const struct bars *first = get(f, f->pool, "SPY", minute, CLOSE);
    const struct bars *again = get(f, f->pool, "SPY", minute, CLOSE);
    assert_ptr_equal(first, again);
    struct bar_cache_stats stats = bar_cache_stats(f->cache);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.loads, 1);
    assert_int_equal(stats.size_bytes, bars_size_bytes(first));

    const struct bars *more = get(f, f->pool, "SPY", minute, HIGH);
    assert_ptr_not_equal(more, first);
    assert_non_null(more->column[BAR_CLOSE]); /* what was there is not lost */
    assert_non_null(more->column[BAR_HIGH]);
    size_t size_bytes = (size_t)f->spy->count * sizeof(double);
    assert_memory_equal(more->column[BAR_CLOSE], f->spy->column[BAR_CLOSE], size_bytes);
    assert_memory_equal(more->column[BAR_HIGH], f->spy->column[BAR_HIGH], size_bytes);
    assert_memory_equal(more->time_ns, f->spy->time_ns, size_bytes);
    assert_null(first->column[BAR_HIGH]); /* published bars never change */

    const struct bars *both = get(f, f->pool, "SPY", minute, HIGH | CLOSE);
    assert_ptr_equal(both, more);
    stats = bar_cache_stats(f->cache);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.size_bytes, bars_size_bytes(more));
    bars_unref(first);
    bars_unref(again);
    bars_unref(more);
    bars_unref(both);
}

static void an_import_makes_the_next_request_load_anew(void **state)
{
    struct fixture *f = *state;
    const struct bars *old = get(f, f->pool, "SPY", minute, CLOSE);
    const struct bars *january = fixture_bars(5, "2024-01-02", "2024-01-31");
    fixture_store(f->store, "SPY", january);
    const struct bars *now = get(f, f->pool, "SPY", minute, CLOSE);
    assert_int_equal(old->count, f->spy->count); /* still whole for who holds it */
    assert_int_equal(now->count, f->spy->count + january->count);
    assert_int_equal(bar_cache_stats(f->cache).entries, 1);
    assert_int_equal(bar_cache_stats(f->cache).loads, 2);
    bars_unref(old);
    bars_unref(now);
    bars_unref(january);
}

static void longer_timeframes_come_from_minutes_and_are_cached(void **state)
{
    struct fixture *f = *state;
    const struct bars *direct = NULL;
    const struct timeframe frames[] = {five, daily};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(bars_resample(f->spy, frames[i], BAR_ALL_COLUMNS, &direct, NULL), ERR_OK);
        const struct bars *cached = get(f, f->pool, "SPY", frames[i], BAR_ALL_COLUMNS);
        const struct bars *again = get(f, NULL, "SPY", frames[i], CLOSE);
        assert_same_bars(direct, cached);
        assert_ptr_equal(cached, again);
        bars_unref(direct);
        bars_unref(cached);
        bars_unref(again);
    }
    assert_int_equal(bar_cache_stats(f->cache).entries, 3); /* 1m, 5m, 1d */
}

static void what_is_not_stored_is_not_found(void **state)
{
    struct fixture *f = *state;
    const struct bars *bars = NULL;
    struct error e = {0};
    const struct timeframe frames[] = {minute, five, daily};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            bar_cache_get(f->cache, f->pool, "NONE", frames[i], CLOSE, &bars, NULL, &e),
            ERR_NOT_FOUND);
        assert_non_null(strstr(e.message, "NONE"));
    }
    assert_null(bars);
    assert_int_equal(bar_cache_stats(f->cache).entries, 0);
}

static void over_the_limit_the_one_used_longest_ago_goes(void **state)
{
    struct fixture *f = *state;
    fixture_store(f->store, "AAPL", f->spy);
    fixture_store(f->store, "MSFT", f->spy);
    const struct bars *spy = get(f, NULL, "SPY", minute, CLOSE);
    int64_t size_bytes = bars_size_bytes(spy);
    bars_unref(spy);

    struct bar_cache *whole = f->cache;
    assert_int_equal(bar_cache_create(f->readers, 2 * size_bytes + 100, &f->cache, NULL), ERR_OK);
    spy = get(f, NULL, "SPY", minute, CLOSE);
    bars_unref(get(f, NULL, "AAPL", minute, CLOSE));
    bars_unref(get(f, NULL, "SPY", minute, CLOSE)); /* AAPL is the oldest now */
    bars_unref(get(f, NULL, "MSFT", minute, CLOSE));
    struct bar_cache_stats stats = bar_cache_stats(f->cache);
    assert_int_equal(stats.entries, 2);
    assert_int_equal(stats.evictions, 1);
    assert_int_equal(stats.size_bytes, 2 * size_bytes);
    const struct bars *again = get(f, NULL, "SPY", minute, CLOSE);
    assert_ptr_equal(again, spy);
    assert_int_equal(bar_cache_stats(f->cache).loads, 3);
    bars_unref(get(f, NULL, "AAPL", minute, CLOSE)); /* has to be loaded, MSFT goes */
    assert_int_equal(bar_cache_stats(f->cache).loads, 4);
    assert_int_equal(bar_cache_stats(f->cache).evictions, 2);
    bar_cache_free(f->cache);
    assert_memory_equal(spy->column[BAR_CLOSE], f->spy->column[BAR_CLOSE],
                        (size_t)f->spy->count * sizeof(double)); /* outlives the cache */
    bars_unref(spy);
    bars_unref(again);
    f->cache = whole;
}

static void bars_larger_than_the_limit_are_served_but_not_kept(void **state)
{
    struct fixture *f = *state;
    struct bar_cache *whole = f->cache;
    assert_int_equal(bar_cache_create(f->readers, 1000, &f->cache, NULL), ERR_OK);
    const struct bars *spy = get(f, f->pool, "SPY", minute, BAR_ALL_COLUMNS);
    assert_same_bars(spy, f->spy);
    assert_int_equal(bar_cache_stats(f->cache).entries, 0);
    assert_int_equal(bar_cache_stats(f->cache).size_bytes, 0);
    bars_unref(spy);
    bar_cache_free(f->cache);
    f->cache = whole;
}

struct asker {
    struct fixture *f;
    uint32_t columns;
    struct timeframe timeframe;
    const struct bars *got;
};

static void *ask(void *context)
{
    struct asker *a = context;
    a->got = get(a->f, a->f->pool, "SPY", a->timeframe, a->columns);
    return NULL;
}

static void requests_at_the_same_time_load_once(void **state)
{
    struct fixture *f = *state;
    enum { ASKERS = 8 };
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){f, BAR_ALL_COLUMNS, minute, NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_ptr_equal(askers[i].got, askers[0].got);
    }
    struct bar_cache_stats stats = bar_cache_stats(f->cache);
    assert_int_equal(stats.loads, 1);
    assert_int_equal(stats.hits, ASKERS - 1);
    for (int i = 0; i < ASKERS; i++)
        bars_unref(askers[i].got);
}

static void mixed_requests_at_the_same_time_all_get_theirs(void **state)
{
    struct fixture *f = *state;
    enum { ASKERS = 12 };
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){f, BAR_COLUMN_BIT(i % BAR_COLUMN_COUNT),
                                   i % 3 == 2 ? five : minute, NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_non_null(askers[i].got->column[i % BAR_COLUMN_COUNT]);
        bars_unref(askers[i].got);
    }
    assert_int_equal(bar_cache_stats(f->cache).entries, 2);
}

/* ---- a worker and a caller of the pool want the same bars ---- */

struct crossing {
    struct fixture *f;
    _Atomic bool busy; /* the only worker is in its task */
};

static void *ask_with_pool(void *context)
{
    struct crossing *c = context;
    while (!atomic_load(&c->busy))
        sched_yield();
    bars_unref(get(c->f, c->f->pool, "LONG", minute, CLOSE));
    return NULL;
}

static enum err ask_on_worker(void *context, int64_t task, int32_t worker, struct error *e)
{
    struct crossing *c = context;
    (void)task;
    (void)worker;
    (void)e;
    atomic_store(&c->busy, true);
    /* Gives the other thread the chance to begin its load first; either order must end. */
    poll(NULL, 0, 100);
    bars_unref(get(c->f, NULL, "LONG", minute, CLOSE));
    return ERR_OK;
}

static void a_worker_does_not_wait_for_a_load_that_needs_workers(void **state)
{
    struct fixture *f = *state;
    const struct bars *bars = fixture_bars(2, "2016-01-04", "2022-12-30"); /* several tasks */
    struct crossing c = {.f = f};
    struct error e = {0};
    pthread_t thread;
    fixture_store(f->store, "LONG", bars);
    bars_unref(bars);
    worker_pool_free(f->pool);
    assert_int_equal(worker_pool_create(1, true, &f->pool, NULL), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, ask_with_pool, &c), 0);
    assert_int_equal(worker_pool_run(f->pool, ask_on_worker, &c, 1, NULL, &e), ERR_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(bar_cache_stats(f->cache).entries, 1);
}

struct importer {
    struct fixture *f;
    _Atomic bool stop;
};

/* Two states of the series in turn, each with one value in all of a day's bars. */
static void *keep_importing(void *context)
{
    struct importer *im = context;
    struct fixture *f = im->f;
    const struct bars *sets[2] = {fixture_bars(1, "2023-01-03", "2023-12-29"),
                                  fixture_bars(1, "2023-01-03", "2023-12-29")};
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < sets[s]->count; i++)
            for (int c = 0; c < BAR_COLUMN_COUNT; c++)
                ((double *)sets[s]->column[c])[i] = s + 1;
    for (int i = 0; !atomic_load(&im->stop); i++) {
        struct bar_import options = fixture_import("SPY");
        options.mode = BAR_IMPORT_REPLACE;
        struct bar_batch batch = bar_batch_of_bars(sets[i % 2]);
        struct bar_import_result result;
        assert_int_equal(bar_store_import(f->store, &options, &batch, &result, NULL), ERR_OK);
    }
    bars_unref(sets[0]);
    bars_unref(sets[1]);
    return NULL;
}

static void a_load_during_imports_is_of_one_state(void **state)
{
    struct fixture *f = *state;
    struct importer im = {.f = f};
    pthread_t thread;
    int whole = 0;
    assert_int_equal(pthread_create(&thread, NULL, keep_importing, &im), 0);
    for (int i = 0; i < 60; i++) {
        const struct bars *bars = NULL;
        struct error e = {0};
        enum err err = bar_cache_get(f->cache, i % 2 ? f->pool : NULL, "SPY", minute,
                                     i % 3 ? CLOSE | HIGH : HIGH, &bars, NULL, &e);
        assert_true(err == ERR_OK || err == ERR_CONFLICT);
        if (err != ERR_OK)
            continue;
        double value = bars->column[BAR_HIGH][0];
        bool mixed = false;
        for (int64_t k = 0; k < bars->count && (value == 1 || value == 2); k++)
            mixed = mixed || bars->column[BAR_HIGH][k] != value ||
                    (bars->column[BAR_CLOSE] != NULL && bars->column[BAR_CLOSE][k] != value);
        assert_false(mixed);
        whole++;
        bars_unref(bars);
    }
    atomic_store(&im.stop, true);
    pthread_join(thread, NULL);
    assert_true(whole > 0);
}

static void a_damaged_blob_is_told_not_served(void **state)
{
    struct fixture *f = *state;
    const struct db_options options = {.mode = DB_READ_WRITE};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(f->path, &options, &c, NULL), ERR_OK);
    assert_int_equal(db_execute(c,
                                "UPDATE bars SET data = CAST(substr(data, 1, 500) || x'01020304' ||"
                                " substr(data, 505) AS BLOB) WHERE id = (SELECT max(id) FROM bars)",
                                NULL),
                     ERR_OK);
    db_close(c);
    const struct bars *bars = NULL;
    struct error e = {0};
    assert_int_equal(
        bar_cache_get(f->cache, f->pool, "SPY", minute, BAR_ALL_COLUMNS, &bars, NULL, &e),
        ERR_DATA);
    assert_non_null(strstr(e.message, "damaged"));
    assert_null(bars);
    assert_int_equal(bar_cache_stats(f->cache).entries, 0);
}

static void plans_name_the_bars_they_hold(void **state)
{
    struct fixture *f = *state;
    struct db_read r = {0};
    struct series_row series;
    struct bar_plan whole, part, again, other;
    unsigned char hashes[4][DATA_HASH_BYTES];
    assert_int_equal(readers_lease(f->readers, &r, NULL), ERR_OK);
    assert_int_equal(series_repo_find(&r, "SPY", minute, &series, NULL), ERR_OK);
    assert_int_equal(bar_plan_init(&r, &series, INT32_MIN, INT32_MAX, &whole, NULL), ERR_OK);
    assert_int_equal(whole.count, f->spy->count);
    assert_int_equal(whole.day_count, f->spy->session_count);
    assert_int_equal(whole.price_decimals, 2);
    for (int64_t i = 0; i < whole.day_count; i++) {
        assert_int_equal(whole.days[i].day, f->spy->sessions[i].day);
        assert_int_equal(whole.days[i].first, f->spy->sessions[i].first);
    }
    int32_t from = fixture_day("2023-03-01"), to = fixture_day("2023-03-31");
    assert_int_equal(bar_plan_init(&r, &series, from, to, &part, NULL), ERR_OK);
    assert_int_equal(part.days[0].day, from);
    assert_int_equal(part.days[part.day_count - 1].day, to);
    assert_int_equal(bar_plan_init(&r, &series, from, to, &again, NULL), ERR_OK);
    const struct bars *april = fixture_bars(9, "2024-04-01", "2024-04-30");
    fixture_store(f->store, "SPY", april);
    bars_unref(april);
    assert_int_equal(bar_plan_init(&r, &series, from, to, &other, NULL), ERR_OK);
    assert_true(other.series.version > part.series.version);
    bar_plan_hash(&whole, hashes[0]);
    bar_plan_hash(&part, hashes[1]);
    bar_plan_hash(&again, hashes[2]);
    bar_plan_hash(&other, hashes[3]);
    assert_memory_not_equal(hashes[0], hashes[1], DATA_HASH_BYTES);
    assert_memory_equal(hashes[1], hashes[2], DATA_HASH_BYTES);
    assert_memory_equal(hashes[1], hashes[3], DATA_HASH_BYTES); /* other days changed, not these */

    /* An old plan is refused, whatever it would read. */
    struct bars_builder builder;
    assert_int_equal(bars_builder_init(&builder, part.count, CLOSE, NULL), ERR_OK);
    assert_int_equal(bar_load_slice(&r, &part, 0, 1, true, CLOSE, &builder, NULL), ERR_CONFLICT);
    bars_builder_release(&builder);
    bar_plan_release(&whole);
    bar_plan_release(&part);
    bar_plan_release(&again);
    bar_plan_release(&other);
    readers_return(f->readers, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(parallel_and_serial_loads_give_the_stored_bars),
        T(every_mask_of_columns_loads_those_columns),
        T(a_second_request_is_a_hit_and_more_columns_are_added),
        T(an_import_makes_the_next_request_load_anew),
        T(longer_timeframes_come_from_minutes_and_are_cached),
        T(what_is_not_stored_is_not_found),
        T(over_the_limit_the_one_used_longest_ago_goes),
        T(bars_larger_than_the_limit_are_served_but_not_kept),
        T(requests_at_the_same_time_load_once),
        T(mixed_requests_at_the_same_time_all_get_theirs),
        T(a_worker_does_not_wait_for_a_load_that_needs_workers),
        T(a_load_during_imports_is_of_one_state),
        T(a_damaged_blob_is_told_not_served),
        T(plans_name_the_bars_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
