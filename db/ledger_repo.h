/* Ledgers of jobs in bracketd.db: the trades and the equity points of a job with a strategy, each a
 * series of records of equal size (opaque here), cut into chunks, one row each. A record is found
 * by its index without reading those before its chunk.
 *
 * A ledger is there once ledger_repo_seal has said how much it holds. Until then its chunks are
 * what an attempt left, and readers do not see them. All of it goes with the job.
 */
#ifndef DB_LEDGER_REPO_H
#define DB_LEDGER_REPO_H

#include "db/sqlite.h"

enum ledger_series { LEDGER_TRADES, LEDGER_EQUITY };

struct ledger_chunk {
    int64_t first; /* index of its first record in the series */
    int64_t count; /* records, >= 1 */
    const void *data;
    size_t size_bytes;
};

struct ledger_totals {
    int64_t trades, points;
};

/* Stores a chunk; a second time at the same index replaces it. ERR_NOT_FOUND without such a job. */
enum err ledger_repo_put(struct db_write *w, const struct uuid *job_id, enum ledger_series series,
                         const struct ledger_chunk *chunk, struct error *e);
/* The ledger is whole. ERR_NOT_FOUND without such a job. */
enum err ledger_repo_seal(struct db_write *w, const struct uuid *job_id,
                          const struct ledger_totals *totals, struct error *e);
/* Takes the seal off and removes at most `limit` chunks; *ret_left: there are more. */
enum err ledger_repo_delete(struct db_write *w, const struct uuid *job_id, int64_t limit,
                            bool *ret_left, struct error *e);

/* ERR_NOT_FOUND when the job has no ledger. */
enum err ledger_repo_find(const struct db_read *r, const struct uuid *job_id,
                          struct ledger_totals *ret, struct error *e);

/* Calls back for each chunk from the one that holds record `from` on, in order; the chunk is valid
 * during the call. *stop ends the walk early. A callback's error ends it too and is returned. */
typedef enum err ledger_visit(void *context, const struct ledger_chunk *chunk, bool *stop,
                              struct error *e);
enum err ledger_repo_each(const struct db_read *r, const struct uuid *job_id,
                          enum ledger_series series, int64_t from, ledger_visit *visit,
                          void *context, struct error *e);

#endif
