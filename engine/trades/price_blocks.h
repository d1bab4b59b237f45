/* Lowest low and highest high of blocks of bars, to find the first bar that reaches a level without
 * looking at each.
 *
 * Three levels: 8, 64 and 4096 bars. Built once per symbol, immutable then, shared between threads.
 * Any bars: a level is "reached" when low <= lower or high >= upper; -INFINITY and INFINITY are
 * never reached.
 */
#ifndef ENGINE_TRADES_PRICE_BLOCKS_H
#define ENGINE_TRADES_PRICE_BLOCKS_H

#include "engine/bars/bars.h"

struct price_blocks;

/* Borrows the bars (with low and high) until price_blocks_free. ERR_NO_MEMORY. */
enum err price_blocks_create(const struct bars *bars, struct price_blocks **ret, struct error *e);
void price_blocks_free(struct price_blocks *p); /* NULL is fine */

/* The first bar in [first, end) that reaches either level; `end` when none does. */
int64_t price_blocks_first(const struct price_blocks *p, int64_t first, int64_t end, double lower,
                           double upper);

#endif
