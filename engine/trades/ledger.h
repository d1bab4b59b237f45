/* The account: one pass in time order over the candidates of all symbols. It decides which become
 * trades, with how much, at what cost, and keeps cash and equity.
 *
 * Rules
 *   order     events go by time; at one instant a bar's close comes before the next open, that
 *             before what happens inside bars, and exits before entries; then by symbol and fire
 *   entry     when the symbol has fewer than max_positions open, the size is at least one step, and
 *             cash covers value and commission
 *   account   a position, long or short, locks its entry's value out of cash; the exit gives it
 *             back with the profit or loss. Cash earns nothing
 *   equity    cash + locked value + open profit at the last close known at that instant
 *   R         what the stop would lose: |entry price - stop level| times quantity
 *
 * The answer depends on the set of candidates alone, never on their order in the array. Money is
 * int64 at 1e-6, rounded as fills.h says. A result is immutable.
 */
#ifndef ENGINE_TRADES_LEDGER_H
#define ENGINE_TRADES_LEDGER_H

#include "engine/trades/exit_search.h"

/* Which exit an ambiguous candidate takes. */
enum ledger_case { LEDGER_CHOSEN, LEDGER_BEST, LEDGER_WORST };

struct trade {
    int32_t symbol;
    enum exit_reason exit_reason;
    bool ambiguous;
    int64_t fire_bar, entry_bar, exit_bar;
    struct fill_time entry_at, exit_at;
    int64_t entry_price, exit_price; /* decimals, slippage in them */
    int64_t quantity;                /* decimal, > 0 */
    int64_t entry_value, exit_value; /* price times quantity, of an option times 100 */
    int64_t commission;              /* of both orders */
    int64_t pnl;                     /* after all costs */
    int64_t risk;                    /* R in money; 0 without a stop loss */
    double return_on_value;          /* pnl / entry_value */
    int64_t bars_held;
    struct trade_contract contract;
};

struct equity_point {
    int64_t at_ns;
    int64_t equity, cash; /* decimals */
    int32_t open_positions;
    bool is_mark; /* the close of a session (or the end of the range), not only a trade's fill */
};

struct ledger_counts {
    int64_t candidates;
    int64_t trades;
    int64_t in_position;  /* not entered: the symbol had max_positions open */
    int64_t too_small;    /* not entered: less than one step */
    int64_t unaffordable; /* not entered: more than the cash */
};

/* What one unit (of an option: a contract) cost at the first candidate of a kind; 0 = none. */
struct ledger_refused {
    int64_t too_small_price, unaffordable_price; /* decimals */
};

struct ledger {
    int64_t initial_cash;
    struct ledger_counts counts;
    struct ledger_refused refused;
    struct trade *trades; /* [counts.trades] in the order of their exits */
    size_t point_count;
    struct equity_point *points; /* in time order; the first is the start, the last the end */
};

/* What one unit of a candidate's option is worth at an instant between its entry and its exit: the
 * last price that is known then, a decimal. */
struct option_marks {
    int64_t (*price_at)(void *context, const struct trade_candidate *c, int64_t at_ns);
    void *context;
};

struct ledger_input {
    const struct strategy *strategy; /* checked */
    const struct bars *const *bars;  /* [symbol_count] */
    size_t symbol_count;
    const struct trade_candidate *candidates; /* in any order */
    size_t candidate_count;
    int64_t from_ns, to_ns; /* sessions that overlap this range are marked */
    enum ledger_case which;
    const struct option_marks *marks; /* NULL without options */
    const _Atomic bool *cancel;       /* NULL allowed */
};

/* ERR_CANCELED, ERR_NO_MEMORY; ERR_TOO_LARGE when the account leaves what it can hold. */
enum err ledger_run(const struct ledger_input *in, struct ledger **ret, struct error *e);
void ledger_free(struct ledger *l); /* NULL is fine */

#endif
