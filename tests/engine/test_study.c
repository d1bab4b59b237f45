#include "engine/study/study.h"

#include "base/random.h"
#include "engine/study/student_t.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/naive_study.h"

#include <stdatomic.h>
#include <stdio.h>

static const int32_t WORKERS[] = {1, 2, 3, 7, 16};
enum { POOLS = sizeof WORKERS / sizeof *WORKERS };
static struct worker_pool *pools[POOLS];

static const struct shard_size SIZES[] = {
    {SHARD_BY_MONTH, 0},
    {SHARD_BY_WEEK, 0},
    {SHARD_BY_DAY, 0},
    {SHARD_BY_SESSIONS, 9},
};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };

static int make_pools(void **state)
{
    (void)state;
    for (int i = 0; i < POOLS; i++)
        assert_int_equal(worker_pool_create(WORKERS[i], false, &pools[i], NULL), ERR_OK);
    return 0;
}

static int free_pools(void **state)
{
    (void)state;
    for (int i = 0; i < POOLS; i++)
        worker_pool_free(pools[i]);
    return 0;
}

static struct rule *compiled(const char *text, int32_t minutes)
{
    struct rule_options options = {.timeframe = {minutes}};
    struct rule *rule = NULL;
    struct error e = {0};
    enum err code = rule_compile(text, strlen(text), &options, &rule, &e);
    if (code != ERR_OK)
        fail_msg("%s: %s", text, e.message);
    return rule;
}

static struct study_request request_for(const struct rule *rule, const char *from, const char *to)
{
    struct study_request r = {.rule = rule, .timeframe = {1}};
    study_request_defaults(&r);
    r.from_ns = instant(from, 0);
    r.to_ns = instant(to, 0);
    return r;
}

static const unsigned char HASH[DATA_HASH_BYTES] = {1, 2, 3};

static struct study_result *studied(const struct study_request *r, const struct bars *bars,
                                    struct worker_pool *pool)
{
    struct study_result *result = NULL;
    struct error e = {0};
    enum err code = study_of_bars(r, "TEST", bars, HASH, pool, NULL, &result, &e);
    if (code != ERR_OK)
        fail_msg("study: %s", e.message);
    return result;
}

/* --- two results are the same to the bit --- */

static void assert_same_stats(const struct study_horizon_stats *a,
                              const struct study_horizon_stats *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->base_n, b->base_n);
    assert_true(same_double(a->mean, b->mean) && same_double(a->median, b->median));
    assert_true(same_double(a->stdev, b->stdev) && same_double(a->hit_rate, b->hit_rate));
    assert_true(same_double(a->base_mean, b->base_mean));
    assert_true(same_double(a->base_stdev, b->base_stdev));
    assert_true(same_double(a->base_hit_rate, b->base_hit_rate));
    assert_true(same_double(a->difference, b->difference));
    assert_true(same_double(a->ci_low, b->ci_low) && same_double(a->ci_high, b->ci_high));
}

static void assert_same_groups(const struct study_groups *a, const struct study_groups *b,
                               size_t horizon_count)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].key, b->items[i].key);
        assert_int_equal(a->items[i].fires, b->items[i].fires);
        for (size_t h = 0; h < horizon_count; h++) {
            assert_int_equal(a->items[i].horizon[h].n, b->items[i].horizon[h].n);
            assert_true(same_double(a->items[i].horizon[h].mean, b->items[i].horizon[h].mean));
            assert_true(
                same_double(a->items[i].horizon[h].hit_rate, b->items[i].horizon[h].hit_rate));
        }
    }
}

static void assert_same_counts(const struct study_counts *a, const struct study_counts *b)
{
    assert_int_equal(a->fires, b->fires);
    assert_int_equal(a->candidates, b->candidates);
    assert_int_equal(a->bars_evaluated, b->bars_evaluated);
    assert_int_equal(a->bars_in_window, b->bars_in_window);
    assert_int_equal(a->days, b->days);
    assert_int_equal(a->days_with_fires, b->days_with_fires);
}

static void assert_same_fire(const struct study_fire *a, const struct study_fire *b)
{
    assert_true(a->at_ns == b->at_ns);
    assert_int_equal(a->bar, b->bar);
    assert_int_equal(a->symbol, b->symbol);
    assert_int_equal(a->day, b->day);
    assert_int_equal(a->minute, b->minute);
    assert_int_equal(a->session, b->session);
    assert_true(a->open == b->open && a->high == b->high && a->low == b->low);
    assert_true(a->close == b->close && a->volume == b->volume);
    assert_true(same_double(a->mfe, b->mfe) && same_double(a->mae, b->mae));
}

