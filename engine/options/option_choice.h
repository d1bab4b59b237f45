/* The contract that a fire buys.
 *
 * First among the stored contracts: of the right asked for, with an expiry in the range of days,
 * and with data on the fire's day that is known at the fire: both sides quoted, or else traded, in
 * a bar of that session that is complete. Of the expiries the one nearest to the middle of the
 * range (the earlier of two), of its strikes as contract_rule.h says; when an expiry has no such
 * strike, the next nearest. A delta is that of the volatility which the contract's last price
 * implies: of quotes the middle.
 *
 * Without one, and with a model, a contract as they are listed (listed_contract.h).
 *
 * Nothing after the fire's bar is looked at.
 */
#ifndef ENGINE_OPTIONS_OPTION_CHOICE_H
#define ENGINE_OPTIONS_OPTION_CHOICE_H

#include "engine/options/contract_rule.h"
#include "engine/options/option_chain.h"
#include "engine/trades/trade_contract.h"

/* A fire, as its bar's end knows it. */
struct option_moment {
    const struct calendar *calendar; /* of the symbol */
    int64_t at_ns;                   /* the end of the fire's bar */
    int32_t day;                     /* of its session */
    int64_t session_open_ns;
    double spot;       /* the bar's close, > 0 */
    double volatility; /* of the model at this moment; NaN = MISSING */
};

/* *ret_found tells whether there is one; then *ret is it. Its index in the chain is that of
 * option_choice_index. Errors are those of option_chain_bars. */
enum err option_choose(const struct contract_rule *rule, struct option_chain *chain,
                       const struct option_moment *moment, struct trade_contract *ret,
                       bool *ret_found, struct error *e);

/* The place of a stored contract in the chain. */
size_t option_choice_index(const struct option_chain *chain, const struct trade_contract *c);

/* The last bar of minutes that is complete at the instant; -1 when none is. */
int64_t option_last_bar(const struct bars *minutes, int64_t at_ns);

#endif
