/* The account over several symbols: independence of order, no look-ahead, equity that adds up, and
 * a pass written apart from it. */
#include "base/limits.h"
#include "engine/trades/fills.h"
#include "engine/trades/ledger.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/trades/random_strategy.h"

#include <stdatomic.h>

enum { SYMBOLS = 3 };

struct world {
    const struct bars *bars[SYMBOLS];
    struct price_blocks *blocks[SYMBOLS];
    struct random_columns columns[SYMBOLS];
};

static struct world world_of(struct random *r, int64_t bar_count)
{
    static const char *const calendars[SYMBOLS] = {"XNYS", "XNYS", "24x7"};
    struct world w;
    for (int s = 0; s < SYMBOLS; s++) {
        w.bars[s] = generated_bars(calendars[s], "2024-07-01", "2024-07-12", random_below(r, 1000),
                                   0.02, bar_count);
        assert_int_equal(price_blocks_create(w.bars[s], &w.blocks[s], NULL), ERR_OK);
        w.columns[s] = random_columns(r, w.bars[s]->count);
    }
    return w;
}

static void world_release(struct world *w)
{
    for (int s = 0; s < SYMBOLS; s++) {
        price_blocks_free(w->blocks[s]);
        bars_unref(w->bars[s]);
        random_columns_free(&w->columns[s]);
    }
}

struct candidates {
    size_t count;
    struct trade_candidate *items;
};

/* Fires are drawn by a seed of their own, so that two worlds with the same times have the same. */
static struct candidates find_all(const struct world *w, const struct strategy *strategy,
                                  uint64_t seed)
{
    struct candidates c = {.items = calloc(100000, sizeof *c.items)};
    struct random r;
    random_seed(&r, seed);
    assert_non_null(c.items);
    for (int32_t s = 0; s < SYMBOLS; s++) {
        struct exit_inputs in = {
            strategy,           w->bars[s],        w->blocks[s],      w->bars[s]->count,
            w->columns[s].mask, w->columns[s].atr, w->columns[s].atr, s};
        struct exit_search search;
        assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
        for (int64_t bar = 0; bar < w->bars[s]->count; bar++)
            if (random_below(&r, 12) == 0)
                c.count += exit_search_find(&search, bar, &c.items[c.count]);
        exit_search_release(&search);
    }
    return c;
}

static struct ledger_input input_of(const struct world *w, const struct strategy *strategy,
                                    const struct candidates *c)
{
    return (struct ledger_input){.strategy = strategy,
                                 .bars = w->bars,
                                 .symbol_count = SYMBOLS,
                                 .candidates = c->items,
                                 .candidate_count = c->count,
                                 .from_ns = instant("2024-07-01", 0),
                                 .to_ns = instant("2024-07-13", 0)};
}

static struct ledger *ledger_of(const struct ledger_input *in)
{
    struct ledger *l = NULL;
    struct error e = {0};
    if (ledger_run(in, &l, &e) != ERR_OK)
        fail_msg("%s", e.message);
    return l;
}

static bool same_trade(const struct trade *a, const struct trade *b)
{
    return a->symbol == b->symbol && a->fire_bar == b->fire_bar && a->exit_bar == b->exit_bar &&
           a->exit_reason == b->exit_reason && a->entry_price == b->entry_price &&
           a->exit_price == b->exit_price && a->quantity == b->quantity && a->pnl == b->pnl &&
           a->commission == b->commission && a->risk == b->risk &&
           fill_time_compare(a->entry_at, b->entry_at) == 0 &&
           fill_time_compare(a->exit_at, b->exit_at) == 0;
}

static void shuffle(struct candidates *c, struct random *r)
{
    for (size_t i = c->count; i > 1; i--) {
        size_t j = random_below(r, i);
        struct trade_candidate t = c->items[i - 1];
        c->items[i - 1] = c->items[j];
        c->items[j] = t;
    }
}