static void assert_same_result(const struct study_result *a, const struct study_result *b)
{
    assert_string_equal(a->digest, b->digest);
    assert_int_equal(a->horizon_count, b->horizon_count);
    assert_same_counts(&a->counts, &b->counts);
    assert_int_equal(a->fire_count, b->fire_count);
    for (size_t i = 0; i < a->fire_count; i++)
        assert_same_fire(&a->fires[i], &b->fires[i]);
    for (size_t i = 0; i < a->fire_count * a->horizon_count; i++)
        assert_true(same_double(a->forward[i], b->forward[i]));
    for (size_t h = 0; h < a->horizon_count; h++)
        assert_same_stats(&a->horizons[h], &b->horizons[h]);
    assert_same_groups(&a->by_minute, &b->by_minute, a->horizon_count);
    assert_same_groups(&a->by_weekday, &b->by_weekday, a->horizon_count);
    assert_same_groups(&a->by_month, &b->by_month, a->horizon_count);
    assert_int_equal(a->map_count, b->map_count);
    for (size_t i = 0; i < a->map_count; i++) {
        assert_int_equal(a->map[i].day, b->map[i].day);
        assert_int_equal(a->map[i].minute, b->map[i].minute);
        assert_int_equal(a->map[i].fires, b->map[i].fires);
    }
    assert_int_equal(a->symbol_count, b->symbol_count);
    for (size_t i = 0; i < a->symbol_count; i++) {
        assert_same_counts(&a->symbols[i].counts, &b->symbols[i].counts);
        for (size_t h = 0; h < a->horizon_count; h++)
            assert_same_stats(&a->symbols[i].horizons[h], &b->symbols[i].horizons[h]);
    }
}

/* --- a result is what the definition says --- */

static void assert_near(double x, long double expected, long double scale)
{
    if (isnan(x) || isnan((double)expected)) {
        assert_true(isnan(x) && isnan((double)expected));
        return;
    }
    if (!(fabsl(x - expected) <= 1e-11L * (fabsl(expected) + scale)))
        fail_msg("%.17g, not %.17g", x, (double)expected);
}

