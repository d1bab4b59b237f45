/* Price levels of a candidate. Private to the searches of exits. */
#ifndef ENGINE_TRADES_EXIT_LEVELS_H
#define ENGINE_TRADES_EXIT_LEVELS_H

#include "engine/trades/exit_search.h"

/* As a bar meets them: one below the price, one above; infinite when there is none. */
struct exit_levels {
    double lower, upper;
    struct exit_fill at_lower, at_upper;
    bool stop_is_lower;
};

/* The decimal nearest to a price of at most LIMIT_STRATEGY_PRICE. */
int64_t exit_decimal(double price);
/* Whether trades may be entered at it, and levels lie there. */
bool exit_is_price(int64_t price);

/* Stop and target from entry_price; false when one cannot be. The ATRs are those of the fire's bar;
 * NaN = MISSING. */
bool exit_levels_set(const struct strategy *y, double take_profit_atr, double stop_loss_atr,
                     struct trade_candidate *c);
struct exit_levels exit_levels_of(const struct strategy *y, const struct trade_candidate *c);

/* Chosen, best and worst when a bar holds both levels and opened between them. */
void exit_levels_settle(enum intrabar intrabar, double open, double high, double low,
                        const struct exit_levels *l, struct trade_candidate *c);

#endif
