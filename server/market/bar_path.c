#include "server/market/bar_path.h"

#include <assert.h>
#include <string.h>

enum { LEGS = BAR_PATH_CORNERS - 1 };

bool bar_path_low_first(const struct bar_shape *shape, enum intrabar intrabar, enum trade_side side)
{
    bool stop_is_low = side == SIDE_LONG;
    int64_t to_low = shape->open - shape->low, to_high = shape->high - shape->open;
    if (intrabar == INTRABAR_ADAPTIVE && to_low != to_high)
        return to_low < to_high;
    return intrabar == INTRABAR_OPTIMISTIC ? !stop_is_low : stop_is_low;
}

void bar_path_init(struct bar_path *p, const struct bar_shape *shapes, const int64_t *ticks,
                   int32_t lanes, bool low_first, int32_t steps_max)
{
    assert(lanes >= 1 && lanes <= BAR_PATH_LANES && steps_max >= 1);
    memset(p, 0, sizeof(*p));
    p->lanes = lanes;
    p->steps_max = steps_max;
    for (int32_t i = 0; i < lanes; i++) {
        const struct bar_shape *s = &shapes[i];
        p->tick[i] = ticks[i];
        p->corner[i][0] = s->open;
        p->corner[i][1] = low_first ? s->low : s->high;
        p->corner[i][2] = low_first ? s->high : s->low;
        p->corner[i][3] = s->close;
    }
}

static int64_t grid_above(int64_t price, int64_t grid)
{
    return (price + grid - 1) / grid;
}

/* How many moves lead from a to b when each stops at the next multiple of the grid. */
static int64_t count_moves(int64_t a, int64_t b, int64_t grid)
{
    if (a == b)
        return 0;
    int64_t low = a < b ? a : b, high = a < b ? b : a;
    int64_t between = grid_above(high, grid) - low / grid - 1;
    return between + 1;
}

/* Sets grid and moves of a lane in the leg. */
static void plan_lane(struct bar_path *p, int32_t lane)
{
    int64_t a = p->corner[lane][p->leg], b = p->corner[lane][p->leg + 1];
    int64_t grid = p->tick[lane], most = p->steps_max;
    assert(most > 0);
    int64_t moves = grid > 0 ? count_moves(a, b, grid) : a != b;
    if (grid > 0 && moves > most) {
        grid *= (moves + most - 1) / most;
        moves = count_moves(a, b, grid);
        moves = moves > most ? most : moves;
    }
    p->grid[lane] = grid;
    p->moves[lane] = (int32_t)moves;
}

static void plan_leg(struct bar_path *p)
{
    p->step = p->steps = 0;
    for (int32_t i = 0; i < p->lanes; i++) {
        plan_lane(p, i);
        if (p->moves[i] > p->steps)
            p->steps = p->moves[i];
    }
    if (p->leg == LEGS - 1 && p->steps == 0)
        p->steps = 1; /* the close is told in any case */
}

/* Where a lane stands: the one with the most moves makes one in each step, the other keeps beside
 * it. */
static int64_t lane_price(const struct bar_path *p, int32_t lane)
{
    int64_t a = p->corner[lane][p->leg], b = p->corner[lane][p->leg + 1];
    int64_t moves = p->moves[lane], grid = p->grid[lane];
    int64_t made = moves * p->step / p->steps;
    if (made == 0)
        return a;
    if (made == moves)
        return b;
    return a < b ? (a / grid + made) * grid : (grid_above(a, grid) - made) * grid;
}

bool bar_path_next(struct bar_path *p, struct bar_path_point *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (!p->begun) {
        p->begun = true;
        plan_leg(p);
        for (int32_t i = 0; i < p->lanes; i++)
            ret->price[i] = p->corner[i][0];
        return true;
    }
    while (p->step == p->steps) {
        if (p->leg == LEGS - 1)
            return false;
        p->leg++;
        plan_leg(p);
    }
    p->step++;
    for (int32_t i = 0; i < p->lanes; i++)
        ret->price[i] = lane_price(p, i);
    ret->part = BAR_PATH_PARTS / LEGS * p->leg +
                (int32_t)((int64_t)(BAR_PATH_PARTS / LEGS) * p->step / p->steps);
    return true;
}