static void assert_fires_as_defined(const struct study_result *result, const struct bars *bars,
                                    const struct study_request *r, const struct naive_study *n)
{
    size_t f = 0;
    for (int64_t i = 0; i < bars->count; i++) {
        if (!n->fires[i])
            continue;
        assert_true(f < result->fire_count);
        const struct study_fire *fire = &result->fires[f];
        struct study_fire expected = {.at_ns = bars->time_ns[i],
                                      .bar = i,
                                      .day = n->day[i],
                                      .minute = n->minute[i],
                                      .session = (int32_t)bars_session_of(bars, i),
                                      .open = bars->column[BAR_OPEN][i],
                                      .high = bars->column[BAR_HIGH][i],
                                      .low = bars->column[BAR_LOW][i],
                                      .close = bars->column[BAR_CLOSE][i],
                                      .volume = bars->column[BAR_VOLUME][i]};
        naive_excursions(bars, i, r, &expected.mfe, &expected.mae);
        assert_same_fire(fire, &expected);
        for (size_t h = 0; h < r->horizon_count; h++)
            assert_true(same_double(result->forward[f * r->horizon_count + h],
                                    n->forward[(size_t)i * r->horizon_count + h]));
        f++;
    }
    assert_int_equal(f, result->fire_count);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double naive_median(const struct study_result *result, size_t h)
{
    double *x = calloc(result->fire_count + 1, sizeof *x);
    size_t count = 0;
    for (size_t i = 0; i < result->fire_count; i++) {
        double value = result->forward[i * result->horizon_count + h];
        if (!isnan(value))
            x[count++] = value;
    }
    qsort(x, count, sizeof *x, compare_doubles);
    double median = NAN;
    if (count > 0)
        median = count % 2 ? x[count / 2] : (x[count / 2 - 1] + x[count / 2]) / 2;
    free(x);
    return median;
}

static void assert_stats_as_defined(const struct study_result *result,
                                    const struct study_request *r, const struct naive_study *n)
{
    bool fired_at[MINUTES_OF_DAY] = {false};
    for (int64_t i = 0; i < n->count; i++)
        fired_at[n->minute[i]] |= n->fires[i];
    bool *base = calloc((size_t)n->count + 1, sizeof *base);
    for (int64_t i = 0; i < n->count; i++)
        base[i] = n->inside[i] && fired_at[n->minute[i]] && !n->fires[i];
    for (size_t h = 0; h < r->horizon_count; h++) {
        const struct study_horizon_stats *s = &result->horizons[h];
        struct naive_moments a = naive_moments_of(n, h, r->horizon_count, n->fires);
        struct naive_moments b = naive_moments_of(n, h, r->horizon_count, base);
        assert_int_equal(s->n, a.n);
        assert_int_equal(s->base_n, b.n);
        assert_near(s->mean, a.mean, 1e-3L);
        assert_near(s->stdev, sqrtl(a.variance), 1e-3L);
        assert_near(s->median, naive_median(result, h), 1e-3L);
        assert_near(s->hit_rate, a.n ? (long double)a.hits / a.n : NAN, 0);
        assert_near(s->base_mean, b.mean, 1e-3L);
        assert_near(s->base_stdev, sqrtl(b.variance), 1e-3L);
        assert_near(s->base_hit_rate, b.n ? (long double)b.hits / b.n : NAN, 0);
        assert_near(s->difference, a.mean - b.mean, 1e-3L);
        struct welch w =
            welch_interval((struct sample){(double)a.n, (double)a.mean, (double)a.variance},
                           (struct sample){(double)b.n, (double)b.mean, (double)b.variance}, 0.95);
        assert_near(s->ci_low, w.low, 1e-3L);
        assert_near(s->ci_high, w.high, 1e-3L);
    }
    free(base);
}

static int32_t group_key(const struct study_fire *f, int kind)
{
    struct civil_date date = civil_from_days(f->day);
    return kind == 0   ? f->minute
           : kind == 1 ? civil_weekday(f->day)
                       : date.year * 12 + date.month - 1;
}

static void assert_groups_as_defined(const struct study_result *result)
{
    const struct study_groups *groups[] = {&result->by_minute, &result->by_weekday,
                                           &result->by_month};
    for (int kind = 0; kind < 3; kind++) {
        int64_t fires = 0;
        for (size_t g = 0; g < groups[kind]->count; g++) {
            const struct study_group *group = &groups[kind]->items[g];
            assert_true(g == 0 || group->key > groups[kind]->items[g - 1].key);
            int64_t expected = 0;
            for (size_t i = 0; i < result->fire_count; i++)
                expected += group_key(&result->fires[i], kind) == group->key;
            assert_int_equal(group->fires, expected);
            fires += group->fires;
            for (size_t h = 0; h < result->horizon_count; h++) {
                long double total = 0;
                int64_t n = 0, hits = 0;
                for (size_t i = 0; i < result->fire_count; i++) {
                    double x = result->forward[i * result->horizon_count + h];
                    if (group_key(&result->fires[i], kind) != group->key || isnan(x))
                        continue;
                    total += x;
                    n++;
                    hits += x > 0;
                }
                assert_int_equal(group->horizon[h].n, n);
                assert_near(group->horizon[h].mean, n ? total / n : NAN, 1e-3L);
                assert_near(group->horizon[h].hit_rate, n ? (long double)hits / n : NAN, 0);
            }
        }
        assert_int_equal(fires, result->fire_count);
    }
    int64_t mapped = 0;
    for (size_t i = 0; i < result->map_count; i++) {
        const struct study_map_cell *c = &result->map[i];
        assert_true(i == 0 || c->day > c[-1].day ||
                    (c->day == c[-1].day && c->minute > c[-1].minute));
        mapped += c->fires;
    }
    assert_int_equal(mapped, result->fire_count);
}

static void assert_as_defined(const struct study_result *result, const struct bars *bars,
                              const struct study_request *r)
{
    struct naive_study n = naive_study_of(bars, r);
    n.counts.bars_evaluated = result->counts.bars_evaluated;
    assert_same_counts(&result->counts, &n.counts);
    assert_fires_as_defined(result, bars, r, &n);
    assert_stats_as_defined(result, r, &n);
    assert_groups_as_defined(result);
    assert_int_equal(result->symbol_count, 1);
    assert_same_counts(&result->symbols[0].counts, &result->counts);
    for (size_t h = 0; h < result->horizon_count; h++)
        assert_same_stats(&result->symbols[0].horizons[h], &result->horizons[h]);
    naive_release(&n);
}

/* --- tests --- */

static const char *const RULES[] = {
    "rsi(14) < 30 and close > sma(200)",
    "rsi(5) < 40",
    "close > open",
    "close crosses above sma(20)",
    "ema(9) > ema(21) and close < ema(50)[3]",
    "close > 0",
    "close < 0",
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };

static void any_workers_and_shards_give_the_answer_of_one_pass(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0.02, 0);
    for (int i = 0; i < RULE_COUNT; i++) {
        struct rule *rule = compiled(RULES[i], 1);
        struct study_request r = request_for(rule, "2024-06-05", "2024-07-10");
        r.window.from_minute = 9 * 60 + 45;
        r.window.to_minute = 15 * 60;
        struct study_result *first = studied(&r, bars, pools[0]);
        assert_as_defined(first, bars, &r);
        for (int size = 0; size < SIZE_COUNT; size++) {
            r.shard_size = SIZES[size];
            for (int p = 0; p < POOLS; p++) {
                struct study_result *other = studied(&r, bars, pools[p]);
                assert_same_result(first, other);
                study_result_free(other);
            }
        }
        study_result_free(first);
        rule_free(rule);
    }
    bars_unref(bars);
}

