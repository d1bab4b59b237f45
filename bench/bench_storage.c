/* How fast bars come in and out of bars.db.
 *
 *   import   CSV text in memory -> parsed, encoded, hashed, committed, checkpointed, fsynced
 *   cold     bars.db -> columns in newly allocated memory, through new connections and an empty
 * cache; the file is in the page cache of the system (as after an import), all five columns and
 * times cached   the same request again
 *
 * Baselines of the same run: reading that many bytes of memory, and a plain SQLite insert loop (a
 * row per bar, one prepared statement, one transaction, the same durability).
 */
#include "base/civil.h"
#include "base/rfc3339.h"
#include "bench/support/bench.h"
#include "bench/support/bench_folder.h"
#include "db/migrations.h"
#include "db/storage.h"
#include "engine/bars/demo.h"
#include "engine/csv/csv_import.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BARS = 1000000, BYTES_PER_BAR = 48, REPETITIONS = 5, LOAD_REPETITIONS = 9 };

static const struct timeframe minute = {1};

static void check(enum err err, const struct error *e)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "bench_storage: %s\n", e->message);
    exit(1);
}

/* --- what is imported --- */

static const struct bars *make_bars(void)
{
    struct error e;
    struct demo_options options = {.seed = 1,
                                   .from_day = civil_to_days((struct civil_date){2010, 1, 4}),
                                   .to_day = civil_to_days((struct civil_date){2030, 12, 31}),
                                   .first_price = 120,
                                   .price_decimals = 2,
                                   .missing_share = 0.01,
                                   .max_count = BARS};
    const struct bars *bars = NULL;
    check(calendar_find("XNYS", &options.calendar, &e), &e);
    check(demo_bars(&options, &bars, &e), &e);
    return bars;
}

static char *make_csv(const struct bars *bars, size_t *ret_length)
{
    enum { LINE = 96 };
    char *text = malloc((size_t)bars->count * LINE + LINE), *at = text;
    if (text == NULL)
        exit(1);
    at += snprintf(at, LINE, "timestamp,open,high,low,close,volume\n");
    for (int64_t i = 0; i < bars->count; i++) {
        char stamp[RFC3339_MAX];
        rfc3339_format(bars->time_ns[i], stamp);
        at += snprintf(at, LINE, "%s,%.2f,%.2f,%.2f,%.2f,%.0f\n", stamp, bars->column[BAR_OPEN][i],
                       bars->column[BAR_HIGH][i], bars->column[BAR_LOW][i],
                       bars->column[BAR_CLOSE][i], bars->column[BAR_VOLUME][i]);
    }
    *ret_length = (size_t)(at - text);
    return text;
}

/* --- imports --- */

static void parse(const char *text, size_t length, const struct calendar *calendar,
                  struct csv_bars *ret)
{
    struct error e;
    struct csv_report report;
    const struct csv_options options = {
        .calendar = calendar, .timeframe = minute, .file = "bench.csv"};
    check(csv_import(text, length, &options, NULL, &report, ret, &e), &e);
}

static void store(struct bar_store *to, const struct bar_batch *batch,
                  const struct calendar *calendar)
{
    struct error e;
    struct bar_import_result result;
    const struct bar_import options = {
        .symbol = "BENCH", .timeframe = minute, .calendar = calendar};
    check(bar_store_import(to, &options, batch, &result, &e), &e);
    if (result.inserted != batch->count)
        exit(1);
}

struct import_results {
    struct bench_series parse, store, both;
};

/* Every repetition imports into a new, empty folder, which is removed outside the clock. */
static void measure_imports(const char *text, size_t length, const struct bars *bars,
                            struct import_results *ret)
{
    for (int i = 0; i < REPETITIONS; i++) {
        struct error e;
        struct storage s = {0};
        char folder[BENCH_FOLDER_BYTES];
        bench_folder_make(folder);
        check(storage_open(folder, NULL, &s, &e), &e);
        double start = bench_now_s();
        struct csv_bars parsed;
        parse(text, length, bars->calendar, &parsed);
        double middle = bench_now_s();
        struct bar_batch batch = bar_batch_of_csv(&parsed);
        store(s.bar_store, &batch, bars->calendar);
        double end = bench_now_s();
        bench_add(&ret->parse, BARS / (middle - start));
        bench_add(&ret->store, BARS / (end - middle));
        bench_add(&ret->both, BARS / (end - start));
        csv_bars_release(&parsed);
        storage_close(&s);
        bench_folder_remove(folder);
    }
}

