/* A quote of one contract or share, as it comes in: posted, replayed, or from a broker. */
#ifndef ORDERS_MARKET_QUOTE_H
#define ORDERS_MARKET_QUOTE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* Prices in 1e-6 of cash, sizes in 1e-6 of shares or contracts; 0 = there is none. */
struct market_quote {
    char symbol[LIMIT_SYMBOL_BYTES]; /* a contract's (OCC) or a share's */
    int64_t bid, ask;
    int64_t bid_size, ask_size; /* offered at these prices; 0 = not known, any size trades */
    int64_t last;
    int64_t at_ns; /* UTC: when it held; 0 = now */
    bool halted;
};

#endif
