/* A contract as an exchange would list it, where none is stored.
 *
 *   expiry   Fridays, or the last session before when a Friday has none; in the range of days, the
 *            one nearest to its middle (the earlier of two)
 *   strikes  multiples of a step that goes by the symbol's price:
 *              below 20     0.5        below 1,000   5       below 20,000   50
 *              below 100    1          below 5,000  10       from there    100
 *              below 250    2.5
 *   strike   as contract_rule.h says, on these; a delta is that of the model
 */
#ifndef ENGINE_OPTIONS_LISTED_CONTRACT_H
#define ENGINE_OPTIONS_LISTED_CONTRACT_H

#include "engine/options/option_choice.h"

/* The distance of strikes at a price, at 1e-3. */
int32_t listed_strike_step(double spot);

/* The rule has a model. false when there is none: a volatility that is MISSING, no Friday in the
 * range that is still to come, or no strike above 0 and in what an OCC symbol can say. */
bool listed_contract(const struct contract_rule *rule, const struct option_moment *moment,
                     struct trade_contract *ret);

#endif
