/* Bars of an option that are made from its symbol's: Black-Scholes at a volatility that stays what
 * it was at the fire.
 *
 *   open     the price at the symbol's open, at the bar's start
 *   close    at the symbol's close, at the bar's end
 *   high     of a call at the symbol's high, of a put at its low: at the bar's start or its end,
 *            whichever is more
 *   low      likewise, whichever is less
 *
 * Prices are rounded to 1e-4, so that the last bits of a processor's logarithm never show. At and
 * after the expiry it is the intrinsic value. Plain functions, any thread.
 */
#ifndef ENGINE_TRADES_OPTION_MODEL_H
#define ENGINE_TRADES_OPTION_MODEL_H

#include "engine/bars/bars.h"
#include "engine/options/black_scholes.h"
#include "engine/trades/trade_contract.h"

struct option_model {
    struct option_terms terms;
    int64_t expiry_ns;
};

struct option_bar {
    double open, high, low, close;
};

struct option_model option_model_of(const struct trade_contract *c, const struct calendar *calendar,
                                    double rate);

double option_model_price(const struct option_model *m, double spot, int64_t at_ns);
/* Of a bar of the symbol. */
struct option_bar option_model_bar(const struct option_model *m, const struct bars *bars,
                                   int64_t bar);

/* The first bar in [first, end) whose modelled one may reach a level (low <= lower or high >=
 * upper); `end` when none does. Some that it names may not, none that it passes over does. */
int64_t option_model_near(const struct option_model *m, const struct bars *bars, int64_t first,
                          int64_t end, double lower, double upper);

#endif
