/* The chain of a bracket's events: each is stored with the hash of the one before, and the header
 * row has the hash of the newest, so that an event changed, moved, left out or cut off shows.
 *
 *   hash = SHA-256("bracketd event", previous hash, bracket's id, seq, the event's bytes)
 *
 * Pure.
 */
#ifndef ORDERS_EVENT_CHAIN_H
#define ORDERS_EVENT_CHAIN_H

#include "orders/order_store.h"

/* `hash` is that of the event before (zeros at first), and becomes that of this one. */
void event_chain_add(unsigned char hash[SHA256_BYTES], const struct uuid *id, int64_t seq,
                     const void *body, size_t body_bytes);

/* After each event: the state that it brought about. The chain is not known to be whole before the
 * walk has ended. */
typedef void event_chain_fn(void *context, const struct order_record *record,
                            const struct bracket_state *state);

/* Checks the chain, decodes each event and folds them: *ret is the state, *ret_newest (NULL
 * allowed) the newest event's clock. DATA with the seq that is wrong. */
enum err event_chain_fold(const struct stored_order *order, struct bracket_state *ret,
                          struct order_clock *ret_newest, struct error *e);
/* The same, telling of each step. `visit` NULL: of none. */
enum err event_chain_walk(const struct stored_order *order, event_chain_fn *visit, void *context,
                          struct bracket_state *ret, struct order_clock *ret_newest,
                          struct error *e);

#endif
