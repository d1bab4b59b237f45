/* The stored contracts of one symbol, and their bars.
 *
 * A contract has up to three series of minute bars: bids, asks and trades. The chain knows which
 * there are and from when to when; the bars themselves are loaded when a backtest first looks at
 * them, on whatever thread that is, and held until the chain goes. What was looked at is what an
 * answer depends on: option_chain_hash is of those.
 *
 * Any number of threads at once.
 */
#ifndef ENGINE_OPTIONS_OPTION_CHAIN_H
#define ENGINE_OPTIONS_OPTION_CHAIN_H

#include "base/digest.h"
#include "engine/bars/bars.h"
#include "engine/options/occ_symbol.h"

enum option_series { OPTION_BID, OPTION_ASK, OPTION_TRADES, OPTION_SERIES_COUNT };

struct option_listing {
    enum option_right right;
    int32_t expiry_days;
    int32_t strike_milli;
    struct {
        bool stored;
        int64_t first_ns, last_ns; /* of the first and the last bar */
    } series[OPTION_SERIES_COUNT];
};

/* Where contracts come from. Called on any thread, several at once. */
struct option_source {
    /* All standard contracts on the symbol, in any order; none is fine. The caller free()s *ret. */
    enum err (*list)(void *context, size_t symbol, struct option_listing **ret, size_t *ret_count,
                     struct error *e);
    /* A series that the listing has, as minute bars with the four prices. Returns a reference. */
    enum err (*load)(void *context, size_t symbol, const struct option_listing *contract,
                     enum option_series series, const struct bars **ret, struct error *e);
    void *context;
};

struct option_chain;

/* Borrows the source. *held_bytes counts the bars held by all chains of a backtest: past
 * LIMIT_OPTION_BARS_BYTES loading is ERR_TOO_LARGE. Errors are the source's; ERR_NO_MEMORY. */
enum err option_chain_create(const struct option_source *source, size_t symbol,
                             _Atomic int64_t *held_bytes, struct option_chain **ret,
                             struct error *e);
void option_chain_free(struct option_chain *c); /* NULL is fine */

/* By right, then expiry, then strike. */
size_t option_chain_count(const struct option_chain *c);
const struct option_listing *option_chain_at(const struct option_chain *c, size_t i);
/* The first contract that is not before this one in that order; the count when there is none. */
size_t option_chain_lower_bound(const struct option_chain *c, enum option_right right,
                                int32_t expiry_days, int32_t strike_milli);

/* The bars of a series, borrowed as long as the chain; NULL when none are stored. */
enum err option_chain_bars(struct option_chain *c, size_t i, enum option_series series,
                           const struct bars **ret, struct error *e);

/* Adds names and bars of all series that were looked at. Nobody may be looking meanwhile. */
void option_chain_hash(const struct option_chain *c, struct sha256 *h);

#endif
