/* Why a strategy has no trade, in sentences: `warnings` of the `Result` of openapi.yaml. */
#ifndef SERVER_JOBS_TRADE_WARNINGS_H
#define SERVER_JOBS_TRADE_WARNINGS_H

#include "base/json_writer.h"
#include "engine/trades/ledger.h"

/* The member "warnings" of the object that the writer is in: an array of sentences, empty when
 * there was a trade, or no fire. */
void trade_warnings_member(struct json_writer *w, const struct strategy *y, const struct ledger *l,
                           int64_t fires);

#endif
