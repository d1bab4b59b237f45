#include "engine/trades/exit_levels.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "engine/trades/scaled.h"

#include <math.h>

int64_t exit_decimal(double price)
{
    return llrint(price * (double)DECIMAL_ONE);
}

bool exit_is_price(int64_t price)
{
    return price > 0 && price <= LIMIT_STRATEGY_PRICE * DECIMAL_ONE;
}

/* Decimal; 0 when it is MISSING or beyond all prices. */
static int64_t distance_of(const struct strategy_distance *d, int64_t entry_price, double atr)
{
    double far = (double)LIMIT_STRATEGY_PRICE;
    if (d->kind == DISTANCE_OFFSET)
        return d->value;
    if (d->kind == DISTANCE_PERCENT)
        return (int64_t)scaled_product(entry_price, d->value, 100 * DECIMAL_ONE, 50 * DECIMAL_ONE);
    double distance = atr * decimal_to_double(d->value);
    return distance >= 0 && distance <= far ? exit_decimal(distance) : 0;
}

bool exit_levels_set(const struct strategy *y, double take_profit_atr, double stop_loss_atr,
                     struct trade_candidate *c)
{
    int64_t sign = y->side == SIDE_LONG ? 1 : -1;
    if (y->take_profit.kind != DISTANCE_NONE) {
        int64_t distance = distance_of(&y->take_profit, c->entry_price, take_profit_atr);
        c->target_price = c->entry_price + sign * distance;
        if (distance == 0 || !exit_is_price(c->target_price))
            return false;
    }
    if (y->stop_loss.kind != DISTANCE_NONE) {
        int64_t distance = distance_of(&y->stop_loss, c->entry_price, stop_loss_atr);
        c->stop_price = c->entry_price - sign * distance;
        if (distance == 0 || !exit_is_price(c->stop_price))
            return false;
    }
    return true;
}

struct exit_levels exit_levels_of(const struct strategy *y, const struct trade_candidate *c)
{
    struct exit_fill stop = {c->stop_price, EXIT_STOP_LOSS};
    struct exit_fill target = {c->target_price, EXIT_TAKE_PROFIT};
    bool is_long = y->side == SIDE_LONG;
    struct exit_levels l = {-INFINITY, INFINITY, is_long ? stop : target, is_long ? target : stop,
                            is_long};
    if (l.at_lower.price > 0)
        l.lower = decimal_to_double(l.at_lower.price);
    if (l.at_upper.price > 0)
        l.upper = decimal_to_double(l.at_upper.price);
    return l;
}

/* How far two prices of a bar lie apart, in decimals: as doubles, distances that are equal on paper
 * may differ. */
static double decimals_between(double above, double below)
{
    return rint((above - below) * (double)DECIMAL_ONE);
}

void exit_levels_settle(enum intrabar intrabar, double open, double high, double low,
                        const struct exit_levels *l, struct trade_candidate *c)
{
    double down = decimals_between(open, low), up = decimals_between(high, open);
    c->ambiguous = true;
    c->worst = l->stop_is_lower ? l->at_lower : l->at_upper;
    c->best = l->stop_is_lower ? l->at_upper : l->at_lower;
    /* Equally near: the stop. */
    bool stop_first = l->stop_is_lower ? down <= up : up <= down;
    switch (intrabar) {
    case INTRABAR_PESSIMISTIC:
        c->chosen = c->worst;
        break;
    case INTRABAR_OPTIMISTIC:
        c->chosen = c->best;
        break;
    case INTRABAR_ADAPTIVE:
        c->chosen = stop_first ? c->worst : c->best;
        break;
    }
}
