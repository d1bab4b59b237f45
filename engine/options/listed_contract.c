#include "engine/options/listed_contract.h"

#include "base/civil.h"
#include "base/limits.h"
#include "engine/options/black_scholes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { FRIDAY = 5, WEEK_DAYS = 7, LONGEST_HOLIDAY_DAYS = 4, DELTA_SPOTS = 16 };

int32_t listed_strike_step(double spot)
{
    static const struct {
        double below;
        int32_t step_milli;
    } rows[] = {{20, 500}, {100, 1000}, {250, 2500}, {1000, 5000}, {5000, 10000}, {20000, 50000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (spot < rows[i].below)
            return rows[i].step_milli;
    return 100000;
}

/* The session day on which a Friday's contracts expire. */
static int32_t expiry_of_week(const struct calendar *calendar, int32_t friday)
{
    struct session session;
    for (int32_t back = 0; back <= LONGEST_HOLIDAY_DAYS; back++)
        if (calendar_session(calendar, friday - back, &session))
            return friday - back;
    return friday; /* beyond the calendar */
}

static bool choose_expiry(const struct contract_rule *rule, const struct option_moment *m,
                          int32_t *ret)
{
    int32_t first = m->day + rule->dte_min, last = m->day + rule->dte_max, nearest = INT32_MAX;
    int32_t friday = first + (FRIDAY + WEEK_DAYS - civil_weekday(first)) % WEEK_DAYS;
    for (; friday <= last + LONGEST_HOLIDAY_DAYS; friday += WEEK_DAYS) {
        int32_t expiry = expiry_of_week(m->calendar, friday);
        int32_t distance = abs(2 * expiry - first - last);
        if (expiry < first || expiry > last || distance >= nearest ||
            option_expiry_ns(m->calendar, expiry) <= m->at_ns)
            continue;
        nearest = distance;
        *ret = expiry;
    }
    return nearest < INT32_MAX;
}

/* How far in size the delta of strike k is above the one wanted. */
static double delta_excess(const struct contract_rule *rule, const struct option_moment *m,
                           double years, int32_t step, int64_t k)
{
    struct option_terms terms = {rule->right, (double)(k * step) / OCC_STRIKE_ONE, m->volatility,
                                 rule->rate};
    return fabs(black_scholes_delta(&terms, m->spot, years)) - rule->delta;
}

/* The strike of the wanted delta: sizes of deltas fall with a call's strike and rise with a put's.
 */
static int64_t strike_of_delta(const struct contract_rule *rule, const struct option_moment *m,
                               double years, int32_t step)
{
    int64_t low = 1, high = (int64_t)(m->spot * OCC_STRIKE_ONE / step) * DELTA_SPOTS + 2;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        bool above = delta_excess(rule, m, years, step, middle) > 0;
        if (above == (rule->right == OPTION_CALL))
            low = middle;
        else
            high = middle;
    }
    double below = fabs(delta_excess(rule, m, years, step, low));
    return fabs(delta_excess(rule, m, years, step, high)) < below ? high : low;
}

/* Of two equally near the lower. */
static int64_t strike_nearest(double spot, int32_t step)
{
    return (int64_t)ceil(spot * OCC_STRIKE_ONE / step - 0.5);
}

bool listed_contract(const struct contract_rule *rule, const struct option_moment *m,
                     struct trade_contract *ret)
{
    assert(rule->has_model && m->spot > 0);
    int32_t expiry = 0, step = listed_strike_step(m->spot);
    if (!(m->volatility > 0) || !(m->spot * OCC_STRIKE_ONE < OCC_STRIKE_MAX) ||
        !choose_expiry(rule, m, &expiry))
        return false;
    double years = option_years(m->at_ns, option_expiry_ns(m->calendar, expiry));
    int64_t away = rule->right == OPTION_CALL ? rule->steps : -rule->steps;
    int64_t k = rule->delta > 0 ? strike_of_delta(rule, m, years, step)
                                : strike_nearest(m->spot, step) + away;
    if (k < 1 || k * step > OCC_STRIKE_MAX)
        return false;
    *ret = (struct trade_contract){.prices = CONTRACT_MODEL,
                                   .right = (uint8_t)rule->right,
                                   .expiry_days = expiry,
                                   .strike_milli = (int32_t)(k * step),
                                   .volatility = m->volatility};
    return true;
}
