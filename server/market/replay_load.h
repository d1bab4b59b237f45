/* A replay made of what was asked: its bars found and loaded. */
#ifndef SERVER_MARKET_REPLAY_LOAD_H
#define SERVER_MARKET_REPLAY_LOAD_H

#include "db/storage.h"
#include "server/market/replay.h"

/* Not yet begun. A contract of which both sides are stored (":bid" and ":ask", as the importer
 * names them) is replayed from these, anything else from its own bars. ERR_NOT_FOUND for a symbol
 * without bars, ERR_INVALID for a range without any, both with a JSON pointer; NO_MEMORY. Reads the
 * database; no mutex may be held. */
enum err replay_load(struct storage *storage, struct worker_pool *pool, const struct clock *clock,
                     const struct replay_spec *spec, struct replay **ret, struct error *e);

#endif
