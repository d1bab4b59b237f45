/* What a trade is in: shares of its symbol, or one option contract on them.
 *
 * A contract stands in the trade by value, so that trades need no table of contracts whose order
 * would depend on which worker chose first. Its root is the symbol's (occ_root_of). A plain value.
 */
#ifndef ENGINE_TRADES_TRADE_CONTRACT_H
#define ENGINE_TRADES_TRADE_CONTRACT_H

#include "engine/options/occ_symbol.h"

/* Where the prices come from. Shares are 0, so that zero bytes are a trade in shares. */
enum contract_prices {
    CONTRACT_NONE,   /* shares: the symbol's own bars */
    CONTRACT_QUOTES, /* stored quotes: bought at the ask, sold at the bid */
    CONTRACT_TRADES, /* stored bars of trades */
    CONTRACT_MODEL,  /* Black-Scholes on the symbol's bars: the trade is modelled */
};

enum { OPTION_MULTIPLIER = 100 }; /* shares of one contract */

struct trade_contract {
    uint8_t prices; /* enum contract_prices */
    uint8_t right;  /* enum option_right */
    int32_t expiry_days;
    int32_t strike_milli; /* 1e-3 */
    double volatility;    /* by year, of CONTRACT_MODEL; else 0 */
};

static inline bool trade_is_option(const struct trade_contract *c)
{
    return c->prices != CONTRACT_NONE;
}

static inline bool trade_is_modelled(const struct trade_contract *c)
{
    return c->prices == CONTRACT_MODEL;
}

/* Units of the symbol that one unit of quantity stands for. */
static inline int64_t trade_multiplier(const struct trade_contract *c)
{
    return trade_is_option(c) ? OPTION_MULTIPLIER : 1;
}

/* The compact OCC symbol; "" for shares, and for a symbol that has no root. Returns the length. */
size_t trade_contract_format(const struct trade_contract *c, const char *symbol,
                             char out[OCC_TEXT_MAX]);

#endif
