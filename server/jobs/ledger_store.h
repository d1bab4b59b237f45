/* Stores the ledger of a job: its trades and its equity curve, in chunks of records of fixed size.
 *
 * Millions of trades are hundreds of megabytes, so they go in transactions of a few megabytes each:
 * the writer is free for others in between. The last transaction seals the ledger; what a crash
 * leaves before that is seen by nobody, and the next attempt removes it first.
 */
#ifndef SERVER_JOBS_LEDGER_STORE_H
#define SERVER_JOBS_LEDGER_STORE_H

#include "db/writer.h"
#include "engine/trades/ledger.h"
#include "server/jobs/trade_record.h"

/* Replaces whatever ledger the job has. `contracts` is [ledger->counts.trades], or NULL when every
 * trade was in the symbol's share. Blocks until it is on disk; not from the writer thread.
 * ERR_CANCELED when *cancel turned true (NULL allowed), within a transaction's time; ERR_NOT_FOUND
 * without such a job; what the database refuses. After an error the job has no ledger. */
enum err ledger_store(struct writer *writer, const struct uuid *job_id, const struct ledger *ledger,
                      const struct stored_contract *contracts, const _Atomic bool *cancel,
                      struct error *e);

#endif
