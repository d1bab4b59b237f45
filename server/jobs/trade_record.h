/* A trade as stored: a record of fixed size, so that a page of trades begins anywhere without
 * reading what is before it. Little-endian, as the machines this runs on.
 */
#ifndef SERVER_JOBS_TRADE_RECORD_H
#define SERVER_JOBS_TRADE_RECORD_H

#include "base/strbuf.h"
#include "engine/trades/ledger.h"

enum {
    TRADE_RECORD_BYTES = 176,
    TRADE_OCC_SYMBOL_MAX = 24, /* bytes of an OCC symbol; 21 and room */
};

/* What was traded, where that is not the symbol's own share. */
struct stored_contract {
    char occ_symbol[TRADE_OCC_SYMBOL_MAX + 1]; /* "" = the share */
    bool modelled; /* the prices are of a model, not of stored bars or quotes */
};

/* contract NULL: the share. */
void trade_record_write(struct strbuf *out, const struct trade *trade,
                        const struct stored_contract *contract);
/* `record` has TRADE_RECORD_BYTES. */
void trade_record_read(const void *record, struct trade *ret_trade,
                       struct stored_contract *ret_contract);

#endif
