/* The count of one well-known rule, from the bars' columns alone by code that shares nothing with
 * the engine, on generated bars and on five years of a real index (where that file is there). */
#include "engine/csv/csv_import.h"
#include "engine/study/study.h"
#include "tests/engine/make_bars.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char RULE[] = "rsi(14) < 30 and close > sma(200)";

/* Wilder's index over 14 bars, and the mean of 200 closes in whole 1e-6. */
static int64_t reference_count(const struct bars *bars)
{
    const double *close = bars->column[BAR_CLOSE];
    double gain = 0, loss = 0;
    int64_t sum = 0, count = 0;
    for (int64_t i = 0; i < bars->count; i++) {
        sum += llround(close[i] * 1e6);
        if (i >= 200)
            sum -= llround(close[i - 200] * 1e6);
        double move = i > 0 ? close[i] - close[i - 1] : 0;
        double up = move > 0 ? move : 0, down = move < 0 ? -move : 0;
        if (i <= 14) {
            gain += up / 14;
            loss += down / 14;
        } else {
            gain = (gain * 13 + up) / 14;
            loss = (loss * 13 + down) / 14;
        }
        double rsi = gain + loss == 0 ? 50 : 100 * gain / (gain + loss);
        count += i >= 199 && rsi < 30 && llround(close[i] * 1e6) * 200 > sum;
    }
    return count;
}

/* For any number of workers and any shards, with one digest. */
static void assert_counts(const struct bars *bars, int64_t expected)
{
    static const int32_t workers[] = {1, 2, 3, 7, 16};
    static const enum shard_unit units[] = {SHARD_BY_MONTH, SHARD_BY_WEEK, SHARD_BY_DAY};
    static const unsigned char hash[DATA_HASH_BYTES];
    struct rule_options options = {.timeframe = {1}};
    struct rule *rule = NULL;
    assert_int_equal(rule_compile(RULE, strlen(RULE), &options, &rule, NULL), ERR_OK);
    struct study_request r = {.rule = rule, .timeframe = {1}};
    study_request_defaults(&r);
    r.from_ns = bars->time_ns[0];
    r.to_ns = bars->time_ns[bars->count - 1] + 1;
    r.trigger = STUDY_EVERY_BAR;
    char digest[SHA256_TEXT] = "";
    for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
        struct worker_pool *pool = NULL;
        assert_int_equal(worker_pool_create(workers[w], false, &pool, NULL), ERR_OK);
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            struct study_result *result = NULL;
            r.shard_size.unit = units[u];
            assert_int_equal(study_of_bars(&r, "X", bars, hash, pool, NULL, &result, NULL), ERR_OK);
            assert_int_equal(result->counts.fires, expected);
            assert_int_equal(result->counts.bars_in_window, bars->count);
            if (digest[0])
                assert_string_equal(result->digest, digest);
            memcpy(digest, result->digest, sizeof digest);
            study_result_free(result);
        }
        worker_pool_free(pool);
    }
    rule_free(rule);
}

static void the_count_on_generated_bars_is_that_of_the_reference(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2023-01-03", "2023-12-29", 11, 0.01, 0);
    int64_t expected = reference_count(bars);
    assert_true(expected > 100);
    assert_counts(bars, expected);
    bars_unref(bars);
}

static const struct bars *imported(const char *path, const char *calendar)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "skipped: no %s\n", path);
        skip();
    }
    struct csv_source source;
    struct csv_options options = {.calendar = calendar_named(calendar),
                                  .timeframe = {1},
                                  .outside = CSV_DROP,
                                  .bad_rows = CSV_DROP,
                                  .duplicates = CSV_CONFLICT_FIRST,
                                  .ignore_columns = true,
                                  .file = path};
    struct csv_report report;
    struct csv_bars rows;
    struct error e = {0};
    assert_int_equal(csv_source_open_fd(&source, fd, 1 << 28, path, &e), ERR_OK);
    close(fd);
    if (csv_import(source.text, source.length, &options, NULL, &report, &rows, &e) != ERR_OK)
        fail_msg("%s", e.message);
    struct bars_builder b;
    const struct bars *bars = NULL;
    assert_int_equal(bars_builder_init(&b, rows.count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    memcpy(b.time_ns, rows.time_ns, (size_t)rows.count * sizeof *b.time_ns);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        memcpy(b.column[c], rows.column[c], (size_t)rows.count * sizeof(double));
    assert_int_equal(bars_publish(&b, options.calendar, options.timeframe, -2, &bars, NULL),
                     ERR_OK);
    bars_builder_release(&b);
    csv_bars_release(&rows);
    csv_source_close(&source);
    return bars;
}

static void the_count_on_five_years_of_nifty_is_that_of_the_reference(void **state)
{
    (void)state;
    const struct bars *bars = imported("../shared/data/nifty/nifty_1min_2021_2025.csv.gz", "XNSE");
    assert_int_equal(bars->count, 441580);
    int64_t expected = reference_count(bars);
    assert_true(expected > 1000);
    print_message("%s on %lld minutes of NIFTY: %lld bars\n", RULE, (long long)bars->count,
                  (long long)expected);
    assert_counts(bars, expected);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_on_generated_bars_is_that_of_the_reference),
        cmocka_unit_test(the_count_on_five_years_of_nifty_is_that_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
