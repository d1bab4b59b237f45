/* A broker that does what a test tells it: orders rest until they are filled by hand, and the next
 * calls may be made to end otherwise. It counts what would be wrong: an order submitted twice.
 */
#ifndef TESTS_ORDERS_DESK_SCRIPT_BROKER_H
#define TESTS_ORDERS_DESK_SCRIPT_BROKER_H

#include "orders/broker.h"

struct script_broker;

struct script_broker *script_broker_create(uint32_t abilities);
void script_broker_free(struct script_broker *b);
struct broker *script_broker_of(struct script_broker *b);

/* The next submit ends so; `happens`: the order is there nevertheless. */
void script_broker_next_submit(struct script_broker *b, enum outcome outcome, enum reject reject,
                               bool happens);
/* Nobody answers: every call is unknown. */
void script_broker_silence(struct script_broker *b, bool silent);
/* Submits and cancels of this bracket's orders hang until it is another's turn, or nobody's (NULL).
 */
void script_broker_hold(struct script_broker *b, const struct uuid *bracket);
void script_broker_hold_listings(struct script_broker *b, bool hold);
/* How many calls hang now. */
int script_broker_hanging(struct script_broker *b);
/* No hints: what happens shows to those who ask. */
void script_broker_mute(struct script_broker *b, bool mute);
/* Before the desk is created; 0 = no limit, as at first. */
void script_broker_limit(struct script_broker *b, int32_t calls_per_minute);
/* What it tells of every contract from now on; ask 0 = nothing, as at first. */
void script_broker_quote(struct script_broker *b, int64_t bid, int64_t ask);
/* Fills the newest live order of the leg of the bracket; 0 when there is none. Returns what is
 * filled of it now. */
int64_t script_broker_fill(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                           int64_t quantity, int64_t price);
/* The same, just after the next listing has told how the orders are. */
void script_broker_fill_behind_listing(struct script_broker *b, const struct uuid *bracket,
                                       enum leg leg, int64_t quantity, int64_t price);
void script_broker_bust(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                        int64_t quantity);
/* Somebody else trades at the same account. */
void script_broker_trade(struct script_broker *b, const char *symbol, int64_t quantity);

/* Live orders of the leg, all brackets when NULL; their remaining quantity. */
int script_broker_live(struct script_broker *b, const struct uuid *bracket, enum leg leg,
                       int64_t *ret_quantity);
int script_broker_submits(struct script_broker *b);
/* Submits of what closes a position. */
int script_broker_closing(struct script_broker *b);
int script_broker_doubles(struct script_broker *b);

#endif