static void random_zone_and_window(struct random *random, struct study_window *w)
{
    static const char *const zones[] = {"UTC", "America/New_York", "Asia/Kolkata"};
    w->zone = NULL;
    if (random_below(random, 2))
        assert_int_equal(zone_find(zones[random_below(random, 3)], &w->zone, NULL), ERR_OK);
    do {
        w->from_minute = (int32_t)random_below(random, MINUTES_OF_DAY);
        w->to_minute = (int32_t)random_below(random, MINUTES_OF_DAY + 1);
    } while (w->from_minute == w->to_minute);
    if (random_below(random, 3) == 0) {
        w->from_minute = 0;
        w->to_minute = MINUTES_OF_DAY;
    }
    w->weekdays = random_below(random, 2) ? (uint32_t)random_below(random, 128) : 0;
}

static void random_horizons(struct random *random, struct study_request *r)
{
    static const char *const names[] = {"1m",   "3m",  "5m",    "17m",       "1h", "5h",
                                        "390m", "20h", "close", "next_open", "45s"};
    r->horizon_count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (random_below(random, 3) == 0)
            assert_int_equal(study_horizon_parse(names[i], strlen(names[i]),
                                                 &r->horizons[r->horizon_count++], NULL),
                             ERR_OK);
    }
    if (r->horizon_count == 0)
        study_horizon_parse("close", 5, &r->horizons[r->horizon_count++], NULL);
}

#ifdef VARIANT_SANITIZED
enum { ROUNDS = 25 };
#else
enum { ROUNDS = 150 };
#endif

static void random_requests_give_what_the_definition_says(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 99);
    const struct bars *sets[] = {
        generated_bars("XNYS", "2024-06-20", "2024-07-12", 1, 0.1, 0),
        generated_bars("XNYS", "2024-02-26", "2024-03-15", 2, 0, 390 * 9 + 77),
        generated_bars("24x7", "2024-03-07", "2024-03-12", 3, 0.3, 0),
        generated_bars("XNSE", "2024-02-26", "2024-03-15", 4, 0.05, 0),
    };
    for (int round = 0; round < ROUNDS; round++) {
        const struct bars *bars = sets[random_below(&random, 4)];
        struct rule *rule = compiled(RULES[random_below(&random, RULE_COUNT)], 1);
        struct study_request r = {.rule = rule, .timeframe = {1}};
        study_request_defaults(&r);
        r.trigger = (enum study_trigger)random_below(&random, 3);
        static const int64_t cooldowns_min[] = {0, 1, 2, 30, 390, 24 * 60, 3 * 24 * 60 + 17};
        r.cooldown_ns = cooldowns_min[random_below(&random, 7)] * NS_PER_MINUTE;
        random_zone_and_window(&random, &r.window);
        random_horizons(&random, &r);
        int64_t span = bars->time_ns[bars->count - 1] - bars->time_ns[0];
        r.from_ns = bars->time_ns[0] + (int64_t)(random_unit(&random) * (double)span / 2);
        r.to_ns = r.from_ns + 1 + (int64_t)(random_unit(&random) * 1.2 * (double)span);
        r.shard_size = SIZES[random_below(&random, SIZE_COUNT)];
        struct study_result *result = studied(&r, bars, pools[random_below(&random, POOLS)]);
        assert_as_defined(result, bars, &r);
        study_result_free(result);
        rule_free(rule);
    }
    for (size_t i = 0; i < 4; i++)
        bars_unref(sets[i]);
}

