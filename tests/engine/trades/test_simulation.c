/* Simulations beside a serial one made from naive exits; the same digest for any workers and
 * shards; nothing before t knows of the bars after. */
#include "tests/engine/trades/naive_exit.h"
#include "tests/engine/trades/simulated_jobs.h"

#include <stdatomic.h>

#ifdef VARIANT_SANITIZED
enum { JOBS = 30, WORKERS = 16 };
#else
enum { JOBS = 200, WORKERS = 16 };
#endif
static const struct shard_size SIZES[] = {
    {SHARD_BY_MONTH, 0}, {SHARD_BY_DAY, 0}, {SHARD_BY_SESSIONS, 3}};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };
static struct worker_pool *pools[WORKERS];

static int make_pools(void **state)
{
    (void)state;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(worker_pool_create(i + 1, false, &pools[i], NULL), ERR_OK);
    return 0;
}

static int free_pools(void **state)
{
    (void)state;
    for (int i = 0; i < WORKERS; i++)
        worker_pool_free(pools[i]);
    return 0;
}

/* ---- the reference ---- */

static double *serial_values(const struct rule *rule, const struct bars *bars)
{
    struct rule_run *run = NULL;
    double *values = calloc((size_t)bars->count + 1, sizeof *values);
    assert_non_null(values);
    assert_int_equal(rule_run_create(rule, bars, &run, NULL), ERR_OK);
    rule_run_start(run, 0);
    rule_run_values(run, bars->count, values);
    rule_run_free(run);
    return values;
}

static double *serial_atr(const struct strategy_distance *d, const struct bars *bars)
{
    struct rule_options options = {.timeframe = {1}, .any_type = true};
    struct rule *rule = NULL;
    char text[32];
    if (d->kind != DISTANCE_ATR)
        return NULL;
    snprintf(text, sizeof text, "atr(%d)", (int)d->atr_period);
    assert_int_equal(rule_compile(text, strlen(text), &options, &rule, NULL), ERR_OK);
    double *values = serial_values(rule, bars);
    rule_free(rule);
    return values;
}

/* The bars that count end where `to` does. */
static int64_t count_before(const struct bars *bars, int64_t to_ns)
{
    int64_t end = 0;
    while (end < bars->count && bars->time_ns[end] < to_ns)
        end++;
    return end;
}

/* Appends the candidates of one symbol, fire by fire. */
static size_t naive_candidates(const struct simulated_job *j, const struct study_result *study,
                               int32_t symbol, struct trade_candidate *out)
{
    const struct bars *bars = j->bars[symbol];
    uint64_t *mask = calloc((size_t)bars->count / 64 + 1, sizeof *mask);
    double *exits = j->exit_rule ? serial_values(j->exit_rule, bars) : NULL;
    double *target = serial_atr(&j->strategy.take_profit, bars);
    double *stop = serial_atr(&j->strategy.stop_loss, bars);
    assert_non_null(mask);
    for (int64_t i = 0; exits && i < bars->count; i++)
        mask[i / 64] |= (uint64_t)(exits[i] == 1) << (i % 64);
    struct exit_inputs in = {.strategy = &j->strategy,
                             .bars = bars,
                             .end_bar = count_before(bars, j->request.to_ns),
                             .exit_mask = mask,
                             .take_profit_atr = target,
                             .stop_loss_atr = stop,
                             .symbol = symbol};
    size_t found = 0;
    for (size_t i = 0; i < study->fire_count; i++)
        if (study->fires[i].symbol == symbol)
            found += naive_exit_find(&in, study->fires[i].bar, &out[found]);
    free(mask);
    free(exits);
    free(target);
    free(stop);
    return found;
}

static struct ledger *naive_ledger(const struct simulated_job *j, const struct study_result *study,
                                   const struct simulation *s, enum ledger_case which)
{
    struct trade_candidate *items = calloc(study->fire_count + 1, sizeof *items);
    assert_non_null(items);
    struct ledger_input in = {.strategy = &j->strategy,
                              .bars = j->bars,
                              .symbol_count = j->symbol_count,
                              .candidates = items,
                              .from_ns = s->from_ns,
                              .to_ns = s->to_ns,
                              .which = which};
    for (size_t k = 0; k < j->symbol_count; k++)
        in.candidate_count += naive_candidates(j, study, (int32_t)k, items + in.candidate_count);
    struct ledger *l = NULL;
    assert_int_equal(ledger_run(&in, &l, NULL), ERR_OK);
    free(items);
    return l;
}

