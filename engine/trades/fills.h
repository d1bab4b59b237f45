/* Money of a fill: slippage, commission, value and size, all in integers at 1e-6.
 *
 * Whatever does not come out even is rounded against us: a price paid and a cost up, a price
 * received down, a quantity down to whole steps. So no result is better than the exact one, and
 * none depends on how doubles round. Plain functions, any thread.
 */
#ifndef ENGINE_TRADES_FILLS_H
#define ENGINE_TRADES_FILLS_H

#include "engine/trades/strategy.h"

/* The market's price moved against us; never below 0. */
int64_t fill_price(const struct strategy_slippage *s, int64_t price, bool is_buy);

/* Price times quantity, what does not come out even up or down. Both >= 0; saturates at
 * INT64_MAX. */
int64_t fill_value(int64_t price, int64_t quantity, bool round_up);

/* Of one order; saturates at INT64_MAX. */
int64_t fill_commission(const struct strategy_commission *c, int64_t value, int64_t quantity);

/* The quantity that a position of this size has at the price: whole steps, 0 when it is too small
 * for one. equity and cash are the account's at the entry.
 *
 * fixed_quantity  the value itself
 * fixed_cash      value / price
 * percent_equity  such that quantity * price + commission <= min(equity * value / 100, cash)
 */
int64_t fill_quantity(const struct strategy *s, int64_t price, int64_t equity, int64_t cash);

#endif
