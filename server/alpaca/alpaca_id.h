/* Ids as Alpaca's clients need them: one UUID for each order, asset and account, the same after
 * every restart, and none of them kept in a table.
 *
 * A bracket is up to four orders there. The first has the bracket's own id (UUIDv7); the others
 * have ids made of it, UUIDv8 with the leg in the two highest bits. Those are 0 in any UUIDv7 until
 * the year 4199, so the way back is exact.
 */
#ifndef SERVER_ALPACA_ID_H
#define SERVER_ALPACA_ID_H

#include "base/uuid.h"
#include "orders/order.h"

/* `leg` is not LEG_ENTRY: the first order has the bracket's id, whatever its leg is. */
struct uuid alpaca_leg_id(const struct uuid *bracket, enum leg leg);

/* The bracket of any order's id: a bracket's own, or one by alpaca_leg_id. false for other ids. */
bool alpaca_bracket_of(const struct uuid *order, struct uuid *ret_bracket);

/* Made of a name: "asset" and its symbol, "account" and the broker's id of it. There is no way
 * back; who has an id compares it with those of the names it may be. */
struct uuid alpaca_named_id(const char *kind, const char *name);

#endif
