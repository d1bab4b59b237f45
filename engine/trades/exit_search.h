/* From a fire to the trade it would be: entry, and the trade's own exit, whatever other trades do.
 *
 * A candidate depends on market data and strategy alone, never on cash, costs or other fires; so
 * shards find candidates in any order, and ledger.h picks the trades. Nothing after a candidate's
 * exit was looked at to find it.
 *
 * What happens in a bar, in this order:
 *   open    a gap: at or past the stop, fill at the open; at or past the target, fill at the open
 *           else flat_at, max_holding or exit_rule, when due: at the open
 *   within  stop loss and take profit, at their level; when the bar holds both, by `intrabar`, and
 *           the candidate is ambiguous
 *   close   exit_rule of this bar (with entry: close), flat_at in the session's last bar, end of
 *           data
 * The entry's own bar counts from `open` when the entry was at its open; with an entry at the close
 * the next bar is the first.
 */
#ifndef ENGINE_TRADES_EXIT_SEARCH_H
#define ENGINE_TRADES_EXIT_SEARCH_H

#include "engine/bars/bars.h"
#include "engine/trades/price_blocks.h"
#include "engine/trades/strategy.h"
#include "engine/trades/trade_contract.h"

enum exit_reason {
    EXIT_TAKE_PROFIT,
    EXIT_STOP_LOSS,
    EXIT_RULE,
    EXIT_TIME,
    EXIT_FLAT_AT,
    EXIT_END_OF_DATA,
    EXIT_EXPIRY, /* of an option, at its intrinsic value */
};
enum { EXIT_REASON_COUNT = EXIT_EXPIRY + 1 };
const char *exit_reason_name(enum exit_reason reason); /* "take_profit" ... "expiry" */

/* Where in time a fill lies. The numbers give the order at one instant: a bar's close comes before
 * the open of the bar that starts then, and that before what happens inside it. */
enum bar_phase { PHASE_CLOSE, PHASE_OPEN, PHASE_WITHIN };
struct fill_time {
    int64_t at_ns; /* the bar's start; of PHASE_CLOSE its end */
    enum bar_phase phase;
};
int fill_time_compare(struct fill_time a, struct fill_time b); /* < 0, 0, > 0 */
/* The end of a bar: its start and the timeframe, but not after the session's close. */
int64_t bar_end_ns(const struct bars *bars, int64_t bar);

struct exit_fill {
    int64_t price; /* decimal, before slippage */
    enum exit_reason reason;
};

struct trade_candidate {
    int32_t symbol; /* the caller's index */
    bool ambiguous; /* best and worst differ */
    int64_t fire_bar, entry_bar, exit_bar;
    struct fill_time entry_at, exit_at;
    int64_t entry_price;  /* decimal, before slippage */
    int64_t stop_price;   /* level of the stop loss; 0 = none */
    int64_t target_price; /* level of the take profit; 0 = none */
    int64_t bars_held;    /* bars in which the position was open, if only for a part */
    struct exit_fill chosen, best, worst; /* all in the same bar */
    struct trade_contract contract;       /* bars are the symbol's all the same */
};

struct exit_inputs {
    const struct strategy *strategy;
    const struct bars *bars;
    const struct price_blocks *blocks;
    int64_t end_bar;           /* bars from here on do not exist for the search */
    const uint64_t *exit_mask; /* bit i % 64 of word i / 64, all bars; with has_exit_rule */
    const double *take_profit_atr, *stop_loss_atr; /* [count], with DISTANCE_ATR; NaN = MISSING */
    int32_t symbol;
};

/* One symbol's search. Immutable after init; any number of threads. */
struct exit_search {
    struct exit_inputs in;     /* what it points to is borrowed */
    struct session_flat *flat; /* [session_count]; NULL without flat_at */
};

/* The strategy must have passed strategy_check; the bars have the four price columns.
 * ERR_NO_MEMORY. */
enum err exit_search_init(struct exit_search *s, const struct exit_inputs *in, struct error *e);
void exit_search_release(struct exit_search *s); /* zero bytes are fine */

/* The candidate of a fire on `fire_bar`; false when it cannot be entered: no bar after it before
 * end_bar, an ATR that is MISSING, at or after flat_at, or a price or level that is not in
 * (0, LIMIT_STRATEGY_PRICE]. */
bool exit_search_find(const struct exit_search *s, int64_t fire_bar, struct trade_candidate *ret);
/* The same for many fires, more than twice as fast. Candidates go to ret[count] in the order of
 * fire_bars, without those that cannot be entered; returns how many. */
size_t exit_search_find_all(const struct exit_search *s, const int64_t *fire_bars, size_t count,
                            struct trade_candidate *ret);

#endif
