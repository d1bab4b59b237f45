/* Where the exits of a bracket stand: prices out of terms, the entry's average, and the best price
 * since.
 *
 * With s = +1 for a bought entry and -1 for a sold one, a the average of the entry and b the best
 * price by which a stop trails (bid for bought, ask for sold; at first a):
 *
 *   percent p        a (1 + s p / 100)      take profit;  a (1 - s p / 100)  stop loss
 *   offset d         a + s d                take profit;  a - s d            stop loss
 *   trail_percent p  b (1 - s p / 100)
 *   trail_price d    b - s d
 *
 * rounded to the contract's step. Pure.
 */
#ifndef ORDERS_EXIT_PRICE_H
#define ORDERS_EXIT_PRICE_H

#include "orders/bracket.h"

/* 0: there is none, or what it depends on is not known yet. */
int64_t exit_take_profit_price(const struct bracket_state *s, const struct bracket_sums *sums);
int64_t exit_stop_price(const struct bracket_state *s, const struct bracket_sums *sums);

/* The price at which the position could be closed now, of a usable quote. */
int64_t exit_market_price(const struct bracket_state *s, const struct order_quote *q);
/* Whether that price has come to the level (0 = no level, never). */
bool exit_take_profit_met(const struct bracket_state *s, int64_t level, int64_t price);
bool exit_stop_met(const struct bracket_state *s, int64_t level, int64_t price);

/* The anchor of a trailing stop after a price was seen. It only moves the position's way, and only
 * by a twentieth of the trail (and a step) or more: each move costs a cancel and a new order. */
int64_t exit_anchor(const struct bracket_state *s, const struct bracket_sums *sums, int64_t price);

#endif
