/* All fires of a study as trade candidates, found in parallel. Private to the simulation.
 *
 * The symbols go in batches: load and prepare each (price blocks, ATR columns, bits of the exit
 * rule), search the exits of its fires in blocks of a fixed size, drop all but the bars. So the
 * search's own memory is that of one batch, whatever the universe.
 */
#ifndef ENGINE_TRADES_CANDIDATES_H
#define ENGINE_TRADES_CANDIDATES_H

#include "engine/trades/simulation.h"

struct candidates {
    size_t symbol_count;
    const struct bars **bars;      /* [symbol_count], one reference each */
    int64_t *of_symbol;            /* [symbol_count]: how many candidates */
    size_t count;                  /* in the order of the fires */
    struct trade_candidate *items; /* [count] */
    struct option_chain **chains;  /* [symbol_count]; NULL without options */
    _Atomic int64_t *held_bytes;   /* by the chains */
};

/* The errors of simulation_run but for the account's. On error *ret is empty. */
enum err candidates_find(const struct simulation_input *in, struct worker_pool *pool,
                         const _Atomic bool *cancel, struct candidates *ret, struct error *e);
void candidates_release(struct candidates *c); /* zero bytes are fine */

#endif