static void the_order_of_candidates_does_not_matter(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 5);
    struct world w = world_of(&r, 1500);
    for (int i = 0; i < 30; i++) {
        struct strategy s = random_strategy(&r);
        struct candidates c = find_all(&w, &s, (uint64_t)i);
        struct ledger_input in = input_of(&w, &s, &c);
        struct ledger *a = ledger_of(&in);
        shuffle(&c, &r);
        struct ledger *b = ledger_of(&in);
        assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
        for (int64_t t = 0; t < a->counts.trades; t++)
            assert_true(same_trade(&a->trades[t], &b->trades[t]));
        assert_int_equal(a->point_count, b->point_count);
        for (size_t p = 0; p < a->point_count; p++) {
            assert_int_equal(a->points[p].at_ns, b->points[p].at_ns);
            assert_int_equal(a->points[p].equity, b->points[p].equity);
        }
        ledger_free(a);
        ledger_free(b);
        free(c.items);
    }
    world_release(&w);
}

/* ---- the books ---- */

/* Profits add up to the change of cash, points are in order, and all candidates are accounted for.
 */
static void check_books(const struct ledger *l, const struct strategy *s)
{
    int64_t cash = s->initial_cash;
    for (int64_t i = 0; i < l->counts.trades; i++) {
        const struct trade *t = &l->trades[i];
        int64_t gross =
            s->side == SIDE_LONG ? t->exit_value - t->entry_value : t->entry_value - t->exit_value;
        assert_int_equal(t->pnl, gross - t->commission);
        assert_true(i == 0 || fill_time_compare(l->trades[i - 1].exit_at, t->exit_at) <= 0);
        assert_true(t->quantity > 0 && t->quantity % s->sizing.step == 0);
        cash += t->pnl;
    }
    const struct equity_point *last = &l->points[l->point_count - 1];
    assert_int_equal(last->cash, cash);
    assert_int_equal(last->equity, cash);
    assert_int_equal(last->open_positions, 0);
    assert_true(last->is_mark);
    assert_int_equal(l->points[0].equity, s->initial_cash);
    for (size_t i = 1; i < l->point_count; i++)
        assert_true(l->points[i].at_ns >= l->points[i - 1].at_ns);
    assert_int_equal(l->counts.candidates, l->counts.trades + l->counts.in_position +
                                               l->counts.too_small + l->counts.unaffordable);
}

/* What an open trade is worth beyond what it locked, at the last close since its entry: bar by bar.
 */
static int64_t open_profit(const struct bars *bars, const struct trade *t, const struct strategy *s,
                           int64_t at_ns)
{
    bool at_close = t->entry_at.phase == PHASE_CLOSE;
    double price = bars->column[at_close ? BAR_CLOSE : BAR_OPEN][t->entry_bar];
    for (int64_t i = t->entry_bar; i < bars->count && bar_end_ns(bars, i) <= at_ns; i++)
        price = bars->column[BAR_CLOSE][i];
    int64_t value = fill_value(llround(price * 1e6), t->quantity, s->side == SIDE_SHORT);
    return s->side == SIDE_LONG ? value - t->entry_value : t->entry_value - value;
}

/* Of each instant the last point, when all its fills are done. */
static void check_equity(const struct world *w, const struct ledger *l, const struct strategy *s)
{
    for (size_t i = 0; i < l->point_count; i++) {
        const struct equity_point *p = &l->points[i];
        if (i + 1 < l->point_count && p[1].at_ns == p->at_ns)
            continue;
        int64_t equity = p->cash, open = 0;
        for (int64_t k = 0; k < l->counts.trades; k++) {
            const struct trade *t = &l->trades[k];
            if (t->entry_at.at_ns > p->at_ns || t->exit_at.at_ns <= p->at_ns)
                continue;
            open++;
            equity += t->entry_value + open_profit(w->bars[t->symbol], t, s, p->at_ns);
        }
        assert_int_equal(p->open_positions, open);
        assert_int_equal(p->equity, equity);
    }
}

