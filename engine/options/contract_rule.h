/* Which option contract a fire buys, and by what its prices are modelled where none are stored.
 *
 *   strike   "atm"        the listed strike nearest to the symbol's price, the lower of two
 *            "otm2"       two strikes out of the money from there: up for a call, down for a put
 *            "itm1"       one strike into the money
 *            "delta:0.30" the strike whose delta is nearest to 0.30 in size
 *
 * A plain value; zero bytes stand for shares.
 */
#ifndef ENGINE_OPTIONS_CONTRACT_RULE_H
#define ENGINE_OPTIONS_CONTRACT_RULE_H

#include "engine/options/occ_symbol.h"

struct contract_rule {
    bool given; /* else everything is in shares */
    enum option_right right;
    int32_t dte_min, dte_max; /* calendar days from the fire's session to the expiry */
    int32_t steps;            /* strikes out of the money from the nearest; below 0 into it */
    double delta;             /* 0 = by steps; else in (0, 1) */

    bool has_model;
    int32_t realized_days; /* 0 = `volatility`; else that of so many days (realized_volatility.h) */
    double volatility;     /* by year */
    double rate;           /* by year, continuous */
};

/* Fill steps and delta, or realized_days and volatility ("0.35", "realized:20d"). ERR_INVALID says
 * what is meant. */
enum err contract_strike_parse(const char *text, size_t length, struct contract_rule *ret,
                               struct error *e);
enum err contract_volatility_parse(const char *text, size_t length, struct contract_rule *ret,
                                   struct error *e);

/* ERR_INVALID with a pointer below /strategy. */
enum err contract_rule_check(const struct contract_rule *r, struct error *e);

#endif