static void resampled_bars_work(void **state)
{
    (void)state;
    const struct bars *minutes = generated_bars("XNYS", "2024-05-20", "2024-07-12", 7, 0.05, 0);
    const struct bars *quarters = NULL;
    assert_int_equal(
        bars_resample(minutes, (struct timeframe){15}, BAR_ALL_COLUMNS, &quarters, NULL), ERR_OK);
    struct rule *rule = compiled("rsi(3) < 45", 15);
    struct study_request r = request_for(rule, "2024-05-25", "2024-07-12");
    r.timeframe.minutes = 15;
    for (int size = 0; size < SIZE_COUNT; size++) {
        r.shard_size = SIZES[size];
        struct study_result *result = studied(&r, quarters, pools[1]);
        assert_true(result->counts.fires > 0);
        assert_as_defined(result, quarters, &r);
        study_result_free(result);
    }
    rule_free(rule);
    bars_unref(quarters);
    bars_unref(minutes);
}

/* The fresh starts of some shards are wrong here, if threads make any; test_study_order.c makes
 * sure. */
static void shards_that_may_have_begun_wrong_make_no_difference(void **state)
{
    (void)state;
    const struct bars *bars = crashing_bars(30, 8);
    struct rule *rule = compiled("close > ema(200)", 1);
    struct study_request r = request_for(rule, "2024-01-01", "2024-01-30");
    struct study_result *whole = studied(&r, bars, pools[0]);
    assert_as_defined(whole, bars, &r);
    for (int size = 0; size < SIZE_COUNT; size++) {
        r.shard_size = SIZES[size];
        for (int p = 0; p < POOLS; p++) {
            struct study_result *other = studied(&r, bars, pools[p]);
            assert_same_result(whole, other);
            study_result_free(other);
        }
    }
    study_result_free(whole);
    rule_free(rule);
    bars_unref(bars);
}

static void daily_bars_work(void **state)
{
    (void)state;
    struct made_bar rows[60];
    int64_t count = 0;
    struct session session;
    for (int32_t day = day_of("2024-05-01");
         count < 60 && calendar_next_session(calendar_named("XNYS"), day, &session);
         day = session.day + 1) {
        double price = 50 + (double)(count * 7 % 11);
        rows[count++] = (struct made_bar){session.open_ns, price - 1, price + 2, price - 3, price};
    }
    const struct bars *bars = made_bars("XNYS", 0, rows, count);
    struct rule *rule = compiled("close > sma(5)", 0);
    struct study_request r = request_for(rule, "2024-05-10", "2024-07-20");
    r.timeframe.minutes = 0;
    struct study_result *result = studied(&r, bars, pools[2]);
    assert_true(result->counts.fires > 10);
    assert_as_defined(result, bars, &r);
    assert_int_equal(result->horizons[0].n, 0); /* nothing is known inside a day */
    assert_int_equal(result->horizons[5].n, result->counts.fires);
    study_result_free(result);
    rule_free(rule);
    bars_unref(bars);
}

/* --- several symbols, failures and going on --- */

enum { SYMBOLS = 4 };

struct fixture {
    const struct bars *bars[SYMBOLS];
    struct study_symbol symbols[SYMBOLS];
    _Atomic int loads[SYMBOLS];
    int fail_load; /* symbol whose load fails; -1 = none */
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->fail_load = -1;
    f->bars[0] = generated_bars("XNYS", "2024-05-20", "2024-07-12", 1, 0.02, 0);
    f->bars[1] = generated_bars("XNYS", "2024-01-02", "2024-01-31", 2, 0, 0); /* before the range */
    f->bars[2] = generated_bars("XNYS", "2024-06-03", "2024-06-28", 3, 0.1, 0);
    f->bars[3] = generated_bars("XNSE", "2024-06-03", "2024-07-05", 4, 0, 0);
    static const char *const names[] = {"AAA", "OLD", "BBB", "CCC"};
    for (int i = 0; i < SYMBOLS; i++) {
        struct shard_symbol *stored = &f->symbols[i].stored;
        struct shard_day *days = NULL;
        assert_int_equal(shard_days_of(f->bars[i], &days, &stored->day_count, NULL), ERR_OK);
        stored->days = days;
        stored->name = names[i];
        stored->calendar = f->bars[i]->calendar;
        f->symbols[i].data_hash[0] = (unsigned char)i;
    }
}

static void fixture_release(struct fixture *f)
{
    for (int i = 0; i < SYMBOLS; i++) {
        free((void *)f->symbols[i].stored.days);
        bars_unref(f->bars[i]);
    }
}

static enum err load(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    struct fixture *f = context;
    atomic_fetch_add(&f->loads[symbol], 1);
    if ((int)symbol == f->fail_load)
        return error_set(e, ERR_IO, "the disk is gone");
    *ret = bars_ref(f->bars[symbol]);
    return ERR_OK;
}