/* By fixed quantity and with plenty of cash, which fires become trades can be told symbol by
 * symbol: a fire is taken when fewer than max_positions of those taken before are still open. */
static void check_choice(const struct ledger *l, const struct candidates *c,
                         const struct strategy *s)
{
    int64_t expected = 0;
    bool *taken = calloc(c->count + 1, sizeof *taken);
    assert_non_null(taken);
    for (size_t i = 0; i < c->count; i++) {
        int open = 0;
        for (size_t j = 0; j < i; j++)
            open += taken[j] && c->items[j].symbol == c->items[i].symbol &&
                    fill_time_compare(c->items[j].exit_at, c->items[i].entry_at) > 0;
        taken[i] = open < s->max_positions;
        expected += taken[i];
    }
    assert_int_equal(l->counts.trades, expected);
    for (int64_t t = 0; t < l->counts.trades; t++) {
        bool found = false;
        for (size_t i = 0; i < c->count && !found; i++)
            found = taken[i] && c->items[i].symbol == l->trades[t].symbol &&
                    c->items[i].fire_bar == l->trades[t].fire_bar;
        assert_true(found);
    }
    free(taken);
}

static void the_books_balance_and_the_choice_is_right(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 77);
    struct world w = world_of(&r, 900);
    int64_t trades = 0;
    for (int i = 0; i < 60; i++) {
        struct strategy s = random_strategy(&r);
        bool is_plenty = i % 2;
        if (is_plenty) {
            s.sizing.kind = SIZING_FIXED_QUANTITY;
            s.sizing.value = 10 * DECIMAL_ONE;
            s.initial_cash = 100000000 * DECIMAL_ONE;
        }
        struct candidates c = find_all(&w, &s, (uint64_t)i);
        struct ledger_input in = input_of(&w, &s, &c);
        struct ledger *results[3];
        for (int k = 0; k < 3; k++) {
            in.which = (enum ledger_case)k;
            results[k] = ledger_of(&in);
            check_books(results[k], &s);
            check_equity(&w, results[k], &s);
            if (is_plenty)
                check_choice(results[k], &c, &s);
        }
        if (is_plenty) { /* the same trades in all cases: then the bounds hold */
            int64_t end = results[0]->points[results[0]->point_count - 1].equity;
            assert_true(end <= results[1]->points[results[1]->point_count - 1].equity);
            assert_true(end >= results[2]->points[results[2]->point_count - 1].equity);
        }
        trades += results[0]->counts.trades;
        for (int k = 0; k < 3; k++)
            ledger_free(results[k]);
        free(c.items);
    }
    assert_true(trades > 1000);
    world_release(&w);
}

/* ---- no look-ahead ---- */

