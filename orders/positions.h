/* A position as the fold of its fills: quantity, cost, and what was realized, at average cost.
 *
 * A fill that reduces the position realizes its share of the cost; one that goes through zero
 * closes the old position and opens the new one with the rest. A bust is no fill backwards (the
 * average has moved since): fold again without the fill that was taken back.
 *
 * Plain values; any thread.
 */
#ifndef ORDERS_POSITIONS_H
#define ORDERS_POSITIONS_H

#include "orders/contract.h"
#include "orders/order.h"

struct position {
    struct contract contract;
    int64_t quantity; /* below 0: short */
    int64_t cost;     /* quantity * average price at 1e-6, the sign of quantity; no multiplier */
    int64_t realized; /* cash at 1e-6, times the multiplier; costs are not in it */
    int64_t bought, sold; /* quantities, ever */
};

/* Flat. */
void position_init(struct position *p, const struct contract *contract);
/* quantity and price above 0; others change nothing. Sums stop at the ends of int64. */
void position_fill(struct position *p, enum order_side side, int64_t quantity, int64_t price);
/* 0 when flat. */
int64_t position_average_price(const struct position *p);
/* Cash that closing at `price` would realize. */
int64_t position_unrealized(const struct position *p, int64_t price);

/* What of the broker's position our brackets do not explain: reported - expected, both signed sums
 * of open quantities. false while nothing is known: a position that is not in a complete report is
 * reported as 0 by who read it, and one that was not read is no report (has_report false). */
bool position_difference(bool has_report, int64_t reported, int64_t expected, int64_t *ret);

#endif
