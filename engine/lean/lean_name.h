/* What a file in a zip of LEAN's market data is called, and so what is in it.
 *
 *   20151224_goog_minute_trade.csv                                    a symbol's minutes of a day
 *   20151224_goog_minute_quote_american_call_7500000_20160115.csv     a contract's; strike x 10,000
 *   spy.csv                                                           days or hours of many years
 *
 * Trades are kept under the symbol, quotes under "<symbol>:bid" and "<symbol>:ask". A contract's
 * symbol is its compact OCC symbol, another's its ticker in upper case.
 *
 * source: QuantConnect/Lean, Data/ (readme.md of each kind)
 */
#ifndef ENGINE_LEAN_LEAN_NAME_H
#define ENGINE_LEAN_LEAN_NAME_H

#include "base/error.h"
#include "base/limits.h"

enum lean_kind { LEAN_MINUTE_TRADES, LEAN_MINUTE_QUOTES, LEAN_DAYS_OR_HOURS };

struct lean_name {
    enum lean_kind kind;
    int32_t day; /* of minutes: local date of New York */
    bool is_option;
    char symbol[LIMIT_SYMBOL_BYTES + 1]; /* short enough that ":bid" may follow */
};

/* ERR_DATA when the name is of none of these forms, with the reason. */
enum err lean_name_parse(const char *name, size_t length, struct lean_name *ret, struct error *e);

#endif
