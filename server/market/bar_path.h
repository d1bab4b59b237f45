/* The way a price takes through one bar: open, then the low and the high in the order that the
 * simulator would take them (docs/fills.md), then close. Between these corners it goes from tick to
 * tick, because a backtest fills a level within the bar at the level: so a quote must pass there.
 *
 * One lane is a price that bid and ask are made of; two are a bid and an ask that were stored,
 * going side by side. A third of the bar's time belongs to each of the three legs. Pure; in
 * integers.
 */
#ifndef SERVER_MARKET_BAR_PATH_H
#define SERVER_MARKET_BAR_PATH_H

#include "engine/trades/strategy.h"

enum {
    BAR_PATH_LANES = 2,
    BAR_PATH_CORNERS = 4,
    BAR_PATH_PARTS = 3000000, /* of a bar's time */
};

/* Prices at 1e-6. */
struct bar_shape {
    int64_t open, high, low, close;
};

struct bar_path_point {
    int64_t price[BAR_PATH_LANES];
    int32_t part; /* 0..BAR_PATH_PARTS; never falls */
};

struct bar_path {
    int32_t lanes;
    int64_t corner[BAR_PATH_LANES][BAR_PATH_CORNERS];
    int64_t tick[BAR_PATH_LANES];
    int32_t steps_max;
    /* Of the leg under way. */
    int32_t leg, step, steps;
    int32_t moves[BAR_PATH_LANES];
    int64_t grid[BAR_PATH_LANES];
    bool begun;
};

/* Whether the low comes before the high, for a position of `side`: pessimistic meets its stop
 * first, optimistic its target, adaptive the extreme nearer the open (equally near: the stop's). */
bool bar_path_low_first(const struct bar_shape *shape, enum intrabar intrabar,
                        enum trade_side side);

/* ticks: of each lane, 1e-6; 0 goes from corner to corner. A leg of more than steps_max ticks goes
 * in several at a time. The order of lane 0's extremes is that of both. */
void bar_path_init(struct bar_path *p, const struct bar_shape *shapes, const int64_t *ticks,
                   int32_t lanes, bool low_first, int32_t steps_max);
/* The next point: the open at part 0 first, the close at BAR_PATH_PARTS last, where it stays what
 * it was too. false behind the last. */
bool bar_path_next(struct bar_path *p, struct bar_path_point *ret);

#endif
