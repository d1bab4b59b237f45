/* Lowest low and highest high of blocks of bars, to find the first bar that reaches a level without
 * looking at each.
 *
 * Blocks of 16, 256 and 4096 bars. Built once per symbol, immutable then, shared between threads.
 * Any bars: a level is "reached" when low <= lower or high >= upper; -INFINITY and INFINITY are
 * never reached.
 */
#ifndef ENGINE_TRADES_PRICE_BLOCKS_H
#define ENGINE_TRADES_PRICE_BLOCKS_H

#include "engine/bars/bars.h"

enum { PRICE_BLOCKS_NEAR = 16 }; /* bars of the narrowest blocks */

struct price_blocks;

/* Borrows the bars (with low and high) until price_blocks_free. ERR_NO_MEMORY. */
enum err price_blocks_create(const struct bars *bars, struct price_blocks **ret, struct error *e);
void price_blocks_free(struct price_blocks *p); /* NULL is fine */

/* The first bar in [first, end) that reaches either level; `end` when none does. */
int64_t price_blocks_first(const struct price_blocks *p, int64_t first, int64_t end, double lower,
                           double upper);
/* The same in two steps: first to a bar in [first, end] from which price_blocks_first gives the
 * same answer, nearly always from the PRICE_BLOCKS_NEAR aligned bars around it. */
int64_t price_blocks_near(const struct price_blocks *p, int64_t first, int64_t end, double lower,
                          double upper);
/* Has lows and highs of those bars come into the cache meanwhile. */
void price_blocks_fetch(const struct price_blocks *p, int64_t bar);

#endif
