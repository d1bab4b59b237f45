#include "engine/csv/csv_prices.h"

#include <math.h>
#include <stddef.h>

enum { CLEAR_ROWS = 20 }; /* fewer say nothing about open and close */

/* How many rows have column h never below and column l never above the others. */
static int32_t rows_that_fit(const struct csv_price_sample *p, int h, int l)
{
    int32_t fit = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const double *v = p->value[i];
        bool good = true;
        for (int k = 0; k < CSV_PRICES; k++)
            good = good && v[l] <= v[k] && v[k] <= v[h];
        fit += good;
    }
    return fit;
}

/* The sum of the jumps from one row's close to the next one's open. */
static double jumps(const struct csv_price_sample *p, int open, int close)
{
    double sum = 0;
    for (int32_t i = 1; i < p->count; i++)
        sum += fabs(p->value[i][open] - p->value[i - 1][close]);
    return sum;
}

bool csv_price_order(const struct csv_price_sample *p, int32_t ret_place[CSV_PRICES])
{
    /* high and low, the usual order first: it wins when rows are flat and all fit */
    static const struct {
        int high, low;
    } orders[] = {{1, 2}, {2, 1}, {0, 1}, {1, 0}, {2, 3}, {3, 2},
                  {0, 2}, {2, 0}, {1, 3}, {3, 1}, {0, 3}, {3, 0}};
    size_t best = 0;
    int32_t best_fit = 0;
    for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
        int32_t fit = rows_that_fit(p, orders[k].high, orders[k].low);
        if (fit > best_fit) {
            best = k;
            best_fit = fit;
        }
    }
    if (best_fit * 10 < p->count * 9)
        return false;
    int high = orders[best].high, low = orders[best].low, open = 0;
    while (open == high || open == low)
        open++;
    int close = 0 + 1 + 2 + 3 - high - low - open;
    bool swap = p->count >= CLEAR_ROWS && jumps(p, close, open) * 2 < jumps(p, open, close);
    ret_place[BAR_OPEN] = swap ? close : open;
    ret_place[BAR_HIGH] = high;
    ret_place[BAR_LOW] = low;
    ret_place[BAR_CLOSE] = swap ? open : close;
    return true;
}
