/* The paper broker under random orders, cancels, quotes, closes and restarts: whatever happens,
 * cash and positions are the fold of the executions, no order fills beyond its limit or its
 * quantity, no quote gives more than its size, and what closes never turns a position around. The
 * audit checks each event, paper_bench_check the book after each call.
 */
#include "base/random.h"
#include "tests/orders/paper/paper_bench.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

enum { RUNS = 300, STEPS = 600, SYMBOLS = 3, IDS = 2000 };

static const char *const symbols[SYMBOLS] = {"SPY", "QQQ", CALL};

struct run {
    struct paper_bench bench;
    struct random random;
    int64_t prices[SYMBOLS]; /* cents */
    int ids;
    char names[IDS][8];
};

static int64_t upto(struct run *r, int64_t bound)
{
    return (int64_t)random_below(&r->random, (uint64_t)bound);
}

static bool one_in(struct run *r, int64_t n)
{
    return upto(r, n) == 0;
}

static const char *new_id(struct run *r)
{
    snprintf(r->names[r->ids], sizeof r->names[0], "o%d", r->ids);
    return r->names[r->ids++];
}

/* Around the market's price, in whole cents. */
static int64_t some_price(struct run *r, int which)
{
    return (r->prices[which] + upto(r, 61) - 30) * (ONE / 100);
}

static void submit(struct run *r)
{
    int which = (int)upto(r, SYMBOLS);
    enum order_side side = one_in(r, 2) ? ORDER_BUY : ORDER_SELL;
    int64_t limit = one_in(r, 2) ? some_price(r, which) : 0;
    int64_t stop = one_in(r, 3) ? some_price(r, which) : 0;
    int64_t quantity = (1 + upto(r, 12)) * (one_in(r, 8) ? ONE / 4 : ONE);
    struct broker_submit s = paper_order(new_id(r), symbols[which], side, quantity, limit, stop);
    s.time_in_force = (enum time_in_force)upto(r, TIF_COUNT);
    s.opens = one_in(r, 2);
    if (limit && !stop && one_in(r, 3)) {
        s.opens = false;
        s.oco_client_id = new_id(r);
        s.oco_stop_price = some_price(r, which);
        s.oco_limit_price = one_in(r, 3) ? some_price(r, which) : 0;
    }
    paper_bench_submit(&r->bench, &s);
}

static void cancel(struct run *r)
{
    if (!r->ids)
        return;
    struct paper_order *o = paper_book_find(&r->bench.book, r->names[upto(r, r->ids)]);
    if (o && !order_status_dead(o->row.status))
        paper_bench_cancel(&r->bench, o->row.client_id);
}

/* What both sides of the symbol have traded so far. */
static void traded(struct run *r, const char *symbol, int64_t *ret_bought, int64_t *ret_sold)
{
    const struct paper_audit *a = &r->bench.audit;
    *ret_bought = *ret_sold = 0;
    for (size_t i = 0; i < a->symbol_count; i++)
        if (strcmp(a->positions[i].contract.symbol, symbol) == 0) {
            *ret_bought = a->positions[i].bought;
            *ret_sold = a->positions[i].sold;
        }
}

static void quote(struct run *r)
{
    int which = (int)upto(r, SYMBOLS);
    int64_t bought, sold, bought_then, sold_then;
    r->prices[which] += upto(r, 21) - 10;
    if (r->prices[which] < 100)
        r->prices[which] = 100;
    struct market_quote q = {
        .bid = one_in(r, 12) ? 0 : r->prices[which] * (ONE / 100),
        .ask = one_in(r, 12) ? 0 : (r->prices[which] + upto(r, 7) - 1) * (ONE / 100),
        .bid_size = upto(r, 8) * ONE + (one_in(r, 8) ? ONE / 3 : 0),
        .ask_size = upto(r, 8) * ONE,
        .halted = one_in(r, 25),
    };
    snprintf(q.symbol, sizeof q.symbol, "%s", symbols[which]);
    traded(r, q.symbol, &bought, &sold);
    paper_bench_take(&r->bench, &q);
    traded(r, q.symbol, &bought_then, &sold_then);
    assert_true(!q.ask_size || bought_then - bought <= q.ask_size);
    assert_true(!q.bid_size || sold_then - sold <= q.bid_size);
    bool still = q.halted || (q.bid && q.ask && q.bid > q.ask);
    assert_true(!still || (bought_then == bought && sold_then == sold));
}

static void let_time_pass(struct run *r)
{
    static const int64_t steps_ns[] = {NS_PER_MS,          20 * NS_PER_MS,    NS_PER_SECOND,
                                       30 * NS_PER_SECOND, 5 * NS_PER_MINUTE, 120 * NS_PER_MINUTE};
    paper_bench_pass(&r->bench, steps_ns[upto(r, one_in(r, 6) ? 6 : 3)]);
}

static void run_once(uint64_t seed)
{
    static struct run r;
    memset(&r, 0, sizeof r);
    random_seed(&r.random, seed);
    paper_bench_init(&r.bench,
                     seed % 3 == 0   ? "24x7"
                     : seed % 3 == 1 ? "XNYS"
                                     : NULL,
                     seed % 2 ? 25 * NS_PER_MS : 0);
    for (int i = 0; i < SYMBOLS; i++)
        r.prices[i] = 2000;
    for (int step = 0; step < STEPS; step++) {
        int64_t what = upto(&r, 100);
        if (what < 25)
            submit(&r);
        else if (what < 32)
            cancel(&r);
        else if (what < 85)
            quote(&r);
        else if (what < 99)
            let_time_pass(&r);
        else
            paper_bench_restart(&r.bench);
    }
    paper_bench_release(&r.bench);
}

static void cash_and_positions_are_the_fold_of_the_executions(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        run_once(seed);
}

/* The same, and that something happens at all in such a run. */
static void the_runs_reach_every_kind_of_event(void **state)
{
    (void)state;
    static struct run r;
    bool seen[PAPER_EVENT_SETTLED + 1] = {false};
    memset(&r, 0, sizeof r);
    random_seed(&r.random, 7);
    paper_bench_init(&r.bench, "XNYS", 25 * NS_PER_MS);
    for (int i = 0; i < SYMBOLS; i++)
        r.prices[i] = 2000;
    for (int step = 0; step < 4 * STEPS && r.ids < IDS - 2; step++) {
        int64_t what = upto(&r, 100);
        if (what < 30)
            submit(&r);
        else if (what < 90)
            quote(&r);
        else
            let_time_pass(&r);
        for (size_t i = 0; i < r.bench.last_count; i++)
            seen[r.bench.last[i]] = true;
        if (one_in(&r, 30)) {
            cancel(&r);
            for (size_t i = 0; i < r.bench.last_count; i++)
                seen[r.bench.last[i]] = true;
        }
    }
    assert_true(seen[PAPER_EVENT_SUBMITTED] && seen[PAPER_EVENT_CANCEL_ASKED] &&
                seen[PAPER_EVENT_TRIGGERED] && seen[PAPER_EVENT_FILLED] &&
                seen[PAPER_EVENT_CANCELED] && seen[PAPER_EVENT_EXPIRED]);
    paper_bench_release(&r.bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cash_and_positions_are_the_fold_of_the_executions),
        cmocka_unit_test(the_runs_reach_every_kind_of_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