static const struct bars *corrupted(const struct bars *bars, int64_t after_ns, struct random *r)
{
    struct bars_builder b;
    assert_int_equal(bars_builder_init(&b, bars->count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < bars->count; i++) {
        double factor = bars->time_ns[i] >= after_ns ? 1 + (double)random_below(r, 9) : 1;
        b.time_ns[i] = bars->time_ns[i];
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            b.column[c][i] = bars->column[c][i] * factor;
    }
    const struct bars *ret = NULL;
    assert_int_equal(bars_publish(&b, bars->calendar, bars->timeframe, -1, &ret, NULL), ERR_OK);
    bars_builder_release(&b);
    return ret;
}

static void bars_after_t_never_change_a_trade_that_ended_before(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 31);
    struct world w = world_of(&r, 1200);
    int64_t compared = 0;
    for (int i = 0; i < 40; i++) {
        struct strategy s = random_strategy(&r);
        int64_t t_ns =
            instant("2024-07-01", 13 * 60 + 30) + random_between(&r, 60, 2000) * NS_PER_MINUTE;
        struct world other = w;
        for (int k = 0; k < SYMBOLS; k++) {
            other.bars[k] = corrupted(w.bars[k], t_ns, &r);
            assert_int_equal(price_blocks_create(other.bars[k], &other.blocks[k], NULL), ERR_OK);
        }
        struct candidates c = find_all(&w, &s, (uint64_t)i), d = find_all(&other, &s, (uint64_t)i);
        struct ledger_input in = input_of(&w, &s, &c), in_other = input_of(&other, &s, &d);
        struct ledger *a = ledger_of(&in), *b = ledger_of(&in_other);
        /* A bar's inside is known at its end only. */
        for (int64_t t = 0; t < a->counts.trades; t++) {
            const struct trade *trade = &a->trades[t];
            if (bar_end_ns(w.bars[trade->symbol], trade->exit_bar) > t_ns)
                break;
            assert_true(same_trade(trade, &b->trades[t]));
            compared++;
        }
        for (size_t p = 0; p < a->point_count && a->points[p].at_ns + NS_PER_MINUTE <= t_ns; p++)
            assert_int_equal(a->points[p].equity, b->points[p].equity);
        ledger_free(a);
        ledger_free(b);
        free(c.items);
        free(d.items);
        for (int k = 0; k < SYMBOLS; k++) {
            price_blocks_free(other.blocks[k]);
            bars_unref(other.bars[k]);
        }
    }
    assert_true(compared > 500);
    world_release(&w);
}

/* ---- small things ---- */

static void a_session_close_marks_open_positions(void **state)
{
    (void)state;
    /* Long 100 from 100, marked at 101.5 at the first close, out at 103 at the end. */
    const struct made_bar rows[] = {
        {instant("2024-07-02", 19 * 60 + 57), 100, 100, 100, 100},
        {instant("2024-07-02", 19 * 60 + 58), 100, 101, 100, 101},
        {instant("2024-07-02", 19 * 60 + 59), 101, 102, 101, 101.5},
        {instant("2024-07-03", 13 * 60 + 30), 102, 103, 102, 103},
    };
    const struct bars *bars = made_bars("XNYS", 1, rows, 4);
    struct price_blocks *blocks;
    assert_int_equal(price_blocks_create(bars, &blocks, NULL), ERR_OK);
    struct strategy s;
    strategy_defaults(&s);
    s.sizing = (struct strategy_sizing){SIZING_FIXED_QUANTITY, 100 * DECIMAL_ONE, DECIMAL_ONE};
    struct exit_inputs in = {.strategy = &s, .bars = bars, .blocks = blocks, .end_bar = 4};
    struct exit_search search;
    struct trade_candidate c;
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    assert_true(exit_search_find(&search, 0, &c));
    struct ledger_input input = {.strategy = &s,
                                 .bars = &bars,
                                 .symbol_count = 1,
                                 .candidates = &c,
                                 .candidate_count = 1,
                                 .from_ns = instant("2024-07-02", 0),
                                 .to_ns = instant("2024-07-04", 0)};
    struct ledger *l = ledger_of(&input);
    static const int64_t equity[] = {100000, 100000, 100150, 100300, 100300};
    static const bool marks[] = {true, false, true, false, true};
    assert_int_equal(l->point_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(l->points[i].equity, equity[i] * DECIMAL_ONE);
        assert_int_equal(l->points[i].is_mark, marks[i]);
    }
    assert_int_equal(l->points[2].at_ns, instant("2024-07-02", 20 * 60));
    assert_int_equal(l->points[2].cash, 90000 * DECIMAL_ONE);
    assert_int_equal(l->points[4].at_ns, instant("2024-07-03", 17 * 60)); /* the half day's end */

    _Atomic bool cancel = true;
    struct ledger *none = NULL;
    input.cancel = &cancel;
    assert_int_equal(ledger_run(&input, &none, NULL), ERR_CANCELED);
    assert_null(none);
    ledger_free(l);
    exit_search_release(&search);
    price_blocks_free(blocks);
    bars_unref(bars);
}

