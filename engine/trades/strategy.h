/* What a fire is traded with: side, entry, exits, costs and size. backtest.md has the design,
 * docs/fills.md the fill model.
 *
 * Numbers that people write are decimals at 1e-6 (base/decimal.h), so that 0.5 % of 100 is 0.5 and
 * nothing near it. A plain value; any thread.
 */
#ifndef ENGINE_TRADES_STRATEGY_H
#define ENGINE_TRADES_STRATEGY_H

#include "base/error.h"
#include "base/zone.h"
#include "engine/options/contract_rule.h"

enum trade_side { SIDE_LONG, SIDE_SHORT };
/* Where signals fill: at the open of the bar after, or at the close of the signal's own bar. Of
 * exit_rule too. */
enum trade_entry { ENTRY_NEXT_OPEN, ENTRY_CLOSE };
/* Which level a bar is taken to have met first when it holds both. */
enum intrabar { INTRABAR_PESSIMISTIC, INTRABAR_OPTIMISTIC, INTRABAR_ADAPTIVE };

enum distance_kind { DISTANCE_NONE, DISTANCE_PERCENT, DISTANCE_OFFSET, DISTANCE_ATR };
/* From the entry's price, before slippage. */
struct strategy_distance {
    enum distance_kind kind;
    int64_t value;      /* decimal: percent, price, or multiple of the ATR of the fire's bar */
    int32_t atr_period; /* of DISTANCE_ATR */
};

/* Of each order: the sum of the first three, and the minimum when that is more. */
struct strategy_commission {
    int64_t per_share, per_contract; /* decimals, by unit of quantity */
    int64_t percent;                 /* of the value traded */
    int64_t minimum;
};

enum slippage_kind { SLIPPAGE_NONE, SLIPPAGE_PERCENT, SLIPPAGE_TICKS };
struct strategy_slippage {
    enum slippage_kind kind;
    int64_t percent; /* of the price */
    int32_t ticks;
    int64_t tick_size;
};

enum sizing_kind { SIZING_FIXED_QUANTITY, SIZING_FIXED_CASH, SIZING_PERCENT_EQUITY };
struct strategy_sizing {
    enum sizing_kind kind;
    int64_t value; /* decimal: quantity, cash or percent */
    int64_t step;  /* quantities are whole multiples of it: 1 for shares */
};

enum { FLAT_AT_NONE = -1 };

struct strategy {
    enum trade_side side;
    enum trade_entry entry;
    struct strategy_distance take_profit, stop_loss;
    bool has_exit_rule;           /* the caller gives its bits to the exit search */
    int64_t max_holding_ns;       /* since the entry; 0 = no limit */
    int32_t flat_at_minute;       /* minute of day, or FLAT_AT_NONE */
    const struct zone *flat_zone; /* NULL = the calendar's, of each symbol */
    enum intrabar intrabar;
    struct strategy_commission commission;
    struct strategy_slippage slippage;
    struct strategy_sizing sizing;
    int64_t initial_cash;          /* decimal */
    int32_t max_positions;         /* at a time in one symbol */
    struct contract_rule contract; /* what is bought; zero = the symbol's shares */
};

/* Long, next_open, no exits, pessimistic, no costs, fixed_cash 10,000 of 100,000 in whole shares,
 * one position. */
void strategy_defaults(struct strategy *s);
/* ERR_INVALID with a pointer below "/strategy". A strategy without any exit is allowed: it holds to
 * the end of the data. */
enum err strategy_check(const struct strategy *s, struct error *e);

/* "long" "short" and so on, as in requests and answers: NULL-terminated, in the order of the enums.
 */
extern const char *const trade_side_names[];
extern const char *const trade_entry_names[];
extern const char *const intrabar_names[];
extern const char *const sizing_kind_names[];
/* ERR_INVALID names the choices. */
enum err trade_side_parse(const char *text, size_t length, enum trade_side *ret, struct error *e);
enum err trade_entry_parse(const char *text, size_t length, enum trade_entry *ret, struct error *e);
enum err intrabar_parse(const char *text, size_t length, enum intrabar *ret, struct error *e);
enum err sizing_kind_parse(const char *text, size_t length, enum sizing_kind *ret, struct error *e);
const char *trade_side_name(enum trade_side side);
const char *trade_entry_name(enum trade_entry entry);
const char *intrabar_name(enum intrabar intrabar);
const char *sizing_kind_name(enum sizing_kind kind);

#endif