/* What a job service would note. */
struct store {
    int64_t count;
    int64_t fires;
    int64_t fail_at; /* refuse this shard; -1 = none */
    _Atomic bool *cancel;
    int64_t cancel_at;
};

static enum err note(void *context, const struct study_shard_done *done, struct error *e)
{
    struct store *s = context;
    assert_int_equal(done->index, s->count);
    if (done->index == s->fail_at)
        return error_set(e, ERR_DISK_FULL, "no room for shard %d", (int)done->index);
    s->count++;
    s->fires += (int64_t)done->fire_count;
    for (size_t i = 0; i < done->fire_count; i++) {
        assert_int_equal(done->fires[i].symbol, done->shard->symbol);
        assert_true(done->fires[i].bar >= done->shard->first_bar &&
                    done->fires[i].bar < done->shard->end_bar);
    }
    if (s->cancel && done->index == s->cancel_at)
        atomic_store(s->cancel, true);
    return ERR_OK;
}

static struct study *study_of(struct fixture *f, const struct study_request *r)
{
    struct study *s = NULL;
    struct error e = {0};
    enum err code = study_create(r, f->symbols, SYMBOLS, &s, &e);
    if (code != ERR_OK)
        fail_msg("create: %s", e.message);
    return s;
}

static struct study_result *finished(struct study *s)
{
    struct study_result *result = NULL;
    struct study_progress p;
    study_progress(s, &p);
    assert_int_equal(p.shards_done, p.shards_total);
    assert_int_equal(p.bars_done, p.bars_total);
    assert_int_equal(study_finish(s, NULL, &result, NULL), ERR_OK);
    study_free(s);
    return result;
}

static struct study_result *run_all(struct fixture *f, const struct study_request *r,
                                    struct worker_pool *pool, struct store *store)
{
    struct study *s = study_of(f, r);
    struct study_source source = {load, f};
    struct study_sink sink = {note, store};
    struct error e = {0};
    enum err code = study_run(s, pool, &source, store ? &sink : NULL, NULL, &e);
    if (code != ERR_OK)
        fail_msg("run: %s", e.message);
    return finished(s);
}

static void symbols_are_pooled_and_told_apart(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct rule *rule = compiled("rsi(5) < 30", 1);
    struct study_request r = request_for(rule, "2024-06-01", "2024-07-06");
    r.cooldown_ns = 20 * NS_PER_MINUTE;
    struct study_result *pooled = run_all(&f, &r, pools[1], NULL);
    assert_int_equal(pooled->symbol_count, SYMBOLS);
    assert_int_equal(f.loads[0], 1);
    assert_int_equal(f.loads[1], 0); /* nothing of it is in the range */
    struct study_counts counts = {0};
    size_t f0 = 0;
    for (int i = 0; i < SYMBOLS; i++) {
        struct study_result *alone = studied(&r, f.bars[i], pools[0]);
        assert_as_defined(alone, f.bars[i], &r);
        assert_same_counts(&alone->counts, &pooled->symbols[i].counts);
        for (size_t h = 0; h < r.horizon_count; h++)
            assert_same_stats(&alone->horizons[h], &pooled->symbols[i].horizons[h]);
        for (size_t k = 0; k < alone->fire_count; k++, f0++) {
            alone->fires[k].symbol = i;
            assert_same_fire(&alone->fires[k], &pooled->fires[f0]);
        }
        counts.fires += alone->counts.fires;
        counts.bars_in_window += alone->counts.bars_in_window;
        study_result_free(alone);
    }
    assert_int_equal(pooled->counts.fires, counts.fires);
    assert_int_equal(pooled->counts.bars_in_window, counts.bars_in_window);
    assert_true(isnan(pooled->symbols[1].horizons[0].mean));
    assert_groups_as_defined(pooled);
    for (int size = 0; size < SIZE_COUNT; size++) {
        r.shard_size = SIZES[size];
        struct study_result *other = run_all(&f, &r, pools[3], NULL);
        assert_same_result(pooled, other);
        study_result_free(other);
    }
    study_result_free(pooled);
    rule_free(rule);
    fixture_release(&f);
}

