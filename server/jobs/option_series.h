/* The option contracts that are stored, for a backtest: which there are on a symbol, found by their
 * names (OCC symbols with the symbol's root), and their bars from the cache.
 */
#ifndef SERVER_JOBS_OPTION_SERIES_H
#define SERVER_JOBS_OPTION_SERIES_H

#include "db/storage.h"
#include "engine/options/option_chain.h"

/* All 1m series whose symbol is a compact OCC symbol of the root, alone (trades) or with ":bid" or
 * ":ask" behind it. Adjusted contracts have roots of their own and are none of them. The caller
 * free()s *ret. Reads the database; no mutex may be held. */
enum err option_series_list(struct storage *storage, const char *root, struct option_listing **ret,
                            size_t *ret_count, struct error *e);

/* The bars of one of them: a reference. From any thread. */
enum err option_series_load(struct storage *storage, const char *root,
                            const struct option_listing *contract, enum option_series series,
                            const struct bars **ret, struct error *e);

/* Whether a series is one of a contract, or of quotes: beside a symbol rather than one of its own.
 */
bool option_series_is_one(const char *symbol);

#endif
