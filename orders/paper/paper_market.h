/* Markets and the orders in them: who trades when a quote comes. Private to the folder.
 *
 * All of these want room in the outbox: PAPER_STEP_EVENTS for each order that is worked on.
 */
#ifndef ORDERS_PAPER_PAPER_MARKET_H
#define ORDERS_PAPER_PAPER_MARKET_H

#include "orders/paper/paper_book.h"

/* At most, of one order in one step: accepted, canceled, triggered, filled, its rest ended, and the
 * first two and the last of its pair. */
enum { PAPER_STEP_EVENTS = 8 };

/* The market of a symbol; made when it is not there, NULL when there is no room or memory. */
struct paper_market *paper_market_make(struct paper_book *b, const char *symbol);
/* When the table has grown: those of contracts that are over go, if no order in memory and no
 * position is in them. */
void paper_market_sweep(struct paper_book *b, struct order_clock now);

/* The order reaches its market: it trades with what the quote still offers, and then rests unless
 * it is one that does not. */
void paper_market_enter(struct paper_book *b, struct paper_order *o, struct order_clock now);
/* The same without trading. */
void paper_market_rest(struct paper_order *o);
/* Everything in the market that the quote lets trade, in the order of arrival. */
void paper_market_trade(struct paper_book *b, struct paper_market *m, struct order_clock now);
/* Keeps the list of positions after a change of the quantity. */
void paper_market_list_position(struct paper_book *b, struct paper_market *m);
/* What a unit is worth now: the middle of the quote, the last price, or 0 when neither is known. */
int64_t paper_market_price(const struct paper_market *m);

/* Adds an event about the order as it is now. */
struct paper_event *paper_book_tell(struct paper_book *b, enum paper_event_kind kind,
                                    struct paper_order *o, struct order_clock now);
/* A live order and its pair end. */
void paper_book_end(struct paper_book *b, struct paper_order *o, enum paper_event_kind kind,
                    enum paper_reason reason, struct order_clock now);
/* The order alone, without an event. */
void paper_book_end_quietly(struct paper_book *b, struct paper_order *o, enum order_status status,
                            enum paper_reason reason, struct order_clock now);

/* Orders and cancels whose time has come reach their markets. false for want of memory. */
bool paper_book_arrive(struct paper_book *b, struct order_clock now);
/* Whether a session is under way. */
bool paper_book_is_open(struct paper_book *b, int64_t wall_ns);

#endif
