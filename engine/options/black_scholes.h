/* What a European option is worth, and how that moves.
 *
 *   d1 = (ln(S / K) + (r + v^2 / 2) t) / (v sqrt(t))        d2 = d1 - v sqrt(t)
 *   call = S N(d1) - K e^(-r t) N(d2)                       delta of a call =  N(d1)
 *   put  = K e^(-r t) N(-d2) - S N(-d1)                     delta of a put  = -N(-d1)
 *
 * with spot S, strike K, rate r (continuous), volatility v by square root of a year, t in years and
 * N the standard normal distribution. No dividends, no early exercise.
 *
 * limits  t = 0 or v = 0: the value when the spot grows at r for certain, max(S - K e^(-r t), 0) of
 *         a call; its delta is 0 or 1, and 1/2 at the kink itself. Of a put likewise.
 * source  Black and Scholes, The Pricing of Options and Corporate Liabilities, Journal of Political
 *         Economy 81 (1973); Merton, Theory of Rational Option Pricing (1973)
 *
 * Plain functions of doubles; any thread.
 */
#ifndef ENGINE_OPTIONS_BLACK_SCHOLES_H
#define ENGINE_OPTIONS_BLACK_SCHOLES_H

#include "engine/bars/calendar.h"
#include "engine/options/occ_symbol.h"

struct option_terms {
    enum option_right right;
    double strike;     /* > 0 */
    double volatility; /* by year, >= 0 */
    double rate;       /* by year, continuous; any sign */
};

/* spot >= 0, years >= 0. The price is never below the limit at v = 0, nor below 0. */
double black_scholes_price(const struct option_terms *o, double spot, double years);
double black_scholes_delta(const struct option_terms *o, double spot, double years);

/* The same by its other three parts: strike discounted to today, K e^(-r t), and deviation v
 * sqrt(t). So written, a price grows with the deviation; a call's falls with the discounted strike,
 * a put's grows. strike > 0, deviation >= 0. */
double black_scholes_discounted(enum option_right right, double spot, double strike,
                                double deviation);

enum { IMPLIED_VOLATILITY_MAX = 10 }; /* 1000 % */

/* The volatility (o->volatility is not looked at) at which the option has this price, to 1e-9 of
 * volatility or as near as the price can tell. false when none in (0, IMPLIED_VOLATILITY_MAX] has:
 * the price is at or below the certain value, or too high; or years or spot is 0. */
bool black_scholes_implied_volatility(const struct option_terms *o, double spot, double years,
                                      double price, double *ret_volatility);

/* The instant at which a contract expires: the close of the calendar's session on its expiry day
 * (16:00 New York, 13:00 on a half day), or of the last session before when the market is closed
 * that day (contracts until 2015 expired on Saturdays). Outside the calendar's years, 16:00 of the
 * day in its zone. */
int64_t option_expiry_ns(const struct calendar *calendar, int32_t expiry_days);

/* Years of 365 days from one instant to another; 0 when it has passed. */
double option_years(int64_t at_ns, int64_t expiry_ns);

#endif
