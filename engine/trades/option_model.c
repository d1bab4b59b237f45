/* Most bars reach no level, and pricing one costs a microsecond. So blocks of bars are passed over
 * by bounds: written by discounted strike and deviation, a price is monotonous in each of its three
 * parts, and over a block each part lies between its values at the block's ends and extremes.
 */
#include "engine/trades/option_model.h"

#include "engine/trades/exit_search.h"

#include <math.h>

static const double ticks_per_unit = 1e4;

enum { BLOCK_BARS = 64 };

struct option_model option_model_of(const struct trade_contract *c, const struct calendar *calendar,
                                    double rate)
{
    return (struct option_model){
        .terms = {.right = (enum option_right)c->right,
                  .strike = (double)c->strike_milli / OCC_STRIKE_ONE,
                  .volatility = c->volatility,
                  .rate = rate},
        .expiry_ns = option_expiry_ns(calendar, c->expiry_days),
    };
}

double option_model_price(const struct option_model *m, double spot, int64_t at_ns)
{
    double price = black_scholes_price(&m->terms, spot, option_years(at_ns, m->expiry_ns));
    return rint(price * ticks_per_unit) / ticks_per_unit;
}

struct option_bar option_model_bar(const struct option_model *m, const struct bars *bars,
                                   int64_t bar)
{
    int64_t start_ns = bars->time_ns[bar], end_ns = bar_end_ns(bars, bar);
    bool call = m->terms.right == OPTION_CALL;
    double best = bars->column[call ? BAR_HIGH : BAR_LOW][bar];
    double worst = bars->column[call ? BAR_LOW : BAR_HIGH][bar];
    return (struct option_bar){
        .open = option_model_price(m, bars->column[BAR_OPEN][bar], start_ns),
        .close = option_model_price(m, bars->column[BAR_CLOSE][bar], end_ns),
        .high = fmax(option_model_price(m, best, start_ns), option_model_price(m, best, end_ns)),
        .low = fmin(option_model_price(m, worst, start_ns), option_model_price(m, worst, end_ns)),
    };
}

/* Whether a level may be reached in bars [first, end). */
static bool may_reach(const struct option_model *m, const struct bars *bars, int64_t first,
                      int64_t end, double lower, double upper)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = first; i < end; i++) {
        low = bars->column[BAR_LOW][i] < low ? bars->column[BAR_LOW][i] : low;
        high = bars->column[BAR_HIGH][i] > high ? bars->column[BAR_HIGH][i] : high;
    }
    const struct option_terms *o = &m->terms;
    double most = option_years(bars->time_ns[first], m->expiry_ns);
    double least = option_years(bar_end_ns(bars, end - 1), m->expiry_ns);
    double early = o->strike * exp(-o->rate * most), late = o->strike * exp(-o->rate * least);
    double small = fmin(early, late), large = fmax(early, late);
    bool call = o->right == OPTION_CALL;
    double floor = black_scholes_discounted(o->right, call ? low : high, call ? large : small,
                                            o->volatility * sqrt(least));
    double ceiling = black_scholes_discounted(o->right, call ? high : low, call ? small : large,
                                              o->volatility * sqrt(most));
    const double slack = 2 / ticks_per_unit;
    return floor - slack <= lower || ceiling + slack >= upper;
}

int64_t option_model_near(const struct option_model *m, const struct bars *bars, int64_t first,
                          int64_t end, double lower, double upper)
{
    while (first < end) {
        int64_t stop = end - first < BLOCK_BARS ? end : first + BLOCK_BARS;
        if (may_reach(m, bars, first, stop, lower, upper))
            return first;
        first = stop;
    }
    return end;
}
