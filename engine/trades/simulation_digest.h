/* What a simulation answers, in one hash. Private to it. */
#ifndef ENGINE_TRADES_SIMULATION_DIGEST_H
#define ENGINE_TRADES_SIMULATION_DIGEST_H

#include "engine/trades/candidates.h"

/* SHA-256 over SIMULATION_VERSION, the study's digest, every member of the strategy, the exit
 * rule's normal form, the bars of options that were looked at, and the chosen account's trades and
 * equity points. ERR_CANCELED. */
enum err simulation_digest(const struct simulation_input *in, const struct candidates *candidates,
                           const struct ledger *ledger, const _Atomic bool *cancel,
                           char out[SHA256_TEXT], struct error *e);

#endif
