/* Studies and scans on a pool that is none: it runs tasks one after another on the calling thread,
 * in an order and on worker numbers drawn by lot. What threads do once in a while happens here on
 * every run: pieces that do not follow on one another, so that each has to warm up and to be
 * proved.
 *
 * The linker takes this pool instead of the library's. */
#include "engine/study/scan.h"
#include "engine/study/study.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/naive_study.h"

#include "base/random.h"

#include <stdatomic.h>

struct worker_pool {
    int32_t size;
    struct random random;
    _Atomic bool *cancel; /* set as a task begins, when `tasks` gets to 0 */
    int64_t tasks;
};

int32_t worker_pool_size(const struct worker_pool *p)
{
    return p->size;
}

enum err worker_pool_run(struct worker_pool *p, worker_task *task, void *context, int64_t count,
                         const _Atomic bool *cancel, struct error *e)
{
    int64_t *order = calloc((size_t)count + 1, sizeof *order);
    assert_non_null(order);
    for (int64_t i = 0; i < count; i++) {
        int64_t j = (int64_t)random_below(&p->random, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    enum err code = ERR_OK;
    for (int64_t i = 0; i < count && code == ERR_OK; i++) {
        int32_t worker = (int32_t)random_below(&p->random, (uint64_t)p->size);
        if (cancel && atomic_load(cancel))
            code = error_set(e, ERR_CANCELED, "canceled");
        else {
            if (p->cancel && p->tasks-- == 0)
                atomic_store(p->cancel, true);
            code = task(context, order[i], worker, e);
        }
    }
    free(order);
    return code;
}

static struct worker_pool pool_of(int32_t size, uint64_t seed)
{
    struct worker_pool p = {.size = size};
    random_seed(&p.random, seed);
    return p;
}

static struct rule *compiled(const char *text)
{
    struct rule_options options = {.timeframe = {1}};
    struct rule *rule = NULL;
    assert_int_equal(rule_compile(text, strlen(text), &options, &rule, NULL), ERR_OK);
    return rule;
}

/* Returns how many pieces were evaluated again. */
static int64_t assert_scan(const char *text, const struct bars *bars)
{
    struct rule *rule = compiled(text);
    size_t words = (size_t)(bars->count + 63) / 64;
    uint64_t *mask = calloc(words, sizeof *mask);
    double *values = naive_values(rule, bars);
    int64_t reevaluated = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct worker_pool p = pool_of(1 + (int32_t)seed % 4, seed);
        struct scan_stats stats;
        int64_t piece_bars = 64 * (1 + (int64_t)seed * 7);
        assert_int_equal(scan_bits(rule, bars, &p, piece_bars, NULL, mask, &stats, NULL), ERR_OK);
        for (int64_t i = 0; i < bars->count; i++)
            assert_int_equal(mask[i / 64] >> (i % 64) & 1, values[i] == 1);
        reevaluated += stats.reevaluated;
    }
    free(values);
    free(mask);
    rule_free(rule);
    return reevaluated;
}

static void assert_same_fires(const struct study_result *result, const struct bars *bars,
                              const struct study_request *r, const struct naive_study *n)
{
    size_t f = 0;
    assert_int_equal(result->counts.fires, n->counts.fires);
    assert_int_equal(result->counts.candidates, n->counts.candidates);
    for (int64_t i = 0; i < bars->count; i++) {
        if (!n->fires[i])
            continue;
        assert_true(f < result->fire_count);
        assert_int_equal(result->fires[f].bar, i);
        for (size_t h = 0; h < r->horizon_count; h++)
            assert_true(same_double(result->forward[f * r->horizon_count + h],
                                    n->forward[(size_t)i * r->horizon_count + h]));
        f++;
    }
}

/* Returns how many shards were evaluated again. */
static int64_t assert_study(const char *text, const struct bars *bars, int64_t cooldown_ns)
{
    static const struct shard_size sizes[] = {
        {SHARD_BY_DAY, 0}, {SHARD_BY_WEEK, 0}, {SHARD_BY_SESSIONS, 2}, {SHARD_BY_MONTH, 0}};
    static const unsigned char hash[DATA_HASH_BYTES];
    struct rule *rule = compiled(text);
    struct study_request r = {.rule = rule, .timeframe = {1}};
    study_request_defaults(&r);
    r.from_ns = bars->time_ns[bars->count / 5];
    r.to_ns = bars->time_ns[bars->count - 1];
    r.cooldown_ns = cooldown_ns;
    struct naive_study naive = naive_study_of(bars, &r);
    char digest[SHA256_TEXT] = "";
    int64_t reevaluated = 0;
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct worker_pool p = pool_of(1 + (int32_t)seed % 5, seed);
        struct study_result *result = NULL;
        r.shard_size = sizes[seed % 4];
        assert_int_equal(study_of_bars(&r, "X", bars, hash, &p, NULL, &result, NULL), ERR_OK);
        assert_same_fires(result, bars, &r, &naive);
        if (digest[0])
            assert_string_equal(result->digest, digest);
        memcpy(digest, result->digest, sizeof digest);
        reevaluated += result->shards_reevaluated;
        study_result_free(result);
    }
    naive_release(&naive);
    rule_free(rule);
    return reevaluated;
}

