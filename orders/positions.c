#include "orders/positions.h"

#include "base/decimal.h"

void position_init(struct position *p, const struct contract *contract)
{
    *p = (struct position){.contract = *contract};
}

/* x * part / whole, rounded half away from zero; 0 < part <= whole. */
static int64_t share(int64_t x, int64_t part, int64_t whole)
{
    __int128 product = (__int128)x * part;
    return (int64_t)((product < 0 ? product - whole / 2 : product + whole / 2) / whole);
}

static int64_t magnitude(int64_t x)
{
    return x < 0 ? order_subtract(0, x) : x;
}

static int64_t times_multiplier(const struct position *p, int64_t cash)
{
    return order_value(cash, p->contract.multiplier * DECIMAL_ONE);
}

/* Closes `quantity` (above 0, at most what is open) at `price`. */
static void reduce(struct position *p, int64_t quantity, int64_t price)
{
    int64_t closed = p->quantity > 0 ? quantity : -quantity;
    int64_t cost = share(p->cost, quantity, magnitude(p->quantity));
    int64_t gain = order_subtract(order_value(closed, price), cost);
    p->realized = order_add(p->realized, times_multiplier(p, gain));
    p->cost -= cost;
    p->quantity -= closed;
}

void position_fill(struct position *p, enum order_side side, int64_t quantity, int64_t price)
{
    if (quantity <= 0 || price <= 0)
        return;
    int64_t *total = side == ORDER_BUY ? &p->bought : &p->sold;
    *total = order_add(*total, quantity);
    bool against = p->quantity && (p->quantity > 0) != (side == ORDER_BUY);
    if (against) {
        int64_t open = magnitude(p->quantity);
        int64_t closing = quantity < open ? quantity : open;
        reduce(p, closing, price);
        quantity -= closing;
    }
    int64_t more = side == ORDER_BUY ? quantity : -quantity;
    p->quantity = order_add(p->quantity, more);
    p->cost = order_add(p->cost, order_value(more, price));
}

int64_t position_average_price(const struct position *p)
{
    return order_average(magnitude(p->cost), magnitude(p->quantity));
}

int64_t position_unrealized(const struct position *p, int64_t price)
{
    return times_multiplier(p, order_subtract(order_value(p->quantity, price), p->cost));
}

bool position_difference(bool has_report, int64_t reported, int64_t expected, int64_t *ret)
{
    if (has_report)
        *ret = order_subtract(reported, expected);
    return has_report;
}
