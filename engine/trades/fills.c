#include "engine/trades/fills.h"

#include "base/decimal.h"
#include "engine/trades/scaled.h"

#include <assert.h>

typedef __int128 wide;

#define PERCENT_ONE (100 * DECIMAL_ONE)

static int64_t saturated(wide x)
{
    return x > INT64_MAX ? INT64_MAX : (int64_t)x;
}

static wide scaled(int64_t a, int64_t b, int64_t divisor, bool round_up)
{
    return scaled_product(a, b, divisor, round_up ? divisor - 1 : 0);
}

int64_t fill_price(const struct strategy_slippage *s, int64_t price, bool is_buy)
{
    wide slip = 0;
    if (s->kind == SLIPPAGE_PERCENT)
        slip = scaled(price, s->percent, PERCENT_ONE, true);
    else if (s->kind == SLIPPAGE_TICKS)
        slip = (wide)s->ticks * s->tick_size;
    if (is_buy)
        return saturated(price + slip);
    return slip < price ? (int64_t)(price - slip) : 0;
}

int64_t fill_value(int64_t price, int64_t quantity, bool round_up)
{
    return saturated(scaled(price, quantity, DECIMAL_ONE, round_up));
}

int64_t fill_commission(const struct strategy_commission *c, int64_t value, int64_t quantity)
{
    wide sum = scaled(c->per_share, quantity, DECIMAL_ONE, true) +
               scaled(c->per_contract, quantity, DECIMAL_ONE, true) +
               scaled(value, c->percent, PERCENT_ONE, true);
    return saturated(sum < c->minimum ? c->minimum : sum);
}

static int64_t whole_steps(wide quantity, int64_t step)
{
    return saturated(quantity) / step * step;
}

static bool is_within(const struct strategy *s, int64_t price, int64_t quantity, int64_t budget)
{
    int64_t value = fill_value(price, quantity, true);
    return (wide)value + fill_commission(&s->commission, value, quantity) <= budget;
}

/* The most whole steps within the budget, costs included. Costs grow with the quantity, so the
 * answer is found by halving. */
static int64_t most_within(const struct strategy *s, int64_t price, int64_t budget)
{
    int64_t step = s->sizing.step;
    int64_t low = 0, high = saturated(scaled(budget, DECIMAL_ONE, price, false)) / step;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        if (is_within(s, price, middle * step, budget))
            low = middle;
        else
            high = middle - 1;
    }
    return low * step;
}

int64_t fill_quantity(const struct strategy *s, int64_t price, int64_t equity, int64_t cash)
{
    assert(price > 0);
    const struct strategy_sizing *z = &s->sizing;
    switch (z->kind) {
    case SIZING_FIXED_QUANTITY:
        return whole_steps(z->value, z->step);
    case SIZING_FIXED_CASH:
        return whole_steps(scaled(z->value, DECIMAL_ONE, price, false), z->step);
    case SIZING_PERCENT_EQUITY:
        break;
    }
    if (equity <= 0 || cash <= 0)
        return 0;
    int64_t share = saturated(scaled(equity, z->value, PERCENT_ONE, false));
    return most_within(s, price, share < cash ? share : cash);
}