static void a_run_that_failed_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct rule *rule = compiled("rsi(5) < 30", 1);
    struct study_request r = request_for(rule, "2024-06-10", "2024-07-06");
    r.cooldown_ns = 90 * NS_PER_MINUTE;
    r.shard_size = (struct shard_size){SHARD_BY_WEEK, 0};
    struct study_result *whole = run_all(&f, &r, pools[0], NULL);

    struct study *s = study_of(&f, &r);
    struct study_source source = {load, &f};
    struct store store = {.fail_at = 2};
    struct study_sink sink = {note, &store};
    struct error e = {0};
    for (store.fail_at = 2; store.fail_at < whole->shards; store.fail_at += 3) {
        assert_int_equal(study_run(s, pools[1], &source, &sink, NULL, &e), ERR_DISK_FULL);
        assert_int_equal(study_merged_shards(s), store.fail_at);
        struct study_progress p;
        study_progress(s, &p);
        assert_true(p.shards_done >= store.fail_at);
    }
    f.fail_load = 0;
    assert_int_equal(study_run(s, pools[1], &source, &sink, NULL, &e),
                     study_merged_shards(s) < study_plan(s)->symbol_first[1] ? ERR_IO : ERR_OK);
    f.fail_load = 3;
    if (study_merged_shards(s) < whole->shards)
        assert_int_equal(study_run(s, pools[1], &source, &sink, NULL, &e), ERR_IO);
    f.fail_load = -1;
    store.fail_at = -1;
    assert_int_equal(study_run(s, pools[2], &source, &sink, NULL, &e), ERR_OK);
    assert_int_equal(store.count, whole->shards);
    struct study_result *result = finished(s);
    assert_same_result(whole, result);
    study_result_free(result);
    study_result_free(whole);
    rule_free(rule);
    fixture_release(&f);
}

static void a_canceled_study_stops_and_can_go_on(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct rule *rule = compiled("rsi(5) < 30", 1);
    struct study_request r = request_for(rule, "2024-06-10", "2024-07-06");
    r.shard_size = (struct shard_size){SHARD_BY_DAY, 0};
    struct study_result *whole = run_all(&f, &r, pools[0], NULL);
    struct study *s = study_of(&f, &r);
    struct study_source source = {load, &f};
    _Atomic bool cancel = true;
    struct error e = {0};
    assert_int_equal(study_run(s, pools[1], &source, NULL, &cancel, &e), ERR_CANCELED);
    assert_int_equal(study_merged_shards(s), 0);
    cancel = false;
    struct store store = {.fail_at = -1, .cancel = &cancel, .cancel_at = 17};
    struct study_sink sink = {note, &store};
    assert_int_equal(study_run(s, pools[1], &source, &sink, &cancel, &e), ERR_CANCELED);
    assert_int_equal(study_merged_shards(s), 18);
    cancel = false;
    assert_int_equal(study_run(s, pools[1], &source, &sink, &cancel, &e), ERR_OK);
    struct study_result *result = finished(s);
    assert_same_result(whole, result);
    study_result_free(result);
    study_result_free(whole);
    rule_free(rule);
    fixture_release(&f);
}

static void data_that_changed_since_the_plan_is_a_conflict(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct rule *rule = compiled("close > open", 1);
    struct study_request r = request_for(rule, "2024-06-10", "2024-07-06");
    struct study *s = study_of(&f, &r);
    const struct bars *planned = f.bars[2];
    f.bars[2] = generated_bars("XNYS", "2024-06-03", "2024-06-28", 9, 0.1, 0);
    struct study_source source = {load, &f};
    struct error e = {0};
    assert_int_equal(study_run(s, pools[1], &source, NULL, NULL, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, "BBB"));
    study_free(s);
    bars_unref(planned);
    rule_free(rule);
    fixture_release(&f);
}

