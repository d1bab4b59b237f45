#include "tests/server/report/report_fixture.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST_DAY = 18995, OPEN_MINUTE = 570, CLOSE_MINUTE = 960, HORIZONS = 3 };

/* ---- numbers ---- */

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double uniform(uint64_t *state) /* -1..1 */
{
    return (double)(next(state) >> 11) / 4503599627370496.0 - 1;
}

static void *make(struct report_fixture *f, size_t count, size_t size_bytes)
{
    void *made = arena_alloc_array(&f->arena, count ? count : 1, size_bytes);
    assert_non_null(made);
    return made;
}

static int32_t day_of(int32_t session)
{
    return FIRST_DAY + session / 5 * 7 + session % 5;
}

static int64_t instant(const struct zone *zone, int32_t session, int32_t minute)
{
    int64_t local_s = (int64_t)day_of(session) * 86400 + (int64_t)minute * 60;
    return zone_local_to_utc(zone, local_s, NULL) * NS_PER_SECOND;
}

/* ---- the study ---- */

static void make_horizons(struct report_fixture *f, uint64_t *seed, int64_t fires)
{
    static const char *const names[] = {"5m", "30m", "close"};
    struct study_horizon *horizons = make(f, HORIZONS, sizeof(*horizons));
    struct study_horizon_stats *stats = make(f, HORIZONS, sizeof(*stats));
    for (size_t i = 0; i < HORIZONS; i++) {
        assert_int_equal(study_horizon_parse(names[i], strlen(names[i]), &horizons[i], NULL),
                         ERR_OK);
        double missing = (double)NAN, mean = fires ? uniform(seed) * 0.001 : missing;
        double half = fires > 1 ? 0.0008 : missing;
        stats[i] = (struct study_horizon_stats){.n = fires,
                                                .mean = mean,
                                                .median = mean / 2,
                                                .stdev = half,
                                                .hit_rate = fires ? 0.53 : missing,
                                                .base_n = 10000,
                                                .base_mean = 0.0001,
                                                .base_hit_rate = 0.502,
                                                .difference = mean - 0.0001,
                                                .ci_low = mean - 0.0001 - half,
                                                .ci_high = mean - 0.0001 + half};
    }
    f->input.horizon_count = HORIZONS;
    f->input.horizons = horizons;
    f->input.stats = stats;
}

static int compare_cells(const void *a, const void *b)
{
    const struct study_map_cell *x = a, *y = b;
    return x->day != y->day ? (x->day > y->day) - (x->day < y->day)
                            : (x->minute > y->minute) - (x->minute < y->minute);
}

static void make_map(struct report_fixture *f, const struct report_size *size, uint64_t *seed)
{
    struct study_map_cell *cells = make(f, (size_t)size->fires, sizeof(*cells));
    for (int64_t i = 0; i < size->fires; i++) {
        int32_t session = (int32_t)(next(seed) % (uint64_t)size->days);
        int32_t minutes = CLOSE_MINUTE - OPEN_MINUTE;
        cells[i] = (struct study_map_cell){
            .day = day_of(session),
            .minute = OPEN_MINUTE + (int32_t)(fabs(uniform(seed) * uniform(seed)) * minutes),
            .fires = 1};
    }
    qsort(cells, (size_t)size->fires, sizeof(*cells), compare_cells);
    size_t count = 0;
    for (int64_t i = 0; i < size->fires; i++) {
        if (count && compare_cells(&cells[count - 1], &cells[i]) == 0)
            cells[count - 1].fires++;
        else
            cells[count++] = cells[i];
    }
    f->input.map = cells;
    f->input.map_count = count;
}

static int32_t minute_key(const struct study_map_cell *c)
{
    return c->minute;
}

static int32_t weekday_key(const struct study_map_cell *c)
{
    return civil_weekday(c->day);
}

static int32_t month_key(const struct study_map_cell *c)
{
    struct civil_date date = civil_from_days(c->day);
    return date.year * 12 + date.month - 1;
}