/* --- the insert loop that everybody writes first --- */

static void sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "bench_storage: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static double insert_rows(const char *path, const struct bars *bars)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    sqlite3_open(path, &db);
    sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
            "CREATE TABLE bars(time INTEGER PRIMARY KEY, open REAL, high REAL, low REAL,"
            " close REAL, volume REAL)");
    double start = bench_now_s();
    sql(db, "BEGIN");
    sqlite3_prepare_v2(db, "INSERT INTO bars VALUES(?,?,?,?,?,?)", -1, &insert, NULL);
    for (int64_t i = 0; i < bars->count; i++) {
        sqlite3_bind_int64(insert, 1, bars->time_ns[i]);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            sqlite3_bind_double(insert, c + 2, bars->column[c][i]);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sql(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    double end = bench_now_s();
    sqlite3_close(db);
    return (double)bars->count / (end - start);
}

static void measure_insert_loop(const struct bars *bars, struct bench_series *ret)
{
    enum { LOOP_REPETITIONS = 3 };
    for (int i = 0; i < LOOP_REPETITIONS; i++) {
        char folder[BENCH_FOLDER_BYTES], path[600];
        bench_folder_make(folder);
        snprintf(path, sizeof path, "%s/rows.db", folder);
        bench_add(ret, insert_rows(path, bars));
        bench_folder_remove(folder);
    }
}

/* --- loads --- */

static const struct db_options reading = {.cache_bytes = 1 << 20, .mmap_bytes = INT64_C(1) << 31};

static double load_once(const char *path, struct worker_pool *pool, uint32_t columns)
{
    struct error e;
    struct readers *readers = NULL;
    struct bar_cache *cache = NULL;
    const struct bars *bars = NULL;
    check(readers_create(path, &reading, LIMIT_READERS, &readers, &e), &e);
    check(bar_cache_create(readers, 0, &cache, &e), &e);
    double start = bench_now_s();
    check(bar_cache_get(cache, pool, "BENCH", minute, columns, &bars, NULL, &e), &e);
    double rate = (double)bars->count / (bench_now_s() - start);
    bars_unref(bars);
    bar_cache_free(cache);
    readers_free(readers);
    return rate;
}

/* The same without what the system adds for new memory: into columns that were touched before. */
struct ready {
    struct readers *readers;
    struct bar_plan plan;
    struct bars_builder *into;
    int64_t pieces;
};

static enum err load_piece(void *context, int64_t piece, int32_t worker, struct error *e)
{
    (void)worker;
    const struct ready *ready = context;
    int64_t days = ready->plan.day_count;
    struct db_read r = {0};
    enum err err = readers_lease(ready->readers, &r, e);
    if (err == ERR_OK)
        err = bar_load_slice(&r, &ready->plan, days * piece / ready->pieces,
                             days * (piece + 1) / ready->pieces, true, BAR_ALL_COLUMNS, ready->into,
                             e);
    readers_return(ready->readers, &r);
    return err;
}

static double load_ready(const char *path, struct worker_pool *pool, struct bars_builder *into)
{
    struct error e;
    struct db_read r = {0};
    struct series_row series;
    struct ready ready = {.into = into, .pieces = pool != NULL ? worker_pool_size(pool) : 1};
    check(readers_create(path, &reading, LIMIT_READERS, &ready.readers, &e), &e);
    double start = bench_now_s();
    check(readers_lease(ready.readers, &r, &e), &e);
    check(series_repo_find(&r, "BENCH", minute, &series, &e), &e);
    check(bar_plan_init(&r, &series, INT32_MIN, INT32_MAX, &ready.plan, &e), &e);
    readers_return(ready.readers, &r);
    if (pool == NULL)
        check(load_piece(&ready, 0, 0, &e), &e);
    else
        check(worker_pool_run(pool, load_piece, &ready, ready.pieces, NULL, &e), &e);
    double rate = (double)ready.plan.count / (bench_now_s() - start);
    bar_plan_release(&ready.plan);
    readers_free(ready.readers);
    return rate;
}

static void measure_cold(const char *path, struct worker_pool *pool, uint32_t columns,
                         struct bench_series *ret)
{
    for (int i = 0; i < LOAD_REPETITIONS; i++)
        bench_add(ret, load_once(path, pool, columns));
}

static void measure_ready(const char *path, struct worker_pool *pool, struct bench_series *ret)
{
    struct error e;
    struct bars_builder into;
    check(bars_builder_init(&into, BARS, BAR_ALL_COLUMNS, &e), &e);
    load_ready(path, NULL, &into); /* touches the memory */
    for (int i = 0; i < LOAD_REPETITIONS; i++)
        bench_add(ret, load_ready(path, pool, &into));
    bars_builder_release(&into);
}

static void measure_cached(struct bar_cache *cache, struct bench_series *ret)
{
    enum { GETS = 20000 };
    struct error e;
    for (int i = 0; i <= REPETITIONS; i++) {
        double start = bench_now_s();
        for (int k = 0; k < GETS; k++) {
            const struct bars *bars = NULL;
            check(bar_cache_get(cache, NULL, "BENCH", minute, BAR_ALL_COLUMNS, &bars, NULL, &e),
                  &e);
            bars_unref(bars);
        }
        if (i > 0) /* the first one loads */
            bench_add(ret, GETS / (bench_now_s() - start));
    }
}

static void report_imports(const struct import_results *r, const struct bench_series *loop)
{
    bench_title("import of 1,000,000 rows of CSV (baseline: SQLite, a row per bar)");
    bench_report("plain SQLite insert loop", " rows/s", loop, NULL, NULL);
    bench_report("CSV text to columns (csv_import)", " rows/s", &r->parse, loop, "the loop");
    bench_report("columns to durable bars (bar_store)", " rows/s", &r->store, loop, "the loop");
    bench_report_goal("CSV text to durable bars", " rows/s", &r->both, loop, "the loop", 3e6, true);
}

static void measure_loads(const char *path, struct bar_cache *cache)
{
    struct error e;
    struct bench_series bandwidth = {0}, roof = {0}, ready_one = {0}, ready_two = {0}, one = {0},
                        two = {0}, close_only = {0}, cached = {0};
    struct worker_pool *pool = NULL;
    bench_memory_read(&bandwidth);
    for (int i = 0; i < bandwidth.count; i++)
        bench_add(&roof, bandwidth.values[i] / BYTES_PER_BAR);
    check(worker_pool_create(2, false, &pool, &e), &e);
    measure_ready(path, NULL, &ready_one);
    measure_ready(path, pool, &ready_two);
    measure_cold(path, NULL, BAR_ALL_COLUMNS, &one);
    measure_cold(path, pool, BAR_ALL_COLUMNS, &two);
    measure_cold(path, NULL, BAR_COLUMN_BIT(BAR_CLOSE), &close_only);
    measure_cached(cache, &cached);
    worker_pool_free(pool);

    bench_title(
        "loading 1,000,000 bars (baseline: reading their 48 bytes from memory, one thread)");
    bench_report("memory read", " B/s", &bandwidth, NULL, NULL);
    bench_report("memory read, as bars", " bars/s", &roof, NULL, NULL);
    bench_report_goal("cold into ready memory, one thread", " bars/s", &ready_one, &roof, "memory",
                      120e6, true);
    bench_report_goal("cold into ready memory, two threads", " bars/s", &ready_two, &roof, "memory",
                      240e6, true);
    bench_report("cold through the cache, one thread", " bars/s", &one, &roof, "memory");
    bench_report("cold through the cache, two threads", " bars/s", &two, &roof, "memory");
    bench_report("the same, one thread, close and time", " bars/s", &close_only, &roof, "memory");
    bench_report("cached", " requests/s", &cached, NULL, NULL);
}

int main(void)
{
    struct error e;
    const struct bars *bars = make_bars();
    size_t length;
    char *text = make_csv(bars, &length);
    struct import_results imports = {0};
    struct bench_series loop = {0};
    measure_imports(text, length, bars, &imports);
    measure_insert_loop(bars, &loop);
    report_imports(&imports, &loop);
    free(text);

    struct storage s = {0};
    char folder[BENCH_FOLDER_BYTES];
    bench_folder_make(folder);
    check(storage_open(folder, NULL, &s, &e), &e);
    struct bar_batch batch = bar_batch_of_bars(bars);
    store(s.bar_store, &batch, bars->calendar);
    bars_unref(bars);
    measure_loads(data_folder_bars_path(s.folder), s.bar_cache);
    storage_close(&s);
    bench_folder_remove(folder);
    return 0;
}
