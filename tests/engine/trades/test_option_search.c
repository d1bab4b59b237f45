/* Trades in options over made-up markets: nothing is seen ahead, no worker changes a thing, and the
 * digest stands for every price that was looked at. */
#include "engine/trades/option_search.h"

#include "base/random.h"
#include "tests/engine/trades/option_market.h"
#include "tests/engine/trades/simulated_jobs.h"

enum { ROUNDS = 40, FIRES = 8, BARS = 1200 };

/* A symbol with its market, ready to be searched. */
struct scene {
    const struct bars *bars;
    struct option_market market;
    struct option_source source;
    struct option_chain *chain;
    struct exit_search timeline;
    _Atomic int64_t held_bytes;
};

/* The bars with all prices from an instant on changed. */
static const struct bars *scrambled(const struct bars *bars, int64_t from_ns)
{
    struct bars_builder b;
    assert_int_equal(bars_builder_init(&b, bars->count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < bars->count; i++) {
        double factor = bars->time_ns[i] < from_ns ? 1 : 0.5 + market_unit(market_mix(9, i, 1));
        b.time_ns[i] = bars->time_ns[i];
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b.column[c][i] = bars->column[c][i] * factor;
    }
    const struct bars *ret = NULL;
    assert_int_equal(bars_publish(&b, bars->calendar, bars->timeframe, -2, &ret, NULL), ERR_OK);
    bars_builder_release(&b);
    return ret;
}

static void scene_init(struct scene *s, const struct strategy *y, const struct bars *bars,
                       const uint64_t *exits, uint64_t seed, int64_t scrambled_ns)
{
    memset(s, 0, sizeof *s);
    s->bars = scrambled(bars, scrambled_ns);
    option_market_init(&s->market, s->bars, seed, scrambled_ns);
    if (seed % 4 == 0) { /* nothing is stored */
        option_market_release(&s->market);
        s->market.count = 0;
    }
    s->source = option_market_source(&s->market);
    const struct exit_inputs in = {
        .strategy = y, .bars = s->bars, .end_bar = s->bars->count, .exit_mask = exits};
    assert_int_equal(exit_search_init(&s->timeline, &in, NULL), ERR_OK);
    assert_int_equal(option_chain_create(&s->source, 0, &s->held_bytes, &s->chain, NULL), ERR_OK);
}

static void scene_release(struct scene *s)
{
    exit_search_release(&s->timeline);
    option_chain_free(s->chain);
    option_market_release(&s->market);
    bars_unref(s->bars);
}

static bool find(struct scene *s, int64_t fire_bar, struct trade_candidate *ret)
{
    const struct option_search search = {&s->timeline, s->chain};
    bool found = false;
    struct error e = {0};
    if (option_search_find(&search, fire_bar, ret, &found, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return found;
}

static struct strategy option_strategy(struct random *r)
{
    static const char *const strikes[] = {"atm", "otm1", "itm2", "delta:0.30"};
    struct strategy y;
    strategy_defaults(&y);
    y.entry = (enum trade_entry)random_below(r, 2);
    y.intrabar = (enum intrabar)random_below(r, 3);
    if (random_below(r, 3))
        y.stop_loss =
            (struct strategy_distance){DISTANCE_PERCENT, random_between(r, 5, 60) * DECIMAL_ONE, 0};
    if (random_below(r, 3))
        y.take_profit = (struct strategy_distance){DISTANCE_PERCENT,
                                                   random_between(r, 5, 150) * DECIMAL_ONE, 0};
    y.max_holding_ns = (int64_t)random_below(r, 3) * random_between(r, 1, 600) * NS_PER_MINUTE;
    if (random_below(r, 3) == 0)
        y.flat_at_minute = 15 * 60 + 30;
    y.has_exit_rule = random_below(r, 3) == 0;
    if (random_below(r, 4) == 0) { /* held to the expiry */
        y.stop_loss.kind = y.take_profit.kind = DISTANCE_NONE;
        y.max_holding_ns = 0;
        y.flat_at_minute = FLAT_AT_NONE;
        y.has_exit_rule = false;
    }
    const char *strike = strikes[random_below(r, 4)];
    y.contract = (struct contract_rule){.given = true,
                                        .right = random_below(r, 2) ? OPTION_PUT : OPTION_CALL,
                                        .dte_min = (int32_t)random_below(r, 4),
                                        .dte_max = 4 + (int32_t)random_below(r, 10),
                                        .has_model = random_below(r, 2),
                                        .volatility = 0.3,
                                        .rate = 0.02};
    assert_int_equal(contract_strike_parse(strike, strlen(strike), &y.contract, NULL), ERR_OK);
    assert_int_equal(strategy_check(&y, NULL), ERR_OK);
    return y;
}

static void expect_sound(const struct scene *s, const struct strategy *y,
                         const struct trade_candidate *c)
{
    const struct trade_contract *o = &c->contract;
    int32_t dte = o->expiry_days - s->bars->sessions[bars_session_of(s->bars, c->fire_bar)].day;
    int64_t known_ns = bar_end_ns(s->bars, c->fire_bar);
    assert_true(trade_is_option(o) && o->right == y->contract.right);
    assert_true(dte >= y->contract.dte_min && dte <= y->contract.dte_max);
    assert_true(c->entry_at.at_ns >= known_ns && c->entry_price > 0);
    assert_true(fill_time_compare(c->entry_at, c->exit_at) <= 0);
    assert_true(c->exit_at.at_ns <= option_expiry_ns(s->bars->calendar, o->expiry_days));
    assert_true(c->entry_bar >= c->fire_bar && c->exit_bar >= c->entry_bar && c->bars_held >= 0);
    assert_true(c->chosen.price >= 0);
    if (y->flat_at_minute == FLAT_AT_NONE || o->prices != CONTRACT_MODEL)
        return;
    int64_t session = bars_session_of(s->bars, c->entry_bar);
    assert_true(c->exit_at.at_ns <= s->bars->sessions[session].close_ns);
}

static bool same(const struct trade_candidate *a, const struct trade_candidate *b)
{
    return a->entry_bar == b->entry_bar && a->exit_bar == b->exit_bar &&
           a->entry_price == b->entry_price && a->stop_price == b->stop_price &&
           a->target_price == b->target_price && a->bars_held == b->bars_held &&
           a->ambiguous == b->ambiguous && a->chosen.price == b->chosen.price &&
           a->chosen.reason == b->chosen.reason && a->best.price == b->best.price &&
           a->worst.price == b->worst.price && a->contract.prices == b->contract.prices &&
           a->contract.expiry_days == b->contract.expiry_days &&
           a->contract.strike_milli == b->contract.strike_milli &&
           fill_time_compare(a->entry_at, b->entry_at) == 0 &&
           fill_time_compare(a->exit_at, b->exit_at) == 0;
}

/* Everything from the end of a candidate's last bar on is changed: it must stay as it was. */
static void nothing_after_an_exit_was_looked_at(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 7);
    int found[CONTRACT_MODEL + 1] = {0}, reasons[EXIT_REASON_COUNT] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct strategy y = option_strategy(&r);
        const struct bars *bars =
            generated_bars("XNYS", "2024-06-27", "2024-07-12", round, 0.02, BARS);
        uint64_t exits[BARS / 64 + 1];
        for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
            exits[i] = UINT64_C(1) << random_below(&r, 64); /* one bar in 64 */
        struct scene whole, cut;
        scene_init(&whole, &y, bars, exits, round, INT64_MAX);
        for (int i = 0; i < FIRES; i++) {
            struct trade_candidate c, again;
            int64_t fire = (int64_t)random_below(&r, (uint64_t)bars->count);
            if (!find(&whole, fire, &c))
                continue;
            found[c.contract.prices]++;
            reasons[c.chosen.reason]++;
            expect_sound(&whole, &y, &c);
            if (c.chosen.reason == EXIT_END_OF_DATA)
                continue;
            bool at_close = c.exit_at.phase == PHASE_CLOSE;
            scene_init(&cut, &y, bars, exits, round,
                       c.exit_at.at_ns + (at_close ? 0 : NS_PER_MINUTE));
            assert_true(find(&cut, fire, &again));
            assert_true(same(&c, &again));
            scene_release(&cut);
        }
        scene_release(&whole);
        bars_unref(bars);
    }
    for (int i = CONTRACT_QUOTES; i <= CONTRACT_MODEL; i++)
        if (found[i] <= 3)
            fail_msg("prices %d: %d trades", i, found[i]);
    for (int i = 0; i < EXIT_REASON_COUNT; i++)
        if (reasons[i] == 0)
            fail_msg("no trade ends by %s", exit_reason_name((enum exit_reason)i));
}

/* ---- whole simulations ---- */

struct option_job {
    struct simulated_job job;
    struct option_market *markets; /* [symbol_count] */
    struct option_source source;
};

static void option_job_init(struct option_job *o, uint64_t seed)
{
    struct random r;
    random_seed(&r, seed);
    job_init_symbols(&o->job, seed, 2, 900);
    rule_free(o->job.exit_rule);
    o->job.exit_rule = NULL;
    o->job.request.from_ns = o->job.bars[0]->time_ns[0];
    o->job.request.to_ns = o->job.bars[0]->time_ns[800];
    o->job.strategy = option_strategy(&r);
    o->job.strategy.has_exit_rule = false;
    o->job.strategy.contract.has_model = true;
    o->markets = calloc(2, sizeof *o->markets);
    assert_non_null(o->markets);
    for (size_t s = 0; s < 2; s++)
        option_market_init(&o->markets[s], o->job.bars[s], seed + s, INT64_MAX);
    o->source = option_market_source(o->markets);
}

static void option_job_release(struct option_job *o)
{
    for (size_t s = 0; s < 2; s++)
        option_market_release(&o->markets[s]);
    free(o->markets);
    job_release(&o->job);
}

static struct simulation *simulate(struct option_job *o, const struct study_result *study,
                                   struct worker_pool *pool)
{
    struct study_source source = {job_load, &o->job};
    struct simulation_input in = job_input(&o->job, study, &source);
    struct simulation *s = NULL;
    struct error e = {0};
    in.options = &o->source;
    if (simulation_run(&in, pool, NULL, &s, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return s;
}

static void any_number_of_workers_gives_the_same_digest(void **state)
{
    (void)state;
    static const int32_t workers[] = {1, 2, 5};
    int64_t trades = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct option_job o;
        char digest[SHA256_TEXT] = "";
        option_job_init(&o, seed);
        for (int w = 0; w < 3; w++) {
            struct worker_pool *pool = NULL;
            assert_int_equal(worker_pool_create(workers[w], false, &pool, NULL), ERR_OK);
            struct study_result *study =
                job_study(&o.job, pool, (struct shard_size){(enum shard_unit)w});
            struct simulation *s = simulate(&o, study, pool);
            if (w > 0)
                assert_string_equal(s->digest, digest);
            memcpy(digest, s->digest, sizeof digest);
            trades += s->ledger->counts.trades;
            simulation_free(s);
            study_result_free(study);
            worker_pool_free(pool);
        }
        option_job_release(&o);
    }
    assert_true(trades > 100);
}

static void the_digest_stands_for_prices_and_contract(void **state)
{
    (void)state;
    struct option_job o;
    struct worker_pool *pool = NULL;
    option_job_init(&o, 3);
    assert_int_equal(worker_pool_create(2, false, &pool, NULL), ERR_OK);
    struct study_result *study = job_study(&o.job, pool, (struct shard_size){SHARD_BY_DAY});
    struct simulation *before = simulate(&o, study, pool);
    assert_true(before->ledger->counts.trades > 0 && o.markets[0].loads > 0);

    o.job.strategy.contract.volatility += 1e-9; /* of the model: part of the question */
    struct simulation *after = simulate(&o, study, pool);
    assert_string_not_equal(before->digest, after->digest);
    simulation_free(after);
    o.job.strategy.contract.volatility -= 1e-9;

    for (size_t s = 0; s < 2; s++) { /* another market */
        option_market_release(&o.markets[s]);
        option_market_init(&o.markets[s], o.job.bars[s], 99 + s, INT64_MAX);
    }
    after = simulate(&o, study, pool);
    assert_string_not_equal(before->digest, after->digest);
    simulation_free(after);
    simulation_free(before);
    study_result_free(study);
    worker_pool_free(pool);
    option_job_release(&o);
}

static enum err failing_load(void *context, size_t symbol, const struct option_listing *contract,
                             enum option_series series, const struct bars **ret, struct error *e)
{
    (void)context;
    (void)symbol;
    (void)contract;
    (void)series;
    (void)ret;
    return error_set(e, ERR_IO, "the disk is gone");
}

static void a_source_that_fails_fails_the_simulation(void **state)
{
    (void)state;
    struct option_job o;
    struct worker_pool *pool = NULL;
    option_job_init(&o, 3);
    assert_int_equal(worker_pool_create(2, false, &pool, NULL), ERR_OK);
    struct study_result *study = job_study(&o.job, pool, (struct shard_size){SHARD_BY_DAY});
    struct study_source source = {job_load, &o.job};
    struct simulation_input in = job_input(&o.job, study, &source);
    struct simulation *s = NULL;
    struct error e = {0};
    o.source.load = failing_load;
    in.options = &o.source;
    assert_int_equal(simulation_run(&in, pool, NULL, &s, &e), ERR_IO);
    assert_null(s);
    study_result_free(study);
    worker_pool_free(pool);
    option_job_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_after_an_exit_was_looked_at),
        cmocka_unit_test(any_number_of_workers_gives_the_same_digest),
        cmocka_unit_test(the_digest_stands_for_prices_and_contract),
        cmocka_unit_test(a_source_that_fails_fails_the_simulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