/* Groups of the map's cells by a key under `keys`. */
static struct study_groups make_groups(struct report_fixture *f, int32_t keys,
                                       int32_t (*key_of)(const struct study_map_cell *),
                                       uint64_t *seed)
{
    int64_t *fires = make(f, (size_t)keys, sizeof(*fires));
    struct study_groups g = {.items = make(f, (size_t)keys, sizeof(*g.items))};
    for (size_t i = 0; i < f->input.map_count; i++)
        fires[key_of(&f->input.map[i])] += f->input.map[i].fires;
    for (int32_t k = 0; k < keys; k++) {
        if (fires[k] == 0)
            continue;
        struct study_group *item = &g.items[g.count++];
        item->key = k;
        item->fires = fires[k];
        for (size_t h = 0; h < HORIZONS; h++) {
            item->horizon[h].n = fires[k];
            item->horizon[h].mean = uniform(seed) * 0.002;
            item->horizon[h].hit_rate = 0.5;
        }
    }
    return g;
}

static void make_study(struct report_fixture *f, const struct report_size *size, uint64_t *seed)
{
    struct report_input *in = &f->input;
    make_horizons(f, seed, size->fires);
    make_map(f, size, seed);
    in->by_minute = make_groups(f, 1440, minute_key, seed);
    in->by_weekday = make_groups(f, 8, weekday_key, seed);
    in->by_month = make_groups(f, 12 * 2300, month_key, seed);
    in->counts = (struct study_counts){.fires = size->fires,
                                       .candidates = size->fires + size->fires / 10,
                                       .bars_evaluated = (int64_t)size->days * 390,
                                       .bars_in_window = (int64_t)size->days * 390,
                                       .days = size->days,
                                       .days_with_fires =
                                           size->fires < size->days ? size->fires : size->days};
}

/* ---- the account ---- */

static void make_trades(struct report_fixture *f, const struct report_size *size, uint64_t *seed)
{
    trades_gather_init(&f->trades);
    for (int64_t i = 0; i < size->trades; i++) {
        int32_t session = (int32_t)(i * size->days / size->trades);
        double change = uniform(seed) * 0.01 + 0.0006;
        int64_t value = 10000 * DECIMAL_ONE;
        struct trade t = {.symbol = (int32_t)(next(seed) % size->symbols),
                          .exit_reason = (enum exit_reason)(next(seed) % (EXIT_FLAT_AT + 1)),
                          .ambiguous = next(seed) % 10 == 0,
                          .entry_at = {instant(f->input.zone, session, 600), PHASE_OPEN},
                          .exit_at = {instant(f->input.zone, session, 660), PHASE_WITHIN},
                          .entry_price = 100 * DECIMAL_ONE + 250000,
                          .exit_price = (int64_t)llround((100.25 * (1 + change)) * 100) * 10000,
                          .quantity = 99 * DECIMAL_ONE,
                          .entry_value = value,
                          .exit_value = (int64_t)llround((1 + change) * (double)value),
                          .pnl = (int64_t)llround(change * (double)value),
                          .return_on_value = change,
                          .bars_held = 60};
        f->chosen.wins += t.pnl > 0;
        f->chosen.losses += t.pnl < 0;
        f->chosen.ambiguous += t.ambiguous;
        trades_gather_add(&f->trades, &t, "", false);
    }
    assert_int_equal(trades_gather_end(&f->trades, NULL), ERR_OK);
    f->account.trades = &f->trades;
}

static void make_points(struct report_fixture *f, const struct report_size *size, uint64_t *seed)
{
    size_t count = 1 + (size_t)size->days * (size_t)size->day_points;
    struct equity_point *points = make(f, count, sizeof(*points));
    double equity = 100000;
    points[0] = (struct equity_point){.at_ns = instant(f->input.zone, 0, OPEN_MINUTE),
                                      .equity = 100000 * DECIMAL_ONE};
    for (size_t i = 1; i < count; i++) {
        int32_t session = (int32_t)((i - 1) / (size_t)size->day_points);
        int32_t at = (int32_t)((i - 1) % (size_t)size->day_points) + 1;
        if (size->trades > 0)
            equity *= 1 + (uniform(seed) + 0.03) * 0.004;
        points[i] = (struct equity_point){
            .at_ns = instant(f->input.zone, session,
                             OPEN_MINUTE + at * (CLOSE_MINUTE - OPEN_MINUTE) / size->day_points),
            .equity = (int64_t)llround(equity * 1e6),
            .is_mark = at == size->day_points};
    }
    f->account.points = points;
    f->account.point_count = count;
}

