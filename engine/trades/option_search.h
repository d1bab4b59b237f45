/* From a fire to the trade in an option that it would be: contract, entry and exit. The counterpart
 * of exit_search.h, under the same rules; docs/options.md has them in words.
 *
 * Moments (flat_at, max_holding, exit_rule, the end of the data) are those of the symbol's bars;
 * prices and levels are the option's own. Stored contracts live on their minute bars: quotes are
 * bought at the ask and sold at the bid. What is due at an open fills at the option's next bar;
 * what is due at a close, at the last price that is known then. Nothing is looked at after the
 * exit.
 */
#ifndef ENGINE_TRADES_OPTION_SEARCH_H
#define ENGINE_TRADES_OPTION_SEARCH_H

#include "engine/options/option_chain.h"
#include "engine/trades/exit_search.h"

/* One symbol's. What it points to is borrowed; any number of threads. */
struct option_search {
    const struct exit_search *timeline; /* of the symbol, of the same strategy */
    struct option_chain *chain;
};

/* *ret_found is false when the fire cannot be entered: no contract, none of its bars in the session
 * of the symbol's next bar, no bar of the symbol after the fire, at or after flat_at, or a price or
 * level that is not in (0, LIMIT_STRATEGY_PRICE]. Errors are those of option_chain_bars. */
enum err option_search_find(const struct option_search *s, int64_t fire_bar,
                            struct trade_candidate *ret, bool *ret_found, struct error *e);

/* The last price of a candidate's contract that is known at an instant after its entry, decimal: of
 * quotes the bid. `bars` and `chain` are its symbol's; the contract was entered, so its bars are
 * loaded. */
int64_t option_mark_price(const struct contract_rule *rule, const struct bars *bars,
                          struct option_chain *chain, const struct trade_candidate *c,
                          int64_t at_ns);

#endif
