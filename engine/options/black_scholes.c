#include "engine/options/black_scholes.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>

static const double year_ns = 365.0 * (double)NS_PER_DAY;

/* Accurate in both tails, where 1 - N(x) would cancel. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double sign_of(enum option_right right)
{
    return right == OPTION_CALL ? 1 : -1;
}

static bool is_certain(double spot, double deviation)
{
    return !(spot > 0) || !(deviation > 0);
}

static double d1_of(double spot, double discounted_strike, double deviation)
{
    return log(spot / discounted_strike) / deviation + deviation / 2;
}

double black_scholes_discounted(enum option_right right, double spot, double strike,
                                double deviation)
{
    assert(spot >= 0 && strike > 0 && deviation >= 0);
    double sign = sign_of(right), least = sign * (spot - strike);
    if (!(least > 0))
        least = 0;
    if (is_certain(spot, deviation))
        return least;
    double d1 = d1_of(spot, strike, deviation), d2 = d1 - deviation;
    double price = sign * (spot * normal_cdf(sign * d1) - strike * normal_cdf(sign * d2));
    return price > least ? price : least; /* what rounding took away deep in the money */
}

static double discounted_strike(const struct option_terms *o, double years)
{
    return o->strike * exp(-o->rate * years);
}

double black_scholes_price(const struct option_terms *o, double spot, double years)
{
    assert(years >= 0 && o->volatility >= 0);
    return black_scholes_discounted(o->right, spot, discounted_strike(o, years),
                                    o->volatility * sqrt(years));
}

double black_scholes_delta(const struct option_terms *o, double spot, double years)
{
    assert(spot >= 0 && years >= 0 && o->strike > 0 && o->volatility >= 0);
    double sign = sign_of(o->right), deviation = o->volatility * sqrt(years);
    double strike = discounted_strike(o, years);
    if (!is_certain(spot, deviation))
        return sign * normal_cdf(sign * d1_of(spot, strike, deviation));
    double inside = sign * (spot - strike);
    if (inside == 0)
        return sign / 2;
    return inside > 0 ? sign : 0;
}

/* The price grows with the volatility, so halving always ends; steps along the secant get there
 * sooner, and one that does not halve the interval is followed by one that does. */
bool black_scholes_implied_volatility(const struct option_terms *o, double spot, double years,
                                      double price, double *ret_volatility)
{
    enum { STEPS_MAX = 120 };
    if (!(spot > 0) || !(years > 0) || !(price > 0))
        return false;
    struct option_terms trial = *o;
    trial.volatility = 0;
    double low = 0, low_miss = black_scholes_price(&trial, spot, years) - price;
    trial.volatility = IMPLIED_VOLATILITY_MAX;
    double high = trial.volatility, high_miss = black_scholes_price(&trial, spot, years) - price;
    if (!(low_miss < 0) || !(high_miss >= 0))
        return false;
    for (int i = 0; i < STEPS_MAX && high - low > 1e-10; i++) {
        double width = high - low;
        double secant = low - low_miss * width / (high_miss - low_miss);
        bool halve = i % 2 == 0 || !(secant > low) || !(secant < high);
        trial.volatility = halve ? low + width / 2 : secant;
        double miss = black_scholes_price(&trial, spot, years) - price;
        if (miss < 0) {
            low = trial.volatility;
            low_miss = miss;
        } else {
            high = trial.volatility;
            high_miss = miss;
        }
    }
    *ret_volatility = high;
    return true;
}

/* ---- time ---- */

int64_t option_expiry_ns(const struct calendar *calendar, int32_t expiry_days)
{
    enum { LONGEST_PAUSE_DAYS = 14, CLOSE_HOUR = 16, SECONDS_OF_A_DAY = 86400 };
    struct session session;
    for (int32_t back = 0; back < LONGEST_PAUSE_DAYS; back++)
        if (calendar_session(calendar, expiry_days - back, &session))
            return session.close_ns;
    int64_t local_s = (int64_t)expiry_days * SECONDS_OF_A_DAY + CLOSE_HOUR * 3600;
    return zone_local_to_utc(calendar_zone(calendar), local_s, NULL) * NS_PER_SECOND;
}

double option_years(int64_t at_ns, int64_t expiry_ns)
{
    return at_ns < expiry_ns ? (double)(expiry_ns - at_ns) / year_ns : 0;
}
