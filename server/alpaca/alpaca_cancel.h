/* What canceling means for Alpaca's clients: of a group of orders that belong together, canceling
 * one cancels the others that are open, and a position that was protected by them is left as it
 * is. */
#ifndef SERVER_ALPACA_CANCEL_H
#define SERVER_ALPACA_CANCEL_H

#include "base/arena.h"
#include "orders/desk/desk.h"

/* Whether the order can be canceled: open, and no market exit. DATA otherwise. */
struct alpaca_order;
enum err alpaca_check_cancel(const struct alpaca_order *order, struct error *e);

/* Asks the desk for it, by the order that is canceled: LEG_ENTRY leaves what has filled to its
 * exits; an exit takes all exits and what is left of the entry. Never blocks; `done` is desk.h's,
 * called once when OK is returned. */
enum err alpaca_cancel(struct desk_order *order, enum leg leg, struct arena *arena, desk_done *done,
                       void *context, struct error *e);

#endif