static const char *const RULES[] = {
    "rsi(14) < 30 and close > sma(200)",
    "close > open",
    "ema(9) crosses above ema(21)",
    "sma(50) > sma(close - open, 7)[2]",
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };

static void the_order_of_tasks_does_not_matter(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0.02, 0);
    for (int i = 0; i < RULE_COUNT; i++) {
        assert_scan(RULES[i], bars);
        assert_study(RULES[i], bars, i * 7 * NS_PER_MINUTE);
    }
    bars_unref(bars);
}

static void pieces_that_began_wrong_are_found_and_evaluated_again(void **state)
{
    (void)state;
    const struct bars *bars = crashing_bars(14, 3);
    assert_true(assert_scan("close > ema(200)", bars) > 0);
    bars_unref(bars);
    bars = crashing_bars(30, 8);
    assert_true(assert_study("close > ema(200)", bars, 0) > 0);
    bars_unref(bars);
}

static void without_recursion_nothing_is_evaluated_again(void **state)
{
    (void)state;
    const struct bars *bars = crashing_bars(30, 8);
    assert_int_equal(assert_scan("close > sma(200)", bars), 0);
    assert_int_equal(assert_study("close > sma(200)", bars, 0), 0);
    bars_unref(bars);
}

static enum err lend(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    (void)symbol;
    (void)e;
    *ret = bars_ref(context);
    return ERR_OK;
}

/* A task that is under way when the flag turns sees it; what was merged stays, and the rest is done
 * later. */
static void canceled_in_the_middle_of_a_task_a_study_goes_on_later(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0.02, 0);
    struct rule *rule = compiled("rsi(5) < 40");
    struct study_request r = {.rule = rule, .timeframe = {1}, .from_ns = 0, .to_ns = INT64_MAX};
    study_request_defaults(&r);
    r.shard_size = (struct shard_size){SHARD_BY_DAY, 0};
    static const unsigned char hash[DATA_HASH_BYTES];
    struct worker_pool calm = pool_of(2, 1);
    struct study_result *whole = NULL;
    assert_int_equal(study_of_bars(&r, "X", bars, hash, &calm, NULL, &whole, NULL), ERR_OK);

    struct study_symbol symbol = {.stored = {.name = "X", .calendar = bars->calendar}};
    struct shard_day *days = NULL;
    assert_int_equal(shard_days_of(bars, &days, &symbol.stored.day_count, NULL), ERR_OK);
    symbol.stored.days = days;
    struct study *s = NULL;
    assert_int_equal(study_create(&r, &symbol, 1, &s, NULL), ERR_OK);
    struct study_source source = {lend, (void *)bars};
    for (int64_t task = 0; task < 4; task++) {
        _Atomic bool cancel = false;
        struct worker_pool p = pool_of(2, (uint64_t)task);
        p.cancel = &cancel;
        p.tasks = task;
        struct error e = {0};
        assert_int_equal(study_run(s, &p, &source, NULL, &cancel, &e), ERR_CANCELED);
        assert_int_equal(e.code, ERR_CANCELED);
        assert_true(cancel);
        assert_int_equal(study_merged_shards(s), 0);
    }
    struct study_result *result = NULL;
    assert_int_equal(study_run(s, &calm, &source, NULL, NULL, NULL), ERR_OK);
    assert_int_equal(study_finish(s, NULL, &result, NULL), ERR_OK);
    assert_string_equal(result->digest, whole->digest);
    assert_int_equal(result->horizons[0].base_n, whole->horizons[0].base_n);
    assert_true(result->horizons[0].ci_low == whole->horizons[0].ci_low);
    study_result_free(result);
    study_result_free(whole);
    study_free(s);
    free(days);
    rule_free(rule);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_tasks_does_not_matter),
        cmocka_unit_test(pieces_that_began_wrong_are_found_and_evaluated_again),
        cmocka_unit_test(without_recursion_nothing_is_evaluated_again),
        cmocka_unit_test(canceled_in_the_middle_of_a_task_a_study_goes_on_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
