/* A simulation as JSON: the `Trades`, `Metrics` and `SymbolTrades` of openapi.yaml. */
#ifndef SERVER_JOBS_TRADE_JSON_H
#define SERVER_JOBS_TRADE_JSON_H

#include "base/json_writer.h"
#include "engine/trades/simulation.h"

/* Members of the object that the writer is in: "trades", "metrics", "metrics_worst" and
 * "metrics_best". */
void trade_json_members(struct json_writer *w, const struct simulation *s);
/* The member "trades" of one symbol. */
void trade_json_symbol(struct json_writer *w, const struct trade_stats *s);

#endif
