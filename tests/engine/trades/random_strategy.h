/* Strategies drawn at random, with what their search needs. */
#ifndef TESTS_ENGINE_TRADES_RANDOM_STRATEGY_H
#define TESTS_ENGINE_TRADES_RANDOM_STRATEGY_H

#include "base/clock.h"
#include "base/decimal.h"
#include "base/random.h"
#include "engine/trades/exit_search.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

static inline int64_t random_between(struct random *r, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(r, (uint64_t)(high - low + 1));
}

/* `near`: often both levels in one bar. */
static inline struct strategy_distance random_distance(struct random *r, bool near)
{
    struct strategy_distance d = {.kind = (enum distance_kind)random_below(r, 4), .atr_period = 14};
    static const int64_t low[] = {0, 1000, 10000, 50000};
    static const int64_t high_near[] = {0, 40000, 40000, 300000};
    static const int64_t high_far[] = {0, 2000000, 3000000, 9000000};
    if (d.kind != DISTANCE_NONE)
        d.value = random_between(r, low[d.kind], near ? high_near[d.kind] : high_far[d.kind]);
    return d;
}

static inline void random_costs(struct random *r, struct strategy *s)
{
    if (random_below(r, 2))
        s->commission = (struct strategy_commission){.per_share = random_between(r, 0, 10000),
                                                     .minimum = random_between(r, 0, 2000000)};
    if (random_below(r, 3) == 0)
        s->commission.percent = random_between(r, 0, 100000);
    s->slippage.kind = (enum slippage_kind)random_below(r, 3);
    s->slippage.percent = random_between(r, 0, 50000);
    s->slippage.ticks = (int32_t)random_between(r, 0, 3);
    s->slippage.tick_size = 10000;
    s->sizing.kind = (enum sizing_kind)random_below(r, 3);
    static const int64_t sizes[] = {50, 9000, 40};
    s->sizing.value = sizes[s->sizing.kind] * DECIMAL_ONE;
}

static inline struct strategy random_strategy(struct random *r)
{
    struct strategy s;
    strategy_defaults(&s);
    s.side = (enum trade_side)random_below(r, 2);
    s.entry = (enum trade_entry)random_below(r, 2);
    s.intrabar = (enum intrabar)random_below(r, 3);
    bool near = random_below(r, 2);
    s.take_profit = random_distance(r, near);
    s.stop_loss = random_distance(r, near);
    s.has_exit_rule = random_below(r, 3) == 0;
    if (random_below(r, 3) == 0)
        s.max_holding_ns = random_between(r, 1, 500) * NS_PER_MINUTE;
    if (random_below(r, 3) == 0)
        s.flat_at_minute = (int32_t)random_between(r, 0, 1439);
    if (random_below(r, 2))
        s.flat_at_minute = s.flat_at_minute == FLAT_AT_NONE ? FLAT_AT_NONE : 15 * 60 + 55;
    s.max_positions = random_below(r, 3) ? 1 : (int32_t)random_between(r, 2, 5);
    random_costs(r, &s);
    struct error e = {0};
    if (strategy_check(&s, &e) != ERR_OK)
        fail_msg("%s: %s", e.pointer, e.message);
    return s;
}

/* Exit rule bits and ATR columns of `count` bars, some MISSING. */
struct random_columns {
    uint64_t *mask;
    double *atr;
};

static inline struct random_columns random_columns(struct random *r, int64_t count)
{
    struct random_columns c = {calloc((size_t)count / 64 + 1, sizeof *c.mask),
                               calloc((size_t)count + 1, sizeof *c.atr)};
    assert_non_null(c.mask);
    assert_non_null(c.atr);
    uint64_t rarity = 2 + random_below(r, 400);
    for (int64_t i = 0; i < count; i++) {
        if (random_below(r, rarity) == 0)
            c.mask[i / 64] |= UINT64_C(1) << (i % 64);
        c.atr[i] = random_below(r, 50) ? 0.02 + random_unit(r) * 0.3 : NAN;
    }
    return c;
}

static inline void random_columns_free(struct random_columns *c)
{
    free(c->mask);
    free(c->atr);
}

#endif
