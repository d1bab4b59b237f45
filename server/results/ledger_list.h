/* Lists of a job's ledger: its trades, its equity points. Both are series of records of one size
 * (db/ledger_repo.h); a place is the index of the next record.
 */
#ifndef SERVER_RESULTS_LEDGER_LIST_H
#define SERVER_RESULTS_LEDGER_LIST_H

#include "db/ledger_repo.h"
#include "server/results/listing.h"

struct ledger_list {
    struct listing list; /* first; its read is ledger_list_read */
    enum ledger_series series;
    size_t record_bytes;
    /* Writes the record as a row, or leaves it out: false. */
    bool (*write)(struct ledger_list *l, const void *record);
    void *context;
    /* private */
    bool more;
};

listing_read ledger_list_read;

/* What the job's ledger holds. ERR_NOT_FOUND, worded for the client, when the backtest has no
 * strategy. */
enum err ledger_list_totals(const struct job_results *job, const struct db_read *reader,
                            struct ledger_totals *ret, struct error *e);

#endif