static struct metrics naive_metrics(const struct simulated_job *j, const struct ledger *l)
{
    struct metrics_input in = {.ledger = l,
                               .bars = j->bars,
                               .symbol_count = j->symbol_count,
                               .from_ns = j->request.from_ns,
                               .to_ns = j->request.to_ns,
                               .risk_free_rate = 0.03};
    struct metrics m;
    assert_int_equal(metrics_compute(&in, &m, NULL), ERR_OK);
    return m;
}

static void assert_same_ledger(const struct ledger *a, const struct ledger *b)
{
    assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
    for (int64_t i = 0; i < a->counts.trades; i++)
        assert_true(same_trade(&a->trades[i], &b->trades[i]));
    assert_int_equal(a->point_count, b->point_count);
    for (size_t i = 0; i < a->point_count; i++) {
        assert_int_equal(a->points[i].at_ns, b->points[i].at_ns);
        assert_int_equal(a->points[i].equity, b->points[i].equity);
        assert_int_equal(a->points[i].cash, b->points[i].cash);
    }
}

/* All members are 8 bytes long: there is no padding, and every NaN comes from the same expression.
 */
static void assert_same_metrics(const struct metrics *a, const struct metrics *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static void assert_counted(const struct simulation *s, const struct study_result *study)
{
    struct trade_stats sum = {0};
    for (size_t i = 0; i < s->symbol_count; i++) {
        const struct trade_stats *t = &s->symbols[i];
        int64_t exits = 0, trades = 0, pnl = 0;
        for (int k = 0; k < EXIT_REASON_COUNT; k++)
            exits += t->exits[k];
        for (int64_t k = 0; k < s->ledger->counts.trades; k++)
            if (s->ledger->trades[k].symbol == (int32_t)i) {
                trades++;
                pnl += s->ledger->trades[k].pnl;
            }
        assert_int_equal(t->fires, study->symbols[i].counts.fires);
        assert_int_equal(t->trades, trades);
        assert_int_equal(exits, trades);
        assert_int_equal(t->pnl, pnl);
        assert_true(t->trades == 0 ? isnan(t->win_rate)
                                   : t->win_rate == (double)t->wins / (double)t->trades);
        sum.candidates += t->candidates;
        sum.pnl += pnl;
    }
    assert_int_equal(s->pooled.candidates, sum.candidates);
    assert_int_equal(s->pooled.pnl, sum.pnl);
    assert_int_equal(s->pooled.trades, s->chosen.trades);
    assert_int_equal(s->pooled.wins, s->chosen.wins);
    assert_int_equal(s->pooled.losses, s->chosen.losses);
    assert_int_equal(s->pooled.ambiguous, s->chosen.ambiguous);
    assert_int_equal(s->pooled.commission, llrint(s->chosen.commission * 1e6));
    assert_true(s->pooled.profit_factor == s->chosen.profit_factor ||
                isnan(s->chosen.profit_factor));
}

/* Returns how many trades there were. */
static int64_t assert_as_serial(struct simulated_job *j, struct worker_pool *pool,
                                int64_t *ambiguous)
{
    struct study_result *study = job_study(j, pools[1], SIZES[0]);
    struct simulation *s = job_simulate(j, study, pool);
    const struct metrics *const metrics[] = {&s->chosen, &s->best, &s->worst};
    for (int k = 0; k < 3; k++) {
        struct ledger *l = naive_ledger(j, study, s, (enum ledger_case)k);
        struct metrics expected = naive_metrics(j, l);
        if (k == LEDGER_CHOSEN)
            assert_same_ledger(s->ledger, l);
        assert_same_metrics(metrics[k], &expected);
        ledger_free(l);
    }
    assert_counted(s, study);
    int64_t trades = s->chosen.trades;
    *ambiguous += s->chosen.ambiguous;
    simulation_free(s);
    study_result_free(study);
    return trades;
}

static void a_simulation_is_the_serial_one(void **state)
{
    (void)state;
    int64_t trades = 0, ambiguous = 0;
    for (uint64_t seed = 1000; seed < 1060; seed++) {
        struct simulated_job j;
        job_init(&j, seed);
        trades += assert_as_serial(&j, pools[seed % WORKERS], &ambiguous);
        job_release(&j);
    }
    assert_true(trades > 1000);
    assert_true(ambiguous > 20);
}

/* More symbols than are prepared at a time; some have no fires, or no bar in the range. */
static void so_is_one_over_many_symbols(void **state)
{
    (void)state;
    int64_t trades = 0, ambiguous = 0;
    for (uint64_t seed = 3000; seed < 3006; seed++) {
        struct simulated_job j;
        job_init_symbols(&j, seed, JOB_SYMBOLS_MAX, 300);
        trades += assert_as_serial(&j, pools[seed % 4], &ambiguous);
        job_release(&j);
    }
    assert_true(trades > 300);
}

/* ---- workers and shards ---- */

/* Each job is run with every number of workers, and with every size of shard. */
static void the_digest_is_the_same_for_any_workers_and_shards(void **state)
{
    (void)state;
    int64_t trades = 0;
    for (uint64_t seed = 0; seed < JOBS; seed++) {
        char digest[SHA256_TEXT] = "";
        struct simulated_job j;
        job_init(&j, seed);
        for (int w = 0; w < WORKERS; w++) {
            struct study_result *study = job_study(&j, pools[w], SIZES[w % SIZE_COUNT]);
            struct simulation *s = job_simulate(&j, study, pools[w]);
            if (w == 0)
                memcpy(digest, s->digest, sizeof digest);
            if (strcmp(digest, s->digest) != 0)
                fail_msg("job %d differs with %d workers", (int)seed, w + 1);
            trades += s->chosen.trades;
            simulation_free(s);
            study_result_free(study);
        }
        job_release(&j);
    }
    assert_true(trades > 100 * JOBS);
}

static void digest_of(struct simulated_job *j, const struct study_result *study,
                      char out[SHA256_TEXT])
{
    struct simulation *s = job_simulate(j, study, pools[0]);
    memcpy(out, s->digest, SHA256_TEXT);
    simulation_free(s);
}

static void the_digest_covers_the_strategy(void **state)
{
    (void)state;
    struct simulated_job j;
    job_init(&j, 5);
    strategy_defaults(&j.strategy);
    rule_free(j.exit_rule);
    j.exit_rule = NULL;
    struct study_result *study = job_study(&j, pools[0], SIZES[0]);
    char before[SHA256_TEXT], after[SHA256_TEXT];
    digest_of(&j, study, before);
    digest_of(&j, study, after);
    assert_string_equal(before, after);
    assert_string_not_equal(before, study->digest);
    /* Two that give the same trades: no exit is ever reached. */
    j.strategy.take_profit = (struct strategy_distance){DISTANCE_OFFSET, 5000 * DECIMAL_ONE, 0};
    digest_of(&j, study, after);
    assert_string_not_equal(before, after);
    study_result_free(study);
    job_release(&j);
}

/* ---- no look-ahead ---- */

/* The same times; from `after_ns` on, other prices, in cents as those before: how exactly a series
 * is summed depends on the decimals of all its prices. */
/* In whole cents, or with as many decimals as a double has. */
static const struct bars *corrupted(const struct bars *bars, int64_t after_ns, struct random *r)
{
    struct bars_builder b;
    bool in_cents = random_below(r, 2) == 0;
    assert_int_equal(bars_builder_init(&b, bars->count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < bars->count; i++) {
        double factor = bars->time_ns[i] >= after_ns ? 1 + 0.03 * (double)random_below(r, 4) : 1;
        b.time_ns[i] = bars->time_ns[i];
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b.column[c][i] = in_cents || bars->time_ns[i] < after_ns
                                 ? round(bars->column[c][i] * factor * 100) / 100
                                 : bars->column[c][i] * factor / 1.01;
    }
    const struct bars *ret = NULL;
    assert_int_equal(bars_publish(&b, bars->calendar, bars->timeframe, -2, &ret, NULL), ERR_OK);
    bars_builder_release(&b);
    return ret;
}

/* What both have said by t_ns; a bar's inside is known at its end. Returns the trades compared. */
static int64_t assert_same_until(const struct simulated_job *j, const struct simulation *a,
                                 const struct simulation *b, int64_t t_ns)
{
    int64_t i = 0;
    for (; i < a->ledger->counts.trades; i++) {
        const struct trade *t = &a->ledger->trades[i];
        if (bar_end_ns(j->bars[t->symbol], t->exit_bar) > t_ns)
            break;
        assert_true(i < b->ledger->counts.trades);
        assert_true(same_trade(t, &b->ledger->trades[i]));
    }
    for (size_t p = 0; p < a->ledger->point_count; p++) {
        const struct equity_point *x = &a->ledger->points[p], *y = &b->ledger->points[p];
        if (x->at_ns + NS_PER_MINUTE > t_ns)
            break;
        assert_true(p < b->ledger->point_count);
        assert_true(x->at_ns == y->at_ns && x->equity == y->equity && x->cash == y->cash);
    }
    return i;
}

static int64_t assert_same_fires_until(const struct study_result *a, const struct study_result *b,
                                       int64_t t_ns)
{
    int64_t compared = 0;
    size_t at = 0;
    for (size_t i = 0; i < a->fire_count; i++) {
        const struct study_fire *fire = &a->fires[i];
        if (fire->at_ns + NS_PER_MINUTE > t_ns)
            continue;
        while (at < b->fire_count &&
               (b->fires[at].symbol < fire->symbol || b->fires[at].at_ns + NS_PER_MINUTE > t_ns))
            at++;
        assert_true(at < b->fire_count);
        assert_true(b->fires[at].symbol == fire->symbol && b->fires[at].at_ns == fire->at_ns &&
                    b->fires[at].close == fire->close);
        at++;
        compared++;
    }
    return compared;
}

static void bars_after_t_change_nothing_before(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 99);
    int64_t fires = 0, trades = 0, differing = 0;
    for (uint64_t seed = 2000; seed < 2120; seed++) {
        struct simulated_job j;
        job_init(&j, seed);
        struct study_result *study = job_study(&j, pools[1], SIZES[1]);
        struct simulation *a = job_simulate(&j, study, pools[1]);
        struct simulated_job other = j;
        int64_t t_ns = a->from_ns + (a->to_ns - a->from_ns) / 100 * random_between(&r, 20, 95);
        for (size_t s = 0; s < j.symbol_count; s++)
            other.bars[s] = corrupted(j.bars[s], t_ns, &r);
        struct study_result *other_study = job_study(&other, pools[1], SIZES[1]);
        struct simulation *b = job_simulate(&other, other_study, pools[1]);
        fires += assert_same_fires_until(study, other_study, t_ns);
        trades += assert_same_until(&j, a, b, t_ns);
        differing += strcmp(a->digest, b->digest) != 0;
        for (size_t s = 0; s < j.symbol_count; s++)
            bars_unref(other.bars[s]);
        simulation_free(a);
        simulation_free(b);
        study_result_free(study);
        study_result_free(other_study);
        job_release(&j);
    }
    assert_true(fires > 5000);
    assert_true(trades > 1000);
    assert_true(differing > 100);
}

/* ---- small things ---- */

static enum err load_other(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    (void)symbol;
    (void)e;
    *ret = bars_ref(context);
    return ERR_OK;
}

static void other_bars_than_the_study_had_are_a_conflict(void **state)
{
    (void)state;
    struct simulated_job j;
    job_init(&j, 11);
    struct study_result *study = job_study(&j, pools[0], SIZES[0]);
    assert_true(study->fire_count > 0);
    /* Too few, and as many at other times. */
    const struct bars *others[] = {
        generated_bars("XNYS", "2024-06-27", "2024-06-28", 3, 0.5, 20),
        generated_bars("24x7", "2023-01-02", "2023-01-12", 3, 0, JOB_BARS),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct study_source source = {load_other, (void *)others[i]};
        struct simulation_input in = job_input(&j, study, &source);
        struct simulation *s = NULL;
        struct error e = {0};
        assert_int_equal(simulation_run(&in, pools[1], NULL, &s, &e), ERR_CONFLICT);
        assert_null(s);
        bars_unref(others[i]);
    }
    study_result_free(study);
    job_release(&j);
}

static void a_canceled_simulation_ends(void **state)
{
    (void)state;
    struct simulated_job j;
    job_init(&j, 12);
    struct study_result *study = job_study(&j, pools[0], SIZES[0]);
    struct study_source source = {job_load, &j};
    struct simulation_input in = job_input(&j, study, &source);
    struct simulation *s = NULL;
    _Atomic bool cancel = true;
    assert_int_equal(simulation_run(&in, pools[1], &cancel, &s, NULL), ERR_CANCELED);
    assert_null(s);
    study_result_free(study);
    job_release(&j);
}

/* A rule that never fires: no trades, and an account that stays as it was. */
static void without_fires_the_account_stays(void **state)
{
    (void)state;
    struct simulated_job j;
    job_init(&j, 13);
    rule_free(j.rule);
    j.request.rule = j.rule = job_rule("close > 1000000");
    struct study_result *study = job_study(&j, pools[0], SIZES[0]);
    struct simulation *s = job_simulate(&j, study, pools[2]);
    assert_int_equal(study->fire_count, 0);
    assert_int_equal(s->ledger->counts.candidates, 0);
    assert_int_equal(s->pooled.trades, 0);
    assert_false(s->has_ambiguous);
    assert_true(s->chosen.total_return == 0);
    assert_true(isnan(s->pooled.win_rate) && isnan(s->chosen.win_rate));
    assert_true(s->ledger->point_count > 1);
    simulation_free(s);
    study_result_free(study);
    job_release(&j);
}

/* The range of the account is that of the bars that count, not what was asked for. */
static void the_account_begins_and_ends_with_its_bars(void **state)
{
    (void)state;
    struct simulated_job j;
    job_init(&j, 14);
    j.request.from_ns = instant("2010-01-01", 0);
    j.request.to_ns = instant("2030-01-01", 0);
    struct study_result *study = job_study(&j, pools[0], SIZES[0]);
    struct simulation *s = job_simulate(&j, study, pools[0]);
    int64_t first_ns = INT64_MAX, end_ns = INT64_MIN;
    for (size_t i = 0; i < j.symbol_count; i++) {
        int64_t last_ns = bar_end_ns(j.bars[i], j.bars[i]->count - 1);
        first_ns = j.bars[i]->time_ns[0] < first_ns ? j.bars[i]->time_ns[0] : first_ns;
        end_ns = last_ns > end_ns ? last_ns : end_ns;
    }
    assert_int_equal(s->from_ns, first_ns);
    assert_int_equal(s->to_ns, end_ns);
    assert_int_equal(s->ledger->points[0].at_ns, first_ns);
    assert_int_equal(s->ledger->points[s->ledger->point_count - 1].at_ns, end_ns);
    simulation_free(s);
    study_result_free(study);
    job_release(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_simulation_is_the_serial_one),
        cmocka_unit_test(so_is_one_over_many_symbols),
        cmocka_unit_test(the_digest_is_the_same_for_any_workers_and_shards),
        cmocka_unit_test(the_digest_covers_the_strategy),
        cmocka_unit_test(bars_after_t_change_nothing_before),
        cmocka_unit_test(other_bars_than_the_study_had_are_a_conflict),
        cmocka_unit_test(a_canceled_simulation_ends),
        cmocka_unit_test(without_fires_the_account_stays),
        cmocka_unit_test(the_account_begins_and_ends_with_its_bars),
    };
    return cmocka_run_group_tests(tests, make_pools, free_pools);
}