static void the_digest_stands_for_question_and_data(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-06-03", "2024-06-28", 3, 0, 0);
    struct rule *rule = compiled("close > sma(20)", 1);
    struct rule *spaced = compiled("( close ) > sma( 20 )", 1);
    struct rule *other = compiled("close > sma(21)", 1);
    struct study_request r = request_for(rule, "2024-06-05", "2024-06-28");
    struct study_result *base = studied(&r, bars, pools[0]);

    struct study_request same = r;
    same.rule = spaced;
    same.window.weekdays = WEEKDAYS_ALL;
    struct study_result *result = studied(&same, bars, pools[0]);
    assert_same_result(base, result);
    study_result_free(result);

    for (int i = 0; i < 7; i++) {
        struct study_request changed = r;
        if (i == 0)
            changed.rule = other;
        if (i == 1)
            changed.to_ns--;
        if (i == 2)
            changed.window.to_minute = 1439;
        if (i == 3)
            changed.trigger = STUDY_EVERY_BAR;
        if (i == 4)
            changed.cooldown_ns = 1;
        if (i == 5)
            changed.horizon_count--;
        if (i == 6)
            changed.window.zone = zone_utc();
        result = studied(&changed, bars, pools[0]);
        assert_string_not_equal(result->digest, base->digest);
        study_result_free(result);
    }
    assert_int_equal(study_of_bars(&r, "TEST", bars, (const unsigned char[DATA_HASH_BYTES]){9},
                                   pools[0], NULL, &result, NULL),
                     ERR_OK);
    assert_string_not_equal(result->digest, base->digest);
    study_result_free(result);
    assert_int_equal(study_of_bars(&r, "TSET", bars, HASH, pools[0], NULL, &result, NULL), ERR_OK);
    assert_string_not_equal(result->digest, base->digest);
    study_result_free(result);
    study_result_free(base);
    rule_free(rule);
    rule_free(spaced);
    rule_free(other);
    bars_unref(bars);
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct rule *rule = compiled("close > open", 1);
    struct study_request good = request_for(rule, "2024-06-05", "2024-06-28");
    for (int i = 0; i < 6; i++) {
        struct study_request r = good;
        static const char *const pointers[] = {"/to",         "/cooldown", "/horizons",
                                               "/horizons/5", "/horizons", "/window/to"};
        if (i == 0)
            r.to_ns = r.from_ns;
        if (i == 1)
            r.cooldown_ns = -1;
        if (i == 2)
            r.horizon_count = 0;
        if (i == 3)
            r.horizons[5] = r.horizons[0];
        if (i == 4)
            r.horizon_count = LIMIT_HORIZONS + 1;
        if (i == 5)
            r.window.to_minute = r.window.from_minute;
        struct study *s = NULL;
        struct error e = {0};
        assert_int_equal(study_create(&r, f.symbols, SYMBOLS, &s, &e), ERR_INVALID);
        assert_string_equal(e.pointer, pointers[i]);
        assert_null(s);
    }
    struct study *s = NULL;
    struct error e = {0};
    assert_int_equal(study_create(&good, f.symbols, 0, &s, &e), ERR_INVALID);
    struct rule_options number = {.timeframe = {1}, .any_type = true, .parameters = true};
    struct rule *series = NULL;
    assert_int_equal(rule_compile("close", 5, &number, &series, NULL), ERR_OK);
    good.rule = series;
    assert_int_equal(study_create(&good, f.symbols, SYMBOLS, &s, &e), ERR_RULE);
    rule_free(series);
    assert_int_equal(rule_compile("close > sma($n)", 15, &number, &series, NULL), ERR_OK);
    good.rule = series;
    assert_int_equal(study_create(&good, f.symbols, SYMBOLS, &s, &e), ERR_RULE);
    assert_non_null(strstr(e.message, "$n"));
    rule_free(series);
    rule_free(rule);
    fixture_release(&f);
}

static void names_of_triggers_and_horizons(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        enum study_trigger t = (enum study_trigger)i, back;
        const char *name = study_trigger_name(t);
        assert_int_equal(study_trigger_parse(name, strlen(name), &back, NULL), ERR_OK);
        assert_int_equal(back, t);
    }
    enum study_trigger t;
    assert_int_equal(study_trigger_parse("on_tru", 6, &t, NULL), ERR_INVALID);
    struct study_horizon h;
    assert_int_equal(study_horizon_parse("1H", 2, &h, NULL), ERR_OK);
    assert_string_equal(h.name, "1h");
    assert_true(h.duration_ns == 60 * NS_PER_MINUTE);
    assert_int_equal(study_horizon_parse("Next_Open", 9, &h, NULL), ERR_OK);
    assert_int_equal(h.kind, HORIZON_NEXT_OPEN);
    assert_string_equal(h.name, "next_open");
    static const char *const bad[] = {"0m", "",       "open",
                                      "5",  "closes", "000000000000000000000000000005m"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(study_horizon_parse(bad[i], strlen(bad[i]), &h, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_workers_and_shards_give_the_answer_of_one_pass),
        cmocka_unit_test(random_requests_give_what_the_definition_says),
        cmocka_unit_test(resampled_bars_work),
        cmocka_unit_test(daily_bars_work),
        cmocka_unit_test(shards_that_may_have_begun_wrong_make_no_difference),
        cmocka_unit_test(symbols_are_pooled_and_told_apart),
        cmocka_unit_test(a_run_that_failed_goes_on_where_it_stopped),
        cmocka_unit_test(a_canceled_study_stops_and_can_go_on),
        cmocka_unit_test(data_that_changed_since_the_plan_is_a_conflict),
        cmocka_unit_test(the_digest_stands_for_question_and_data),
        cmocka_unit_test(requests_that_make_no_sense_are_refused),
        cmocka_unit_test(names_of_triggers_and_horizons),
    };
    return cmocka_run_group_tests(tests, make_pools, free_pools);
}