static void make_metrics(struct report_fixture *f, const struct report_size *size)
{
    const struct report_account *a = &f->account;
    double missing = (double)NAN, end = (double)a->points[a->point_count - 1].equity;
    struct metrics m = {.total_return = end / (double)a->points[0].equity - 1,
                        .cagr = missing,
                        .annual_volatility = missing,
                        .sharpe = size->trades > 1 ? 1.23 : missing,
                        .sortino = missing,
                        .max_drawdown = size->trades > 0 ? 0.08 : 0,
                        .drawdown_peak_ns = a->points[a->point_count / 3].at_ns,
                        .drawdown_trough_ns = a->points[a->point_count / 2].at_ns,
                        .drawdown_recovered_ns = METRICS_NO_TIME,
                        .drawdown_duration_ns = 40 * NS_PER_DAY,
                        .calmar = missing,
                        .buy_and_hold = 0.11,
                        .days = size->days,
                        .trades = size->trades,
                        .win_rate = size->trades ? 0.55 : missing,
                        .profit_factor = size->trades ? 1.2 : missing,
                        .expectancy = size->trades ? 12.5 : missing,
                        .average_holding_s = size->trades ? 3600 : missing,
                        .average_trade = missing,
                        .median_trade = missing,
                        .best_trade = missing,
                        .worst_trade = missing};
    m.wins = f->chosen.wins;
    m.losses = f->chosen.losses;
    m.ambiguous = f->chosen.ambiguous;
    f->chosen = f->best = f->worst = m;
    f->best.total_return += 0.02;
    f->worst.total_return -= 0.03;
}

static void make_account(struct report_fixture *f, const struct report_size *size, uint64_t *seed)
{
    make_trades(f, size, seed);
    make_points(f, size, seed);
    make_metrics(f, size);
    f->stats = (struct trade_stats){.fires = size->fires, .trades = size->trades};
    f->account.chosen = &f->chosen;
    f->account.best = &f->best;
    f->account.worst = &f->worst;
    f->account.intrabar = "pessimistic";
    f->input.account = &f->account;
}

/* ---- all of it ---- */

static void make_symbols(struct report_fixture *f, const struct report_size *size)
{
    struct report_symbol *symbols = make(f, size->symbols, sizeof(*symbols));
    for (size_t i = 0; i < size->symbols; i++) {
        symbols[i].name = arena_printf(&f->arena, "SYM%zu", i);
        symbols[i].fires = size->fires / (int64_t)size->symbols;
        symbols[i].horizons = f->input.stats;
        symbols[i].trades = size->trades >= 0 ? &f->stats : NULL;
    }
    f->input.symbols = symbols;
    f->input.symbol_count = size->symbols;
}

void report_fixture_init(struct report_fixture *f, const struct report_size *size)
{
    static const struct report_term request[] = {{"Rule", "rsi(14) < 30 and close > sma(200)"},
                                                 {"Trigger", "on_true"},
                                                 {"Window", "the whole day"}};
    static const struct report_term strategy[] = {{"Side", "long"}, {"Stop loss", "0.5 %"}};
    static const struct report_term origin[] = {{"Digest", "0123456789abcdef"}};
    uint64_t seed = size->seed ? size->seed : 88172645463325252u;
    *f = (struct report_fixture){0};
    arena_init(&f->arena, (size_t)1 << 30);
    f->input.rule = "rsi(14) < 30 and close > sma(200)";
    f->input.timeframe = "1m";
    f->input.range = "3 Jan 2022 to the end";
    assert_int_equal(zone_find("America/New_York", &f->input.zone, NULL), ERR_OK);
    f->input.request = (struct report_terms){3, request};
    f->input.origin = (struct report_terms){1, origin};
    make_study(f, size, &seed);
    if (size->trades >= 0) {
        f->input.strategy = (struct report_terms){2, strategy};
        make_account(f, size, &seed);
    }
    make_symbols(f, size);
}

void report_fixture_release(struct report_fixture *f)
{
    trades_gather_release(&f->trades);
    arena_release(&f->arena);
}
