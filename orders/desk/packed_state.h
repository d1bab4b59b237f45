/* A bracket's state without its zeros: of 2 KiB some 400 bytes, in which the book keeps it.
 *
 * The state is a plain value without padding, mostly zeros, so its words that are not zero, after a
 * bit for each that tells which those are, are all of it.
 */
#ifndef ORDERS_DESK_PACKED_STATE_H
#define ORDERS_DESK_PACKED_STATE_H

#include "orders/bracket.h"

enum {
    STATE_WORDS = sizeof(struct bracket_state) / sizeof(uint64_t),
    STATE_MASKS = (STATE_WORDS + 63) / 64,
    PACKED_STATE_WORDS_MAX = STATE_MASKS + STATE_WORDS,
};
_Static_assert(sizeof(struct bracket_state) % sizeof(uint64_t) == 0, "a state is whole words");

/* Writes at most PACKED_STATE_WORDS_MAX words; returns how many. */
size_t state_pack(const struct bracket_state *s, uint64_t *out);
void state_unpack(const uint64_t *packed, struct bracket_state *ret);
/* How many words packing it takes. */
size_t state_packed_words(const struct bracket_state *s);

#endif
