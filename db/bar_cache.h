/* Decoded bars in memory: whole series, immutable, reference counted, shared by everyone.
 *
 * One entry per series and timeframe; an entry is of one data version, and an import makes the next
 * request load anew (bars in use stay valid until their last reference goes). Columns are added
 * when they are first asked for. Requests for the same entry at the same time load once, the others
 * wait. Above the byte limit the entries used longest ago are let go. Longer timeframes are
 * resampled from the 1m series and cached as well.
 */
#ifndef DB_BAR_CACHE_H
#define DB_BAR_CACHE_H

#include "db/bar_repo.h"
#include "db/readers.h"
#include "engine/pool/worker_pool.h"

struct bar_cache;

struct bar_cache_stats {
    int64_t entries, size_bytes;
    int64_t hits, loads, evictions;
};

/* `readers` are of bars.db, borrowed. max_bytes 0 = LIMIT_BAR_CACHE_BYTES. */
enum err bar_cache_create(struct readers *readers, int64_t max_bytes, struct bar_cache **ret,
                          struct error *e);
void bar_cache_free(struct bar_cache *c); /* NULL is fine; bars handed out live on */

/* The bars of a symbol with at least the columns in the mask; the caller gives them back with
 * bars_unref. Loads on the pool's workers, or on this thread when `pool` is NULL (a must on a
 * worker). *ret_series (NULL allowed) is the stored series that they came from, at the version
 * loaded. ERR_NOT_FOUND when there is none; ERR_NO_MEMORY. Blocks; no mutex may be held. */
enum err bar_cache_get(struct bar_cache *c, struct worker_pool *pool, const char *symbol,
                       struct timeframe timeframe, uint32_t column_mask, const struct bars **ret,
                       struct series_row *ret_series, struct error *e);

struct bar_cache_stats bar_cache_stats(struct bar_cache *c);

#endif