static void an_account_beyond_its_bounds_is_refused(void **state)
{
    (void)state;
    /* A hundred shares short, and the price goes from a cent to the most there is. */
    const struct made_bar rows[] = {
        {instant("2024-07-02", 14 * 60), 0.01, 0.01, 0.01, 0.01},
        {instant("2024-07-02", 14 * 60 + 1), 0.01, 0.01, 0.01, 0.01},
        {instant("2024-07-02", 14 * 60 + 2), 1e9, 1e9, 1e9, 1e9},
    };
    const struct bars *bars = made_bars("XNYS", 1, rows, 3);
    struct price_blocks *blocks;
    assert_int_equal(price_blocks_create(bars, &blocks, NULL), ERR_OK);
    struct strategy s;
    strategy_defaults(&s);
    s.side = SIDE_SHORT;
    struct exit_inputs in = {.strategy = &s, .bars = bars, .blocks = blocks, .end_bar = 3};
    struct exit_search search;
    struct trade_candidate c;
    assert_int_equal(exit_search_init(&search, &in, NULL), ERR_OK);
    assert_true(exit_search_find(&search, 0, &c));
    struct ledger_input input = {.strategy = &s,
                                 .bars = &bars,
                                 .symbol_count = 1,
                                 .candidates = &c,
                                 .candidate_count = 1,
                                 .from_ns = instant("2024-07-02", 0),
                                 .to_ns = instant("2024-07-04", 0)};
    struct ledger *l = NULL;
    struct error e = {0};
    assert_int_equal(ledger_run(&input, &l, &e), ERR_TOO_LARGE);
    assert_null(l);
    exit_search_release(&search);
    price_blocks_free(blocks);
    bars_unref(bars);
}

static void fills_saturate_and_never_pay_us(void **state)
{
    (void)state;
    struct strategy_slippage ticks = {SLIPPAGE_TICKS, 0, 5, 10000};
    assert_int_equal(fill_price(&ticks, 30000, false), 0);
    assert_int_equal(fill_price(&ticks, 30000, true), 80000);
    assert_int_equal(fill_value(INT64_MAX, INT64_MAX, false), INT64_MAX);
    assert_int_equal(fill_value(3, 1, true), 1);
    assert_int_equal(fill_value(3, 1, false), 0);
    struct strategy_commission c = {.per_share = DECIMAL_ONE};
    assert_int_equal(fill_commission(&c, INT64_MAX, INT64_MAX), INT64_MAX);
    struct random r;
    random_seed(&r, 3);
    for (int i = 0; i < 2000; i++) {
        struct strategy s = random_strategy(&r);
        int64_t price = random_between(&r, 1, 1000 * DECIMAL_ONE);
        assert_true(fill_price(&s.slippage, price, true) >= price);
        assert_true(fill_price(&s.slippage, price, false) <= price);
        s.sizing = (struct strategy_sizing){SIZING_PERCENT_EQUITY, 50 * DECIMAL_ONE, 1000};
        int64_t cash = random_between(&r, 0, 100000 * DECIMAL_ONE), budget = cash / 2;
        int64_t quantity = fill_quantity(&s, price, cash, cash);
        int64_t value = fill_value(price, quantity, true);
        assert_true(quantity == 0 ||
                    value + fill_commission(&s.commission, value, quantity) <= budget);
        /* One step more would not fit. */
        value = fill_value(price, quantity + 1000, true);
        assert_true(value + fill_commission(&s.commission, value, quantity + 1000) > budget);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_candidates_does_not_matter),
        cmocka_unit_test(the_books_balance_and_the_choice_is_right),
        cmocka_unit_test(bars_after_t_never_change_a_trade_that_ended_before),
        cmocka_unit_test(a_session_close_marks_open_positions),
        cmocka_unit_test(an_account_beyond_its_bounds_is_refused),
        cmocka_unit_test(fills_saturate_and_never_pay_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
