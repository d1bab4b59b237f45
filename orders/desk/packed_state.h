/* A bracket's state without its zeros: of 2 KiB some 200 bytes, in which the book keeps it.
 *
 * The state is a plain value without padding, mostly zeros: most of its words are, and of the
 * others, small numbers and short texts, half of their bytes. So what is kept is a bit for each
 * word that tells whether it is there, and of each that is, a byte with the same for its bytes, and
 * these.
 */
#ifndef ORDERS_DESK_PACKED_STATE_H
#define ORDERS_DESK_PACKED_STATE_H

#include "orders/bracket.h"

enum {
    STATE_WORDS = sizeof(struct bracket_state) / sizeof(uint64_t),
    STATE_MASK_BYTES = (STATE_WORDS + 7) / 8,
    PACKED_STATE_BYTES_MAX = STATE_MASK_BYTES + STATE_WORDS * (sizeof(uint64_t) + 1),
};
_Static_assert(sizeof(struct bracket_state) % sizeof(uint64_t) == 0, "a state is whole words");

/* Writes at most PACKED_STATE_BYTES_MAX bytes; returns how many. */
size_t state_pack(const struct bracket_state *s, unsigned char *out);
void state_unpack(const unsigned char *packed, struct bracket_state *ret);
/* How many bytes packing it takes. */
size_t state_packed_bytes(const struct bracket_state *s);

#endif
