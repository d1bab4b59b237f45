#include "server/market/market_symbol.h"

#include "orders/contract.h"

#include <string.h>

enum err market_symbol_parse(const char *text, char ret[LIMIT_SYMBOL_BYTES], struct error *e)
{
    size_t length = strlen(text);
    struct contract share;
    struct occ_symbol occ;
    if (length >= OCC_COMPACT_MIN) {
        enum err err = occ_symbol_parse(text, length, &occ, e);
        if (!err)
            occ_symbol_format_compact(&occ, ret);
        return err;
    }
    enum err err = contract_share(text, length, &share, e);
    if (!err)
        memcpy(ret, share.symbol, sizeof(share.symbol));
    return err;
}
