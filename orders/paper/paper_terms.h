/* Which orders the paper broker accepts, and what they tie up. Private to the folder.
 *
 * What opens a position is paid for in advance. A purchase reserves its cost. A short sale (of
 * shares; options are never sold to open) reserves the same, and once it is filled its value stays
 * locked beside what the sale brought: so `buying power = cash - reserved - 2 * short cost`, which
 * is the backtest's "a position of either side locks its entry's value out of cash".
 *
 * What closes claims a part of the position that no other order claims; the legs of a native OCO
 * claim once. So all closing orders together can never turn a position around. For the same reason
 * nothing opens against an open position or against an opening order of the other side.
 */
#ifndef ORDERS_PAPER_PAPER_TERMS_H
#define ORDERS_PAPER_PAPER_TERMS_H

#include "orders/paper/paper_book.h"

/* Whether it is accepted; false with the refusal. `market` may be NULL: nothing is known of it.
 * Writes *ret_reserve_price (0 = nothing is reserved) and when the order expires (0 = never). */
bool paper_terms_accept(struct paper_book *b, const struct broker_submit *submit,
                        const struct paper_market *market, struct order_clock now,
                        int64_t *ret_reserve_price, int64_t *ret_expires_ns,
                        struct broker_refusal *ret_refusal);

/* What may still fill of it: of a pair, of both. 0 when it has ended. */
int64_t paper_order_rest(const struct paper_order *o);
/* Reserves and claims anew what the rest needs: after each change of it. */
void paper_order_tie_up(struct paper_book *b, struct paper_order *o);

/* Cash of a trade, what does not come out even against us. */
int64_t paper_cash(int64_t price, int64_t quantity, int32_t multiplier, bool is_buy);

/* What the position cost in cash, with its sign. */
int64_t paper_position_cost(const struct position *p);

/* The contract of a stored symbol. */
enum err paper_contract(const char *symbol, enum contract_kind kind, struct contract *ret,
                        struct error *e);

/* The session that `now` is in, or the next; false when there is none any more. Never closed: one
 * without an end. */
bool paper_session(struct paper_book *b, int64_t wall_ns, int64_t *ret_open_ns,
                   int64_t *ret_close_ns);

#endif
