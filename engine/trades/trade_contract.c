#include "engine/trades/trade_contract.h"

#include <string.h>

size_t trade_contract_format(const struct trade_contract *c, const char *symbol,
                             char out[OCC_TEXT_MAX])
{
    struct occ_symbol occ = {.right = (enum option_right)c->right,
                             .expiry_days = c->expiry_days,
                             .strike_milli = c->strike_milli};
    out[0] = '\0';
    if (!trade_is_option(c) || !occ_root_of(symbol, occ.root))
        return 0;
    return occ_symbol_format_compact(&occ, out);
}
