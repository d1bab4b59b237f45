#include "bench/support/plain_backtest.h"

#include "base/decimal.h"

#include <math.h>

enum { FAST = 10, SLOW = 50 };

struct position {
    int64_t price, quantity; /* quantity 0 = flat */
    double stop, target;
};

static int64_t decimal(double price)
{
    return llrint(price * (double)DECIMAL_ONE);
}

static double price(int64_t value)
{
    return (double)value / (double)DECIMAL_ONE;
}

static struct position enter(double open)
{
    int64_t at = decimal(open);
    return (struct position){.price = at,
                             .quantity = 10000 * DECIMAL_ONE / at,
                             .stop = price(at - (at + 100) / 200),
                             .target = price(at + (at + 50) / 100)};
}

static void leave(struct plain_backtest *b, struct position *p, double at)
{
    b->trades++;
    b->profit += (decimal(at) - p->price) * p->quantity;
    p->quantity = 0;
}

struct plain_backtest plain_backtest(const struct bars *bars)
{
    const double *open = bars->column[BAR_OPEN], *high = bars->column[BAR_HIGH];
    const double *low = bars->column[BAR_LOW], *close = bars->column[BAR_CLOSE];
    struct plain_backtest b = {0};
    struct position p = {0};
    int64_t fast = 0, slow = 0; /* sums of cents, so that a tie is one */
    bool was_above = true, fires = false;
    for (int64_t i = 0; i < bars->count; i++) {
        if (p.quantity > 0 && (open[i] <= p.stop || open[i] >= p.target))
            leave(&b, &p, open[i]);
        if (p.quantity == 0 && fires)
            p = enter(open[i]);
        if (p.quantity > 0 && low[i] <= p.stop)
            leave(&b, &p, p.stop);
        else if (p.quantity > 0 && high[i] >= p.target)
            leave(&b, &p, p.target);

        int64_t cents = llrint(close[i] * 100);
        fast += cents - (i >= FAST ? llrint(close[i - FAST] * 100) : 0);
        slow += cents - (i >= SLOW ? llrint(close[i - SLOW] * 100) : 0);
        bool is_above = i < SLOW - 1 || fast * (SLOW / FAST) > slow;
        fires = is_above && !was_above;
        was_above = is_above;
    }
    if (p.quantity > 0)
        leave(&b, &p, close[bars->count - 1]);
    return b;
}
